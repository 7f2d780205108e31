#!/usr/bin/env bash
# From a machine with Python 3.11, make and a package index to on_gpu.json, in one budget of time:
#   benchmarks/on_gpu.sh DIR [--quick] [--device cuda]
# BUDGET=540 counts the installation too. PIP_ARGS goes to pip, PYTHON names the interpreter.
# An interpreter that has every package already is used as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?"Name a folder for the results: benchmarks/on_gpu.sh DIR"}
shift
budget=${BUDGET:-540}
system=${PYTHON:-python3.11}
packages="import accelerate, captum, datasets, duckdb, hypothesis, jieba, pydantic, pytest, \
safetensors, sklearn, spacy, sqlalchemy, torch"

if [ ! -x .venv/bin/python ] && "$system" -c "$packages" 2>/dev/null; then
  python=$system
else
  make .venv/.tested PYTHON="$system" >&2
  python=.venv/bin/python
fi
"$python" - >&2 <<'CHECK'
import shutil, torch
if torch.version.cuda is None and shutil.which("nvidia-smi"):
    print(f"torch {torch.__version__} is built without CUDA, but this machine has an NVIDIA GPU: "
          "remove .venv and install without an index of CPU builds.")
CHECK
exec "$python" -m benchmarks.on_gpu --out "$out" --budget "$((budget - SECONDS))" "$@"
