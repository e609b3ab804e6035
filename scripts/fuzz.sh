#!/usr/bin/env bash
# Fuzzes the request parser with libFuzzer and AddressSanitizer for FUZZ_SECONDS (60).
#
# Compiled by hand and not by SwiftPM, whose executables bring their own `main`.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
build=.build/fuzz
mkdir -p "$build/corpus"
flags=(-O -g -wmo -use-ld=lld -parse-as-library -swift-version 6 -sanitize=fuzzer,address -I "$build"
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility)

for room in Bytes HTTP; do
    swiftc "${flags[@]}" -module-name "$room" -emit-module -emit-module-path "$build/$room.swiftmodule" \
        -emit-object -o "$build/$room.o" Sources/$room/*.swift
done
swiftc "${flags[@]}" -module-name RequestFuzzer Tests/Fuzz/RequestFuzzer.swift "$build/Bytes.o" "$build/HTTP.o" \
    -o "$build/request-fuzzer"

# Without this a crash starts Swift's own backtracer, which can hang the run.
export SWIFT_BACKTRACE=enable=no
"$build/request-fuzzer" -max_total_time="$seconds" -max_len=20000 -timeout=5 -print_final_stats=1 \
    -dict=Tests/Fuzz/http.dict -artifact_prefix="$build/" "$build/corpus" Tests/Fuzz/corpus
