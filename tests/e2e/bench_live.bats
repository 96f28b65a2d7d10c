#!/usr/bin/env bats
# What mqbench shows of a run while it goes on, and what ends it early or fails it afterwards.

load helper

# A server that is so slow that a busy machine is nothing beside it: no measurement is invalid here
# because mqbench was late.
setup() {
  mqbench sink -p 0 --bind 127.0.0.1 --port-file "$work/port" --delay 300ms >/dev/null 2>"$work/sink.log" 3>&- &
  pids+=($!)
  wait_for test -s "$work/port"
  port=$(cat "$work/port")
}

# bench [OPTION...]: a run on a machine that others may use, too.
bench() { timeout 60 mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host "$@" 3>&-; }

# start_bench [OPTION...]: the same in the background; sets $bench_pid.
start_bench() {
  start mqbench run -h 127.0.0.1 -p "$port" --warmup 0 --shared-host "$@"
  bench_pid=$started_pid
}

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

@test "--abort-if ends a run that has no future, exit 3, and reports it" {
  exits 3 bench --rate 200 -d 50 --abort-if 'p50>1ns' --json="$work/result.json"
  jq -e '.run.window_s < 40 and .counts.received == .counts.sent and .counts.sent < 8000
    and .thresholds == [{"expr":"p50>1ns","value":.thresholds[0].value,"hit":true}]
    and (.events | last | .text == "ended by p50>1ns")' "$work/result.json"
  # One that is not true changes nothing; the end of a run counts, too.
  exits 0 bench --rate 200 -d 2.5 --abort-if 'p50>50s'
  exits 3 bench --rate 200 -d 0.2 --abort-if 'p50>1ns'
}

@test "a condition of what was not measured is an error, not a pass" {
  # What cannot be is refused at once.
  exits 2 bench --subs 0 --fail-if 'loss>0'
  grep -q 'loss>0, nobody subscribes' "$work/errors"
  exits 2 bench --abort-if 'ack.p99>1s'
  exits 2 mqbench search -h 127.0.0.1 -p "$port" --slo 'ready.p99<1s'
  grep -q 'only storms measure it' "$work/errors"
  # What was not is an error, and the report is there.
  mqbench sink -p 0 --bind 127.0.0.1 --port-file "$work/deaf" --drop 1 >/dev/null 2>&1 3>&- &
  pids+=($!)
  wait_for test -s "$work/deaf"
  exits 1 bench -p "$(cat "$work/deaf")" --rate 200 -d 0.2 --drain 0.1 --fail-if 'p99>1s' --json="$work/result.json"
  grep -q 'p99>1s: nothing of the kind was measured' "$work/errors"
  grep -q 'sent ' "$work/out"
  jq -e '.counts.received == 0 and .exit == 1' "$work/result.json"
  exits 2 bench --abort-if 'loss>0'
  grep -q 'known at the end only' "$work/errors"
}

@test "conditions on the steps of connecting, in runs and in what emqtt-bench's options make" {
  exits 3 bench --rate 200 -d 0.2 --fail-if 'tcp.min>0ns' --fail-if 'connack.max>60s' --json="$work/result.json"
  jq -e '.histograms | .tcp.count == 2 and .connack.count == 2 and (has("tls_full") or has("upgrade") | not)' "$work/result.json"
  exits 2 bench --rate 200 -d 0.2 --fail-if 'tls.p99>1s'
  grep -q 'tls.p99>1s, these connections have no TLS' "$work/errors"
  exits 3 timeout 60 mqbench conn -h 127.0.0.1 -p "$port" -c 30 -d 0.2 --shared-host --fail-if 'tcp.p99>1ns'
  exits 2 timeout 60 mqbench sub -h 127.0.0.1 -p "$port" -c 3 -t a -d 0.2 --shared-host --fail-if 'upgrade.p99>1ns'
}

