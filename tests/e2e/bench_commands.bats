#!/usr/bin/env bats
# mqbench's other commands: a quick look, the search for the highest rate, load of one kind only.

load helper

# start_sink [OPTION...]: mqbench's own server with faults; sets $port.
start_sink() {
  rm -f "$work/port"
  mqbench sink -p 0 --bind 127.0.0.1 --port-file "$work/port" "$@" >/dev/null 2>>"$work/sink.log" 3>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  wait_for eval "[ -s '$work/port' ] || gone $broker_pid"
  port=$(cat "$work/port")
}

# gauge NAME COUNT: the broker has that many by now.
gauge() { [ "$(timeout 1 mqsub -p "$port" -t "\$SYS/broker/$1" -C 1)" -ge "$2" ]; }

# quick_answers NAME: what a quick look at the broker on $port has to say.
quick_answers() {
  run --separate-stderr timeout 60 mqbench -p "$port" --shared-host 3>&-
  echo "$output"
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  [[ ${lines[0]} == *"-> localhost:$port "*"$1"*'round trip'* ]]
  for qos in 0 1 2; do [[ $output =~ QoS\ $qos\ .*\ 1\ 200/1\ 200 ]]; done
  # On a busy machine not even the lowest rate.
  [[ $output =~ throughput,.*\ (sustained|could be measured) ]]
  [[ $output =~ fan-out,\ 1\ -\>\ 50,.*\ delivered\ at\ p99 ]]
  [[ $output =~ connections:\ 500\ of\ 500\ in ]]
  [[ $output == *'checks    lost 0   duplicates 0   reordered 0   refused 0   disconnects 0'* ]]
  [[ $output == *'verdict   '* ]]
}

@test "without arguments: a look at mqbroker" {
  start_broker
  quick_answers mqbroker
}

@test "without arguments: a look at mosquitto" {
  start_mosquitto
  quick_answers mosquitto
}

@test "without arguments, and nobody there: where it was looked for, exit 1" {
  start_sink
  kill -9 "$broker_pid"
  wait_for gone "$broker_pid"
  run --separate-stderr mqbench -p "$port"
  [ "$status" -eq 1 ]
  [[ $stderr == Error:*"localhost:$port"* ]]
  [ -z "$output" ]
}

@test "a broker in the world is not loaded without being asked twice" {
  for command in run search 'pub -I 10'; do
    # shellcheck disable=SC2086
    run --separate-stderr mqbench $command -h 192.0.2.1
    [ "$status" -eq 2 ]
    [[ $stderr == *'192.0.2.1 is not on this machine'*'--yes'* ]]
  done
}

@test "search: finds the capacity of a broker that has a known one" {
  start_sink --capacity 3k
  # Where others use the machine a step may fail that is none of the sink's, so three tries; no try
  # ever finds more than there is. A step passes a little over the limit: its queue has not grown to
  # 50 ms then.
  for try in 1 2 3; do
    timeout 100 mqbench search --shared-host -h 127.0.0.1 -p "$port" --min-rate 1k --step 0.6 --confirm 0.5 \
      --slo 'p50<50ms' --json="$work/search.json" >"$work/text" 3>&-
    echo "$try"
    cat "$work/text"
    jq -e '.bounded and .rate < 3300 and (.steps | length) >= 4' "$work/search.json"
    jq -e '.failed_rate > .rate and .failed_rate < 4000' "$work/search.json"
    if jq -e '.rate > 2700' "$work/search.json"; then break; fi
  done
  jq -e '.rate > 2700' "$work/search.json"
  grep -qE '^[0-9.]+k/s sustained, [0-9.]+k/s not$' "$work/text"
}

@test "search: a broker that is faster than what is asked for gives no number with an equals sign" {
  start_sink
  run timeout 60 mqbench search --shared-host -h 127.0.0.1 -p "$port" --min-rate 500 --max-rate 1k --step 0.3 --confirm 0 \
    --slo 'p50<1s'
  [ "$status" -eq 0 ]
  [[ $output == *'at least 1.00k/s sustained: bound not found'* ]]
}

@test "search: what is never met is found out, exit 3" {
  # So late that a busy machine is nothing beside it.
  start_sink --delay 300ms
  run timeout 60 mqbench search --shared-host -h 127.0.0.1 -p "$port" --min-rate 10 --step 0.1 --confirm 0 --slo 'p50<200ms'
  [ "$status" -eq 3 ]
  [[ $output == *'no rate is sustained'* ]]
}

@test "search: a rate at which messages are lost is not sustained, unless so much loss is allowed" {
  search() {
    run timeout 60 mqbench search --shared-host -h 127.0.0.1 -p "$port" --min-rate 1k --max-rate 1k --step 0.3 \
      --confirm 0 --slo 'p50<1s' --slo 'recv_rate>500' "$@"
  }
  # Every second one, so that the lowest rates that are tried lose some, too.
  start_sink --drop 2
  search
  [[ $status -eq 3 || $status -eq 5 ]] # 5 where others disturb the machine
  [[ $output == *': 150 lost'*'no rate '* ]]
  start_sink --drop 100
  search --slo 'loss<5%'
  [[ $output != *'lost'* ]]
  # What was acknowledged is not to be lost.
  search -q 1
  [ "$status" -eq 4 ]
  [[ $output == *'VIOLATION'*'acknowledged messages lost'* ]]
}

