#!/usr/bin/env bats
# mqbench storm: many connections at once.

load helper
load certificates

# storm [OPTION...]: with its result in $work/storm.json and its text in $work/text. The flow of
# messages is watched for two seconds before a storm: most tests have none.
storm() {
  timeout 60 mqbench storm -h 127.0.0.1 -p "$port" --json="$work/storm.json" "$@" >"$work/text" 3>&- || {
    status=$?
    cat "$work/text"
    return "$status"
  }
}

figure() {
  jq -e "$1" "$work/storm.json" >/dev/null || {
    echo "not so: $1"
    jq -c 'del(.phases[]?.data, .probe.before.data?, .probe.during.data?)' "$work/storm.json"
    return 1
  }
}

# The JSON is what its schema says.
as_schema() {
  python3 -m jsonschema -i "$work/storm.json" "$BATS_TEST_DIRNAME/../../tools/mqbench/storm.schema.json"
}

@test "storm: all connect and subscribe, each step timed" {
  start_broker
  storm -c 300 --probe-rate 0
  figure '.schema == "mqbench-storm/1" and .load.mode == "connect"'
  figure '.counts | .tries == 300 and .connected == 300 and .failed == 0 and .back == 300'
  figure '[.phases.tcp, .phases.connack, .phases.suback, .phases.ready] | all(.count == 300)'
  figure '.phases | has("tls") | not'
  figure '.metrics | .back_99_s <= .back_all_s and .connected_per_s > 0 and .bytes_per_connection > 0'
  grep -q '^tries     300 = connected 300 + failed 0$' "$work/text"
  grep -q '^back      300 of 300: 99 % after ' "$work/text"
  as_schema
}

@test "storm: the rate of connections is kept, and lateness counts from when a try was due" {
  start_broker
  storm -c 50 --conn-rate 100 --no-subscription --probe-rate 0 -V 5
  figure '.metrics.back_all_s >= 0.49 and .counts.connected == 50'
  figure '.phases | has("suback") | not'
}

@test "storm: those who are cut come back, and their sessions are there" {
  start_broker --sys-interval 1
  subscribe wills mqsub -t 'mqbench/+/will/#' -F '%p'
  for version in 311 5; do
    storm --mode reconnect -c 100 --percent 30 -V "$version" --reconnect-delay 0.1,0.2 \
      --keep-session --will --probe-rate 0
    figure '.counts | .wanted == 30 and .connected == 30 and .back == 30'
    # They wait from half the delay on; and who has a session does not subscribe again.
    figure '.metrics.back_all_s >= 0.05'
    figure '.phases | has("suback") | not'
    as_schema
  done
  wait_for lines_in 60 "$work/wills"
  [ "$(sort -u "$work/wills")" = gone ]
  lines_in 60 "$work/wills"
}

@test "storm: a churn has its rate, and leaves nobody behind" {
  start_broker
  storm --mode churn --conn-rate 200 -d 1 --probe-rate 0
  as_schema
  figure '.counts | .tries == 200 and .connected == 200 and .failed == 0'
  figure '.phases.ready.count == 200'
  run -2 --separate-stderr mqbench storm -p "$port" --mode churn --within 1
  [[ $stderr == *'--within'* ]]
}

@test "storm: what happens to messages meanwhile, and happened before" {
  start_broker
  storm -c 100 --conn-rate 200 --probe-rate 200
  figure '.probe | .before.count >= 400 and .during.count > 0 and .lost == 0 and .sent == .received'
  figure '.probe.sent == .probe.before.count + .probe.during.count'
  as_schema
  grep -qE '^probe     200 messages/s meanwhile: p50 .*; before: p50 .*; lost 0$' "$work/text"
}

# tls_storm [OPTION...]: a storm of 20 clients with TLS.
tls_storm() {
  storm -h localhost --cafile "$certs/ca.crt" -c 20 --probe-rate 0 --reconnect-delay 0.01,0.01 "$@"
}

# start_tls KIND: a broker with TLS 1.2 or 1.3, for tls_storm.
start_tls() {
  [ -e "$certs/ca.crt" ] || { make_ca ca && make_certificate server ca /CN=localhost DNS:localhost; }
  printf '%s\n' 'openssl_conf = a' '[a]' 'ssl_conf = b' '[b]' 'system_default = c' '[c]' \
    "MaxProtocol = ${1#* }" >"$work/openssl.cnf"
  local -x OPENSSL_CONF=$work/openssl.cnf
  case $1 in
    mqbroker*) start_broker --certfile "$certs/server.crt" --keyfile "$certs/server.key" ;;
    *) start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key" ;;
  esac
}

