#!/usr/bin/env bats
# Proxies: SOCKS by microsocks, CONNECT, and what the environment names.
load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost
}

# start_connect_proxy [USER:PASSWORD]: sets $http_port.
start_connect_proxy() {
  rm -f "$work/http_port"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/connect_proxy.py" "$work/http_port" "$@" \
    2>"$work/http.err" 3>&- &
  pids+=($!)
  wait_for test -s "$work/http_port"
  http_port=$(cat "$work/http_port")
}

@test "HTTP CONNECT: plain, with TLS, with a password, to nobody" {
  start_mosquitto
  start_connect_proxy
  mqpub -p "$port" -r -q 1 -t t -m hello --proxy "http://127.0.0.1:$http_port"
  [ "$(mqsub -p "$port" -t t -C 1 --proxy "http://127.0.0.1:$http_port")" = hello ]
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  run -1 --separate-stderr mqpub -p "$port" -t t -m m --proxy "http://127.0.0.1:$http_port"
  [[ $stderr == *"the proxy 127.0.0.1:$http_port cannot connect to localhost:$port: 502 Bad Gateway"* ]]
  start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key"
  mqpub -h localhost -p "$port" -t t -m hello --cafile "$certs/ca.crt" \
    --proxy "http://127.0.0.1:$http_port"
  start_connect_proxy 'us@er:p:w'
  mqpub -h localhost -p "$port" -t t -m hello --cafile "$certs/ca.crt" \
    --proxy "http://us%40er:p%3Aw@127.0.0.1:$http_port"
  run -1 mqpub -p "$port" -t t -m m --proxy "http://127.0.0.1:$http_port"
  [[ $output == *'wants a user name and password'* ]]
  run -1 mqpub -p "$port" -t t -m m --proxy "http://u:w@127.0.0.1:$http_port"
  [[ $output == *'does not take the user name and password'* ]]
  # Something else listens there.
  start_mosquitto
  run -1 timeout 10 mqpub -t t -m m --proxy "http://127.0.0.1:$port"
  [[ $output == *"127.0.0.1:$port"* || $output == *localhost:1883* ]]
}

@test "socks5 looks up here, socks5h there; the environment" {
  start_broker
  start_socks
  mqpub -h localhost -p "$port" -r -q 1 -t t -m hello --proxy "socks5://127.0.0.1:$socks_port"
  run -1 mqpub -h none.invalid -t t -m m --proxy "socks5://127.0.0.1:$socks_port"
  [[ $output == *"'none.invalid' is not found"* ]]
  export ALL_PROXY=socks5h://127.0.0.1:$socks_port
  [ "$(mqsub -h localhost -p "$port" -t t -C 1 --proxy env)" = hello ]
  grep -q "connected to localhost:$port" "$work/socks.err"
  # Nobody there: so it is asked for, unless the host is one to be reached without.
  export ALL_PROXY=http://127.0.0.1:1
  run -1 mqsub -h localhost -p "$port" -t t -C 1 --proxy env
  [[ $output == *127.0.0.1:1:* ]]
  [ "$(NO_PROXY='example.org, localhost' mqsub -h localhost -p "$port" -t t -C 1 --proxy env)" = hello ]
  [ "$(mqsub -h localhost -p "$port" -t t -C 1)" = hello ]
  unset ALL_PROXY
  [ "$(mqsub -h localhost -p "$port" -t t -C 1 --proxy env)" = hello ]
}

@test "SOCKS with TLS, and with WebSocket in TLS, on top of it" {
  local proxy
  start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key"
  start_socks
  proxy=socks5h://127.0.0.1:$socks_port
  mqpub -h localhost -p "$port" -r -q 1 -t t -m hello --cafile "$certs/ca.crt" --proxy "$proxy"
  [ "$(mqsub -h localhost -p "$port" -t t -C 1 --cafile "$certs/ca.crt" --proxy "$proxy")" = hello ]
  [ "$(mqrr -h localhost -p "$port" -t r -e r -m echo -W 20 --cafile "$certs/ca.crt" --proxy "$proxy")" = echo ]
  start_mosquitto 'protocol websockets' "certfile $certs/server.crt" "keyfile $certs/server.key" \
    "listener 0 $work/plain.sock"
  mqpub -h localhost -p "$port" -r -q 1 -t t -m hello --ws --cafile "$certs/ca.crt" --proxy "$proxy"
  [ "$(mqsub -h localhost -p "$port" -t t -C 1 --ws --cafile "$certs/ca.crt" --proxy "$proxy")" = hello ]
  # A certificate is the server's, whoever is between.
  run -1 mqpub -h 127.0.0.1 -p "$port" -t t -m m --ws --cafile "$certs/ca.crt" --proxy "$proxy"
  [[ $output == *'it is for localhost, and not for 127.0.0.1'* ]]
}
