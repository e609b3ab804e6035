#!/usr/bin/env bash
# Installs the Debian packages that are missing, if any: without a question to the network when all are there.
#
#   deps.sh build       what building and running needs
#   deps.sh deb         that, and what packaging needs
#   deps.sh test        that, and what the tests need, with a Prometheus that is unpacked and not installed
#   deps.sh container   what building and what making an image needs
#   deps.sh systemd     what booting a Debian needs, for the tests under a real systemd
#   deps.sh kernel      what emulating a machine with Debian's kernel needs, for the tests under it
#   deps.sh browser     what the tests of the page need besides
#   deps.sh all         all that, and what benchmarks and linting need
set -euo pipefail

build=(libsystemd-dev libdeflate-dev libyaml-dev libssl-dev libcrypt-dev libseccomp-dev pkg-config g++)
deb=(dpkg-dev debhelper lintian python3)
tests=(binutils gcc libc6-dev python3 python3-venv curl openssl apache2-utils prometheus systemd udev util-linux iproute2 strace man-db zsh fish
    victoria-metrics protobuf-compiler libprotobuf-dev golang-github-prometheus-client-model-dev "${deb[@]}")
container=(buildah podman crun mmdebstrap curl procps)
systemd=(gnupg gpgv iproute2 mmdebstrap reprepro systemd-container util-linux)
kernel=(busybox-static cpio e2fsprogs gcc iproute2 kmod libelf1 make mmdebstrap qemu-system-x86 qemu-utils seabios util-linux)
browser=(chromium chromium-driver)
bench=(binutils nginx-light valgrind wrk)

case "${1:-all}" in
build) wanted=("${build[@]}") ;;
test) wanted=("${build[@]}" "${tests[@]}") ;;
deb) wanted=("${build[@]}" "${deb[@]}") ;;
container) wanted=("${build[@]}" "${container[@]}") ;;
systemd) wanted=("${systemd[@]}") ;;
kernel) wanted=("${kernel[@]}") ;;
browser) wanted=("${build[@]}" "${tests[@]}" "${browser[@]}") ;;
all) wanted=("${build[@]}" "${tests[@]}" "${container[@]}" "${systemd[@]}" "${kernel[@]}" "${browser[@]}" "${bench[@]}") ;;
*) echo "deps.sh: '$1' is not one of build, test, deb, container, systemd, kernel, browser, all" >&2; exit 64 ;;
esac

if ! command -v swift >/dev/null; then
    echo "deps.sh: no Swift toolchain: install Swift 6.3 or later from https://www.swift.org/install/linux/" >&2
    exit 1
fi

case "${1:-all}" in test | all) "$(dirname "$0")/prometheus-3.sh" ;; esac

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

command="apt-get install --yes --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null; then
    as_root=(sudo)
else
    echo "deps.sh: packages are missing and this is neither root nor is there sudo; as root, run:" >&2
    echo "    apt-get update && $command" >&2
    exit 1
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update --quiet=2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $command
