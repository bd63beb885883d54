#!/usr/bin/env bash
# One bounded run on a machine with a GPU: makes frames on its CPUs, trains a whole ViT-S on them, and says how fast a
# ViT-L/16 trains from Parquet files.
#
#   benchmarks/gpu.sh BACKBONE OUT [MINUTES]
#
# BACKBONE: directory or Hub name of a DINOv2 ViT-S. OUT: gets model/, in float16 files of at most 16 MB, training.log
# and speed.json. MINUTES: of the whole, 10 by default. PEOPLE: how many people to make (320: 14,080 frames, about four
# minutes of 16 threads). DATA: a directory of frames that were made before, to be used instead. WORK: where frames and
# checkpoints lie. WORKERS: that load frames while training. AFTER: seconds left for what follows training (75).
set -euo pipefail
cd "$(dirname "$0")/.."
backbone=$1 out=$2 minutes=${3:-10}
python=${PYTHON:-python3} cpus=$(nproc) work=${WORK:-$(mktemp -d)}
loaders=${WORKERS:-$((cpus > 2 ? cpus - 2 : 1))}
export OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1 PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
mkdir -p "$out"
ends=$((SECONDS + minutes * 60))

data=${DATA:-$work/faces}
if [ -z "${DATA:-}" ]; then
    faces=(--preset balanced --scene mixed --others 3 --references 2 --size 256 --seed 31)
    # the kernels are compiled once, by one process
    "$python" -m pain3d_cli generate "$work/warm" --identities 1 --size 64 --workers 1 > /dev/null
    "$python" -m pain3d_cli generate "$data" --identities "${PEOPLE:-320}" "${faces[@]}" --workers "$cpus"
fi
echo "frames ready after $SECONDS s" >&2

left=$((ends - SECONDS - ${AFTER:-75}))
"$python" -m pain3d_cli train "$data" --out "$work/model" --preset small --backbone "$backbone" --tune 9 \
    --freeze-epochs 1 --batch-size 128 --epochs "${EPOCHS:-14}" --max-minutes "$(awk "BEGIN {print $left / 60}")" \
    --workers "$loaders" --bf16 2>&1 | tee "$out/training.log"
"$python" -m pain3d_cli export "$work/model" --out "$out/model" --float16 --max-file 16
echo "model ready after $SECONDS s" >&2

"$python" -m benchmarks.loading "$data" --size large --seconds 30 --workers "$loaders" | tee "$out/speed.json"
