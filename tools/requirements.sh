#!/usr/bin/env bash
# Which test shows which requirement of a measurement: writes docs/measurement.md from tools/requirements.txt and the
# comments "// Requirement N." or "// Requirements N and M: ..." that stand directly above tests.
#   tools/requirements.sh            check: every requirement has a test or is open, and the page is up to date
#   tools/requirements.sh --write    write the page
set -eu
cd "$(dirname "$0")/.."
page=docs/measurement.md
made=$(mktemp)
trap 'rm -f "$made"' EXIT

tests=$(git ls-files --cached --others --exclude-standard 'src/*_test.cpp' 'tests/*_test.cpp' | sort)
# shellcheck disable=SC2086
awk '
    FILENAME == "tools/requirements.txt" {
        if ($0 ~ /^#/ || $0 == "") next
        split($0, field, "|")
        number = field[1] + 0
        if (number != ++count) { print "tools/requirements.txt: expected requirement " count ", got " field[1] > "/dev/stderr"; bad = 1 }
        state[number] = field[2]
        text[number] = field[3]
        next
    }
    /^\/\/ Requirements? [0-9]/ {
        match($0, /^\/\/ Requirements? [0-9]+((, | and )[0-9]+)*/)
        marker = substr($0, RSTART, RLENGTH)
        place = FILENAME ":" FNR
        next
    }
    marker != "" && /^\/\// { next }
    marker != "" {
        if (!match($0, /^TEST(_F|_P)?\(/)) { print place ": no test follows this requirement" > "/dev/stderr"; bad = 1 }
        name = $0
        sub(/^TEST(_F|_P)?\(/, "", name)
        sub(/\).*/, "", name)
        sub(/, */, ".", name)
        parts = split(marker, word, /[^0-9]+/)
        for (i = 1; i <= parts; ++i) {
            if (word[i] == "") continue
            number = word[i] + 0
            if (!(number in text)) { print place ": there is no requirement " number > "/dev/stderr"; bad = 1; continue }
            shown[number] = shown[number] (shown[number] == "" ? "" : "<br>") "[" name "](../" FILENAME ")"
        }
        marker = ""
    }
    END {
        print "# What a measurement must do, and the test that shows it"
        print ""
        print "Made by `tools/requirements.sh --write`; do not edit. None of these tests needs a meter: fake meters, files and"
        print "clocks sample one invented machine whose energy is known exactly. `make test` fails when a requirement has no"
        print "test. How results are made: [measuring.md](measuring.md)."
        print ""
        print "| | requirement | tests |"
        print "|-|-|-|"
        for (number = 1; number <= count; ++number) {
            cell = shown[number]
            if (state[number] != "") {
                cell = "**" state[number] "**" (cell == "" ? "" : "<br>") cell
                ++open
            } else if (cell == "") {
                print "requirement " number " has no test: " text[number] > "/dev/stderr"
                bad = 1
            }
            print "| " number " | " text[number] " | " cell " |"
        }
        if (open > 0) { print ""; print open " of " count " are open." }
        exit bad
    }
' tools/requirements.txt $tests >"$made"

if [ "${1:-}" = --write ]; then
    cp "$made" "$page"
elif ! cmp -s "$made" "$page"; then
    echo "$page is not what tools/requirements.txt and the tests give; run tools/requirements.sh --write and commit it" >&2
    exit 1
fi
echo "requirements: every one has its test or is open"
