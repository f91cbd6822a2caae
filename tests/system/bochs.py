# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine with VT-x and EPT: Bochs, whose serial port is a file.

    text = bochs.run(kernel, until="RESULT: success", timeout=200)

Slow (a stock dom0 takes minutes, a small kernel as dom0 fifteen seconds), and without input.
Bochs is always ended by its own pid.
"""

import os
import shutil
import subprocess
import tempfile
import time

from machine import MachineError, grub_iso

RC = """cpu: model=corei7_skylake_x, count=%(cpus)d, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=%(mem)d, host=%(mem)d
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=%(dir)s/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=%(dir)s/serial
display_library: rfb, options="timeout=0"
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
speaker: enabled=0
clock: sync=none
pci: enabled=1, chipset=i440fx
log: %(dir)s/log
panic: action=fatal
"""


def available():
    return bool(shutil.which("bochs") and shutil.which("grub-mkrescue"))


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def run(kernel, until, initrd=None, hv="xenolith", timeout=200, cpus=1, mem=256, dom0_mem=64, hv_args=""):
    """Boot, and wait for the text `until`; returns all that came.  MachineError if it does not."""
    tmp = tempfile.mkdtemp(prefix="bochs-")
    child = None
    try:
        grub_iso(tmp + "/boot.iso", hv, initrd, 1,
                 "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all dom0_mem=%dM %s" %
                 (dom0_mem, hv_args), kernel=kernel)
        with open(tmp + "/rc", "w") as f:
            f.write(RC % {"dir": tmp, "cpus": cpus, "mem": mem})
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
