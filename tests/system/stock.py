# SPDX-License-Identifier: GPL-2.0-or-later
"""The stock software of build/stock, and the initramfs images built from it.

What fetch.sh unpacked is found here by name; dom0's and the guest's initramfs are
uncompressed newc archives (the quickest for an emulated kernel to unpack), written
directly, so that neither root nor cpio is needed.  Images are cached by content of
their recipe under build/stock/cache.  Nothing here starts an emulator.
"""

import gzip
import hashlib
import lzma
import os
import re
import stat
import struct
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build")
STOCK = os.path.join(BUILD, "stock")
ROOT = os.path.join(STOCK, "root")
HVM_ROOT = os.path.join(STOCK, "hvm", "root")    # fetch.sh --hvm
BENCH_ROOT = os.path.join(STOCK, "bench", "root")   # fetch.sh --bench
CACHE = os.path.join(STOCK, "cache")
LIBDIRS = ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "lib64", "usr/lib/x86_64-linux-gnu/ceph")

DOM0_MODULES = (
    "xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-blkback xen-netback "
    "bridge tun loop xen-acpi-processor ahci sd_mod nvme virtio_pci virtio_blk virtio_net e1000e"
).split()
GUEST_MODULES = "xen-blkfront xen-netfront".split()
# Drivers of emulated devices, and file systems.
MEDIA_MODULES = "ata_piix sd_mod sr_mod e1000 8139cp crc32c_generic ext4 isofs".split()

# Whose xl, xenstored and xenconsoled dom0 runs: stock (Debian's) or xenolith (toolstack/).
TOOLS = os.environ.get("TOOLS", "stock")
XEN_BIN = "usr/lib/xen-4.17/bin/"
XEN_TOOLS = "xl xenstored xenconsoled xenconsole xen-init-dom0 libxl-save-helper lsevtchn".split()
OWN_TOOLS = "xl xenstored xenconsoled".split()
OWN_PROGRAMS = OWN_TOOLS + ["xenolith-blk", "xenolith-net"]
STORE_TOOLS = "read write ls list rm exists watch".split()


class StockError(Exception):
    """Something that fetch.sh or the build should have provided is not there."""


def path(*parts):
    """A file of build/stock; StockError if it is missing."""
    p = os.path.join(STOCK, *parts)
    if not os.path.exists(p):
        raise StockError("%s is missing: run tests/system/fetch.sh" % p)
    return p


def kernel_version(arch=""):
    """Of the kernel in build/stock, or of another architecture's in a folder of that name there."""
    with open(path(arch, "kernel-version")) as f:
        return f.read().strip()


def vmlinuz():
    return path("vmlinuz")


def hypervisor(hv):
    """Path of the hypervisor image for a name: xenolith, xen, or a path; None for 'none'."""
    if hv == "none":
        return None
    if hv == "xen":
        return path("xen")
    p = os.path.join(BUILD, "hyp", "xenolith") if hv == "xenolith" else hv
    if not os.path.exists(p):
        raise StockError("hypervisor image %s is missing: run make" % p)
    return p


def _loaded_part(elf):
    """A 64-bit ELF with nothing but its program headers and what they load, without zeros at an end."""
    table, = struct.unpack_from("<Q", elf, 32)
    count, = struct.unpack_from("<H", elf, 56)
    out = bytearray(elf[:table + 56 * count])
    struct.pack_into("<Q", out, 40, 0)                  # no section headers
    struct.pack_into("<HHH", out, 58, 0, 0, 0)
    moved = []
    for at in range(table, table + 56 * count, 56):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", elf, at)
        if kind == 1:
            data = elf[offset:offset + length].rstrip(b"\0")
            out += bytes(-len(out) % 4096)
            struct.pack_into("<Q", out, at + 8, len(out))
            struct.pack_into("<Q", out, at + 32, len(data))
            struct.pack_into("<Q", out, at + 48, 4096)
            moved.append((offset, length, len(out)))
            out += data
        for old, size, new in moved:                    # notes are inside
            if kind != 1 and old <= offset < old + size:
                struct.pack_into("<Q", out, at + 8, new + offset - old)
    return bytes(out)


