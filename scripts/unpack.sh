#!/usr/bin/env bash
# Unpacks Debian packages without installing them: programs that would start services, and those of a newer Debian.
# Asks the network nothing when they are there already.
#
#   unpack.sh NAME SUITE PACKAGE...
#
# They lie in .build/unpacked/NAME then. SUITE is one of Debian's, such as sid, or `own`: what this machine's apt offers.
# Exit status 1, and the reason on stderr, if a package cannot be had.
set -euo pipefail
name=$1 suite=$2
shift 2
here=$(realpath "$(dirname "$0")/..")/.build/unpacked
target=$here/$name
[ "$(cat "$target/.packages" 2>/dev/null)" = "$suite $*" ] && exit

mkdir -p "$here"
scratch=$(mktemp -d "$here/new.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/packages" "$scratch/root"

# apt gives up root for downloads, for which the directory would have to belong to somebody else.
apt=(apt-get --quiet=2 -o APT::Sandbox::User="$(id -un)")
if [ "$suite" != own ]; then
    # Lists and sources of its own: nothing of this suite is ever offered to the machine.
    mkdir -p "$scratch/apt/lists/partial" "$scratch/apt/cache/archives/partial" "$scratch/apt/parts"
    mirror=${PYJOULES_DEBIAN_MIRROR:-http://deb.debian.org/debian}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$scratch/apt/sources.list"
    apt+=(-o Dir::Etc::SourceList="$scratch/apt/sources.list" -o Dir::Etc::SourceParts="$scratch/apt/parts"
        -o Dir::State::Lists="$scratch/apt/lists" -o Dir::Cache="$scratch/apt/cache" -o Acquire::Languages=none
        -o Acquire::http::Timeout=20)
    "${apt[@]}" --error-on=any update
fi
(cd "$scratch/packages" && "${apt[@]}" download "$@")
for package in "$scratch"/packages/*.deb; do dpkg-deb --extract "$package" "$scratch/root"; done
echo "$suite $*" >"$scratch/root/.packages"
rm -rf "$target"
mv "$scratch/root" "$target"
