#!/usr/bin/env bats
# mqbroker and npm's mqtt, which is installed into build/npm when it is not there yet.

load helper

setup_file() {
  export MQTTJS=$BATS_TEST_DIRNAME/../../build/npm
  if [ ! -d "$MQTTJS/node_modules/mqtt" ]; then
    mkdir -p "$MQTTJS"
    timeout 120 npm install --silent --no-audit --no-fund --prefix "$MQTTJS" mqtt@5 >&2 || true
  fi
}

# scenarios VERSION [TRANSPORT [OPTION...]]: OPTIONs are the broker's.
scenarios() {
  [ -d "$MQTTJS/node_modules/mqtt" ] || skip 'the npm registry cannot be reached'
  start_broker "${@:3}"
  timeout 60 node "$BATS_TEST_DIRNAME/mqttjs_client.mjs" "$port" "$1" "${2:-mqtt}"
}

@test "mqtt.js, MQTT 3.1" {
  scenarios 3
}

@test "mqtt.js, MQTT 3.1.1" {
  scenarios 4
}

@test "mqtt.js, MQTT 5.0" {
  scenarios 5
}

@test "mqtt.js by WebSocket" {
  scenarios 5 ws
}

@test "mqtt.js over TLS" {
  CA=$work/dev/ca.crt scenarios 4 mqtts --dev-tls "$work/dev"
}

@test "mqtt.js by WebSocket over TLS" {
  CA=$work/dev/ca.crt scenarios 5 wss --dev-tls "$work/dev"
}
