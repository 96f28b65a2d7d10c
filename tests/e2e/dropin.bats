#!/usr/bin/env bats
# The same commands through Debian's mosquitto clients and ours: the same standard output, the same
# exit code. Where Debian's 2.0.11 differs from 2.1, or ours differs on purpose, the test says so.

load helper

# retained TOPIC PAYLOAD [OPTION...]: what the subscribers of a test are to read.
retained() { mosquitto_pub -p "$port" -q 1 -r -t "$1" -m "$2" "${@:3}"; }

# both OURS THEIRS ARGUMENT...: runs the two with the same arguments; $theirs and $ours have their
# output, with a line for the exit code.
both() {
  local our_program=$1 their_program=$2
  shift 2
  ours=$(timeout 15 "$our_program" "$@" 2>"$work/ours.err" </dev/null && echo "<0>" || echo "<$?>")
  theirs=$(timeout 15 "$their_program" "$@" 2>"$work/theirs.err" </dev/null && echo "<0>" || echo "<$?>")
}

# same_code OURS THEIRS ARGUMENT...: both, and they end with the same code. What theirs print of their
# usage on standard output, ours do not: that is for messages.
same_code() {
  both "$@"
  [ "${ours##*<}" = "${theirs##*<}" ]
  [ "${ours%%<*}" = '' ]
}

# same OURS THEIRS ARGUMENT...: both, and they are equal.
same() {
  both "$@"
  if [ "$ours" != "$theirs" ]; then
    echo "arguments: ${*:3}"
    diff <(echo "$theirs") <(echo "$ours")
    return 1
  fi
}

same_sub() { same mqsub mosquitto_sub -p "$port" "$@"; }

@test "mqsub: -F, every conversion with widths, precisions and padding" {
  start_mosquitto
  retained fmt/topic 'hello world' -V 5 -D publish content-type text/plain \
    -D publish correlation-data cd -D publish response-topic re/ply \
    -D publish payload-format-indicator 1 -D publish user-property a 1 -D publish user-property b 2
  for format in '%t %p %l %q %r %%' '%12t|%-12t|%.3t|%20.4t|' '%5p|%20p|%-20p|%020p|' '%x|%X|' \
    '%5l|%-5l|%05l|' 'a\tb\\c\n\e\0d\a\r\v' \
    '%C|%15C|%-15C|%F|%5F|%R|%10R|%P|%D' '@Y @@ @z' '@d'; do
    same_sub -V 5 -t fmt/topic -C 1 -F "$format"
  done
  for format in '%E|%A|%S|%C|%R|%D|%P|%F|' '%5E|%5C|%5R|'; do
    same_sub -t fmt/topic -C 1 -F "$format"
  done
}

@test "mqsub: -F, what is wrong with it" {
  for format in '%' '%5' '%Z' '%5Z' '@' $'x\\' '\q'; do
    same mqsub mosquitto_sub -t x -F "$format"
    # The first line; theirs goes on with the usage, which is 2.0.11's.
    [ "$(head -n 1 "$work/ours.err")" = "$(grep -a '^Error' "$work/theirs.err" | head -n 1)" ]
  done
}

# 2.1 prints retain as a boolean, 2.0.11 as a number; 2.1 has a time with microseconds. (And a list of
# user properties, where 2.0.11 has an object with names that repeat.)
@test "mqsub: %j and %J, --pretty" {
  start_mosquitto
  retained json '{"a": [1, 2.5, {"b": null}], "c": "x\"y"}' -V 5 -D publish content-type text/json
  normal() { sed 's/"tst":\(\t\?\)"[^"]*"/"tst":\1"-"/; s/"retain":\(\t\?\)1,/"retain":\1true,/'; }
  for arguments in '-F %j' '-F %J' '-F %j --pretty' '-F %J --pretty'; do
    # shellcheck disable=SC2086
    both mqsub mosquitto_sub -p "$port" -V 5 -t json -C 1 $arguments
    diff <(normal <<<"$theirs") <(normal <<<"$ours")
  done
}

