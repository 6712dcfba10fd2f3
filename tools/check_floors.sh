#!/usr/bin/env bash
# Fails when an #include under src/ points up or sideways between the floors of ARCHITECTURE.md.
set -eu
cd "$(dirname "$0")/.."
declare -A floor=([base]=0 [tensor]=1 [net]=1 [statistics]=1 [meters]=2 [kernels]=2 [graph]=2 [store]=2
    [formats]=3 [passes]=3 [datasets]=3 [hub]=3 [models]=4 [tactics]=4 [engine]=4 [runtimes]=5 [lab]=6 [imports]=7
    [report]=7 [cli]=8)
bad=0
while IFS=: read -r file line text; do
    from=${file#src/}; from=${from%%/*}
    to=$(sed -E 's/.*#include "([^"\/]+)\/.*/\1/' <<<"$text")
    [ "$from" = "$to" ] && continue
    if [ -z "${floor[$to]:-}" ]; then
        echo "$file:$line: includes \"$to/...\", which is no floor of src/"; bad=1
    elif [ "${floor[$to]}" -ge "${floor[$from]}" ]; then
        echo "$file:$line: $from (floor ${floor[$from]}) must not include $to (floor ${floor[$to]})"; bad=1
    fi
done < <(grep -rnE '^#include "' src --include='*.h' --include='*.cpp')
if grep -rlE 'immintrin\.h|x86intrin\.h' src | grep -v '^src/kernels/' | grep -v '^src/base/'; then
    echo "intrinsics live in src/kernels only"; bad=1
fi
[ "$bad" = 0 ] && echo "floors: every include points down"
exit "$bad"
