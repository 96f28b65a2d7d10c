#!/usr/bin/env bats
# mqpub --spool: what was read is at the broker or in the file, whatever happens, and the next run
# sends it first.

load helper

no_broker=1 # a port where nobody listens

# restart_broker: the one of start_broker, on its port.
restart_broker() {
  mqbroker -p "$port" 2>>"$work/broker.log" 3>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  wait_for accepts "$port"
}

@test "without a broker lines are kept, and each is sent later as it was meant" {
  cd "$work"
  run -75 --separate-stderr timeout 20 mqpub -p $no_broker -t a -q 1 -l --spool q.db <<<$'1\n2'
  [[ $stderr == *'refused'*'2 messages are kept in q.db for the next run.'* ]]
  run -75 --separate-stderr timeout 20 mqpub -p $no_broker -V 5 -t b -q 2 -r -m 3 --spool q.db \
    -D publish user-property k v
  [[ $stderr == *'3 messages are kept'* ]]
  run -75 --separate-stderr timeout 20 mqpub -p $no_broker -t c -n --spool q.db --quiet
  [ -z "$stderr" ]
  start_broker
  subscribe out mqsub -V 5 -t '#' -q 2 -C 6 -F '%t %q %p,%P'
  run -0 --separate-stderr timeout 20 mqpub -p "$port" -V 5 -t d -q 1 -l --spool q.db <<<$'5\n6'
  [ -z "$stderr" ]
  finished "$sub_pid"
  diff "$work/out" - <<'.'
a 1 1,
a 1 2,
b 2 3,k:v
c 0 ,
d 1 5,
d 1 6,
.
  # They are gone from the spool. Without a message only what is there is sent.
  subscribe out mqsub -t '#' -R -C 1
  timeout 20 mqpub -p "$port" --spool q.db
  timeout 20 mqpub -p "$port" -t end -m end --spool q.db
  finished "$sub_pid"
  [ "$(cat "$work/out")" = end ]
  [ "$(timeout 20 mqsub -p "$port" -t b -C 1)" = 3 ]
}

@test "the input is read on while the broker is away, and sent when it is back" {
  start_broker
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  mkfifo "$work/fifo"
  mqpub -p "$port" -l -t t -q 1 --spool "$work/q.db" --retry-connect --reconnect-delay 0.1,0.2 <"$work/fifo" \
    2>"$work/pub.err" 3>&- &
  pub_pid=$!
  pids+=("$pub_pid")
  exec 7>"$work/fifo"
  wait_for has_line 'trying again' "$work/pub.err"
  # More than there is room for in the pipe and in --max-queue.
  seq 100000 >&7
  restart_broker 7>&-
  echo end >&7
  exec 7>&-
  finished "$pub_pid"
  # Who subscribes later than mqpub connects does not see all: the broker's count tells.
  # shellcheck disable=SC2016  # a topic
  received() { [ "$(mqsub -p "$port" -t '$SYS/broker/publish/messages/received' -C 1 -W 5)" -ge 100001 ]; }
  WAIT_SECONDS=30 wait_for received
}

@test "killed at random moments, alone and with the broker: no line that was read is missing" {
  run -0 "$BATS_TEST_DIRNAME/../crash/spool" 2
  [[ $output == *'0 missing'* ]]
}

@test "a file goes on where the killed run had left it" {
  start_broker
  subscribe out mqsub -t t -q 2
  seq 3000 >"$work/in"
  exec 7<"$work/in"
  for round in 1 2 3; do
    mqpub -p "$port" -l -t t -q 1 --spool "$work/q.db" --rate 5000 <&7 3>&- &
    pub_pid=$!
    pids+=("$pub_pid")
    wait_for lines_in $((round * 300)) "$work/out"
    kill -9 "$pub_pid"
    wait_for gone "$pub_pid"
  done
  timeout 20 mqpub -p "$port" -l -t t -q 1 --spool "$work/q.db" <&7
  exec 7<&-
  mqpub -p "$port" -t t -q 2 -m end
  wait_for has_line '^end$' "$work/out"
  diff <(seq 3000) <(grep -v end "$work/out" | awk '!seen[$0]++')
}

@test "SIGTERM keeps what is not delivered" {
  cd "$work"
  mkfifo fifo
  mqpub -p $no_broker -l -t t -q 1 --spool q.db <fifo 2>pub.err 3>&- &
  pub_pid=$!
  pids+=("$pub_pid")
  exec 7>fifo
  echo one >&7
  wait_for has_line 'trying again' pub.err
  kill -TERM "$pub_pid"
  status=0
  finished "$pub_pid" || status=$?
  [ "$status" -eq 143 ]
  exec 7>&-
  grep -q '1 message is kept in q.db' pub.err
}

