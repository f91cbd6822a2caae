#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fourth part of `make bench`: the same stock Linux as PV, PVH and HVM guest, on Xen 4.17 and on Xenolith.

Rows "boot": from xl create to the guest's init, in dom0's time; the others are bench.c in the
guest, by its own clock.  Under QEMU's -icount both are instructions (AMD-V in QEMU: see exits.py).
Our tools on both hypervisors; TOOLS=stock: Debian's, under which an HVM guest's kernel goes through its
device model by the byte.
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

os.environ.setdefault("TOOLS", "xenolith")      # before stock reads it

import bench  # noqa: E402
import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402
from tools import stopwatch  # noqa: E402

TYPES = {"pv": 'type="pv"\n', "pvh": 'type="pvh"\ntsc_mode="native"\n', "hvm": 'type="hvm"\ntsc_mode="native"\n'}
KERNELS = {"pv": "vmlinux", "pvh": "vmlinux", "hvm": "vmlinuz"}     # a PC's BIOS unpacks nothing
ROWS = [("boot", "boot, from xl create to init")] + [r for r in bench.ROWS if r[0] != "boot_to_init"]


def initramfs(types):
    """dom0's, with a guest's that runs the benchmark and powers off."""
    program = stock.compile_c("bench", "bench/bench.c", ["-static"])
    watch = stock.compile_c("stopwatch", "bench/stopwatch.c", ["-static"])
    guest = stock.dom0_initramfs(extra=[("bench-init", os.path.join(bench.HERE, "init"))],
                                 programs=[("bin/bench", program)], tools=False)
    files, programs = stock.hvm_files() if "hvm" in types else ([], [])
    if "hvm" in types:
        files = files + [("guest/vmlinux", stock.vmlinux())]
    return scenario.initramfs(stock_kernel="hvm" in types, extra=files + [("guest/bench", guest)],
                              programs=programs + [("bin/stopwatch", watch)])


def guest(m, kind):
    """{row: figure} of one guest."""
    m.put("/run/%s.cfg" % kind, TYPES[kind] + 'name="%s"\nmemory=256\nkernel="/guest/%s"\nramdisk="/guest/bench"\n'
          'extra="console=hvc0 quiet norandmaps random.trust_cpu=on rdinit=/bench-init"\n' % (kind, KERNELS[kind]))
    boot = stopwatch(m, "xl create -q /run/%s.cfg" % kind,
                     "-u %s 'bench: boot_to_init'" % (scenario.LOG % kind), 600)
    text = scenario.wait_console(m, kind, "bench: done", 400)
    m.wait_domain_gone(kind, 60)
    return {"boot": boot, **{k: float(v) for k, v in re.findall(r"bench: (\w+) (-?\d+)", text)}}


def column(hv, types, wall):
    """{(kind, row): figure}"""
    out = {}
    with Machine(hv=hv, smp=1, mem=2048, dom0_mem=1024, initrd=initramfs(types),
                 dom0_args="norandmaps random.trust_cpu=on", icount=not wall) as m:
        m.boot(timeout=300)
        for kind in types:
            print("bench: %s guest on %s ..." % (kind, hv), file=sys.stderr, flush=True)
            out.update({(kind, row): v for row, v in guest(m, kind).items()})
    return out


def table(xen, ours, types):
    out = ["%-32s%-6s%16s%16s%10s" % ("", "", "xen", "xenolith", "ratio")]
    for row, label in ROWS:
        for kind in types:
            a, b = xen.get((kind, row)), ours.get((kind, row))
            ratio = "%10.2f" % (b / a) if a and b else "%10s" % "-"
            out.append("%-32s%-6s%16s%16s%s" % (label, kind, bench.text(a), bench.text(b), ratio))
    return "\n".join(out)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--wall", action="store_true", help="free-running emulation")
    p.add_argument("--types", default="pv,pvh,hvm", help="guests: comma list of " + " ".join(TYPES))
    p.add_argument("--only", default="xen,xenolith", help="columns: xen or xenolith")
    args = p.parse_args()
    types = args.types.split(",")
    if set(types) - set(TYPES):
        p.error("--types: there are " + " ".join(TYPES))
    try:
        columns = [column(hv, types, args.wall) if hv in args.only.split(",") else {} for hv in ("xen", "xenolith")]
    except (MachineError, stock.StockError) as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print(table(*columns, types))
    return 0


if __name__ == "__main__":
    sys.exit(main())
