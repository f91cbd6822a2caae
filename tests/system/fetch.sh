#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fetch what the system tests need, on a Debian 12 with nothing but git and make:
#  - host tools: installed with apt-get when root; otherwise the one command to run is printed;
#  - stock kernel, Xen 4.17 and its tools: downloaded by package name and unpacked under
#    build/stock/root.  Nothing is installed over the user's own /boot.
#
# Usage: fetch.sh [--host-only|--stock-only|--check|--hvm|--bench|--i386]
#   --check: everything, and what `make check` needs beyond `make run`
#   --hvm: also the device model, firmware and boot media of HVM guests, under build/stock/hvm
#   --bench: that, and what the benchmarks of back ends run, under build/stock/bench
#   --i386: also a 32-bit kernel for hardware guests, under build/stock/i386
# Does nothing, quickly and offline, when everything is there already.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
stock=$top/build/stock
root=$stock/root
recipe=6    # raise it when the lists below change: a stamp with another number is stale

HOST_PKGS="make gcc libc6-dev binutils qemu-system-x86 python3 python3-pytest python3-pexpect
    python3-pytest-rerunfailures cpio kmod xz-utils zstd lz4 gzip grub-common grub-pc-bin
    grub-efi-amd64-bin xorriso mtools ovmf libxen-dev libcmocka-dev
    libjson-c-dev libxml2-dev uuid-dev libnl-3-dev libnl-route-3-dev libseccomp-dev libcap-dev liburing-dev
    zlib1g-dev liblzma-dev libzstd-dev liblz4-dev libncurses-dev ${EXTRA_HOST_PKGS:-}"

# What `make check` needs beyond that: line counts, libFuzzer, another decoder of instructions, the store's
# clients, libvirt's schema for domain XML, a machine with VT-x, a model checker.
CHECK_PKGS="bochs bochsbios vgabios cloc clang-14 libclang-rt-14-dev libzydis-dev xenstore-utils libvirt0 libxml2-utils
    spin"

# Their dependencies that are shared libraries come along; programs do not.
STOCK_PKGS="xen-hypervisor-4.17-amd64 xen-utils-4.17 xen-utils-common xenstore-utils
    busybox-static libc6 libgcc-s1 zlib1g libjson-c5 libuuid1 libnl-3-200 libnl-route-3-200
    libseccomp2 libcap2 liblzma5 libzstd1 liblz4-1 libncursesw6 libtinfo6 libxml2"

# For HVM guests, with all their libraries; the last three are what some guests boot from.
HVM_PKGS="qemu-system-xen qemu-system-data seabios ipxe-qemu ovmf memtest86+ ipxe grub-xen-host"

BENCH_PKGS="fio iperf3 ethtool"

die() {
    echo "fetch: $*" >&2
    exit 1
}

fetch_host_tools() {
    missing=
    for p in $HOST_PKGS; do
        case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
        *' installed') ;;
        *) missing="$missing $p" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "fetch: host packages are missing; run this, then try again:" >&2
        echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    echo "fetch: installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >"$stock/apt.log" 2>&1 ||
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } \
            >>"$stock/apt.log" 2>&1 ||
        die "apt-get install failed; see $stock/apt.log"
}

