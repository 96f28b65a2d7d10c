#!/usr/bin/env bats
# mqbroker as a service: its log, and what systemd hears from it.

load helper

teardown_file() {
  if [ -e "$BATS_FILE_TMPDIR/syslog" ]; then rm -f /dev/log; fi
}

# What listens in systemd's place: datagrams, a line of Python's notation each, into $work/notified.
start_manager() {
  python3 -u -c '
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1].replace("@", "\0", 1))
print("listening")
while True: print(manager.recv(4096))
' "$1" >"$work/notified" 3>&- &
  pids+=($!)
  wait_for has_line listening "$work/notified"
}

@test "systemd: READY, signs of life, RELOADING, READY again, STOPPING" {
  start_manager "$work/notify"
  export NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=200000
  start_broker
  wait_for has_line 'READY=1.nSTATUS=listening on' "$work/notified"
  wait_for eval "[ \$(grep -c WATCHDOG=1 '$work/notified') -ge 3 ]"
  kill -HUP "$broker_pid"
  wait_for has_line 'RELOADING=1.nMONOTONIC_USEC=[0-9]+' "$work/notified"
  wait_for eval "[ \$(grep -c READY=1 '$work/notified') -eq 2 ]"
  kill "$broker_pid"
  finished "$broker_pid"
  wait_for has_line 'STOPPING=1' "$work/notified"
}

@test "systemd: an abstract socket; a watchdog that is meant for another process" {
  start_manager "@mqkit-test-$$"
  export NOTIFY_SOCKET=@mqkit-test-$$ WATCHDOG_USEC=100000 WATCHDOG_PID=1
  start_broker
  wait_for has_line READY=1 "$work/notified"
  run ! grep -q WATCHDOG "$work/notified"
}

@test "systemd: a socket that is not there is a warning" {
  NOTIFY_SOCKET=$work/nobody start_broker
  grep -q 'warning notify_failed' "$work/broker.log"
  mqpub -p "$port" -t t -m m
}

@test "the journal: priorities in front of lines, and only where it reads standard error" {
  mkfifo "$work/journal"
  cat "$work/journal" >"$work/lines" 3>&- &
  pids+=($!)
  # The inode of the pipe that becomes standard error, as systemd would name it.
  python3 - "$work" <<'PYTHON' &
import os, sys
work = sys.argv[1]
fd = os.open(work + "/journal", os.O_WRONLY)
os.dup2(fd, 2)
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = "%d:%d" % (status.st_dev, status.st_ino)
os.execvp("mqbroker", ["mqbroker", "-v", "-p", "0", "--port-file", work + "/port"])
PYTHON
  pids+=($!)
  wait_for test -s "$work/port"
  port=$(cat "$work/port")
  mqpub -p "$port" -i me -t t -m m
  wait_for has_line '^<6>connected client=me' "$work/lines"
  JOURNAL_STREAM=1:2 start_broker -v
  mqpub -p "$port" -i me -t t -m m
  wait_for has_line '^info connected client=me' "$work/broker.log"
}

@test "--log-format json: an object a line, names that need it quoted, the time unless unwanted" {
  start_broker -v --log-format json
  mqpub -p "$port" -i 'say "hi"' -t t -m m
  wait_for has_line '"event":"disconnected"' "$work/broker.log"
  grep '^{' "$work/broker.log" | jq -e -s \
    'any(.event == "connected" and .client == "say \"hi\"" and .level == "info" and (.time | endswith("Z")))'
  kill "$broker_pid"
  finished "$broker_pid"
  start_broker -v --log-format json --log-timestamp=false --log-dest "file $work/json"
  mqpub -p "$port" -t t -m m
  wait_for has_line connected "$work/json"
  jq -e -s 'all(has("time") | not)' "$work/json"
}

@test "several --log-dest; SIGHUP opens a file anew and changes level and format" {
  printf '%s\n' "log_dest file $work/a" "log_dest file $work/b" >"$work/conf"
  start_broker -c "$work/conf"
  printf '%s\n' "log_dest file $work/a" 'log_format json' 'log_type information' >"$work/conf"
  mv "$work/a" "$work/a.old"
  kill -HUP "$broker_pid"
  wait_for has_line '"event":"reloaded"' "$work/a"
  mqpub -p "$port" -i me -t t -m m
  wait_for has_line '"event":"connected","client":"me"' "$work/a"
  [ ! -s "$work/b" ]
}

@test "what SIGHUP has changed holds when the files change later" {
  echo 'topic a' >"$work/acl"
  printf '%s\n' 'reload_on_change true' "acl_file $work/acl" 'allow_anonymous true' 'log_type notice' \
    'log_type error' >"$work/conf"
  start_broker -c "$work/conf"
  printf '%s\n' 'max_packet_size 200' 'log_type information' >>"$work/conf"
  kill -HUP "$broker_pid"
  wait_for has_line reloaded "$work/broker.log"
  echo 'topic b' >"$work/acl"
  wait_for has_line files_changed "$work/broker.log"
  wait_for mqpub -p "$port" -V 5 -q 1 -t b -m x
  run -9 mqpub -p "$port" -V 5 -q 1 -t b -m "$(printf '%0300d' 0)"
  wait_for has_line connected "$work/broker.log"
}

@test "syslog: lines with facility and level" {
  [ "$(id -u)" = 0 ] || skip 'only root can listen in place of syslogd'
  [ ! -e /dev/log ] || skip 'there is a syslogd'
  touch "$BATS_FILE_TMPDIR/syslog"  # that /dev/log is ours
  python3 -u -c '
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
print("listening")
for i in range(100): print(log.recv(4096))
' >"$work/syslog" 3>&- &
  pids+=($!)
  wait_for has_line listening "$work/syslog"
  printf '%s\n' 'log_dest syslog' 'log_facility 3' 'log_type information' >"$work/conf"
  start_broker -c "$work/conf"
  mqpub -p "$port" -i me -t t -m m
  # local3 is facility 19; information is 6.
  wait_for has_line "^b.<158>.*mqbroker\[[0-9]+\]: connected client=me" "$work/syslog"
}

@test "--max-shutdown-seconds: who does not take what is queued is not waited for any longer" {
  start_broker --max-shutdown-seconds 0.2
  subscribe stuck mqsub -t t
  kill -STOP "$sub_pid"
  head -c 8000000 /dev/zero | mqpub -p "$port" -t t -s
  kill "$broker_pid"
  finished "$broker_pid"
}
