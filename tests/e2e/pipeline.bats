#!/usr/bin/env bats
# mqpub and mqsub between other programs: records, JSON, notations, commands, files, selection, pace.

load helper

@test "mqsub -j and mqpub --jsonl: what is recorded can be played again, byte for byte" {
  start_broker
  subscribe record mqsub -V 5 -t 'in/#' -q 2 -C 4 -j
  mqpub -p "$port" -V 5 -t in/text -q 1 -m 'say "hi"' -D publish content-type text/plain \
    -D publish user-property k v -D publish user-property k w
  head -c 100000 /dev/urandom >"$work/random"
  mqpub -p "$port" -t in/random -q 2 -f "$work/random"
  mqpub -p "$port" -t in/empty -n -q 1
  mqpub -p "$port" -t in/nul -s -q 1 < <(printf '\0')
  finished "$sub_pid"
  [ "$(wc -l <"$work/record")" -eq 4 ]
  jq -e . "$work/record" >/dev/null
  subscribe again mqsub -V 5 -t 'in/#' -q 2 -C 4 -j
  mqpub -p "$port" -V 5 --jsonl <"$work/record"
  finished "$sub_pid"
  diff <(jq -S 'del(.tst, .mid)' "$work/record") <(jq -S 'del(.tst, .mid)' "$work/again")
  [ "$(jq -r 'select(.topic == "in/random").payload_b64' "$work/again" | base64 -d | cmp - "$work/random" && echo same)" = same ]
}

@test "--replay keeps the distances, --speed divides them" {
  start_broker
  subscribe out mqsub -t t -C 3 -F '@s.@N %p'
  printf '{"tst":"2026-01-01T00:00:%s+0000","topic":"t","payload":"%s"}\n' \
    00.000 a 00.600 b 01.200 c | mqpub -p "$port" --jsonl --replay --speed 2
  finished "$sub_pid"
  awk '{ if (NR > 1) { apart = $1 - before; if (apart < 0.25 || apart > 2) exit 1 } before = $1 }' \
    "$work/out"
  [ "$(cut -d' ' -f2 "$work/out" | tr -d '\n')" = abc ]
}

@test "NUL, a delimiter of several bytes, a topic in each line" {
  start_broker
  subscribe out mqsub -t '#' -v -0 -C 7
  printf 'a\nb\0c\0' | mqpub -p "$port" -t nul -l -0
  printf 'a-b--c' | mqpub -p "$port" -t dash -l --delimiter --
  printf 'x/1=one\nx/2=t=wo\n' | mqpub -p "$port" -l --topic-separator =
  printf '\nkept\n' | mqpub -p "$port" -t keep -l --skip-empty --keep-newline
  finished "$sub_pid"
  printf '%s\0' $'nul a\nb' 'nul c' 'dash a-b' 'dash c' 'x/1 one' 'x/2 t=wo' $'keep kept\n' |
    cmp - "$work/out"
}

@test "a line that is no record is named and skipped; the exit code says so" {
  start_broker
  subscribe out mqsub -t t -C 2
  run -1 --separate-stderr mqpub -p "$port" --jsonl <<<'{"topic":"t","payload":"1"}
nonsense
{"topic":"t","payload":"2"}'
  [[ $stderr == *'Line 2 cannot be sent: it is not a JSON object.'* ]]
  finished "$sub_pid"
  [ "$(cat "$work/out")" = '1
2' ]
}

@test "a line of a megabyte, and all bytes" {
  start_broker
  subscribe out mqsub -t t -C 2 -N
  # A zero for each of a million bytes, then every byte but the line feed.
  /usr/bin/python3 -c 'import sys
sys.stdout.buffer.write(bytes(1000000) + b"\n" + bytes(b for b in range(256) if b != 10))' >"$work/in"
  mqpub -p "$port" -t t -l -q 1 <"$work/in"
  finished "$sub_pid"
  [ "$(tr -d '\n' <"$work/in" | md5sum)" = "$(md5sum <"$work/out")" ]
}

@test "--to, --template, --rate, --interval" {
  start_broker
  subscribe out mqsub -t '#' -v -C 6
  start=$(date +%s%N)
  mqpub -p "$port" -t 'a/{n}' --to b -m '{"n":{n}}' --template --repeat 3 --interval 0.1
  [ $((($(date +%s%N) - start) / 1000000)) -ge 200 ]
  finished "$sub_pid"
  [ "$(cat "$work/out")" = 'a/1 {"n":1}
b {"n":1}
a/2 {"n":2}
b {"n":2}
a/3 {"n":3}
b {"n":3}' ]
  start=$(date +%s%N)
  seq 300 | mqpub -p "$port" -t t -l --rate 1000
  [ $((($(date +%s%N) - start) / 1000000)) -ge 290 ]
}

@test "--encode and --decode: hex, base64, JSON, CBOR, MessagePack" {
  start_broker
  for notation in hex base64 json cbor msgpack; do
    case $notation in
      hex) text=00ff41 ;;
      base64) text=AP9B ;;
      *) text='{"a":[1,2.5,null],"b":"x"}' ;;
    esac
    mqpub -p "$port" -r -q 1 -t "$notation" -m "$text" --encode "$notation"
    [ "$(mqsub -p "$port" -t "$notation" -C 1 --decode "$notation")" = "$text" ]
  done
  [ "$(mqsub -p "$port" -t hex -C 1 -F %x)" = 00ff41 ]
  [ "$(mqsub -p "$port" -t cbor -C 1 -F %x | head -c 2)" = a2 ]
  run -1 mqpub -p "$port" -t t -m '{' --encode cbor
}

