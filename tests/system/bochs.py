# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with VT-x and EPT: Bochs, whose serial port is a file.

    text = bochs.run(kernel, until="RESULT: success", timeout=200)

Known of Bochs 2.7: XSAVEC loses vector registers; a guest that was entered with IF clear gets no exit for the host's
interrupts until it changes IF.

Slow (a small kernel as dom0 takes seconds, a stock dom0 a minute or two), and without input.
tiny/bochs.S loads the hypervisor and its modules: GRUB would need half a minute for a stock dom0.
Bochs is always ended by its own pid.
"""

import os
import shutil
import struct
import subprocess
import tempfile
import time

import stock
from machine import MachineError

RC = """cpu: model=corei7_skylake_x, count=%(cpus)d, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=%(mem)d, host=%(mem)d
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=disk, mode=flat, path=%(dir)s/disk, cylinders=%(cylinders)d, heads=16, spt=63
boot: disk
com1: enabled=1, mode=file, dev=%(dir)s/serial
display_library: rfb, options="timeout=0"
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
clock: sync=none
pci: enabled=1, chipset=i440fx
log: %(dir)s/log
panic: action=fatal
error: action=ignore
info: action=ignore
"""
INFO = 0x100000         # boot information
SECTOR = 512
CYLINDER = 16 * 63 * SECTOR


def available():
    return bool(shutil.which("bochs"))


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def _image(path):
    """(entry, address, bytes) of an ELF image, as it is loaded."""
    with open(path, "rb") as f:
        elf = f.read()
    is_64 = elf[4] == 2
    entry, table = struct.unpack_from("<QQ" if is_64 else "<II", elf, 24)
    size, count = struct.unpack_from("<HH", elf, 54 if is_64 else 42)
    loads = []
    for i in range(count):
        at = table + i * size
        if is_64:
            kind, _, offset, _, address, length, space = struct.unpack_from("<IIQQQQQ", elf, at)
        else:
            kind, offset, _, address, length, space = struct.unpack_from("<IIIIII", elf, at)
        if kind == 1:
            loads.append((address, elf[offset:offset + length].ljust(space, b"\0")))
    base = min(address for address, _ in loads)
    out = bytearray()
    for address, data in sorted(loads):
        out[address - base:] = bytes(address - base - len(out)) + data
    return entry, base, out


def _boot_info(command_line, modules):
    """Multiboot's: command line, [(address, size, command line)] and a map that the boot sector adds."""
    table, strings = 128, 128 + 16 * len(modules)
    texts = bytearray()

    def text(s):
        at = INFO + strings + len(texts)
        texts.extend(s.encode() + b"\0")
        return at

    info = struct.pack("<IIIIIII", 1 << 2 | 1 << 3 | 1 << 6, 0, 0, 0, text("hypervisor " + command_line),
                       len(modules), INFO + table)
    entries = b"".join(struct.pack("<IIII", a, a + n, text("kernel " + s), 0) for a, n, s in modules)
    return info.ljust(table, b"\0") + entries + bytes(texts)


def _write_disk(path, hv, kernel, initrd, hv_args, kernel_args):
    """A disk with the boot sector and all that it loads; returns its size in cylinders."""
    entry, base, image = _image(stock.hypervisor(hv))
    files, modules, end = [], [], base + len(image)
    for source, args in ((kernel, kernel_args), (initrd, "")):
        if source:
            end = (end + 0xfff) & ~0xfff
            with open(source, "rb") as f:
                files.append((end, f.read()))
            modules.append((end, len(files[-1][1]), args))
            end += len(files[-1][1])
    sectors = 1 + -(-(end - INFO) // SECTOR)
    subprocess.run(["gcc", "-nostdlib", "-static", "-m32", "-Wl,--build-id=none,-Ttext=0x7c00,--oformat=binary",
                    "-DINFO=%#x" % INFO, "-DENTRY=%#x" % entry, "-DEND=%d" % sectors, "-o", path,
                    os.path.join(stock.HERE, "tiny", "bochs.S")], check=True)
    cylinders = sectors * SECTOR // CYLINDER + 2        # the last command reads 256 sectors, too
    with open(path, "r+b") as f:
        for address, data in [(INFO, _boot_info(hv_args, modules)), (base, image)] + files:
            f.seek(SECTOR + address - INFO)
            f.write(data)
        f.truncate(cylinders * CYLINDER)
    return cylinders


def run(kernel, until, initrd=None, hv="xenolith", timeout=200, cpus=1, mem=256, dom0_mem=64, hv_args="",
        kernel_args=""):
    """Boot, and wait for the text `until`; returns all that came.  MachineError if it does not."""
    tmp = tempfile.mkdtemp(prefix="bochs-")
    child = None
    try:
        cylinders = _write_disk(
            tmp + "/disk", hv, kernel, initrd, "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all "
            "dom0_mem=%dM,max:%dM %s" % (dom0_mem, dom0_mem, hv_args), kernel_args)
        with open(tmp + "/rc", "w") as f:
            f.write(RC % {"dir": tmp, "cpus": cpus, "mem": mem, "cylinders": cylinders})
        with open(tmp + "/commands", "w") as f:
            f.write("c\n")              # it starts in its debugger
        with open(tmp + "/output", "w") as out:
            child = subprocess.Popen(["bochs", "-q", "-f", tmp + "/rc", "-rc", tmp + "/commands"],
                                     stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=tmp)
        end = time.time() + timeout
        while time.time() < end:
            text = read(tmp + "/serial")
            if until in text:
                return text
            if "Panic on CPU" in text or child.poll() is not None:
                time.sleep(1)           # for the rest of it
                break
            time.sleep(0.5)
        text = read(tmp + "/serial") or read(tmp + "/output")
        raise MachineError("no '%s' in Bochs within %d s\n--- last output\n%s" %
                           (until, timeout, "\n".join(text.splitlines()[-40:])))
    finally:
        if child and child.poll() is None:
            child.kill()
            child.wait()
        if os.environ.get("MACHINE_LOG"):
            shutil.copy(tmp + "/serial", os.environ["MACHINE_LOG"])
        shutil.rmtree(tmp, ignore_errors=True)
