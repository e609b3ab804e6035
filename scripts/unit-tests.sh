#!/usr/bin/env bash
# Runs the unit tests that were built, in two processes side by side: `make unit`.
#
# In each of them one test comes after the other, since some change what a process has but once: its signals, descriptors, limits,
# rights. The halves take about the same time, and each test is in one of them, also those of a module that is new.
set -euo pipefail
cd "$(dirname "$0")/.."
half='^(ExporterTests|AttributionTests)\.'

run() {
    .build/debug/pyjoules-exporterPackageTests.xctest --testing-library swift-testing --no-parallel "$@"
}

# What the first says is shown when both have ended, so that their lines are not mixed.
said=$(mktemp -d)
run --filter "$half" >"$said/first" 2>&1 &
first=$!
trap 'kill "$first" 2>/dev/null || true; rm -rf "$said"' EXIT
status=0
run --skip "$half" 2>&1 | tee "$said/second" || status=$?
wait "$first" || status=$?
cat "$said/first"
if [ "$status" -ne 0 ]; then
    # Of a log that is cut somebody may see the end only.
    echo "What failed:"
    grep -hE '✘|^↳|Fatal error' "$said/first" "$said/second" || tail --lines=3 "$said/first" "$said/second"
fi
exit "$status"
