#!/usr/bin/env bats
# mqbench scenario: groups of clients from a file, what each of them did, and what a file must not
# say.

load helper

setup() {
  start_broker
  cat >"$work/plant.yaml" <<YAML
broker: mqtt://127.0.0.1:$port
duration: 1s
warmup: 200ms
groups:
  sensors:
    clients: 20
    connect: {rate: 1000/s}
    publish:
      - {topic: "site/{mod:5}/{i}", qos: 1, rate: 10/s, size: 100}
      - {topic: "alive/{i}", qos: 0, total-rate: 40, phase: random, size: 16}
    subscribe: [{filter: "cmd/{i}", qos: 1}]
  dashboards: {clients: 2, subscribe: ["site/#", "alive/+"]}
  workers: {clients: 3, subscribe: [{filter: "\$share/w/site/#", qos: 1}]}
  commander:
    publish: [{topic: "cmd/{rand:20}", qos: 2, rate: 50/s}]
stages:
  - {at: 500ms, sensors.rate: 200%}
YAML
}

# scenario [OPTION...]: its JSON in $work/result.json.
scenario() {
  timeout 60 mqbench scenario --shared-host --json="$work/result.json" "$@"
}

holds() {
  jq -e "$1" "$work/result.json" >/dev/null || {
    echo "does not hold: $1"
    jq -c '[.counts, (.groups[] | [.name, .counts, .metrics])]' "$work/result.json"
    return 1
  }
}

@test "a file with groups: each message of each of them is accounted for" {
  for threads in 1 3; do
    scenario "$work/plant.yaml" --threads "$threads" >"$work/text"
    # 200 and 40 a second, twice that from the half on; 50 of the commander.
    holds '.counts | .planned == 410 and .sent == 410 and .received == .expected and .reordered == 0'
    holds '[.groups[].name] == ["sensors", "dashboards", "workers", "commander"]'
    holds '.groups[0].counts | .planned == 360 and .acked == 300 and .expected == 1020 and .received == 1020'
    holds '.groups[0].histograms | .response.count == 1020 and .ack.count == 300 and .connect.count == 20'
    # Those that publish nothing: what they receive themselves.
    holds '.groups[1] | .counts.planned == 0 and .rate_target == null and .histograms.response.count == 720'
    holds '.groups[2].histograms.response.count == 300'
    holds '.groups[3].counts | .planned == 50 and .acked == 50 and .received == 50'
    holds '.load.pattern == "scenario"'
    grep -qE '^  commander +1 ' "$work/text"
  done
  [ "$(jq -r .run.scenario_sha256 "$work/result.json")" = "$(sha256sum <"$work/plant.yaml" | cut -d' ' -f1)" ]
  python3 -m jsonschema -i "$work/result.json" "$BATS_TEST_DIRNAME/../../tools/mqbench/result.schema.json"
  mqbench report "$work/result.json" --html "$work/r.html" --md "$work/r.md" >"$work/again"
  grep -qE '^  commander +1 ' "$work/again"
  [ "$(sed -n '/id="groups"/,/<.table>/p' "$work/r.html" | grep -c '<td>')" -eq 4 ]
  grep -q '^| commander | 1 |' "$work/r.md"
}

@test "conditions of the file and of the command line, about groups" {
  echo 'fail-if: ["commander:loss > 0", "sensors:p50 > 60s"]' >>"$work/plant.yaml"
  status=0
  scenario "$work/plant.yaml" --fail-if 'commander:recv_rate > 1' || status=$?
  # Of a busy machine the figures may not count.
  [ "$status" -eq 3 ] || [ "$status" -eq 5 ]
  holds '[.thresholds[] | .expr, .hit] == ["commander:loss > 0", false, "sensors:p50 > 60s", false, "commander:recv_rate > 1", true]'
  run -2 --separate-stderr mqbench scenario "$work/plant.yaml" --fail-if 'nobody:p99>1s'
  [[ $stderr == *"there is no group 'nobody'"* ]]
  run -2 --separate-stderr mqbench scenario "$work/plant.yaml" --abort-if 'nobody:p99>1s'
  [[ $stderr == *"there is no group 'nobody'"* ]]
  run -2 --separate-stderr mqbench scenario "$work/plant.yaml" --abort-if 'sensors:p99>1s'
  [[ $stderr == *"what a group does is known at the end only; --fail-if takes it"* ]]
  for condition in 'service.p99>1s' 'suback.p99>1s' 'recv_wait.p50>1s' 'ready.max>1s' 'conn_rate>1' 'client_cpu>1'; do
    run -2 --separate-stderr mqbench scenario "$work/plant.yaml" --fail-if "sensors:$condition"
    [[ $stderr == *"${condition%>*} is known of all groups together only"* ]]
  done
}

