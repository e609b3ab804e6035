#!/usr/bin/env bash
# Tests the Debian package under a real systemd: a Debian 12 of its own, booted by systemd-nspawn.
#
#   test-systemd.sh PYTHON PACKAGE.deb [ARGUMENTS OF PYTEST...]
#
# The host needs no systemd. Everything happens in namespaces and a cgroup made for it, and ends with this script. What a
# machine does not allow is said as SKIP with the reason, and is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/.build-systemd

skip() {
    echo "test-systemd: SKIP: $1"
    exit 0
}

# The second half, in the namespaces of its own.
inside() {
    # Layers and counters live in memory and are gone with the namespace.
    mount -t tmpfs -o mode=0755 tmpfs "$cache/work"
    # The outer machine's cgroups, all of them, can be looked at there; /sys/fs/cgroup begins with the tests' own.
    mkdir "$cache/work/cgroups"
    mount --bind "$PYJOULES_SYSTEMD_HIERARCHY" "$cache/work/cgroups"
    mount -t cgroup2 none /sys/fs/cgroup
    # Here nspawn leaves word of its machines; the host's own systemd, if it has one, is not to see them.
    mkdir -p /run/systemd
    mount -t tmpfs tmpfs /run/systemd
    ip link set lo up
    export PYJOULES_SYSTEMD_WORK="$cache/work"
    "$@"
}

if [ "${1:-}" = --inside ]; then
    shift
    inside "$@"
    exit
fi

python=$(realpath --no-symlinks "$1")
package=$(realpath "$2")
shift 2

[ "$(id -u)" -eq 0 ] || skip "this is not root"
scripts/deps.sh systemd
hierarchy=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || skip "no cgroup v2 is mounted"
namespaces=(--mount --pid --net --cgroup --fork --kill-child --mount-proc --propagation private)
refusal=$(unshare "${namespaces[@]}" true 2>&1) || skip "no namespaces of its own: $refusal"
# Of runs that were killed before they could remove their own.
for left in "$hierarchy"/pyjoules-test-systemd-*; do
    [ -e "/proc/${left##*-}" ] || find "$left" -depth -type d -exec rmdir {} + 2>/dev/null || true
done
group=$hierarchy/pyjoules-test-systemd-$$
mkdir "$group" 2>/dev/null || skip "no cgroup can be made in $hierarchy"

cleanup() {
    # Whoever is left here was started by us; --kill-child has ended them, this is for what was on its way.
    echo 1 2>/dev/null >"$group/cgroup.kill" || true
    for _ in $(seq 100); do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$group" ] || return 0
        sleep 0.05
    done
    echo "test-systemd: $group could not be removed" >&2
}

mkdir -p "$cache/work"
exec 9>"$cache/lock"
flock --timeout 600 9 || { echo "test-systemd: another run holds $cache/lock" >&2; exit 1; }
root=$(scripts/systemd-root.sh "$cache")
export PYJOULES_SYSTEMD_ROOT="$root" PYJOULES_DEB="$package" PYJOULES_SYSTEMD_HIERARCHY="$hierarchy"

# The child enters the cgroup and becomes unshare, so the tests see it as the root of their own.
(
    echo "$BASHPID" >"$group/cgroup.procs"
    # Whatever ends this script, even SIGKILL, ends all that it started.
    exec setpriv --pdeathsig KILL unshare "${namespaces[@]}" "$0" --inside "$python" -m pytest Tests/Systemd "$@"
) 9>&- &
child=$!
trap 'kill "$child" 2>/dev/null || true; wait "$child" 2>/dev/null || true; cleanup' EXIT
trap 'exit 130' INT TERM
status=0
wait "$child" || status=$?
exit "$status"
