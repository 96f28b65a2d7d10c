#!/usr/bin/env bats
# Whether mqbench can be believed: brokers whose capacity and faults are known, and what it says
# about them.

load helper

# start_sink [OPTION...]: mqbench's own server with faults; sets $port and $broker_pid.
start_sink() {
  rm -f "$work/port"
  env --default-signal=INT mqbench sink -p 0 --bind 127.0.0.1 --port-file "$work/port" "$@" \
    >"$work/sink.out" 2>>"$work/sink.log" 3>&- &
  broker_pid=$!
  pids+=("$broker_pid")
  wait_for eval "[ -s '$work/port' ] || gone $broker_pid"
  port=$(cat "$work/port")
}

# bench [OPTION...]: a run on a machine that others may use, too; its JSON in $work/result.json.
bench() {
  timeout 60 mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host --json="$work/result.json" "$@" 3>&-
}

# start_bench [OPTION...]: the same in the background; sets $bench_pid.
start_bench() {
  start mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host --json="$work/result.json" "$@"
  bench_pid=$started_pid
}

# holds EXPRESSION: true of the result.
holds() {
  jq -e "$1" "$work/result.json" >/dev/null || {
    echo "does not hold: $1"
    jq -c '[.metrics, .counts, .verdict, .client]' "$work/result.json"
    return 1
  }
}

# Percentiles of what is known: with S seconds of stall in D seconds of evenly spaced messages, a
# share q of them waits longer than S - q * D.
@test "a broker that is stopped for a second of ten: the percentiles say so, nothing is lost" {
  start_broker
  subscribe first mqsub -h 127.0.0.1 -t stall/0 -C 1
  start_bench --rate 1000 -d 10 -q 1 --inflight 5000 --percentiles 95,99 --topic stall/0
  finished "$sub_pid"
  sleep 2
  from=$EPOCHREALTIME
  kill -STOP "$broker_pid"
  sleep 1
  kill -CONT "$broker_pid"
  stall_ms=$(jq -n "($EPOCHREALTIME - $from) * 1000")
  finished "$bench_pid"
  holds '.counts | .planned == 10000 and .received == 10000 and .acked == 10000'
  holds "[.histograms.response | .count, .overflows, .negatives] == [10000, 0, 0]"
  holds ".metrics.response_ms.p99 / ($stall_ms - 100) | . > 0.95 and . < 1.05"
  holds ".metrics.response_ms.p95 / ($stall_ms - 500) | . > 0.95 and . < 1.05"
}

@test "the planned count is the area under the rate, exactly, and that of shards adds up to it" {
  start_sink
  # Options of the load | how many messages that is.
  while IFS='|' read -r load planned; do
    # shellcheck disable=SC2086
    bench --pubs 7 --subs 7 $load
    holds ".counts | .planned == $planned and .sent + .not_sent == $planned"
    sum=0
    for shard in 0 1 2; do
      # shellcheck disable=SC2086
      bench --pubs 7 --subs 7 --shard "$shard/3" --run-id r $load
      holds '.counts.planned > 0'
      sum=$((sum + $(jq .counts.planned "$work/result.json")))
    done
    [ "$sum" -eq "$planned" ]
  done <<'EOF'
--rate 1234.5 -d 0.2|247
--stages 0.1s:1k,0.1s,0.05s:0|175
--stages 0.1s:2k,0s:333,0.1s --phase random|133
--rate 997 -d 0.2 --phase sync|199
--rate 1k --messages 211 --arrival poisson|211
EOF
}

@test "Poisson arrivals: the mean within three sigma, the seed is in the result and makes the same again" {
  start_sink
  planned() {
    bench --pubs 5 --subs 5 --rate 4k -d 0.25 --arrival poisson "$@" >/dev/null
    holds '.counts | .sent + .not_sent == .planned'
    jq '.counts.planned' "$work/result.json"
  }
  sum=0
  for seed in 1 2 3 4; do
    sum=$((sum + $(planned --seed "$seed")))
  done
  [ "$sum" -gt $((4000 - 190)) ]
  [ "$sum" -lt $((4000 + 190)) ]
  first=$(planned)
  [ "$(planned --seed "$(jq .load.seed "$work/result.json")")" -eq "$first" ]
  sum=0
  for shard in 0 1; do sum=$((sum + $(planned --seed 4 --shard "$shard/2" --run-id x))); done
  [ "$sum" -eq "$(planned --seed 4)" ]
}

