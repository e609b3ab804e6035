#!/usr/bin/env bash
# Puts packages into an apt repository that any static web server can serve: `make release`.
#
#   release.sh DIRECTORY PACKAGE.deb...
#
# RELEASE_KEY names the secret key of gpg's keyring by which the repository is signed: a fingerprint or an address. What the
# directory has already stays, so that it is given the next release, too. In it are dists/ and pool/, which apt asks for,
# pyjoules-exporter.gpg, the public key, and SHA256SUMS of all packages with its signature. Debug symbols have a component of
# their own, which machines that only run the program need not list.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "release.sh: it needs a directory and at least one package" >&2
    exit 64
fi
if [ -z "${RELEASE_KEY:-}" ]; then
    echo "release.sh: RELEASE_KEY is empty: name a secret key of 'gpg --list-secret-keys' by which the repository is signed" >&2
    exit 64
fi
keys=$(gpg --batch --with-colons --list-secret-keys "$RELEASE_KEY" 2>/dev/null || true)
fingerprint=$(sed -n 's/^fpr:::::::::\([^:]*\):$/\1/p' <<< "$keys" | head -1)
if [ -z "$fingerprint" ]; then
    echo "release.sh: RELEASE_KEY '$RELEASE_KEY' is no secret key of this keyring: see 'gpg --list-secret-keys'" >&2
    exit 1
fi
directory=$1
shift
name=pyjoules-exporter

mkdir -p "$directory"
directory=$(realpath "$directory")
# What reprepro keeps for itself stands beside what is served, not in it.
own=$directory.reprepro
mkdir -p "$own/conf"
cat > "$own/conf/distributions" <<TEXT
Origin: $name
Label: $name
Codename: stable
Components: main debug
Architectures: amd64 arm64
Description: Measures the energy a machine uses and serves it to Prometheus
SignWith: $fingerprint
TEXT

for package in "$@"; do
    component=main
    [[ "${package##*/}" != *-dbgsym_* ]] || component=debug
    reprepro --silent --confdir "$own/conf" --dbdir "$own/db" --outdir "$directory" --component "$component" \
        includedeb stable "$package"
done

gpg --batch --export "$fingerprint" > "$directory/$name.gpg"
(
    cd "$directory"
    find pool -name '*.deb' -print0 | sort --zero-terminated | xargs -0 sha256sum > SHA256SUMS
    gpg --batch --yes --local-user "$fingerprint" --armor --detach-sign --output SHA256SUMS.asc SHA256SUMS
)
cat <<TEXT
$directory can be served now. On a machine that is to have it, as root:
    curl -fsSo /usr/share/keyrings/$name.gpg https://HOST/$name.gpg
    echo "deb [signed-by=/usr/share/keyrings/$name.gpg] https://HOST stable main" > /etc/apt/sources.list.d/$name.list
    apt update && apt install $name
With 'stable main debug' in that line, $name-dbgsym can be installed, too: its debug symbols.
TEXT
