# SPDX-License-Identifier: GPL-2.0-or-later
"""One emulated machine: a hypervisor, dom0 and its console, in QEMU's TCG.

    with Machine(hv="xen", smp=2, mem=2048) as m:
        m.boot()
        out = m.ok("xl list")

Times are seconds of wall clock.  The QEMU process is always ended by its own pid.
Commands are short lines for dom0's shell (the hypervisors' serial input buffers are
small); longer ones are sent in pieces.
"""

import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pexpect

import stock

READY = r"dom0: ready"
DEAD = [r"[^\n]*(?:Panic on CPU|Kernel panic|PANIC|FATAL TRAP)[^\n]*", pexpect.EOF,
        pexpect.TIMEOUT]
NOISE = r"(?:\((?:XEN|d\d+)\) [^\n]*\n)*"      # the hypervisor's lines and guests', which may come within one of dom0's
MAX_LINE = 100   # bytes of input sent without waiting for the shell
DOM0_CMDLINE = "console=hvc0 quiet"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]


class MachineError(Exception):
    """The machine did not do what was asked; the message ends with its last output."""


class Machine:
    """A QEMU machine.

    hv: xenolith, xen, none (bare Linux) or an image's path.  mem: MiB.
    hv_args: added to the hypervisor's command line, which is replaced by hv_cmdline.
    dom0_mem: MiB given to dom0, or None for the hypervisor's default.
    devices: further QEMU arguments.  icount: deterministic instruction counting.
    iso: boot this image instead of -kernel; uefi=True uses OVMF for it.
    """

    def __init__(self, hv=None, smp=1, mem=2048, dom0_mem=1024, initrd=None, kernel=None,
                 hv_args="", hv_cmdline=None, dom0_args="", devices=(), machine=None,
                 icount=False, iso=None, uefi=False, log=None, interactive=False,
                 kernel_args=None):
        self.hv = hv or os.environ.get("HV", "xenolith")
        self.smp, self.mem, self.dom0_mem = smp, mem, dom0_mem
        self.initrd = initrd
        self.kernel = kernel or stock.vmlinuz()
        self.hv_args, self.hv_cmdline, self.dom0_args = hv_args, hv_cmdline, dom0_args
        self.kernel_args = kernel_args
        self.devices, self.machine, self.icount = list(devices), machine, icount
        self.iso, self.uefi, self.interactive = iso, uefi, interactive
        self.tmp = tempfile.mkdtemp(prefix="machine-")
        self.child = None
        self.log = log
        self.nonce = 0

    # Command lines.

    def hypervisor_cmdline(self):
        if self.hv_cmdline is not None:
            return self.hv_cmdline
        s = "console=com1 com1=115200,8n1 loglvl=warning"
        if self.dom0_mem:
            s += " dom0_mem=%dM,max:%dM" % (self.dom0_mem, self.dom0_mem)
        return (s + " " + self.hv_args).strip()

    def linux_cmdline(self):
        if self.kernel_args is not None:
            return self.kernel_args
        base = DOM0_CMDLINE if self.hv != "none" else "console=ttyS0 quiet"
        return (base + " " + self.dom0_args).strip()

    def qemu_args(self):
        # QEMU 7.2 does IRET's stack reads as supervisor accesses: the real Xen loses a PV
        # dom0 to SMAP there.
        cpu = "max,-smap" if self.hv == "xen" else "max"
        a = ["qemu-system-x86_64", "-display", "none", "-monitor", "none", "-no-reboot",
             "-accel", "tcg", "-cpu", cpu, "-m", str(self.mem), "-smp", str(self.smp)]
        if self.interactive:
            a[3:5] = []
            a += ["-serial", "mon:stdio"]
        else:
            a += ["-serial", "stdio"]
        if self.machine:
            a += ["-M", self.machine]
        if self.icount:
            a += ICOUNT
        if not any("netdev" in d for d in self.devices):
            a += ["-nic", "none"]
        a += self.devices
        return a + (self._iso_args() if self.iso else self._kernel_args())

    def _kernel_args(self):
        image = stock.hypervisor(self.hv)
        initrd = self.initrd or stock.dom0_initramfs()
        if image is None:
            return ["-kernel", self.kernel, "-initrd", initrd, "-append", self.linux_cmdline()]
        modules = "%s %s,%s" % (self.kernel, self.linux_cmdline(), initrd)
        return ["-kernel", image, "-append", self.hypervisor_cmdline(), "-initrd", modules]

    def _iso_args(self):
        a = ["-cdrom", self.iso, "-boot", "d"]
        if self.uefi:
            fw = "/usr/share/OVMF/OVMF_%s_4M.fd"
            flash = os.path.join(self.tmp, "vars.fd")
            shutil.copy(fw % "VARS", flash)
            for f, ro in ((fw % "CODE", ",readonly=on"), (flash, "")):
                a += ["-drive", "if=pflash,format=raw,file=%s%s" % (f, ro)]
        return a

    # Life cycle.

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def start(self):
        """Start QEMU without waiting for anything."""
        args = self.qemu_args()
        self.child = pexpect.spawn(args[0], args[1:], encoding="utf-8", codec_errors="replace",
                                   echo=False, timeout=60, dimensions=(50, 200))
        self.child.delaybeforesend = None
        self.child.ptyproc.delayafterclose = 0.05
        log = self.log or os.environ.get("MACHINE_LOG")
        if log:
            self.child.logfile_read = sys.stdout if log == "-" else open(log, "a")
        return self

    def boot(self, timeout=180, tools=True):
        """Start, and wait for dom0's shell.  MachineError names what came instead."""
        if not self.child:
            self.start()
        if tools:
            seen = self.expect([READY, r"start-tools: [^\n]*"], timeout)
            if seen.startswith("start-tools"):
                self.fail("stock tools: " + seen.strip())
        else:
            self.expect([READY], timeout)
        self.send("exec /root/agent\n")
        self.expect(["/root/agent\r"], 30)
        self.ok("true", 30)
        return self

    def close(self):
        """End QEMU, if it still runs, and remove the temporary files."""
        if self.child and not self.child.closed:
            if self.child.isalive():
                os.kill(self.child.pid, signal.SIGKILL)
            self.child.close(force=True)
        shutil.rmtree(self.tmp, ignore_errors=True)

    def fail(self, why):
        tail = ""
        if self.child:
            text = (self.child.before or "") + str(self.child.after or "")
            tail = "\n".join(text.replace("\r", "").splitlines()[-25:])
        raise MachineError("%s on %s\n--- last console output\n%s" % (why, self.hv, tail))

    # Console.

    def expect(self, patterns, timeout=60, deadly=True):
        """Wait for one of the patterns; returns the text matched."""
        watch = list(patterns) + (DEAD if deadly else DEAD[1:])
        i = self.child.expect(watch, timeout=timeout)
        if i < len(patterns):
            return self.child.match.group(0)
        what = watch[i]
        if what is pexpect.EOF:
            self.fail("machine ended while waiting for %s" % patterns)
        if what is pexpect.TIMEOUT:
            self.fail("no %s within %d s" % (patterns, timeout))
        self.fail("panic: " + self.child.match.group(0).strip())

    def send(self, text):
        self.child.send(text)

    def run(self, command, timeout=60):
        """Run a shell command in dom0: (output, status)."""
        if len(command) > MAX_LINE:
            self._upload(command, "/run/cmd")
            command = ". /run/cmd"
        return self._run_line(command, timeout)

    def _run_line(self, command, timeout):
        self.nonce += 1
        mark = "@%d@" % self.nonce
        self.send("%d %s\n" % (self.nonce, command))
        self.expect([NOISE.join(mark) + r"%s(\d+)%s@" % (NOISE, NOISE)], timeout)
        out = self.child.before.replace("\r", "")
        return out.strip("\n"), int(self.child.match.group(1))

    def ok(self, command, timeout=60):
        """Like run, but the command must succeed; returns its output."""
        out, status = self.run(command, timeout)
        if status:
            raise MachineError("'%s' failed (%d) on %s:\n%s" % (command, status, self.hv, out))
        return out

    def _upload(self, text, path):
        data = base64.b64encode(text.encode()).decode()
        step = MAX_LINE - 24
        self._run_line(": >/run/b64", 30)
        for i in range(0, len(data), step):
            self._run_line("echo %s >>/run/b64" % data[i:i + step], 30)
        out, status = self._run_line("base64 -d /run/b64 >%s" % path, 30)
        if status:
            raise MachineError("sending %d bytes to dom0 failed: %s" % (len(text), out))

    def put(self, path, text):
        """Write a small text file in dom0."""
        self._upload(text, "/run/put")
        self.ok("cat /run/put >%s" % path)

    def wait_end(self, timeout=60):
        """Wait until QEMU ends by itself (power-off, or reboot with -no-reboot)."""
        i = self.child.expect([DEAD[0], pexpect.EOF, pexpect.TIMEOUT], timeout=timeout)
        if i == 0:
            self.fail("panic at the end: " + self.child.match.group(0).strip())
        if i == 2:
            self.fail("machine did not end within %d s" % timeout)
        return self.child.before

    def poweroff(self, timeout=60):
        """Power the host off; MachineError if it does not end."""
        self.send("0 poweroff -f\n")
        return self.wait_end(timeout)

    # Facts.

    def free_mib(self):
        """The hypervisor's free memory in MiB, as xl info says."""
        m = re.search(r"free_memory\s*:\s*(\d+)", self.ok("xl info"))
        return int(m.group(1))

    def domains(self):
        """{name: (id, mem MiB, vcpus, state)} from xl list."""
        table = {}
        text = self.ok("xl list")
        # The hypervisor may have put a line of its own in front.
        for line in text[text.index("Name "):].splitlines()[1:]:
            f = line.split()
            if len(f) >= 6 and f[1].isdigit():
                table[f[0]] = (int(f[1]), int(f[2]), int(f[3]), f[4])
        return table

    def wait_domain_gone(self, name, timeout=60):
        """Wait until xl list has no such domain, nor a dying one that lost its name."""
        end = time.time() + timeout
        while True:
            table = self.domains()
            if name not in table and "(null)" not in table:
                return
            if time.time() > end:
                raise MachineError("domain %s is still there after %d s:\n%s" %
                                   (name, timeout, self.ok("xl list")))
            self.run("sleep 0.3")


