#!/bin/bash
# Trains `natural` and then `natural-small` on the pictures beside this script in SECONDS, start and compilation included:
#   OUT=results ./train_for.sh SECONDS
# What it has is copied to $OUT/prior every 20 seconds, in four files: a machine that is taken away leaves the last state.
set -u
begin=$(date +%s.%N)
total=$1
here=$(cd "$(dirname "$0")" && pwd)
data=${DATA:-$here/photos}
validation=${VALIDATION:-$here/validation}
device=${DEVICE:-cuda}
batch=${BATCH:-128}
natural=${NATURAL:-natural}
small=${SMALL:-natural-small}
work=$(mktemp -d)
results=${OUT:-.}/prior
mkdir -p "$results"
export PYTHONUNBUFFERED=1 OMP_NUM_THREADS=${THREADS:-8} TORCHINDUCTOR_CACHE_DIR=$work/inductor TRITON_CACHE_DIR=$work/triton

after() { python3 -c "import time; print(max(0.1, $begin + $1 - time.time()))"; }
share() { python3 -c "print($total * $1)"; }

# train NAME PRESET SINCE SECONDS: a second try, should the first fail, goes on from its checkpoint without compiling.
train() {
  for compile in --compile ""; do
    timeout -k 5 "$(after "$total")" python3 "$here/train_prior.py" --preset "$2" --data "$data" --validation "$validation" \
      --out "$work/$1" --since "$3" --seconds "$4" --device "$device" --threads "${THREADS:-8}" --batch "$batch" \
      --patch 128 --lr "${LR:-2.5e-3}" --warmup 300 --balance --ema 1 --second-ema 40 $compile \
      --log-every 100000 --validate-every "${EVERY:-2500}" --checkpoint-minutes "${MINUTES:-1}" 2>&1 | sed -u "s/^/$1: /"
    [ "${PIPESTATUS[0]}" = 0 ] && return
  done
}

collect() {
  cp "$work/log.txt" "$results/log.txt"
  for name in natural small; do
    folder=$work/$name
    [ -f "$folder/export/card.json" ] || continue
    if [ $name = natural ]; then
      tar -cf "$work/$name.tar" -C "$folder" export/card.json export/weights.safetensors curve.jsonl options.json
      cp "$folder/export/weights-second.safetensors" "$results/natural-second.safetensors"
    else
      tar -cf "$work/$name.tar" -C "$folder" export curve.jsonl options.json
    fi
    mv "$work/$name.tar" "$results/$name.tar"
  done
}

log() { tee -a "$work/log.txt"; }
touch "$work/log.txt"
# The small one starts a little before the large one ends, so that a GPU has work while it compiles.
(train natural "$natural" "$begin" "$(share 0.8)" | log) &
first=$!
(
  sleep "$(after "$(share 0.72)")"
  now=$(date +%s.%N)
  train small "$small" "$now" "$(python3 -c "print($begin + $total - 15 * min(1, $total / 300) - $now)")" | log
) &
second=$!
while kill -0 $first 2>/dev/null || kill -0 $second 2>/dev/null; do
  sleep 1
  [ $(($(date +%s) % 20)) = 0 ] && collect 2>/dev/null
done
collect
echo "results in $results after $(python3 -c "import time; print(round(time.time() - $begin))") s"
