#!/usr/bin/env bash
# Checks that the sources of the report's page give exactly the committed web/dist/report.html: types, unit tests,
# build, comparison, size, and (where Chromium is installed) the page itself in a browser.
#   web/check.sh            compare with the committed page
#   web/check.sh --write    build it anew
# Without Node 20.19 or newer, or without the packages, nothing can be checked: it says so and succeeds, because
# the C++ build needs neither. ESPALIER_WEB=required makes that a failure.
set -eu
cd "$(dirname "$0")"

give_up() {
    echo "web: not checked: $1" >&2
    [ "${ESPALIER_WEB:-}" = required ] && exit 1
    exit 0
}

command -v npm >/dev/null || give_up "npm is not installed"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' ||
    give_up "Node $(node -p process.versions.node) is too old, 20.19 or 22.12 are needed"

if grep -qE '"resolved"|https?://[a-z.-]*(registry|npmjs)' package-lock.json; then
    echo "web: package-lock.json names a registry; run npm install with omit-lockfile-registry-resolved=true" >&2
    exit 1
fi
if ! cmp -s package-lock.json node_modules/.checked-lock; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || give_up "the packages of package-lock.json could not be installed"
    cp package-lock.json node_modules/.checked-lock
fi

npx --no-install tsc --noEmit
rm -rf .test-output
npx --no-install tsc -p tsconfig.test.json
node --test .test-output/test/ >.test-output/log || { cat .test-output/log; exit 1; }

if [ "${1:-}" = --write ]; then
    npx --no-install vite build --logLevel warn
else
    built=$(mktemp -d)
    trap 'rm -rf "$built"' EXIT
    npx --no-install vite build --logLevel warn --outDir "$built" --emptyOutDir
    if ! cmp "$built/report.html" dist/report.html; then
        echo "web: the sources do not give the committed web/dist/report.html; run web/check.sh --write and commit it" >&2
        exit 1
    fi
fi

size=$(stat -c %s dist/report.html)
if [ "$size" -gt 200000 ]; then
    echo "web: dist/report.html has $size bytes, more than 200000" >&2
    exit 1
fi
if [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    node test/browser.mjs >.test-output/browser || { cat .test-output/browser; exit 1; }
fi
echo "web: the page is what its sources give, $size bytes"
