#!/bin/sh
# Work of twice HALF seconds that asks for the fault in between, in the run number AT (from 0):
#   work.sh HALF AT COUNTER_FILE PIPE
set -eu
count=$(cat "$3" 2>/dev/null || echo 0)
echo $((count + 1)) >"$3"
sleep "$1"
[ "$count" -ne "$2" ] || echo fault >"$4"
exec sleep "$1"