@test "a constant delay shifts the latency by just that" {
  start_sink
  bench --rate 1000 -d 1
  fastest_ms=$(jq .metrics.response_ms.min "$work/result.json")
  start_sink --delay 5ms
  bench --rate 1000 -d 1
  # The fastest message: of the slower ones nobody knows what else delayed them.
  holds ".metrics.response_ms.min - $fastest_ms | . > 4.8 and . < 5.2"
  holds '.metrics.response_ms.p50 >= 5'
}

# through_proxy MILLISECONDS STEP: from here on $port is that of a proxy before the server.
through_proxy() {
  rm -f "$work/proxy_port"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/delay_proxy.py" "$work/proxy_port" "$port" "$@" \
    2>>"$work/proxy.log" 3>&- &
  pids+=($!)
  wait_for eval "[ -s '$work/proxy_port' ]"
  port=$(cat "$work/proxy_port")
}

@test "a proxy of our own that delays all by the same time: every percentile is that" {
  start_sink
  # Almost a second, because what a busy machine adds is no part of it.
  through_proxy 900 0
  bench --pubs 4 --subs 4 --rate 200 -d 1 --percentiles 10,50,90
  holds '.counts.received == 200'
  holds '[.metrics.response_ms | .min, .p10, .p50, .p90] | all(. >= 900 and . < 990)'
}

@test "a proxy whose delays are of a known distribution: the percentiles are those of it" {
  start_sink
  # Of twenty subscribers, which connect first, the n-th hears all 40 * n ms late.
  through_proxy 40 40
  bench --pubs 20 --subs 20 --threads 1 --rate 200 -d 2 --conn-rate 200 --percentiles 2.5,22.5,47.5,72.5,97.5
  holds '.counts.received == 400'
  # In the middle of what each of them has in the order of all.
  # shellcheck disable=SC2016  # jq's
  holds '[.metrics.response_ms | .p2_5, .p22_5, .p47_5, .p72_5, .p97_5] as $p
    | [40, 200, 400, 600, 800] as $delay
    | [range(5)] | all($p[.] >= $delay[.] and $p[.] < $delay[.] + 40)'
}

# faulty EXIT OPTION...: a run of 1000 messages ends so.
faulty() {
  local status=0
  bench --rate 5k --messages 1000 --drain 0.6 "${@:2}" >"$work/report" || status=$?
  [ "$status" -eq "$1" ] || {
    echo "ended with $status and not $1"
    cat "$work/report"
    return 1
  }
}

@test "lost messages are counted: allowed at QoS 0, else a violation" {
  start_sink --drop 100
  faulty 0
  holds '.counts | .expected == 1000 and .received == 990 and .lost.qos0 == 10'
  start_sink --drop 100
  faulty 4 -q 1
  holds '.counts | .acked == 1000 and .received == 990 and .lost.acked == 10'
  grep -q 'VIOLATION 10 deliveries of acknowledged messages lost' "$work/report"
  start_sink --drop 100
  faulty 4 -q 2 -V 5
  holds '.counts | .received == 990 and .lost.acked == 10 and .duplicates.no_flag == 0'
}

@test "what a broker has acknowledged and delivers late is not lost as long as it comes" {
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/old_broker.py" "$work/port" trickle 3>&- &
  pids+=($!)
  wait_for test -s "$work/port"
  port=$(cat "$work/port")
  # Three seconds of deliveries behind messages that are sent and acknowledged in half of one.
  bench -q 1 --rate 3k --messages 1500 --drain 1
  holds '.counts | .acked == 1500 and .received == 1500 and .lost.acked == 0'
}

@test "a broker that delivers nothing was not measured, whatever it acknowledges" {
  start_sink --drop 1
  faulty 1 2>"$work/errors"
  grep -q "127.0.0.1:$port delivered no message: nothing was measured" "$work/errors"
  faulty 1 --verify off 2>"$work/errors"
  faulty 4 -q 1
  # Whose loss it is and what the latencies are then, the verdict says.
  start_sink --drop 4
  faulty 0
  holds '.verdict | .limited_by == "broker" or (.valid | not)'
  grep -q '25 % of the deliveries never came' "$work/report"
  grep -q '^NOTE latencies are those of the 75.00 % of the deliveries that came' "$work/report"
}

@test "duplicates are counted: allowed at QoS 1 only" {
  start_sink --duplicate 50
  faulty 0 -q 1
  holds '.counts | .received == 1000 and .duplicates == {"dup_flag":0,"no_flag":20}'
  start_sink --duplicate 50
  faulty 4 -q 2
  holds '.counts | .received == 1000 and .duplicates.no_flag == 20'
}

