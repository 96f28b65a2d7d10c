#!/usr/bin/env bats
# mqbench against mqbroker: every message accounted for, and what ends with which exit code.

load helper

setup() { start_broker; }

# bench [OPTION...]: a run without a wait at either end; JSON in $work/result.json.
bench() {
  timeout 60 mqbench run -h 127.0.0.1 -p "$port" --warmup 0.2 --json="$work/result.json" "$@"
}

# start_bench [OPTION...]: the same in the background; returns when its messages flow. Sets $bench_pid.
start_bench() {
  subscribe first mqsub -h 127.0.0.1 -t 'mqbench/#' -C 1
  start mqbench run -h 127.0.0.1 -p "$port" --warmup 0.2 --json="$work/result.json" "$@"
  bench_pid=$started_pid
  finished "$sub_pid"
}

# count PATH VALUE: what the result has there.
count() {
  jq -e "($1) == $2" "$work/result.json" >/dev/null || {
    echo "$1 is $(jq -c "$1" "$work/result.json") and not $2"
    jq -c .counts "$work/result.json"
    return 1
  }
}

# all_arrived MESSAGES DELIVERIES: exactly once and in order.
all_arrived() {
  count .counts.planned "$1"
  count .counts.sent "$1"
  count .counts.not_sent 0
  count .counts.expected "$2"
  count .counts.received "$2"
  count .counts.lost '{"qos0":0,"acked":0,"unacked":0,"reconnect":0}'
  count .counts.duplicates '{"dup_flag":0,"no_flag":0}'
  count .counts.reordered 0
  count .counts.foreign 0
  count .counts.disconnects 0
  count .counts.errors '{}'
}

@test "open loop: rate times duration messages, at each QoS and version" {
  for qos in 0 1 2; do
    for version in 31 311 5; do
      bench --rate 1000 -d 0.5 -q "$qos" -V "$version"
      all_arrived 500 500
      count .load.rate_target 1000.0
      count .histograms.response.count 500
      count .histograms.response.negatives 0
      count .histograms.send_lag.negatives 0
    done
  done
}

@test "stages: each has its rate, and a row in each report" {
  bench --stages 0.2s:1k,0.8s,0s:100,0.4s --html "$work/r.html" --md "$work/r.md" -q 1
  cat "$work/r.md"
  all_arrived 940 940
  count .load.stages '[{"length_s":0.2,"rate":1000},{"length_s":0.8,"rate":1000},{"length_s":0,"rate":100},{"length_s":0.4,"rate":100}]'
  count '[.stages[] | .rate_from, .rate_to]' '[0,1000,1000,1000,100,100]'
  # Nothing is sent before it is due, and what is late counts when it is sent.
  count '[.stages[].sent] | add' 940
  count '[.stages[].sent] | .[0] <= 100 and .[0] + .[1] <= 900 and .[1] > 100' true
  [ "$(grep -cE '^\| [0-9.]+ \| [0-9.]+ \| [0-9.k]+/s' "$work/r.md")" -eq 3 ]
  [ "$(sed -n '/id="stages"/,/<.table>/p' "$work/r.html" | grep -c '<td>')" -eq 3 ]
  [ "$(mqbench report "$work/result.json" | grep -c '^  [0-9.]* s to ')" -eq 3 ]
  run -2 --separate-stderr mqbench run -p "$port" --stages 1s:1k --rate 5
  [[ $stderr == *'no --rate, -d or --messages'* ]]
  run -2 --separate-stderr mqbench run -p "$port" --stages 1s:1k,2x
  [[ $stderr == *"'2x' must be LENGTH:RATE"* ]]
}

@test "patterns: deliveries are what the pattern says" {
  bench --pubs 5 --subs 2 --rate 1k --messages 503 -q 1
  all_arrived 503 503
  bench --pubs 2 --subs 5 --rate 1k --messages 500 -q 1
  all_arrived 500 1250
  bench --pattern fanin --pubs 7 --subs 3 --rate 1k --messages 500
  all_arrived 500 1500
  bench --pattern fanout --pubs 2 --subs 9 --rate 1k --messages 100 -q 2
  all_arrived 100 900
}

@test "mesh: connections that publish and subscribe, each hears all" {
  for qos in 0 2; do
    bench --pattern mesh --pubs 5 --rate 1k --messages 200 -q "$qos" --threads 2
    all_arrived 200 1000
    count .load.deliveries_per_publish '{"min":5,"max":5,"mean":5.0}'
    count .histograms.connect.count 5
  done
  grep -q 'expected deliveries per publish: 5' <(mqbench report "$work/result.json")
}

