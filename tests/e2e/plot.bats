#!/usr/bin/env bats
# mqsub --plot as a person sees it: in a terminal that tmux plays.

load helper
load terminal

# The number of characters with dots of lines.
dots() { screen | LC_ALL=C.UTF-8 grep -oP '[\x{2801}-\x{28FF}]' | wc -l; }

setup() {
  export TZ=UTC
  start_broker
}

@test "lines of two topics, on 80x24 and on 120x40" {
  open_terminal 80 24 mqsub -p "$port" -t 'room/#' --plot 'env[0].t' --plot-unit °C
  wait_for shows 'no number has come yet'
  for t in 20 22 25; do
    publish_lines <<END
room/kitchen {"env":[{"t":$t}]}
room/hall {"env":[{"t":$((45 - t))}]}
room/hall {"env":"broken"}
END
  done
  wait_for shows '^2 topics  6 numbers  3 payloads without one$'
  shows '^mqsub --plot env\[0\].t °C  localhost:[0-9]+  connected$'
  is_in_row '^25 °C ┤' 3
  shows '^   2[0-4] ┤'
  shows '^ +└─+[─┬]+$'
  shows '^[ 0-9]+[0-9]{2}:[0-9]{2}:[0-9]{2}'
  [ "$(dots)" -gt 2 ]
  shows '^━━ room/kitchen +25 °C  least 20  greatest 25$'
  shows '^━━ room/hall +20 °C  least 20  greatest 25$'
  is_in_row '^\+ - span ' 24

  resize_terminal 120 40
  wait_for is_in_row '^\+ - span ' 40
  is_in_row '^25.0 °C ┤' 3
  # Colours tell the lines apart.
  [ "$(terminal capture-pane -p -e | grep -oP '\e\[3[0-9]m(?=━━)' | sort -u | wc -l)" = 2 ]
  press q
}

@test "a broker that is restarted leaves a gap, and a pause stands still" {
  open_terminal 80 24 mqsub -p "$port" -t n --plot . --reconnect-delay 0.1
  wait_for shows ' connected$'
  publish_lines <<<'n 1'
  wait_for shows '^1 topics  1 numbers$'
  kill -9 "$broker_pid"
  wait_for shows ' reconnecting$'
  start_broker -p "$port"
  wait_for shows ' connected$'
  publish_lines <<<'n 2'
  wait_for shows '^1 topics  2 numbers$'
  # The least and the greatest are single dots: nothing joins them.
  [ "$(dots)" = 2 ]
  press Space
  wait_for shows 'paused$'
  press Space
  wait_for hides 'paused$'
}

@test "limits are said on the screen" {
  open_terminal 100 24 mqsub -p "$port" -t '#' --plot . --plot-topics 1 --plot-points 2
  wait_for shows ' connected'
  publish_lines <<'END'
a 1
a 2
b 1
a 3
END
  wait_for shows '^1 topics \(limit of --plot-topics\)  3 numbers  1 messages of others  the oldest are forgotten'
}

@test "without a terminal: the chart at the end; paths that are none" {
  publish_lines -r <<'END'
a 1
b 3
END
  LINES=12 COLUMNS=60 run -0 --separate-stderr mqsub -p "$port" -t '#' --plot . -C 2
  [ ${#lines[@]} -le 11 ]
  [[ ${lines[1]} == '2 topics  2 numbers' ]]
  [[ ${lines[2]} == *'3'*'┤'* ]]
  run -1 --separate-stderr mqsub -p "$port" -t '#' --plot 'a[x]' -C 2
  [[ ${stderr_lines[0]} == "Error: Invalid path 'a[x]' given to --plot: 'x' is not a number;"* ]]
  run -1 --separate-stderr mqsub -p "$port" -t '#' --plot a
  [[ ${stderr_lines[0]} == 'Error: --plot needs a terminal for its output.'* ]]
}