@test "messages that overtake are counted, and are a violation" {
  for qos in 0 1 2; do
    start_sink --swap 125
    # The 1000th has none behind it that could overtake it.
    faulty 4 -q "$qos"
    holds '.counts | .received == 1000 and .reordered == 7 and .reordered_by_max == 1'
  done
}

@test "--verify strict finds each payload that is not what was sent, at every size of stamp" {
  for load in '-s 64' '-s 40 -q 1' '-s 24' '-s 8 -V 5' '-m hello -V 5 -q 1' '-m hello -V 5 --pubs 2 --subs 2'; do
    start_sink --corrupt 100
    # shellcheck disable=SC2086
    faulty 4 --verify strict $load
    grep -q 'VIOLATION 10 payloads corrupt' "$work/report"
    holds '.counts | .corrupt == 10 and .received == 990 and .reordered == 0'
    # Nothing is found where nothing is.
    start_sink
    # shellcheck disable=SC2086
    faulty 0 --verify strict $load
    holds '.counts | .corrupt == 0 and .received == 1000'
  done
  printf '{"n":{n},"t":{rand:100}}' >"$work/blanks"
  printf '{"stamp":"{stamp}","n":{n},"of":"{client}","t":{rand:100}}' >"$work/stamped"
  printf '%s\n' '{"payload":"one"}' '{"payload_b64":"AAH/"}' >"$work/record"
  for load in '-s 100..200' '-s exp:100 -q 1' "--template $work/stamped --pubs 3 --subs 3" \
    "--template $work/blanks -V 5" "--replay $work/record -V 5 -q 2" \
    "--payload-cmd date --pool 2 -V 5"; do
    start_sink --corrupt 100
    # shellcheck disable=SC2086
    faulty 4 --verify strict $load
    # A bit within the stamp's text makes it a stranger's, or another message's.
    holds '.counts | .corrupt + .foreign >= 10 and .received == 990'
    start_sink
    # shellcheck disable=SC2086
    faulty 0 --verify strict $load
    holds '.counts | .corrupt == 0 and .foreign == 0 and .received == 1000'
  done
  # Who does not look does not find it.
  start_sink --corrupt 100
  faulty 0 -s 64
  holds '.counts | .corrupt == 0 and .received == 1000'
  grep -q 'corrupt not looked for' "$work/report"
}

@test "--verify count and off: numbers only, and no violation" {
  start_sink --drop 100 --swap 30
  faulty 0 -q 1 --verify count --pubs 3 --subs 3
  holds '.counts | .expected == 1000 and .received == 990 and .lost.acked == 10 and .reordered == 0'
  holds '.load.verify == "count" and .load.pairs == 0'
  start_sink --drop 100
  faulty 0 -q 2 --verify off
  holds '.counts | .received == 990 and .expected == 990 and ([.lost[]] | add) == 0'
  start_sink
  faulty 0 --pattern fanin --pubs 3 --subs 2
  holds '.load.verify == "seq" and .load.pairs == 6'
  grep -q '^verify    seq: 6 pairs of publisher and subscriber, 144 B' "$work/report"
}

@test "payloads without room for a stamp: Correlation Data with MQTT 5, else they are counted" {
  start_broker
  for size in 0 1 15; do
    faulty 0 -s "$size" -V 5 -q 1
    holds '.counts | .received == 1000 and .foreign == 0'
    holds '.histograms.response.count == 1000'
    faulty 0 -s "$size" -V 311 -q 1
    holds '.counts | .received == 1000 and .foreign == 0'
    holds '.histograms | has("response") | not'
  done
  # A payload of one's own arrives as it is.
  subscribe own mqsub -t 'own/+' -C 1
  faulty 0 -m 'as it is' --topic 'own/{i}'
  finished "$sub_pid"
  [ "$(cat "$work/own")" = 'as it is' ]
  head -c 5000 /dev/urandom >"$work/payload"
  faulty 0 --payload-file "$work/payload" -V 5 --verify strict
  holds '.load.size_bytes == 5000 and .counts.received == 1000'
}

@test "all faults at once, and the sink counts the same" {
  start_sink --drop 100 --duplicate 70 --swap 30
  faulty 4 -q 1
  kill -INT "$broker_pid"
  finished "$broker_pid"
  [ "$(cat "$work/sink.out")" = 'received 1000 dropped 10 duplicated 13 swapped 26 corrupted 0 delivered 1003' ]
  holds '.counts | .received == 990 and .lost.acked == 10 and .duplicates.no_flag == 13 and .reordered == 26'
}