@test "over --spool-size the oldest lines are dropped, counted and told" {
  cd "$work"
  run -1 --separate-stderr timeout 20 mqpub -p $no_broker -t t -l --spool q.db --spool-size 4096 < <(seq 1000)
  [[ $stderr == *'q.db is full: the oldest messages are dropped'* ]]
  dropped=$(sed -n 's/^Error: \([0-9]*\) of the oldest.*/\1/p' <<<"$stderr")
  kept=$(sed -n 's/^Error: \([0-9]*\) messages are kept.*/\1/p' <<<"$stderr")
  [ $((dropped + kept)) -eq 1000 ]
  [ "$kept" -gt 50 ]
  start_broker
  subscribe out mqsub -t t -C "$kept"
  timeout 20 mqpub -p "$port" --spool q.db
  finished "$sub_pid"
  diff out <(seq $((dropped + 1)) 1000)
  head -c 5000 /dev/zero >large
  run -9 --separate-stderr timeout 20 mqpub -p "$port" -t t -f large --spool q.db --spool-size 4096
  [[ $stderr == *'does not fit into q.db'* ]]
}

@test "two on one spool, a damaged one, and what is not one" {
  cd "$work"
  start_broker
  mkfifo fifo
  mqpub -p "$port" -l -t t --spool q.db <fifo 3>&- &
  pub_pid=$!
  pids+=("$pub_pid")
  exec 7>fifo
  wait_for test -s q.db
  in_use() { mqpub -p "$port" -t t -m m --spool q.db 2>&1 | grep -qx "Error: q.db is in use by process $pub_pid"; }
  wait_for in_use
  run -1 mqpub -p "$port" -t t -m m --spool q.db
  exec 7>&-
  finished "$pub_pid"
  echo 'not a database' >text
  run -1 mqpub -p "$port" -t t -m m --spool text
  [[ $output == *'cannot use text: file is not a database'* ]]
  [ "$(cat text)" = 'not a database' ]
  run -1 mqpub -p "$port" -t t -m m --spool no/such/directory
  [[ $output == *'cannot open no/such/directory'*'No such file or directory'* ]]
  seq 2000 | timeout 20 mqpub -p $no_broker -l -t t --spool damaged || [ $? -eq 75 ]
  printf '%s' "$(printf '\x55%.0s' {1..500})" | dd of=damaged bs=1 seek=8192 conv=notrunc status=none
  sum=$(sha256sum damaged)
  run -1 mqpub -p "$port" -t t -m m --spool damaged
  [[ $output == *damaged* ]]
  [ "$(sha256sum damaged)" = "$sum" ]
}

@test "with --jsonl, --to, --topic-separator, --template and --rate" {
  cd "$work"
  timeout 20 mqpub -p $no_broker --jsonl -t x --spool q.db <<<'{"topic":"j","payload":"1","qos":2,"retain":true}
{"payload_b64":"AP8="}' || [ $? -eq 75 ]
  timeout 20 mqpub -p $no_broker -l --topic-separator ' ' --spool q.db <<<'s/1 two words' || [ $? -eq 75 ]
  timeout 20 mqpub -p $no_broker -t a --to b -m '{n}' --template --spool q.db || [ $? -eq 75 ]
  start_broker
  subscribe out mqsub -t '#' -q 2 -C 8 -F '%t %q %x'
  timeout 20 mqpub -p "$port" -t r -q 1 -l --rate 100 --spool q.db <<<$'1\n2\n3'
  finished "$sub_pid"
  diff out - <<'.'
j 2 31
x 0 00ff
s/1 0 74776f20776f726473
a 0 31
b 0 31
r 1 31
r 1 32
r 1 33
.
  [ "$(timeout 20 mqsub -p "$port" -t j -C 1)" = 1 ]
}

@test "a message that the broker refuses leaves the spool, and is told" {
  cd "$work"
  printf '%s\n' 'topic read #' 'topic write allowed' >acl
  timeout 20 mqpub -p $no_broker -V 5 -q 1 -l --topic-separator ' ' --spool q.db \
    <<<$'denied 1\nallowed 2' || [ $? -eq 75 ]
  start_broker --acl-file acl
  subscribe out mqsub -t '#' -C 1
  run -135 --separate-stderr timeout 20 mqpub -p "$port" -V 5 --spool q.db
  [[ $stderr == *"A message to 'denied' was refused by localhost:$port: Not authorized (0x87)"* ]]
  finished "$sub_pid"
  [ "$(cat out)" = 2 ]
  run -0 timeout 20 mqpub -p "$port" --spool q.db
}

@test "a message that the broker has no room for stays for the next run" {
  cd "$work"
  start_broker --max-retained-messages 1
  mqpub -p "$port" -t kept -r -m m
  run -151 --separate-stderr timeout 20 mqpub -p "$port" -V 5 -q 1 -t more -r -m m --spool q.db
  [[ $stderr == *'Quota exceeded (0x97)'*'1 message is kept'* ]]
  mqpub -p "$port" -t kept -r -n
  run -0 timeout 20 mqpub -p "$port" -V 5 --spool q.db
  [ "$(timeout 20 mqsub -p "$port" -t more -C 1)" = m ]
}
