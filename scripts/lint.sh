#!/usr/bin/env bash
# Checks what the compiler does not: format, the house's doors, banned words, and what the binary is linked with.
set -uo pipefail
cd "$(dirname "$0")/.."
failures=0

fail() {
    echo "lint: $1" >&2
    failures=$((failures + 1))
}

# forbid WHAT REMEDY PATTERN PATHS...: no line of the sources may match, comments aside.
forbid() {
    local what=$1 remedy=$2 pattern=$3
    shift 3
    local hits
    hits=$(grep --recursive --line-number --extended-regexp --include='*.swift' "$pattern" "$@" |
        grep --invert-match --extended-regexp '^[^:]+:[0-9]+: *//')
    [ -z "$hits" ] || fail "$what: $remedy
$hits"
}

# door ROOM MODULES...: a room imports nothing else.
door() {
    local room=$1
    shift
    local allowed
    allowed=$(printf '|%s' "$@")
    local hits
    hits=$(grep --recursive --line-number --extended-regexp '^(public |internal |private |package )?import ' "Sources/$room" |
        grep --invert-match --extended-regexp "import (${allowed:1})\$")
    [ -z "$hits" ] || fail "Sources/$room may import only: $*
$hits"
}

swift format lint --strict --recursive Package.swift Sources Tests || fail "format: run 'make format'"

door Bytes -
door Kernel CLinux Glibc
door HTTP Bytes
door Metrics Bytes
door Energy Kernel Bytes
door Systemd CSystemd Kernel Glibc
door WebConfig CYAML
door Gzip CDeflate Bytes
door TLS COpenSSL Kernel
door Passwords CCrypt Kernel
door Sandbox CSeccomp Kernel Glibc
door Log Bytes Kernel Systemd Logging Synchronization
door Serving Bytes Kernel HTTP Gzip TLS Passwords WebConfig Log Logging
door Exporter Bytes Kernel HTTP Metrics Energy Systemd Gzip TLS Passwords WebConfig Sandbox Log Serving CBuildInfo ArgumentParser Logging Synchronization

forbid "forced unwrap, try or cast" "handle the other case" '[A-Za-z0-9_)\]]!([^=]|$)|\btry!|\bas!' Sources Tests
forbid "errno hidden" "catch the SystemError and decide" '\btry\?' Sources
forbid "unchecked concurrency" "pass state down; there is one thread" \
    '@unchecked Sendable|nonisolated\(unsafe\)|\bTask\b *[.{(]|DispatchQueue|\basync\b|\bawait\b' Sources
forbid "Foundation" "use Kernel and Bytes" 'import Foundation' Sources Tests
forbid "errno read elsewhere" "use attempt() of Kernel/SystemError.swift" '\berrno\b' \
    $(find Sources -name '*.swift' ! -path '*/SystemError.swift' ! -path '*/FileDescriptor.swift')
forbid "work without an issue" "name the issue's number" '(TODO|FIXME|XXX)([^#]*$)' Sources Tests

long=$(git ls-files 'Sources/*.swift' | xargs awk '
    FNR == 1 { depth = 0; start = 0 }
    {
        line = $0; sub(/\/\/.*/, "", line); gsub(/"[^"]*"/, "", line)
        if (!start && line ~ /(^|[^A-Za-z_])(func|init|deinit)[ (<?]/ && line ~ /\{/) { start = FNR; at = depth; name = $0 }
        depth += gsub(/\{/, "{", line) - gsub(/\}/, "}", line)
        if (start && depth <= at) {
            if (FNR - start >= 60) printf "%s:%d: %d lines:%s\n", FILENAME, start, FNR - start + 1, name
            start = 0
        }
    }')
[ -z "$long" ] || fail "functions that do not fit a screen:
$long"

for script in scripts/*.sh .ci/run; do bash -n "$script" || fail "$script does not parse"; done
python3 - <<'PYTHON' || fail "Python does not parse"
import ast, pathlib, subprocess
for name in subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout.split():
    ast.parse(pathlib.Path(name).read_text(), name)
PYTHON

binary=.build/release/pyjoules-exporter
if [ -x "$binary" ]; then
    if grep --quiet --text 'FoundationInternationalization' "$binary" || ldd "$binary" | grep --quiet 'icu\|libFoundation'; then
        fail "$binary is linked with full Foundation"
    fi
    if ldd "$binary" | grep --quiet 'libssl'; then
        fail "$binary is linked with OpenSSL: COpenSSL loads it when TLS is wanted"
    fi
else
    echo "lint: SKIP what the binary is linked with: 'make build' first"
fi

[ "$failures" -eq 0 ] || { echo "lint: $failures kinds of trouble" >&2; exit 1; }
echo "lint: all well"
