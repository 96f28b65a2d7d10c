#!/usr/bin/env bats
# Every option of mosquitto's three clients, as dropin_options.tsv lists them, tried with both toolkits.
load helper
load certificates

table=$BATS_TEST_DIRNAME/dropin_options.tsv

setup_file() {
  make_ca ca
  make_certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1
  make_certificate alice ca /CN=alice
  openssl rehash "$certs"
}

rows() { grep -v '^#' "$table" | tail -n +2; }

# start_peers: what the variables in the table stand for.
start_peers() {
  echo alice:00ff10 >"$work/psk"
  # This version of mosquitto does not start with a WebSocket listener alone.
  start_mosquitto 'protocol websockets' "listener 0 $work/ws.sock"
  ws="-h 127.0.0.1 -p $port"
  start_mosquitto "psk_file $work/psk" 'psk_hint mqkit'
  psk="-h localhost -p $port"
  start_mosquitto "certfile $certs/server.crt" "keyfile $certs/server.key"
  tls="-h localhost -p $port"
  start_mosquitto "listener 0 $work/plain.sock"
  at="-h 127.0.0.1 -p $port"
  start_socks
  export SSL_CERT_FILE=$certs/ca.crt
  # shellcheck disable=SC2034  # used by the table
  sock=$work/plain.sock socks=$socks_port options=$work/options
  echo "-p $port" >"$work/options"
  printf 'of a file\n' >"$work/payload"
  for where in "$at" "$psk --psk 00ff10 --psk-identity alice" "$tls --cafile $certs/ca.crt" "$ws --ws"; do
    # shellcheck disable=SC2086
    mqpub $where -r -q 1 -t kept -m "kept here"
  done
  mqpub -p "$port" -r -q 1 -t cleared -m "for a while"
}

# run_with PROGRAM ARGUMENTS: its output with its exit code; what it says is in $work/said.
run_with() {
  local -a words
  eval "words=($2)"
  timeout 15 "$1" "${words[@]}" 2>"$work/said" <<<'line of input' && echo '<0>' || echo "<$?>"
}

# check_rows PROGRAM THEIRS: every row of a program.
check_rows() {
  local program check arguments ours theirs count=0 bad=0
  start_peers
  # What is published shows what their arguments and ours meant.
  subscribe published mosquitto_sub -V 5 -t p -t e -t mark -F '%t|%p|%q|%r|%l'
  while IFS=$'\t' read -r -u 8 _ program _ check arguments _; do
    [ "$program" = "$1" ] || continue
    count=$((count + 1))
    case $check in
      both)
        mark theirs
        theirs=$(run_with "$2" "$arguments")
        mark ours
        ours=$(run_with "$1" "$arguments")
        mark neither
        ;;
      neither) ours=$(run_with "$1" "$arguments") theirs='<1>' ;;
      ours\ *) ours=$(run_with "$1" "$arguments") ours="<${ours##*<}" theirs="<${check#ours }>" ;;
      *) ours=$check theirs= ;;
    esac
    if [ "$check" = neither ] && ! grep -q 'Unknown option' "$work/said"; then ours=known; fi
    if [ "$check" != neither ] && grep -q 'Unknown option' "$work/said"; then ours=unknown; fi
    if [ "$ours" != "$theirs" ]; then
      bad=$((bad + 1))
      printf '%s %s\n  theirs: %s\n  ours: %s\n' "$1" "$arguments" "$theirs" "$ours"
      head -n 3 "$work/said"
    fi
  done 8< <(rows)
  mark end
  wait_for has_line '^mark\|end\|' "$work/published"
  [ "$count" -gt 50 ]
  [ "$bad" -eq 0 ]
}

# What follows is published by them, by us, or by none of both in comparison.
mark() { mosquitto_pub -p "$port" -t mark -m "$1"; }

published_alike() {
  local who
  for who in theirs ours; do
    messages published | awk -F '|' -v who=$who '$1 == "mark" { at = $2; next } at == who' | sort >"$work/$who"
  done
  [ "$(wc -l <"$work/theirs")" -gt 30 ]
  diff "$work/theirs" "$work/ours"
}

@test "the table has every option of Debian's clients for each of our programs, once" {
  local program
  for program in pub sub rr; do
    mosquitto_$program --help | grep -oE '(^ +|[[{| ]|, )--?[A-Za-z][a-z0-9-]*' | grep -oE -- '--?[A-Za-z].*'
    zcat -f /usr/share/man/man1/mosquitto_$program.1* 2>/dev/null | sed 's/\\//g' |
      grep -oE '^fB--?[A-Za-z][a-z0-9-]*fR' | sed 's/^fB//; s/fR$//'
  done | grep -vx -e --clean-session | sort -u >"$work/theirs"  # that one is only mentioned
  [ "$(wc -l <"$work/theirs")" -gt 50 ]
  rows | cut -f 1 | sort -u >"$work/options"
  run comm -23 "$work/theirs" "$work/options"
  echo "missing: $output"
  [ -z "$output" ]
  for program in mqpub mqsub mqrr; do
    diff "$work/options" <(rows | awk -F '\t' -v p="$program" '$2 == p { print $1 }' | sort)
  done
  # A difference has a reason.
  run ! grep -P '\tdifferent\t.*\t$' "$table"
  run -1 grep -vP '\t(same|different)\t(both|neither|ours [0-9]+)\t' <(rows)
}

@test "mqpub: every option as in mosquitto_pub" {
  check_rows mqpub mosquitto_pub
  published_alike
}

@test "mqsub: every option as in mosquitto_sub" {
  check_rows mqsub mosquitto_sub
}

@test "mqrr: every option as in mosquitto_rr" {
  check_rows mqrr mosquitto_rr
  published_alike
}