@test "mqbench without time to compute says that it is the bottleneck" {
  start_sink
  start_bench --rate 2000 -d 2 --strict >"$work/report"
  # A tenth of the processor.
  while kill -STOP "$bench_pid" && sleep 0.09 && kill -CONT "$bench_pid"; do sleep 0.01; done 2>/dev/null
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 5 ]
  holds '.verdict.valid == false and .verdict.limited_by == "client"'
  grep -q 'NOT VALID, limited by mqbench' "$work/report"
}

@test "a broker that reads slowly is the bottleneck, and not mqbench" {
  start_sink --read-rate 1M
  bench --rate 20k -d 2 -s 1k --strict --drain 0.1 >"$work/report"
  holds '.verdict.valid and .verdict.limited_by == "broker"'
  holds '.client.blocked_share > 0.2 and .client.rwnd_limited_share > 0.2 and .client.sockets.sending == 1'
  grep -qE 'broker.s window closed [0-9]{2,3}\.' "$work/report"
  # One that reads as fast as it comes.
  start_sink
  bench --rate 1k -d 0.5 -s 1k
  holds '.client.rwnd_limited_share < 0.1 and .client.sockets.segments > 0'
}

@test "another process that computes disturbs the measurement, unless it is known to" {
  start_sink
  # shellcheck disable=SC2016
  bash -c 'for ((;;)); do :; done' 3>&- &
  pids+=($!)
  status=0
  timeout 60 mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --rate 500 -d 1 --fail-if 'p50>1ns' \
    --json="$work/result.json" >"$work/report" 3>&- || status=$?
  cat "$work/report"
  [ "$status" -eq 5 ]
  holds '.verdict.valid == false and .verdict.limited_by == "host"'
  holds '.client.host.foreign_cpu > 0.05 and .host.shared_with_broker'
  grep -q 'NOT VALID, disturbed by others on this host: other processes took ' "$work/report"
  grep -qE '^evidence  of a core: mqbench .*, broker .*, others ' "$work/report"
  # What others took is reported all the same; the broker's own time is not among it.
  bench --rate 500 -d 1
  holds '.verdict.limited_by != "host" and .client.host.foreign_cpu > 0.05 and .client.host.broker_cpu > 0'
}

@test "what arrives and is read late waits in the kernel, and that is measured" {
  start_broker
  bench --rate 1000 -d 1.5
  holds '.histograms.recv_wait.count > 50 and .histograms.recv_wait.negatives == 0'
  holds '.metrics.recv_wait_ms.p50 < .metrics.response_ms.max'
}

@test "whatever others publish to its topics: counted apart, and nothing else happens" {
  start_broker
  subscribe first mqsub -h 127.0.0.1 -t bench/hostile -C 1
  start_bench --topic bench/hostile --rate 500 -d 60 -s 32
  finished "$sub_pid"
  # Nothing, a byte, a stamp cut off, a stamp of another run, and bytes that are none.
  mqpub -h 127.0.0.1 -p "$port" -t bench/hostile -n
  for size in 1 15 16 31 32 64; do
    for byte in '\0' '\377' 'M'; do
      head -c "$size" /dev/zero | tr '\0' "$byte" |
        mqpub -h 127.0.0.1 -p "$port" -t bench/hostile -s
    done
  done
  printf 'MQB1\0\0\0\0\377\377\377\377%020d' 0 | mqpub -h 127.0.0.1 -p "$port" -t bench/hostile -s
  # What has been published since then is behind it, in the connection of the run, too.
  subscribe last mqsub -h 127.0.0.1 -t bench/hostile -C 1
  finished "$sub_pid"
  kill -INT "$bench_pid"
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 130 ]
  holds '.counts | .received > 0 and .received == .sent and .foreign == 20 and .reordered == 0 and .lost.qos0 == 0'
}

@test "interrupted at any moment: what there is is reported, exit 130" {
  start_broker
  # Connecting, warming up, measuring; the last one waits for what a broker lost and will not come.
  for moment in 0.01 0.05 0.2 0.5 1 drain; do
    duration=60
    if [ "$moment" = drain ]; then
      start_sink --drop 2
      duration=0.1
    fi
    rm -f "$work/result.json"
    start_bench --pubs 50 --subs 50 --rate 1000 --warmup 0.3 -d "$duration" --drain 60 >"$work/report" 2>"$work/errors"
    if [ "$moment" = drain ]; then sleep 1; else sleep "$moment"; fi
    kill -INT "$bench_pid"
    status=0
    finished "$bench_pid" || status=$?
    echo "after $moment s: $status"
    [ "$status" -eq 130 ]
    [ ! -s "$work/errors" ]
  done
  grep -q '^verdict' "$work/report"
  holds '.counts | .received > 0 and .received < .sent'
}
