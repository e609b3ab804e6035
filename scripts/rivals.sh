#!/usr/bin/env bash
# Fetches into .build/rivals what `make bench` compares with and nobody wants installed: Debian's node_exporter, whose package would
# start a service, and the Python packages of the prototype. What cannot be had is left out, with a line that says so.
set -uo pipefail
cd "$(dirname "$0")/.."
rivals=.build/rivals
mkdir -p "$rivals"

skip() { echo "SKIP  $1: $2: $(tail -n 1 "$rivals/log")"; }

node_exporter() {
    cd "$rivals" && apt-get --quiet=2 -o APT::Sandbox::User="$(id -un)" download prometheus-node-exporter &&
        dpkg-deb --extract prometheus-node-exporter_*.deb node_exporter && rm prometheus-node-exporter_*.deb
}

prototype() {
    python3 -m venv "$rivals/python" && "$rivals/python/bin/pip" install --quiet --requirement Benchmarks/rivals.txt
}

[ -x "$rivals/node_exporter/usr/bin/prometheus-node-exporter" ] || (node_exporter) >"$rivals/log" 2>&1 ||
    skip node_exporter "Debian's package cannot be fetched"
cmp --silent Benchmarks/rivals.txt "$rivals/python/rivals.txt" ||
    { (prototype) >"$rivals/log" 2>&1 && cp Benchmarks/rivals.txt "$rivals/python/"; } ||
    skip prototype "its Python packages cannot be installed"
