#!/usr/bin/env bash
# Builds .build/deb/pyjoules-exporter_VERSION_ARCHITECTURE.deb from BINARY, pyjoules-exporter-dbgsym_... with its debug symbols
# beside it, and checks them with lintian: `make deb`.
#
#   deb.sh BINARY
#
# DEB_VERSION gives another version than the program's, for trials of an upgrade, and DEB_DIRECTORY another place than .build/deb.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
name=pyjoules-exporter
work=${DEB_DIRECTORY:-.build/deb}

program=$(sed -n 's/.*static let version = "\(.*\)".*/\1/p' Sources/Exporter/Build.swift)
packaged=$(dpkg-parsechangelog --file packaging/debian/changelog --show-field Version)
if [ "$packaged" != "$program" ]; then
    echo "deb.sh: Sources/Exporter/Build.swift says version $program, packaging/debian/changelog $packaged: add an entry" >&2
    exit 1
fi
version=${DEB_VERSION:-$packaged}

# debhelper wants a source tree with debian/ at its top; the rest of it is this repository.
rm -rf "$work"
mkdir -p "$work/source"
cp -r packaging/debian "$work/source/debian"
sed -i "1s/($packaged)/($version)/" "$work/source/debian/changelog"

repository=$PWD
(
    cd "$work/source"
    export PYJOULES_REPOSITORY=$repository PYJOULES_BINARY=$binary
    dpkg-buildpackage --build=binary --no-sign --no-check-builddeps
)
architecture=$(dpkg --print-architecture)
package=$work/${name}_${version}_$architecture.deb
lintian --fail-on error --tag-display-limit 0 "$package" "$work/$name-dbgsym_${version}_$architecture.deb"
echo "$package"
