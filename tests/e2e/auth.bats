#!/usr/bin/env bats
# Passwords and rules: mqbroker with files of mosquitto's, and mosquitto with files of mqbroker's.

load helper

# users NAME...: a password file $work/users in which everybody's password is "secret".
users() {
  local name
  : >"$work/users"
  for name in "$@"; do mqbroker passwd -b -I 1000 "$work/users" "$name" secret; done
}

login() { # NAME COMMAND...
  local name=$1 command=$2
  shift 2
  timeout 10 "$command" -p "$port" -u "$name" -P secret "$@"
}

@test "mqbroker passwd: create, change, delete, hash a plain file" {
  mqbroker passwd -b -c "$work/p" alice one
  mqbroker passwd -b "$work/p" bob two
  mqbroker passwd -b -H argon2id "$work/p" carol three
  grep -q '^alice:[$]7[$]' "$work/p"
  grep -q '^carol:[$]argon2id[$]' "$work/p"
  [ "$(stat -c %a "$work/p")" = 600 ]
  chmod 640 "$work/p"
  mqbroker passwd -D "$work/p" alice
  [ "$(cut -d: -f1 "$work/p" | tr '\n' ' ')" = 'bob carol ' ]
  [ "$(stat -c %a "$work/p")" = 640 ]
  run -1 mqbroker passwd -D "$work/p" alice
  run -1 mqbroker passwd -b "$work/p" 'a:b' x
  run -1 mqbroker passwd -b "$work/none" alice x
  echo from-input | mqbroker passwd "$work/p" dave
  printf '%s\n' 'eve:plain one' 'frank:two' >"$work/plain"
  mqbroker passwd -U "$work/plain"
  run ! grep -q 'plain one' "$work/plain"
  cat "$work/plain" >>"$work/p"
  start_broker --password-file "$work/p"
  for login in 'bob two' 'carol three' 'dave from-input' 'eve plain one' 'frank two'; do
    mqpub -p "$port" -u "${login%% *}" -P "${login#* }" -t t -m m
  done
  run ! mqpub -p "$port" -u bob -P one -t t -m m
  run ! mqpub -p "$port" -t t -m m
}

@test "password files of mosquitto_passwd work here, and ours there" {
  mosquitto_passwd -b -c "$work/theirs" alice secret
  mosquitto_passwd -H sha512 -b "$work/theirs" bob secret
  start_broker --password-file "$work/theirs"
  login alice mosquitto_pub -t t -m m
  login bob mosquitto_pub -t t -m m
  run -5 mosquitto_pub -p "$port" -u alice -P wrong -t t -m m
  run -5 mosquitto_pub -p "$port" -t t -m m
  run ! mosquitto_pub -V 5 -p "$port" -u carol -P secret -t t -m m
  # One line for each refusal: address, client, user, reason.
  grep -qE 'refused client=\S+ peer=\S+:[0-9]+ user=carol detail="Not authorized"' "$work/broker.log"

  users alice
  start_mosquitto_with "password_file $work/users"
  login alice mosquitto_pub -t t -m m
  run -5 mosquitto_pub -p "$port" -u alice -P wrong -t t -m m
}

# start_mosquitto_with LINE...: like start_mosquitto, with passwords.
start_mosquitto_with() {
  start_mosquitto
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  # Started by root it would become another user, who cannot read the files.
  printf '%s\n' "listener $port 127.0.0.1" 'user root' "$@" >"$work/mosquitto.conf"
  mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" 3>&- &
  pids+=($!)
  wait_for accepts "$port"
}

@test "--login and \$MQBROKER_LOGIN: one user without a file, on every address" {
  start_broker --login alice:secret --lan
  login alice mqpub -t t -m m
  run ! mqpub -p "$port" -u alice -P other -t t -m m
  run ! mqpub -p "$port" -t t -m m
  grep -q 'with passwords, open to other machines' "$work/broker.log"
  users alice
  MQBROKER_LOGIN=$(cat "$work/users") start_broker
  login alice mqpub -t t -m m
  run ! mqpub -p "$port" -t t -m m
}

