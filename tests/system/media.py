# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot media for HVM guests, from Debian's own files, unmodified: CDs and a disk, for BIOS and for UEFI.

The images are cached like the initramfs images (stock.py).  All of them talk to the serial port.
"""

import os
import shutil
import struct
import subprocess
import tempfile

import stock
from stock import StockError

CORE = "normal linux fat part_msdos serial terminal echo halt boot"
MODULES = CORE + (" linux16 multiboot iso9660 part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt"
                  " part_plan part_sun part_sunpc all_video")
SERIAL = "serial --unit=0 --speed=115200\nterminal_input serial\nterminal_output serial\n"
HALT = "echo grub: here on $grub_platform\nhalt\n"
LINUX = "linux /vmlinuz console=ttyS0 quiet task=media addr=10.9.1.1 root=%s\ninitrd /initrd\nboot\n"
EXAMPLE = "multiboot /example.elf\nboot\n"
MEMTEST = "linux /memtest console=ttyS0,115200 nopause nobench\nboot\n"
FILE = os.path.join(stock.TOP, "COPYING")       # what Linux reads from its CD and its disk
MIB = 1 << 20
ROOT_DISK_MIB = 20
BOOT_MIB, ROOT_MIB = 18, 8         # the disk's partitions: FAT with GRUB and the kernel, ext2 with its root


def _run(*argv, env=None):
    r = subprocess.run(argv, capture_output=True, text=True, env=dict(os.environ, **(env or {})))
    if r.returncode:
        raise StockError("%s failed: %s" % (argv[0], r.stderr.strip()))


def grub_cd(config, files=()):
    """A CD that GRUB boots from by BIOS and by UEFI; files: (name, source)."""
    def build():
        with tempfile.TemporaryDirectory() as tmp:
            tree = tmp + "/tree"
            os.makedirs(tree + "/boot/grub")
            for name, source in files:
                shutil.copy(source, os.path.join(tree, name))
            with open(tree + "/boot/grub/grub.cfg", "w") as f:
                f.write(SERIAL + config)
            _run("grub-mkrescue", "-o", tmp + "/iso", "--install-modules=" + MODULES, "--fonts=", "--themes=",
                 "--locales=", tree)
            with open(tmp + "/iso", "rb") as f:
                return f.read()

    return stock.cached("cd", ".iso", build, [config, MODULES] + [s for _, s in files])


def _write(path, data, at):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def _partition(kind, start_mib, size_mib):
    return struct.pack("<B3sB3sII", 0, b"\0" * 3, kind, b"\0" * 3, start_mib * MIB // 512, size_mib * MIB // 512)


def disk(config, files, root):
    """A disk for both: GRUB in its first MiB and as EFI program in a FAT partition, with files; root: a directory's
    (name, source) files for the ext2 partition behind it."""
    def build():
        with tempfile.TemporaryDirectory() as tmp:
            image, core, efi, cfg = (tmp + "/" + n for n in ("image", "core", "efi", "cfg"))
            with open(cfg, "w") as f:
                f.write(SERIAL + config)
            with open(image, "wb") as f:
                f.truncate((1 + BOOT_MIB + ROOT_MIB) * MIB)
            _run("grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", core, "biosdisk",
                 *CORE.split())
            _run("grub-mkimage", "-O", "x86_64-efi", "-p", "/boot/grub", "-o", efi, *CORE.split())
            # boot.img's own defaults find what lies behind it.
            with open("/usr/lib/grub/i386-pc/boot.img", "rb") as f:
                sector = f.read(440).ljust(446, b"\0")
            table = _partition(0xEF, 1, BOOT_MIB) + _partition(0x83, 1 + BOOT_MIB, ROOT_MIB)
            _write(image, sector + table.ljust(64, b"\0") + b"\x55\xaa", 0)
            with open(core, "rb") as f:
                _write(image, f.read(), 512)
            fat = image + "@@1M"
            _run("mformat", "-i", fat, "-T", str(BOOT_MIB * MIB // 512), "::")
            _run("mmd", "-i", fat, "::/EFI", "::/EFI/BOOT", "::/boot", "::/boot/grub")
            for name, source in [("EFI/BOOT/BOOTX64.EFI", efi), ("boot/grub/grub.cfg", cfg)] + list(files):
                _run("mcopy", "-i", fat, source, "::/" + name)
            tree = tmp + "/tree"
            for name, source in root:
                os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
                shutil.copy(source, os.path.join(tree, name))
            _run("mke2fs", "-q", "-t", "ext2", "-d", tree, "-E", "offset=%d" % ((1 + BOOT_MIB) * MIB), image,
                 "%dM" % ROOT_MIB)
            with open(image, "rb") as f:
                return f.read()

    return stock.cached("disk", ".img", build, [config, CORE] + [s for _, s in list(files) + list(root)])


def root_disk(files):
    """A disk that is one ext2 file system without partitions; files: (name, source file or text)."""
    def build():
        with tempfile.TemporaryDirectory() as tmp:
            for name, source in files:
                path = os.path.join(tmp, "tree", name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                if os.path.exists(source):
                    shutil.copy(source, path)
                else:
                    with open(path, "w") as f:
                        f.write(source)
            _run("mke2fs", "-q", "-t", "ext2", "-d", tmp + "/tree", tmp + "/image", "%dM" % ROOT_DISK_MIB)
            with open(tmp + "/image", "rb") as f:
                return f.read()

    return stock.cached("disk", ".img", build, [s for pair in files for s in pair])


def images():
    """The (archive name, source) pairs of all media, for dom0's initramfs."""
    kernel = [("vmlinuz", stock.vmlinuz()), ("initrd", stock.guest_initramfs(stock.MEDIA_MODULES, packed=True))]
    memtest = stock.path("hvm", "root", "boot", "memtest86+x64.bin")
    return [
        ("media/grub.iso", grub_cd(HALT)),
        ("media/linux.iso", grub_cd(LINUX % "/dev/sr0", kernel + [("file", FILE)])),
        ("media/linux.img", disk(LINUX % "/dev/xvda2", kernel, [("file", FILE)])),
        ("media/memtest.iso", grub_cd(MEMTEST, [("memtest", memtest)])),
        ("media/example.iso", grub_cd(EXAMPLE, [("example.elf", stock.guest_elf("example"))])),
        ("media/ipxe.iso", stock.path("hvm", "root", "usr", "lib", "ipxe", "ipxe.iso")),
        ("media/file", FILE),
    ]
