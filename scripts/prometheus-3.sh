#!/usr/bin/env bash
# Unpacks Prometheus 3 and its promtool into .build/unpacked/prometheus-3: Debian 12 has 2.42, and the programs of Debian's
# development branch run on it too. Where they cannot be had it says SKIP and why, and so do the tests that need them.
set -uo pipefail
reason=$("$(dirname "$0")/unpack.sh" prometheus-3 sid prometheus promtool 2>&1) ||
    echo "SKIP  Prometheus 3: $(tail -n 1 <<<"$reason")"
