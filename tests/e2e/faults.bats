#!/usr/bin/env bats
# What mosquitto's clients lose, hide or wait for without end, and ours do not. Where Debian's 2.0.11
# has the fault, the test shows it there first.

load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost
  make_certificate other ca /CN=other.example DNS:other.example
  make_certificate alice ca /CN=alice
}

# start_proxy MILLISECONDS: between the clients and $port, cutting connections; sets $proxy_port.
start_proxy() {
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/cut_proxy.py" "$work/proxy_port" "${port:-0}" "$1" \
    2>"$work/proxy.err" 3>&- &
  pids+=($!)
  wait_for test -s "$work/proxy_port"
  proxy_port=$(cat "$work/proxy_port")
}

@test "more lines than packet identifiers: all of them, exit 0" {
  start_mosquitto
  subscribe theirs mosquitto_sub -t theirs -q 1 -F %p
  seq 70000 | mosquitto_pub -p "$port" -l -t theirs -q 1
  mosquitto_pub -p "$port" -t theirs -q 1 -m end
  wait_for has_line '^end$' "$work/theirs"
  [ "$(messages theirs | wc -l)" -lt 70001 ]
  subscribe ours mqsub -t ours -q 1 -C 70000
  seq 70000 | mqpub -p "$port" -l -t ours -q 1
  finished "$sub_pid"
  cmp "$work/ours" <(seq 70000)
}

