#!/usr/bin/env bats
# Lines in, lines out: mqpub and mqsub, mosquitto_pub and mosquitto_sub, mqbroker and Debian's
# mosquitto, in every mixture, and each with MQTT 3.1, 3.1.1 and 5.0 on either side.

load helper

# exchange PUBLISHER SUBSCRIBER: seven lines from one to the other, in all nine mixtures of versions.
exchange() {
  local pub_version sub_version name
  seq 7 | sed 's|.*|&  a line with blanks\tand a tab, number &|' >"$work/in"
  sed 's|^|host/vmstat |' "$work/in" >"$work/expected"
  for pub_version in 31 311 5; do
    for sub_version in 31 311 5; do
      name=$pub_version-to-$sub_version
      subscribe "$name" "$2" -V "$sub_version" -t 'host/#' -q 1 -C 7 -v
      "$1" -p "$port" -V "$pub_version" -l -t host/vmstat -q 1 <"$work/in"
      finished "$sub_pid"
      diff <(messages "$name") "$work/expected"
    done
  done
}

@test "vmstat -n 1 5 through mqpub, mqbroker and mqsub" {
  start_broker
  subscribe out mqsub -t 'host/#' -C 7 -v
  vmstat -n 1 5 | tee "$work/in" | mqpub -p "$port" -l -t host/vmstat -q 1
  finished "$sub_pid"
  diff "$work/out" <(sed 's|^|host/vmstat |' "$work/in")
}

@test "mqbroker: mqpub to mqsub" {
  start_broker
  exchange mqpub mqsub
}

@test "mqbroker: mqpub to mosquitto_sub" {
  start_broker
  exchange mqpub mosquitto_sub
}

@test "mqbroker: mosquitto_pub to mqsub" {
  start_broker
  exchange mosquitto_pub mqsub
}

@test "mqbroker: mosquitto_pub to mosquitto_sub" {
  start_broker
  exchange mosquitto_pub mosquitto_sub
}

@test "mosquitto: mqpub to mqsub" {
  start_mosquitto
  exchange mqpub mqsub
}

@test "mosquitto: mqpub to mosquitto_sub" {
  start_mosquitto
  exchange mqpub mosquitto_sub
}

@test "mosquitto: mosquitto_pub to mqsub" {
  start_mosquitto
  exchange mosquitto_pub mqsub
}

