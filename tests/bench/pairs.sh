#!/bin/bash
# CPU seconds per delivered message, mqbroker beside Debian's mosquitto: in each round one run with
# each, the order alternating; the median over the rounds. mqbench is the load, as fast as 100
# messages in flight allow, 64-byte payloads.
# Usage: pairs.sh [CELL...]   with $ROUNDS (5) and $SECONDS_EACH (5); exits 1 if a cell is below its goal.
set -euo pipefail
# shellcheck source=tests/bench/brokers.sh
. "$(dirname "$0")/brokers.sh"

rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-5}

# name       qos pubs subs pattern  goal
cells='
q0-10-10     0   10   10   p2p      8
q0-1-100     0   1    100  fanout   8
q0-50-1      0   50   1    fanin    8
q1-10-10     1   10   10   p2p      6
q1-1-100     1   1    100  fanout   6
q2-10-10     2   10   10   p2p      4
'

# measure BROKER QOS PUBS SUBS PATTERN: microseconds of the broker's CPU per delivered message.
measure() {
  local before after received
  start "$1"
  before=$(cpu_seconds)
  mqbench run -p "$port" -q "$2" --pubs "$3" --subs "$4" --pattern "$5" -s 64 --inflight 100 \
    --rate max -d "${seconds}s" --json="$work/result.json" >"$work/mqbench.log" 2>&1 || {
    cat "$work/mqbench.log" >&2
    return 1
  }
  after=$(cpu_seconds)
  stop_broker
  received=$(jq .counts.received "$work/result.json")
  awk -v cpu="$after" -v before="$before" -v messages="$received" \
    'BEGIN { printf "%.4f\n", (cpu - before) * 1e6 / messages }'
}

status=0
printf '%-10s %14s %14s %8s %6s\n' cell 'mosquitto us' 'mqbroker us' ratio goal
while read -r name qos pubs subs pattern goal; do
  if [ -z "$name" ] || { [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; }; then continue; fi
  ours=() theirs=()
  for ((round = 0; round < rounds; ++round)); do
    if ((round % 2)); then order='mosquitto mqbroker'; else order='mqbroker mosquitto'; fi
    for broker in $order; do
      cost=$(measure "$broker" "$qos" "$pubs" "$subs" "$pattern")
      if [ "$broker" = mqbroker ]; then ours+=("$cost"); else theirs+=("$cost"); fi
    done
  done
  ratio=$(awk -v a="$(median "${theirs[@]}")" -v b="$(median "${ours[@]}")" 'BEGIN { printf "%.2f", a / b }')
  printf '%-10s %14s %14s %8s %6s' "$name" "$(median "${theirs[@]}")" "$(median "${ours[@]}")" \
    "$ratio" "$goal"
  if awk -v r="$ratio" -v g="$goal" 'BEGIN { exit r >= g }'; then
    echo '  below its goal'
    status=1
  else
    echo
  fi
done <<<"$cells"
exit $status
