#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run` and `make demo`: the hypervisor, stock Debian as dom0, our tools, a PV guest.

run.py run    hands dom0's shell to the terminal, with a guest already running
run.py demo   the same without a person; exits 0 only if the guest booted, did disk and
              network I/O with the right checksums, and shut down
The hypervisor is $HV: xenolith (default), xen, or an image's path; the tools in dom0 are
$TOOLS: xenolith (default), or stock for Debian's.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("TOOLS", "xenolith")      # before stock reads it

import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

WELCOME = """#!/bin/sh
# Starts the guest of `make run`, then explains the keys.
dd if=/dev/zero of=/run/disk bs=1M count=16 2>/dev/null
echo "dom0: starting the PV guest 'guest' ..."
xl create -q /root/guest.cfg || exit 1
xl list
cat <<END

You are root in dom0, a stock Debian kernel on $HYPERVISOR, with the $TOOLS tools.
  xl list             shows the domains
  xl console guest    is the guest's console; leave it with Ctrl-]
  poweroff -f         powers the machine off
  Ctrl-a x            ends the emulator at once (Ctrl-a c: its monitor)
END
"""


def initramfs(extra=()):
    """With our own tools, not one program of Debian's Xen is there."""
    return scenario.initramfs(stock_kernel=True, extra=extra,
                              store_clients=stock.TOOLS == "stock")


def interactive(args):
    config = scenario.linux_config("guest", net=True, disk="/run/disk", memory=128,
                                   kernel="vmlinuz")
    extra = [("root/guest.cfg", config),
             ("root/autostart", WELCOME.replace("$HYPERVISOR", args.hv).replace("$TOOLS", stock.TOOLS))]
    initrd = initramfs(extra)
    m = Machine(hv=args.hv, smp=args.smp, mem=args.mem, initrd=initrd, interactive=True)
    print("Booting %s with a stock Debian dom0 in QEMU; Ctrl-a x ends it." % args.hv, flush=True)
    argv = m.qemu_args()
    os.execvp(argv[0], argv)


class Narrator(Machine):
    """A machine that shows the boot as it happens, then each command with its output."""

    def boot(self, **kw):
        super().boot(**kw)
        self.child.logfile_read = None
        print()

    def show(self, command):
        print("dom0# %s" % command, flush=True)
        print(self.ok(command), flush=True)


def demo(args):
    def step(text):
        print("--- demo: %s" % text, flush=True)

    start = time.time()
    initrd = initramfs()
    with Narrator(hv=args.hv, smp=args.smp, mem=args.mem, initrd=initrd, log="-") as m:
        step("boot %s and the stock kernel as dom0" % args.hv)
        m.boot()
        step("dom0's view of the hypervisor")
        m.show("uname -sr; cat /sys/hypervisor/type")
        m.show("xl info | grep -E 'xen_version|memory'")
        m.show("ps | grep -E 'x[e]n(store|console)d'")
        sums = scenario.prepare_io(m)
        step("start a PV guest: stock kernel, disk and network by the split drivers")
        scenario.create(m, "guest", scenario.linux_config(
            "guest", "io", disk="/run/disk", net=True, memory=128, kernel="vmlinuz"))
        m.show("xl list")
        step("wait for its disk and network I/O")
        seen = scenario.check_io(m, "guest", sums)
        m.show("cat " + scenario.LOG % "guest")
        step("wait for its shutdown")
        m.wait_domain_gone("guest")
        m.show("xl list")
        step("power the host off")
        m.poweroff()
    print()
    for what, value in seen.items():
        print("demo: %-12s sha256 %s  right" % (what, value))
    print("demo: passed on %s with the %s tools in %d s: the guest booted, did disk and network "
          "I/O, shut down" % (args.hv, stock.TOOLS, time.time() - start))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("mode", choices=("run", "demo"))
    p.add_argument("--hv", default=os.environ.get("HV", "xenolith"))
    p.add_argument("--smp", type=int, default=1)
    p.add_argument("--mem", type=int, default=2048, help="MiB")
    args = p.parse_args()
    try:
        interactive(args) if args.mode == "run" else demo(args)
    except (MachineError, stock.StockError) as e:
        print("\n%s: FAILED: %s" % (args.mode, e), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
