#!/usr/bin/env bats
# mqsub where its surroundings are against it: full disks, closed descriptors, pipes that nobody
# reads, payloads made to hurt.

load helper

setup() {
  start_broker
  mqpub -p "$port" -q 1 -r -t a -m hello
}

@test "what cannot be written is no success, also for the last message" {
  run -14 --separate-stderr bash -c "mqsub -p $port -t a -C 1 >/dev/full"
  [[ $stderr == 'Error: cannot write the output: no space left on device' ]]
  run -14 mqsub -p "$port" -t a -C 1 --output /dev/full
  run -14 bash -c "mqsub -p $port -t a -C 1 -j >/dev/full"
}

@test "a full disk under a directory ends the run" {
  mkdir "$work/d"
  mknod "$work/d/a" c 1 7 2>/dev/null && [ -w "$work/d/a" ] || skip 'only root makes devices'  # /dev/full
  run -14 --separate-stderr timeout 10 mqsub -p "$port" -t a --output-dir "$work/d"
  [[ $stderr == 'Error: cannot write a: No space left on device' ]]
}

@test "a file of a directory that cannot be written is no success" {
  mkdir -p "$work/d/a"
  run -14 --separate-stderr timeout 10 mqsub -p "$port" -t a -C 1 --output-dir "$work/d"
  [[ $stderr == 'Error: cannot write a: Is a directory' ]]
  rmdir "$work/d/a"
  mkfifo "$work/d/a"
  run -14 --separate-stderr timeout 10 mqsub -p "$port" -t a -C 1 --output-dir "$work/d"
  [[ $stderr == 'Error: cannot write a: No such device or address' ]]
}

@test "waiting for the reader of a named pipe ends with a signal" {
  mkfifo "$work/pipe"
  mqsub -p "$port" -t a -C 1 --output "$work/pipe" 3>&- &
  pids+=($!)
  ends() { kill -TERM "$1" 2>/dev/null; gone "$1"; }
  wait_for ends $!
  run -143 finished $!
  # With a reader it is a file like others.
  mqsub -p "$port" -t a -C 1 --output "$work/pipe" 3>&- &
  pids+=($!)
  [ "$(cat "$work/pipe")" = hello ]
}

@test "closed standard descriptors" {
  run -14 --separate-stderr bash -c "mqsub -p $port -t a -C 1 >&-"
  [[ $stderr == 'Error: cannot write the output: bad file descriptor' ]]
  run -0 --separate-stderr bash -c "mqsub -p $port -t a -C 1 <&- 2>&-"
  [ "$output" = hello ]
  run -14 bash -c "mqsub -p $port -t a -C 1 <&- >&- 2>&-"
  run -0 bash -c "mqsub -p $port -t a -C 1 --output '$work/file' <&- >&- 2>&-"
  [ "$(cat "$work/file")" = hello ]
  run -0 bash -c "mqpub -p $port -q 1 -t b -m m <&- >&- 2>&-"
}

@test "JSON that is nothing but brackets does not take memory by the square of its size" {
  # 30,000 levels would be indented by 900 MB of tabs.
  python3 -c "print('{\"a\":' * 30000 + '1' + '}' * 30000, end='')" |
    mqpub -p "$port" -r -t deep -s
  mqsub -p "$port" -t deep -C 1 -J --pretty >"$work/out"
  [ "$(stat -c %s "$work/out")" -lt 10000000 ]
  [ "$(tr -d '\t\n' <"$work/out" | grep -o '{"a":' | wc -l)" = 30000 ]
}

@test "a retained message that the broker does not let go is not counted as removed" {
  printf '%s\n' 'topic read #' >"$work/acl"
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  start_broker --store "$work/store"
  mqpub -p "$port" -q 1 -r -t b -m kept
  kill "$broker_pid"
  wait_for gone "$broker_pid"
  start_broker --store "$work/store" --acl-file "$work/acl" --allow-anonymous
  run -135 --separate-stderr mqsub -p "$port" -V 5 -t b --remove-retained --retained-exit
  [ "$output" = kept ]
  [ "${stderr_lines[0]}" = 'Error: The broker did not remove a retained message: Not authorized (0x87)' ]
  [ "${stderr_lines[1]}" = '0 retained messages removed.' ]
}
