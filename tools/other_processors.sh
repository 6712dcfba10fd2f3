#!/usr/bin/env bash
# The one program on processors that this machine is not, emulated: with AVX2 and nothing beyond, and plain x86-64.
# ("max" is what the emulator can do: AVX2 up to its version 8, no AVX-512.) Every tactic that has kernels of its own must give the answer it gives here, to 0.001 of a probability.
#   tools/other_processors.sh [MODEL [IMAGE]]        needs qemu-user; about two minutes
set -eu
cd "$(dirname "$0")/.."

espalier=${ESPALIER:-build/espalier}
model=${1:-zoo/models/resnet-mini}
image=${2:-$(find zoo/images/test -name '*.jpg' | sort | head -1)}
command -v qemu-x86_64 >/dev/null || { echo "error: qemu-x86_64 is missing; apt-get install qemu-user" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

top() { # command...: label and probability of the first answer
    "$@" --threads 1 --top 1 --json "$image" 2>"$work/log" | tr -d ' \n' |
        sed -E 's/.*"label":"([^"]*)","probability":([0-9.e-]+).*/\1 \2/'
}

status=0
for tactic in baseline compile compile+dynamic-quantization compile+static-quantization compile+bf16 \
    compile+local-pruning:0.8 compile+block-pruning:0.8+dynamic-quantization; do
    # Exported, since calibration takes long where everything is emulated.
    rm -rf "$work/model"
    "$espalier" export --model "$model" --tactic "$tactic" --calibration zoo/images/test -o "$work/model" >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; exit 1; }
    here=$(top "$espalier" classify --model "$work/model")
    for cpu in max Nehalem qemu64; do
        there=$(top qemu-x86_64 -cpu "$cpu" "$espalier" classify --model "$work/model")
        if awk -v a="$here" -v b="$there" 'BEGIN { split(a, x); split(b, y); d = x[2] - y[2]; if (d < 0) d = -d
                                                   exit !(x[1] != "" && x[1] == y[1] && d < 0.001) }'; then
            echo "ok    $tactic on $cpu: $there"
        else
            echo "WRONG $tactic on $cpu: '$there', here '$here'"
            status=1
        fi
    done
done
exit $status
