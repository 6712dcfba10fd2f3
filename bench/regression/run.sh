#!/usr/bin/env bash
# Instructions that inference takes, under callgrind, against the committed counts: a regression that no noise hides.
#   bench/regression/run.sh [--write] [PROGRAM]
# Counts Session::run only (planning included), one thread, two calls, in the AVX2 kernels, which are the best that
# Valgrind 3.19 can execute. Fails when a count grew by more than 3 %; --write renews the committed counts.
set -eu
cd "$(dirname "$0")/../.."
write=0
[ "${1:-}" = --write ] && { write=1; shift; }
program=${1:-build/espalier}
committed=bench/regression/counts.tsv
tolerance=3
image=$(ls zoo/images/test/gear/* | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v valgrind >/dev/null || { echo "error: valgrind is missing; install it: apt-get install valgrind" >&2; exit 2; }
[ -x "$program" ] || { echo "error: $program is not there; build it first: make build" >&2; exit 2; }

count() { # MODEL TACTIC
    if ! valgrind --tool=callgrind --callgrind-out-file="$work/out" --collect-atstart=no \
        '--toggle-collect=espalier::engine::Session::run(espalier::Tensor const&)' \
        "$program" classify --model "zoo/models/$1" --tactic "$2" --threads 1 "$image" >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        echo "error: $1 $2 does not run under valgrind" >&2
        exit 1
    fi
    awk '/^(summary|totals):/ { n = $2 } END { print n + 0 }' "$work/out"
}

rows=$(awk -F'\t' '!/^#/ { print $1 "\t" $2 }' "$committed")
bad=0
new=$work/counts.tsv
grep '^#' "$committed" >"$new"
while IFS=$'\t' read -r model tactic; do
    now=$(count "$model" "$tactic")
    before=$(awk -F'\t' -v m="$model" -v t="$tactic" '$1 == m && $2 == t { print $3 }' "$committed")
    if [ "$now" -lt 1000 ]; then
        echo "error: $model $tactic: only $now instructions were counted; was Session::run renamed or inlined?" >&2
        exit 1
    fi
    printf '%s\t%s\t%s\n' "$model" "$tactic" "$now" >>"$new"
    verdict=$(awk -v a="$before" -v b="$now" -v t="$tolerance" 'BEGIN {
        change = a > 0 ? 100 * (b - a) / a : 0
        note = (change > t) ? "  MORE than committed" : (change < -t) ? "  fewer: renew with --write" : ""
        printf "%+.1f %%%s", change, note }')
    printf '%-22s %-34s %12d   %s\n' "$model" "$tactic" "$now" "$verdict"
    case $verdict in *MORE*) bad=1 ;; esac
done <<<"$rows"
if [ "$write" = 1 ]; then cp "$new" "$committed"; echo "written to $committed"; exit 0; fi
exit "$bad"
