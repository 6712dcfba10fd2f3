#!/usr/bin/env bash
# Espalier beside its peers, then the page that shows it:  make bench [BENCH="--quick --models resnet50"]
# Needs a Python with bench/peers/requirements.txt: PEERS_PYTHON, or .venv/bin/python.
set -eu
cd "$(dirname "$0")/.."
python=${PEERS_PYTHON:-.venv/bin/python}
build=build/bench
if ! [ -x "$python" ] || ! "$python" -c 'import numpy, onnxruntime' 2>/dev/null; then
    echo "error: $python has no peers to run beside. bench/README.md tells how to install them, once" >&2
    exit 2
fi
nice=0
case " $* " in *" --nice "*) nice=$(sed -E 's/.* --nice +(-?[0-9]+).*/\1/' <<<" $* ") ;; esac
peers() { "$python" -W ignore "bench/peers/$1.py" --espalier "$build/$2" "${@:3}"; }
peers compare bench_worker "$@"
peers jpeg bench_preprocess --nice "$nice"
peers cold_start espalier --nice "$nice"
peers neighbour bench_worker --nice "$nice"
"$python" bench/peers/document.py
echo "docs/performance.md is written"