@test "NUL in a line: it and the lines behind it arrive" {
  start_mosquitto
  for program in mosquitto_pub mqpub; do
    subscribe "$program" mqsub -t "$program" -F %x
    printf 'nul\0in\nB\nC\n' | "$program" -p "$port" -l -t "$program"
    mqpub -p "$port" -t "$program" -m .
    wait_for has_line '^2e$' "$work/$program"
  done
  [ "$(head -n 1 "$work/mosquitto_pub")" = 6e756c ]
  [ "$(cat "$work/mqpub")" = '6e756c00696e
42
43
2e' ]
}

@test "a message that the broker refuses is no success" {
  printf '%s\n' 'topic read #' 'topic write allowed' >"$work/acl"
  start_mosquitto
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  printf '%s\n' "acl_file $work/acl" >>"$work/mosquitto.conf"
  mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" 3>&- &
  pids+=($!)
  wait_for accepts "$port"
  run -0 mosquitto_pub -p "$port" -V 5 -q 1 -t denied -m m
  run -135 --separate-stderr mqpub -p "$port" -V 5 -q 1 -t denied -m m
  [[ $stderr == *'Not authorized (0x87)'* ]]
  run -135 mqpub -p "$port" -V 5 -q 2 -t denied -m m
  run -0 mqpub -p "$port" -V 5 -q 1 -t denied -m m --ignore-denied
  run -0 mqpub -p "$port" -V 5 -q 1 -t allowed -m m
  # The first refusal is the exit code, the other lines are published.
  subscribe out mqsub -t '#' -C 2
  run -135 --separate-stderr mqpub -p "$port" -V 5 -q 1 -l --topic-separator ' ' <<<'allowed 1
denied 2
allowed 3'
  [[ $stderr == *'Line 2 '* ]]
  finished "$sub_pid"
  [ "$(cat "$work/out")" = '1
3' ]
}

@test "--random-filter 100 prints everything, 50 about half" {
  start_mosquitto
  subscribe theirs mosquitto_sub -t t -C 1000 --random-filter 100 -F %p
  their_pid=$sub_pid
  subscribe ours mqsub -t t -C 1000 --random-filter 100
  our_pid=$sub_pid
  subscribe half mqsub -t t -C 1000 --random-filter 50
  seq 1000 | mqpub -p "$port" -l -t t -q 1
  finished "$their_pid"
  finished "$our_pid"
  finished "$sub_pid"
  [ "$(messages theirs | wc -l)" -lt 300 ]
  [ "$(wc -l <"$work/ours")" -eq 1000 ]
  # Ten standard deviations to either side.
  half=$(wc -l <"$work/half")
  [ "$half" -gt 340 ]
  [ "$half" -lt 660 ]
}

@test "%j of any bytes is JSON" {
  start_mosquitto
  printf '\0\xff\n' | mosquitto_pub -p "$port" -t nul -r -q 1 -s
  printf '\xff\0\n' | mosquitto_pub -p "$port" -t high -r -q 1 -s
  # Theirs: the first NUL ends the payload, and what is not UTF-8 is printed as it is.
  [ "$(mosquitto_sub -p "$port" -t nul -C 1 -F %j | jq -c '[.payloadlen, .payload]')" = '[3,""]' ]
  mosquitto_sub -p "$port" -t high -C 1 -F %j >"$work/theirs"
  run ! iconv -f utf-8 "$work/theirs"
  mqsub -p "$port" -t nul -t high -C 2 -F %j >"$work/ours"
  iconv -f utf-8 "$work/ours"
  [ "$(jq -r 'select(.topic == "nul").payload_b64' "$work/ours" | base64 -d | xxd -p)" = 00ff0a ]
  [ "$(jq -r 'select(.topic == "high").payload_b64' "$work/ours" | base64 -d | xxd -p)" = ff000a ]
}

@test "one option of TLS is enough for TLS: nothing leaves in clear" {
  start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key"
  export SSL_CERT_FILE=$certs/ca.crt
  # Each of these alone is passed over by theirs, and a plain CONNECT goes out.
  local option
  for option in --insecure '--tls-version tlsv1.2' '--ciphers DEFAULT' \
    "--cert $certs/alice.crt --key $certs/alice.key"; do
    # shellcheck disable=SC2086
    run ! timeout 10 mosquitto_pub -h localhost -p "$port" -t t -m m -u user -P secret $option
    # shellcheck disable=SC2086
    mqpub -h localhost -p "$port" -t t -m m -u user -P secret $option
  done
  # The client's certificate, too, with nothing but those that the system trusts.
  start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key" "cafile $certs/ca.crt" \
    'require_certificate true'
  local arguments=(-h localhost -p "$port" -t t -m m --tls-use-os-certs)
  arguments+=(--cert "$certs/alice.crt" --key "$certs/alice.key")
  run ! timeout 10 mosquitto_pub "${arguments[@]}"
  mqpub "${arguments[@]}"
  # And a password stays here when the port is one of TLS and the options say no to it.
  run -1 mqpub -h localhost -p 8883 --no-tls -t t -m m -u user -P secret
  [[ $output == *'the password would go in clear'* ]]
}

@test "what went wrong is said: the name in a certificate, TLS, a message that is too large" {
  start_mosquitto "certfile $certs/other.crt" "keyfile $certs/other.key"
  run --separate-stderr mosquitto_pub -h localhost -p "$port" -t t -m m --cafile "$certs/ca.crt"
  [[ $stderr != *other.example* ]]
  run -1 --separate-stderr mqpub -h localhost -p "$port" -t t -m m --cafile "$certs/ca.crt"
  [[ $stderr == *'it is for other.example, and not for localhost'* ]]

  run --separate-stderr mosquitto_pub -h localhost -p "$port" -t t -m m --cafile "$certs/alice.crt"
  [[ $stderr != *certificate*CA* ]]
  run -1 --separate-stderr mqpub -h localhost -p "$port" -t t -m m --cafile "$certs/alice.crt"
  [[ $stderr == *'unable to get local issuer certificate'*--cafile* ]]

  start_mosquitto
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  run -1 --separate-stderr mqpub -p "$port" -t t -m m
  [[ $stderr == *"cannot connect to localhost:$port: connection refused (is a broker running there?)"* ]]
  echo 'max_packet_size 100' >>"$work/mosquitto.conf"
  mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" 3>&- &
  pids+=($!)
  wait_for accepts "$port"
  head -c 200 /dev/zero >"$work/large"
  run -7 --separate-stderr mosquitto_pub -p "$port" -t t -f "$work/large" -q 1
  run -9 --separate-stderr mqpub -p "$port" -V 5 -t t -f "$work/large" -q 1
  [[ $stderr == *'the server takes packets of up to 100 bytes, and the message needs 20'* ]]
  run -7 --separate-stderr mqpub -p "$port" -t t -f "$work/large" -q 1
  [[ $stderr == *'Is the message, with its 200 bytes, larger than the broker takes?'* ]]
}

@test "a server that never answers: mqpub and mqsub end in the time they were given" {
  start_proxy 0
  # Theirs goes by the keep alive time, which is at least five seconds; -W ends it without a word
  # and with a code of its own.
  run -124 timeout 2 mosquitto_pub -p "$proxy_port" -t t -m m
  run -255 --separate-stderr timeout 10 mosquitto_sub -p "$proxy_port" -t t -W 1
  [ -z "$stderr" ]
  run -1 --separate-stderr timeout 10 mqpub -p "$proxy_port" -t t -m m --connect-timeout 0.3
  [[ $stderr == *'no CONNACK within 0.3 s'* ]]
  run -27 --separate-stderr timeout 10 mqsub -p "$proxy_port" -t t -W 0.3
  [[ $stderr == *'Timed out'* ]]
  run -1 timeout 10 mqsub -p "$proxy_port" -t t --connect-timeout 0.3
}

@test "retained messages can be read and removed, and that ends" {
  start_mosquitto
  keep() { for i in 1 2 3; do mqpub -p "$port" -q 1 -r -t "kept/$i" -m "$i"; done; }
  keep
  # Theirs ends neither where there is nothing more to come nor when it has removed what it counted.
  run -124 timeout 1 mosquitto_sub -p "$port" -t 'kept/#' --retained-only
  run -124 timeout 1 mosquitto_sub -p "$port" -t 'kept/#' --remove-retained -C 3
  [ "$(wc -l <<<"$output")" -eq 3 ]
  keep
  run -124 timeout 1 mosquitto_sub -p "$port" -t 'kept/#' --remove-retained --retained-only
  keep
  run -0 timeout 10 mqsub -p "$port" -t 'kept/#' --retained-exit
  [ "$(wc -l <<<"$output")" -eq 3 ]
  run -0 --separate-stderr timeout 10 mqsub -p "$port" -t 'kept/#' --remove-retained --dry-run --retained-exit
  [[ $stderr == *'3 retained messages would be removed'* ]]
  run -0 --separate-stderr timeout 10 mqsub -p "$port" -t 'kept/#' -T kept/1 --remove-retained -C 2
  [[ $stderr == *'2 retained messages removed'* ]]
  run -0 --separate-stderr timeout 10 mqsub -p "$port" -t 'kept/#' --retained-exit
  [ "$output" = 1 ]
  keep
  run -0 --separate-stderr timeout 10 mqsub -p "$port" -t 'kept/#' --remove-retained --retained-only
  [ "$(wc -l <<<"$output")" -eq 3 ]
  [[ $stderr == *'3 retained messages removed'* ]]
  run -0 timeout 10 mqsub -p "$port" -t none --retained-exit
  [ -z "$output" ]
}

@test "the connection cut every 200 ms: at QoS 2 every line once and in order, at QoS 1 none is missing" {
  start_broker
  start_proxy 200
  for qos in 1 2; do
    subscribe "qos$qos" mqsub -t "lines/$qos" -q 2
    # So slow that it takes a good number of connections; the broker keeps the session for QoS 2.
    seq 3000 | timeout 60 mqpub -p "$proxy_port" -V 5 -x 300 -l -t "lines/$qos" -q "$qos" --rate 2000 \
      --reconnect-delay 0.02 2>"$work/pub$qos.err"
    [ "$(grep -c 'trying again' "$work/pub$qos.err")" -ge 3 ]
    mqpub -p "$port" -q 2 -t "lines/$qos" -m end
    wait_for has_line '^end$' "$work/qos$qos"
  done
  diff <(seq 3000) <(grep -v end "$work/qos2")
  # At least once: without the repetitions it is the same.
  diff <(seq 3000) <(grep -v end "$work/qos1" | awk '!seen[$0]++')
}

# What a client leaves behind that was killed between PUBREC and PUBREL: X, identifiers 1 to 3.
leave_unreleased() {
  exec 7<>"/dev/tcp/127.0.0.1/$port"
  printf '\x10\x0d\x00\x04MQTT\x04\x00\x00\x3c\x00\x01X' >&7
  head -c 4 <&7 >"$work/connack"
  local id
  for id in 1 2 3; do printf '\x34\x06\x00\x01t\x00%bh' "\\x0$id" >&7; done
  head -c 12 <&7 >"$work/pubrecs"
  exec 7>&-
}

@test "a client killed in the middle of QoS 2 and run again: none of its lines is taken for an old one" {
  local broker options
  for broker in start_broker start_mosquitto; do
    "$broker"
    for options in '-V 311' '-V 5 -x 100'; do
      subscribe lines mqsub -t t -q 2 -N -v
      leave_unreleased
      # shellcheck disable=SC2086
      seq -f '%g.' 6 | timeout 30 mqpub -p "$port" -c -i X $options -q 2 -t t -l
      mqpub -p "$port" -q 2 -t t -m end
      wait_for grep -q end "$work/lines"
      # mosquitto passes on at PUBREL: then the killed client's messages arrive, too.
      [ "$(tr -d 'th ' <"$work/lines")" = 1.2.3.4.5.6.end ]
      kill "$sub_pid"
      mqpub -p "$port" -i X -n -t t
    done
  done
}

@test "the broker killed and started again: no line is missing" {
  start_broker
  mkfifo "$work/fifo"
  mqpub -p "$port" -l -t t -q 1 --reconnect-delay 0.05 <"$work/fifo" 2>"$work/pub.err" 3>&- &
  pub_pid=$!
  pids+=("$pub_pid")
  exec 7>"$work/fifo"
  subscribe before mqsub -t t -q 1 7>&-
  seq 1 1000 >&7
  wait_for lines_in 1000 "$work/before"
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  seq 1001 1500 >&7
  wait_for has_line 'trying again' "$work/pub.err"
  mqbroker -p "$port" 2>>"$work/broker.log" 3>&- 7>&- &
  pids+=($!)
  # A durable subscriber cannot outlive a broker that keeps nothing, so the second one races with
  # mqpub: it asks for what is published once it is there.
  wait_for accepts "$port"
  subscribe after mqsub -t t -q 1 7>&-
  seq 1501 2000 >&7
  exec 7>&-
  finished "$pub_pid"
  wait_for has_line '^2000$' "$work/after"
  diff <(seq 1501 2000) <(grep -xE '1[5-9][0-9]{2}|2000' "$work/after" | grep -vx 1500)
}

@test "however much is read, mqpub's memory is bounded" {
  start_broker
  yes "$(printf '%0100d' 0)" | head -n 400000 >"$work/in"
  /usr/bin/python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdin=open("'"$work/in"'"), check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak, "KiB")
assert peak < 16 * 1024' mqpub -p "$port" -l -t t -q 1
}

@test "--max-reconnects, --no-reconnect and --retry-connect" {
  start_broker
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  run -1 --separate-stderr timeout 10 mqsub -p "$port" -t t --retry-connect --max-reconnects 2 --reconnect-delay 0.02
  [ "$(grep -c 'trying again' <<<"$stderr")" -eq 2 ]
  mqbroker -p "$port" 2>>"$work/broker.log" 3>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  wait_for accepts "$port"
  subscribe lost mqsub -t t --no-reconnect
  kill -9 "$broker_pid"
  finished "$sub_pid" || status=$?
  [ "$status" -eq 7 ]
}

@test "--idle-timeout: 27 without a message, 0 after one" {
  start_broker
  run -27 timeout 10 mqsub -p "$port" -t t --idle-timeout 0.2
  mqpub -p "$port" -r -t t -m m
  run -0 --separate-stderr timeout 10 mqsub -p "$port" -t t --idle-timeout 0.2
  [ "$output" = m ]
}

@test "--require-subscriber" {
  start_broker
  run -16 --separate-stderr mqpub -p "$port" -t t -m m -q 1 --require-subscriber
  [[ $stderr == *'no subscriber'* ]]
  subscribe out mqsub -t t -C 1
  mqpub -p "$port" -t t -m m -q 1 --require-subscriber
}
