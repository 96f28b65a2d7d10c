#!/usr/bin/env bats
# mqpub and mqsub as programs: ways to end, exit codes, and what they say when they cannot.

load helper

@test "nobody listens: what was tried and why it failed, exit 1" {
  start_broker
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  for command in "mqpub -t t -m m" "mqsub -t t"; do
    # shellcheck disable=SC2086  # a command and its arguments
    run -1 --separate-stderr timeout 20 ${command%% *} -p "$port" ${command#* }
    [[ $stderr == *"$port"* ]]
    [[ $stderr == *refused* ]]
    [ -z "$output" ]
  done
}

@test "a host name that does not exist" {
  run -1 timeout 30 mqpub -h no-such-host.invalid -t t -m m
  [[ $output == *no-such-host.invalid* ]]
}

@test "mqpub: no topic, no message, or two kinds of message" {
  for arguments in '-m m' '-t t' '-t t -m m -n' '-t t/+ -m m' '-t t -m m -q 3' '-t t -f /no/such/file'; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr timeout 10 mqpub $arguments </dev/null
    [ -n "$stderr" ]
    [ -z "$output" ]
  done
}

@test "mqsub: no topic, or a filter with a misplaced wildcard" {
  for arguments in '' '-t a/#/b' '-t a+' '-t t -C 0' '-t t -q 3'; do
    # shellcheck disable=SC2086
    run -1 --separate-stderr timeout 10 mqsub $arguments
    [ -n "$stderr" ]
    [ -z "$output" ]
  done
}

@test "mqsub -W: exit 27 after the time, whether or not messages came" {
  start_broker
  run -27 timeout 10 mqsub -p "$port" -t t -W 1
  mqpub -p "$port" -t t -r -m kept
  run -27 --separate-stderr timeout 10 mqsub -p "$port" -t t -W 1
  [ "$output" = kept ]
}

@test "mqsub -W covers the time to connect" {
  # A listener that accepts and never answers.
  /usr/bin/python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + ".tmp", "w").write(str(s.getsockname()[1]))
import os; os.rename(sys.argv[1] + ".tmp", sys.argv[1])
time.sleep(60)' "$work/port" 3>&- &
  pids+=($!)
  wait_for test -s "$work/port"
  run -27 timeout 10 mqsub -p "$(cat "$work/port")" -t t -W 1
}

@test "mqsub -E ends when subscribed" {
  start_broker
  run -0 timeout 10 mqsub -p "$port" -t t -E
  [ -z "$output" ]
}

@test "mqsub: a closed pipe is a quiet exit 0" {
  start_broker
  mqpub -p "$port" -t t -r -m kept
  (
    timeout 20 mqsub -p "$port" -t '#' 2>"$work/pipe.err"
    echo $? >"$work/status"
  ) 3>&- | head -n 1 >"$work/head" &
  pids+=($!)
  wait_for test -s "$work/head"
  # The reader is gone; the next message finds out.
  send_until_over() {
    mqpub -p "$port" -t t -m more
    test -s "$work/status"
  }
  wait_for send_until_over
  [ "$(cat "$work/status")" -eq 0 ]
  [ ! -s "$work/pipe.err" ]
}

@test "mqsub: SIGINT and SIGTERM end it in order, exit 0" {
  start_broker
  for signal in INT TERM; do
    subscribe "$signal" mqsub -t t
    kill "-$signal" "$sub_pid"
    finished "$sub_pid"
    has_line DISCONNECT "$work/$signal.err"
  done
}

