#!/usr/bin/env bats
# mqsub --top as a person sees it: in a terminal that tmux plays.

load helper
load terminal

setup() { start_broker; }

@test "a table on 80x24, and on 120x12 after a resize" {
  publish_lines -r <<END
sensors/kitchen/temperature {"value":21.5,"unit":"°C","at":"kitchen, above the door"}
sensors/温度/客厅 二十一度
evil/$(printf '\u202e')rtl hidden
END
  open_terminal 80 24 mqsub -p "$port" -t '#' --top --top-sort topic
  wait_for shows '^3 topics  3 messages '
  shows '^mqsub --top  localhost:[0-9]+  connected$'
  shows '^TOPIC▲ +COUNT +RATE +BYTES +AGE  VALUE$'
  shows '^evil/.u.202e.rtl +1 +[0-9.]+/s +6 B +[0-9.]+s  hidden$'
  shows '^sensors/kitchen/temperature +1 +[0-9.]+/s +[0-9]+ B +[0-9.]+s  .*…$'
  # Wide characters: the columns behind them are where they are in the other rows.
  [ "$(column_of '[0-9.]+s  二十一度' sensors/温度)" = "$(column_of '[0-9.]+s  hidden' evil/)" ]
  shows '^t c r b a sort'

  resize_terminal 120 12
  wait_for shows '^sensors/kitchen/temperature .*"kitchen, above the door"}$'
  is_in_row '^t c r b a sort' 12
  resize_terminal 40 8
  wait_for is_in_row '^t c r b a sort' 8
  wait_for shows '^TOPIC'
}

@test "20,000 topics: order, scrolling, filter, a change" {
  seq -f 'plant/sensor%05.0f' 1 20000 | sed 's/$/ 1/' | publish_lines
  open_terminal 80 24 mqsub -p "$port" -t 'plant/#' --top
  wait_for shows connected
  seq -f 'plant/sensor%05.0f' 1 20000 | sed 's/$/ 1/' | publish_lines
  wait_for shows '^20 000 topics  20 000 messages '
  press t
  wait_for shows '^plant/sensor00001 '
  is_in_row '^plant/sensor00020 ' 23
  press NPage
  wait_for shows '^plant/sensor00021 '
  shows 'from 21$'
  press End
  wait_for shows '^plant/sensor20000 '
  press t
  wait_for shows '^plant/sensor19999 '
  press / 1 9 9 9
  wait_for shows 'filter: 1999'
  shows '12 of 20 000'
  shows '^plant/sensor11999 '
  press Enter c
  publish_lines <<<'plant/sensor11999 two'
  wait_for shows '^plant/sensor11999 +2 .*  two$'
  is_in_row '^plant/sensor11999' 4
  press Escape
  wait_for shows '^t c r b a sort'
}

@test "a limit that is reached is said" {
  open_terminal 80 24 mqsub -p "$port" -t '#' --top --top-topics 2 --top-value 3
  wait_for shows connected
  publish_lines <<'END'
a 12345
b 1
c 1
END
  wait_for shows '^2 topics \(limit of --top-topics\)  3 messages .* 1 messages of others'
  shows '^a .*  123…$'
}

@test "the terminal is as it was after q, Ctrl-C, SIGTERM and a lost broker" {
  open_terminal 80 24
  press 'echo before; stty -g >modes' Enter
  wait_for shows '^before'
  for how in q C-c term gone; do
    press "mqsub -p $port -t '#' --top --no-reconnect; echo $how ended with \$?" Enter
    wait_for shows '^mqsub --top .* connected'
    hides '^before'
    case $how in
      term) kill "$(running mqsub)" ;;
      gone) kill -9 "$broker_pid" ;;
      *) press "$how" ;;
    esac
    wait_for shows "^$how ended with [0-9]+"
    shows '^before'
    press 'stty -g | cmp - modes && echo modes restored' Enter
    wait_for shows '^modes restored'
    press clear Enter 'echo before' Enter
    wait_for shows '^before'
    hides '^modes restored'
  done
}

@test "a lost broker ends with what happened on the terminal that was given back" {
  open_terminal 80 24
  press "mqsub -p $port -t '#' --top --no-reconnect; echo code \$?" Enter
  wait_for shows '^mqsub --top .* connected'
  kill -9 "$broker_pid"
  wait_for shows '^code 7'
  shows '^Error: .*localhost'
}

@test "stopped with Ctrl-Z and brought back" {
  open_terminal 80 24
  press "mqsub -p $port -t '#' --top" Enter
  wait_for shows '^mqsub --top .* connected'
  press C-z
  wait_for shows 'Stopped'
  press 'stty -a | grep -c "[ ]echo "' Enter
  wait_for shows '^1$'
  publish_lines <<<'a while-away'
  press fg Enter
  wait_for shows '^a .*while-away$'
  hides Stopped
  press q
  wait_for shows Stopped  # the screen of before
}

@test "a broker that is restarted" {
  open_terminal 80 24 mqsub -p "$port" -t '#' --top --reconnect-delay 0.1
  wait_for shows ' connected$'
  publish_lines <<<'a one'
  wait_for shows '^a .*one$'
  kill -9 "$broker_pid"
  wait_for shows '^mqsub --top .* reconnecting$'
  wait_for shows '^Warning: .*(connect|lost)'
  shows '^a .*one$'
  start_broker -p "$port"
  wait_for shows ' connected$'
  publish_lines <<<'a two'
  wait_for shows '^a +2 .*two$'
  hides '^Warning'
}

@test "without a terminal: the table at the end, or an error that says how" {
  publish_lines -r <<'END'
a 1
b 22
END
  run -0 --separate-stderr mqsub -p "$port" -t '#' --top --top-sort bytes -C 2
  [[ ${lines[0]} == '2 topics  2 messages  '* ]]
  [[ ${lines[1]} == '   COUNT    RATE    BYTES   AGE  TOPIC'$'\t'VALUE ]]
  [[ ${lines[2]} =~ ^' '+'1 '.*'2 B '.*'b'$'\t''22'$ ]]
  [[ ${lines[3]} =~ ^' '+'1 '.*'1 B '.*'a'$'\t''1'$ ]]
  run -1 --separate-stderr mqsub -p "$port" -t '#' --top
  [ "${stderr_lines[0]}" = 'Error: --top needs a terminal for its output. Without one it prints its table at the end of the run: say when that is, with -W or -C.' ]
  run -14 --separate-stderr bash -c "mqsub -p $port -t '#' --top -C 2 >/dev/full"
  [[ $stderr == 'Error: cannot write the output: No space left on device' ]]
}

@test "terminals that cannot be drawn on" {
  for name in dumb no-such-terminal ''; do
    open_terminal 80 24
    press "clear; TERM=$name mqsub -p $port -t '#' --top; echo code \$?" Enter
    wait_for shows '^code 1'
    shows '^Error: .*(TERM|terminal)'
    close_terminal
  done
}

@test "curses is loaded for a picture alone" {
  subscribe out mqsub -t '#'
  run ! grep -q -e curses -e mqkit-screen "/proc/$sub_pid/maps"
  open_terminal 80 24 mqsub -p "$port" -t '#' --top
  wait_for shows connected
  grep -q ncursesw "/proc/$(running mqsub)/maps"
}
