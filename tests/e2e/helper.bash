# shellcheck shell=bash
# What every .bats file here loads: brokers on free ports, subscribers that are known to be
# subscribed, and bounded waiting. Everything started is stopped by teardown, by its process id.

bats_require_minimum_version 1.5.0

MQKIT_BIN=${MQKIT_BIN:-$BATS_TEST_DIRNAME/../../build/release/bin}
if ! [ -x "$MQKIT_BIN/mqpub" ]; then
  echo "no executables in $MQKIT_BIN; set MQKIT_BIN to their directory" >&2
  exit 1
fi
PATH=$(cd "$MQKIT_BIN" && pwd):$PATH:/usr/sbin
work=$BATS_TEST_TMPDIR
pids=()

teardown() {
  local pid
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  # Bats shows a failed test's output: what the brokers said belongs to it.
  for log in "$work"/*.log "$work"/*.err; do
    if [ -s "$log" ]; then
      echo "--- ${log##*/}"
      tail -n 20 "$log"
    fi
  done
}

# wait_for COMMAND...: until it succeeds, at most $WAIT_SECONDS (60: machines can be busy).
wait_for() {
  local deadline=$((SECONDS + ${WAIT_SECONDS:-60}))
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "never true: $*"
      return 1
    fi
    sleep 0.02
  done
}

has_line() { grep -qE -- "$1" "$2"; }
lines_in() { [ "$(wc -l <"$2")" -ge "$1" ]; }
gone() { ! kill -0 "$1"; }
accepts() { (exec 9<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null; }

# start_broker [OPTION...]: an mqbroker of its own; sets $port and $broker_pid.
start_broker() {
  rm -f "$work/port"
  mqbroker -p 0 --port-file "$work/port" "$@" 2>>"$work/broker.log" 3>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  wait_for eval "[ -s '$work/port' ] || gone $broker_pid"
  port=$(cat "$work/port")
}

# start_mosquitto [LINE...]: Debian's broker, with those lines for its listener; sets $port and
# $broker_pid. It cannot pick a port by itself, so ports below those the kernel hands out are tried
# until one is free.
start_mosquitto() {
  local attempt
  for attempt in {1..20}; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    # As another user it could not read the files of a test that runs as root.
    printf '%s\n' "user $(id -un)" 'allow_anonymous true' 'max_queued_messages 0' \
      "listener $port 127.0.0.1" "$@" \
      >"$work/mosquitto.conf"
    mosquitto -c "$work/mosquitto.conf" 2>"$work/mosquitto.log" 3>&- &
    broker_pid=$!
    wait_for eval "accepts $port || gone $broker_pid"
    if ! gone "$broker_pid" 2>/dev/null && ! grep -q 'in use' "$work/mosquitto.log"; then
      pids+=("$broker_pid")
      return
    fi
    echo "attempt $attempt: port $port is taken"
  done
  return 1
}

# start_socks [OPTION...]: a SOCKS proxy; sets $socks_port.
start_socks() {
  local attempt
  for attempt in {1..20}; do
    socks_port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    microsocks -i 127.0.0.1 -p "$socks_port" "$@" 2>"$work/socks.err" 3>&- &
    pids+=($!)
    if wait_for eval "accepts $socks_port || gone $!" && ! gone $! 2>/dev/null; then return; fi
    echo "attempt $attempt: port $socks_port is taken"
  done
  return 1
}

# start PROGRAM...: in the background, with SIGINT as in a terminal; sets $started_pid. Not for a
# function: its process would be a shell around the program, which no signal passes on.
start() {
  env --default-signal=INT "$@" 3>&- &
  started_pid=$!
  pids+=("$started_pid")
}

# subscribe NAME COMMAND...: starts mqsub or mosquitto_sub with -d on $port, messages into
# $work/NAME, and returns when the broker has acknowledged the subscription; sets $sub_pid.
subscribe() {
  local name=$1 command=$2
  shift 2
  rm -f "$work/$name" "$work/$name.err"
  if [ "$command" = mqsub ]; then
    mqsub -p "$port" -d "$@" >"$work/$name" 2>"$work/$name.err" 3>&- &
    sub_pid=$!
    pids+=("$sub_pid")
    wait_for has_line 'SUBACK' "$work/$name.err"
  else
    # Its debug lines go to stdout too; messages() drops them.
    stdbuf -oL mosquitto_sub -p "$port" -d "$@" >"$work/$name" 2>"$work/$name.err" 3>&- &
    sub_pid=$!
    pids+=("$sub_pid")
    wait_for has_line '^Subscribed \(mid' "$work/$name"
  fi
}

# messages NAME: what a subscriber printed, without mosquitto_sub's debug lines.
messages() { grep -vaE '^(Client \(?[^ ]+ (sending|received) |Subscribed \(mid)' "$work/$1" || true; }

# finished PID: waits, bounded, for a process of this test to end and returns its exit status.
finished() {
  wait_for gone "$1" || return
  wait "$1"
}