def vmlinux():
    """The stock kernel as a plain ELF: what a guest starts from without unpacking time."""
    out = os.path.join(STOCK, "vmlinux.elf")
    if os.path.exists(out):
        return out
    with open(vmlinuz(), "rb") as f:
        data = f.read()
    setup_sects = data[0x1F1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)  # boot protocol: payload_*
    start = (setup_sects + 1) * 512 + offset
    payload = data[start:start + length]
    if payload[:6] != b"\xfd7zXZ\0":
        raise StockError("kernel payload is not xz; unpack it by hand into %s" % out)
    elf = _loaded_part(lzma.LZMADecompressor().decompress(payload))
    tmp = out + ".%d" % os.getpid()
    with open(tmp, "wb") as f:
        f.write(elf)
    os.rename(tmp, out)
    return out


def compile_c(name, source, flags):
    """A test program of ours, compiled into build/tests/system; returns its path."""
    out = os.path.join(BUILD, "tests", "system", name)
    source = os.path.join(HERE, source)
    if os.path.exists(out) and os.stat(out).st_mtime > os.stat(source).st_mtime:
        return out
    os.makedirs(os.path.dirname(out), exist_ok=True)
    tmp = out + ".%d" % os.getpid()
    r = subprocess.run(["gcc", "-O2", "-Wall", "-o", tmp, source] + flags,
                       capture_output=True, text=True)
    if r.returncode:
        raise StockError("cannot compile %s:\n%s" % (source, r.stderr))
    os.rename(tmp, out)
    return out


def tiny_guest():
    """The smallest PV guest kernel: tiny/tiny.S."""
    return compile_c("tiny", "tiny/tiny.S", [
        "-nostdlib", "-static", "-Wl,--build-id=none,-n,-Ttext=0xffffffff80100000",
        "-Wl,--section-start=.note.Xen=0xffffffff80110000"])


def tiny_pvh_guest():
    """The smallest hardware guest: tiny/pvh.S."""
    return compile_c("tiny_pvh", "tiny/pvh.S", [
        "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none,-n,--no-warn-rwx-segments,-Ttext=0x100000"])


def guest_elf(name):
    """A small guest of tests/guest."""
    p = os.path.join(BUILD, "guest", name + ".elf")
    if not os.path.exists(p):
        raise StockError("the small guests are missing: run make guests")
    return p


def guest_elves():
    """(archive name, file) of those with front ends."""
    return [("guest/%s.elf" % n, guest_elf(n)) for n in ("example", "frontends")]


