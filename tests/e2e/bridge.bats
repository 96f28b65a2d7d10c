#!/usr/bin/env bats
# Bridges to other brokers: mqbroker's `connection`, with Debian's mosquitto and with another
# mqbroker at the other end.

load helper
load certificates

top=()  # settings before those of the bridge

# start_remote KIND [OPTION...]: the broker at the other end; sets $remote and $remote_pid. With a
# $remote_port it is there again where it was, with what it had stored.
start_remote() {
  local kind=$1
  shift
  case $kind in
    mqbroker)
      start_broker ${remote_port:+-p "$remote_port"} "$@"
      remote=$port
      ;;
    mosquitto)
      if [ -z "${remote_port-}" ]; then
        start_mosquitto "$@"
        cp "$work/mosquitto.conf" "$work/remote.conf"
        remote=$port
      else
        mosquitto -c "$work/remote.conf" 2>>"$work/mosquitto.log" 3>&- &
        broker_pid=$!
        pids+=("$broker_pid")
        wait_for accepts "$remote_port"
      fi
      ;;
  esac
  remote_pid=$broker_pid
}

# start_local [LINE...]: mqbroker with a bridge `b` to $remote and those settings; sets $local and
# $local_pid, and returns when the bridge is connected unless $away.
start_local() {
  printf '%s\n' "${top[@]}" 'allow_anonymous true' 'connection b' \
    "address 127.0.0.1:$remote" 'restart_timeout 1' 'remote_clientid B' "$@" >"$work/local.conf"
  rm -f "$work/local.log"
  start_local_again
}

# The same once more.
start_local_again() {
  rm -f "$work/local.port"
  mqbroker -p "${local:-0}" --port-file "$work/local.port" -c "$work/local.conf" \
    2>>"$work/local.log" 3>&- &
  local_pid=$!
  pids+=("$local_pid")
  wait_for eval "[ -s '$work/local.port' ] || gone $local_pid"
  local=$(cat "$work/local.port")
  if [ -z "${away-}" ]; then wait_for state "$local" 1; fi
}

# state PORT VALUE: what is retained there about the bridge.
state() {
  [ "$(mqsub -p "$1" -t "\$SYS/broker/connection/B/state" -C 1 -W 2 2>/dev/null)" = "$2" ]
}

# at PORT NAME COMMAND...: subscribe, there.
at() {
  port=$1
  shift
  subscribe "$@"
}

kill_hard() {
  kill -9 "$1"
  wait "$1" 2>/dev/null || true
}

# retained PORT TOPIC VALUE: what is retained there.
retained() { [ "$(mqsub -p "$1" -t "$2" -C 1 -W 2 -F '%r %p' 2>/dev/null)" = "1 $3" ]; }

# topics_at PORT FILTER: of what is retained there, sorted.
topics_at() {
  at "$1" topics mqsub -q 1 -t "$2" -t probe -F '%t' >&2
  mqpub -p "$1" -q 1 -t probe -m x
  wait_for has_line '^probe$' "$work/topics" >&2
  kill "$sub_pid"
  grep -v '^probe$' "$work/topics" | sort
}

# keeper PORT [OPTION...]: a session at that broker that is kept, and what it is sent, without
# repetitions, once COUNT messages have come.
keeper() {
  local port=$1
  shift
  mqsub -p "$port" -c -i keeper -q 2 -t 'out/#' -t 'in/#' "$@"
}
kept() {
  keeper "$1" -W 1 >>"$work/kept" 2>/dev/null || true
  [ "$(sort -u "$work/kept" | wc -l)" -ge "$2" ]
}

