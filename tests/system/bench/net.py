#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sixth part of `make bench`: back ends of the same guest's network, the other end of each connection in dom0.

Columns: the kernel's xen-netback and our xenolith-net, with what each does by default, and variants with features
that Linux turns off at both ends.  Rows: a TCP stream (iperf3), packets of 64 bytes as fast as none is lost
(netload.c), and ping's round trip, one after the other.  Under QEMU's -icount one instruction is one nanosecond:
dom0's CPU time is instructions, the hypervisor's work for dom0 included, and so is the connection's end in dom0,
which is the same throughout.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import options  # noqa: E402
import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS = [("tcp-out", "64M"), ("tcp-in", "64M"), ("packets-out", "20000"), ("packets-in", "20000"), ("ping", "2000")]
TITLES = {"tcp-out": "TCP to dom0", "tcp-in": "TCP to the guest", "packets-out": "packets to dom0",
          "packets-in": "packets to the guest", "ping": "ping"}
# What dom0's CPU time is told for, and what the first figure is.
UNITS = {"tcp": ("MB/s", "MB"), "packets": ("packets/s", "packet"), "ping": ("us a round trip", "round trip")}
# name: (backendtype, what ethtool turns off at both ends, the guest's vCPUs and queues)
COLUMNS = {
    "netback": ("", "", 1),
    "xenolith": (",backendtype=xenolith", "", 1),
    "netback-nogso": ("", "tso off", 1),
    "xenolith-nogso": (",backendtype=xenolith", "tso off", 1),
    "netback-nocsum": ("", "tx off", 1),
    "xenolith-nocsum": (",backendtype=xenolith", "tx off", 1),
    "netback-nosg": ("", "sg off", 1),
    "xenolith-nosg": (",backendtype=xenolith", "sg off", 1),
    "netback-2q": ("", "", 2),
    "xenolith-2q": (",backendtype=xenolith", "", 2),
}
NOTES = """-nogso: no large segments; -nocsum: dom0 fills in checksums and cuts large segments (a guest cannot);
-nosg: no packets of more than a page; -2q: two vCPUs with a queue each"""


def initramfs():
    """dom0's, with a guest's that runs the jobs."""
    bench = [("bin/iperf3", stock.path("bench", "root", "usr", "bin", "iperf3")),
             ("sbin/ethtool", stock.path("bench", "root", "sbin", "ethtool")),
             ("bin/netload", stock.compile_c("netload", "bench/netload.c", ["-static", "-O2"]))]
    watch = stock.compile_c("iowatch", "bench/iowatch.c", ["-static"])
    guest = stock.dom0_initramfs(extra=[("net-init", os.path.join(HERE, "net-init"))], programs=bench, tools=False,
                                 modules=stock.GUEST_MODULES)
    return stock.dom0_initramfs([("guest/net", guest), ("guest/vmlinux", stock.vmlinux())],
                                bench + [("bin/iowatch", watch)], tools="xenolith")


def first_figure(what, rest):
    """MB/s, packets a second, or microseconds; and how many units the job's CPU time is for."""
    if what.startswith("tcp"):
        mbytes = re.search(r"([\d.]+) MBytes\s+([\d.]+) Kbits/sec.*receiver", rest)
        return float(mbytes.group(2)) * 1000 / 8 / 1e6, float(mbytes.group(1)) * 1.048576
    if what == "ping":
        count = int(re.search(r"(\d+) packets received", rest).group(1))
        return float(re.search(r"min/avg/max = [\d.]+/([\d.]+)/", rest).group(1)) * 1e3, count
    arrived, ms = rest.split()
    return int(arrived) / float(ms) * 1e3, int(arrived)


def figures(text, jobs):
    """{(what, "rate" or "dom0"): figure} of what iowatch printed."""
    out, start = {}, {}
    for what, rest, dom0 in re.findall(r"io: ([a-z-]+):\w+ (.*?) dom0 (\d+)", text):
        if rest == "starts":
            start[what] = int(dom0)
        elif what in start:
            out[what, "rate"], units = first_figure(what, rest)
            out[what, "dom0"] = (int(dom0) - start[what]) / units
    if [j for j in jobs if (j[0], "dom0") not in out]:
        raise MachineError("the figures are not complete:\n%s" % text)
    return out


def run(m, name, jobs):
    """One guest with one back end."""
    backend, off, cpus = COLUMNS[name]
    print("bench: %s on %s ..." % (name, m.hv), file=sys.stderr, flush=True)
    extra = "console=hvc0 quiet norandmaps random.trust_cpu=on rdinit=/net-init front=%s io=%s" % (
        off.replace(" ", ","), ",".join("%s:%s" % j for j in jobs))
    m.put("/run/%s.cfg" % name, "\n".join((
        'name="%s"' % name, 'kernel="/guest/vmlinux"', 'ramdisk="/guest/net"', "memory=256", "vcpus=%d" % cpus,
        'extra="%s"' % extra, 'vif=["bridge=xenbr0,vifname=bench%s"]' % backend)) + "\n")
    m.ok("xl create -q /run/%s.cfg" % name, 300)
    if off:     # a back end that connects sets its own
        m.ok("until [ $(cat /sys/class/net/bench/carrier) = 1 ]; do sleep 0.1; done; ethtool -K bench %s" % off, 300)
    m.ok("netload serve >/dev/null 2>&1 & iperf3 -s -D; iowatch %s 900 >/run/figures; echo $? >/run/status; "
         "killall netload iperf3" % scenario.LOG % name, 1800)
    text = m.ok("cat /run/figures")
    if m.ok("cat /run/status").split()[-1] != "0" or "FAIL" in text:
        raise MachineError("%s: %s\n%s" % (name, text, m.run("tail -n 20 %s" % scenario.LOG % name)[0]))
    m.wait_domain_gone(name, 60)
    return figures(text, jobs)


def measure(hv, names, jobs, wall):
    """{column: figures}."""
    with Machine(hv=hv, smp=1, mem=2048, dom0_mem=1024, initrd=initramfs(), icount=not wall,
                 devices=["-cpu", "max,-smap,-erms,-fsrm"],     # a byte string instruction would count each byte
                 dom0_args="norandmaps random.trust_cpu=on") as m:
        m.boot(timeout=600)
        return {n: run(m, n, jobs) for n in names}


def table(columns, jobs):
    out = ["%-28s" % "" + "".join("%17s" % n for n in columns)]
    for what, _ in jobs:
        first, unit = UNITS[what.split("-")[0]]
        for key, title in (("rate", first), ("dom0", "dom0's ns for a " + unit)):
            row = "".join("%17s" % "{:,.0f}".format(c[what, key]) for c in columns.values())
            out.append("%-28s" % ("%s, %s" % (TITLES[what], title) if key == "rate" else "  " + title) + row)
    return "\n".join(out) + "\n" + NOTES


def main():
    p = options.parser(__doc__, COLUMNS)
    p.add_argument("--jobs", default="", help="only jobs whose name has this in it, e.g. tcp-in")
    args = options.parse(p, COLUMNS)
    jobs = [j for j in JOBS if args.jobs in j[0]]
    try:
        columns = measure(args.hv, args.only, jobs, args.wall)
    except (MachineError, stock.StockError) as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print("%s, %s" % (args.hv, "free-running emulation" if args.wall else "in instructions (one is one ns)"))
    print(table(columns, jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