@test "mqsub: plain, -v, -N, empty payloads, -T, -R, --retained-only, -C, -W" {
  start_mosquitto
  retained a/1 one
  retained a/2 two
  mosquitto_sub -p "$port" -c -i dropin -q 1 -t 'a/#' -E
  mosquitto_pub -p "$port" -q 1 -t a/empty -n
  for arguments in '' '-v' '-N' '-v -N' '-T a/1' '-q 1' '-q 2 -v' '-F %t -N'; do
    # shellcheck disable=SC2086
    same_sub -t 'a/#' -C 1 $arguments
  done
  same_sub -t a/1 -t a/2 -C 2 -v
  same_sub -t 'a/#' -R -W 1
  same_sub -t 'a/#' -W 1 -v
  same_sub -t a/1 -E
  same_sub -t a/1 -C 1 --quiet -i some-id -k 10 -V mqttv311 --nodelay -A 127.0.0.1 -M 5
  same_sub -t a/1 -C 1 -V mqttv31
  same_sub -L "mqtt://127.0.0.1:$port/a/1" -C 1
  same_sub -t a/1 -C 1 -V 5 -x 10 -i other-id -c
}

@test "mqsub: a durable session and an empty message" {
  start_mosquitto
  for program in mqsub mosquitto_sub; do
    "$program" -p "$port" -c -i "dur-$program" -q 1 -t d -E
  done
  mosquitto_pub -p "$port" -q 1 -t d -n
  mosquitto_pub -p "$port" -q 1 -t d -m last
  for program in mqsub mosquitto_sub; do
    "$program" -p "$port" -c -i "dur-$program" -q 1 -t d -C 2 -v >"$work/$program"
  done
  diff "$work/mosquitto_sub" "$work/mqsub"
}

@test "command lines that cannot be used: exit 1, nothing on stdout" {
  same_code mqpub mosquitto_pub -m m
  same_code mqpub mosquitto_pub -t t
  same_code mqpub mosquitto_pub -t t -m m -n
  same_code mqpub mosquitto_pub -t 't/#' -m m
  same_code mqpub mosquitto_pub -t t -m m -q 3
  same_code mqpub mosquitto_pub -t t -m m -k 4
  same_code mqpub mosquitto_pub -t t -m m -p 70000
  same_code mqpub mosquitto_pub -t t -m m -i a -I b
  same_code mqpub mosquitto_pub -t t -m m -V 6
  same_code mqpub mosquitto_pub -t t -f /no/such/file
  same_code mqpub mosquitto_pub -t t -s
  same_code mqpub mosquitto_pub -t t -m m --repeat 0
  same_code mqpub mosquitto_pub -t t -m m --will-payload x
  same_code mqpub mosquitto_pub -t t -m m -c
  same_code mqpub mosquitto_pub -t t -m m --no-such-option
  same_code mqpub mosquitto_pub -t t -m m -D publish topic-alias 70000
  same_code mqpub mosquitto_pub -t t -m m -D nothing content-type x
  same_code mqpub mosquitto_pub -t t -m m -D publish session-expiry-interval 1
  same_code mqpub mosquitto_pub -t t -m m -D publish content-type
  same_code mqpub mosquitto_pub -t t -m m --proxy http://x
  same_code mqsub mosquitto_sub
  same_code mqsub mosquitto_sub -t 'a#'
  same_code mqsub mosquitto_sub -t a -T 'b#'
  same_code mqsub mosquitto_sub -t a -C 0
  same_code mqsub mosquitto_sub -t a -W 0
  same_code mqsub mosquitto_sub -t a -R --retained-only
  same_code mqsub mosquitto_sub -t a --random-filter 101
  same_code mqsub mosquitto_sub -L mqtt://localhost
  same_code mqsub mosquitto_sub -L gopher://localhost/a
  same_code mqrr mosquitto_rr -t a -m m
  same_code mqrr mosquitto_rr -t a -e b
  same_code mqrr mosquitto_rr -t a -e b -n -l
}

