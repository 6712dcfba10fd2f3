#!/usr/bin/env bash
# Fails when a Markdown file links to a file of this repository that does not exist.
set -eu
cd "$(dirname "$0")/.."
bad=0
while IFS=: read -r file line link; do
    target=${link#*](}
    target=${target%)}
    target=${target%%#*}
    [ -n "$target" ] || continue
    if [ ! -e "$(dirname "$file")/$target" ]; then
        echo "$file:$line: links to '$target', which does not exist" >&2
        bad=1
    fi
done < <(git ls-files -z '*.md' | xargs -0 grep -noE '\]\([^)]+\)' | grep -vE '\]\((https?|mailto):')
[ "$bad" = 0 ] && echo "links: every file that is linked to exists"
exit "$bad"
