#!/usr/bin/env bats
# Brokers in use that know less than all of MQTT: no QoS 2, no MQTT 5.0. tests/interop/run asks the
# real ones.

load helper

# start_old_broker WHAT: see old_broker.py; sets $port.
start_old_broker() {
  rm -f "$work/port"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/old_broker.py" "$work/port" "$1" \
    2>>"$work/broker.err" 3>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  wait_for eval "[ -s '$work/port' ] || gone $broker_pid"
  port=$(cat "$work/port")
}

# says STATUS TEXT COMMAND...: ends with the status, and standard error matches the text.
says() {
  local expected=$1 text=$2
  shift 2
  run --separate-stderr timeout 60 "$@" 3>&-
  echo "$* -> $status"
  echo "$stderr"
  [ "$status" -eq "$expected" ]
  # shellcheck disable=SC2053  # it is a pattern
  [[ $stderr == $text ]]
}

@test "QoS 2 that a broker does not know: what it did, and what that may mean" {
  start_old_broker puback
  says 2 "Error: localhost:$port: the server answered a message of QoS 2 with PUBACK, as one of QoS 1: it does not seem to know QoS 2" \
    mqpub -p "$port" -q 2 -t t -m m
  says 1 "Error: publisher 0: *answered a message of QoS 2 with PUBACK*" \
    mqbench run -p "$port" -q 2 --rate 100 -d 1 --warmup 0.2
  start_old_broker close
  says 7 "*Is the message, with its 1 bytes, larger than the broker takes, or does it not know QoS 2 (-q 2)[?]" \
    mqpub -p "$port" -q 2 -t t -m m
  says 1 "Error: localhost:$port took no message: nothing was measured (publisher 0: connection to localhost:$port lost: *; does the broker know QoS 2[?]" \
    mqbench run -p "$port" -q 2 --rate 100 -d 1.5 --warmup 0.1 --drain 0.1
  start_old_broker ignore
  says 1 "Error: localhost:$port took no message: nothing was measured; does the broker know QoS 2[?]" \
    mqbench run -p "$port" -q 2 --rate 100 -d 0.2 --warmup 0.2 --drain 0.1 --inflight 1
}

@test "a message that ends each connection: not for ever twice a second, and not without a word" {
  start_old_broker close
  mkfifo "$work/in"
  mqpub -p "$port" -q 2 -l -t t --reconnect-delay 0.01,60 <"$work/in" 2>"$work/pub.err" 3>&- &
  local pub_pid=$!
  pids+=("$pub_pid")
  echo m >"$work/in"
  wait_for has_line "has accepted the connection 3 times and ended it before it acknowledged a message. Does it take messages of QoS 2 \(-q 2\), and as large as these\?$" \
    "$work/pub.err"
  # The first pause is 10 ms at most; being accepted does not make it the first again.
  wait_for has_line 'trying again in 0\.[1-9]' "$work/pub.err"
  kill "$pub_pid"
  local code=0
  finished "$pub_pid" || code=$?
  [ "$code" -eq 143 ]
}

@test "-V auto: a broker that does not answer MQTT 5.0 at all" {
  start_old_broker ignore
  says 1 "Error: localhost:$port does not answer: no CONNACK within 0.2 s (is it an MQTT server that knows MQTT 5.0? *" \
    mqpub -p "$port" -V 5 -t t -m m --connect-timeout 0.2
  says 0 '' mqpub -p "$port" -V auto -q 1 -t t -m m --connect-timeout 3
}

@test "mqbench says which QoS was granted, and a look at such a broker goes on" {
  start_old_broker close
  run --separate-stderr timeout 60 mqbench run -p "$port" -q 1 --sub-qos 2 --rate 100 -d 0.5 \
    --warmup 0.1 --shared-host --json="$work/result.json" 3>&-
  [ "$status" -eq 0 ]
  [[ $output == *$'\nNOTE 1 subscription was granted QoS 1, less than asked for\n'* ]]
  [ "$(jq -c .counts.downgraded "$work/result.json")" = '{"to_qos0":0,"to_qos1":1}' ]
  mqbench -p "$port" >"$work/quick" 3>&- &
  local bench_pid=$!
  pids+=("$bench_pid")
  wait_for has_line '^throughput, 1 -> 1, QoS 0' "$work/quick"
  kill "$bench_pid"
  local code=0
  finished "$bench_pid" || code=$?
  [ "$code" -eq 143 ]
  has_line '  QoS 1 .* 1 200/1 200$' "$work/quick"
  has_line "  QoS 2  does not work here: localhost:$port delivered no message \(.*; does the broker know QoS 2\?$" \
    "$work/quick"
  has_line '^checks    lost 0 ' "$work/quick"
}

@test "10,000 lines at QoS 2 to a mosquitto that bears 20 at a time" {
  start_mosquitto
  subscribe lines mqsub -q 2 -t t -C 10000
  seq 10000 | timeout 60 mqpub -p "$port" -l -q 2 -t t 2>"$work/pub.err"
  finished "$sub_pid"
  cmp "$work/lines" <(seq 10000)
  [ ! -s "$work/pub.err" ]
}
