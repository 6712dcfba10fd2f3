#!/usr/bin/env bash
# Installs the Debian 12 packages that building and testing need. Says what is missing; asks nothing.
set -eu

packages=(g++ cmake ninja-build ccache make pkg-config git
    libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libfmt-dev
    libsqlite3-dev libsqlitecpp-dev libturbojpeg0-dev libpng-dev libssl-dev libcurl4-openssl-dev libboost-math-dev libxxhash-dev
    libgtest-dev libgmock-dev)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    [ "${status:0:2}" = "ii" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "error: these packages need root to install and there is no sudo; run as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
