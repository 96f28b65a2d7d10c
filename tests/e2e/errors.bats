#!/usr/bin/env bats
# When it does not work: each program says what went wrong, where, and what to do, and ends with the
# code that its manual names. One line of a table is one fault, in all three programs.

load helper
load certificates

setup_file() {
  make_ca ca
  make_ca stranger
  make_certificate server ca /CN=localhost DNS:localhost
  make_certificate other ca /CN=other.example DNS:other.example
  make_certificate expired ca /CN=localhost DNS:localhost -1
}

# says CODE TEXT COMMAND...: it ends with that code, and TEXT (a pattern) on standard error only.
says() {
  local code=$1 text=$2
  shift 2
  run --separate-stderr timeout 30 "$@" </dev/null
  # shellcheck disable=SC2053,SC2154  # the text is a pattern, and bats sets stderr
  if [ "$status" -ne "$code" ] || [[ $stderr != $text ]] || [ -n "$output" ]; then
    printf '%s\n' "$*" "ended with $status and not $code:" "$stderr" "$output" "where expected was: $text"
    return 1
  fi
}

# all_say CODE TEXT OPTION...: mqpub, mqsub and mqrr with these options.
all_say() {
  local code=$1 text=$2
  shift 2
  says "$code" "$text" mqpub -V 5 -t t -m m "$@"
  says "$code" "$text" mqsub -V 5 -t t -W 20 "$@"
  says "$code" "$text" mqrr -t t -e t -m m -W 20 "$@"
}

# closed_port: sets $port to one where nobody listens.
closed_port() {
  start_broker
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
}

# silent_server: accepts and says nothing; sets $port.
silent_server() {
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/cut_proxy.py" "$work/silent" 0 0 2>"$work/silent.err" 3>&- &
  pids+=($!)
  wait_for test -s "$work/silent"
  port=$(cat "$work/silent")
}

@test "no connection: the name, the port, the time" {
  all_say 1 'Error: cannot connect to none.invalid:1883: host not found (is its name spelled right?)' -h none.invalid
  closed_port
  all_say 1 "Error: cannot connect to localhost:$port: connection refused (is a broker running there?)" -p "$port"
  all_say 1 "Error: cannot connect to unix:/no/such: no such file* (is a broker running there?)" --unix /no/such
  silent_server
  all_say 1 "Error: localhost:$port does not answer: no CONNACK within 1 s (is it an MQTT server*? --connect-timeout*" \
    -p "$port" --connect-timeout 1
  says 1 "Error: *localhost:$port*within 1 s*" mqpub -p "$port" -t t -m m --connect-timeout 1 --tls
  # Where -W is what ends it, it says what it waited for.
  says 27 "Timed out: there is no connection to localhost:$port" mqsub -p "$port" -t t -W 0.2
  says 27 "Timed out: there is no connection to localhost:$port" mqrr -p "$port" -t t -e t -m m -W 0.2
}

@test "TLS: which certificate, why, and which option helps" {
  start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key"
  all_say 1 "Error: TLS with localhost:$port failed: *unable to get local issuer certificate (subject CN=localhost; issuer CN=ca); give the certificate of its CA with --cafile" \
    -h localhost -p "$port" --cafile "$certs/stranger.crt"
  all_say 1 "Error: localhost:$port closed the connection without an answer to CONNECT (is it an MQTT server*if its port is one for TLS: --tls)" \
    -h localhost -p "$port"
  all_say 1 "Error: cannot read CA certificates from /no/such: No such file*" -p "$port" --cafile /no/such
  start_mosquitto "certfile $certs/other.crt" "keyfile $certs/other.key"
  all_say 1 "Error: TLS with localhost:$port failed: *it is for other.example, and not for localhost*--tls-hostname" \
    -h localhost -p "$port" --cafile "$certs/ca.crt"
  start_mosquitto "certfile $certs/expired.crt" "keyfile $certs/expired.key"
  all_say 1 "Error: TLS with localhost:$port failed: *certificate has expired*valid until *" \
    -h localhost -p "$port" --cafile "$certs/ca.crt"
  start_broker
  all_say 1 "Error: *localhost:$port: closed during the handshake (is the port one for what was asked for: TLS*" -h localhost -p "$port" --tls
}

