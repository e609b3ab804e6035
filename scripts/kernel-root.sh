#!/usr/bin/env bash
# Makes the machine that test-kernel.sh boots, as far as it is not there yet, and prints its directory.
#
#   kernel-root.sh CACHE
#
# It is Debian's kernel (vmlinuz), an initial file system with the modules that the disk and the network need (initrd), and a
# disk (disk.img) with a minimal Debian, the libraries that our package depends on, and the tests' own module. The kernel comes
# by `apt-get download` and is not installed here; so do the headers that the module is built with.
set -euo pipefail
scripts=$(realpath "$(dirname "$0")")
tests=$(realpath "$scripts/../Tests/Kernel")
cache=$(realpath "$1")
packages=systemd,systemd-sysv,dbus,udev,kmod,procps,libdeflate0,libseccomp2,libssl3,libstdc++6,libsystemd0,libyaml-0-2
needed_to_boot=(virtio_pci virtio_blk virtio_net crc32c_generic ext4)
disk_size=1G

# The name of a file that this script makes: what it is made of is in it.
named() {
    local name=$1
    shift
    echo "$cache/$name-$({ cat "$0"; find "$@" -type f -print0 | sort -z | xargs -0 cat; } | sha256sum | cut -c1-12)"
}

# Removes what earlier versions of a file were called.
forget() {
    find "$cache" -maxdepth 1 -name "$1-*" ! -path "$2" -exec rm -rf {} +
}

# Downloads and unpacks kernel and headers, which would otherwise look for each other in /usr/src.
get_kernel() {
    local release=$1 target=$2 scratch=$cache/kernel.new
    rm -rf "$scratch"
    mkdir -p "$scratch/packages" "$scratch/image" "$scratch/headers"
    (
        cd "$scratch/packages"
        # apt gives up root for downloads, for which this directory would have to belong to somebody else.
        apt-get -o APT::Sandbox::User=root download --quiet=2 "linux-image-$release" "linux-headers-$release" \
            "linux-headers-${release%-amd64}-common" "linux-kbuild-$(echo "$release" | cut -d. -f1-2)"
    )
    dpkg-deb --extract "$scratch"/packages/linux-image-*.deb "$scratch/image"
    for package in "$scratch"/packages/linux-{headers,kbuild}-*.deb; do dpkg-deb --extract "$package" "$scratch/headers"; done
    sed -i "s,/usr/src,..," "$scratch/headers/usr/src/linux-headers-$release/Makefile"
    depmod --basedir "$scratch/image" "$release"
    rm -rf "$scratch/packages"
    mv "$scratch" "$target"
}

# Builds the module for the disk's tree.
build_module() {
    local release=$1 kernel=$2 tree=$3
    local build=$cache/module own=$tree/lib/modules/$release
    rm -rf "$build"
    cp -r "$tests/module" "$build"
    make --silent -C "$kernel/headers/usr/src/linux-headers-$release" M="$build" modules >"$build/log" 2>&1 ||
        { cat "$build/log" >&2; exit 1; }
    mkdir -p "$own/updates"
    cp "$kernel/image/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$own"
    strip --strip-debug -o "$own/updates/energy_bench.ko" "$build/energy_bench.ko"
    depmod --basedir "$tree" "$release"
    rm -rf "$build"
}

make_initrd() {
    local release=$1 kernel=$2 initrd=$3 tree=$cache/initrd.new
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,root,modules}
    cp /bin/busybox "$tree/bin/"
    cp "$tests/initial/init" "$tree/init"
    for module in "${needed_to_boot[@]}"; do
        modprobe --dirname "$kernel/image" --set-version "$release" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
        cp "$file" "$tree/modules/"
        basename "$file" >>"$tree/modules/order"
    done
    (cd "$tree" && find . | cpio --quiet --create --format=newc) >"$initrd"
    rm -rf "$tree"
}

make_disk() {
    local release=$1 kernel=$2 debian=$3 disk=$4 tree=$cache/tree.new
    rm -rf "$tree"
    mkdir "$tree"
    tar -xf "$debian" -C "$tree"
    build_module "$release" "$kernel" "$tree"
    truncate --size "$disk_size" "$disk"
    # Every boot begins with it, and nothing is kept: there is nothing to recover.
    mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -d "$tree" "$disk"
    rm -rf "$tree"
}

release=$(apt-cache depends --important linux-image-amd64 | sed -n 's/.*Depends: linux-image-//p')
[ -n "$release" ] || { echo "test-kernel: apt knows no linux-image-amd64: run apt-get update" >&2; exit 1; }
kernel=$cache/kernel-$release
debian=$(named debian "$scripts/debian-root.sh" "$tests/root")
machine=$(named "machine-$release" "$scripts/debian-root.sh" "$tests/root" "$tests/module" "$tests/initial")
if [ -d "$machine" ]; then
    echo "$machine"
    exit
fi

mkdir -p "$cache"
if [ ! -d "$kernel" ]; then
    echo "test-kernel: downloading Debian's kernel $release, once" >&2
    forget kernel "$kernel"
    get_kernel "$release" "$kernel"
fi
if [ ! -f "$debian" ]; then
    echo "test-kernel: bootstrapping Debian, once" >&2
    forget debian "$debian"
    "$scripts/debian-root.sh" "$cache" "$packages" "$tests/root" >"$cache/new.tar"
    mv "$cache/new.tar" "$debian"
fi
forget machine "$machine"
rm -rf "$cache/machine.new"
mkdir "$cache/machine.new"
cp "$kernel/image/boot/vmlinuz-$release" "$cache/machine.new/vmlinuz"
make_initrd "$release" "$kernel" "$cache/machine.new/initrd"
make_disk "$release" "$kernel" "$debian" "$cache/machine.new/disk.img"
mv "$cache/machine.new" "$machine"
echo "$machine"
