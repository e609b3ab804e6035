#!/usr/bin/env bash
# Tests the Debian package under Debian's own kernel, with energy counters that the kernel's own interfaces show.
#
#   test-kernel.sh PYTHON PACKAGE.deb [ARGUMENTS OF PYTEST...]
#
# QEMU emulates the machine, processor and all, so no virtualization by the host is needed. Everything happens in namespaces made
# for it and ends with this script. What a machine does not allow is said as SKIP with the reason, and is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/.build/kernel

skip() {
    echo "test-kernel: SKIP: $1"
    exit 0
}

# The second half, in the namespaces of its own: the guest's ports are forwarded to a network that is the tests' alone.
if [ "${1:-}" = --inside ]; then
    shift
    ip link set lo up
    exec "$@"
fi

python=$(realpath --no-symlinks "$1")
package=$(realpath "$2")
shift 2

[ "$(uname -m)" = x86_64 ] || skip "the counters stand in for those of x86 processors, and this is $(uname -m)"
[ "$(id -u)" -eq 0 ] || skip "this is not root"
scripts/deps.sh kernel
namespaces=(--mount --pid --net --fork --kill-child --mount-proc --propagation private)
refusal=$(unshare "${namespaces[@]}" true 2>&1) || skip "no namespaces of its own: $refusal"

mkdir -p "$cache"
exec 9>"$cache/lock"
flock --timeout 600 9 || { echo "test-kernel: another run holds $cache/lock" >&2; exit 1; }
machine=$(scripts/kernel-root.sh "$cache")
work=$cache/work
rm -rf "$work"
mkdir "$work"
export PYJOULES_KERNEL_MACHINE="$machine" PYJOULES_KERNEL_WORK="$work" PYJOULES_DEB="$package"

# Whatever ends this script, even SIGKILL, ends all that it started.
setpriv --pdeathsig KILL unshare "${namespaces[@]}" "$0" --inside "$python" -m pytest Tests/Kernel "$@" 9>&- &
child=$!
trap 'kill "$child" 2>/dev/null || true; wait "$child" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
status=0
wait "$child" || status=$?
exit "$status"