@test "not let in: as whom, and with which options one would be" {
  start_mosquitto
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  sed -i 's/allow_anonymous true/allow_anonymous false/' "$work/mosquitto.conf"
  mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" 3>&- &
  pids+=($!)
  wait_for accepts "$port"
  all_say 135 "Error: localhost:$port refused the connection: Not authorized (0x87); it may want a user name (-u) and a password (-P)" \
    -p "$port"
  all_say 135 "Error: localhost:$port refused *; is this the right user (-u) with the right password (-P)?" \
    -p "$port" -u somebody -P wrong
  for command in 'mqpub -t t -m m' 'mqsub -t t' 'mqrr -V 311 -t t -e t -m m'; do
    # shellcheck disable=SC2086  # a command and its arguments
    says 5 "Error: localhost:$port refused the connection: not authorized (return code 5); it may want *" \
      $command -p "$port"
  done
}

@test "a message or a subscription that is refused: which, by whom, why" {
  printf '%s\n' 'topic read allowed' 'topic write allowed' >"$work/acl"
  start_broker --acl-file "$work/acl" --max-packet-size 300
  local rules='Not authorized (0x87)*rules for topics*'
  says 135 "Error: The message to 'denied' was refused by localhost:$port: $rules" \
    mqpub -p "$port" -V 5 -q 1 -t denied -m m
  says 135 "Error: The subscription to 'denied' was refused by localhost:$port: $rules" \
    mqsub -p "$port" -V 5 -t denied -W 20
  says 128 "Error: The subscription to 'denied' was refused by localhost:$port: *" \
    mqsub -p "$port" -V 311 -t denied -W 20
  says 135 "Error: The subscription to 'denied' was refused by localhost:$port: $rules" \
    mqrr -p "$port" -t allowed -e denied -m m -W 20
  says 135 "Error: The message to 'denied' was refused by localhost:$port: $rules" \
    mqrr -p "$port" -q 1 -t denied -e allowed -m m -W 20
  # Too large: known before in MQTT 5; in 3.1.1 the broker can but close.
  head -c 400 /dev/zero >"$work/large"
  says 9 "Error: The message to 'allowed' cannot be sent to localhost:$port: the server takes packets of up to 300 bytes, and the message needs 4*" \
    mqpub -p "$port" -V 5 -t allowed -f "$work/large"
  says 9 "Error: The message to 'allowed' cannot be sent to localhost:$port: the server takes packets of up to 300 bytes*" \
    mqrr -p "$port" -t allowed -e allowed -f "$work/large" -W 20
  says 7 "*Is the message, with its 400 bytes, larger than the broker takes?" \
    mqpub -p "$port" -V 311 -q 1 -t allowed -f "$work/large"
  says 27 "*Timed out: localhost:$port ended the connection when it was sent the message to 'allowed'. Is that larger than the broker takes?" \
    mqrr -p "$port" -V 311 -q 1 -t allowed -e allowed -f "$work/large" -W 2 --reconnect-delay 0.1
  says 27 "Timed out: no response on 'allowed' (does anybody answer what is sent to 'none'?)" \
    mqrr -p "$port" -t none -e allowed -m m -W 1
}

@test "topics that cannot be: what is wrong with them" {
  local long
  long=$(printf 'a%.0s' {1..65536})
  says 1 "*Invalid publish topic 'a/#', does it contain '+' or '#'?*" mqpub -t 'a/#' -m m
  says 1 '*Invalid publish topic given: it is not UTF-8.*' mqpub -t $'a\xff' -m m
  says 1 '*Invalid publish topic given: it has 65536 bytes, and at most 65535 are allowed.*' mqpub -t "$long" -m m
  says 1 '*Invalid publish topic given: it is empty.*' mqpub -t t --to '' -m m
  says 1 "*Invalid subscription topic 'a#', are all '+' and '#' wildcards correct?*" mqsub -t 'a#'
  says 1 '*Invalid subscription topic given: it is not UTF-8.*' mqsub -t $'a\xff'
  # shellcheck disable=SC2016  # no variable
  says 1 "*Invalid subscription topic '\$share/a', it must be \$share/NAME/FILTER.*" mqsub -t '$share/a'
  says 1 "*Invalid response topic 'b/+', does it contain '+' or '#'?*" mqrr -t a -e b/+ -m m
  says 1 "*Invalid will topic 'w/#', does it contain '+' or '#'?*" mqsub -t t --will-topic 'w/#'
}
