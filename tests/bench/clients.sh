#!/bin/bash
# mqpub and mqsub beside Debian's mosquitto_pub and mosquitto_sub, on the same broker: CPU seconds,
# seconds from start to exit, and peak memory of the client, medians of $ROUNDS (5) alternating runs.
# Usage: clients.sh [CASE...]   pub-0 pub-1 sub sub-v sub-F sub-j start100 (all of them by default)
# $MESSAGES (1000000) of 64 bytes; $MQKIT_BIN is the directory of the executables. Needs GNU time.
set -euo pipefail
# shellcheck source=tests/bench/brokers.sh
. "$(dirname "$0")/brokers.sh"

: "${ROUNDS:=5}" "${MESSAGES:=1000000}"
cases=("$@")
if [ ${#cases[@]} -eq 0 ]; then cases=(pub-0 pub-1 sub sub-v sub-F sub-j start100); fi

# It is to drop nothing however slow a subscriber is.
start mqbroker --max-queued-messages "$((MESSAGES + 1))" --max-queued-bytes 4G --memory-limit 4G
awk -v n="$MESSAGES" 'BEGIN { for (i = 1; i <= n; ++i) printf "%064d\n", i }' >"$work/lines"

split -l 50000 "$work/lines" "$work/part."

# measured COMMAND...: "CPU-SECONDS SECONDS PEAK-KIB" of a run with the lines as its input.
measured() {
  /usr/bin/time -f '%U %S %e %M' -o "$work/time" "$@" <"$work/lines" >"$work/output"
  awk '{ print $1 + $2, $3, $4 }' "$work/time"
}

# receives COMMAND...: a subscriber measured while mqpub publishes the lines.
receives() {
  measured "$@" >"$work/result" &
  local subscriber=$!
  # It says nothing that could be waited for: -d would be part of what is measured.
  sleep 0.5
  mqpub -p "$port" -t bench -l <"$work/lines"
  wait "$subscriber"
  cat "$work/result"
}

# run CASE OURS: one run of a case with our client or with theirs.
run() {
  local pub=mosquitto_pub sub=mosquitto_sub
  if [ "$2" = ours ]; then pub=mqpub sub=mqsub; fi
  local all=(-p "$port" -t bench -C "$MESSAGES")
  case $1 in
    pub-0) measured "$pub" -p "$port" -t bench -l ;;
    pub-1)
      # In parts: mosquitto_pub gives up the rest of more than 65,535 lines, and says nothing.
      # shellcheck disable=SC2016  # the inner shell expands it
      measured bash -c 'for part in "$0"/part.*; do "$@" <"$part"; done' "$work" \
        "$pub" -p "$port" -t bench -l -q 1
      ;;
    sub) receives "$sub" "${all[@]}" ;;
    sub-v) receives "$sub" "${all[@]}" -v ;;
    sub-F) receives "$sub" "${all[@]}" -F '%t %p' ;;
    sub-j) receives "$sub" "${all[@]}" -F %j ;;
    start100)
      # shellcheck disable=SC2016  # the inner shell expands it
      measured bash -c 'for ((i = 0; i < 100; ++i)); do "$@"; done' bash \
        "$pub" -p "$port" -t bench -m hello
      ;;
    *) echo "no case $1" >&2; return 1 ;;
  esac
}

# column N FILE: the median of a column.
column() {
  local values
  mapfile -t values < <(awk -v n="$1" '{ print $n }' "$2")
  median "${values[@]}"
}

printf '%-8s %-10s %12s %12s %12s\n' case client CPU-s seconds peak-KiB
for case in "${cases[@]}"; do
  for ((round = 0; round < ROUNDS; ++round)); do
    for who in ours theirs; do run "$case" "$who" >>"$work/$case.$who"; done
  done
  for who in ours theirs; do
    printf '%-8s %-10s %12s %12s %12s\n' "$case" "$who" \
      "$(column 1 "$work/$case.$who")" "$(column 2 "$work/$case.$who")" \
      "$(column 3 "$work/$case.$who")"
  done
done