@test "--decode auto and protobuf-raw; what is neither" {
  start_broker
  subscribe auto mqsub -t t -C 4 --decode auto
  auto_pid=$sub_pid
  subscribe fields mqsub -t p -C 2 -v --decode protobuf-raw
  mqpub -p "$port" -q 1 -t t -m '{"a": 1}'
  mqpub -p "$port" -q 1 -t t -m 'plain text'
  mqpub -p "$port" -q 1 -t t -m '{"a": 1}' --encode cbor
  mqpub -p "$port" -q 1 -t t -m 00ff --encode hex
  mqpub -p "$port" -q 1 -t p -m ff --encode hex
  mqpub -p "$port" -q 1 -t p -m '089601 1a03 0a0161' --encode hex
  finished "$auto_pid"
  finished "$sub_pid"
  [ "$(cat "$work/auto")" = '{"a":1}
plain text
{"a":1}
00ff' ]
  [ "$(cat "$work/fields")" = 'p 1: 150
3 {
  1: "a"
}' ]
  has_line 'Error: Message payload on topic p is not Protocol Buffers' "$work/fields.err"
}

@test "--topic-re: only topics that fit" {
  start_broker
  subscribe out mqsub -t '#' -C 2 -F %t --topic-re '^site[0-9]+/' --topic-re 'temp$'
  for topic in site1/temp xsite1/temp site2/hum site22/temp; do mqpub -p "$port" -q 1 -t "$topic" -m 1; done
  finished "$sub_pid"
  [ "$(cat "$work/out")" = $'site1/temp\nsite22/temp' ]
  run -1 mqsub -t t --topic-re '('
}

@test "--log-file: what is reported, with the time, and with --quiet nowhere else" {
  start_broker
  echo before >"$work/report"
  run -0 --separate-stderr mqpub -p "$port" -t t -m m -q 1 -d --quiet --log-file "$work/report"
  [ -z "$stderr$output" ]
  [ "$(head -n 1 "$work/report")" = before ]
  [ "$(grep -cE '^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z Client .* (CONNECT|CONNACK|PUBLISH|PUBACK|DISCONNECT)' "$work/report")" -eq 5 ]
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  run -1 --separate-stderr mqsub -p "$port" -t t --log-file "$work/report"
  [[ $stderr == 'Error: cannot connect to localhost'* ]]
  has_line 'Z Error: cannot connect to localhost' "$work/report"
  run -1 --separate-stderr mqsub -p "$port" -t t --log-file /dev/full
  [[ $stderr == *'Warning: cannot write /dev/full: No space left on device'* ]]
  run -1 mqsub -p "$port" -t t --log-file /no/such/report
  [[ $output == *'Unable to write the log file /no/such/report: No such file or directory.'* ]]
}

@test "--exec: the payload on standard input, the topic in the environment, two jobs at a time" {
  start_broker
  # shellcheck disable=SC2016  # the command's own shell expands it
  subscribe out mqsub -t 'x/#' -C 3 --exec 'printf "%s %s\n" "$MQTT_TOPIC" "$(cat)"'
  for i in 1 2 3; do mqpub -p "$port" -q 1 -t "x/$i" -m "payload $i"; done
  finished "$sub_pid"
  [ "$(cat "$work/out")" = 'x/1 payload 1
x/2 payload 2
x/3 payload 3' ]
  # Two at a time: each waits until the other one has begun.
  mkfifo "$work/fifo"
  subscribe jobs mqsub -t y -C 2 --exec-jobs 2 --exec \
    "read -r me; if [ \$me = 1 ]; then cat $work/fifo; else echo met >$work/fifo; fi"
  printf '1\n2\n' | mqpub -p "$port" -t y -l -q 1
  finished "$sub_pid"
  [ "$(cat "$work/jobs")" = met ]
}

@test "--exec-map: the first line that fits; a command that fails is reported" {
  start_broker
  printf '%s\n' '# comment' $'a/b\techo first' 'a/#  echo second' 'c exit 3' >"$work/map"
  subscribe out mqsub -t '#' -C 4 --exec-map "$work/map"
  for topic in a/b a/c c d; do mqpub -p "$port" -q 1 -t "$topic" -m x; done
  finished "$sub_pid"
  [ "$(cat "$work/out")" = 'first
second' ]
  has_line "'exit 3' ended with exit code 3" "$work/out.err"
  printf 'a/#/b echo\n' >"$work/map"
  run -1 mqsub -p "$port" -t t --exec-map "$work/map"
  [[ $output == *"$work/map:1"* ]]
}

@test "--exec: input that the command does not read is no error" {
  start_broker
  head -c 1000000 /dev/zero | mqpub -p "$port" -r -q 1 -t big -s
  run -0 timeout 10 mqsub -p "$port" -t big -C 1 --exec 'echo done'
  [ "$output" = 'done' ]
}

@test "--output, --rotate" {
  start_broker
  echo before >"$work/file"
  subscribe out mqsub -t t -C 10 --output "$work/file" --rotate 20
  seq 1000 1009 | mqpub -p "$port" -t t -l -q 1
  finished "$sub_pid"
  [ ! -s "$work/out" ]
  [ "$(cat "$work/file.1" "$work/file.2" "$work/file.3" "$work/file")" = "before
$(seq 1000 1009)" ]
  [ "$(wc -c <"$work/file.2")" -eq 20 ]
}

@test "-O; a file that cannot be written on is not put aside" {
  start_broker
  subscribe out mqsub -t t -C 1 -O "$work/small"
  mqpub -p "$port" -q 1 -t t -m hello
  finished "$sub_pid"
  [ "$(cat "$work/small")" = hello ]
  # No file may be larger than a kilobyte; the message is, and --rotate would be due.
  (
    trap '' XFSZ
    ulimit -f 1
    timeout 60 mqsub -p "$port" -d -t t -O "$work/file" --rotate 2000 2>"$work/limited.err" ||
      echo $? >"$work/status"
  ) 3>&- &
  pids+=($!)
  wait_for has_line SUBACK "$work/limited.err"
  printf 'x%.0s' {1..3000} | mqpub -p "$port" -q 1 -t t -s
  wait_for test -s "$work/status"
  [ "$(cat "$work/status")" -eq 14 ]
  has_line 'Error: cannot write the output: file too large' "$work/limited.err"
  [ "$(wc -c <"$work/file")" -eq 1024 ]
  [ ! -e "$work/file.1" ]
}

@test "--output-dir: a file for each topic or message, and none outside" {
  start_broker
  mkdir "$work/elsewhere"
  subscribe topics mqsub -t '#' -C 4 --output-dir "$work/by-topic"
  subscribe_pid=$sub_pid
  subscribe messages mqsub -t '#' -C 4 --output-dir "$work/by-message" --one-file-per message
  ln -s "$work/elsewhere/victim" "$work/by-topic/link"
  mqpub -p "$port" -q 1 -t ../../escape -m one
  mqpub -p "$port" -q 1 -t ../../escape -m two
  mqpub -p "$port" -q 1 -t /etc/x -m three
  mqpub -p "$port" -q 1 -t link -m four
  run -14 finished "$subscribe_pid"  # the one behind the link is missing
  finished "$sub_pid"
  [ "$(cat "$work/by-topic/%2E.%2F..%2Fescape")" = 'one
two' ]
  [ "$(cat "$work/by-topic/%2Fetc%2Fx")" = three ]
  [ -z "$(ls -A "$work/elsewhere")" ]
  [ "$(find "$work/by-message" -type f | wc -l)" -eq 4 ]
  [ "$(cat "$work"/by-message/link.*)" = four ]
}

@test "--grep, --grep-v, --on-change, --until, --until-topic, --fail-if" {
  start_broker
  send() { printf '%s\n' a=1 a=1 b=1 a=2 stop later | mqpub -p "$port" -t t -l -q 1; }
  subscribe grep mqsub -t t --grep '^a' --grep-v 2 --until-topic end
  subscribe change mqsub -t t --on-change --until '^st'
  change_pid=$sub_pid
  subscribe fail mqsub -t t --fail-if 'b=[0-9]'
  fail_pid=$sub_pid
  subscribe end mqsub -t '#' --until-topic other/+ --until-topic end
  send
  mqpub -p "$port" -q 1 -t end -m end
  finished "$change_pid"
  finished "$sub_pid"
  finished "$fail_pid" || status=$?
  [ "$status" -eq 3 ]
  [ "$(cat "$work/grep")" = 'a=1
a=1' ]
  [ "$(cat "$work/change")" = 'a=1
b=1
a=2
stop' ]
  [ "$(cat "$work/fail")" = 'a=1
a=1
b=1' ]
  [ "$(tail -n 1 "$work/end")" = end ]
}

@test "--sub: options and identifiers for each filter" {
  start_broker
  subscribe out mqsub -V 5 --sub 'a;id=7' --sub 'b;id=8;qos=1' -t c -F '%t %S %q' -C 3
  for topic in a b c; do mqpub -p "$port" -q 1 -t "$topic" -m x; done
  finished "$sub_pid"
  [ "$(cat "$work/out")" = 'a 7 0
b 8 1
c  0' ]
}

@test "--stats on standard error, as JSON with -j" {
  start_broker
  mqpub -p "$port" -r -q 1 -t t -m hello
  run -0 --separate-stderr mqsub -p "$port" -t t -C 1 --stats
  [[ $stderr == '1 messages, 5 B, in '* ]]
  run -0 --separate-stderr mqsub -p "$port" -t t -C 1 --stats -j
  [ "$(jq .messages <<<"$stderr")" -eq 1 ]
}

@test "--escape and --color" {
  start_broker
  printf 'a\033[2Jb' | mqpub -p "$port" -r -q 1 -t t -s
  [ "$(mqsub -p "$port" -t t -C 1 | xxd -p)" = 611b5b324a620a ]
  [ "$(mqsub -p "$port" -t t -C 1 --escape always)" = 'a\x1b[2Jb' ]
  [ "$(mqsub -p "$port" -t t -C 1 -v --color always --escape always)" = $'\e[36mt\e[0m a\\x1b[2Jb' ]
}

@test "-w: each topic on its line, nothing of a longer value left" {
  start_broker
  subscribe out mqsub -t '#' -w -v -C 3
  mqpub -p "$port" -q 1 -t a -m 'a long value'
  mqpub -p "$port" -q 1 -t b -m b
  mqpub -p "$port" -q 1 -t a -m short
  finished "$sub_pid"
  [ "$(cat "$work/out")" = $'\e[2J\e[1;1HBroker: localhost\e[2;1Ha a long value\e[K\e[3;1Hb b\e[K\e[2;1Ha short\e[K' ]
}

@test "a SOCKS proxy, with and without a password" {
  start_broker
  start_socks
  mqpub -p "$port" -r -q 1 -t t -m hello --proxy "socks5h://127.0.0.1:$socks_port"
  [ "$(mqsub -p "$port" -t t -C 1 --proxy "socks5h://127.0.0.1:$socks_port")" = hello ]
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  run -1 --separate-stderr mqsub -p "$port" -t t --proxy "socks5h://127.0.0.1:$socks_port"
  [[ $stderr == *"proxy 127.0.0.1:$socks_port cannot connect to localhost:$port"* ]]
  start_broker
  start_socks -u 'us@er' -P 'p:w'
  [ "$(mqpub -p "$port" -t t -m hello --proxy "socks5h://us%40er:p%3Aw@127.0.0.1:$socks_port" && echo sent)" = sent ]
  run -1 --separate-stderr mqpub -p "$port" -t t -m m --proxy "socks5h://u:wrong@127.0.0.1:$socks_port"
  [[ $stderr == *'does not take the user name and password'* ]]
}

@test "-4 and -6" {
  start_broker
  mqpub -4 -p "$port" -t t -m m
  run -1 --separate-stderr mqpub -6 -h 127.0.0.1 -p "$port" -t t -m m
  [[ $stderr == *'it has no IPv6 address'* ]]
}

@test "passwords from a file, the environment and a terminal; not in the list of processes" {
  start_mosquitto
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  mosquitto_passwd -c -b "$work/passwd" user secret
  chmod 644 "$work/passwd"
  sed -i 's/allow_anonymous true/allow_anonymous false/' "$work/mosquitto.conf"
  printf '%s\n' "password_file $work/passwd" >>"$work/mosquitto.conf"
  mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" 3>&- &
  pids+=($!)
  wait_for accepts "$port"
  run -5 --separate-stderr mqpub -p "$port" -t t -m m
  run -5 --separate-stderr mqpub -p "$port" -t t -m m -u user -P wrong
  printf 'secret\nnot this\n' >"$work/secret"
  mqpub -p "$port" -t t -m m -u user --pw-file "$work/secret"
  mqpub -p "$port" -t t -m m -u user --password-file "$work/secret"
  MQTT_PASSWORD=secret mqpub -p "$port" -t t -m m -u user --pw-env
  MINE=secret mqpub -p "$port" -t t -m m -u user --pw-env=MINE
  run -1 mqpub -p "$port" -t t -m m -u user --pw-env=NO_SUCH_VARIABLE
  subscribe out mqsub -t t -u user -P secret
  run ! grep -aq secret "/proc/$sub_pid/cmdline"
  /usr/bin/python3 -c '
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
while b"Password: " not in seen:
    seen += os.read(terminal, 100)
os.write(terminal, b"secret\n")
try:
    while more := os.read(terminal, 100):
        seen += more
except OSError:
    pass
assert b"secret" not in seen, seen
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))' \
    mqpub -p "$port" -t t -m m -u user --pw-prompt
}

@test "%{name} in a format, and --stamp for the age" {
  start_broker
  mqpub -p "$port" -r -q 1 -t home/kitchen/t -m '{"v": {"n": 21.5}}' --stamp
  run -0 mqsub -p "$port" -V 5 -t '#' -C 1 -F '%{topic:2} %{json:v.n} %{seq} %{dup} %{delta} %{age}'
  [[ $output =~ ^'kitchen 21.5 1 0 0.000000 '[0-9]+\.[0-9]{3}$ ]]
  [ "$(mqsub -p "$port" -t '#' -C 1 -F '%10{json:v.n}|%{b64}')" = '      21.5|eyJ2IjogeyJuIjogMjEuNX19' ]
  [[ $(mqsub -p "$port" -t '#' -C 1 -F '%{utc}') =~ ^[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z$ ]]
  [ "$(mqsub -p "$port" -t '#' -C 1 -i me -F '%{host} %{id}')" = 'localhost me' ]
  # The identifier is the one that the broker made up.
  [[ $(mqsub -p "$port" -V 5 -t '#' -C 1 -F '%{id}') == auto-* ]]
  [ "$(mqrr -p "$port" -i me -t r -e r -m echo -W 20 -F '%{id} %p')" = 'me echo' ]
  run -1 mqsub -t t -F '%{what}'
  [[ $output == *"'{what}'"*'topic:N'* ]]
}

@test "--payload-size and --payload-fill" {
  start_broker
  subscribe out mqsub -t t -C 3 -F '%l %x'
  mqpub -p "$port" -t t --payload-size 3 --payload-fill zero -q 1
  mqpub -p "$port" -t t --payload-size 4 --payload-fill seq -q 1
  mqpub -p "$port" -t t --payload-size 2k -q 1
  finished "$sub_pid"
  [ "$(head -n 2 "$work/out")" = $'3 000000\n4 00010203' ]
  [[ $(tail -n 1 "$work/out") == '2048 '* ]]
  run -1 mqpub -t t --payload-size 268435456
  [[ $output == *'at most 268435455 bytes'* ]]
  run -1 mqpub -t t --payload-size 1 -m m
}

@test "--prop: properties of any bytes" {
  start_broker
  printf 'of a\0file' >"$work/value"
  subscribe out mqsub -V 5 -t t -C 3 -F '%{props}'
  for value in hex:00ff b64:AP8= "@$work/value"; do
    mqpub -p "$port" -t t -m m -q 1 --prop "publish.correlation-data=$value"
  done
  finished "$sub_pid"
  [ "$(cat "$work/out")" = '{"correlation-data_b64":"AP8="}
{"correlation-data_b64":"AP8="}
{"correlation-data_b64":"b2YgYQBmaWxl"}' ]
}
