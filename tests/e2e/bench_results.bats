#!/usr/bin/env bats
# What mqbench makes of results: the forms it writes them in, read by programs of others; shards that
# are merged; thresholds; comparisons.

load helper

setup_file() {
  export NODE_PATH=$BATS_TEST_DIRNAME/../../build/npm/node_modules
  if [ ! -d "$NODE_PATH/hdr-histogram-js" ]; then
    mkdir -p "$NODE_PATH"
    timeout 120 npm install --silent --no-audit --no-fund --prefix "$NODE_PATH/.." \
      hdr-histogram-js@3 >&2 || true
  fi
}

setup() { start_broker; }

# bench [OPTION...]: a short run on a machine that others may use, too.
bench() { timeout 60 mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host "$@" 3>&-; }

# exits STATUS COMMAND...
exits() {
  local status=0
  "${@:2}" >"$work/out" 2>"$work/errors" || status=$?
  [ "$status" -eq "$1" ] || {
    echo "ended with $status and not $1: ${*:2}"
    cat "$work/out" "$work/errors"
    return 1
  }
}

@test "the JSON is as its schema says, whatever the run" {
  # On a busy machine it may not be valid, and say so with 5.
  bench --rate 500 -d 0.5 -q 1 -V 5 --label broker=x --fail-if 'loss>0' --json="$work/a.json" || [ $? -eq 5 ]
  bench --rate max --inflight 10 --messages 100 -q 2 --json="$work/b.json"
  mqbench conn -h 127.0.0.1 -p "$port" -c 5 -i 0 -d 0.1 --json="$work/c.json"
  mqbench merge "$work/a.json" --json="$work/d.json" >/dev/null
  bench --stages 0.3s:500,0.2s --arrival poisson --json="$work/e.json"
  for name in a b c d e; do
    python3 -m jsonschema -i "$work/$name.json" "$BATS_TEST_DIRNAME/../../tools/mqbench/result.schema.json"
  done
  # The schema is one that something can break.
  jq -c '.verdict.limited_by = "nobody"' "$work/a.json" >"$work/bad.json"
  run python3 -m jsonschema -i "$work/bad.json" "$BATS_TEST_DIRNAME/../../tools/mqbench/result.schema.json"
  [ "$status" -ne 0 ]
}

@test "a report from a stored result is the report of the run" {
  bench --rate 1k -d 1 --json="$work/r.json" >"$work/first"
  mqbench report "$work/r.json" >"$work/second"
  diff "$work/first" "$work/second"
  mqbench report "$work/r.json" --json | diff - "$work/r.json"
  exits 1 mqbench report "$work/none.json"
  echo '{"schema":"mqbench/1","tool":{}}' >"$work/bad.json"
  exits 1 mqbench report "$work/bad.json"
  grep -q 'no result of mqbench' "$work/errors"
}

@test "what cannot be written is an error, before the run where it shows, and the rest is written" {
  exits 1 bench -d 60 --html "$work/none/report.html"
  grep -q "cannot write $work/none/report.html: No such file or directory" "$work/errors"
  exits 1 bench -d 60 -o "$work/none/results"
  exits 1 bench -d 60 --csv "$work"
  grep -q "cannot write $work: Is a directory" "$work/errors"
  # A disk that is full.
  exits 1 bench --rate 200 -d 0.2 --csv /dev/full --jsonl /dev/full --md "$work/result.md" --json="$work/result.json"
  [ "$(grep -c 'cannot write /dev/full: No space left on device' "$work/errors")" -eq 2 ]
  jq -e '.counts.sent == 40' "$work/result.json"
  test -s "$work/result.md"
  local full
  for full in "bench --rate 200 -d 0.2" "bench --rate 200 -d 0.2 --json" \
    "mqbench search -p $port --max-rate 1k --step 0.1 --confirm 0" "mqbench storm -p $port -c 5 --probe-rate 0" \
    "mqbench report $work/result.json" "mqbench scenario --preset p2p --print"; do
    run -1 --separate-stderr bash -c "$(declare -f bench); port=$port; $full 3>&- >/dev/full"
    [[ $stderr == "Error: cannot write standard output: No space left on device" ]]
  done
  # Who has seen enough is no error.
  run -0 --separate-stderr bash -c "mqbench report $work/result.json | true; exit \${PIPESTATUS[0]}"
  [ "$stderr" = "" ]
}