@test "rules: what is denied is told where the protocol can, and arrives nowhere" {
  users alice bob
  printf '%s\n' 'topic read public/#' 'user alice' 'topic readwrite a/#' 'topic deny a/secret' \
    'pattern read home/%u/#' >"$work/acl"
  start_broker --password-file "$work/users" --acl-file "$work/acl" --allow-anonymous
  subscribe seen mqsub -u alice -P secret -V 5 -v -t '#' -t 'a/#'
  login alice mqpub -V 5 -q 1 -t a/x -m 1
  run ! login alice mqpub -V 5 -q 1 -t a/secret -m 2
  run ! login alice mqpub -V 5 -q 1 -t public/x -m 3
  run ! login bob mqpub -V 5 -q 1 -t a/x -m 4
  login bob mqpub -q 1 -t a/x -m 5 # 3.1.1 has no words for it
  run ! login alice mqpub -V 5 -q 1 -t home/alice/x -m 6
  run ! mqpub -p "$port" -V 5 -q 1 -t public/x -m 7
  # A will, a shared subscription, a subscription that could deliver nothing.
  run ! login alice mqpub -V 5 --will-topic public/w --will-payload w -t a/x -m 8
  run login bob mqsub -V 5 -t 'a/#' -W 1
  [[ $output == *[Nn]ot\ authorized* ]]
  run login bob mqsub -V 5 -t "\$share/g/a/#" -W 1
  [[ $output == *[Nn]ot\ authorized* ]]
  login alice mqpub -V 5 -q 1 -t a/last -m 9
  wait_for has_line 'a/last 9' "$work/seen"
  [ "$(cat "$work/seen")" = $'a/x 1\na/last 9' ]
  grep -qE 'publish_refused client=\S+ peer=\S+ user=alice detail="Not authorized: a/secret"' "$work/broker.log"
  grep -qE 'subscribe_refused client=\S+ peer=\S+ user=bob' "$work/broker.log"
}

@test "the same rules by Debian's mosquitto let the same messages through" {
  users alice bob
  printf '%s\n' 'topic read public/#' 'user alice' 'topic readwrite a/#' 'topic deny a/secret' \
    'user bob' 'topic write a/+' 'pattern readwrite home/%u/%c/#' >"$work/acl"
  local broker
  for broker in mqbroker mosquitto; do
    if [ $broker = mqbroker ]; then
      start_broker --password-file "$work/users" --acl-file "$work/acl"
    else
      start_mosquitto_with "password_file $work/users" "acl_file $work/acl"
    fi
    subscribe "$broker.seen" mosquitto_sub -u alice -P secret -i cid -v -t '#'
    for topic in a/1 a/secret a/b/2 public/3 home/alice/cid/4 home/alice/other/5 home/bob/me/6; do
      login bob mosquitto_pub -q 1 -i me -t "$topic" -m bob
      login alice mosquitto_pub -q 1 -i cid2 -t "$topic" -m alice
    done
    login alice mosquitto_pub -q 1 -t a/end -m end
    wait_for has_line 'a/end end' "$work/$broker.seen"
    messages "$broker.seen" >"$work/$broker.out"
  done
  cmp "$work/mqbroker.out" "$work/mosquitto.out"
  grep -q 'a/1 bob' "$work/mqbroker.out"
}

@test "files that cannot be used stop the start, and say where" {
  printf 'alice:plain\n' >"$work/users"
  run -1 timeout 5 mqbroker -p 0 --password-file "$work/users"
  [[ $output == *"$work/users:1: it is not a hash"* ]]
  [[ $output != *plain* ]]
  printf 'topic read\ntopic sometimes x\n' >"$work/acl"
  run -1 timeout 5 mqbroker --check-config --acl-file "$work/acl"
  [[ $output == *"$work/acl:2: 'sometimes'"* ]]
  run -1 timeout 5 mqbroker -p 0 --acl-file "$work/nowhere"
  [[ $output == *"$work/nowhere"* ]]
}

@test "SIGHUP under load: new users and rules hold, and no connection is closed" {
  users alice bob
  printf '%s\n' 'user alice' 'topic load/#' 'topic a/#' >"$work/acl"
  # The queue takes all that the publisher sends, however slow the subscriber is.
  printf '%s\n' "password_file $work/users" "acl_file $work/acl" 'max_queued_messages 400000' \
    'max_subscriptions 5' >"$work/mqbroker.conf"
  start_broker -c "$work/mqbroker.conf"
  subscribe load mqsub -u alice -P secret -q 1 -t 'load/#'
  local load_pid=$sub_pid
  subscribe other mqsub -u alice -P secret -v -t 'a/#'
  (yes | head -n 100000 | mqpub -p "$port" -u alice -P secret -l -q 1 -t load/x) 2>"$work/pub.err" 3>&- &
  local publisher=$!
  pids+=("$publisher")
  wait_for test -s "$work/load"
  run ! login carol mqpub -t t -m m
  run ! login bob mqpub -V 5 -q 1 -t a/1 -m m
  users alice carol
  printf '%s\n' 'user alice' 'topic load/#' 'user carol' 'topic write a/#' >"$work/acl"
  printf '%s\n' "password_file $work/users" "acl_file $work/acl" 'max_queued_messages 400000' \
    'max_subscriptions 6' 'max_qos 1' >"$work/mqbroker.conf"
  kill -HUP "$broker_pid"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  grep -q 'needs_restart setting=max_qos' "$work/broker.log"
  login carol mqpub -V 5 -q 1 -t a/1 -m 'for nobody'
  run ! login bob mqpub -t t -m m
  # A file that cannot be used changes nothing.
  printf 'nonsense\n' >"$work/acl"
  kill -HUP "$broker_pid"
  wait_for has_line '^error reload_failed .*acl:1' "$work/broker.log"
  login carol mqpub -V 5 -q 1 -t a/1 -m 'for nobody'
  finished "$publisher"
  WAIT_SECONDS=60 wait_for lines_in 100000 "$work/load"
  kill -0 "$load_pid"
  [ ! -s "$work/pub.err" ]
  [ ! -s "$work/other" ]
  run ! grep -q 'Connection' "$work/load.err" # lost, reconnecting
}

