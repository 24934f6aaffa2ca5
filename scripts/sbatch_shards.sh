#!/usr/bin/env bash
# One job for each shard (made by create_inputs). Submitted again, only what is missing is converted. In the capsule's folder:
#   sbatch --array=0-99%20 scripts/sbatch_shards.sh INPUTS DATA RESULTS [--option VALUE ...]     (DATA, RESULTS: or s3://...)
#SBATCH --job-name=miniscope --requeue --cpus-per-task=2 --mem=4G
set -euo pipefail
place() { if [[ $1 == s3://* ]]; then echo "$1"; else realpath -m "$1"; fi; }
inputs=$(realpath "$1") data=$(place "$2") results=$(place "$3")
job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
[[ $data == s3://* ]] || ln -s "$data" "$job/data"
ln -s "$inputs/shards/$SLURM_ARRAY_TASK_ID.json" "$job/shard.json"
export CO_CPUS=${SLURM_CPUS_PER_TASK:-1} MINISCOPE_SCRATCH_DIR=${MINISCOPE_SCRATCH_DIR:-$job/scratch}
"$SLURM_SUBMIT_DIR/code/run" --data_dir "$job" --results_dir "$results" "${@:4}"