@test "a line without an end is given up at its largest size, and not read to its end" {
  run timeout 60 bash -c 'tr "\0" x </dev/zero | mqbench report -'
  [ "$status" -eq 1 ]
  [[ $output == *'standard input has a line that is too long' ]]
}

@test "thresholds decide the exit code" {
  exits 2 bench --rate 1k -d 0.2 --fail-if 'p50<1h'
  exits 2 bench --rate 1k -d 0.2 --fail-if 'ack.p50>1s'
  bench --rate 1k -d 0.2 --json="$work/run.json" >/dev/null
  # What the machine was busy with is not to matter here.
  jq -c '.verdict.valid = true' "$work/run.json" >"$work/r.json"
  for row in '3 p50>1ns' '0 p50>50s' '3 loss<=0' '0 loss>0' '3 recv_rate<2k' '0 rate_ratio<10%' \
    '1 ack.p99>1s' '2 p99>fast' '2 speed>1'; do
    exits "${row%% *}" mqbench report "$work/r.json" --fail-if "${row#* }"
  done
  jq -c '.verdict.valid = false' "$work/run.json" >"$work/busy.json"
  exits 5 mqbench report "$work/busy.json" --fail-if 'p50>1ns'
  jq -c '.verdict.violations = ["x"]' "$work/busy.json" >"$work/broken.json"
  exits 4 mqbench report "$work/broken.json" --fail-if 'p50>1ns'
  exits 3 mqbench merge "$work/r.json" --fail-if 'loss>0' --fail-if 'p50>1ns'
  grep -q '^FAILED    p50>1ns$' "$work/out"
  grep -q '^passed    loss>0$' "$work/out"
}

@test "shards, started by GNU parallel and merged: what they add up to" {
  # shellcheck disable=SC2016  # parallel replaces {}
  parallel -j 2 "mqbench run -h 127.0.0.1 -p $port --warmup 0.2 --rate 1001 -d 2 --pubs 5 --subs 5 \
    --run-id shards --shard {}/2 --json" ::: 0 1 >"$work/log" 3>&-
  [ "$(wc -l <"$work/log")" -eq 2 ]
  mqbench merge "$work/log" --json="$work/sum.json" >"$work/text"
  grep -q 'planned 2 002 = sent 2 002 + not sent 0' "$work/text"
  jq -es '.[2] as $sum | .[:2] as $shards
    | $sum.counts.planned == 2002 and $sum.load.pubs == 5 and $sum.load.rate_target == 1001
    and ([.[:2][].counts.planned] | sort) == [801, 1201]
    and $sum.counts.received == ($shards | map(.counts.received) | add)
    and $sum.histograms.response.count == ($shards | map(.histograms.response.count) | add)
    and $sum.histograms.response.max == ($shards | map(.histograms.response.max) | max)
    and $sum.histograms.response.min == ($shards | map(.histograms.response.min) | min)
    and $sum.metrics.sent_per_s == ($shards | map(.metrics.sent_per_s) | add)' \
    "$work/log" "$work/sum.json"
  # The order makes no difference, and the same shard twice is none.
  tac "$work/log" | mqbench merge - --json |
    jq -e --slurpfile sum "$work/sum.json" '.histograms.response.data == $sum[0].histograms.response.data'
  head -1 "$work/log" >"$work/first"
  exits 1 mqbench merge "$work/log" "$work/first"
  grep -q 'the same shard' "$work/errors"
}

@test "shards by the script for ssh: they begin together, and their results are merged" {
  # In the place of ssh: forgets the host.
  printf '#!/bin/sh\nshift\nexec "$@"\n' >"$work/ssh"
  chmod +x "$work/ssh"
  cd "$work"
  export SSH=$work/ssh LOAD="-p $port --rate 300 -d 0.5 --warmup 0 --pubs 3 --subs 3"
  "$BATS_TEST_DIRNAME/../../packaging/examples/mqbench-ssh.sh" 127.0.0.1 "mqtt://127.0.0.1:$port" a b c \
    >"$work/merged" 3>&-
  grep -q 'deliver   expected 150 = received 150 + lost 0' "$work/merged"
  run -2 "$BATS_TEST_DIRNAME/../../packaging/examples/mqbench-ssh.sh" 127.0.0.1
  export LOAD="-p $port --rate nonsense"
  run -2 "$BATS_TEST_DIRNAME/../../packaging/examples/mqbench-ssh.sh" 127.0.0.1 mqtt://x a
}

