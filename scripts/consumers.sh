#!/usr/bin/env bash
# Fetches what the tests of consumers run: Debian packages, which are unpacked into .build/unpacked and not installed, since they
# would start services, and Python packages in an environment of their own, .build/consumers. What cannot be had is said as SKIP,
# and so are the tests that need it.
set -uo pipefail
cd "$(dirname "$0")/.."
environment=.build/consumers

# fetch NAME PACKAGE...: of this machine's own Debian.
fetch() {
    local name=$1 reason
    shift
    reason=$(scripts/unpack.sh "$name" own "$@" 2>&1) || echo "SKIP  $name: $(tail -n 1 <<<"$reason")"
}

fetch influxdb influxdb
fetch collectd collectd-core libyajl2
fetch pcp pcp pcp-conf python3-pcp libpcp{3,-archive1,-gui2,-import1,-mmv1,-pmda3,-trace2,-web1}

cmp --silent Tests/Consumers/requirements.txt "$environment/requirements.txt" || {
    python3 -m venv "$environment" &&
        "$environment/bin/pip" install --quiet --requirement Tests/Consumers/requirements.txt &&
        cp Tests/Consumers/requirements.txt "$environment/"
}
