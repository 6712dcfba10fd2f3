#!/usr/bin/env bash
# The main job on what ships with the project: four small trained models, the five tactics, ten blocks, to a verdict
# and a report in out/. Repeating the command continues a study that was interrupted and repeats none that is done.
set -eu
cd "$(dirname "$0")/.."

espalier=${ESPALIER:-build/espalier}
[ -x "$espalier" ] || { echo "error: $espalier is missing; type: make build" >&2; exit 1; }

models=()
for folder in zoo/models/*/; do models+=(--model "${folder%/}"); done

# Half of the weights: enough to cost accuracy without retraining, so that the report shows a tactic rejected.
tactics=baseline,compile,dynamic-quantization,local-pruning:0.5,global-pruning:0.5

# Two threads at most: these models are too small to feed more.
threads=$(nproc)
[ "$threads" -le 2 ] || threads=2

# All 1,000 test images once per trial, which the shortest window admits, so that a loss of 1 point can be excluded.
mkdir -p out
status=0
"$espalier" run --store out/demo.db "${models[@]}" --data zoo/images/test --tactics "$tactics" \
    --blocks 10 --batch 1 --threads "$threads" --window 0.5s --idle 0.1s || status=$?
# 5: some trials failed; the report says which. Anything else is not a study to report on.
[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || exit "$status"

"$espalier" report --store out/demo.db -o out/report.html
echo
echo "The report is one file: open out/report.html in a browser."
echo "Next: $espalier run --model FOLDER --data FOLDER"
exit "$status"
