#!/usr/bin/env bats
# The wire vectors against npm's mqtt-packet, which is installed into build/npm when it is not
# there yet.

setup_file() {
  export NODE_PATH=$BATS_TEST_DIRNAME/../../build/npm/node_modules
  if [ ! -d "$NODE_PATH/mqtt-packet" ]; then
    mkdir -p "$NODE_PATH"
    timeout 120 npm install --silent --no-audit --no-fund --prefix "$NODE_PATH/.." \
      mqtt-packet@9 >&2 || true
  fi
}

@test "mqtt-packet reads every good vector as it is described" {
  [ -d "$NODE_PATH/mqtt-packet" ] || skip 'the npm registry cannot be reached'
  timeout 60 node "$BATS_TEST_DIRNAME/mqtt_packet.cjs" "$BATS_TEST_DIRNAME/../vectors"
}
