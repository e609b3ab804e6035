#!/bin/sh
# collect.sh DIRECTORY PROGRAM LIBRARY...: copies the program, what it is linked with, and libraries that it opens by name.
set -eu
directory=$1
program=$2
shift 2

# needed FILE: the paths of all libraries that the loader would take for it, and of the loader.
needed() {
    if ldd "$1" | grep 'not found' >&2; then exit 1; fi
    ldd "$1" | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p'
}

# copy FILE: under the same path, what links lead to.
copy() {
    mkdir -p "$directory$(dirname "$1")"
    cp --dereference "$1" "$directory$1"
}

copy "$program"
for library in $(needed "$program"); do copy "$library"; done
for name in "$@"; do
    path=$(ldconfig -p | sed -n "s|^\s*$name .* => ||p" | head -n 1)
    [ -n "$path" ] || { echo "collect.sh: $name is not installed" >&2; exit 1; }
    copy "$path"
    for library in $(needed "$path"); do copy "$library"; done
done

mkdir -p "$directory/etc"
echo 'pyjoules:x:65532:65532::/:/nonexistent' > "$directory/etc/passwd"
echo 'pyjoules:x:65532:' > "$directory/etc/group"
