#!/usr/bin/env bash
# Kernels on the layers of known networks; then whole models beside their peers, where a Python with them is given:
#   PEERS_PYTHON=.venv/bin/python make bench
set -eu
cd "$(dirname "$0")/.."
build=build/bench
"$build/kernels_benchmark"
if [ -n "${PEERS_PYTHON:-}" ]; then
    "$PEERS_PYTHON" bench/peers/compare.py --espalier "$build/espalier" --work "${BENCH_WORK:-out/bench}"
else
    echo "Whole models beside peers: set PEERS_PYTHON to a Python with torch, transformers, onnx and onnxruntime."
fi
