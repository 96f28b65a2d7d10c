#!/usr/bin/env bats
# The broker is killed in the middle of a stream and comes back after two seconds: mqpub ends with
# exit 0 and every line was acknowledged, by one broker or the other.

load helper

log_has() { [ "$(stat -c %s "$1")" -gt "$2" ]; }

# killed_in_the_middle QOS ACKNOWLEDGEMENT: 200000 lines, counted in mqpub's debug output.
killed_in_the_middle() {
  start_broker
  (
    seq 1 200000 | mqpub -p "$port" -l -q "$1" -t t -d 2>"$work/pub.log"
    echo "${PIPESTATUS[1]}" >"$work/status"
  ) 3>&- &
  pids+=($!)
  wait_for log_has "$work/pub.log" 1000000
  kill -9 "$broker_pid"
  before=$(grep -c "received $2" "$work/pub.log")
  echo "acknowledged when the broker was killed: $before"
  [ "$before" -gt 0 ]
  [ "$before" -lt 200000 ]
  sleep 2
  # Only the output of a broker that could not start would be of interest here.
  mqbroker -p "$port" 2>>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for test -s "$work/status"
  [ "$(cat "$work/status")" -eq 0 ]
  after=$(grep -c "received $2" "$work/pub.log")
  connections=$(grep -c 'received CONNACK' "$work/pub.log")
  rm "$work/pub.log"
  echo "acknowledged in all: $after, over $connections connections"
  [ "$after" -eq 200000 ]
  [ "$connections" -ge 2 ]
}

@test "QoS 1: kill -9 in the middle of seq 1 200000 | mqpub -l -q 1 -t t" {
  killed_in_the_middle 1 PUBACK
}

@test "QoS 2: the same; with PUBREC the message is the broker's" {
  killed_in_the_middle 2 PUBREC
}

@test "mqsub subscribes again after the broker's restart" {
  start_broker
  subscribe out mqsub -t t -q 1
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  mqbroker -p "$port" 2>>"$work/broker.log" 3>&- &
  pids+=($!)
  subscribed_twice() { [ "$(grep -c 'received SUBACK' "$work/out.err")" -ge 2 ]; }
  wait_for subscribed_twice
  mqpub -p "$port" -t t -q 1 -m again
  wait_for has_line '^again$' "$work/out"
}
