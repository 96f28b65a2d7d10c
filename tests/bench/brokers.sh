# shellcheck shell=bash
# Sourced by the scripts that put mqbroker beside Debian's mosquitto: starting either on a free port
# and reading what it cost from /proc.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
MQKIT_BIN=${MQKIT_BIN:-$PWD/build/release/bin}
PATH=$MQKIT_BIN:$PATH:/usr/sbin
work=$(mktemp -d)
broker_pid=''
trap 'stop_broker; rm -rf "$work"' EXIT

listens() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start NAME [OPTION...]: mqbroker, with options, or mosquitto; sets $port and $broker_pid. Both are told not to give up
# messages because a queue is full, as far as they can be.
start() {
  local attempt
  for attempt in {1..100}; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! listens "$port"; then break; fi
  done
  case $1 in
    mqbroker) mqbroker -p "$port" "${@:2}" 2>"$work/broker.log" & ;;
    mqbroker-*) # with a store, and how it is synced
      mqbroker -p "$port" --store "$work/store" --sync "${1#mqbroker-}" 2>"$work/broker.log" &
      ;;
    mosquitto-stored)
      printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' 'max_queued_messages 0' \
        'max_inflight_messages 100' 'persistence true' "persistence_location $work/" \
        >"$work/mosquitto.conf"
      mosquitto -c "$work/mosquitto.conf" 2>"$work/broker.log" &
      ;;
    mosquitto)
      printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' 'max_queued_messages 0' \
        'max_inflight_messages 100' >"$work/mosquitto.conf"
      mosquitto -c "$work/mosquitto.conf" 2>"$work/broker.log" &
      ;;
  esac
  broker_pid=$!
  for attempt in {1..500}; do
    if listens "$port"; then return; fi
    sleep 0.02
  done
  echo "$1 does not listen on port $port after $attempt attempts" >&2
  cat "$work/broker.log" >&2
  exit 1
}

stop_broker() {
  if [ -z "$broker_pid" ]; then return; fi
  kill "$broker_pid" 2>/dev/null
  wait "$broker_pid" 2>/dev/null
  broker_pid=''
}

# CPU seconds of the broker so far, all threads, user and system.
cpu_seconds() {
  awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / ticks }' \
    "/proc/$broker_pid/stat"
}

resident_bytes() { awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$broker_pid/status"; }

# median NUMBER...
median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
