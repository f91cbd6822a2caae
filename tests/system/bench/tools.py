#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench-tools`: Debian's Xen tools and Xenolith's own on the same hypervisor.

Under QEMU's -icount one instruction is one nanosecond of dom0's time: figures of `xl` are
instructions, dom0's kernel and the hypervisor included.  The rows of the store are operations
a second of that time, for each store daemon under the same client.
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STORE_BENCH = os.path.join(stock.TOP, "tests", "tools", "xenstored", "bench.c")
LIST_SIZES = (1, 20, 100)


def stopwatch(m, command, options="", timeout=300):
    """Nanoseconds of dom0's time for the command."""
    out = m.ok("stopwatch %s %s" % (options, command), timeout)
    return float(re.search(r"stopwatch: (\d+) 0", out).group(1))


def resident_kib(m, program):
    out = m.ok("for p in $(pidof %s); do grep VmRSS /proc/$p/status; done" % program)
    return sum(int(n) for n in re.findall(r"(\d+) kB", out))


def life(m, figures):
    """Creation and destruction of single guests."""
    m.put("/run/tiny.cfg", scenario.tiny_config("tiny"))
    create, destroy = "xl create -q /run/tiny.cfg", "xl destroy tiny"
    m.ok(create)
    m.ok(destroy)
    figures["create tiny guest"] = stopwatch(m, create)
    figures["destroy tiny guest"] = stopwatch(m, destroy)
    m.put("/run/churn", "for i in 1 2 3 4 5 6 7 8 9 10; do %s && %s || exit 1; done\n" %
          (create, destroy))
    figures["create+destroy, of 10"] = stopwatch(m, "sh /run/churn") / 10
    for time in ("first", "second"):
        m.put("/run/lin.cfg", scenario.linux_config(time, kernel="vmlinuz", memory=128))
        log = scenario.LOG % time
        figures["create Debian, %s time, to its init" % time] = stopwatch(
            m, "xl create -q /run/lin.cfg", "-u %s 'guest: up'" % log, 600)
        m.ok("xl destroy %s" % time)
    m.put("/run/lin.cfg", scenario.linux_config("third", kernel="vmlinuz", memory=128))
    figures["xl create -p of Debian, third time"] = stopwatch(m, "xl create -q -p /run/lin.cfg",
                                                              timeout=600)
    m.ok("xl destroy third")


def lists(m, figures, most):
    made = 0
    for size in [n for n in LIST_SIZES if n <= most]:
        while made < size:
            made += 1
            scenario.create(m, "d%d" % made, scenario.tiny_config("d%d" % made, memory=4))
        figures["xl list, %d guests" % size] = stopwatch(m, "xl list", "-n 3")
    figures["xenstored resident KiB, %d guests" % made] = resident_kib(m, "xenstored")
    figures["xenconsoled resident KiB, %d guests" % made] = resident_kib(m, "xenconsoled")
    for i in range(made):
        m.ok("xl destroy d%d" % (i + 1))


def column(tools, args):
    programs = [("bin/stopwatch", stock.compile_c("stopwatch", "bench/stopwatch.c", ["-static"])),
                ("bin/store-bench", stock.compile_c("store-bench", STORE_BENCH,
                                                    ["-lxenstore", "-lxentoolcore"]))]
    initrd = scenario.initramfs(stock_kernel=True, programs=programs, tools=tools)
    figures = {}
    with Machine(hv=args.hv, smp=1, mem=3072, dom0_mem=1024, initrd=initrd,
                 dom0_args="norandmaps random.trust_cpu=on", icount=not args.wall) as m:
        m.boot(timeout=600)
        life(m, figures)
        store(m, figures)
        lists(m, figures, args.domains)
    return figures


def store(m, figures):
    """What the store's own benchmark prints: "NAME VALUE UNIT" lines."""
    text = m.ok("store-bench read write transaction directory watch readers pipelined", 900)
    for name, value, unit in re.findall(r"^(\w+) +(\d+) (\S.*)$", text, re.M):
        figures["store: %s, %s" % (name, unit.strip())] = float(value)


def table(columns):
    names = list(columns)
    out = ["%-42s" % "" + "".join("%18s" % n for n in names) + "%10s" % "ratio"]
    for key in columns[names[0]]:
        row = [columns[n].get(key) for n in names]
        ratio = "%10.2f" % (row[-1] / row[0]) if len(row) > 1 and row[0] and row[-1] else ""
        out.append("%-42s" % key + "".join(
            "%18s" % ("{:,.0f}".format(v) if v is not None else "-") for v in row) + ratio)
    return "\n".join(out)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--hv", default=os.environ.get("HV", "xenolith"))
    p.add_argument("--wall", action="store_true", help="free-running emulation")
    p.add_argument("--only", default="stock,xenolith", help="columns: stock, xenolith")
    p.add_argument("--domains", type=int, default=100, help="at most so many for xl list")
    args = p.parse_args()
    columns = {}
    try:
        for tools in args.only.split(","):
            print("bench: running the %s tools ..." % tools, file=sys.stderr, flush=True)
            columns[tools] = column(tools, args)
    except (MachineError, stock.StockError) as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print(table(columns))
    return 0


if __name__ == "__main__":
    sys.exit(main())
