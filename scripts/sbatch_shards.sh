#!/usr/bin/env bash
# One job for each shard (made by create_inputs). Submitted again, only what is missing is converted. In the capsule's folder:
#   sbatch --array=0-99%20 scripts/sbatch_shards.sh INPUTS DATA RESULTS [--option VALUE ...]
#SBATCH --job-name=miniscope --requeue --cpus-per-task=2 --mem=4G
set -euo pipefail
inputs=$(realpath "$1") data=$(realpath "$2") results=$(realpath -m "$3")
job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
ln -s "$data" "$job/data"
ln -s "$inputs/shards/$SLURM_ARRAY_TASK_ID.json" "$job/shard.json"
CO_CPUS=${SLURM_CPUS_PER_TASK:-1} "$SLURM_SUBMIT_DIR/code/run" --data_dir "$job" --results_dir "$results" "${@:4}"