@test "shared: each message reaches one member, whichever thread it is on" {
  for qos in 0 1 2; do
    bench --pattern shared:workers --pubs 3 --subs 4 --rate 2k --messages 1000 -q "$qos" --threads 2
    all_arrived 1000 1000
    count .load.deliveries_per_publish.max 1
  done
}

@test "shared, at full speed: the window counts what the members receive together" {
  bench --pattern shared --pubs 2 --subs 3 --rate max --inflight 20 --messages 5000 -q 1
  all_arrived 5000 5000
}

@test "topics and filters with blanks: who hears whom is what they say" {
  # Ten topics in turn, of which three subscribers want one each.
  bench -t 'x/{n}' --topics 10 --subs 3 -f 'x/{i}' --rate 1k --messages 500 -q 1
  all_arrived 500 150
  count .load.deliveries_per_publish '{"min":0,"max":1,"mean":0.3}'
  bench -t 'cmd/{rand:4}' --subs 4 -f 'cmd/{i}' --rate 1k --messages 500 -q 2
  all_arrived 500 500
  bench -t 'site/{mod:2}/%i' --pubs 4 --subs 2 -f 'site/%i/#' --rate 1k --messages 500
  all_arrived 500 500
  bench -t 'g/{i}' --pubs 2 --subs 3 -f "\$share/s/g/+" --rate 1k --messages 500
  all_arrived 500 500
  bench --pattern fanin --pubs 3 -t '{i}/{n}' --topics 4 --rate 1k --messages 600
  all_arrived 600 600
}

@test "a file of values for the clients: topics, users, passwords" {
  printf 'site,username,password\nnorth,ann,a1\n"so,uth",bob,b2\n' >"$work/devices.csv"
  kill -9 "$broker_pid"
  : >"$work/users"
  for login in 'ann a1' 'bob b2' 'eve e'; do
    mqbroker passwd -b -I 1000 "$work/users" "${login% *}" "${login#* }"
  done
  start_broker --password-file "$work/users"
  subscribe topics mqsub -u eve -P e -t 'd/#' -F '%t'
  bench -t 'd/{csv.site}/{user}/{i}' --data "$work/devices.csv" --pubs 3 --subs 3 --rate 100 \
    --messages 30 --warmup 0 -q 1
  all_arrived 30 30
  [ "$(sort -u "$work/topics" | tr '\n' ' ')" = 'd/north/ann/0 d/north/ann/2 d/so,uth/bob/1 ' ]
  run -2 --separate-stderr mqbench run -p "$port" --data "$work/none"
  [[ $stderr == *"cannot read $work/none"* ]]
  printf 'a,b\n1\n' >"$work/bad.csv"
  run -2 --separate-stderr mqbench run -p "$port" --data "$work/bad.csv"
  [[ $stderr == *"bad.csv, line 2: 1 fields and not 2"* ]]
}

@test "rate max: a number of messages, the window held, on several threads" {
  for qos in 0 1 2; do
    bench --rate max --inflight 20 --messages 5000 --pubs 4 --subs 4 -q "$qos" -s 16 --threads 2
    all_arrived 5000 5000
    count .load.rate_target null
    count '.metrics | has("response_ms")' false
    count '.client.threads | length' 2
  done
}

@test "rate max: a time" {
  bench --rate max --inflight 50 -d 0.5 --pattern fanin --pubs 3
  sent=$(jq .counts.sent "$work/result.json")
  [ "$sent" -gt 100 ]
  all_arrived "$sent" "$sent"
}

@test "more publishers than messages, and no subscribers" {
  bench --pubs 10 --rate 1k --messages 3 --subs 1 --pattern fanin
  all_arrived 3 3
  bench --pubs 2 --subs 0 --rate 1k --messages 100 -q 1
  all_arrived 100 0
  count .counts.acked 100
}

@test "threads that do not sleep send what is planned" {
  bench --rate 2000 -d 0.5 -q 1 --busy-poll --unit us >"$work/report"
  all_arrived 1000 1000
  count '.metrics | has("suback_ms")' true
  grep -qE '^response( +[0-9]+\.[0-9] us){6} +1 000$' "$work/report"
}

