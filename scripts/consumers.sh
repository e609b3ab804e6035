#!/usr/bin/env bash
# Fetches what the tests of consumers run: Debian packages, which are unpacked into .build/unpacked and not installed, since they
# would start services, and Python packages in environments of their own. What cannot be had is said as SKIP, and so are the tests
# that need it.
#
#   consumers.sh          all but Home Assistant
#   consumers.sh long     that too
set -uo pipefail
cd "$(dirname "$0")/.."

# skip NAME REASON: of a reason, the last line that says anything.
skip() { echo "SKIP  $1: $(grep . <<<"$2" | tail -n 1)"; }

# unpacked NAME SUITE PACKAGE...: see unpack.sh.
unpacked() {
    local reason
    reason=$(scripts/unpack.sh "$@" 2>&1) || skip "$1" "$reason"
}

# environment NAME REQUIREMENTS [OPTIONS OF pip...]: Python packages in .build/NAME.
environment() {
    local name=$1 place=.build/$1 requirements=Tests/Consumers/$2 reason
    shift 2
    cmp --silent "$requirements" "$place/requirements.txt" && return
    rm -rf "$place"
    reason=$({ python3 -m venv "$place" && "$place/bin/pip" install --quiet --requirement "$requirements" "$@"; } 2>&1) ||
        { skip "$name" "$reason"; rm -rf "$place"; return; }
    cp "$requirements" "$place/requirements.txt"
}

unpacked victoria-metrics-newer sid victoria-metrics
unpacked influxdb own influxdb
unpacked collectd own collectd-core libyajl2
unpacked pcp own pcp pcp-conf python3-pcp libpcp{3,-archive1,-gui2,-import1,-mmv1,-pmda3,-trace2,-web1}
environment consumers requirements.txt
[ "${1:-}" != long ] || environment home-assistant home-assistant.txt --no-deps
# Without this one there is no test at all.
[ -x .build/consumers/bin/python ]
