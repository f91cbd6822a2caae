# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests, the demo and `make run` do with a booted machine: guests and their I/O."""

import re

import stock
from machine import MachineError

LOG = "/var/log/xen/guest-%s.log"
# cli; its text to the serial port; ACPI power-off; halt.
BOOT_SECTOR = (bytes.fromhex("fa31c08ed8be1d7cac84c07406baf803eeebf5ba04b0b80020eff4ebfd") +
               b"boot sector: here\r\n\0").ljust(510, b"\0") + b"\x55\xaa"


def initramfs(stock_kernel=False, extra=(), programs=(), **more):
    """dom0's initramfs with guests under /guest; more: as stock.dom0_initramfs takes it.

    stock_kernel: also the bzImage as Debian ships it (its unpacking takes most of the time
    of xl create under emulation); /guest/vmlinux is the same kernel, unpacked.
    """
    guests = [("guest/initrd", stock.guest_initramfs()), ("guest/tiny", stock.tiny_guest())]
    if stock_kernel:
        guests.append(("guest/vmlinuz", stock.vmlinuz()))
    else:
        guests.append(("guest/vmlinux", stock.vmlinux()))
    return stock.dom0_initramfs(guests + list(extra), programs, **more)


def linux_config(name, task="", number=1, disk=None, net=False, memory=96, kernel="vmlinux",
                 extra="", **more):
    """An xl configuration for the stock kernel as guest."""
    args = "console=hvc0 quiet task=%s %s" % (task, extra)
    if net:
        args += " addr=10.9.1.%d" % number
    lines = ['name="%s"' % name, 'kernel="/guest/%s"' % kernel, 'ramdisk="/guest/initrd"',
             'extra="%s"' % args.strip(), "memory=%d" % memory]
    if disk:
        lines.append('disk=["format=raw,vdev=xvda,access=rw,target=%s"]' % disk)
    if net:
        lines.append('vif=["bridge=xenbr0"]')
    lines += ["%s=%s" % kv for kv in more.items()]
    return "\n".join(lines) + "\n"


def tiny_config(name, mode="h", memory=8, **more):
    """An xl configuration for the tiny guest; mode is the letter that tiny.S explains."""
    lines = ['name="%s"' % name, 'kernel="/guest/tiny"', 'extra="%s"' % mode,
             "memory=%d" % memory]
    lines += ["%s=%s" % kv for kv in more.items()]
    return "\n".join(lines) + "\n"


def create(m, name, config, options="", timeout=120):
    """Write the configuration and start the guest; returns xl's output."""
    m.put("/run/%s.cfg" % name, config)
    return m.ok("xl create -q %s /run/%s.cfg" % (options, name), timeout)


def wait_console(m, name, pattern, timeout=90):
    """Wait until the guest's console log has the pattern; returns the whole log."""
    log = LOG % name
    m.run("i=0; until grep -Eq '%s' %s 2>/dev/null || [ $i -ge %d ]; do "
          "i=$((i+1)); sleep 0.25; done" % (pattern, log, timeout * 4), timeout * 2 + 30)
    text = m.run("cat %s" % log)[0]
    if not re.search(pattern, text):
        raise MachineError("guest %s: no '%s' on its console:\n%s" % (name, pattern, text))
    return text


LEVELLED = '"host,aes=0,avx=0,sse4-2=0,x2apic=0,stepping=3,hypervisor=1"'


def check_levelled(m, name, config):
    """cpuid=LEVELLED: what is off is off in the guest, with all that needs it, and no more."""
    host = set(m.ok("grep -m1 ^flags /proc/cpuinfo").split())
    off = {"aes", "avx", "sse4_2", "avx2", "fma", "f16c", "vaes", "x2apic"}
    if not {"aes", "avx", "avx2", "xsave", "popcnt", "sse4_1"} <= host:
        raise MachineError("this machine's processor has too little for this test: %s" % host)
    create(m, name, config)
    text = wait_console(m, name, r"flags.* \.")
    flags = set(re.search(r"guest: flags(.*) \.", text).group(1).split())
    if flags & off or not {"xsave", "popcnt", "sse4_1", "hypervisor"} <= flags:
        raise MachineError("guest %s has %s" % (name, sorted(flags)))
    if "features 0x3, context size is 576 bytes" not in text or "guest: stepping 3" not in text:
        raise MachineError("guest %s: extended state or stepping:\n%s" % (name, text))
    m.wait_domain_gone(name)


def prepare_io(m, mib=4):
    """Make a random disk and a random file to serve; returns their sums (disk, blob)."""
    m.ok("mkdir -p /run/www && dd if=/dev/urandom of=/run/www/blob bs=1M count=%d 2>&1" % mib)
    m.ok("dd if=/dev/urandom of=/run/disk bs=1M count=%d 2>&1" % (2 * mib))
    m.ok("pidof httpd >/dev/null || httpd -h /run/www")
    # nc ends a connection when its own input ends, so it gets one that does not.
    m.ok("rm -f /run/upload*; (tail -f /dev/null | { nc -l -p 7 >/run/upload; "
         ": >/run/uploaded; }) >/dev/null 2>&1 &")
    disk = m.ok("head -c %d /run/disk | sha256sum" % (mib << 20)).split()[0]
    blob = m.ok("sha256sum </run/www/blob").split()[0]
    return disk, blob


def check_io(m, name, sums, mib=4, timeout=120):
    """Wait for a task=io guest to end and compare every sum; raises MachineError."""
    disk, blob = sums
    text = wait_console(m, name, "guest: (io-done|FAIL)", timeout)
    seen = dict(re.findall(r"guest: (\S+) ([0-9a-f]{64})", text))
    m.ok("i=0; until [ -e /run/uploaded ] || [ $i -ge 50 ]; do i=$((i+1)); sleep 0.1; done")
    seen["net-write"] = m.ok("sha256sum </run/upload").split()[0]
    m.run("killall tail")
    seen["disk-in-dom0"] = m.ok("tail -c %d /run/disk | sha256sum" % (mib << 20)).split()[0]
    want = {"disk-read": disk, "net-read": blob, "disk-write": blob, "net-write": blob,
            "disk-in-dom0": blob}
    for what, value in want.items():
        if seen.get(what) != value:
            raise MachineError("guest %s: %s has sum %s, expected %s\n%s" %
                               (name, what, seen.get(what), value, text))
    return seen