# The real kernel package behind the linux-image-amd64 name.
kernel_package() {
    apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

library_packages() {     # of these packages
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
        --no-replaces --no-enhances "$@" |
        grep -E '^lib' | grep -vE '^lib(perl|python|pam|gdbm|db5|newt|semanage|sepol|debian)' |
        grep -vE ':' | sort -u
}

download() {
    kernel=$(kernel_package)
    if [ -z "$kernel" ]; then
        [ "$(id -u)" = 0 ] || die "apt knows no linux-image-amd64; run: sudo apt-get update"
        apt-get update -qq || die "apt-get update failed (network?)"
        kernel=$(kernel_package)
        [ -n "$kernel" ] || die "apt knows no linux-image-amd64: not a Debian 12 amd64 host?"
    fi
    # shellcheck disable=SC2046,SC2086
    pkgs=$(printf '%s\n' $kernel $STOCK_PKGS $(library_packages $STOCK_PKGS) | sort -u)
    mkdir -p "$stock/debs"
    echo "fetch: downloading $(echo "$pkgs" | wc -l) packages into $stock/debs"
    # apt's download sandbox user may be unable to write below a private home directory.
    sandbox=
    [ "$(id -u)" = 0 ] && sandbox='-o APT::Sandbox::User=root'
    # shellcheck disable=SC2086
    (cd "$stock/debs" && { apt-get download -qq $sandbox $pkgs ||
        { [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq $sandbox $pkgs; }; }) \
        >"$stock/download.log" 2>&1 || die "download failed; see $stock/download.log"
    echo "$kernel" >"$stock/kernel-package"
}

unpack() {
    rm -rf "$root" "$stock/vmlinux.elf" "$stock"/cache
    mkdir -p "$root"
    for deb in "$stock"/debs/*.deb; do
        dpkg-deb -x "$deb" "$root" || die "cannot unpack $deb (damaged? remove it and retry)"
    done
    version=$(sed 's/^linux-image-//' "$stock/kernel-package")
    [ -f "$root/boot/vmlinuz-$version" ] || die "no vmlinuz-$version in the kernel package"
    PATH=$PATH:/sbin:/usr/sbin depmod -b "$root" "$version" 2>/dev/null ||
        die "depmod failed for $version"
    ln -sf "root/boot/vmlinuz-$version" "$stock/vmlinuz"
    echo "$version" >"$stock/kernel-version"
    gzip -dc "$root"/boot/xen-4.17-amd64.gz >"$stock/xen" || die "no Xen 4.17 image unpacked"
}

fetch_more() {      # into build/stock/$1 the packages $2 with all their libraries
    more=$stock/$1
    more_recipe="$recipe $2"
    [ "$(cat "$more/stamp" 2>/dev/null)" = "$more_recipe" ] && return 0
    rm -rf "$more"
    mkdir -p "$more/debs" "$more/root"
    # shellcheck disable=SC2046,SC2086
    pkgs=$(printf '%s\n' $2 $(library_packages $2) | sort -u)
    echo "fetch: downloading $(echo "$pkgs" | wc -l) packages into $more"
    sandbox=
    [ "$(id -u)" = 0 ] && sandbox='-o APT::Sandbox::User=root'
    # shellcheck disable=SC2086
    (cd "$more/debs" && apt-get download -qq $sandbox $pkgs) >"$stock/download.log" 2>&1 ||
        die "download failed; see $stock/download.log"
    for deb in "$more"/debs/*.deb; do
        dpkg-deb -x "$deb" "$more/root" || die "cannot unpack $deb"
    done
    rm -rf "$more/debs"
    echo "$more_recipe" >"$more/stamp"
}

# By lists of its own: the host need not know the architecture.
fetch_i386() {
    dir=$stock/i386
    [ "$(cat "$dir/stamp" 2>/dev/null)" = "$recipe" ] && return 0
    rm -rf "$dir"
    mkdir -p "$dir/debs" "$dir/root" "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
    options="-o APT::Architecture=i386 -o APT::Architectures=i386 -o Dir::State::status=/dev/null
        -o Dir::State::lists=$dir/apt/lists -o Dir::Cache=$dir/apt/cache -o APT::Sandbox::User=root"
    echo "fetch: downloading a 32-bit kernel"
    # shellcheck disable=SC2086
    (cd "$dir/debs" && { apt-get $options update -qq || echo "going on with the lists there are"; } &&
        kernel=$(apt-cache $options depends linux-image-686-pae |
                 sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1) &&
        apt-get $options download -qq $kernel busybox-static &&
        echo "${kernel#linux-image-}" >"$dir/kernel-version") >"$stock/download.log" 2>&1 ||
        die "download failed; see $stock/download.log"
    for deb in "$dir"/debs/*.deb; do
        dpkg-deb -x "$deb" "$dir/root" || die "cannot unpack $deb"
    done
    version=$(cat "$dir/kernel-version")
    PATH=$PATH:/sbin:/usr/sbin depmod -b "$dir/root" "$version" 2>/dev/null || die "depmod failed for $version"
    ln -sf "root/boot/vmlinuz-$version" "$dir/vmlinuz"
    rm -rf "$dir/debs" "$dir/apt"
    echo "$recipe" >"$dir/stamp"
}

hvm=
bench=
i386=
mkdir -p "$stock"
case ${1:-} in
--i386) i386=1; fetch_host_tools ;;
--hvm) hvm=1; fetch_host_tools ;;
--bench) hvm=1; bench=1; fetch_host_tools ;;
--stock-only) ;;
--host-only|'') fetch_host_tools ;;
--check) hvm=1; HOST_PKGS="$HOST_PKGS $CHECK_PKGS"; fetch_host_tools ;;
*) die "unknown option '$1' (--host-only, --stock-only, --check, --hvm, --bench, --i386)" ;;
esac
[ "${1:-}" = --host-only ] && exit 0

if [ "$(cat "$stock/stamp" 2>/dev/null)" != "$recipe" ]; then
    rm -f "$stock/stamp"
    rm -rf "$stock/debs"
    download
    unpack
    rm -rf "$stock/debs"
    echo "$recipe" >"$stock/stamp"
    echo "fetch: stock kernel $(cat "$stock/kernel-version") and Xen 4.17 tools are in $stock"
fi
[ -z "$hvm" ] || fetch_more hvm "$HVM_PKGS"
[ -z "$bench" ] || fetch_more bench "$BENCH_PKGS"
[ -z "$i386" ] || fetch_i386
