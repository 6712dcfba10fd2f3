#!/usr/bin/env bash
# Fails when building the program or opening a report would reach for the network. Debian packages (install_deps.sh)
# and the page's own tool chain (web/) are the exceptions, and neither is part of a build.
set -eu
cd "$(dirname "$0")/.."
bad=0

complain() {
    echo "$1" >&2
    bad=1
}

if found=$(git ls-files -z 'CMakeLists.txt' '*.cmake' '*/CMakeLists.txt' CMakePresets.json Makefile '*.sh' '.ci/*' |
    grep -zvE '^(web/|tools/(install_deps|fresh_machine|check_fetchless)\.sh$)' |
    xargs -0 grep -nE 'FetchContent|ExternalProject|file\(DOWNLOAD|\b(curl|wget)\b|git clone|pip3? install|npm (ci|install)'); then
    complain "$found"
fi

# What a browser would load: attributes, style sheets, modules. Addresses in text and XML namespaces load nothing.
page=web/dist/report.html
if grep -qE '(src|href|action|poster|data)="(https?:)?//|url\(["'"'"']?(https?:)?//|@import|\bfetch\(|XMLHttpRequest|sendBeacon|new WebSocket|import\(' "$page"; then
    complain "$page: contains a request or an address that a browser loads"
fi

[ "$bad" = 0 ] && echo "fetchless: builds and reports stay off the network"
exit "$bad"
