#!/usr/bin/env bats
# Files in mosquitto.conf's syntax, run by Debian's mosquitto and, unchanged, by mqbroker: the same
# commands of the same clients have the same outcome.
# shellcheck disable=SC2317  # what same_outcome and hears call looks unreachable

load helper
load certificates

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
  make_certificate alice ca /CN=alice
  make_certificate bob ca /CN=bob
}

# free_ports COUNT: sets the array $ports, below those that the kernel hands out.
free_ports() {
  ports=()
  while [ ${#ports[@]} -lt "$1" ]; do
    local candidate=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    accepts $candidate || ports+=("$candidate")
  done
}

# does COMMAND...: runs a client and notes its exit code and what it received.
does() {
  local status=0
  timeout 10 "$@" >"$work/out" 2>/dev/null || status=$?
  {
    echo "$* -> $status"
    cat "$work/out"
  } >>"$work/$broker.outcome"
}

# hears TOPIC ARGUMENT... -- COMMAND...: what a subscriber with these arguments is sent while the
# command runs; it ends with a message to TOPIC/end by a client with the same arguments.
hears() {
  local topic=$1 arguments=()
  shift
  while [ "$1" != -- ]; do
    arguments+=("$1")
    shift
  done
  shift
  rm -f "$work/heard"
  stdbuf -oL mosquitto_sub "${arguments[@]}" -i hearing -v -q 1 -t "$topic/#" -d >"$work/heard" 2>&1 3>&- &
  local pid=$!
  pids+=("$pid")
  wait_for has_line '^Subscribed \(mid' "$work/heard"
  "$@"
  mosquitto_pub "${arguments[@]}" -i ending -q 1 -t "$topic/end" -m end
  wait_for has_line "^$topic/end end" "$work/heard"
  kill "$pid"
  messages heard >>"$work/$broker.outcome"
}

# same_outcome COMMANDS: under both brokers, with the file $work/broker.conf.
same_outcome() {
  for broker in mosquitto mqbroker; do
    "$broker" -c "$work/broker.conf" 2>"$work/$broker.log" 3>&- &
    local broker_pid=$!
    pids+=("$broker_pid")
    wait_for accepts "${ports[0]}"
    "$1"
    kill "$broker_pid"
    wait_for gone "$broker_pid"
  done
  diff "$work/mosquitto.outcome" "$work/mqbroker.outcome"
}

config() { printf '%s\n' 'user root' "$@" >"$work/broker.conf"; }

@test "a server at home: anonymous, a log file, retained messages, a session that is kept" {
  free_ports 1
  config "listener ${ports[0]} 127.0.0.1" 'allow_anonymous true' "log_dest file $work/log" \
    'log_type error' 'log_type warning' 'log_timestamp true' 'connection_messages true' \
    'set_tcp_nodelay true' 'persistent_client_expiration 1d' 'max_queued_messages 100' 'sys_interval 10' \
    "pid_file $work/pid"
  commands() {
    local at=(-p "${ports[0]}")
    does mosquitto_sub "${at[@]}" -i kept -c -q 1 -t 'home/#' -E
    does mosquitto_pub "${at[@]}" -q 1 -t home/light -m on -r
    does mosquitto_pub "${at[@]}" -q 2 -t home/door -m open
    does mosquitto_sub "${at[@]}" -i kept -c -q 1 -t 'home/#' -C 2 -v
    does mosquitto_sub "${at[@]}" -i new -t 'home/#' -C 1 -v
    does test -s "$work/pid"
  }
  same_outcome commands
}

@test "passwords, and nobody without" {
  free_ports 1
  mosquitto_passwd -b -c "$work/users" alice secret
  mosquitto_passwd -H sha512 -b "$work/users" bob secret
  config "listener ${ports[0]}" "password_file $work/users" 'allow_anonymous false'
  commands() {
    local at=(-p "${ports[0]}") version
    for version in mqttv31 mqttv311 mqttv5; do
      does mosquitto_pub "${at[@]}" -V "$version" -i x -u alice -P secret -t t -m m
      does mosquitto_pub "${at[@]}" -V "$version" -i x -u bob -P secret -t t -m m
      does mosquitto_pub "${at[@]}" -V "$version" -i x -u alice -P wrong -t t -m m
      does mosquitto_pub "${at[@]}" -V "$version" -i x -u carol -P secret -t t -m m
      does mosquitto_pub "${at[@]}" -V "$version" -i x -u alice -t t -m m
      does mosquitto_pub "${at[@]}" -V "$version" -i x -t t -m m
    done
  }
  same_outcome commands
}

@test "passwords for some, guests with rules of their own" {
  free_ports 1
  mosquitto_passwd -b -c "$work/users" alice secret
  printf '%s\n' 'topic read news/#' '' '# hers' 'user alice' 'topic news/#' 'topic write log/+' \
    'topic deny news/secret' 'pattern readwrite own/%c/#' >"$work/acl"
  config "password_file $work/users" "acl_file $work/acl" "listener ${ports[0]} 127.0.0.1" 'allow_anonymous true'
  commands() {
    local alice=(-p "${ports[0]}" -u alice -P secret)
    publish_all() {
      local topic
      for topic in news/1 news/secret log/1 log/1/2 own/ending/x own/me/y other; do
        does mosquitto_pub "${alice[@]}" -i me -q 1 -t "$topic" -m alice
        does mosquitto_pub -p "${ports[0]}" -i guest -q 1 -t "$topic" -m guest
      done
    }
    hears news "${alice[@]}" -- publish_all
    does mosquitto_pub "${alice[@]}" -q 1 -t news/kept -m kept -r
    does mosquitto_sub -p "${ports[0]}" -i guest -t 'news/#' -C 1 -v
  }
  same_outcome commands
}

@test "several listeners, each with who may come in" {
  free_ports 3
  mosquitto_passwd -b -c "$work/users" alice secret
  config 'per_listener_settings true' \
    "listener ${ports[0]} 127.0.0.1" 'allow_anonymous true' \
    "listener ${ports[1]} localhost" "password_file $work/users" \
    "listener ${ports[2]} 127.0.0.1" 'allow_anonymous true' 'socket_domain ipv4' 'max_qos 1' \
    "listener 0 $work/socket" 'allow_anonymous true'
  commands() {
    local p
    wait_for accepts "${ports[2]}"
    for p in "${ports[@]}"; do
      does mosquitto_pub -h 127.0.0.1 -p "$p" -i x -q 1 -t t -m m
      does mosquitto_pub -h 127.0.0.1 -p "$p" -V mqttv5 -i x -u alice -P secret -q 1 -t t -m m
      does mosquitto_pub -h 127.0.0.1 -p "$p" -V mqttv5 -i x -u alice -P wrong -q 1 -t t -m m
    done
    does mosquitto_pub --unix "$work/socket" -i x -q 1 -t t -m through -r
    does mosquitto_sub -p "${ports[0]}" -t t -C 1 -v
  }
  same_outcome commands
}

@test "limits on messages, queues and identifiers" {
  free_ports 1
  config "listener ${ports[0]} 127.0.0.1" 'allow_anonymous true' 'message_size_limit 20' \
    'max_inflight_messages 5' 'max_queued_messages 0' 'retain_available true' 'clientid_prefixes dev-' \
    'allow_duplicate_messages false' 'queue_qos0_messages true'
  commands() {
    local at=(-p "${ports[0]}")
    try_all() {
      does mosquitto_pub "${at[@]}" -i dev-x -q 1 -t t/1 -m 'twenty bytes or less'
      does mosquitto_pub "${at[@]}" -i dev-x -q 1 -t t/2 -m 'more than twenty bytes'
      does mosquitto_pub "${at[@]}" -i dev-x -q 0 -t t/3 -m 'more than twenty bytes'
      does mosquitto_pub "${at[@]}" -i other -q 1 -t t/4 -m no
    }
    try_all
    does mosquitto_pub "${at[@]}" -i dev-x -q 1 -r -t t/5 -m kept
    does mosquitto_sub "${at[@]}" -i dev-y -t 't/#' -C 1 -v
    # QoS 0 for who is away.
    does mosquitto_sub "${at[@]}" -i dev-z -c -q 1 -t 'q/#' -E
    does mosquitto_pub "${at[@]}" -i dev-x -q 0 -t q/0 -m zero
    does mosquitto_pub "${at[@]}" -i dev-x -q 1 -t q/1 -m one
    does mosquitto_sub "${at[@]}" -i dev-z -c -q 1 -t 'q/#' -C 2 -v -W 10
  }
  same_outcome commands
}

@test "the user name as identifier" {
  free_ports 1
  mosquitto_passwd -b -c "$work/users" alice secret
  printf '%s\n' 'pattern readwrite of/%c/#' >"$work/acl"
  config "listener ${ports[0]} 127.0.0.1" 'use_username_as_clientid true' "password_file $work/users" \
    "acl_file $work/acl"
  commands() {
    local alice=(-p "${ports[0]}" -u alice -P secret)
    does mosquitto_pub "${alice[@]}" -i whatever -q 1 -r -t of/alice/1 -m mine
    does mosquitto_pub "${alice[@]}" -i whatever -q 1 -r -t of/whatever/1 -m 'not mine'
    does mosquitto_sub "${alice[@]}" -i bob -t 'of/#' -C 1 -v
  }
  same_outcome commands
}

@test "clients without an identifier, protocol by protocol" {
  free_ports 1
  config "listener ${ports[0]} 127.0.0.1" 'allow_anonymous true' 'allow_zero_length_clientid false'
  commands() {
    local at=(-p "${ports[0]}") version
    for version in mqttv311 mqttv5; do
      does mosquitto_pub "${at[@]}" -V "$version" -i '' -t t -m m
      does mosquitto_pub "${at[@]}" -V "$version" -i x -t t -m m
    done
  }
  same_outcome commands
}

@test "settings in several files" {
  free_ports 1
  mkdir "$work/conf.d"
  mosquitto_passwd -b -c "$work/users" alice secret
  echo "listener ${ports[0]} 127.0.0.1" >"$work/conf.d/10-listener.conf"
  echo "password_file $work/users" >"$work/conf.d/20-users.conf"
  echo 'nonsense' >"$work/conf.d/30-other.txt"
  config "include_dir $work/conf.d" 'retain_available false'
  commands() {
    local alice=(-p "${ports[0]}" -u alice -P secret)
    does mosquitto_pub "${alice[@]}" -q 1 -t t -m m
    does mosquitto_pub -p "${ports[0]}" -q 1 -t t -m m
  }
  same_outcome commands
}

@test "files that neither of them takes" {
  free_ports 1
  local line
  for line in 'listener 70000' 'max_qos 3' 'no_such_key true' 'allow_anonymous perhaps' \
    "include_dir $work/nowhere" 'max_keepalive 70000'; do
    config "listener ${ports[0]} 127.0.0.1" 'allow_anonymous true' "$line"
    for broker in mosquitto mqbroker; do
      run timeout 5 "$broker" -c "$work/broker.conf"
      [ "$status" -ne 0 ]
      [ "$status" -ne 124 ]
    done
  done
}

@test "TLS with certificates that name the clients, and rules for those names" {
  free_ports 1
  printf '%s\n' 'user alice' 'topic readwrite a/#' 'user bob' 'topic read a/#' >"$work/acl"
  config "listener ${ports[0]}" "cafile $certs/ca.crt" "certfile $certs/server.crt" \
    "keyfile $certs/server.key" 'require_certificate true' 'use_identity_as_username true' \
    'tls_version tlsv1.2' "acl_file $work/acl" 'persistence false'
  commands() {
    local at=(-h localhost -p "${ports[0]}" --cafile "$certs/ca.crt") name
    for name in alice bob; do
      does mosquitto_pub "${at[@]}" --cert "$certs/$name.crt" --key "$certs/$name.key" -q 1 -r \
        -u carol -t "a/$name" -m x
    done
    does mosquitto_sub "${at[@]}" --cert "$certs/bob.crt" --key "$certs/bob.key" -t 'a/#' -C 1 -v
    does mosquitto_sub "${at[@]}" --cert "$certs/alice.crt" --key "$certs/alice.key" -t 'a/bob' \
      -W 1 -v
  }
  same_outcome commands
}

@test "a plain listener, one for WebSocket and one for pre-shared keys" {
  free_ports 3
  echo alice:00ff10 >"$work/psk"
  config 'allow_anonymous true' "psk_file $work/psk" "listener ${ports[0]} 127.0.0.1" \
    "listener ${ports[1]} 127.0.0.1" 'protocol websockets' "listener ${ports[2]} 127.0.0.1" \
    'psk_hint home'
  commands() {
    wait_for accepts "${ports[2]}"
    does mosquitto_pub -p "${ports[0]}" -q 1 -r -t t -m x
    does mqsub -h 127.0.0.1 -p "${ports[1]}" --ws -t t -C 1
    does mosquitto_sub -h 127.0.0.1 -p "${ports[2]}" --psk-identity alice --psk 00ff10 -t t -C 1
    does mqsub -h 127.0.0.1 -p "${ports[2]}" --psk-identity alice --psk 00ff11 -t t -C 1 -W 5
  }
  same_outcome commands
}