@test "JSON, standard input, and another broker than the file's" {
  printf '{\n\t"broker": "mqtt://127.0.0.1:1",\n\t"duration": "200ms",\n\t"groups": {"a": {"clients": 2, "publish": [{"topic": "t/{i}", "rate": "50/s"}], "subscribe": ["t/+"]}}\n}' |
    scenario - -h 127.0.0.1 -p "$port"
  holds '.counts | .planned == 20 and .received == 40'
}

@test "storms cut exactly their share, losses are theirs, and the report says when" {
  cat >"$work/s.yaml" <<YAML
duration: 1s
warmup: 100ms
groups:
  sensors:
    clients: 20
    publish: [{topic: "s/{i}", qos: 1, rate: 10/s}]
    subscribe: [{filter: "cmd/{i}", qos: 1}]
  idle: {clients: 9}
  commander: {publish: [{topic: "cmd/{rand:20}", qos: 1, rate: 100/s}]}
stages:
  - {at: 200ms, storm: {group: sensors, percent: 50, down: 300ms}}
  - {at: 300ms, storm: {group: idle, percent: 1%, down: 100ms}}
  - {at: 600ms, sensors.rate: 200%, storm: {group: idle, percent: 100, down: 50ms}}
YAML
  for threads in 1 3; do
    scenario "$work/s.yaml" -h 127.0.0.1 -p "$port" --threads "$threads" --html "$work/r.html" >"$work/text"
    # 10 of 20, 1 of 9, and all 9.
    holds '.counts.disconnects == 20 and [.groups[].counts.disconnects] == [10, 10, 0]'
    holds '.counts | .planned == 380 and .sent == 380 and .expected == .received + .lost.reconnect'
    holds '.groups[2].counts.lost | .reconnect > 0 and .acked == 0'
    holds '[.events[].text] | .[0] == "storm: 10 of 20 connections of sensors cut, for 300 ms" and length == 6
      and contains(["storm: 10 of 10 connections of sensors back", "storm: 1 of 1 connections of idle back"])'
    grep -q '^events    0.200 s: storm: 10 of 20 connections of sensors cut, for 300 ms' "$work/text"
    grep -q '<td>0.600</td><td>storm: 9 of 9 connections of idle cut, for 50.0 ms</td>' "$work/r.html"
  done
  run -2 --separate-stderr mqbench scenario "$work/s.yaml" -h 127.0.0.1 -p "$port" --reconnect off
  [[ $stderr == *"$work/s.yaml: After a storm clients come back"* ]]
  sed -i 's/group: idle/group: idel/' "$work/s.yaml"
  run -2 --separate-stderr mqbench scenario "$work/s.yaml" -h 127.0.0.1 -p "$port"
  [[ $stderr == *"$work/s.yaml:12: group: there is no group 'idel'; there are sensors, idle, commander"* ]]
}

@test "who comes back after a storm waits for nobody, whatever --conn-window says" {
  # What the broker says is 40 ms late, twice for each client until it is ready.
  /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/delay_proxy.py" "$work/proxy_port" "$port" 40 0 \
    >"$work/proxy.log" 2>&1 3>&- &
  pids+=($!)
  wait_for test -s "$work/proxy_port"
  cat >"$work/s.yaml" <<YAML
duration: 1500ms
warmup: 0
groups:
  all: {clients: 12, publish: [{topic: "s/{i}", rate: 2/s}], subscribe: [{filter: "s/{i}", qos: 1}]}
stages:
  - {at: 100ms, storm: {group: all, percent: 100, down: 50ms}}
YAML
  scenario "$work/s.yaml" -h 127.0.0.1 -p "$(cat "$work/proxy_port")" --conn-window 1 --threads 1
  # One after the other took twelve times as long as all at once.
  holds '(.events[] | select(.text == "storm: 12 of 12 connections of all back").t - 0.15) < .client.connecting_s / 2'
  holds '.client.connecting_s >= 0.96'
}

@test "sizes are drawn for each message, and every byte can be verified" {
  cat >"$work/s.yaml" <<YAML
duration: 500ms
warmup: 0
groups:
  small: {publish: [{topic: small, rate: 200, size: [40, 1k]}]}
  any: {publish: [{topic: any, rate: 200, size: 100..120, qos: 1}]}
  all: {subscribe: ["#"]}
YAML
  subscribe sizes mqsub -t small -t any -F '%t %l'
  scenario "$work/s.yaml" -h 127.0.0.1 -p "$port" --verify strict --seed 1 >"$work/text"
  holds '.counts | .planned == 200 and .received == 200 and .corrupt == 0'
  holds '.load | .size_bytes == 321 and .payload == "random, sizes of each group'"'"'s own"'
  grep -q "321 B on average (random, sizes of each group's own)" "$work/text"
  wait_for lines_in 200 "$work/sizes"
  [ "$(sed -n 's/^small //p' "$work/sizes" | sort -nu | tr '\n' ' ')" = '40 1024 ' ]
  [ "$(sed -n 's/^any //p' "$work/sizes" | sort -nu | sed -n '1p;$p' | tr '\n' ' ')" = '100 120 ' ]
}