@test "a bridge carries each QoS both ways, with prefixes, to mosquitto and to mqbroker" {
  local kind
  for kind in mosquitto mqbroker; do
    local=''
    start_remote $kind
    start_local 'topic # both 2 here/ there/' 'topic in/# in 1' 'topic out/# out 1'
    at "$remote" remote mqsub -t '#' -q 2 -F '%q %t %p'
    at "$local" local mqsub -t '#' -q 2 -F '%q %t %p'
    for qos in 0 1 2; do
      mqpub -p "$local" -t here/a -q $qos -m "out$qos"
      mqpub -p "$remote" -t there/b -q $qos -m "in$qos"
    done
    # Not asked for in this direction; what is behind shows that it does not come.
    mqpub -p "$remote" -t out/x -q 1 -m not
    mqpub -p "$local" -t in/x -q 1 -m not
    mqpub -p "$remote" -t in/x -q 2 -m last
    mqpub -p "$local" -t out/x -q 2 -m last
    wait_for has_line '^1 out/x last$' "$work/remote"
    wait_for has_line '^1 in/x last$' "$work/local"
    run -0 sort "$work/remote"
    [ "$output" = "$(printf '%s\n' '0 there/a out0' '0 there/b in0' '1 out/x last' '1 out/x not' \
      '1 there/a out1' '1 there/b in1' '2 in/x last' '2 there/a out2' '2 there/b in2')" ]
    run -0 sort "$work/local"
    [ "$output" = "$(printf '%s\n' '0 here/a out0' '0 here/b in0' '1 here/a out1' '1 here/b in1' \
      '1 in/x last' '1 in/x not' '2 here/a out2' '2 here/b in2' '2 out/x last')" ]
    kill "$local_pid" "$remote_pid"
  done
}

@test "what is retained goes over when the bridge connects, and later, and is taken away again" {
  local kind
  for kind in mosquitto mqbroker; do
    local='' away=1
    start_remote $kind
    mqpub -p "$remote" -t old/there -q 1 -r -m 1
    start_local 'topic # both 1'
    mqpub -p "$local" -t old/here -q 1 -r -m 2
    wait_for state "$remote" 1
    mqpub -p "$local" -t gone -q 1 -r -m 3
    wait_for retained "$remote" gone 3
    wait_for retained "$remote" old/here 2
    wait_for retained "$local" old/there 1
    mqpub -p "$local" -t gone -q 1 -r -n
    mqpub -p "$local" -t last -q 1 -r -m 4
    wait_for retained "$remote" last 4
    [ "$(topics_at "$remote" '#')" = $'last\nold/here\nold/there' ]
    kill "$local_pid" "$remote_pid"
  done
}

