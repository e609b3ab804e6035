#!/usr/bin/env bash
# Copies the program, so that its sandbox ends the process at a system call that it does not know: for `make e2e`.
#
#   fatal-sandbox.sh PROGRAM COPY
#
# One byte is another one, that of the section which Sources/CBuildFacts/CBuildFacts.c has made for it.
set -euo pipefail
program=$1 copy=$2

offset=$(readelf --sections --wide "$program" |
    sed -nE 's/^.* sandbox_is_fatal +PROGBITS +[0-9a-f]+ ([0-9a-f]+) 000001 .*$/\1/p')
[ -n "$offset" ] || { echo "fatal-sandbox.sh: $program has no section sandbox_is_fatal of one byte" >&2; exit 1; }
mkdir -p "$(dirname "$copy")"
cp "$program" "$copy"
printf '\1' | dd of="$copy" bs=1 seek="$((16#$offset))" conv=notrunc status=none
