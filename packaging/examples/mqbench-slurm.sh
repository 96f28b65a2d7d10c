#!/bin/bash
# One load by eight nodes of a cluster: sbatch mqbench-slurm.sh BROKER
#SBATCH --job-name=mqbench --nodes=8 --ntasks-per-node=1 --time=10
set -euo pipefail
export BROKER=${1:?usage: mqbench-slurm.sh BROKER}

# shellcheck disable=SC2016  # each task has a number of its own
srun bash -c 'exec mqbench run -h "$BROKER" --rate 800k --pubs 4000 --subs 4000 -d 60s \
  --run-id "$SLURM_JOB_ID" --shard "auto/$SLURM_NTASKS" --json' >"results-$SLURM_JOB_ID"
mqbench merge "results-$SLURM_JOB_ID"
