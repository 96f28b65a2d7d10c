#!/bin/bash
# Counts what comes of the lines that mqpub -l is given: to mqbroker and to Debian's mosquitto, over a
# quiet connection, over one that a proxy cuts every 200 ms, and with the broker restarted.
# Usage: delivery.sh [CASE...]   plain cut restart (all of them by default)
# $LINES_EACH ("100000 1000000"), $RUNS (3), $QOS ("0 1 2"; 1 and 2 where connections break),
# $BROKERS ("mqbroker mosquitto"). Exits with 1 when a promise was not kept: at QoS 2 every line once
# and in order, at QoS 1 every line, first seen in order, at QoS 0 (plain) as at QoS 2.
set -euo pipefail
# shellcheck source=tests/bench/brokers.sh
. "$(dirname "$0")/brokers.sh"

: "${LINES_EACH:=100000 1000000}" "${RUNS:=3}" "${QOS:=0 1 2}" "${BROKERS:=mqbroker mosquitto}"
cases=("$@")
if [ ${#cases[@]} -eq 0 ]; then cases=(plain cut restart); fi
proxy_pid='' sub_pid=''
trap 'kill -9 $proxy_pid $sub_pid 2>/dev/null || true; stop_broker; rm -rf "$work"' EXIT

# Both are told to drop nothing and, as one of them is restarted, to keep what they have. (mosquitto
# writes its file when it is told to end.)
start_keeping() {
  case $1 in
    mqbroker)
      mqbroker -p "$port" --store "$work/store" --max-queued-messages 0 --max-queued-bytes 8G --memory-limit 8G \
        2>>"$work/broker.log" &
      ;;
    mosquitto)
      printf '%s\n' "user $(id -un)" "listener $port 127.0.0.1" 'allow_anonymous true' 'max_queued_messages 0' \
        'max_inflight_messages 100' 'persistence true' "persistence_location $work/" >"$work/mosquitto.conf"
      mosquitto -c "$work/mosquitto.conf" 2>>"$work/broker.log" &
      ;;
  esac
  broker_pid=$!
  until listens "$port"; do sleep 0.02; done
}
# await SECONDS COMMAND...
await() {
  local until=$((SECONDS + $1))
  until "${@:2}"; do
    if ((SECONDS > until)); then return 1; fi
    sleep 0.05
  done
}
# shellcheck disable=SC2317  # await calls it
has_last() { [ "$(tail -n 1 "$work/out")" = "$1" ]; }
# shellcheck disable=SC2317
has_lines() { [ "$(wc -l <"$work/out")" -ge "$1" ]; }
# shellcheck disable=SC2317
has_last_or_gone() { has_last "$1" || ! kill -0 "$sub_pid" 2>/dev/null; }

# run BROKER CASE QOS LINES: prints what came of it.
run() {
  local broker=$1 case=$2 qos=$3 lines=$4 to=() status=0 began=$SECONDS
  rm -rf "$work"/{store*,mosquitto.db,out,pub.err,proxy_port}
  if [ "$case" = plain ]; then
    if [ "$broker" = mqbroker ]; then
      start mqbroker --max-queued-messages 0 --max-queued-bytes 8G --memory-limit 8G
    else
      start mosquitto
    fi
    to=(-p "$port")
  else
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    start_keeping "$broker"
    # A session that outlives the connection, or QoS 2 cannot be exactly once. (With -c: Debian's mosquitto does
    # not keep one over its restart that began with Clean Start.)
    to=(-p "$port" -V 5 -c -i pub -x 300 --reconnect-delay '0.02,0.2')
  fi
  local durable=(-p "$port" -V 5 -c -x 3600 -i sub -q 2 -t lines)
  # Debian's mosquitto does not keep to the Receive Maximum of a session that goes on.
  durable+=(-D connect receive-maximum 65535)
  mqsub "${durable[@]}" -E
  mqsub "${durable[@]}" --reconnect-delay 0.05,0.2 >"$work/out" 2>"$work/sub.err" &
  sub_pid=$!
  # Not before it is there: what is QoS 0 would not wait for it.
  mqpub -p "$port" -t lines -q 2 -m 0
  await 60 has_last 0
  if [ "$case" = cut ]; then
    python3 tests/support/cut_proxy.py "$work/proxy_port" "$port" 200 2>/dev/null &
    proxy_pid=$!
    await 20 test -s "$work/proxy_port"
    to+=(-p "$(cat "$work/proxy_port")")
  fi
  seq "$lines" | mqpub "${to[@]}" -l -t lines -q "$qos" 2>"$work/pub.err" &
  local pub_pid=$!
  if [ "$case" = restart ]; then
    # Twice, in the first half of the lines as they arrive.
    for part in 8 3; do
      await 300 has_lines $((lines / part)) || true
      stop_broker
      start_keeping "$broker"
    done
  fi
  wait "$pub_pid" || status=$?
  await 300 has_last_or_gone "$lines" || true
  sleep 0.2 # for what might come twice
  kill "$sub_pid" 2>/dev/null || true
  wait "$sub_pid" 2>/dev/null || true
  if [ -n "$proxy_pid" ]; then
    kill "$proxy_pid"
    wait "$proxy_pid" 2>/dev/null || true
    proxy_pid=''
  fi
  stop_broker

  local came distinct verdict=ok broken
  awk '!seen[$0]++' "$work/out" >"$work/seen"
  came=$(wc -l <"$work/out")
  distinct=$(wc -l <"$work/seen")
  broken=$(grep -c 'trying again' "$work/pub.err" || true)
  if ! cmp -s "$work/seen" <(seq 0 "$lines") || [ "$status" -ne 0 ] ||
    { [ "$qos" -ne 1 ] && [ "$came" -ne $((lines + 1)) ]; }; then
    verdict=FAILED
    failures=$((failures + 1))
    tail -n 3 "$work/pub.err" "$work/sub.err"
  fi
  printf '%-10s %-8s %3d %8d %6d %8d %8d %6d %5ds %s\n' "$broker" "$case" "$qos" "$lines" "$status" \
    "$((lines + 1 - distinct))" "$((came - distinct))" "$broken" "$((SECONDS - began))" "$verdict"
}

failures=0
printf '%-10s %-8s %3s %8s %6s %8s %8s %6s %6s\n' broker case QoS lines exit missing again broken time
for lines in $LINES_EACH; do
  for case in "${cases[@]}"; do
    for broker in $BROKERS; do
      for qos in $QOS; do
        if [ "$case" != plain ] && [ "$qos" = 0 ]; then continue; fi
        for ((round = 0; round < RUNS; ++round)); do run "$broker" "$case" "$qos" "$lines"; done
      done
    done
  done
done
exit $((failures > 0))
