#!/usr/bin/env bash
# Checks what the compiler does not: format, the doors between modules and folders, banned words, the Python, and what the
# binary is linked with.
set -uo pipefail
cd "$(dirname "$0")/.."
failures=0

fail() {
    echo "lint: $1" >&2
    failures=$((failures + 1))
}

# forbid WHAT REMEDY PATTERN PATHS...: no line of the sources may match, comments aside. Swift unless FILES is another pattern.
forbid() {
    local what=$1 remedy=$2 pattern=$3
    shift 3
    local hits
    hits=$(grep --recursive --line-number --extended-regexp --include="${FILES:-*.swift}" "$pattern" "$@" |
        grep --invert-match --extended-regexp '^[^:]+:[0-9]+: *(//|/\*)')
    [ -z "$hits" ] || fail "$what: $remedy
$hits"
}

swift format lint --strict --recursive Package.swift Sources Tests || fail "format: run 'make format'"

missed=$(cd scripts && python3 -m unittest --quiet test_doors 2>&1) || fail "doors.py does not find what it should:
$missed"
closed=$(python3 scripts/doors.py) || fail "doors, whose tables are in scripts/doors.py:
$closed"

forbid "forced unwrap, try or cast" "handle the other case" '[A-Za-z0-9_)\]]!([^=]|$)|\btry!|\bas!' Sources Tests
forbid "errno hidden" "catch the SystemError and decide" '\btry\?' Sources
forbid "unchecked concurrency" "pass state down; there is one thread" \
    '@unchecked Sendable|nonisolated\(unsafe\)|\bTask\b *[.{(]|DispatchQueue|\basync\b|\bawait\b' Sources
threads='\b(pthread_create|thrd_create|clone3?) *\(|\bSYS_clone|SIGEV_THREAD'
forbid "a second thread" "only CCrypt starts one" "$threads" Sources
FILES='*.[ch]' forbid "a second thread" "only CCrypt starts one" "$threads" $(find Sources/* -maxdepth 0 ! -name CCrypt)
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
python3 scripts/page.py --check || fail "the page, of which scripts/page.py makes what is compiled in"
python3 scripts/mutations.py --check || fail "scripts/mutations.py: write the mistake anew"
if [ -x .venv/bin/ruff ]; then
    .venv/bin/ruff check --quiet || fail "Python: the rules are in ruff.toml; 'ruff check --fix' mends some"
else
    echo "lint: SKIP the Python: 'make .venv/ready' first"
fi

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