@test "payloads of several kinds arrive as they are meant" {
  printf '{"is":"{stamp}","n":{n},"at":{i},"x":{}}' >"$work/template"
  subscribe first mqsub -h 127.0.0.1 -p "$port" -t 'kinds/+' -C 3 -F %p
  bench --rate 200 --messages 20 -t 'kinds/{i}' --template "$work/template" --warmup 0
  all_arrived 20 20
  finished "$sub_pid"
  [ "$(sed -E 's/[A-Za-z0-9+/]{43}=/STAMP/' "$work/first" | head -n 2 | tail -n 1)" = '{"is":"STAMP","n":1,"at":0,"x":{}}' ]
  count .histograms.response.count 20
  count .load.payload '"template"'
  subscribe record mqsub -h 127.0.0.1 -p "$port" -t 'kinds/+' -C 4 -j
  bench --rate 200 --messages 20 -t 'kinds/{i}' -s 20,2k --pool 2 --warmup 0
  all_arrived 20 20
  finished "$sub_pid"
  subscribe again mqsub -h 127.0.0.1 -p "$port" -t 'kinds/+' -C 4 -j
  bench --rate 200 --messages 20 -t 'kinds/{i}' --replay "$work/record" -V 5 --verify strict --warmup 0
  all_arrived 20 20
  finished "$sub_pid"
  diff <(jq -c '[.payload, .payload_b64]' "$work/record") <(jq -c '[.payload, .payload_b64]' "$work/again")
  for bad in '-s 5..1' '--template /nowhere' "--replay $work/template" '--payload-cmd false' '-m x --replay y'; do
    # shellcheck disable=SC2086
    run -2 bench $bad
    [ -n "$output" ]
  done
}

@test "payloads of several sizes" {
  for size in 16 31 32 4k 100k; do
    bench --rate 200 --messages 20 -s "$size" -q 1
    all_arrived 20 20
  done
}

@test "two hundred clients" {
  bench --pubs 100 --subs 100 --rate 1k --messages 1000 --conn-window 10
  all_arrived 1000 1000
  count .histograms.connect.count 200
}

@test "the text report has the same figures, on standard output" {
  run --separate-stderr bench --rate 1000 --messages 300
  [ "$status" -eq 0 ]
  [[ $output == *'messages  planned 300 = sent 300 + not sent 0'* ]]
  [[ $output == *'deliver   expected 300 = received 300 + lost 0'* ]]
  [[ $output == *'response '*'send lag '*'verdict '* ]]
  [ -z "$stderr" ]
}

@test "--json without a file replaces the text" {
  run --separate-stderr timeout 30 mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --messages 10 --json
  [ "$status" -eq 0 ]
  [ "$(jq -r .schema <<<"$output")" = mqbench/1 ]
  [ "${#lines[@]}" -eq 1 ]
}

@test "a broker that is not there: exit 1, and where it was looked for" {
  kill -9 "$broker_pid"
  run --separate-stderr bench
  [ "$status" -eq 1 ]
  [[ $stderr == *"127.0.0.1:$port"* ]]
  [ -z "$output" ]
}

@test "what cannot be meant: exit 2" {
  for options in '--rate slow' '-s 15 --rate max' '-s 39 --verify strict' '--pubs 2 -t one' \
    '-d 1 --messages 1' '--percentiles 101' '--pattern ring' '-D will content-type x' \
    '-f a/# --pattern mesh' '-t a/{x}' '-t a/{csv.x}' '--pattern mesh --pubs 3 --subs 2' \
    '-f a/#/b'; do
    # shellcheck disable=SC2086
    run --separate-stderr mqbench run $options
    [ "$status" -eq 2 ]
    [[ $stderr == Error:* ]]
  done
}

@test "interrupted: the summary of what was measured, exit 130" {
  start_bench --rate 1000 -d 60 --warmup 0 >"$work/out"
  kill -INT "$bench_pid"
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 130 ]
  grep -q 'lost 0 ' "$work/out"
  sent=$(jq .counts.sent "$work/result.json")
  [ "$sent" -gt 0 ]
  [ "$sent" -lt 60000 ]
  count .counts.received "$sent"
}

@test "a stalled broker shows in the latency, and nothing is lost" {
  # Planned times go on while the broker stands still for a second of four: one message in eight
  # waits more than half a second, whatever it costs to send it.
  start_bench --rate 500 -d 4 -q 1
  sleep 1
  kill -STOP "$broker_pid"
  sleep 1
  kill -CONT "$broker_pid"
  finished "$bench_pid"
  all_arrived 2000 2000
  jq -e '.metrics.response_ms | .p90 > 300 and .max > 800' "$work/result.json"
}

@test "a broker that dies in the run: reconnected, the rest accounted for" {
  rm -f "$work/port"
  start_bench --rate 200 -d 4 --warmup 0 --reconnect-delay 0.1,0.2
  sleep 1
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  old_port=$port
  mqbroker -p "$old_port" --port-file "$work/port" 2>>"$work/broker.log" 3>&- &
  pids+=("$!")
  wait_for test -s "$work/port"
  finished "$bench_pid"
  count .counts.planned 800
  [ "$(jq .counts.disconnects "$work/result.json")" -ge 2 ]
  jq -e '.counts | .received > 100 and .expected == .received + ([.lost[]] | add)' "$work/result.json"
}
