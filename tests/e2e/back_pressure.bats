#!/usr/bin/env bats
# mqbroker when a client is too slow or too quick.

load helper

# Lines long enough that sockets and pipes do not hold all of them.
lines() { seq -f "%0100.0f" "$1"; }
# Reads nothing before the broker has noticed.
slow_reader() { wait_for has_line 'slow_consumer' "$work/broker.log" && cat; }

@test "--slow-consumer block: 100,000 lines through a slow subscriber, none lost at QoS 0" {
  start_broker --slow-consumer block --max-queued-messages 1000
  (mqsub -p "$port" -d -t t -C 100000 2>"$work/sub.err" | slow_reader >"$work/got") 3>&- &
  local sub=$!
  pids+=("$sub")
  wait_for has_line SUBACK "$work/sub.err"
  lines 100000 | mqpub -p "$port" -t t -l
  WAIT_SECONDS=60 finished "$sub"
  lines 100000 | cmp - "$work/got"
  grep -q 'limit=max_queued_messages' "$work/broker.log"
}

@test "--slow-consumer drop: others are not held up" {
  start_broker --max-queued-messages 100
  subscribe slow mqsub -t t
  kill -STOP "$sub_pid"
  subscribe quick mqsub -t u -C 1
  lines 50000 | mqpub -p "$port" -t t -l
  wait_for has_line 'slow_consumer .*client=.* limit=max_queued_messages' "$work/broker.log"
  mqpub -p "$port" -t u -m other
  finished "$sub_pid"
  [ "$(cat "$work/quick")" = other ]
}

@test "--slow-consumer disconnect: 0x97" {
  start_broker --slow-consumer disconnect --max-queued-messages 100 --sys-interval 1
  subscribe slow mqsub -V 5 -t t --no-reconnect
  kill -STOP "$sub_pid"
  lines 50000 | mqpub -p "$port" -t t -l
  wait_for has_line 'slow_consumer' "$work/broker.log"
  kill -CONT "$sub_pid"
  wait_for has_line '151|0x97' "$work/slow.err"
  subscribe count mqsub -t "\$SYS/broker/slow_consumers/count"
  wait_for has_line '^1$' "$work/count"
}

@test "--rate-messages: everything arrives, and the limit is named" {
  start_broker --rate-messages 100 -v
  subscribe got mqsub -t t -C 150
  seq 150 | mqpub -p "$port" -t t -l
  finished "$sub_pid"
  seq 150 | cmp - "$work/got"
  grep -q 'rate_limited .*limit=rate_messages' "$work/broker.log"
}
