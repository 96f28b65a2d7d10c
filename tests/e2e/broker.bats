#!/usr/bin/env bats
# mqbroker as a program: where it listens, what it refuses, how it ends.

load helper

has_ipv6() { grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; }

@test "port 0: one line says where it listens and what to type next, IPv4 and IPv6" {
  start_broker
  [ "$(wc -l <"$work/broker.log")" -eq 1 ]
  grep -q "127.0.0.1:$port" "$work/broker.log"
  if has_ipv6; then grep -qF "[::1]:$port" "$work/broker.log"; fi
  grep -q "mqsub -p $port" "$work/broker.log"
  mqpub -h 127.0.0.1 -p "$port" -t t -m m
  if has_ipv6; then mqpub -h ::1 -p "$port" -t t -m m; fi
}

@test "loopback only: another address of this machine is not served" {
  local address
  address=$(ip -4 -o address show scope global 2>/dev/null | awk '{ sub("/.*", "", $4); print $4; exit }')
  [ -n "$address" ] || skip 'this machine has the loopback address only'
  start_broker
  accepts "$port"
  run ! accepts "$port" "$address"
}

@test "no arguments: port 1883" {
  if accepts 1883; then skip 'somebody else listens on port 1883'; fi
  mqbroker 2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for accepts 1883
  grep -qF '127.0.0.1:1883' "$work/broker.log"
}

@test "a port in use: a clear error and exit code 1" {
  start_broker
  run -1 mqbroker -p "$port"
  [[ $output == *"$port"* ]]
  [[ $output == *'in use'* ]]
}

@test "a port in use by Debian's mosquitto" {
  start_mosquitto
  run -1 mqbroker -p "$port"
  [[ $output == *"$port"* ]]
  [[ $output == *'in use'* ]]
}

@test "an address beyond loopback wants --allow-anonymous, and the refusal says so" {
  run -1 timeout 10 mqbroker -p 0 --bind 0.0.0.0
  [[ $output == *--allow-anonymous* ]]
  start_broker --bind 0.0.0.0 --allow-anonymous
  mqpub -p "$port" -t t -m m
}

@test "an address that this machine does not have" {
  run -1 timeout 10 mqbroker -p 0 --bind 192.0.2.1 --allow-anonymous
  [[ $output == *192.0.2.1* ]]
}

@test "SIGTERM and SIGINT: an orderly end, exit 0, DISCONNECT 0x8B to v5 clients" {
  for signal in TERM INT; do
    start_broker
    subscribe "$signal" mqsub -V 5 -t t
    kill "-$signal" "$broker_pid"
    finished "$broker_pid"
    wait_for has_line 'DISCONNECT.*(139|0x8[bB])' "$work/$signal.err"
    kill "$sub_pid"
  done
}

@test "--pid-file holds the process id while it runs" {
  start_broker --pid-file "$work/pid"
  [ "$(cat "$work/pid")" -eq "$broker_pid" ]
  kill "$broker_pid"
  finished "$broker_pid"
  [ ! -e "$work/pid" ]
}

@test "--daemon: returns when it listens, and goes on in the background" {
  timeout 10 mqbroker --daemon -p 0 --port-file "$work/port" --pid-file "$work/pid" 3>&- \
    2>"$work/broker.log"
  pids+=("$(cat "$work/pid")")
  mqpub -p "$(cat "$work/port")" -t t -m m
  kill "$(cat "$work/pid")"
  wait_for gone "$(cat "$work/pid")"
}

@test "--daemon: a port in use is still an error of the command" {
  start_broker
  run -1 timeout 10 mqbroker --daemon -p "$port"
  [[ $output == *'in use'* ]]
}

@test "--unix: a socket in the file system" {
  start_broker --unix "$work/socket"
  mqsub --unix "$work/socket" -d -t t -C 1 >"$work/out" 2>"$work/sub.err" 3>&- &
  pids+=($!)
  wait_for has_line SUBACK "$work/sub.err"
  mqpub --unix "$work/socket" -t t -m 'through a file'
  finished "${pids[-1]}"
  [ "$(cat "$work/out")" = 'through a file' ]
  kill "$broker_pid"
  finished "$broker_pid"
  [ ! -e "$work/socket" ]
}

@test "--unix: a socket left by a broker that was killed is no obstacle" {
  start_broker --unix "$work/socket"
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  [ -S "$work/socket" ]
  start_broker --unix "$work/socket"
  mqpub --unix "$work/socket" -t t -m m
}

@test "\$SYS: the topics that dashboards know" {
  start_broker
  topics=(version uptime clients/connected clients/total clients/maximum messages/received
    messages/sent publish/messages/received publish/messages/sent publish/messages/dropped
    bytes/received bytes/sent subscriptions/count 'retained messages/count'
    load/messages/received/1min load/messages/sent/5min load/bytes/received/15min)
  filters=()
  for topic in "${topics[@]}"; do filters+=(-t "\$SYS/broker/$topic"); done
  timeout 30 mosquitto_sub -p "$port" -v "${filters[@]}" -C ${#topics[@]} >"$work/sys"
  for topic in "${topics[@]}"; do grep -qF "\$SYS/broker/$topic " "$work/sys"; done
  grep -qF "\$SYS/broker/version mqbroker" "$work/sys"
}

@test "bytes that are not MQTT cost their sender the connection and nobody else anything" {
  start_broker
  subscribe out mqsub -t t -C 1
  for garbage in 'GET / HTTP/1.1\r\n\r\n' '\x00\x00\x00\x00' '\x10\xff\xff\xff\xff\xff' '\x30\x03\x00\x01tx'; do
    exec 8<>"/dev/tcp/127.0.0.1/$port"
    printf '%b' "$garbage" >&8
    # The broker closes: reading ends, and does so before the time for a CONNECT is over.
    timeout 5 cat <&8 >/dev/null
    exec 8>&-
  done
  mqpub -p "$port" -t t -m still-there
  finished "$sub_pid"
  [ "$(cat "$work/out")" = still-there ]
}

@test "--help and --version of each tool: on stdout, exit 0; an unknown option is named" {
  for tool in mqbroker mqpub mqsub mqbench; do
    run -0 --separate-stderr "$tool" --help
    [[ $output == *"$tool"* ]]
    [ -z "$stderr" ]
    run -0 --separate-stderr "$tool" --version
    [[ $output == *"$tool"*[0-9].[0-9]* ]]
    run --separate-stderr "$tool" --no-such-option
    if [ "$tool" = mqbench ]; then [ "$status" -eq 2 ]; else [ "$status" -eq 1 ]; fi
    [[ $stderr == *no-such-option* ]]
    [ -z "$output" ]
  done
}