@test "no way around the rules: wildcards, shares, wills, retained replay, aliases, sessions, restarts" {
  users alice eve
  printf '%s\n' 'user alice' 'topic readwrite a/#' 'user eve' 'topic readwrite e/#' >"$work/acl"
  local options=(--password-file "$work/users" --acl-file "$work/acl" --store "$work/db")
  start_broker "${options[@]}"
  login alice mqpub -V 5 -q 1 -r -t a/kept -m secret
  login alice mqsub -i device -c -q 1 -t 'a/#' -E
  login alice mqpub -V 5 -q 1 -t a/queued -m secret
  # Filters that are about more than what may be read are granted and deliver what may be read.
  subscribe seen mqsub -u eve -P secret -V 5 -v -t '#' -t '+/kept' -t "\$share/g/#"
  for filter in 'a/#' a/kept "\$share/g/a/#"; do
    run -135 login eve mqsub -V 5 -t "$filter" -W 1
  done
  run -135 login eve mqpub -V 5 -t e/x -m m --will-topic a/will --will-payload w
  # The first PUBLISH names the topic, the second only its alias.
  run -135 login eve mqpub -V 5 -q 1 -D publish topic-alias 1 -t a/x -m m
  # alice's session: neither what is queued there nor her place, away or connected.
  run -133 login eve mqsub -V 5 -i device -c -q 1 -t e/x -W 1
  login eve mqpub -V 5 -q 1 -t e/end -m m
  wait_for has_line 'e/end m' "$work/seen"
  run ! grep -q 'a/' "$work/seen"
  kill "$sub_pid"
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  start_broker "${options[@]}"
  run -133 login eve mqsub -V 5 -i device -c -q 1 -t e/x -W 1
  run -0 login alice mqsub -V 5 -i device -c -q 1 -t 'a/#' -v -C 1 -W 10
  [ "$output" = 'a/kept secret' ] || [ "$output" = 'a/queued secret' ]
  # Rules that are others now: what is retained goes to who may read it now, and goes no more once
  # its publisher could not publish it.
  printf '%s\n' 'user alice' 'topic readwrite a/new' 'user eve' 'topic readwrite e/#' 'topic read a/#' >"$work/acl"
  kill -HUP "$broker_pid"
  wait_for has_line '^notice reloaded' "$work/broker.log"
  login alice mqpub -V 5 -q 1 -r -t a/new -m 1
  run -0 login eve mqsub -V 5 -t 'a/#' -v -C 2 -W 10
  [ "$(sort <<<"$output")" = $'a/kept secret\na/new 1' ]
  printf '%s\n' 'user alice' 'topic read a/#' 'user eve' 'topic read a/#' >"$work/acl"
  kill -HUP "$broker_pid"
  wait_for eval "[ \"\$(grep -c '^notice reloaded' $work/broker.log)\" = 2 ]"
  run -27 login eve mqsub -V 5 -t a/new -v -C 1 -W 1
  [[ $output != *'a/new'* ]]
}

@test "the same mount_point and rules let the same messages through mosquitto" {
  users alice
  printf '%s\n' 'user alice' 'topic readwrite m/ok/#' >"$work/acl"
  local broker
  for broker in mqbroker mosquitto; do
    if [ $broker = mqbroker ]; then
      start_broker --password-file "$work/users" --acl-file "$work/acl" --mount-point m/
    else
      start_mosquitto_with 'mount_point m/' "password_file $work/users" "acl_file $work/acl"
    fi
    login alice mosquitto_pub -q 1 -r -t ok/retained -m 1
    subscribe "$broker.seen" mosquitto_sub -u alice -P secret -v -t '#' -t "\$SYS/#"
    for topic in ok/1 m/ok/2 bad/3 ok/end; do login alice mosquitto_pub -q 1 -t $topic -m x; done
    wait_for has_line 'ok/end x' "$work/$broker.seen"
    # Debian's 2.0.11 forgets to take the mount point off what it sends.
    messages "$broker.seen" | if [ $broker = mosquitto ]; then sed 's|^m/||'; else cat; fi >"$work/$broker.out"
  done
  diff "$work/mqbroker.out" "$work/mosquitto.out"
  [ "$(cat "$work/mqbroker.out")" = $'ok/retained 1\nok/1 x\nok/end x' ]
}
