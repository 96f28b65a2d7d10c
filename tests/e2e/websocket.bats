#!/usr/bin/env bats
# WebSocket of the clients against Debian's mosquitto.
load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
}

# round_trip OPTION...: a message from mqpub to mqsub over $port.
round_trip() {
  subscribe got mqsub -h localhost -t t -C 1 "$@"
  mqpub -h localhost -p "$port" -t t -m 'over WebSocket' -q 2 "$@"
  finished "$sub_pid"
  [ "$(cat "$work/got")" = 'over WebSocket' ]
  [ "$(mqrr -h localhost -p "$port" -t r -e r -m echo -W 20 "$@")" = echo ]
}

# This version of mosquitto does not start with a WebSocket listener alone.
@test "mqpub and mqsub by WebSocket to mosquitto" {
  start_mosquitto 'protocol websockets' "listener 0 $work/plain.sock"
  round_trip --ws
  mqpub -L "ws://localhost:$port/t" -m x
}

@test "mqpub and mqsub by WebSocket over TLS to mosquitto" {
  start_mosquitto 'protocol websockets' "certfile $certs/server.crt" "keyfile $certs/server.key" \
    "listener 0 $work/plain.sock"
  round_trip --ws --cafile "$certs/ca.crt"
  SSL_CERT_FILE=$certs/ca.crt mqpub -L "wss://localhost:$port/t" -m x
}
