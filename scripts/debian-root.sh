#!/usr/bin/env bash
# Bootstraps a minimal Debian, 12 or the suite of DEBIAN_SUITE, and writes it as an archive to its output.
#
#   debian-root.sh CACHE PACKAGES FIXTURES [OPTIONS OF mmdebstrap...]
#
# FIXTURES is a directory whose files are put over Debian's; what it holds as usr/local/lib/bench/prepare is run at the end.
set -euo pipefail
cache=$1 packages=$2 fixtures=$3
shift 3
suite=${DEBIAN_SUITE:-bookworm}
limit=600

# mmdebstrap waits for the disk after every package, which costs nothing in memory.
memory=$(mktemp -d /dev/shm/pyjoules-debian.XXXXXX 2>/dev/null || mktemp -d "$cache/tmp.XXXXXX")
trap 'rm -rf "$memory"' EXIT

TMPDIR=$memory timeout "$limit" mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" "$@" \
    --customize-hook="cp -rT '$fixtures' \"\$1\"" \
    --customize-hook="chroot \"\$1\" /usr/local/lib/bench/prepare" \
    "$suite" -