@test "shards that are told to begin together wait for the last one" {
  # The first to come is not the one that gives the sign.
  for shard in 1 2 0; do
    last_s=$EPOCHREALTIME
    start mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host --rate 300 -d 0.5 --pubs 3 --subs 3 \
      --run-id together --shard "$shard/3" --sync "mqtt://127.0.0.1:$port" --json="$work/$shard.json" >/dev/null
    shards+=("$started_pid")
    if [ "$shard" = 0 ]; then break; fi
    wait_for timeout 5 mqsub -h 127.0.0.1 -p "$port" -t "mqbench/together/ready/$shard" -C 1
    [ ! -e "$work/$shard.json" ]
  done
  for pid in "${shards[@]}"; do finished "$pid"; done
  jq -es "map(.counts.received) == [50, 50, 50] and all(.run.started_s >= $last_s)" "$work"/[012].json
  # Nothing is left behind that a second run would take for its own.
  run --separate-stderr mqsub -h 127.0.0.1 -p "$port" -t 'mqbench/together/#' -C 1 -W 1
  [ -z "$output" ]
}

@test "shards that cannot begin together all end, and say why" {
  member() { bench --rate 300 -d 0.2 --pubs 3 --subs 3 --run-id alone --sync "mqtt://127.0.0.1:$port" "$@"; }
  exits 1 member --shard 0/3 --sync-timeout 1.5
  grep -q '^Error: --sync: 2 of 3 shards were not ready for 1.5 s: number 1, 2$' "$work/errors"
  exits 1 member --shard 1/3 --sync-timeout 1.5
  grep -q '^Error: --sync: shard 0 has not given the sign for 1.5 s$' "$work/errors"
  # One with other options: both hear of it.
  member --shard 1/2 --rate 500 >/dev/null 2>"$work/other" &
  local other=$! status=0
  pids+=("$other")
  wait_for timeout 5 mqsub -h 127.0.0.1 -p "$port" -t mqbench/alone/ready/1 -C 1
  exits 1 member --shard 0/2
  grep -q '^Error: --sync: shard 1 was given other options: .*500/s.*; and shard 0: .*300/s' "$work/errors"
  wait "$other" || status=$?
  [ "$status" -eq 1 ]
  grep -q '^Error: --sync: shard 1 was given other options: ' "$work/other"
  # Nothing is left behind.
  run --separate-stderr mqsub -h 127.0.0.1 -p "$port" -t 'mqbench/alone/#' -C 1 -W 1
  [ -z "$output" ]
}

@test "a shard that is killed is missing in the sum, which says so and is not valid" {
  mqsub -h 127.0.0.1 -p "$port" -t mqbench/killed/2 -C 1 >/dev/null 3>&- &
  local heard=$!
  pids+=("$heard")
  for shard in 0 1 2; do
    mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host --rate 300 -d 2 --pubs 3 --subs 3 --run-id killed \
      --shard "$shard/3" --sync "mqtt://127.0.0.1:$port" --json="$work/$shard.json" >/dev/null 2>&1 3>&- &
    shards[shard]=$!
    pids+=($!)
  done
  # While it measures: one of its messages has passed.
  finished "$heard"
  kill -9 "${shards[2]}"
  for shard in 0 1; do finished "${shards[shard]}"; done
  [ ! -e "$work/2.json" ]
  mqbench merge "$work"/[01].json >"$work/text"
  grep -q '^verdict   NOT VALID, .*of 3 shards there are only 2; not 2: the broker may have had a larger load' "$work/text"
  exits 5 mqbench merge "$work"/[01].json --fail-if 'p99>3600s'
  jq -c '.run.id = "another" | .run.shard.index = 2' "$work/1.json" >"$work/2.json"
  exits 1 mqbench merge "$work"/[012].json
  grep -q '^Error: results 1 and 3 cannot be merged: they are shards of different runs$' "$work/errors"
}