class Cpio:
    """A newc archive in memory; parents are added as needed."""

    def __init__(self):
        self.entries = {}

    def _add(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        parent = os.path.dirname(name)
        if parent and parent not in self.entries:
            self.dir(parent)
        self.entries[name] = (mode, data, rdev)

    def dir(self, name):
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        if isinstance(data, str):
            data = data.encode()
        self._add(name, stat.S_IFREG | mode, data)

    def copy(self, name, source, mode=None):
        with open(source, "rb") as f:
            self.file(name, f.read(), mode or stat.S_IMODE(os.stat(source).st_mode))

    def link(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def char(self, name, major, minor):
        self._add(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def bytes(self):
        out = []
        items = list(self.entries.items()) + [("TRAILER!!!", (0, b"", (0, 0)))]
        for ino, (name, (mode, data, rdev)) in enumerate(items, 1):
            raw = name.encode() + b"\0"
            fields = (ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(raw), 0)
            head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
            out += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]
        return b"".join(out)


def _needed(elf):
    text = subprocess.run(["readelf", "-d", elf], capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def _library(name):
    for root in (ROOT, HVM_ROOT, BENCH_ROOT):
        for d in LIBDIRS:
            p = os.path.join(root, d, name)
            if os.path.exists(p):
                return p
    raise StockError("library %s is not among the fetched packages" % name)


def add_programs(cpio, programs):
    """Add (archive name, source) programs, and every library they need, from build/stock."""
    todo = []
    for name, source in programs:
        cpio.copy(name, source, 0o755)
        todo += _needed(source)
    todo.append("libgcc_s.so.1")  # pthread_cancel dlopens it
    cpio.copy("lib64/ld-linux-x86-64.so.2", _library("ld-linux-x86-64.so.2"), 0o755)
    seen = set(("ld-linux-x86-64.so.2",))
    while todo:
        lib = todo.pop()
        if lib in seen:
            continue
        seen.add(lib)
        source = _library(lib)
        cpio.copy("lib/x86_64-linux-gnu/" + lib, os.path.realpath(source), 0o755)
        todo += _needed(source)


def add_modules(cpio, wanted, arch=""):
    """Add kernel modules with their dependencies, and a modules.dep for just these."""
    base = "lib/modules/" + kernel_version(arch)
    deps = {}
    with open(path(arch, "root", base, "modules.dep")) as f:
        for line in f:
            mod, _, rest = line.partition(":")
            deps[os.path.basename(mod)[:-3].replace("-", "_")] = (mod, rest.split())
    lines = {}
    for name in wanted:
        if name.replace("-", "_") not in deps:
            raise StockError("the stock kernel has no module %s" % name)
        mod, rest = deps[name.replace("-", "_")]
        for m in [mod] + rest:
            key = os.path.basename(m)[:-3].replace("-", "_")
            lines[m] = "%s: %s\n" % (m, " ".join(deps[key][1]))
            cpio.copy("%s/%s" % (base, m), path(arch, "root", base, m))
    cpio.file(base + "/modules.dep", "".join(lines.values()))


def add_base(cpio, arch=""):
    """Busybox with its names, and the directories and nodes every init needs."""
    busybox = path("root/bin/busybox")
    cpio.copy("bin/busybox", path(arch, "root/bin/busybox"), 0o755)
    names = subprocess.run([busybox, "--list"], capture_output=True, text=True).stdout.split()
    for n in names:
        if n != "busybox":
            cpio.link("bin/" + n, "busybox")
    for d in "proc sys dev run tmp root etc sbin var usr/bin usr/sbin mnt".split():
        cpio.dir(d)
    cpio.link("var/run", "../run")
    cpio.link("var/lock", "../run")
    cpio.char("dev/console", 5, 1)
    cpio.char("dev/null", 1, 3)
    cpio.file("etc/passwd", "root::0:0:root:/root:/bin/sh\n")
    cpio.file("etc/group", "root:x:0:\n")


def cached(tag, suffix, build, inputs):
    """The file for these inputs (files and strings), built unless it is cached."""
    h = hashlib.sha256(open(__file__, "rb").read())
    for i in inputs + [path("stamp"), path("kernel-version")]:
        if os.path.exists(i):
            st = os.stat(i)
            i = "%s %d %d" % (i, st.st_size, st.st_mtime_ns)
        h.update(i.encode() + b"\0")
    out = os.path.join(CACHE, "%s-%s%s" % (tag, h.hexdigest()[:16], suffix))
    if not os.path.exists(out):
        os.makedirs(CACHE, exist_ok=True)
        tmp = out + ".%d" % os.getpid()
        with open(tmp, "wb") as f:
            f.write(build())
        os.rename(tmp, out)
        _trim_cache(out)
    return out


def _trim_cache(keep):
    files = sorted((os.path.join(CACHE, f) for f in os.listdir(CACHE)),
                   key=lambda p: os.stat(p).st_mtime)
    for p in files[:-24]:
        if p != keep:
            os.unlink(p)


def _tree(directory):
    for base, _, names in os.walk(os.path.join(HERE, directory)):
        for n in sorted(names):
            full = os.path.join(base, n)
            yield os.path.relpath(full, os.path.join(HERE, directory)), full


def guest_initramfs(modules=(), packed=False, arch=""):
    """A guest's: busybox, xen-blkfront, xen-netfront, other modules, and guest/init; arch: as kernel_version's."""
    files = list(_tree("guest"))

    def build():
        cpio = Cpio()
        add_base(cpio, arch)
        add_modules(cpio, GUEST_MODULES + list(modules), arch)
        for name, source in files:
            cpio.copy(name, source, 0o755)
        return gzip.compress(cpio.bytes(), mtime=0) if packed else cpio.bytes()

    return cached("guest", ".cpio", build, [f for _, f in files] + list(modules) + [str(packed), arch])


HVM_QEMU = "usr/libexec/xen-qemu-system-i386"
HVM_FILES = (
    "usr/share/seabios/bios-256k.bin usr/share/seabios/vgabios-cirrus.bin "
    "usr/share/seabios/vgabios-stdvga.bin usr/share/qemu/linuxboot.bin "
    "usr/share/qemu/linuxboot_dma.bin usr/share/qemu/kvmvapic.bin usr/share/qemu/keymaps/en-us "
    "usr/lib/ipxe/qemu/efi-rtl8139.rom usr/lib/ipxe/qemu/efi-e1000.rom usr/share/ovmf/OVMF.fd"
).split()


def hvm_files():
    """(files, programs) that dom0 needs for HVM guests."""
    files = [(f, path("hvm", "root", f)) for f in HVM_FILES]
    loader = "usr/lib/xen-4.17/boot/hvmloader"
    return (files + [(loader, path("root", loader))],
            [(HVM_QEMU, path("hvm", "root", HVM_QEMU))])


def own_tool(name):
    """A program of toolstack/."""
    p = os.path.join(BUILD, "toolstack", name)
    if not os.path.exists(p):
        raise StockError("%s is missing: run make" % p)
    return p


def _tools(cpio, tools):
    """The (archive name, source) pairs of dom0's Xen tools."""
    if tools == "xenolith":
        return [("usr/sbin/" + t, own_tool(t)) for t in OWN_PROGRAMS]
    cpio.copy("usr/lib/xen-common/bin/xen-utils-wrapper",
              path("root/usr/lib/xen-common/bin/xen-utils-wrapper"), 0o755)
    for n in OWN_TOOLS:
        cpio.link("usr/sbin/" + n, "../lib/xen-common/bin/xen-utils-wrapper")
    return [(XEN_BIN + t, path("root", XEN_BIN + t)) for t in XEN_TOOLS]


def dom0_initramfs(extra=(), programs=(), tools=TOOLS, modules=DOM0_MODULES, store_clients=True):
    """dom0's: Xen tools, modules, dom0/ of this folder.

    extra: (archive name, source file or text) pairs added last; programs: (name, source)
    of static or dynamically linked programs; tools: see TOOLS, False for none;
    store_clients=False leaves Debian's xenstore-* out; modules: the kernel's that go in.
    Returns the archive's path.
    """
    files = list(_tree("dom0"))
    inputs = [f for _, f in files]
    for name, source in list(extra) + list(programs):
        inputs += [name, source]

    def build():
        cpio = Cpio()
        add_base(cpio)
        add_modules(cpio, modules)
        progs = list(programs)
        if tools:
            progs += _tools(cpio, tools)
        if tools and store_clients:
            progs += [("usr/bin/xenstore-" + t, path("root/usr/bin/xenstore-" + t))
                      for t in STORE_TOOLS]
        if progs:
            add_programs(cpio, progs)
        for name, source in files:
            cpio.copy(name, source, 0o755)
        for name, source in extra:
            if os.path.exists(source):
                cpio.copy(name, source)
            else:
                cpio.file(name, source, 0o755)
        return cpio.bytes()

    if tools == "xenolith":
        inputs += [own_tool(t) for t in OWN_PROGRAMS]
    return cached("dom0", ".cpio", build, inputs + ["%s %s %s" % (tools, " ".join(modules), store_clients)])
