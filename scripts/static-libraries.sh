#!/usr/bin/env bash
# Puts into a directory the archives that the release binary is linked with in the place of others of their names:
#
#     static-libraries.sh DIRECTORY NAME...
#
# The C++ library, which a directory with nothing else of it makes the linker take as an archive. And those of Swift that are named,
# without their records of which type conforms to which protocol: the first cast of a type to a protocol looks at all records in the
# program, and reading the options takes some fifty such casts at each start. Such a library can still be called; only casts do not
# find what its types conform to.
set -euo pipefail
directory=$1
shift
mkdir -p "$directory"
ln -sf "$(gcc -print-file-name=libstdc++.a)" "$directory"
libraries=$(swiftc -static-stdlib -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/linux
for name; do objcopy --remove-section=swift5_protocol_conformances "$libraries/lib$name.a" "$directory/lib$name.a"; done
