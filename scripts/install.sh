#!/usr/bin/env bash
# Installs what was built, or removes it: `make install` and `make uninstall`.
#
#   install.sh install BINARY    into $DESTDIR, for a program that will run from $PREFIX (/usr/local)
#   install.sh uninstall         removes the same files; what was put into /etc stays
#
# Distributions that keep some files elsewhere say so with SYSTEMD_UNITS, UDEV_RULES and ZSH_COMPLETIONS; with KEEP_SYMBOLS=yes the
# program's symbols are left to them.
set -euo pipefail
cd "$(dirname "$0")/.."

name=pyjoules-exporter
destination=${DESTDIR:-}
prefix=${PREFIX:-/usr/local}
units=${SYSTEMD_UNITS:-$prefix/lib/systemd/system}
rules=${UDEV_RULES:-$prefix/lib/udev/rules.d}
zsh=${ZSH_COMPLETIONS:-$prefix/share/zsh/site-functions}
documentation=$prefix/share/doc/$name
# The day of the release that is built, so that building twice gives the same.
date=$(date --utc --date="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}" +%Y-%m-%d)

installed=(
    "$prefix/bin/$name"
    "$units/$name.service"
    "$units/$name.socket"
    "$units/$name-pace.service"
    "$units/$name-nvidia.service"
    "$units/$name-sensors.service"
    "$rules/60-$name.rules"
    "$prefix/share/$name/keep-totals.conf"
    "$prefix/lib/sysusers.d/$name.conf"
    "$prefix/lib/tmpfiles.d/$name.conf"
    "$prefix/lib/systemd/catalog/$name.catalog"
    "$prefix/share/man/man1/$name.1"
    "$prefix/share/man/man5/$name-web.yml.5"
    "$prefix/share/bash-completion/completions/$name"
    "$zsh/_$name"
    "$prefix/share/fish/vendor_completions.d/$name.fish"
    "$documentation/examples/capability.conf"
    "$documentation/examples/perf.conf"
    "$documentation/examples/prometheus.yml"
    "$documentation/examples/alerts.rules.yml"
    "$documentation/examples/attribution.rules.yml"
    "$documentation/examples/former-names.rules.yml"
    "$documentation/examples/power.rules.yml"
)
for document in docs/*.md docs/pictures/*.svg; do installed+=("$documentation/${document#docs/}"); done

# place FILE TARGET: what is read and not run.
place() {
    install -D --mode=0644 "$1" "$destination$2"
}

install_all() {
    local binary=$1
    local strip=(--strip)
    [ -z "${KEEP_SYMBOLS:-}" ] || strip=()
    install -D "${strip[@]}" "$binary" "$destination$prefix/bin/$name"

    local made
    made=$(mktemp --directory)
    trap 'rm -rf "$made"' RETURN
    local unit
    for unit in "$name" "$name-nvidia" "$name-sensors"; do
        sed "s|/usr/bin/$name|$prefix/bin/$name|" "systemd/$unit.service" > "$made/$unit.service"
        place "$made/$unit.service" "$units/$unit.service"
    done
    place "systemd/$name.socket" "$units/$name.socket"
    place "systemd/$name-pace.service" "$units/$name-pace.service"
    place "systemd/keep-totals.conf" "$prefix/share/$name/keep-totals.conf"
    place "systemd/60-$name.rules" "$rules/60-$name.rules"
    place "systemd/$name.sysusers" "$prefix/lib/sysusers.d/$name.conf"
    place "systemd/$name.tmpfiles" "$prefix/lib/tmpfiles.d/$name.conf"
    place "systemd/$name.catalog" "$prefix/lib/systemd/catalog/$name.catalog"
    [ -e "$destination/etc/default/$name" ] || place "systemd/$name.default" "/etc/default/$name"

    local page
    for page in "$name.1" "$name-web.yml.5"; do
        scripts/manual_page.py "$binary" "packaging/$page.in" "$date" "$documentation" > "$made/$page"
        place "$made/$page" "$prefix/share/man/man${page##*.}/$page"
    done
    local shell
    for shell in bash zsh fish; do scripts/completions.py "$binary" "$shell" > "$made/$shell"; done
    place "$made/bash" "$prefix/share/bash-completion/completions/$name"
    place "$made/zsh" "$zsh/_$name"
    place "$made/fish" "$prefix/share/fish/vendor_completions.d/$name.fish"

    local example
    for example in systemd/examples/*.conf deploy/prometheus/{prometheus,{alerts,attribution,former-names,power}.rules}.yml; do
        place "$example" "$documentation/examples/${example##*/}"
    done
    local document
    for document in docs/*.md docs/pictures/*.svg; do place "$document" "$documentation/${document#docs/}"; done
    [ -n "$destination" ] || cat <<TEXT
Now, as root:
    systemd-sysusers $prefix/lib/sysusers.d/$name.conf    # the group that may read the counters
    systemd-tmpfiles --create $prefix/lib/tmpfiles.d/$name.conf    # where readers publish
    udevadm control --reload && udevadm trigger --action=add --subsystem-match=powercap
    journalctl --update-catalog
    mkdir -p $units/$name.service.d    # from systemd 254 on, as this and the next line
    ln -sf $prefix/share/$name/keep-totals.conf $units/$name.service.d/
    systemctl daemon-reload && systemctl enable --now $name.socket
TEXT
}

case "${1:-}" in
install) install_all "$2" ;;
uninstall) rm -f "${installed[@]/#/$destination}" ;;
*) echo "install.sh: '${1:-}' is not one of install, uninstall" >&2; exit 64 ;;
esac