@test "QoS 0, 1 and 2 and retained, with both publishers" {
  start_broker
  for pub in mqpub mosquitto_pub; do
    for qos in 0 1 2; do
      "$pub" -p "$port" -t "keep/$pub/$qos" -q "$qos" -r -m "$qos"
    done
  done
  for sub in mqsub mosquitto_sub; do
    run -0 timeout 10 "$sub" -p "$port" -t 'keep/#' -q 2 -C 6 -F '%t %q %r %p'
    [ "$(sort <<<"$output")" = "keep/mosquitto_pub/0 0 1 0
keep/mosquitto_pub/1 1 1 1
keep/mosquitto_pub/2 2 1 2
keep/mqpub/0 0 1 0
keep/mqpub/1 1 1 1
keep/mqpub/2 2 1 2" ]
  done
  # An empty retained message clears; -W ends the wait for what is no longer there.
  for topic in keep/{mqpub,mosquitto_pub}/{0,1,2}; do mqpub -p "$port" -t "$topic" -r -n; done
  run -27 timeout 10 mqsub -p "$port" -t 'keep/#' -W 1
}

@test "100000 lines at each QoS, every one of them, in order" {
  start_broker
  for qos in 0 1 2; do
    subscribe "out$qos" mqsub -t "lines/$qos" -q "$qos" -C 100000
    seq 100000 | mqpub -p "$port" -l -t "lines/$qos" -q "$qos"
    finished "$sub_pid"
    cmp "$work/out$qos" <(seq 100000)
  done
}

@test "more lines than there are packet identifiers, to Debian's mosquitto" {
  start_mosquitto
  subscribe out mqsub -t lines -q 1 -C 70000
  seq 70000 | mqpub -p "$port" -l -t lines -q 1
  finished "$sub_pid"
  cmp "$work/out" <(seq 70000)
}

@test "lines are published as they arrive, not when the input ends" {
  start_broker
  subscribe out mqsub -t t
  mkfifo "$work/fifo"
  mqpub -p "$port" -l -t t <"$work/fifo" 3>&- &
  pids+=($!)
  exec 7>"$work/fifo"
  for line in one two three; do
    echo "$line" >&7
    wait_for has_line "^$line\$" "$work/out"
  done
  exec 7>&-
  finished "${pids[-1]}"
}

@test "lines are eight-bit clean: NUL, CR, no UTF-8, an empty line, no newline at the end" {
  start_broker
  printf 'nul\0in\n\r\n\n\xff\xfe\nlast' >"$work/in"
  subscribe out mqsub -t t -C 5 -F '%x'
  mqpub -p "$port" -l -t t -q 1 <"$work/in"
  finished "$sub_pid"
  [ "$(cat "$work/out")" = "6e756c00696e
0d

fffe
6c617374" ]
}

# The payloads of $work/out, written by mqsub -j, each followed by a line feed as in the input.
decoded() {
  jq -r 'if .payload_b64 then .payload_b64 else (.payload // "" | @base64) end' "$work/out" |
    while read -r line; do
      base64 -d <<<"$line"
      echo
    done
}

# bytes_through QOS: what is in $work/in comes out of mqsub -N and -j as it went into mqpub -l.
bytes_through() {
  local lines
  lines=$(grep -ac '' "$work/in")
  subscribe raw mqsub -t t -q 2 -C "$lines" -N
  raw_pid=$sub_pid
  subscribe out mqsub -t t -q 2 -C "$lines" -j
  mqpub -p "$port" -l -t t -q "$1" <"$work/in"
  finished "$raw_pid"
  finished "$sub_pid"
  # A last line without a line feed is given one.
  if [ -n "$(tail -c 1 "$work/in")" ]; then echo >>"$work/in"; fi
  cmp <(tr -d '\n' <"$work/in") "$work/raw"
  cmp "$work/in" <(decoded)
}

@test "mqpub -l to mqsub and mqsub -j: all bytes, CRLF, empty lines, no last line feed, long lines" {
  start_broker
  {
    for ((byte = 0; byte < 256; ++byte)); do
      if [ "$byte" -ne 10 ]; then printf '%b' "\\x$(printf %02x $byte)"; fi
    done
    printf '\n\n\nends with CR LF\r\n\r\nnul \0 in it\n\0\n\xff\xfe\n{"json": "a\\u0000b"}\nlast'
  } >"$work/in"
  for qos in 0 1 2; do
    cp "$work/in" "$work/kept"
    bytes_through "$qos"
    cp "$work/kept" "$work/in"
  done
  {
    head -c 1000000 /dev/urandom | tr -d '\n'
    printf '\n'
    head -c 1000000 /dev/zero
    printf '\nshort\n'
    head -c 1000000 /dev/zero | tr '\0' x
  } >"$work/in"
  bytes_through 1
}

@test "user properties and the other properties of a publish arrive unaltered and in order" {
  start_broker
  subscribe out mosquitto_sub -V 5 -t t -C 1 -F '%C|%D|%R|%P|%p'
  mqpub -p "$port" -V 5 -t t -m hello -D publish content-type text/plain \
    -D publish correlation-data 4711 -D publish response-topic back \
    -D publish user-property b 2 -D publish user-property a 1 -D publish user-property b 1
  finished "$sub_pid"
  [ "$(messages out)" = 'text/plain|4711|back|b:2 a:1 b:1|hello' ]
}

@test "a will is sent when its client is killed, and not when it leaves in order" {
  start_broker
  subscribe out mosquitto_sub -t wills -C 1
  subscribe orderly mqsub -t other --will-topic wills --will-payload no
  kill -TERM "$sub_pid"
  finished "$sub_pid" || true
  subscribe killed mqsub -t other --will-topic wills --will-payload yes --will-qos 1
  kill -9 "$sub_pid"
  wait_for has_line '^yes$' "$work/out"
  run ! grep '^no$' "$work/out"
}

@test "a durable session keeps what came while its client was away" {
  start_broker
  mqsub -p "$port" -c -i durable -q 1 -t t -E
  seq 10 | mqpub -p "$port" -l -t t -q 1
  timeout 10 mqsub -p "$port" -c -i durable -q 1 -t t -C 4 >"$work/first"
  timeout 10 mqsub -p "$port" -c -i durable -q 1 -t t -C 6 >"$work/second"
  diff <(seq 10) <(cat "$work/first" "$work/second")
}

@test "mosquitto sends more than the Receive Maximum in a session that goes on: mqsub takes it" {
  start_mosquitto 'max_inflight_messages 100'
  mqsub -p "$port" -V 5 -c -x 60 -i durable -q 1 -t t -E
  subscribe out mqsub -V 5 -c -x 60 -i durable -q 1 -t t -C 5000
  seq 5000 | mqpub -p "$port" -l -t t -q 1
  WAIT_SECONDS=60 finished "$sub_pid"
  cmp "$work/out" <(seq 5000)
}

@test "shared subscriptions: each message to one member" {
  start_broker
  subscribe a mqsub -V 5 -q 1 -t "\$share/group/jobs"
  subscribe b mosquitto_sub -V 5 -q 1 -t "\$share/group/jobs"
  seq 1000 | mqpub -p "$port" -l -t jobs -q 1
  all_there() { [ "$(cat <(messages a) <(messages b) | wc -l)" -ge 1000 ]; }
  wait_for all_there
  cmp <(cat <(messages a) <(messages b) | sort -n) <(seq 1000)
  [ "$(messages a | wc -l)" -ge 300 ]
  [ "$(messages b | wc -l)" -ge 300 ]
}
