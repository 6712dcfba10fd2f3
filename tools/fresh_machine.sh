#!/usr/bin/env bash
# Proves that a stranger's Debian 12 machine suffices: makes a minimal one in a folder with debootstrap, clones
# the last commit of this repository into it, and runs make there, as root and as a user with sudo.
set -eu

usage() {
    cat <<'TEXT'
Usage: tools/fresh_machine.sh [OPTIONS] DIRECTORY

Makes a minimal Debian 12 tree in DIRECTORY/base, copies it for every user, and runs make in the copy.
Needs root, debootstrap and about 4 GB in DIRECTORY, which lies outside this repository.

  --as root|user|both   who types the commands (default: both)
  --make "TARGETS"      what they type after `make`, in order (default: "test demo")
  --jobs N              processes a build may use (default: all processors)
  --keep                keep the copies, to look into; DIRECTORY/base is always kept for the next time
  -h, --help            this text

The results of a demo are left in DIRECTORY/out-root and DIRECTORY/out-user.
TEXT
}

die() {
    echo "error: $*" >&2
    exit 2
}

# --- Arguments ------------------------------------------------------------------------------------------------

who=both
targets="test demo"
jobs=$(nproc)
keep=no
directory=
while [ $# -gt 0 ]; do
    case $1 in
        --as | --make | --jobs) [ $# -ge 2 ] || die "$1 wants a value" ;;&
        --as) who=$2; shift ;;
        --make) targets=$2; shift ;;
        --jobs) jobs=$2; shift ;;
        --keep) keep=yes ;;
        -h | --help) usage; exit 0 ;;
        -*) die "unknown option $1; see tools/fresh_machine.sh --help" ;;
        *) [ -z "$directory" ] || die "one DIRECTORY, not '$directory' and '$1'"; directory=$1 ;;
    esac
    shift
done
case $who in root | user) users=("$who") ;; both) users=(root user) ;; *) die "--as takes root, user or both" ;; esac
[ -n "$directory" ] || { usage >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "run as root: debootstrap and chroot need it"
command -v debootstrap >/dev/null || die "debootstrap is missing; apt-get install debootstrap"

repository=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
case $directory/ in "$repository"/*) die "DIRECTORY must lie outside $repository" ;; esac

# In a mount namespace of its own nothing stays mounted and in a process namespace of its own nothing stays
# running, however this script ends.
if [ "${ESPALIER_FRESH_MACHINE:-}" != inside ]; then
    export ESPALIER_FRESH_MACHINE=inside
    again=(--as "$who" --make "$targets" --jobs "$jobs")
    [ "$keep" = no ] || again+=(--keep)
    exec unshare --mount --propagation private --pid --fork --kill-child -- "$0" "${again[@]}" "$directory"
fi

# --- The machine ----------------------------------------------------------------------------------------------

# The Debian 12 archives this machine uses: "URI SUITE COMPONENT", one per line.
archives() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 ~ /^bookworm($|[-\/])/ && !seen[$0]++'
}

# How this machine reaches them: proxies and the like, as apt understands them.
apt_settings() { apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-Valid-Until)' || true; }

make_base() {
    local base=$directory/base mirror
    [ ! -e "$base/.complete" ] || return 0
    mirror=$(archives | awk '$2 == "bookworm" && $3 == "main" {print $1; exit}')
    [ -n "$mirror" ] || die "no Debian 12 archive (suite bookworm, component main) among this machine's apt sources"
    rm -rf "$base"
    echo "== debootstrap bookworm from $mirror"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$base" "$mirror" >"$directory/debootstrap.log" 2>&1 ||
        { tail -n 20 "$directory/debootstrap.log" >&2; die "debootstrap failed; see $directory/debootstrap.log"; }
    archives | sed 's/^/deb /' >"$base/etc/apt/sources.list"
    apt_settings >"$base/etc/apt/apt.conf.d/90machine"
    touch "$base/.complete"
}

# The network as this machine has it, and the kernel's file systems; /sys only to be read.
attach() {
    local tree=$1
    cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --bind /sys "$tree/sys"
    mount -o remount,bind,ro "$tree/sys"
}

# in_tree TREE USER COMMAND: a login shell without anything of this machine's environment but its proxies.
in_tree() {
    local tree=$1 user=$2 command=$3 environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name:-}" ] || environment+=("$name=${!name}")
    done
    local names=("${environment[@]%%=*}")
    env -i "${environment[@]}" chroot "$tree" \
        su --login --whitelist-environment="$(IFS=,; echo "${names[*]}")" "$user" --command "$command"
}

# What the README asks for before the first command.
prerequisites() {
    local tree=$1 user=$2 packages="git make"
    [ "$user" = root ] || packages+=" sudo"
    in_tree "$tree" root "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $packages >/dev/null"
    [ "$user" = root ] && return
    in_tree "$tree" root "useradd --create-home --shell /bin/bash $user"
    echo "$user ALL=(ALL) NOPASSWD: ALL" >"$tree/etc/sudoers.d/$user"
}

# A clone of the last commit, without anything built here.
clone_into() {
    local tree=$1 user=$2 home=$3
    # Root may read a checkout that belongs to somebody else.
    git -c safe.directory='*' clone --quiet "file://$repository" "$tree$home/espalier"
    chroot "$tree" chown -R "$user:" "$home/espalier"
}

timed() {
    local label=$1 start=$SECONDS status=0
    shift
    echo "== $label"
    "$@" || status=$?
    echo "== $label: exit $status after $((SECONDS - start)) s"
    return "$status"
}

try_as() {
    local user=$1 tree=$directory/$1 home=/root status=0
    [ "$user" = root ] || home=/home/$user
    rm -rf --one-file-system "$tree"
    cp -a --reflink=auto "$directory/base" "$tree"
    attach "$tree"
    prerequisites "$tree" "$user"
    clone_into "$tree" "$user" "$home"
    for target in $targets; do
        timed "$user: make $target" in_tree "$tree" "$user" "cd espalier && make $target JOBS=$jobs" || { status=1; break; }
    done
    if [ -d "$tree$home/espalier/out" ]; then
        rm -rf "$directory/out-$user"
        cp -a "$tree$home/espalier/out" "$directory/out-$user"
    fi
    umount --lazy --recursive "$tree/proc" "$tree/dev" "$tree/sys"
    [ "$keep" = yes ] || rm -rf --one-file-system "$tree"
    return "$status"
}

make_base
failed=()
for user in "${users[@]}"; do
    # Not `try_as || ...`, in which errors within would no longer end it.
    set +e
    (set -e; try_as "$user")
    [ $? -eq 0 ] || failed+=("$user")
    set -e
done
[ ${#failed[@]} -eq 0 ] || { echo "failed as: ${failed[*]}" >&2; exit 1; }
echo "fresh Debian 12: make $targets works as: ${users[*]}"