@test "pub and sub, as emqtt-bench spells them" {
  start_broker --sys-interval 1
  start mqbench sub -h 127.0.0.1 -p "$port" -c 3 -i 0 -t 'x/#' -q 1 -d 60 --jsonl "$work/lines" \
    --json="$work/sub.json" >/dev/null
  wait_for gauge subscriptions/count 3
  timeout 30 mqbench pub -h 127.0.0.1 -p "$port" -c 10 -i 1 -I 10 -t 'x/%i' -s 256 -q 1 -L 1000 -n 5 \
    --json="$work/pub.json" >/dev/null 3>&-
  jq -e '.counts.sent == 1000 and .counts.acked == 1000 and .load.rate_target == 1000' "$work/pub.json"
  all_heard() { jq -es 'map(.received) | add == 3000' "$work/lines"; }
  wait_for all_heard
  kill -INT "$started_pid"
  status=0
  finished "$started_pid" || status=$?
  [ "$status" -eq 130 ]
  jq -e '.counts.foreign == 3000 and .histograms.response.count == 3000' "$work/sub.json"
}

@test "what emqtt-bench has and mqbench has not is an error that says what to do" {
  start_broker
  local options=(-h 127.0.0.1 -p "$port" -c 2 -i 0 -d 0.1)
  mqbench conn "${options[@]}" -V 4 -C false --ifaddr 127.0.0.1,127.0.0.2 >/dev/null
  mqbench conn "${options[@]}" -V 5 -x 60 --clean true --json | jq -e '.target.protocol == "5.0"'
  mqbench pub "${options[@]}" -t a -I 10 -m hello >/dev/null
  while read -r words; do
    # shellcheck disable=SC2086  # several words
    run -2 --separate-stderr mqbench pub "${options[@]}" -t a ${words%% = *}
    [[ $stderr == *"${words#* = }"* ]]
  done <<'END'
-r true = There is no -r: messages that are measured are not retained; mqpub -r makes some.
--prometheus --restapi 8080 = it is --prom PORT
--quic true = does not speak QUIC
--ssl true = There is no true: --ssl and --ws say yes by being there
--payload-hdrs ts = leave it out
-m template://a = goes to mqbench run, as --template FILE
--nonsense = Unknown option '--nonsense'
END
}

@test "pub numbers its topics from -n" {
  start_broker
  subscribe topics mqsub -t 'n/+' -C 3 -F '%t'
  timeout 30 mqbench pub -h 127.0.0.1 -p "$port" -c 3 -i 0 -I 10 -t 'n/%i' -L 3 -n 7 >/dev/null 3>&-
  finished "$sub_pid"
  [ "$(sort "$work/topics" | tr '\n' ' ')" = 'n/7 n/8 n/9 ' ]
}

@test "conn: connections at a rate, held, and released when interrupted" {
  start_broker --sys-interval 1
  env --default-signal=INT mqbench conn -h 127.0.0.1 -p "$port" -c 50 -R 100 --json="$work/conn.json" \
    >/dev/null 3>&- &
  bench_pid=$!
  pids+=("$bench_pid")
  wait_for gauge clients/connected 50
  kill -INT "$bench_pid"
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 130 ]
  jq -e '.histograms.connect.count == 50' "$work/conn.json"
}

@test "several local addresses, several servers, connections that are held" {
  start_broker --bind 127.0.0.1 --bind 127.0.0.2 --sys-interval 1 || start_broker --sys-interval 1
  mqbench run -h 127.0.0.1 -p "$port" --pubs 4 --subs 4 --local-addr 127.0.0.3,127.0.0.4 --rate 100 -d 0.2 \
    --warmup 0 --hold 50 --shared-host --json="$work/held.json" >/dev/null 3>&- &
  bench_pid=$!
  pids+=("$bench_pid")
  wait_for gauge clients/connected 8
  peers() { ss -Htn state established "src $1:$port" | awk '{ print $4 }' | grep -c "^$2:"; }
  took_turns() { [ "$(peers 127.0.0.1 127.0.0.3)" -eq 4 ] && [ "$(peers 127.0.0.1 127.0.0.4)" -eq 4 ]; }
  wait_for took_turns
  kill -TERM "$bench_pid"
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 143 ]
  run timeout 20 mqbench run --hosts "127.0.0.1:$port,127.0.0.1:1" --pubs 2 --subs 0 --rate 10 -d 0.2
  [ "$status" -eq 1 ]
  [[ $output == *'127.0.0.1:1'* ]]
}

@test "--reconnect off: a connection that is lost ends the run, exit 1" {
  start_broker
  timeout 60 mqbench run -h 127.0.0.1 -p "$port" --rate 100 -d 50 --reconnect off --warmup 0 --topic lost/0 \
    >/dev/null 2>"$work/errors" 3>&- &
  bench_pid=$!
  pids+=("$bench_pid")
  wait_for timeout 10 mqsub -h 127.0.0.1 -p "$port" -t lost/0 -C 1
  kill -9 "$broker_pid"
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 1 ]
  grep -q "127.0.0.1:$port" "$work/errors"
}

@test "doctor: what there is, and how late timers are" {
  run mqbench doctor
  [ "$status" -eq 0 ]
  [[ $output =~ processors\ +[0-9]+ ]]
  [[ $output =~ timer,\ late\ by\ .*p99 ]]
  [[ $output =~ descriptors\ +$(ulimit -Hn) ]]
}

@test "on a terminal a run says every second how far it is, and cleans up" {
  start_sink
  script -qec "mqbench run -h 127.0.0.1 -p $port --rate 100 -d 2.5 --warmup 0 --json=$work/result.json" \
    "$work/terminal" >/dev/null 3>&-
  grep -aqE 's/[23]s  sent .*/s  received .*/s  under way [0-9]+' "$work/terminal"
  grep -aq $'\r\e\\[K' "$work/terminal"
  # Elsewhere there is nothing of the kind.
  run --separate-stderr mqbench run -h 127.0.0.1 -p "$port" --rate 100 -d 1.5 --warmup 0
  [ -z "$stderr" ]
}
