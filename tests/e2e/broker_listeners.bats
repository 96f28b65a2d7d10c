#!/usr/bin/env bats
# Where connections to mqbroker come from: behind a proxy, on sockets that somebody else has opened.
load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
}

# start_proxy HEADER: in front of $port; each connection gets the header, as printf writes it, and
# is passed on. Sets $port to the proxy's.
start_proxy() {
  rm -f "$work/proxy.port"
  python3 -c '
import socket, sys, threading
header = sys.argv[2].encode("latin-1").decode("unicode_escape").encode("latin-1")
listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[3] + ".new", "w") as file:
    file.write(str(listener.getsockname()[1]))
import os
os.rename(sys.argv[3] + ".new", sys.argv[3])
def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        sink.close()
while True:
    client, _ = listener.accept()
    broker = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    broker.sendall(header)
    for pair in ((client, broker), (broker, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
' "$port" "$1" "$work/proxy.port" 2>"$work/proxy.err" 3>&- &
  pids+=($!)
  wait_for test -s "$work/proxy.port"
  port=$(cat "$work/proxy.port")
}

# v2 [SSL]: a header of version 2 from 192.0.2.7:4242, with these bytes as its field about TLS.
v2() {
  local ssl=${1-} size=12
  if [ -n "$ssl" ]; then
    local bytes
    bytes=$(printf '%b' "${ssl//\\x00/x}" | wc -c)
    size=$((12 + 3 + bytes))
    ssl=$(printf '\\x20\\x00\\x%02x' "$bytes")$ssl
  fi
  printf '%s' '\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00' "$(printf '\\x%02x' $size)" \
    '\xc0\x00\x02\x07\x7f\x00\x00\x01\x10\x92\x07\x5b' "$ssl"
}

@test "PROXY protocol, version 1: the log has the client's address; without the header nobody gets in" {
  start_broker -v --enable-proxy-protocol 1
  local direct=$port
  start_proxy 'PROXY TCP4 192.0.2.7 127.0.0.1 4242 1883\r\n'
  mosquitto_pub -p "$port" -i behind -t t -m x
  mqpub -p "$port" --ws -i ws -t t -m x
  has_line 'connected client=behind peer=192.0.2.7:4242 ' "$work/broker.log"
  has_line 'connected client=ws peer=192.0.2.7:4242 ' "$work/broker.log"
  run ! mosquitto_pub -p "$direct" -t t -m x
  wait_for has_line 'handshake_failed peer=127.0.0.1:[0-9]+ error="no PROXY header that is usable: the connection begins with something else' \
    "$work/broker.log"
}

@test "PROXY protocol, version 2, with TLS behind it" {
  start_broker -v --enable-proxy-protocol 2 --certfile "$certs/server.crt" --keyfile "$certs/server.key"
  start_proxy "$(v2)"
  mosquitto_pub -h localhost -p "$port" --cafile "$certs/ca.crt" -i behind -t t -m x
  has_line 'connected client=behind peer=192.0.2.7:4242 ' "$work/broker.log"
}

@test "PROXY protocol, version 2: TLS that ends at the proxy, and the name in the certificate" {
  printf '%s\n' 'user alice' 'topic a/#' >"$work/acl"
  start_broker -v --enable-proxy-protocol 2 --proxy-protocol-v2-require-tls --require-certificate \
    --use-identity-as-username --acl-file "$work/acl"
  local broker=$port
  start_proxy "$(v2 '\x07\x00\x00\x00\x00\x22\x00\x05alice')"
  mqpub -p "$port" -V 5 -q 1 -i behind -u bob -t a/1 -m x
  has_line 'connected client=behind peer=192.0.2.7:4242 user=alice' "$work/broker.log"
  port=$broker
  start_proxy "$(v2 '\x01\x00\x00\x00\x01\x22\x00\x05alice')"
  run ! mqpub -p "$port" -t a/1 -m x
  has_line 'handshake_failed peer=\S+ error="the client gave the proxy no certificate' "$work/broker.log"
  port=$broker
  start_proxy "$(v2)"
  run ! mqpub -p "$port" -t a/1 -m x
  has_line "handshake_failed peer=\S+ error=\"the client's connection to the proxy was without TLS" \
    "$work/broker.log"
}

# handed PLACE... -- COMMAND...: runs it with sockets that listen there, as systemd would, in place of this shell, and writes
# their ports into $PORTS.
handed() {
  exec python3 -c '
import os, socket, sys
split = sys.argv.index("--")
sockets = []
for place in sys.argv[1:split]:
    if place.startswith("/"):
        one = socket.socket(socket.AF_UNIX)
        one.bind(place)
    elif place == "dual":
        one = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    else:
        one = socket.create_server((place, 0))
    one.listen()
    sockets.append(one)
with open(os.environ["PORTS"] + ".new", "w") as file:
    for one in sockets:
        if one.family != socket.AF_UNIX:
            print(one.getsockname()[1], file=file)
os.rename(os.environ["PORTS"] + ".new", os.environ["PORTS"])
copies = [os.dup(one.fileno()) for one in sockets]
high = [os.dup2(fd, 100 + n) for n, fd in enumerate(copies)]
for n, fd in enumerate(high):
    os.dup2(fd, 3 + n, inheritable=True)
os.environ["LISTEN_FDS"] = str(len(sockets))
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
' "$@"
}

@test "socket activation: the sockets that are handed down are the listeners" {
  PORTS=$work/ports handed 127.0.0.1 "$work/sock" -- mqbroker 2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for has_line '^listening on 127.0.0.1:[0-9]+ and unix:' "$work/broker.log"
  mqsub -p "$(cat "$work/ports")" -d -t t -C 1 >"$work/got" 2>"$work/sub.err" 3>&- &
  local sub_pid=$!
  pids+=("$sub_pid")
  wait_for has_line SUBACK "$work/sub.err"
  mqpub --unix "$work/sock" -t t -m x
  finished "$sub_pid"
  [ "$(cat "$work/got")" = x ]
  # The file belongs to who made it.
  kill "${pids[0]}"
  finished "${pids[0]}"
  [ -S "$work/sock" ]
}

@test "socket activation: a listener of the file takes the socket of its place, others are named" {
  # A socket for both families serves `listener PORT`, and goes on doing so after SIGHUP.
  printf '%s\n' 'allow_anonymous true' >"$work/mqbroker.conf"
  PORTS=$work/ports handed dual 127.0.0.1 -- bash -c \
    "echo listener \$(head -n 1 $work/ports) >>$work/mqbroker.conf; exec mqbroker -c $work/mqbroker.conf" \
    2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for has_line '^listening on \[::\]:[0-9]+ \(no password, open' "$work/broker.log"
  has_line '^Warning: a socket for 127.0.0.1:[0-9]+ was handed down, and no listener has that place' \
    "$work/broker.log"
  mqpub -h 127.0.0.1 -p "$(head -n 1 "$work/ports")" -t t -m x
  mqpub -h ::1 -p "$(head -n 1 "$work/ports")" -t t -m x
  kill -HUP "${pids[0]}"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  run ! grep -q needs_restart "$work/broker.log"
  # Beyond this machine the same is asked for as with sockets of its own.
  run -1 env PORTS="$work/ports" bash -c "$(declare -f handed); handed dual -- mqbroker"
  [[ $output == *'can be reached from other machines'* ]]
}

@test "--lan opens the broker to others, and wants somebody to have a password" {
  run -1 timeout 10 mqbroker --lan -p 0
  [[ $output == *'can be reached from other machines'* ]]
  start_broker --lan --login alice:secret
  grep -q '(with passwords, open to other machines)' "$work/broker.log"
  mosquitto_pub -p "$port" -u alice -P secret -t t -m x
}

@test "limits of one listener hold there and not elsewhere" {
  printf '%s\n' 'listen mqtt://127.0.0.1:0' 'listener_message_size_limit 5' 'listener_max_packet_size 1k' \
    'listener_auto_id_prefix guest-' 'listen mqtt://127.0.0.1:0' 'listen mqtt://127.0.0.1:0' \
    'listener_max_connect_seconds 0.2' >"$work/conf"
  mqbroker -v -c "$work/conf" --port-file "$work/ports" 2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for test -s "$work/ports"
  local ports
  mapfile -t ports <"$work/ports"
  run ! mqpub -p "${ports[0]}" -V 5 -q 1 -t t -m 'more than five'
  mqpub -p "${ports[0]}" -V 5 -q 1 -t t -m five
  mqpub -p "${ports[1]}" -V 5 -q 1 -t t -m 'more than five'
  # Who says nothing is closed at the one, while the other still listens to him.
  exec 7<>"/dev/tcp/127.0.0.1/${ports[1]}"
  run -0 timeout 30 cat <"/dev/tcp/127.0.0.1/${ports[2]}"
  has_line 'detail="no CONNECT in time".* limit=max_connect_seconds' "$work/broker.log"
  run -124 timeout 0.1 cat <&7
  exec 7>&-
  has_line 'connected client=guest-' "$work/broker.log"
  has_line 'connected client=auto-' "$work/broker.log"
}