@test "options of the other programs are unknown" {
  for option in -C -E -F -N -R -T -U -v -W --retained-only --remove-retained --random-filter; do
    same_code mqpub mosquitto_pub -t t -m m "$option" 1
  done
  for option in -f -l -m -n -r -s --repeat --repeat-delay; do
    same_code mqsub mosquitto_sub -t t "$option" 1
  done
}

@test "nobody there, refused, wrong host" {
  start_mosquitto
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  same mqpub mosquitto_pub -p "$port" -t t -m m
  same mqsub mosquitto_sub -p "$port" -t t
  same mqrr mosquitto_rr -p "$port" -t t -e e -m m
  same mqpub mosquitto_pub --unix "$work/nothing" -t t -m m
}

# publish_both ARGUMENT...: both publish; a subscriber shows that the same arrived.
publish_both() {
  subscribe got mosquitto_sub -V 5 -t 'p/#' -C 2 -F '%t|%q|%r|%x|%C|%R|%D|%P'
  mosquitto_pub -p "$port" "$@" </dev/null
  mqpub -p "$port" "$@" </dev/null
  finished "$sub_pid"
  [ "$(messages got | uniq | wc -l)" -eq 1 ]
}

@test "mqpub: what arrives is what mosquitto_pub sends" {
  start_mosquitto
  printf 'a\0b\n' >"$work/file"
  publish_both -t p/1 -m hello
  publish_both -t p/1 -m hello -q 1 -V 31
  publish_both -t p/1 -n -q 2
  publish_both -t p/1 -f "$work/file"
  publish_both -t p/1 -f /etc/passwd -q 1
  publish_both -t ignored -t p/2 -m 'the last topic wins'
  publish_both -t p/1 -m x -V 5 -D publish content-type text/plain -D PUBLISH response-topic back \
    -D publish correlation-data 4711 -D publish user-property b 2 -D publish user-property a 1
  publish_both -t p/1 -m x --will-topic w --will-payload gone --will-qos 1 --will-retain
  publish_both -L "mqtt://127.0.0.1:$port/p/3" -m url
}

@test "the options file: mosquitto's own is read when there is none of ours" {
  start_mosquitto
  retained a/1 one
  retained a/2 two
  mkdir "$work/config"
  printf '%s\n' '# comment' '' "-p $port" '-C 1' '-F <%t %p>' >"$work/config/mosquitto_sub"
  export XDG_CONFIG_HOME=$work/config
  same mqsub mosquitto_sub -t a/1
  same mqsub mosquitto_sub -t a/1 -F '%p'
  same mqsub mosquitto_sub -t a/1 -t a/2 -C 2
  printf '%s\n' "-p $port" '-t a/1' '-F ours %p' '-C 1' >"$work/config/mqsub"
  [ "$(mqsub)" = 'ours one' ]
  [ "$(mqsub -o "$work/config/mosquitto_sub" -t a/2)" = '<a/2 two>' ]
  run -1 mqsub -o "$work/none" -t a/2
  [[ $output == *"$work/none"* ]]
  run -1 mqsub -o "$work/config/mqsub" -o "$work/config/mqsub"
}