@test "while the other end is away messages wait here, and over a kill -9 of this broker" {
  local kind
  for kind in mosquitto mqbroker; do
    local='' remote_port='' away=''
    rm -f "$work/kept" "$work"/*.db*
    case $kind in
      mosquitto) start_remote mosquitto 'persistence true' "persistence_location $work/" ;;
      mqbroker) start_remote mqbroker --store "$work/remote.db" ;;
    esac
    start_local 'topic out/# out 2' 'topic in/# in 2' "store $work/local.db"
    keeper "$remote" -E
    seq 1 100 | mqpub -p "$local" -t out/a -q 1 -l
    # mosquitto does not sync, so it ends in order.
    if [ $kind = mosquitto ]; then kill "$remote_pid" && wait_for gone "$remote_pid"; else kill_hard "$remote_pid"; fi
    wait_for state "$local" 0
    seq 101 200 | mqpub -p "$local" -t out/a -q 1 -l
    seq 201 300 | mqpub -p "$local" -t out/a -q 2 -l
    kill_hard "$local_pid"
    away=1
    start_local_again
    remote_port=$remote
    if [ $kind = mosquitto ]; then start_remote mosquitto; else start_remote mqbroker --store "$work/remote.db"; fi
    wait_for state "$remote" 1
    wait_for kept "$remote" 300
    run -0 cmp <(sort -n -u "$work/kept") <(seq 1 300)
    # QoS 1 and 2 come in order, but for what a kill has made come twice.
    kill "$local_pid" "$remote_pid"
  done
}

@test "what is for this broker waits at the other end, over a kill -9 of either" {
  local remote_port=''
  start_remote mqbroker --store "$work/remote.db"
  start_local 'topic out/# out 2' 'topic in/# in 2' "store $work/local.db"
  keeper "$local" -E
  seq 1 100 | mqpub -p "$remote" -t in/a -q 1 -l
  kill_hard "$local_pid"
  wait_for state "$remote" 0
  seq 101 200 | mqpub -p "$remote" -t in/a -q 1 -l
  seq 201 300 | mqpub -p "$remote" -t in/a -q 2 -l
  kill_hard "$remote_pid"
  remote_port=$remote
  start_remote mqbroker --store "$work/remote.db"
  start_local_again
  wait_for kept "$local" 300
  run -0 cmp <(sort -n -u "$work/kept") <(seq 1 300)
}

@test "both brokers are killed again and again while messages go through: none is lost" {
  local remote_port='' away=1
  start_remote mqbroker --store "$work/remote.db"
  start_local 'topic out/# out 2' 'topic in/# in 2' "store $work/local.db"
  remote_port=$remote
  wait_for state "$local" 1
  keeper "$remote" -E
  (seq 1 3000 | mqpub -p "$local" -t out/a -q 1 -l --rate 2000 --reconnect-delay 0.1 2>"$work/pub.err"; echo $? >"$work/published") 3>&- &
  pids+=($!)
  for _ in 1 2 3; do
    wait_for state "$local" 1
    kill_hard "$remote_pid"
    start_remote mqbroker --store "$work/remote.db"
    kill_hard "$local_pid"
    start_local_again
  done
  wait_for test -s "$work/published"
  [ "$(cat "$work/published")" = 0 ]
  wait_for kept "$remote" 3000
  run -0 cmp <(sort -n -u "$work/kept") <(seq 1 3000)
}

@test "with cleansession nothing waits, and with local_cleansession nothing here" {
  local away=1 remote_port=''
  remote=1
  start_local 'topic # out 1' 'cleansession true'
  mqpub -p "$local" -t a -q 1 -m lost
  kill "$local_pid"
  wait_for gone "$local_pid"
  start_remote mqbroker
  at "$remote" there mqsub -t '#'
  start_local 'topic # out 1' 'cleansession true'
  wait_for state "$local" 1
  mqpub -p "$local" -t a -q 1 -m 1
  wait_for has_line '^1$' "$work/there"
  [ "$(cat "$work/there")" = 1 ]
  kill "$local_pid"
  wait_for gone "$local_pid"
  start_local 'topic # both 1' 'local_cleansession true' "store $work/local.db"
  wait_for state "$local" 1
  keeper "$local" -E
  kill "$local_pid"
  wait_for gone "$local_pid"
  mqpub -p "$remote" -t in/a -q 1 -m waited
  start_local_again
  wait_for kept "$local" 1
  [ "$(cat "$work/kept")" = waited ]
}

@test "the state is retained at both ends, and true after a lost connection, a kill and an end" {
  local remote_port=''
  start_remote mosquitto
  start_local 'topic a out' "store $work/local.db"
  wait_for retained "$remote" "\$SYS/broker/connection/B/state" 1
  kill_hard "$remote_pid"
  wait_for state "$local" 0
  remote_port=$remote
  start_remote mosquitto
  wait_for state "$local" 1
  wait_for state "$remote" 1
  kill_hard "$local_pid"
  wait_for state "$remote" 0
  start_local_again
  wait_for state "$remote" 1
  kill "$local_pid"
  wait_for gone "$local_pid"
  wait_for state "$remote" 0
  # What the store says of it.
  kill "$remote_pid"
  wait_for gone "$remote_pid"
  away=1 start_local_again
  state "$local" 0
}

@test "notifications: a topic of their own, here only, not at all" {
  start_remote mqbroker
  away=1 start_local 'topic a out' 'notification_topic at/bridge'
  wait_for retained "$local" at/bridge 1
  wait_for retained "$remote" at/bridge 1
  kill "$local_pid" "$remote_pid"
  start_remote mqbroker
  start_local 'topic a out' 'notifications_local_only true'
  [ -z "$(topics_at "$remote" "\$SYS/broker/connection/#")" ]
  kill "$local_pid"
  at "$remote" there mqsub -t a
  away=1 start_local 'topic a out' 'notifications false'
  wait_for has_line 'bridge_connected' "$work/local.log"
  mqpub -p "$local" -t a -q 1 -m 1
  wait_for has_line '^1$' "$work/there"
  [ -z "$(topics_at "$local" "\$SYS/broker/connection/#")" ]
}

# circle: two mqbrokers that bridge all topics to each other; sets $a and $b.
circle() {
  start_broker
  b=$port
  remote=$b
  away=1 start_local 'topic # both 1'
  a=$local
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  printf '%s\n' 'allow_anonymous true' 'connection back' "address 127.0.0.1:$a" 'topic # both 1' \
    'restart_timeout 1' 'remote_clientid BACK' >"$work/back.conf"
  start_broker -p "$b" -c "$work/back.conf"
  wait_for state "$a" 1
  wait_for retained "$a" "\$SYS/broker/connection/BACK/state" 1
  wait_for retained "$b" "\$SYS/broker/connection/BACK/state" 1
}

@test "two brokers that bridge everything to each other: no message goes in circles" {
  circle
  at "$a" at_a mqsub -t '#' -q 1 -F '%t %p'
  at "$b" at_b mqsub -t '#' -q 1 -F '%t %p'
  mqpub -p "$a" -t from/a -q 1 -m 1
  mqpub -p "$b" -t from/b -q 1 -m 1
  wait_for has_line 'from/a' "$work/at_b"
  wait_for has_line 'from/b' "$work/at_a"
  # What would have come again had time for it behind these.
  mqpub -p "$a" -t end/a -q 1 -m 1
  mqpub -p "$b" -t end/b -q 1 -m 1
  wait_for eval "[ \$(grep -c end '$work/at_b') -ge 2 ] && [ \$(grep -c end '$work/at_a') -ge 2 ]"
  for name in at_a at_b; do
    run -0 sort "$work/$name"
    # Each bridge carries a message: the second copy over the other bridge is no circle.
    [ "$(grep -c from/a "$work/$name")" -le 2 ]
    [ "$(grep -c from/b "$work/$name")" -le 2 ]
  done
  wait_for has_line 'bridge_circle' "$work/local.log"
}

@test "mosquitto gets nothing back by 3.1.1 either, which says that it is a bridge" {
  start_remote mosquitto
  start_local 'topic # both 1' 'bridge_protocol_version mqttv311'
  has_line 'bridge_connected.*3\.1\.1' "$work/local.log"
  at "$local" here mqsub -t '#' -q 1
  mqpub -p "$local" -t a -q 1 -m once
  mqpub -p "$remote" -t a -q 1 -m last
  wait_for has_line '^last$' "$work/here"
  run -0 cat "$work/here"
  [ "$output" = $'once\nlast' ]
}

@test "a broker that retains nothing and has no QoS 1 is asked for less" {
  start_remote mosquitto 'retain_available false' 'max_qos 0'
  start_local 'topic # both 2'
  at "$remote" there mosquitto_sub -t '#'
  mqpub -p "$local" -t a -q 2 -r -m 1
  wait_for has_line '^1$' "$work/there"
}

@test "a log-in at the other end, and one that is wrong" {
  echo 'let me in' >"$work/password"
  start_remote mqbroker --login 'me:let me in'
  away=1 start_local 'topic # out' 'remote_username me' 'remote_password wrong'
  wait_for has_line 'bridge_lost.*' "$work/local.log"
  grep -i 'bridge_lost' "$work/local.log" | grep -qi 'user name\|password\|authori'
  kill "$local_pid"
  away=1 start_local 'topic # out' 'remote_username me' "remote_password_file $work/password"
  wait_for has_line bridge_connected "$work/local.log"
}

@test "rules on topics here: none is about a bridge that says no name" {
  printf '%s\n' 'user reader' 'topic read open/#' "topic readwrite \$SYS/#" 'user me' 'topic readwrite #' >"$work/acl"
  start_remote mqbroker
  top=("acl_file $work/acl")
  away=1 start_local 'topic # out 1'
  wait_for has_line bridge_connected "$work/local.log"
  at "$remote" there mqsub -t '#' -F '%t'
  mqpub -p "$local" -u me -t shut/a -q 1 -m 1
  mqpub -p "$local" -u me -t open/a -q 1 -m 1
  wait_for lines_in 2 "$work/there"
  kill "$local_pid"
  wait_for gone "$local_pid"
  away=1 start_local 'topic shut/# out 1' 'topic open/# out 1' 'local_username reader'
  wait_for has_line 'bridge_topic_refused.*shut/#' "$work/local.log"
  mqpub -p "$local" -u me -t shut/b -q 1 -m 1
  mqpub -p "$local" -u me -t open/b -q 1 -m 1
  wait_for has_line '^open/b$' "$work/there"
  run ! grep shut/b "$work/there"
  kill "$local_pid"
  wait_for gone "$local_pid"
  # With a password it logs in.
  top=('login me:word')
  away=1 start_local 'topic # out 1' 'local_username me' 'local_password wrong'
  wait_for has_line 'bridge_local_end_lost.*Not authorized' "$work/local.log"
  kill "$local_pid"
  wait_for gone "$local_pid"
  away=1 start_local 'topic # out 1' 'local_username me' 'local_password word'
  wait_for has_line bridge_connected "$work/local.log"
  mqpub -p "$local" -u me -P word -t log/in -q 1 -m 1
  wait_for has_line '^log/in$' "$work/there"
  top=()
}

@test "nobody else is the bridge: neither its session here nor its state" {
  start_remote mqbroker
  start_local 'topic # out 1' 'local_clientid inside'
  run ! mqsub -p "$local" -i inside -t '#' -C 1 -W 2
  [[ $output == *dentifier* ]]
  run ! mqpub -p "$local" -V 5 -q 1 -t "\$SYS/broker/connection/B/state" -m 7
  state "$local" 1
}

@test "TLS: certificates at both ends, the host's name, keys" {
  make_ca ca
  make_ca stranger
  make_certificate server ca /CN=localhost DNS:localhost
  make_certificate me ca /CN=me
  start_remote mqbroker --certfile "$certs/server.crt" --keyfile "$certs/server.key" --cafile "$certs/ca.crt" \
    --require-certificate
  local own=("bridge_certfile $certs/me.crt" "bridge_keyfile $certs/me.key")
  away=1 start_local 'topic # out' "bridge_cafile $certs/stranger.crt" "${own[@]}"
  wait_for has_line 'bridge_lost.*certificate' "$work/local.log"
  kill "$local_pid"
  # It is not for an address.
  away=1 start_local 'topic # out' "bridge_cafile $certs/ca.crt" "${own[@]}"
  wait_for has_line 'bridge_lost.*(address|host|IP)' "$work/local.log"
  kill "$local_pid"
  away=1 start_local 'topic # out' "bridge_cafile $certs/ca.crt" "${own[@]}" 'bridge_insecure true'
  wait_for has_line bridge_connected "$work/local.log"
  kill "$local_pid" "$remote_pid"
  echo me:00ff >"$work/psk"
  start_remote mqbroker --psk-file "$work/psk" --psk-hint x
  away=1 start_local 'topic # out' 'bridge_identity me' 'bridge_psk 00fe'
  wait_for has_line bridge_lost "$work/local.log"
  kill "$local_pid"
  away=1 start_local 'topic # out' 'bridge_identity me' 'bridge_psk 00ff'
  wait_for has_line bridge_connected "$work/local.log"
}

# refused WHAT LINE...: a file that mqbroker does not take, and says why.
refused() {
  local what=$1
  shift
  printf '%s\n' "$@" >"$work/bad.conf"
  run -1 mqbroker --check-config "$work/bad.conf"
  [[ $output == *"$what"* ]] || { echo "$output"; return 1; }
}

@test "what a configuration that cannot be used says" {
  refused "bad.conf:1: topic: it belongs under a line 'connection NAME'" 'topic #'
  refused 'bad.conf:1: connection: a bridge needs a name' 'connection'
  refused 'bad.conf:2: connection: there is one of that name already' 'connection b' 'connection b'
  refused 'connection b: it needs an address' 'connection b' 'topic #'
  refused 'connection b: address: one.example and two.example:1884: a bridge has one address' \
    'connection b' 'addresses one.example two.example:1884' 'topic #'
  refused 'connection b: it needs a topic' 'connection b' 'address broker.example'
  refused "'up' is not in, out or both" 'connection b' 'address broker.example' 'topic # up'
  refused "'3' is not a QoS" 'connection b' 'address broker.example' 'topic # out 3'
  refused "a prefix has no wildcards" 'connection b' 'address broker.example' 'topic a out 0 #'
  refused 'bad.conf:2: start_type: a bridge is always to be connected' 'connection b' 'start_type lazy'
  refused 'bad.conf:2: round_robin: a bridge has one address' 'connection b' 'round_robin true'
  refused 'did you mean remote_clientid?' 'connection b' 'remote_clientd x'
  refused 'a remote_password needs a remote_username' 'connection b' 'address broker.example' 'topic #' \
    'remote_password x'
  refused 'write HOST[:PORT], mqtt://HOST or mqtts://HOST' 'connection b' 'address ws://broker.example' 'topic #'
  refused 'two bridges with the local_clientid x' 'connection b' 'address broker.example' 'topic #' \
    'local_clientid x' 'connection c' 'address broker.example' 'topic #' 'local_clientid x'
  printf '%s\n' 'connection b' 'address broker.example' 'topic # both 1 l/ r/' 'remote_username me' \
    'remote_password secret' >"$work/good.conf"
  run -0 mqbroker --print-config -c "$work/good.conf"
  [[ $output == *$'\nconnection b\n'*'topic # both 1 l/ r/'* && $output != *secret* ]]
}
