#!/usr/bin/env bats
# mqsub -w in a terminal that tmux plays.

load helper
load terminal

setup() { start_broker; }

@test "a line for each topic, without what is left of longer ones" {
  open_terminal 40 10 mqsub -p "$port" -t '#' -w -v
  wait_for shows '^Broker: localhost'
  long=$(printf 'x%.0s' {1..100})
  publish_lines <<END
a $long
b one
a short
b 22
END
  wait_for shows '^b 22$'
  shows '^a short$'
  hides x
  publish_lines <<<"a $long"
  wait_for shows '^a x{38}$'  # cut off, not over the next line
  is_in_row '^b 22$' 3
}

@test "what is below the end of the terminal comes when it grows; a new size draws all again" {
  open_terminal 40 5 mqsub -p "$port" -t '#' -w -v
  wait_for shows '^Broker: localhost'
  seq -f 't%.0f value' 1 8 | publish_lines
  wait_for shows '^t4 value$'
  is_in_row '^t4 value$' 5
  hides '^t5'
  resize_terminal 20 12
  wait_for shows '^t8 value$'
  is_in_row '^t8 value$' 9
  is_in_row '^Broker' 1
  resize_terminal 60 4
  wait_for is_in_row '^t3 value$' 4
  is_in_row '^t1 value$' 2
}

@test "text of several lines stays in one, and the shell goes on below" {
  open_terminal 60 10
  press "mqsub -p $port -t '#' -w -C 3 -F '%t\\n%p'; echo after" Enter
  wait_for shows '^Broker: localhost'
  publish_lines <<'END'
a 1
b 2
a 3
END
  wait_for shows '^after'
  is_in_row '^a 3$' 2
  is_in_row '^b 2$' 3
  is_in_row '^after$' 4
}
