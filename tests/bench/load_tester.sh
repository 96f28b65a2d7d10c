#!/bin/bash
# What mqbench itself can do: messages a second of CPU time into its own sink, flat out and open loop;
# its CPU time per message beside that of the broker it drives, as the median of $ROUNDS (5), and of
# mosquitto's clients doing the same; connections. $SECONDS_EACH (5) for each part.
set -euo pipefail
# shellcheck source=tests/bench/brokers.sh
. "$(dirname "$0")/brokers.sh"

seconds=${SECONDS_EACH:-5}
rounds=${ROUNDS:-5}

# start_sink: sets $port and $broker_pid.
start_sink() {
  rm -f "$work/port"
  mqbench sink -p 0 --port-file "$work/port" >/dev/null 2>"$work/broker.log" &
  broker_pid=$!
  for _ in {1..500}; do
    if [ -s "$work/port" ]; then break; fi
    sleep 0.02
  done
  port=$(cat "$work/port")
}

# load [OPTION...]: a run; prints messages a second, and nanoseconds of CPU a message here and there.
load() {
  local before after
  before=$(cpu_seconds)
  mqbench run -p "$port" -s 64 -d "${seconds}s" --threads 1 --json="$work/result.json" "$@" >/dev/null
  after=$(cpu_seconds)
  jq -r --argjson server "$(awk -v a="$after" -v b="$before" 'BEGIN { print a - b }')" '
    [.metrics.sent_per_s, .client.cpu_s * 1e9 / .client.sent_in_window,
     $server * 1e9 / (.client.sent_in_window * (.run.window_s + .run.warmup_s) / .run.window_s),
     (.metrics.send_lag_ms.p99 // 0)] | map(floor) | "\(.[0])/s  mqbench \(.[1]) ns  server \(.[2]) ns"' \
    "$work/result.json"
}

echo "into the sink, flat out, 64 bytes, one thread, no subscriber:"
start_sink
for qos in 0 1 2; do
  printf '  QoS %s  ' "$qos"
  load --subs 0 --rate max --inflight 10000 -q "$qos"
done
echo "through the sink, open loop, every message stamped, received and accounted for:"
for rate in 100k 1M; do
  printf '  %-5s  ' "$rate"
  load --rate "$rate"
done
stop_broker

# beside OPTION...: a run in $rounds rounds; prints the median of what a message received costs mqbench
# and what it costs the broker, of all that either has done from beginning to end.
beside() {
  local round before after
  for ((round = 0; round < rounds; round++)); do
    before=$(cpu_seconds)
    { time mqbench run -p "$port" -s 64 -d "${seconds}s" --warmup 0 --threads 1 \
      --json="$work/result.json" "$@" >/dev/null; } 2>"$work/times"
    after=$(cpu_seconds)
    jq --arg own "$(cat "$work/times")" --arg before "$before" --arg after "$after" '
      {own: ($own | split(" ") | map(tonumber) | add),
       server: (($after | tonumber) - ($before | tonumber)), received: .counts.received}' \
      "$work/result.json"
  done | jq -rs '
    def sorted(f): map(f) | sort;
    def median: .[length / 2 | floor];
    def hundredths: . * 100 | round / 100;
    sorted(.own / .server) as $ratios
    | "mqbench \(sorted(.own * 1e9 / .received) | median | round) ns, mqbroker "
      + "\(sorted(.server * 1e9 / .received) | median | round) ns a message, ratio "
      + "\($ratios | median | hundredths) (\($ratios[0] | hundredths) to \($ratios[-1] | hundredths))"'
}

TIMEFORMAT='%U %S'
start mqbroker --max-queued-messages 10000000
echo "a load for mqbroker, flat out:"
for qos in 0 1 2; do
  printf '  1 to 1, QoS %s    ' "$qos"
  beside --rate max -q "$qos"
  printf '  10 to 10, QoS %s  ' "$qos"
  beside --rate max --pubs 10 --subs 10 --inflight 100 -q "$qos"
done
printf '  1 to 10, QoS 0   '
beside --rate max --pattern fanout --subs 10 --inflight 100
printf '  10 to 1, QoS 0   '
beside --rate max --pattern fanin --pubs 10 --inflight 100
echo "and open loop:"
for rate in 50k 1M; do
  printf '  1 to 1, %-4s/s   ' "$rate"
  beside --rate "$rate"
done

messages=100000
awk -v n="$messages" 'BEGIN { while (n-- > 0) printf "%064d\n", n }' >"$work/lines"
{ time mosquitto_sub -p "$port" -t pair -C "$messages" >/dev/null; } 2>"$work/sub.times" &
sub_pid=$!
sleep 0.5
{ time mosquitto_pub -p "$port" -t pair -l <"$work/lines"; } 2>"$work/pub.times"
wait "$sub_pid"
awk -v n="$messages" '{ cpu += $1 + $2 } END {
  printf "  mosquitto_pub -l and mosquitto_sub, QoS 0: %.0f ns a message\n", cpu * 1e9 / n }' \
  "$work/pub.times" "$work/sub.times"
stop_broker

echo "10,000 connections to mqbroker, held for $seconds s:"
start mqbroker
mqbench conn -p "$port" -c 10000 -i 0 -d "$seconds" --json="$work/result.json" >/dev/null &
bench_pid=$!
empty=$(awk '/^VmRSS:/ { print $2 }' "/proc/$bench_pid/status")
most=0
while [ -e "/proc/$bench_pid/status" ] && now=$(awk '/^VmRSS:/ { print $2 }' "/proc/$bench_pid/status"); do
  if [ "${now:-0}" -gt "$most" ]; then most=$now; fi
  sleep 0.1
done 2>/dev/null
wait "$bench_pid"
echo "  $(((most - empty) * 1024 / 10000)) bytes each in mqbench"
jq -r '"  \(.histograms.connect.count) connected, CONNACK p99 \(.metrics.connect_ms.p99) ms"' "$work/result.json"
