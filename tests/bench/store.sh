#!/bin/bash
# What a store costs: messages a second, the broker's CPU time for each, and how long PUBACK takes, at
# QoS 1 with 100 in flight a publisher, from 1, 10 and 100 publishers to as many durable sessions. mqbroker without a
# store and with it, and Debian's mosquitto with persistence on, which writes its file every half
# hour and not before it acknowledges. Medians of $ROUNDS (3), in turn; $SECONDS_EACH (3).
# Then how long a broker takes to start after a crash with $MESSAGES (100000) retained and as many
# queued messages, and how much memory it has then.
# Usage: store.sh [BROKER...]   of: mqbroker mqbroker-normal mqbroker-full mosquitto-stored
set -euo pipefail
# shellcheck source=tests/bench/brokers.sh
. "$(dirname "$0")/brokers.sh"

rounds=${ROUNDS:-3}
seconds=${SECONDS_EACH:-3}
messages=${MESSAGES:-100000}
brokers=("$@")
if [ $# -eq 0 ]; then brokers=(mqbroker mqbroker-normal mqbroker-full mosquitto-stored); fi

# measure BROKER CLIENTS: "messages a second" "microseconds of CPU a message" and the median and the
# 99th percentile of milliseconds from PUBLISH to PUBACK
measure() {
  local before after
  rm -f "$work"/store* "$work"/*.db
  start "$1"
  before=$(cpu_seconds)
  mqbench run -p "$port" -V 5 -D connect session-expiry-interval 600 -q 1 --pubs "$2" --subs "$2" \
    -s 64 --inflight 100 --rate max --warmup 0 -d "${seconds}s" --json="$work/result.json" \
    >"$work/mqbench.log" 2>&1 || {
    cat "$work/mqbench.log" >&2
    return 1
  }
  after=$(cpu_seconds)
  stop_broker
  jq --argjson cpu "$(awk -v a="$after" -v b="$before" 'BEGIN { print a - b }')" \
    --argjson seconds "$seconds" -r \
    '[(.counts.received / $seconds | round), ($cpu * 1e6 / .counts.received * 100 | round / 100),
      (.metrics.ack_ms.p50, .metrics.ack_ms.p99 | . * 100 | round / 100)] | map(tostring) | join(" ")' \
    "$work/result.json"
}

row='%-8s %-18s %12s %12s %12s %12s\n'
# shellcheck disable=SC2059  # the row is the format
printf "$row" clients broker messages/s 'CPU us each' 'PUBACK p50' 'p99, ms'
for clients in 1 10 100; do
  declare -A rates=() costs=() halves=() tails=()
  for ((round = 0; round < rounds; ++round)); do
    for broker in "${brokers[@]}"; do
      read -r rate cost half tail < <(measure "$broker" "$clients")
      rates[$broker]+=" $rate"
      costs[$broker]+=" $cost"
      halves[$broker]+=" $half"
      tails[$broker]+=" $tail"
    done
  done
  for broker in "${brokers[@]}"; do
    # shellcheck disable=SC2086,SC2059  # lists of numbers
    printf "$row" "$clients" "$broker" "$(median ${rates[$broker]})" "$(median ${costs[$broker]})" \
      "$(median ${halves[$broker]})" "$(median ${tails[$broker]})"
  done
done

rm -f "$work"/store*
start mqbroker-normal
mqsub -p "$port" -V 5 -c -x 3600 -i queue -q 1 -t q -E
seq 1 "$messages" | mqpub -p "$port" -l -q 1 -t q
/usr/bin/python3 tests/bench/retain.py "$port" "$messages"
kill -9 "$broker_pid"
wait "$broker_pid" 2>/dev/null || true
broker_pid=''
begin=$(date +%s%N)
start mqbroker-normal
took=$((($(date +%s%N) - begin) / 1000000))
echo "$messages retained and $messages queued: starts in $took ms," \
  "$(($(resident_bytes) / 1024)) KiB resident, file of $(stat -c %s "$work/store") bytes"
