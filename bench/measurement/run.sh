#!/usr/bin/env bash
# Espalier, codecarbon and zeus on the same machines whose energy is known, then the page that shows it:
#   make bench-measurement [BENCH="--only square deny"]
# Needs root (mount namespaces) and a Python with bench/measurement/requirements.txt: METERS_PYTHON, or
# .venv-meters/bin/python.
set -eu
cd "$(dirname "$0")/../.."
python=${METERS_PYTHON:-.venv-meters/bin/python}
if ! [ -x "$python" ] || ! "$python" -c 'import codecarbon, zeus' 2>/dev/null; then
    echo "error: $python has no tools to run beside. bench/README.md tells how to install them, once" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "error: only root may lay a simulated powercap tree over /sys/class, in a mount namespace of its own" >&2
    exit 2
fi
# Ahead of everything else alike: the tools sleep nearly all the time, and measure too long when they wait for a processor.
nice -n -10 "$python" -W ignore bench/measurement/head_to_head.py --build "${METERS_BUILD:-build/bench}" "$@"
"$python" bench/measurement/document.py
echo "docs/head_to_head.md is written"