@test "values from a file, users that it names, and sizes without room for a stamp" {
  printf 'site,username\nnorth,ann\nsouth,bob\n' >"$work/devices.csv"
  cat >"$work/s.yaml" <<YAML
duration: 200ms
groups:
  devices:
    clients: 4
    data: $work/devices.csv
    publish: [{topic: "{csv.site}/{user}/{i}", rate: 25/s, size: 4, qos: 1}]
    subscribe: ["{csv.site}/{user}/{i}"]
YAML
  subscribe topics mqsub -t '#' -F '%t'
  scenario "$work/s.yaml" -h 127.0.0.1 -p "$port" -V 5
  holds '.counts | .planned == 20 and .received == 20'
  [ "$(sort -u "$work/topics" | tr '\n' ' ')" = 'north/ann/0 north/ann/2 south/bob/1 south/bob/3 ' ]
  run -2 --separate-stderr mqbench scenario "$work/s.yaml" -h 127.0.0.1 -p "$port"
  [[ $stderr == *"$work/s.yaml: A size of 4 has no room for a stamp"* ]]
  # Correlation Data of the user's own would be in the place of the stamps, or they in its.
  run -2 --separate-stderr mqbench scenario "$work/s.yaml" -h 127.0.0.1 -p "$port" -V 5 -D publish correlation-data x
  [[ $stderr == *"$work/s.yaml: Where a size may be below 16 the stamps travel as Correlation Data"* ]]
  sed -i 's/size: 4/size: 16/' "$work/s.yaml"
  scenario "$work/s.yaml" -h 127.0.0.1 -p "$port" -V 5 -D publish correlation-data x
  holds '.counts | .planned == 20 and .received == 20'
}

@test "presets are files to begin with; what is wrong with a file is named with its line" {
  mqbench scenario --preset telemetry --print >"$work/p.yaml"
  sed -i -e 's/clients: 1000/clients: 20/' -e 's/rand:1000/rand:20/' -e 's/duration: 60s/duration: 500ms/' \
    -e '/^stages/,/^fail-if/d' "$work/p.yaml"
  scenario "$work/p.yaml" -h 127.0.0.1 -p "$port"
  holds '.groups[0].name == "devices" and .counts.received == .counts.expected'
  sed -i 's/qos: 1/qos: 3/' "$work/p.yaml"
  run -2 --separate-stderr mqbench scenario "$work/p.yaml"
  [[ $stderr == *"$work/p.yaml:"*": qos: '3' is not a number from 0 to 2"* ]]
  run -2 --separate-stderr mqbench scenario
  [[ $stderr == *"--preset NAME"* ]]
  run -2 --separate-stderr mqbench scenario --preset none
  [[ $stderr == *"there are p2p, fanin, fanout, shared, mqttbs-conn, mqttbs-p2p, mqttbs-fanout, mqttbs-shared, telemetry"* ]]
  run -2 --separate-stderr mqbench scenario "$work/none.yaml"
  [[ $stderr == *"cannot read $work/none.yaml"* ]]
}

# reduced PRESET: with 50 clients where it has more, 100 messages a second in all, for half a second.
reduced() {
  mqbench scenario --preset "$1" --print |
    sed -E -e 's/clients: 10+$/clients: 50/' -e 's/(total-rate|connect: \{rate): [0-9]+/\1: 100/' \
      -e 's/ rate: 1\/s/ rate: 10\/s/' -e 's/duration: .*/duration: 500ms\nwarmup: 0/' >"$work/p.yaml"
  scenario "$work/p.yaml" -h 127.0.0.1 -p "$port"
}

@test "presets modelled on the open suite: who hears whom, in small" {
  reduced mqttbs-conn
  holds '.groups[0] | .name == "connections" and .histograms.connect.count == 50 and .counts.disconnects == 0'
  holds '.counts | .planned == 5 and .received == 5'
  reduced mqttbs-p2p
  holds '.counts | .planned == 50 and .received == 50'
  reduced mqttbs-fanout
  holds '.counts | .planned == 5 and .received == 250'
  reduced mqttbs-shared
  holds '.counts | .planned == 50 and .received == 50'
  holds '.load | .size_bytes == 16 and .qos == 1'
}

@test "only a scenario loads what reads YAML" {
  mqbench run -h 127.0.0.1 -p "$port" -d 30 >/dev/null 2>&1 3>&- &
  pids+=($!)
  wait_for timeout 10 mqsub -h 127.0.0.1 -p "$port" -t 'mqbench/#' -C 1
  run ! grep -q -e yaml "/proc/${pids[-1]}/maps"
}
