#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Second half of `make bench`: Debian's Xen tools and Xenolith's own on the same hypervisor.

Under QEMU's -icount one instruction is one nanosecond of dom0's time: figures of `xl` are
instructions, dom0's kernel and the hypervisor included.  The rows of the store are operations
a second of that time, for each store daemon under the same client.

Columns: stock (Debian's), xenolith (ours), oxenstored (Debian's with its other store daemon:
only the rows of the store).  Each row is printed when it is known, so what ends a run early,
a time limit or a failure, loses only what comes after; the table at the end has what there is.
"""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import options  # noqa: E402
import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STORE_BENCH = os.path.join(stock.TOP, "tests", "tools", "xenstored", "bench.c")
STORE_TESTS = "read write transaction directory watch readers pipelined".split()
STORE_SECONDS = 0.25        # of dom0's time for each: half a billion instructions cost a minute
LIST_SIZES = (1, 20, 100)
OXENSTORED = stock.XEN_BIN + "oxenstored"
PARTS = {"stock": ("life", "store", "lists"), "xenolith": ("life", "store", "lists"),
         "oxenstored": ("store",)}


class Column:
    """The figures of one choice of tools, said as they come."""

    def __init__(self, name):
        self.name, self.figures = name, {}
        self.start = time.time()

    def __setitem__(self, row, value):
        self.figures[row] = value
        print("%-12s %-40s %16s  (%d s)" % (self.name, row, "{:,.0f}".format(value),
                                            time.time() - self.start), flush=True)


def stopwatch(m, command, options="", timeout=300):
    """Nanoseconds of dom0's time for the command."""
    out = m.ok("stopwatch %s %s" % (options, command), timeout)
    return float(re.search(r"stopwatch: (\d+) 0", out).group(1))


def resident_kib(m, program):
    out = m.ok("for p in $(pidof %s); do grep VmRSS /proc/$p/status; done" % program)
    return sum(int(n) for n in re.findall(r"(\d+) kB", out))


def life(m, col, args):
    """Creation and destruction of single guests; a kernel's first time has nothing kept of it."""
    m.put("/run/tiny.cfg", scenario.tiny_config("tiny"))
    create, destroy = "xl create -q /run/tiny.cfg", "xl destroy tiny"
    m.ok(create)
    m.ok(destroy)
    col["xl create, tiny guest"] = stopwatch(m, create)
    col["xl destroy, tiny guest"] = stopwatch(m, destroy)
    m.put("/run/churn", "for i in 1 2 3 4 5 6 7 8 9 10; do %s && %s || exit 1; done\n" %
          (create, destroy))
    col["create and destroy, mean of 10"] = stopwatch(m, "sh /run/churn") / 10
    for time_ in ("first", "second"):
        m.put("/run/lin.cfg", scenario.linux_config(time_, kernel="vmlinuz", memory=128))
        log = scenario.LOG % time_
        col["create Debian, %s time, to its init" % time_] = stopwatch(
            m, "xl create -q /run/lin.cfg", "-u %s 'guest: up'" % log, 900)
        m.ok("xl destroy %s" % time_)


def lists(m, col, args):
    made = 0
    for size in [n for n in LIST_SIZES if n <= args.domains]:
        while made < size:
            made += 1
            scenario.create(m, "d%d" % made, scenario.tiny_config("d%d" % made, memory=4))
        col["xl list, guests: %d" % size] = stopwatch(m, "xl list")
        for program in ("xenstored", "xenconsoled"):
            col["%s, KiB resident, guests: %d" % (program, size)] = resident_kib(m, program)


def store(m, col, args):
    """What the store's own benchmark prints: "NAME VALUE UNIT" lines."""
    col["store daemon, KiB resident at first"] = resident_kib(m, "xenstored oxenstored")
    for test in STORE_TESTS:
        text = m.ok("store-bench -s %g %s" % (STORE_SECONDS, test), 300)
        for name, value, unit in re.findall(r"^([\w-]+) +(\d+) (\S.*)$", text, re.M):
            col["store: %s, %s" % (name, unit.strip())] = float(value)


def initramfs(tools):
    programs = [("bin/stopwatch", stock.compile_c("stopwatch", "bench/stopwatch.c", ["-static"])),
                ("bin/store-bench", stock.compile_c("store-bench", STORE_BENCH,
                                                    ["-lxenstore", "-lxentoolcore"]))]
    extra = []
    if tools == "oxenstored":
        programs.append((OXENSTORED, stock.path("root", OXENSTORED)))
        extra = [("etc/xen/oxenstored.conf", stock.path("root/etc/xen/oxenstored.conf")),
                 (stock.XEN_BIN + "xenstored", "#!/bin/sh\nexec /%s \"$@\"\n" % OXENSTORED)]
    return scenario.initramfs(stock_kernel=True, programs=programs, extra=extra,
                              tools="xenolith" if tools == "xenolith" else "stock")


def column(tools, args):
    col = Column(tools)
    try:
        with Machine(hv=args.hv, smp=1, mem=3072, dom0_mem=1024, initrd=initramfs(tools),
                     dom0_args="norandmaps random.trust_cpu=on", icount=not args.wall) as m:
            m.boot(timeout=600)
            for part in PARTS[tools]:
                if part in args.parts:
                    {"life": life, "store": store, "lists": lists}[part](m, col, args)
    except MachineError as e:
        print("bench: FAILED: %s: %s" % (tools, e), file=sys.stderr, flush=True)
        args.failed = True      # the other columns are worth having all the same
    return col.figures


def table(columns):
    """All rows that any column has; the ratio is ours to Debian's."""
    rows = list(dict.fromkeys(r for figures in columns.values() for r in figures))
    out = ["%-42s" % "" + "".join("%16s" % n for n in columns) + "%10s" % "ratio"]
    for key in rows:
        ours, theirs = (columns.get(n, {}).get(key) for n in ("xenolith", "stock"))
        ratio = "%10.2f" % (ours / theirs) if ours and theirs else "%10s" % "-"
        out.append("%-42s" % key + "".join(
            "%16s" % ("{:,.0f}".format(f[key]) if key in f else "-")
            for f in columns.values()) + ratio)
    return "\n".join(out)


def main():
    p = options.parser(__doc__, PARTS)
    p.add_argument("--parts", default="life,store,lists", help="groups of rows")
    p.add_argument("--domains", type=int, default=100, help="at most so many for xl list")
    args = options.parse(p, PARTS)
    args.failed = False
    columns = {}
    try:
        for tools in args.only:
            columns[tools] = column(tools, args)
    except stock.StockError as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print("\n" + table(columns))
    return 1 if args.failed else 0


if __name__ == "__main__":
    sys.exit(main())