@test "HdrHistogram's programs read the histograms, in JavaScript and in Java" {
  [ -d "$NODE_PATH/hdr-histogram-js" ] || skip 'the npm registry cannot be reached'
  bench --rate 2k -d 2 --json="$work/r.json" --hlog "$work/r.hlog" >/dev/null
  timeout 30 node "$BATS_TEST_DIRNAME/hdr_histogram.cjs" "$work/r.json" "$work/r.hlog"
  timeout 60 java -cp /usr/share/java/hdrhistogram.jar org.HdrHistogram.HistogramLogProcessor \
    -i "$work/r.hlog" -tag response >"$work/java.hgrm"
  # Its table ends with the largest value, in milliseconds, and the number of all.
  jq -r '.histograms.response | "\(.max / 1e6) \(.count)"' "$work/r.json" >"$work/ours"
  read -r max count <"$work/ours"
  grep -E "#\[Max +=.*Total count +=" "$work/java.hgrm" | tail -1 | tr -d ',]' |
    awk -v max="$max" -v count="$count" '{ for (i = 1; i <= NF; ++i) if ($i == "=") v[++n] = $(i + 1) }
      END { print v[1], v[2], "and not", max, count
            exit !(v[2] == count && v[1] >= max * 0.998 && v[1] <= max * 1.002) }'
}

# java_sum LOG TAG [OPTION...]: what Java's program adds up, for one tag or for lines without.
java_sum() {
  timeout 60 java -cp /usr/share/java/hdrhistogram.jar org.HdrHistogram.HistogramLogProcessor -i "$1" ${2:+-tag "$2"} "${@:3}"
}

@test "merged histogram logs are what HdrHistogram's libraries add up to, whoever wrote them" {
  [ -d "$NODE_PATH/hdr-histogram-js" ] || skip 'the npm registry cannot be reached'
  # Of Java: lowest value 20000 with two digits, and with a tag three digits and a range that grows.
  local here=$BATS_TEST_DIRNAME
  mqbench merge "$here/hdr_histogram_a.hlog" "$here/hdr_histogram_b.hlog" --hlog "$work/java.hlog" >"$work/text"
  grep -q '^2 histogram logs, 3.0 s from 2026-11-29T06:43:08Z$' "$work/text"
  for i in 0 1; do node "$here/hdr_logs.cjs" write "$i" >"$work/js$i"; done
  cat "$work/js0" "$work/js1" | mqbench merge - --hlog "$work/js.hlog" --hgrm "$work/js-" >"$work/text.js"
  diff <(node "$here/hdr_logs.cjs" sum "$here"/hdr_histogram_[ab].hlog) <(node "$here/hdr_logs.cjs" sum "$work/java.hlog")
  diff <(node "$here/hdr_logs.cjs" sum "$work/js0" "$work/js1") <(node "$here/hdr_logs.cjs" sum "$work/js.hlog")
  # What is written can be read, and is the same.
  mqbench report "$work/java.hlog" | tail -n +2 | diff - <(tail -n +2 "$work/text")
  mqbench merge "$work/js.hlog" --hlog - | grep -v '^#' | diff - <(grep -v '^#' "$work/js.hlog")
  { cat "$here/hdr_histogram_a.hlog"; grep -v '^["#]' "$here/hdr_histogram_b.hlog"; } >"$work/both.hlog"
  for tag in '' ack; do
    diff <(java_sum "$work/both.hlog" "$tag") <(java_sum "$work/java.hlog" "$tag")
  done
  # The table that Java makes of the sum is ours, but for how many digits of the values it writes.
  java_sum "$work/js.hlog" ack -outputValueUnitRatio 1000 | awk '$3 ~ /^[0-9]+$/ && $1 ~ /^[0-9.]+$/ { printf "%.0f %s\n", $1, $3 }' >"$work/theirs"
  awk '$3 ~ /^[0-9]+$/ && $1 ~ /^[0-9.]+$/ { printf "%.0f %s\n", $1, $3 }' "$work/js-ack.hgrm" >"$work/ours"
  [ "$(wc -l <"$work/ours")" -gt 10 ]
  diff "$work/theirs" "$work/ours"
}

