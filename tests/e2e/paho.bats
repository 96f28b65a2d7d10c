#!/usr/bin/env bats
# mqbroker and paho's Python client. /usr/bin/python3 is the one that Debian's paho is installed for.

load helper

scenarios() {
  start_broker
  timeout 120 /usr/bin/python3 "$BATS_TEST_DIRNAME/paho_client.py" "$port" "$1"
}

@test "paho, MQTT 3.1" {
  scenarios 31
}

@test "paho, MQTT 3.1.1" {
  scenarios 311
}

@test "paho, MQTT 5.0" {
  scenarios 5
}