@test "--baseline: better or a little worse passes, much worse ends with 3" {
  bench --rate 500 -d 1 --json="$work/now.json"
  jq -c '.' "$work/now.json" >"$work/same.json"
  exits 0 bench --rate 500 -d 1 --baseline "$work/same.json" --max-regress 'recv_rate=50%'
  # The same run when it was a thousand times faster. Rates are made of these.
  jq -c '.client.received_in_window *= 1000' "$work/now.json" >"$work/faster.json"
  exits 3 bench --rate 500 -d 1 --baseline "$work/faster.json" --max-regress 'recv_rate=50%'
  grep -q 'FAILED    recv_rate worse than the baseline by more than 50 %' "$work/out"
  # Not before it has run in vain, and not against something else.
  exits 1 bench --rate 500 -d 60 --baseline "$work/none" --max-regress 'p99=1%'
  exits 1 bench --rate 400 -d 0.2 --baseline "$work/same.json" --max-regress 'p99=1%'
  grep -q 'another load: their rates differ' "$work/errors"
  exits 2 bench --baseline "$work/same.json"
}

@test "compare: the same gate, and another load is refused" {
  bench --rate 500 -d 1 --json="$work/a.json"
  jq -c '.client.received_in_window /= 2 | .client.received_in_window |= floor' "$work/a.json" >"$work/b.json"
  exits 0 mqbench compare "$work/a.json" "$work/a.json" --max-regress 'recv_rate=10%'
  exits 3 mqbench compare "$work/a.json" "$work/b.json" --max-regress 'recv_rate=10%'
  jq -c '.load.qos = 1' "$work/a.json" >"$work/c.json"
  exits 1 mqbench compare "$work/a.json" "$work/c.json"
  grep -q 'their qualities of service differ' "$work/errors"
  exits 0 mqbench compare "$work/a.json" "$work/c.json" --force
}

@test "--jsonl: a line a second while it goes on, the result at the end" {
  start_bench --rate 500 -d 3 --label broker=x --jsonl "$work/lines" >"$work/text"
  wait_for lines_in 1 "$work/lines"
  kill -0 "$bench_pid"
  finished "$bench_pid"
  grep -q '^verdict' "$work/text"
  jq -es '(.[:-1] | length >= 2 and all(.schema == "mqbench-interval/1" and .labels.broker == "x"))
    and (.[0] | .sent > 0 and .sent < 1500 and .t == 0 and .p50_ms > 0)
    and (last | .schema == "mqbench/1" and .counts.sent == 1500)' "$work/lines"
  # It can be read again, and made of a stored result.
  mqbench report "$work/lines" --jsonl - >"$work/again"
  [ "$(wc -l <"$work/again")" -eq 4 ]
  jq -es '.[0] == .[1]' <(tail -1 "$work/again" | jq .histograms.response.data) \
    <(tail -1 "$work/lines" | jq .histograms.response.data)
  exits 1 bench --rate 500 -d 60 --jsonl "$work/none/lines"
}

@test "--prom: what Prometheus reads, with the labels of the run" {
  start_bench --rate 500 -d 60 --label 'broker version=x' --prom 0 >"$work/text" 2>"$work/errors"
  wait_for grep -q 'metrics at http://127.0.0.1:' "$work/errors"
  url=$(sed -n 's/^metrics at //p' "$work/errors")
  counted() { curl -sf --max-time 5 "$url" >"$work/metrics" && grep -qE "^mqbench_messages_sent_total\{.*\} [1-9]" "$work/metrics"; }
  wait_for counted
  grep -qE '^mqbench_messages_sent_total\{run="[0-9a-f]{6}",broker_version="x"\} [0-9]+$' "$work/metrics"
  grep -qE '^mqbench_latency_seconds\{.*,kind="response",quantile="0.99"\} [0-9.e-]+$' "$work/metrics"
  if command -v promtool >/dev/null; then promtool check metrics <"$work/metrics"; fi
  # What is no such request is answered, and a head without an end is not kept.
  [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "${url%metrics}")" = 404 ]
  [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 -X POST "$url")" = 405 ]
  head -c 20000 /dev/zero | tr '\0' x >"$work/long"
  prom_port=${url#*127.0.0.1:}
  timeout 10 bash -c "exec 9<>/dev/tcp/127.0.0.1/${prom_port%/metrics}; cat $work/long >&9; head -1 <&9" |
    grep -q '^HTTP/1.1 431 '
  # Seventeen who say nothing: the last one is closed, and when they have gone there is room again.
  timeout 30 python3 - "${prom_port%/metrics}" <<'END'
import socket, sys
port = int(sys.argv[1])
idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(16)]
last = socket.create_connection(("127.0.0.1", port))
last.settimeout(10)
assert last.recv(1) == b""
END
  wait_for counted
  kill -INT "$bench_pid"
  status=0
  finished "$bench_pid" || status=$?
  [ "$status" -eq 130 ]
}