@test "histogram logs of shards are merged; what they cannot say is refused" {
  for shard in 0 1; do
    bench --rate 200 -d 1 --pubs 2 --subs 2 --run-id logs --shard "$shard/2" --hlog "$work/$shard.hlog" \
      --json="$work/$shard.json" >/dev/null
  done
  mqbench merge "$work/0.hlog" "$work/1.hlog" --hlog "$work/sum.hlog" --fail-if 'p99>3600s' >"$work/text"
  grep -qE '^response .* 200$' "$work/text"
  grep -qE '^send_lag ' "$work/text"
  grep -q '^passed    p99>3600s$' "$work/text"
  exits 3 mqbench report "$work/sum.hlog" --fail-if 'lag.max>0.001ns'
  exits 1 mqbench report "$work/sum.hlog" --fail-if 'loss>0'
  exits 1 mqbench merge "$work/0.hlog" "$work/0.hlog"
  grep -q 'this is shard 0 of run logs, and so is' "$work/errors"
  exits 1 mqbench merge "$work/0.hlog" "$work/1.json"
  grep -q 'cannot be merged with each other' "$work/errors"
  exits 1 mqbench compare "$work/0.hlog" "$work/1.hlog"
  grep -q 'is a histogram log, which does not say what the load was' "$work/errors"
  for option in --json=x --jsonl=x --html=x --csv=x --md=x --output=x; do
    exits 2 mqbench merge "$work/0.hlog" "$option"
    grep -q 'is for results in JSON: a histogram log holds times only' "$work/errors"
  done
  # A log that was cut off, at any place: the line is named.
  head -c -20 "$work/0.hlog" >"$work/cut.hlog"
  exits 1 mqbench merge "$work/cut.hlog" "$work/1.hlog"
  grep -qE "cut.hlog, line $(wc -l <"$work/0.hlog"): histogram: " "$work/errors"
}

@test "the page shows in a browser without complaint, and has the numbers of the JSON" {
  if ! command -v chromium >/dev/null; then skip 'chromium is not installed'; fi
  bench --rate 1k -d 2 -q 1 --percentiles 50,99,100 -o "$work/all" >/dev/null
  timeout 60 chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr --v=0 \
    --user-data-dir="$work/chromium" --virtual-time-budget=2000 --dump-dom \
    "file://$work/all/report.html" >"$work/dom" 2>"$work/chromium.err" 3>&-
  if grep -E 'CONSOLE|ERR_|Refused to' "$work/chromium.err"; then return 1; fi
  if grep -oE '(src|href)="[^"]*"' "$work/dom"; then return 1; fi
  python3 "$BATS_TEST_DIRNAME/html_report.py" "$work/dom" "$work/all/result.json"
  # All the others are there, too.
  for file in result.txt result.jsonl intervals.csv report.md intervals.hlog response.hgrm ack.hgrm; do
    [ -s "$work/all/$file" ]
  done
}

@test "compare: single runs are no comparison" {
  bench --rate 500 -d 0.2 --json="$work/a.json" >/dev/null
  exits 0 mqbench compare "$work/a.json" "$work/a.json"
  grep -q 'single runs: not a comparison' "$work/out"
  exits 2 mqbench compare "$work/a.json"
}

@test "ab: a broker and itself, and one that is slower" {
  timeout 60 mqbench ab --run "-h 127.0.0.1 -p $port --rate 500 -d 0.2 --warmup 0.1 --drain 0.5" --runs 5 \
    >"$work/out" 3>&-
  cat "$work/out"
  [ "$(grep -c 'no difference detectable' "$work/out")" -ge 3 ]
  rm -f "$work/port"
  mqbench sink -p 0 --bind 127.0.0.1 --port-file "$work/port" --delay 50ms >/dev/null 2>&1 3>&- &
  pids+=($!)
  wait_for test -s "$work/port"
  timeout 60 mqbench ab --a "-p $port" --b "-p $(cat "$work/port")" --runs 5 \
    --run '-h 127.0.0.1 --rate 500 -d 0.2 --warmup 0.1 --drain 0.5' >"$work/out" 3>&-
  cat "$work/out"
  grep -qE '^p50 .*B is slower: .* 95 % interval .*p = 0\.00' "$work/out"
}

@test "ab: mqbroker against mosquitto: which differs in what, with the interval" {
  ours=$port
  start_mosquitto
  # A window of 200 over a connection: a broker whose own is 20 (mosquitto 2.0) waits ten times as often.
  timeout 100 mqbench ab --a "-p $ours" --b "-p $port" --runs 5 \
    --run '-h 127.0.0.1 --rate max -q 1 --inflight 200 --messages 5000 --warmup 0.05 --drain 1' >"$work/out" 3>&-
  cat "$work/out"
  grep -qE '^received/s .*B is slower: -[0-9.]+ %, 95 % interval -[0-9.]+ to -[0-9.]+ %, p = 0\.00' "$work/out"
  grep -qE '^p50 .*B is slower: .* 95 % interval .*p = 0\.00' "$work/out"
}