@test "storm: TLS has lines of its own, and those who come back take up their sessions" {
  for kind in 'mqbroker TLSv1.3' 'mqbroker TLSv1.2' 'mosquitto TLSv1.3' 'mosquitto TLSv1.2'; do
    echo "$kind"
    start_tls "$kind"
    tls_storm
    figure '.phases | .tls.count == 20 and .tls_full.count == 20 and has("tls_resumed") == false'
    figure '.counts.connected == 20'
    tls_storm --mode reconnect
    figure '.phases | .tls.count == 10 and .tls_resumed.count == 10 and has("tls_full") == false'
    grep -qE '^tls resumed .* 10$' "$work/text"
    as_schema
    tls_storm --mode reconnect --no-tls-resume
    figure '.phases | .tls_full.count == 10 and has("tls_resumed") == false'
    kill "$broker_pid"
    finished "$broker_pid" || true
  done
}

@test "storm: in a churn the first connection of a client is the one with a full handshake" {
  start_tls 'mqbroker TLSv1.3'
  tls_storm -c 5 --mode churn --conn-rate 100 -d 0.3 --fail-if 'tls_resumed.p50>50s' || [ $? -eq 5 ]
  figure '.phases | .tls_full.count <= 5 and .tls_full.count + .tls_resumed.count == 30'
  # A run times the same, and its connections begin with full ones.
  timeout 60 mqbench run -h localhost -p "$port" --cafile "$certs/ca.crt" --pubs 3 --subs 3 --rate 100 -d 0.2 \
    --warmup 0 --shared-host --fail-if 'tls.max>50s' --json="$work/storm.json" 3>&- || [ $? -eq 5 ]
  figure '.histograms | .tls_full.count == 6 and .tcp.count == 6 and has("tls_resumed") == false'
  python3 -m jsonschema -i "$work/storm.json" "$BATS_TEST_DIRNAME/../../tools/mqbench/result.schema.json"
  # After WebSocket's upgrade over TLS, too; without TLS that has a line.
  tls_storm --ws --mode reconnect
  figure '.phases | .tls_resumed.count == 10 and has("upgrade") == false'
  start_broker
  storm --ws -c 10 --probe-rate 0
  figure '.phases | .upgrade.count == 10 and has("tls") == false'
  as_schema
}

@test "storm: failures by what the server said" {
  start_broker --login ann:a1
  for version in 311 5; do
    run storm -c 10 --timeout 1 --probe-rate 0 --reconnect-delay 5 -V "$version"
    [ "$status" -eq 1 ]
    figure '.counts | .tries == 10 and .failed == 10 and .connected == 0 and .back == 0'
    figure '.counts.failures | length == 1 and (keys[0] | startswith("CONNACK: "))'
    grep -qE '^ +10 x CONNACK: ' "$work/text"
  done
}

@test "storm: whoever waits for a broker that does not answer gives up in time" {
  start_broker
  kill -STOP "$broker_pid"
  run storm -c 10 --timeout 2 --connect-timeout 0.5 --probe-rate 0 --reconnect-delay 0.1,0.1
  kill -CONT "$broker_pid"
  [ "$status" -eq 1 ]
  figure '.counts | .connected == 0 and .failures["timed out"] >= 10 and .tries >= .failed'
}

@test "storm: not all back in time is exit 3" {
  start_broker
  run storm -c 300 --probe-rate 0 --within 0.001
  [[ $status -eq 3 || $status -eq 5 ]]  # 5 where others disturb the machine
  grep -q '^FAILED .*all back within 1' "$work/text"
}

@test "storm: conditions on its figures decide the exit code" {
  start_broker
  for row in '3 conn_rate>0' '0 connack.p99>50s' '0 errors>0' '3 tcp.max<50s' '2 tls.p99>1s' '1 suback.p99>1s' '2 loss>0' '2 speed>1'; do
    run -"${row%% *}" storm -c 20 --probe-rate 0 --no-subscription --fail-if "${row#* }" ||
      [ "$status" -eq 5 ] # the machine was busy
  done
  storm -c 20 --probe-rate 0 --fail-if 'suback.p99>50s' || [ $? -eq 5 ]
  figure '.thresholds == [{"expression": "suback.p99>50s", "value": .thresholds[0].value, "hit": false}]'
  grep -q '^passed    suback.p99>50s$' "$work/text"
}

@test "storm: nobody there is exit 1, a broker in the world is not stormed, Ctrl-C is exit 130" {
  start_broker
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  run --separate-stderr mqbench storm -h 127.0.0.1 -p "$port" -c 10
  [ "$status" -eq 1 ]
  [[ $stderr == *"127.0.0.1:$port"* ]]
  run --separate-stderr mqbench storm -h 192.0.2.1 -c 5
  [ "$status" -eq 2 ]
  [[ $stderr == *'no storm without --yes'* ]]
  start_broker
  start mqbench storm -h 127.0.0.1 -p "$port" -c 1000 --conn-rate 20 --probe-rate 0 --json="$work/storm.json" \
    >"$work/text"
  some_connected() { [ "$(ss -Htn state established "src 127.0.0.1:$port" | wc -l)" -ge 5 ]; }
  wait_for some_connected
  kill -INT "$started_pid"
  status=0
  finished "$started_pid" || status=$?
  [ "$status" -eq 130 ]
  figure '.counts | .connected > 0 and .connected < 1000'
}
