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
nice=0 results=bench/results options=()
while [ $# -gt 0 ]; do
    case $1 in
        --machine) results=bench/results/${2:?the machine has no name} && shift ;;
        --nice) nice=${2:?a niceness is missing} && options+=("$1" "$2") && shift ;;
        *) options+=("$1") ;;
    esac
    shift
done
peers() { "$python" -W ignore "bench/peers/$1.py" --espalier "$build/$2" --output "$results/$3.json" "${@:4}"; }
peers compare bench_worker side_by_side "${options[@]}"
peers pruned bench_worker pruned --nice "$nice"
peers jpeg bench_preprocess jpeg --nice "$nice"
peers cold_start espalier cold_start --nice "$nice"
peers neighbour bench_worker neighbour --nice "$nice"
"$python" bench/peers/document.py
echo "the pages of bench/results and the paragraph of README.md are written"
