#!/usr/bin/env bats
# mqbroker's configuration files, as a user meets them.

load helper

@test "a configuration file: listeners, and clients on each of them" {
  start_broker # for two ports that were free a moment ago
  local first=$port
  start_broker
  local second=$port
  for pid in "${pids[@]}"; do
    kill "$pid"
    finished "$pid"
  done
  printf '%s\n' '# two listeners' "listener $first 127.0.0.1" 'max_qos 1' "listener $second localhost" \
    "listener 0 $work/socket" "port_file $work/ports" >"$work/mqbroker.conf"
  mqbroker "$work/mqbroker.conf" 2>"$work/broker.log" 3>&- &
  pids+=($!)
  wait_for test -s "$work/ports"
  [ "$(cat "$work/ports")" = "$first"$'\n'"$second" ]
  mqpub -p "$first" -V 5 -t t -m one -q 1 -r
  [ "$(timeout 10 mqsub -p "$second" -t t -C 1)" = one ]
  [ "$(timeout 10 mqsub --unix "$work/socket" -t t -C 1)" = one ]
  mqsub -p "$first" -d -t t -q 2 -C 1 2>&1 | grep -q '(Mid: 1): 1'
}

@test "--listen with port 0: a port for each, a line for each" {
  rm -f "$work/port"
  start_broker --listen mqtt://127.0.0.1:0 --listen "unix://$work/socket" --listen mqtt://127.0.0.1:0
  [ "$(wc -l <"$work/port")" -eq 3 ] # that of -p 0, too
  [ "$(sort -u "$work/port" | wc -l)" -eq 3 ]
  while read -r port; do mqpub -p "$port" -t t -m m; done <"$work/port"
  mqpub --unix "$work/socket" -t t -m m
}

@test "an error names file, line and key; --check-config ends with 1, and with 0 without errors" {
  printf '%s\n' 'max_qos 2' '' 'no_such_key 1' >"$work/bad.conf"
  run -1 mqbroker --check-config "$work/bad.conf"
  [[ $output == *"$work/bad.conf:3: no_such_key: unknown"* ]]
  printf '%s\n' 'max_qos 2' 'autosave_interval 5' >"$work/good.conf"
  run -0 mqbroker --check-config "$work/good.conf"
  [[ $output == *"Warning: $work/good.conf:2: autosave_interval: ignored"* ]]
}

@test "--print-config: what is in effect, as a file" {
  printf '%s\n' 'max_queued_messages 7' 'max_subscriptions 8' >"$work/mqbroker.conf"
  run -0 mqbroker --print-config --max-subscriptions 9 -c "$work/mqbroker.conf"
  [[ $'\n'$output$'\n' == *$'\nmax_queued_messages 7\n'* ]]
  [[ $'\n'$output$'\n' == *$'\nmax_subscriptions 9\n'* ]]
}
