#!/bin/bash
# What an idle broker and its idle connections cost, mqbroker beside Debian's mosquitto: resident
# memory at start, bytes for each of $COUNT (10000) connections with one subscription, connections
# made in a second, CPU seconds for making them. Medians of $ROUNDS (5), the order alternating.
set -euo pipefail
# shellcheck source=tests/bench/brokers.sh
. "$(dirname "$0")/brokers.sh"

rounds=${ROUNDS:-5}
count=${COUNT:-10000}
ulimit -n "$(ulimit -H -n)"
mkfifo "$work/hold"

declare -A base each rate cpu
for ((round = 0; round < rounds; ++round)); do
  if ((round % 2)); then order='mosquitto mqbroker'; else order='mqbroker mosquitto'; fi
  for broker in $order; do
    start "$broker"
    before=$(resident_bytes)
    cpu_before=$(cpu_seconds)
    rm -f "$work/rate"
    /usr/bin/python3 tests/bench/idle_connections.py "$port" "$count" <"$work/hold" >"$work/rate" &
    idle_pid=$!
    exec 8>"$work/hold"
    until [ -s "$work/rate" ]; do
      kill -0 "$idle_pid"  # under `set -e`: without it there is nothing to wait for
      sleep 0.05
    done
    base[$broker]+=" $before"
    each[$broker]+=" $((($(resident_bytes) - before) / count))"
    rate[$broker]+=" $(cat "$work/rate")"
    cpu[$broker]+=" $(awk -v a="$(cpu_seconds)" -v b="$cpu_before" 'BEGIN { print a - b }')"
    exec 8>&-
    wait "$idle_pid"
    stop_broker
  done
done

printf '%-34s %12s %12s\n' "$count connections" mosquitto mqbroker
# row NAME MOSQUITTO... -- MQBROKER...
row() {
  # shellcheck disable=SC2086  # lists of numbers
  printf '%-34s %12s %12s\n' "$1" "$(median $2)" "$(median $3)"
}
row 'resident bytes at start' "${base[mosquitto]}" "${base[mqbroker]}"
row 'resident bytes a connection' "${each[mosquitto]}" "${each[mqbroker]}"
row 'connections a second' "${rate[mosquitto]}" "${rate[mqbroker]}"
row 'CPU seconds to make them' "${cpu[mosquitto]}" "${cpu[mqbroker]}"
