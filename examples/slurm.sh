#!/usr/bin/env bash
# One audit whose work is spread over jobs of SLURM. The driver is a small job of its own: it hands
# work over, writes the results and draws the page. Submit it with
#
#     sbatch examples/slurm.sh photos /scratch/run1
#
# A driver that ran out of time goes on where it stopped when the same line is submitted again.
# Both folders, and that of the cache, must be on a file system that all nodes see.
#
#SBATCH --job-name=imleak
#SBATCH --time=24:00:00
#SBATCH --cpus-per-task=2
#SBATCH --mem=8G
#SBATCH --signal=B:TERM@120
set -euo pipefail

photos=${1:?usage: sbatch examples/slurm.sh PHOTOS OUTPUT}
output=${2:?usage: sbatch examples/slurm.sh PHOTOS OUTPUT}
export IMLEAK_CACHE=${IMLEAK_CACHE:-$output-cache}

# What each job of a worker asks for: see docs/scale.md for all options.
jobs="partition=${PARTITION:-cpu},jobs=${JOBS:-20},processes=2,memory=8GB,walltime=04:00:00"

exec imleak audit "$photos" --output "$output" --slurm "$jobs" --group-by folder
