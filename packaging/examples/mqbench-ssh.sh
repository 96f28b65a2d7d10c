#!/bin/bash
# One load by several machines that are reached by ssh: mqbench-ssh.sh BROKER CONTROL HOST...
#
# They begin together when all are connected, which they tell each other over the broker at CONTROL,
# as mqtt://10.0.0.5: not the one that is measured, if that may fall over. Each takes its part of the
# clients and of the rate, and prints its result as a line of JSON. LOAD has other options for the
# run, SSH another program.
set -euo pipefail
if [ $# -lt 3 ]; then
  echo 'usage: mqbench-ssh.sh BROKER CONTROL HOST...' >&2
  exit 2
fi
broker=$1 control=$2
shift 2
hosts=("$@") run=r$(date +%s)
results=results-$run
read -ra load <<<"${LOAD:---rate 400k --pubs 4000 --subs 4000 -d 60}"

pids=()
for i in "${!hosts[@]}"; do
  "${SSH:-ssh}" "${hosts[i]}" mqbench run -h "$broker" "${load[@]}" --run-id "$run" \
    --shard "$i/${#hosts[@]}" --sync "$control" --json >"$results.$i" &
  pids+=($!)
done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=$?; done
if [ "$status" -ne 0 ]; then
  echo "a shard ended with $status; what there is of results is in $results.*" >&2
  exit "$status"
fi
exec mqbench merge "$results".*