@test "profiles: saved, used by all programs, for their owner only; quotes, and lines that are no options" {
  start_broker
  export XDG_CONFIG_HOME=$work/config
  run -0 --separate-stderr mqpub -p "$port" -u me -P 'a "secret"' -D connect user-property 'a b' 'c d' \
    -V 5 --save-profile home
  [[ $stderr == *"$work/config/mq/home written"*'passwords among them'* ]]
  [ "$(stat -c %a "$work/config/mq/home")" = 600 ]
  [ "$(stat -c %a "$work/config/mq")" = 700 ]
  [ "$(cat "$work/config/mq/home")" = "-p $port
-u me
-P a \"secret\"
-D connect user-property \"a b\" c d
-V 5" ]
  mqpub --profile home -t t -r -q 1 -m kept
  [ "$(mqsub --profile home -t t -C 1)" = kept ]
  [ "$(mqrr --profile home -t r -e r -m echo -W 20)" = echo ]
  # What comes from the default file by itself is not in a profile that is saved.
  echo '-i other' >"$XDG_CONFIG_HOME/mqsub"
  mqsub -k 30 --save-profile plain
  [ "$(cat "$XDG_CONFIG_HOME/mq/plain")" = '-k 30' ]
  # What it has is the base of another one, and the command line comes first.
  mqsub --profile home -F '<%p> ' --save-profile more
  [ "$(mqsub --profile more -t t -C 1)" = '<kept> ' ]
  [ "$(mqsub --profile more -t t -C 1 -F 'own %p')" = 'own kept' ]
  printf '%s\n' "-p $port" '-F "  %p  "' 'a stray line' '-C 1' >"$work/options"
  run -0 --separate-stderr mqsub -o "$work/options" -t t
  [ "$output" = '  kept  ' ]
  [ "$stderr" = "Warning: $work/options:3: 'a stray line' is no option; the line is passed over." ]
  echo '--cafil x' >"$work/options"
  run -1 mqsub -o "$work/options" -t t
  [[ $output == *"$work/options:1: Unknown option '--cafil'. Did you mean '--cafile'?"* ]]
  run -1 mqsub --profile none -t t
  [[ $output == *"Unable to read the options file $work/config/mq/none"* ]]
  run -1 mqsub --profile ../home -t t
  [[ $output == *'Invalid profile given: ../home'* ]]
  run -1 mqsub --profile home --profile more -t t
}

@test "--help TOPIC: the options of one group" {
  run -0 mqsub --help tls
  [[ $output == *'TLS:'*--cafile* ]]
  run -1 mqsub --help ''
  [[ $output != *'Connection:'* ]]
  run -1 mqpub --help nonsense
  [[ $output == *"There is no help on 'nonsense'. There is on message, input,"* ]]
}

@test "mqrr: a request and its answer" {
  start_mosquitto
  # A responder as people write it: it knows nothing of correlation data.
  subscribe responder mqsub -t ask \
    --exec "mosquitto_pub -p $port -t answer -m \"you said \$(cat)\""
  same mqrr mosquitto_rr -p "$port" -t ask -e answer -m hello -W 5 -v
  run -27 --separate-stderr mqrr -p "$port" -t nobody -e answer -m hello -W 0.3
  [[ $stderr == 'Timed out'* ]]
}

@test "mqrr: an answer to somebody else's question is none" {
  start_broker
  mqsub -p "$port" -V 5 -t ask -C 1 -F '%D' -d >"$work/data" 2>"$work/responder.err" 3>&- &
  pids+=($!)
  wait_for has_line SUBACK "$work/responder.err"
  mqrr -p "$port" -t ask -e answer -m q -W 10 --latency -d >"$work/answer" 2>"$work/rr.err" 3>&- &
  rr_pid=$!
  pids+=("$rr_pid")
  wait_for test -s "$work/data"
  mqpub -p "$port" -V 5 -t answer -m wrong -D publish correlation-data other -q 1
  mqpub -p "$port" -V 5 -t answer -m right -q 1
  finished "$rr_pid"
  has_line '^Latency: [0-9.]+(µs|ms|)$' "$work/answer"
  [ "$(tail -n 1 "$work/answer")" = right ]
}

@test "--help and --version end with 0; --opt=value; did you mean" {
  for program in mqpub mqsub mqrr; do
    run -0 "$program" --help
    run -0 "$program" --version
    [[ $output == "$program "* ]]
    run -1 "$program" --hots=x
    [[ $output == *"Did you mean '--host'?"* ]]
  done
  start_mosquitto
  retained a/1 one
  [ "$(mqsub "--port=$port" --topic=a/1 -C 1)" = one ]
}
