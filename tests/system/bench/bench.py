#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench`: the same stock dom0 on Xen 4.17 and on Xenolith, side by side.

Under QEMU's -icount one instruction is one nanosecond of guest time, so figures are
instructions, repeat to the last digit and do not feel the host's load.  --wall measures
free-running emulation instead, where CR3 loads and TLB flushes show.
"""

import argparse
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

ROWS = [("boot_to_init", "boot to init"), ("null_syscall", "null syscall (getppid)"),
        ("fork_exit", "fork+exit"), ("fork_exec", "fork+exec"),
        ("page_fault", "page fault (mmap, touch)"), ("mprotect_pair", "mprotect pair"),
        ("pipe_round_trip", "context switch (pipe, 2)"), ("mmap_munmap", "mmap+touch+munmap"),
        ("signal", "signal"), ("hypercall", "hypercall, net of ioctl"),
        ("event_to_self", "event to self"), ("event_round_trip", "event round trip, 2"),
        ("clock_gettime", "clock_gettime")]
HERE = os.path.dirname(os.path.abspath(__file__))


def column(hv, args):
    """Boot hv and return {row: figure}."""
    program = stock.compile_c("bench", "bench/bench.c", ["-static"])
    initrd = stock.dom0_initramfs(extra=[("bench-init", os.path.join(HERE, "init"))],
                                  programs=[("bin/bench", program)], tools=False)
    dom0 = "norandmaps random.trust_cpu=on rdinit=/bench-init"
    start = time.time()
    with Machine(hv=hv, smp=1, mem=2048, dom0_mem=1024, initrd=initrd, dom0_args=dom0,
                 icount=not args.wall) as m:
        m.start()
        m.expect([r"bench: boot_to_init \d+"], 300)
        boot = time.time() - start
        first = m.child.match.group(0)
        m.expect([r"bench: done"], 600)
        text = first + m.child.before
    figures = {k: float(v) for k, v in re.findall(r"bench: (\w+) (-?\d+)", text)}
    if args.wall:
        figures["boot_to_init"] = boot * 1e9
    return figures


def text(value):
    return "{:,.0f}".format(value) if value is not None else "-"


def table(columns, unit):
    names = list(columns)
    out = ["%-26s" % unit + "".join("%18s" % n for n in names) + "%10s" % "ratio"]
    for key, label in ROWS:
        row = [columns[n].get(key) for n in names]
        a, b = columns.get("xen", {}).get(key), columns.get("xenolith", {}).get(key)
        ratio = "%10.2f" % (b / a) if a and b else "%10s" % "-"
        out.append("%-26s" % label + "".join("%18s" % text(v) for v in row) + ratio)
    return "\n".join(out)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--wall", action="store_true", help="free-running: nanoseconds of wall time")
    p.add_argument("--bare", action="store_true", help="add a column without a hypervisor")
    p.add_argument("--only", help="columns to run: comma list of none, xen, xenolith")
    args = p.parse_args()
    names = args.only.split(",") if args.only else \
        (["none"] if args.bare else []) + ["xen", "xenolith"]
    try:
        for n in names:
            stock.hypervisor(n)
        columns = {}
        for n in names:
            print("bench: running %s ..." % n, file=sys.stderr, flush=True)
            columns[n] = column(n, args)
    except (MachineError, stock.StockError) as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print(table(columns, "ns, free-running TCG" if args.wall else "instructions"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
