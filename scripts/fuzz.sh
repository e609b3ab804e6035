#!/usr/bin/env bash
# Fuzzes what reads bytes from outside with libFuzzer and AddressSanitizer, each target for FUZZ_SECONDS (60).
#
#   fuzz.sh [TARGET...]    all targets if none is named; FUZZ_MINIMISE=yes minimises their corpora afterwards
#
# The target `name` is Tests/Fuzz/NameFuzzer.swift, first inputs in Tests/Fuzz/corpus/name, and words for the fuzzer in
# Tests/Fuzz/name.dict, if there are any. What it is linked with follows from the imports.
#
# Compiled by hand and not by SwiftPM, whose executables bring their own `main`.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
build=.build/fuzz
sanitize=fuzzer,address
flags=(-O -g -wmo -enable-testing -use-ld=lld -parse-as-library -swift-version 6 -sanitize=$sanitize -I "$build"
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility)

declare -A fuzzers=()
for file in Tests/Fuzz/*Fuzzer.swift; do
    name=$(basename "$file" Fuzzer.swift)
    fuzzers[${name,,}]=$file
done
[ $# -gt 0 ] || set -- $(printf '%s\n' "${!fuzzers[@]}" | sort)
for target; do
    [ -n "${fuzzers[$target]:-}" ] || { echo "fuzz.sh: '$target' is not one of ${!fuzzers[*]}" >&2; exit 64; }
done

imports() {
    sed -nE 's/^((public|internal|private|package|@testable) )?import ([A-Za-z0-9_]+)$/\3/p' "$@" | sort --unique
}

# use MODULE: builds a module of ours after those that it imports, once, and adds it to what the target is linked with.
declare -A built=()
use() {
    local module=$1 import source
    [ -z "${used[$module]:-}" ] || return 0
    used[$module]=yes
    if compgen -G "Sources/$module/*.swift" >/dev/null; then
        for import in $(imports Sources/"$module"/*.swift); do use "$import"; done
        [ -n "${built[$module]:-}" ] || swiftc "${flags[@]}" "${options[@]}" -module-name "$module" -emit-module \
            -emit-module-path "$build/$module.swiftmodule" -emit-object -o "$build/$module.o" Sources/"$module"/*.swift
        objects+=("$build/$module.o")
    elif [ -f "Sources/$module/module.modulemap" ]; then
        local package
        package=$(tr '\n' ' ' <Package.swift | grep --only-matching --perl-regexp \
            "systemLibrary\(\s*name: \"$module\",[^)]*?pkgConfig: \"\K[^\"]+" || true)
        options+=(-I "Sources/$module")
        [ -z "$package" ] || objects+=($(pkg-config --libs "$package"))
    elif [ -d "Sources/$module/include" ] || [ -d "Tests/$module/include" ]; then
        local folder=Sources/$module
        [ -d "$folder" ] || folder=Tests/$module
        options+=(-I "$build/$module")
        if [ -z "${built[$module]:-}" ]; then
            rm -rf "${build:?}/$module"
            mkdir -p "$build/$module"
            echo "module $module { umbrella \"$PWD/$folder/include\" export * }" >"$build/$module/module.modulemap"
            # Not into one object: what only one file knows may have no name in it, by which the linker tells it from another's.
            for source in "$folder"/*.c; do
                clang -O -g -fsanitize=fuzzer-no-link,address -I "$folder/include" -c -o "$build/$module/$(basename "$source").o" "$source"
            done
        fi
        objects+=("$build/$module"/*.o)
        local library
        for library in $(tr '\n' ' ' <Package.swift | grep --only-matching --perl-regexp "name: \"$module\"((?!name: \").)*" |
            grep --only-matching --perl-regexp 'linkedLibrary\("\K[^"]+' || true); do objects+=("-l$library"); done
    fi
    built[$module]=yes
}

# For targets that lay out files, in memory where that is a file system.
FUZZ_DIRECTORY=$(mktemp -d /dev/shm/pyjoules-fuzz.XXXXXX 2>/dev/null || mktemp -d)
export FUZZ_DIRECTORY
trap '[ -z "${running:-}" ] || kill "$pid" 2>/dev/null; rm -rf "$FUZZ_DIRECTORY"' EXIT
# Without this a crash starts Swift's own backtracer, which can hang the run.
export SWIFT_BACKTRACE=enable=no

# run TARGET: fuzzes it, and with FUZZ_MINIMISE=yes then leaves in its corpus the fewest inputs that reach all that was reached.
run() {
    local target=$1 corpus=Tests/Fuzz/corpus/$1 found=$build/corpus/$1
    local arguments=(-max_total_time="$seconds" -max_len=20000 -timeout=5 -print_final_stats=1
        -artifact_prefix="$build/$target-")
    [ ! -f "Tests/Fuzz/$target.dict" ] || arguments+=(-dict="Tests/Fuzz/$target.dict")
    mkdir -p "$found" "$corpus" "$FUZZ_DIRECTORY/$target"
    echo "fuzz.sh: $target for $seconds s"
    FUZZ_DIRECTORY=$FUZZ_DIRECTORY/$target "$build/$target-fuzzer" "${arguments[@]}" "$found" "$corpus"
    [ "${FUZZ_MINIMISE:-no}" = no ] || minimise "$target"
}

minimise() {
    local target=$1 corpus=Tests/Fuzz/corpus/$1 found=$build/corpus/$1 fewest=$build/corpus/$1.fewest
    rm -rf "$fewest"
    mkdir "$fewest"
    # Inputs that have names say what they are for, and stay.
    find "$corpus" -type f -regextype posix-extended ! -regex '.*/[0-9a-f]{40}' -exec cp -t "$fewest" {} +
    FUZZ_DIRECTORY=$FUZZ_DIRECTORY/$target "$build/$target-fuzzer" -set_cover_merge=1 -use_counters=0 "$fewest" "$found" "$corpus"
    rm -rf "$corpus"
    mv "$fewest" "$corpus"
}

# While one target is fuzzed the next is compiled; what each said is shown when it has ended.
running=
end_of_running() {
    [ -n "$running" ] || return 0
    local name=$running rc=0
    running=
    wait "$pid" || rc=$?
    cat "$build/$name.log"
    [ "$rc" = 0 ] || { echo "fuzz.sh: $name ended with $rc" >&2; exit 1; }
}
for target; do
    declare -A used=()
    options=()
    objects=()
    for module in $(imports "${fuzzers[$target]}"); do use "$module"; done
    swiftc "${flags[@]}" "${options[@]}" -module-name "$(basename "${fuzzers[$target]}" .swift)" "${fuzzers[$target]}" \
        "${objects[@]}" -o "$build/$target-fuzzer"
    end_of_running
    run "$target" >"$build/$target.log" 2>&1 &
    running=$target pid=$!
done
end_of_running
