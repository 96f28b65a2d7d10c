# shellcheck shell=bash disable=SC2154  # helper.bash sets what is not set here
# A terminal that tmux plays, with a shell or a program in it, and what is to be seen there. Loaded
# behind helper.bash, whose teardown ends it.

# open_terminal COLUMNS ROWS [COMMAND...]: a shell without a COMMAND.
open_terminal() {
  local columns=$1 rows=$2 command=()
  shift 2
  if [ $# -gt 0 ]; then command=(exec "$@"); else command=(exec bash --norc --noprofile); fi
  terminal() { tmux -S "$work/tmux" -f /dev/null "$@" 3>&-; }
  # In a subshell, as a tmux server has the directory and the environment of who starts it.
  (cd "$work" && PS1='$ ' terminal new-session -d -x "$columns" -y "$rows" "${command[*]@Q}")
  terminal set-option -g status off
  terminal resize-window -x "$columns" -y "$rows"
  pids+=("$(terminal display-message -p '#{pid}')" "$(terminal display-message -p '#{pane_pid}')")
}

close_terminal() {
  terminal kill-server
  wait_for gone "${pids[-1]}"
}

resize_terminal() { terminal resize-window -x "$1" -y "$2"; }

# press KEY...: as tmux names them, or texts.
press() { terminal send-keys "$@"; }

screen() { terminal capture-pane -p; }
shows() { screen | LC_ALL=C.UTF-8 grep -qE -- "$1"; }
hides() { ! shows "$1"; }

# row_of REGEX: the number of the first row that has it, from 1.
row_of() { screen | LC_ALL=C.UTF-8 grep -nE -m 1 -- "$1" | cut -d: -f1; }

is_in_row() { [ "$(row_of "$1")" = "$2" ]; }

# column_of REGEX ROW: the column at which REGEX begins in the row that begins with ROW.
column_of() {
  screen | python3 -c '
import re, sys, unicodedata
for line in sys.stdin:
    if line.startswith(sys.argv[2]):
        before = line[: re.search(sys.argv[1], line).start()]
        print(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before))
' "$1" "$2"
}

# running NAME: the process of that name in the terminal.
running() {
  ps -o pid=,comm= -t "$(terminal display-message -p '#{pane_tty}')" |
    awk -v name="$1" '$2 == name { print $1 }'
}

# publish_lines [OPTION...]: of standard input, each a topic, a blank and a payload.
publish_lines() { mqpub -p "$port" -l --topic-separator ' ' "$@"; }
