#!/usr/bin/env bats
# SCRAM: mqbroker and the clients with each other, and each with an implementation that is not ours.

load helper

peer() { python3 "$BATS_TEST_DIRNAME/scram_peer.py" "$@"; }

# start_with_users [OPTION...]: alice has a secret for SHA-256, bob for SHA-512, carol for neither.
start_with_users() {
  mqbroker passwd -c -b -H scram-sha-256 -I 4096 "$work/users" alice secret
  mqbroker passwd -b -H scram-sha-512 -I 5000 "$work/users" bob secret
  mqbroker passwd -b -I 1000 "$work/users" carol secret
  chmod o-r "$work/users"
  start_broker --password-file "$work/users" "$@"
}

@test "users with SCRAM secrets log in by SCRAM and by password, others by password only" {
  start_with_users
  local sha256=(--auth-method SCRAM-SHA-256) sha512=(--auth-method SCRAM-SHA-512)
  mqpub -p "$port" -u alice -P secret "${sha256[@]}" -t t -m m
  mqpub -p "$port" -u bob -P secret "${sha512[@]}" -t t -m m
  mqpub -p "$port" -u alice -P secret -t t -m m
  mosquitto_pub -p "$port" -u bob -P secret -t t -m m
  run -135 mqpub -p "$port" -u alice -P Secret "${sha256[@]}" -t t -m m
  run -135 mqpub -p "$port" -u alice -P secret "${sha512[@]}" -t t -m m
  run -135 mqpub -p "$port" -u carol -P secret "${sha256[@]}" -t t -m m
  run -5 mqpub -p "$port" -u alice -P Secret -t t -m m
  grep -qE 'refused client=\S+ peer=\S+ user=carol detail="Not authorized"' "$work/broker.log"
  # All clients have it.
  subscribe seen mqsub -u alice -P secret "${sha256[@]}" -t t -C 1
  mqrr -p "$port" -u alice -P secret "${sha256[@]}" -t none -e reply -m m -W 1 || [ $? = 27 ]
  mqpub -p "$port" -u alice -P secret -t t -m m
  finished "$sub_pid"
}

@test "--login can use both, and the user name is who the rules are about" {
  printf '%s\n' 'user dave' 'topic write ok' >"$work/acl"
  start_broker --login dave:secret --acl-file "$work/acl"
  for method in SCRAM-SHA-256 SCRAM-SHA-512; do
    mqpub -p "$port" -u dave -P secret --auth-method $method -q 1 -t ok -m m
    run -135 mqpub -p "$port" -u dave -P secret --auth-method $method -q 1 -t other -m m
    run -135 mqpub -p "$port" -u dave -P other --auth-method $method -t ok -m m
  done
  # Where nobody has a password there is no method.
  start_broker
  run -140 mqpub -p "$port" -u dave -P secret --auth-method SCRAM-SHA-256 -t t -m m
}

@test "an independent client: log in, authenticate again, and every kind of lie" {
  start_with_users
  run -0 peer client "$port" SCRAM-SHA-256 alice secret
  [ "$output" = $'challenge 16  4096\nconnack 0x00' ]
  run -0 peer client "$port" SCRAM-SHA-512 bob secret y-flag
  [ "$output" = $'challenge 16  5000\nconnack 0x00' ]
  for fault in header nonce; do
    run -0 peer client "$port" SCRAM-SHA-256 alice secret $fault
    [ "${lines[1]}" = "connack 0x$([ $fault = header ] && echo 00 || echo 87)" ]
  done
  run -0 peer client "$port" SCRAM-SHA-256 alice secret binding
  [ "$output" = 'connack 0x87' ]
  for fault in publish method twice; do
    run -0 peer client "$port" SCRAM-SHA-256 alice secret $fault
    [ "${lines[1]}" = 'connack 0x82' ]
  done
  run -0 peer client "$port" SCRAM-SHA-1 alice secret
  [ "$output" = 'connack 0x8c' ]
  run -0 peer client "$port" SCRAM-SHA-256 alice secret again
  [ "$output" = $'challenge 16  4096\nconnack 0x00\nchallenge 16  4096\nauth 0x00\npingresp' ]
  for fault in again-wrong again-other; do
    run -0 peer client "$port" SCRAM-SHA-256 alice secret $fault
    [ "${lines[3]}" = 'disconnect 0x87' ]
  done
}

@test "who is there cannot be told from who is not" {
  start_with_users
  for user in alice nobody carol nobody; do
    run -0 peer client "$port" SCRAM-SHA-256 $user wrong show
    echo "$output" >>"$work/answers"
    [[ $output =~ ^'challenge 16 '[A-Za-z0-9+/]{16}' 4096'$'\n''connack 0x87'$ ]]
  done
  # The same salt each time, also of somebody who is not there, and after a start anew.
  [ "$(sort -u "$work/answers" | grep -c challenge)" = 3 ]
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  start_broker --password-file "$work/users"
  peer client "$port" SCRAM-SHA-256 nobody wrong show >>"$work/answers"
  [ "$(sort -u "$work/answers" | grep -c challenge)" = 3 ]
}

@test "a client that guesses has to wait" {
  start_with_users --max-auth-failures 2
  for attempt in 1 2; do
    run -135 mqpub -p "$port" -u alice -P wrong$attempt --auth-method SCRAM-SHA-256 -t t -m m
  done
  mqpub -p "$port" -u alice -P secret --auth-method SCRAM-SHA-256 -t t -m m
  grep -q 'notice login_delayed' "$work/broker.log"
}

@test "the clients refuse a server that does not know the password, and do not tell it" {
  local fault
  for fault in password silent unasked nonce iterations none; do
    rm -f "$work/port"
    peer server "$work/port" SCRAM-SHA-256 secret $fault >"$work/server.$fault" 3>&- &
    local server=$!
    wait_for test -s "$work/port"
    run mqpub -p "$(cat "$work/port")" -u alice -P secret --auth-method SCRAM-SHA-256 -t t -m m
    wait "$server"
    grep -q '^no password in CONNECT' "$work/server.$fault"
    if [ $fault = none ]; then
      [ "$status" = 0 ]
      grep -q '^packet 3' "$work/server.$fault"
    else
      [ "$status" = 1 ]
      [[ $output == *SCRAM:* ]]
      # A DISCONNECT, and no PUBLISH before it.
      [ "$(tail -n 1 "$work/server.$fault" | cut -c 1-9)" = 'packet 14' ]
    fi
  done
}

@test "options that make no sense" {
  run -1 mqpub -u alice --auth-method SCRAM-SHA-256 -t t -m m
  [[ $output == *'needs a user name (-u) and a password (-P)'* ]]
  run -1 mqpub -u alice -P x --auth-method SCRAM-SHA-1 -t t -m m
  run -1 mqpub -u alice -P x --auth-method SCRAM-SHA-256 -D connect authentication-method M -t t -m m
  [[ $output == *'no -D for them'* ]]
  run -1 mqbroker passwd -b -c -H scram-sha-256 -I 4095 "$work/p" alice secret
  [[ $output == *'4096 iterations or more'* ]]
}
