#!/usr/bin/env bash
# Bootstraps the Debian that test-systemd.sh boots, once, and prints its directory.
#
#   systemd-root.sh CACHE
#
# It is Debian 12, or the suite of PYJOULES_SYSTEMD_SUITE, such as trixie with its newer systemd.
# It is a minimal Debian with systemd and nothing of ours. The libraries that the package may depend on are not installed but
# lie in apt's cache, so that `apt install ./pyjoules-exporter_*.deb` works there without a network.
set -euo pipefail
fixtures=$(realpath "$(dirname "$0")/../Tests/Systemd/root")
cache=$1
suite=${PYJOULES_SYSTEMD_SUITE:-bookworm}
packages=systemd,systemd-sysv,dbus,udev,procps,stress-ng
downloaded=(libcrypt1 libdeflate0 libseccomp2 libssl3 libstdc++6 libsystemd0 libyaml-0-2)
bootstrap=$(dirname "$0")/debian-root.sh

version=$suite-$({ cat "$0" "$bootstrap"; find "$fixtures" -type f -print0 | sort -z | xargs -0 cat; } | sha256sum | cut -c1-12)
root=$cache/root-$version
if [ -d "$root" ]; then
    echo "$root"
    exit
fi

echo "test-systemd: bootstrapping Debian, once" >&2
scratch=$cache/new
# Of other versions, and of a run that was ended in the middle.
rm -rf "$cache/root-$suite"-* "$scratch"
mkdir -p "$scratch"
trap 'rm -rf "$scratch"' EXIT

DEBIAN_SUITE=$suite "$bootstrap" "$cache" "$packages" "$fixtures" \
    --skip=cleanup/apt/lists,cleanup/apt/cache \
    --customize-hook="chroot \"\$1\" apt-get clean" \
    --customize-hook="chroot \"\$1\" apt-get install --quiet=2 --yes --download-only ${downloaded[*]}" |
    tar -xf - -C "$scratch"
mv "$scratch" "$root"
echo "$root"