def grub_iso(path, hv, initrd, protocol, hv_cmdline, linux_cmdline="console=hvc0 quiet", kernel=None):
    """Make a GRUB image (BIOS and UEFI) that boots hv by multiboot or multiboot2."""
    tree = tempfile.mkdtemp(prefix="iso-")
    try:
        os.makedirs(tree + "/boot/grub")
        shutil.copy(stock.hypervisor(hv), tree + "/boot/hv")
        shutil.copy(kernel or stock.vmlinuz(), tree + "/boot/vmlinuz")
        if initrd:
            shutil.copy(initrd, tree + "/boot/initrd")
        boot, module, word = ("multiboot2", "module2", "") if protocol == 2 else \
            ("multiboot", "module", "placeholder ")
        with open(tree + "/boot/grub/grub.cfg", "w") as f:
            f.write("set timeout=0\nset default=0\nmenuentry x {\n"
                    "%s /boot/hv %s%s\n%s /boot/vmlinuz %s%s\n%s}\n" %
                    (boot, word, hv_cmdline, module, word, linux_cmdline,
                     module + " /boot/initrd\n" if initrd else ""))
        r = subprocess.run(["grub-mkrescue", "-o", path, tree], capture_output=True, text=True)
        if r.returncode:
            raise MachineError("grub-mkrescue failed: " + r.stderr.strip().splitlines()[-1])
    finally:
        shutil.rmtree(tree)
    return path