@test "mqsub -T, -R, --retained-only, -v, -N and an empty payload" {
  start_broker
  mqpub -p "$port" -t a/kept -r -m kept
  subscribe all mqsub -t 'a/#' -v
  subscribe fresh mqsub -t 'a/#' -R -T a/skipped -N
  mqpub -p "$port" -t a/skipped -m skipped
  mqpub -p "$port" -t a/empty -n
  mqpub -p "$port" -t a/new -m new
  wait_for has_line '^a/new new$' "$work/all"
  wait_for has_line '^new' "$work/fresh"
  [ "$(cat "$work/all")" = "a/kept kept
a/skipped skipped
a/empty (null)
a/new new" ]
  [ "$(cat "$work/fresh")" = new ]
  [ "$(wc -c <"$work/fresh")" -eq 3 ]
  subscribe retained mqsub -t 'a/#' --retained-only
  mqpub -p "$port" -t a/end -m end
  finished "$sub_pid"
  [ "$(cat "$work/retained")" = kept ]
}

@test "mqsub -U: unsubscribed topics of a durable session are gone" {
  start_broker
  mqsub -p "$port" -c -i durable -q 1 -t one -t two -E
  run timeout 10 mqsub -p "$port" -c -i durable -q 1 -U one -W 1
  mqpub -p "$port" -q 1 -t one -m one
  mqpub -p "$port" -q 1 -t two -m two
  run -27 --separate-stderr timeout 10 mqsub -p "$port" -c -i durable -q 1 -t three -v -W 1
  [ "$output" = 'two two' ]
}

@test "mqpub --repeat and --repeat-delay" {
  start_broker
  subscribe out mqsub -t t -C 3
  start=$(date +%s%N)
  mqpub -p "$port" -t t -m again -q 1 --repeat 3 --repeat-delay 0.2
  [ $((($(date +%s%N) - start) / 1000000)) -ge 400 ]
  finished "$sub_pid"
  [ "$(cat "$work/out")" = "again
again
again" ]
}

@test "-L: host, port and topic from a URL" {
  start_broker
  subscribe out mqsub -t from/url -C 1
  mqpub -L "mqtt://127.0.0.1:$port/from/url" -m hello
  finished "$sub_pid"
  [ "$(cat "$work/out")" = hello ]
}

@test "-L: what the query says of a message; a key that is not known" {
  start_broker
  mqpub -L "mqtt://localhost:$port/a/b?qos=1&retain=1&client-id=me" -m hello -d 2>"$work/pub.err"
  has_line "me sending PUBLISH .d0, q1, r1, m1, 'a/b'" "$work/pub.err"
  [ "$(mqsub -L "mqtt://localhost:$port/a/%23?qos=2" -C 1 -F '%t %p')" = 'a/b hello' ]
  run -1 mqpub -L "mqtt://localhost:$port/t?ttl=3" -m m
  [[ $output == *"'ttl' in the query is not one of qos, retain and client-id"* ]]
  run -1 mqrr -L "mqtt://localhost:$port/t?retain=1" -e e -m m
  [[ $output == *'nothing is retained here'* ]]
}

@test "a unix socket of Debian's mosquitto; one that is not there" {
  start_mosquitto "listener 0 $work/sock"
  wait_for test -S "$work/sock"
  mqpub --unix "$work/sock" -t t -r -q 1 -m hello
  [ "$(timeout 20 mqsub --unix "$work/sock" -t t -C 1)" = hello ]
  [ "$(mqrr --unix "$work/sock" -t r -e r -m echo -W 20)" = echo ]
  run -1 mqpub --unix "$work/none" -t t -m m
  [[ $output == *"cannot connect to unix:$work/none: no such file or directory (is a broker running there?)"* ]]
}

@test "-V auto: MQTT 5, or 3.1.1 where the broker does not know it" {
  start_broker
  mqpub -p "$port" -V auto -t t -m m -r -q 1 -d 2>"$work/v5.err"
  has_line 'received PUBACK .*RC:16' "$work/v5.err"
  [ "$(grep -c 'sending CONNECT' "$work/v5.err")" -eq 1 ]
  start_broker --accept-protocol-versions 3,4
  mqpub -p "$port" -V auto -t t -m hello -r -q 1 -d 2>"$work/pub.err"
  [ "$(grep -c 'sending CONNECT' "$work/pub.err")" -eq 2 ]
  # -R asks for something that only MQTT 5 has, and does without.
  [ "$(timeout 20 mqsub -p "$port" -V auto -t t -C 1)" = hello ]
  run -27 mqsub -p "$port" -V auto -t t -R -W 0.3
  [ "$(mqrr -p "$port" -V auto -t r -e r -m echo -W 20)" = echo ]
  # Where an option needs MQTT 5, that is what is wanted.
  run -132 mqsub -p "$port" -V auto -t t --sub 'a;nl' -W 20
  run -132 mqpub -p "$port" -V auto -t t -m m -D publish content-type text
  [[ $output == *'(0x84)'*'; choose another one with -V'* ]]
  run -132 mqpub -p "$port" -V 5 -t t -m m
}

@test "--probe: Debian's mosquitto and mqbroker, all of it works; as JSON" {
  start_mosquitto 'max_qos 1'
  run -0 mqsub -p "$port" --probe -W 60
  [[ $output == *'protocol                  MQTT 5.0'*'maximum QoS               1'* ]]
  [[ $output =~ 'QoS 1 round trip          '[0-9.]+' ms' ]]
  [[ $output == *'QoS 2 round trip          not offered'* ]]
  status=0
  mqsub -p "$port" --probe >/dev/full 2>"$work/full.err" || status=$?
  [ "$status" -eq 14 ]
  has_line 'Error: cannot write the output: No space left' "$work/full.err"
  start_broker --max-packet-size 5000
  mqsub -p "$port" -i me --probe -j -W 60 >"$work/probe.json"
  [ "$(jq -r '[.checks[].result] | unique | join(" ")' "$work/probe.json")" = works ]
  [ "$(jq '.checks | length' "$work/probe.json")" -eq 6 ]
  [ "$(jq -c '[.version, .maximum_packet_size, .maximum_qos, .client_id, .connect_ms > 0]' "$work/probe.json")" = \
    '["5.0",5000,2,"me",true]' ]
  # It leaves nothing behind.
  [ -z "$(timeout 20 mqsub -p "$port" -t '#' --retained-exit)" ]
  run -0 mqsub -p "$port" --probe -V 311
  [[ $output == *'MQTT 3.1.1'* ]]
  start_broker --accept-protocol-versions 3,4
  run -0 mqsub -p "$port" --probe
  [[ $output == *'MQTT 3.1.1'* ]]
}

@test "--probe: what fails, and what there is no answer from" {
  # What is published at QoS 1 and 2 is refused with an answer, the rest is let through.
  printf '%s\n' 'topic read #' 'topic write mqkit/probe/+/qos0' 'topic write mqkit/probe/+/any/level' \
    'topic write mqkit/probe/+/shared' >"$work/acl"
  start_broker --acl-file "$work/acl"
  run -1 mqsub -p "$port" --probe -W 60
  [[ $output == *'QoS 1 round trip          FAILED: the message was refused by '*'Not authorized (0x87)'* ]]
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  run -1 --separate-stderr mqsub -p "$port" --probe
  [ -z "$output" ]
  [[ $stderr == *'connection refused'* ]]
  start_mosquitto
  # The broker is stopped in the middle.
  kill -STOP "$broker_pid"
  run -27 timeout 20 mqsub -p "$port" --probe -W 0.3
  kill -CONT "$broker_pid"
  run -1 mqsub -p "$port" --probe -t t
  [[ $output == *'--probe has topics and an output of its own'* ]]
}

@test "-d on stderr, the messages alone on stdout; --quiet says nothing" {
  start_broker
  run -0 --separate-stderr mqpub -p "$port" -t t -m m -q 2 -d
  [ -z "$output" ]
  for packet in CONNECT CONNACK PUBLISH PUBREC PUBREL PUBCOMP DISCONNECT; do
    [[ $stderr == *$packet* ]]
  done
  kill "$broker_pid"
  finished "$broker_pid"
  run -1 timeout 20 mqpub -p "$port" -t t -m m --quiet
  [ -z "$output" ]
}

@test "two clients of one name: the first is told and does not come back" {
  start_broker
  subscribe first mqsub -V 5 -i same -t t
  first_pid=$sub_pid
  subscribe second mqsub -V 5 -i same -t t -C 1
  wait_for has_line 'DISCONNECT.*(142|0x8[eE])' "$work/first.err"
  mqpub -p "$port" -t t -m m
  finished "$sub_pid"
  kill "$first_pid" 2>/dev/null || true
}
