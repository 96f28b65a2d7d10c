#!/usr/bin/env bats
# Payloads come out of mqsub -N as they went into mqpub -f and -s: every byte value, no byte at all,
# sizes on both sides of each length field's edges, and 200 MB.

load helper

# through HOW FILE [OPTION...]: sends the file with `mqpub -f` or `mqpub -s`, and compares.
through() {
  local how=$1 file=$2
  shift 2
  subscribe out mqsub -t t -q 1 -C 1 -N "$@"
  if [ "$how" = -f ]; then
    mqpub -p "$port" -t t -q 1 -f "$file" "$@"
  else
    mqpub -p "$port" -t t -q 1 -s "$@" <"$file"
  fi
  finished "$sub_pid"
  cmp "$file" "$work/out"
}

@test "every byte value" {
  start_broker
  for ((byte = 0; byte < 256; ++byte)); do printf '%b' "\\x$(printf %02x $byte)"; done >"$work/bytes"
  [ "$(wc -c <"$work/bytes")" -eq 256 ]
  for version in 31 311 5; do
    through -f "$work/bytes" -V "$version"
    through -s "$work/bytes" -V "$version"
  done
}

@test "no byte at all" {
  start_broker
  : >"$work/empty"
  through -f "$work/empty"
  subscribe out mqsub -t t -C 1 -N
  mqpub -p "$port" -t t -n
  finished "$sub_pid"
  [ ! -s "$work/out" ]
}

@test "sizes around the edges of lengths and buffers" {
  start_broker
  head -c 2200000 /dev/urandom >"$work/random"
  for size in 1 2 100 120 127 128 4000 4096 4097 16000 16383 16384 65530 65536 65537 2097151 2097152; do
    head -c "$size" "$work/random" >"$work/in"
    through -f "$work/in"
    through -s "$work/in" -V 5
  done
}

@test "200 MB with mqpub -f" {
  start_broker
  head -c 200000000 /dev/urandom >"$work/big"
  through -f "$work/big"
}

@test "200 MB with mqpub -s and MQTT 5.0" {
  start_broker
  head -c 200000000 /dev/urandom >"$work/big"
  through -s "$work/big" -V 5
}

@test "10 MB through Debian's mosquitto, and between its clients and ours" {
  head -c 10000000 /dev/urandom >"$work/in"
  start_mosquitto
  through -f "$work/in"
  start_broker
  subscribe out mqsub -t t -C 1 -N
  mosquitto_pub -p "$port" -t t -f "$work/in"
  finished "$sub_pid"
  cmp "$work/in" "$work/out"
  # Without -d: its debug lines would mix with the bytes. The message is retained instead.
  mqpub -p "$port" -t t -r -f "$work/in"
  timeout 20 mosquitto_sub -p "$port" -t t -C 1 -N >"$work/out"
  cmp "$work/in" "$work/out"
}
