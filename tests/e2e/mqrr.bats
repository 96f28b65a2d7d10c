#!/usr/bin/env bats
# mqrr beyond mosquitto_rr: many requests, their latencies, and the other end.
# shellcheck disable=SC2016  # the commands are for the shell of the responder
load helper

# start_responder OPTION...: mqrr --responder on $port, known to be subscribed; sets $responder_pid.
start_responder() {
  mqrr -p "$port" -d "$@" 2>"$work/responder.err" 3>&- &
  responder_pid=$!
  pids+=("$responder_pid")
  wait_for has_line SUBACK "$work/responder.err"
}

@test "a command answers requests: any bytes, with the topic in its environment" {
  for start in start_broker start_mosquitto; do
    "$start"
    start_responder -t 'ask/+' --responder 'printf "%s:" "$MQTT_TOPIC"; tr a-z A-Z'
    [ "$(mqrr -p "$port" -t ask/me -e answer -m hello -W 20)" = 'ask/me:HELLO' ]
    [ "$(printf 'a\0b\n' | mqrr -p "$port" -t ask/x -e answer -s -W 20 -F %x)" = 61736b2f783a4100420a ]
    # One that knows nothing of MQTT 5 says where it listens nowhere: it is told.
    run -27 mqrr -p "$port" -V 311 -t ask/old -e answer -m m -W 0.3
    wait_for has_line 'The request on ask/old does not say where to respond to' "$work/responder.err"
    kill -INT "$responder_pid"
    finished "$responder_pid"
  done
}

@test "responses to MQTT 3 go to the topic of -e; mosquitto_rr is content" {
  start_mosquitto
  start_responder -t ask -e answer --responder 'sed s/^/re:/' -q 1
  [ "$(mqrr -p "$port" -V 311 -t ask -e answer -m one -W 20)" = re:one ]
  [ "$(mosquitto_rr -p "$port" -t ask -e answer -m two -W 20)" = re:two ]
}

@test "a command that fails, and one that prints too much" {
  start_broker
  start_responder -t ask --responder 'read -r n; head -c "$n" /dev/zero; exit 3' --max-response 1000
  [ "$(mqrr -p "$port" -t ask -e answer -m 1000 -W 20 -F '%l %P')" = '1000 exit-status:3' ]
  run -27 mqrr -p "$port" -t ask -e answer -m 1001 -W 0.3
  wait_for has_line 'No response to ask: .*its output is over 1000 bytes' "$work/responder.err"
}

@test "-l: each line a request, the responses in order" {
  start_broker
  start_responder -t ask --responder 'read -r line; echo "<$line>"' --exec-jobs 2
  run -0 --separate-stderr mqrr -p "$port" -t ask -e answer -l -N -W 20 < <(printf '1\n2\n\n4')
  [ "$output" = $'<1>\n<2>\n<>\n<4>' ]
  run -0 --separate-stderr mqrr -p "$port" -t ask -e answer -l -W 20 </dev/null
  [ -z "$output" ]
}

@test "--repeat and --latency: one line each and the percentiles" {
  start_broker
  # Whoever asks on the topic he listens on answers himself.
  run -0 --separate-stderr mqrr -p "$port" -t e -e e -m m --latency --repeat 5 --repeat-delay 0.001 -W 20
  [ "$(grep -cE '^Latency: [0-9.]+(µs|ms|)$' <<<"$output")" -eq 5 ]
  [ "$(grep -c '^m$' <<<"$output")" -eq 5 ]
  [[ ${lines[-1]} =~ ^'Latency of 5 responses: min '[0-9.]+.*', p50 '.*', p99 '.*', max ' ]]
  run -0 --separate-stderr mqrr -p "$port" -t e -e e -m m --latency --repeat 3 -j -W 20
  jq -e '.responses == 3 and .min_us > 0 and .min_us <= .p50_us and .p50_us <= .p99_us and
    .p99_us <= .max_us' <<<"${lines[-1]}"
}
