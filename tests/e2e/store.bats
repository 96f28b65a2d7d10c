#!/usr/bin/env bats
# What mqbroker keeps in its store: after kill -9, over a restart, and what it says of files that it
# cannot use.

load helper

# start_stored [OPTION...]: a broker on $work/store; after the first time on the same port.
start_stored() {
  if [ -n "${port:-}" ]; then
    mqbroker -p "$port" --store "$work/store" "$@" 2>>"$work/broker.log" 3>&- &
    broker_pid=$!
    pids+=("$broker_pid")
    wait_for accepts "$port"
  else
    start_broker --store "$work/store" "$@"
  fi
}

crash() {
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
}

pub() { mosquitto_pub -p "$port" -V 5 "$@"; }
sub() { timeout 20 mosquitto_sub -p "$port" -V 5 -c -x 3600 -i durable "$@"; }

@test "kill -9: a durable session, its queue of both QoS, and retained messages are there" {
  start_stored
  sub -t 'a/#' -q 2 -E
  seq 1 500 | mqpub -p "$port" -l -q 1 -t a/1
  seq 501 1000 | mqpub -p "$port" -l -q 2 -t a/2
  pub -t r -r -q 1 -m kept
  pub -t gone -r -q 1 -m x
  pub -t gone -r -q 1 -n
  crash
  start_stored
  sub -t 'a/#' -q 2 -C 1000 >"$work/got"
  seq 1 1000 | diff - "$work/got"
  [ "$(timeout 10 mosquitto_sub -p "$port" -t '#' -C 1 -v)" = 'r kept' ]
}

@test "an orderly end and a restart: the same, from one file" {
  start_stored
  sub -t a -q 1 -E
  pub -t a -q 1 -m waiting
  kill "$broker_pid"
  finished "$broker_pid"
  [ "$(find "$work" -name "store*")" = "$work/store" ]
  start_stored
  [ "$(sub -t a -q 1 -C 1)" = waiting ]
}

@test "a delayed will waits on, and message expiry goes on, while the broker is down" {
  start_stored
  sub -t 'w/#' -q 1 -E
  subscribe out mosquitto_sub -V 5 -i willing -c -x 60 -t none --will-topic w/1 \
    --will-payload dead --will-qos 1 -D will will-delay-interval 1
  pub -t w/2 -q 1 -m brief -D publish message-expiry-interval 1
  kill -9 "$sub_pid"
  pub -t w/3 -q 1 -m lasting -D publish message-expiry-interval 3600
  crash
  sleep 1.2 # the time in question
  start_stored
  sub -t 'w/#' -q 1 -C 2 -v >"$work/got"
  printf '%s\n' 'w/1 dead' 'w/3 lasting' | diff - <(sort "$work/got")
}

@test "persistence, persistence_location and persistence_file of a mosquitto.conf" {
  printf '%s\n' 'persistence true' "persistence_location $work/" 'persistence_file p.db' \
    'autosave_interval 60' >"$work/conf"
  start_broker -c "$work/conf"
  pub -t r -r -q 1 -m kept
  [ -s "$work/p.db" ]
}

@test "a second broker on the store: exit 1, and the first one's process id" {
  start_stored
  run -1 timeout 10 mqbroker -p 0 --store "$work/store"
  [[ $output == *"in use by process $broker_pid"* ]]
}

@test "a damaged store: refused and left alone; --store-recover sets it aside" {
  echo 'this is not a store, and never was one' >"$work/store"
  run -1 timeout 10 mqbroker -p 0 --store "$work/store"
  [[ $output == *--store-recover* ]]
  grep -q 'never was' "$work/store"
  start_stored --store-recover
  grep -q 'never was' "$work"/store.bad-*
  grep -q 'store_set_aside' "$work/broker.log"
}

@test "without --store: no thread, no file" {
  cd "$work"
  start_broker
  mqpub -p "$port" -t r -r -q 1 -m kept
  grep -q '^Threads:[[:space:]]*1$' "/proc/$broker_pid/status"
  run ! grep sqlite "/proc/$broker_pid/maps"
  [ -z "$(find "$work" -name '*store*' -o -name '*.db')" ]
}

@test "a full disk: publishers are told or wait, and go on when there is room" {
  local image=$work/disk
  mkdir "$image"
  mount -t tmpfs -o size=1m none "$image" 2>/dev/null || skip 'this test mounts a small disk'
  start_broker --store "$image/store" --max-store-backlog 64k
  sub -t a -q 1 -E
  head -c 900000 /dev/zero >"$image/ballast" || true
  timeout 5 mosquitto_pub -p "$port" -V 5 -t a -q 1 -s < <(head -c 200000 /dev/zero) || true
  wait_for has_line store_failing "$work/broker.log"
  run pub -d -t a -q 1 -m refused
  [[ $output == *'RC:151'* || $output == *'Quota'* || $output == *'97'* ]]
  rm "$image/ballast"
  wait_for has_line store_works_again "$work/broker.log"
  pub -t a -q 1 -m stored
  kill -9 "$broker_pid"
  umount -l "$image"
}

@test "kill -9 at random moments, a few: nothing acknowledged is missing, nothing twice" {
  "$BATS_TEST_DIRNAME/../crash/run" 4
}
