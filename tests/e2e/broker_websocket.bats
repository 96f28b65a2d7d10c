#!/usr/bin/env bats
# WebSocket of mqbroker, beside MQTT on the same port, alone, and over TLS.
load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
}

# upgrade [HEADER...]: the first line of the answer to a request for a WebSocket; $head has all.
upgrade() {
  local header lines=''
  for header in 'Host: localhost' 'Upgrade: websocket' 'Connection: Upgrade' \
    'Sec-WebSocket-Version: 13' 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$@"; do
    lines+=$header$'\r\n'
  done
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET %s HTTP/1.1\r\n%s\r\n' "${path:-/mqtt}" "$lines" >&9
  # Those that are refused are closed, the others wait for frames.
  head=$(timeout "${patience:-10}" cat <&9 | tr -d '\r') || true
  exec 9>&-
  echo "${head%%$'\n'*}"
}

# counts LIMIT: until $SYS says that it was hit once.
counts() {
  local topic="\$SYS/broker/limits/$1/hit"
  is_one() { [ "$(mqsub -p "$port" -t "$topic" -C 1 -W 10)" = 1 ]; }
  wait_for is_one
}

@test "MQTT and WebSocket on one port, told by the first byte" {
  start_broker -v
  subscribe plain mosquitto_sub -t t -C 2
  local plain_pid=$sub_pid
  subscribe ws mqsub --ws -t t -C 2
  mqpub -p "$port" --ws -q 2 -t t -m one
  mosquitto_pub -p "$port" -q 1 -t t -m two
  finished "$plain_pid"
  finished "$sub_pid"
  [ "$(messages plain)" = $'one\ntwo' ]
  [ "$(cat "$work/ws")" = $'one\ntwo' ]
  # Large ones, in pieces that frames do not care about.
  head -c 3000000 /dev/urandom >"$work/sent"
  subscribe large mqsub --ws -t large -C 1 -N
  mqpub -p "$port" --ws -t large -f "$work/sent" -q 2
  finished "$sub_pid"
  cmp "$work/sent" "$work/large"
}

@test "behind TLS, too: mqtts and wss on one port" {
  start_broker --certfile "$certs/server.crt" --keyfile "$certs/server.key"
  subscribe ws mqsub -h localhost --ws --cafile "$certs/ca.crt" -t t -C 1
  mosquitto_pub -h localhost -p "$port" --cafile "$certs/ca.crt" -t t -m x
  finished "$sub_pid"
  [ "$(cat "$work/ws")" = x ]
}

@test "protocol mqtt and protocol websockets: one of them alone" {
  start_broker --protocol mqtt
  mqpub -p "$port" -t t -m x
  run ! mqpub -p "$port" --ws -t t -m x
  start_broker --protocol websockets
  grep -q 'try: mqsub -p .* --ws' "$work/broker.log"
  mqpub -p "$port" --ws -t t -m x
  run ! mqpub -p "$port" -t t -m x
  wait_for has_line 'handshake_failed peer=\S+ error="WebSocket request refused: this is not an HTTP request' \
    "$work/broker.log"
}

@test "--listen: ws and wss by URL with a path, mqtt and mqtts beside them" {
  start_broker --listen ws://127.0.0.1:0/a --listen wss://localhost:0/b --listen mqtts://localhost:0 \
    --certfile "$certs/server.crt" --keyfile "$certs/server.key" --listen "unix://$work/sock"
  local ports
  mapfile -t ports <"$work/port"
  [ ${#ports[@]} = 4 ] # of -p 0, too, which has TLS by certfile
  mqpub -h 127.0.0.1 -p "${ports[0]}" --ws-path /a -t t -m x
  run -1 mqpub -h 127.0.0.1 -p "${ports[0]}" --ws-path /x -t t -m x
  [[ $output == *404* ]]
  local tls=(-h localhost --cafile "$certs/ca.crt" -t t -m x)
  mqpub -p "${ports[1]}" --ws-path /b "${tls[@]}"
  mosquitto_pub -p "${ports[2]}" "${tls[@]}"
  mosquitto_pub -p "${ports[3]}" "${tls[@]}"
  mqpub --unix "$work/sock" -t t -m x
}

@test "requests that are refused: the status says why, and the log has a line" {
  start_broker --websockets-origin https://good.example --websockets-headers-size 512 --sys-interval 0.1
  [ "$(patience=1 upgrade 'Sec-WebSocket-Protocol: mqtt')" = 'HTTP/1.1 101 Switching Protocols' ]
  [ "$(patience=1 upgrade 'Sec-WebSocket-Protocol: x, mqtt' 'Origin: https://good.example')" = \
    'HTTP/1.1 101 Switching Protocols' ]
  [ "$(upgrade 'Sec-WebSocket-Protocol: mqtt' 'Origin: https://bad.example')" = 'HTTP/1.1 403 Forbidden' ]
  [ "$(upgrade 'Sec-WebSocket-Protocol: wamp')" = 'HTTP/1.1 400 Bad Request' ]
  [ "$(upgrade)" = 'HTTP/1.1 400 Bad Request' ]
  [ "$(upgrade 'Sec-WebSocket-Protocol: mqtt' "X: $(printf '%0600d' 0)")" = \
    'HTTP/1.1 431 Request Header Fields Too Large' ]
  wait_for has_line 'handshake_failed peer=\S+ error="WebSocket request refused: the Sec-WebSocket-Protocol here is mqtt' \
    "$work/broker.log"
  has_line 'error="WebSocket request refused: this origin may not connect' "$work/broker.log"
  has_line 'error="WebSocket request refused: the request is longer than 512 bytes.*limit=websockets_headers_size' \
    "$work/broker.log"
  counts websockets_headers
  run -1 mqpub -p "$port" --ws --ws-origin https://bad.example -t t -m x
  [[ $output == *403* ]]
  mqpub -p "$port" --ws --ws-origin https://good.example -t t -m x
  # Whatever else a browser is sent here for.
  run -22 curl -sf "http://127.0.0.1:$port/"
}

@test "a frame at the limit, and one over it" {
  start_broker -v --max-websockets-frame 1k --sys-interval 0.1
  # Ours sends a PUBLISH of n + 5 bytes in a frame of its own.
  mqpub -p "$port" --ws -q 1 -t t -m "$(printf '%01016d' 0)"
  run ! mqpub -p "$port" --ws -q 1 -t t -m "$(printf '%01017d' 0)"
  has_line 'connection_failed peer=\S+ error="WebSocket: a frame over the limit \(status 1009\)" limit=max_websockets_frame' \
    "$work/broker.log"
  counts websockets_frame
}

@test "http_dir is refused, and the header size stands where mosquitto.conf has it" {
  printf '%s\n' 'websockets_headers_size 4096' "listen ws://127.0.0.1:0" 'protocol websockets' \
    "port_file $work/ports" >"$work/mqbroker.conf"
  mqbroker -c "$work/mqbroker.conf" 2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for test -s "$work/ports"
  [ "$(wc -l <"$work/ports")" = 1 ]
  echo 'http_dir /var/www' >>"$work/mqbroker.conf"
  run -1 mqbroker --check-config "$work/mqbroker.conf"
  [[ $output == *'http_dir: mqbroker serves no files'* ]]
}
