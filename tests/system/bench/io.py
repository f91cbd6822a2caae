#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fifth part of `make bench`: back ends of the same guest's disk, by fio in the guest.

Columns: the kernel's xen-blkback, QEMU's qdisk and our xenolith-blk, with what each does by default, and variants
with features that the guest turns off or on.  The disk is dom0's memory, or a file on ext4 on that, so what is
measured is the way to it.
Under QEMU's -icount one instruction is one nanosecond: dom0's CPU time for an I/O, the hypervisor's work for it
included, is instructions; the other CPU time of an I/O is the guest's, which has the same kernel throughout.
"""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import options  # noqa: E402
import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DISK, FILE_SYSTEM, FILE = "/dev/ram0", "/dev/ram1", "/disk/image"
# fio's rw, block size, queue depth, amount.
JOBS = [(rw, "128k", depth, "32M") for rw in ("read", "write") for depth in (1, 32)] + \
       [(rw, "4k", depth, "8M") for rw in ("randread", "randwrite") for depth in (1, 32)]
# name: (whose xl, backendtype, parameters of the guest's xen-blkfront[, the disk])
COLUMNS = {
    "blkback": ("xenolith", "phy", ""),
    "xenolith": ("xenolith", "xenolith", ""),
    "qdisk": ("stock", "qdisk", ""),
    "blkback-file": ("xenolith", "phy", "", FILE),
    "xenolith-file": ("xenolith", "xenolith", "", FILE),
    "qdisk-file": ("stock", "qdisk", "", FILE),
    "blkback-copy": ("xenolith", "phy", "feature_persistent=0"),
    "xenolith-copy": ("xenolith", "xenolith", "feature_persistent=0"),
    "xenolith-11": ("xenolith", "xenolith", "max_indirect_segments=0"),
    "xenolith-ring4": ("xenolith", "xenolith", "max_ring_page_order=2"),
    "xenolith-2q": ("xenolith", "xenolith", "max_queues=2"),
}
NOTES = """-file: a raw image on ext4, for blkback by a loop device; -copy: without persistent grants; -11: without
indirect segments, 11 pages at most in a request; -ring4: a ring of 4 pages; -2q: two vCPUs with a queue each"""


def job_name(job):
    return ":".join(str(x) for x in job)


def initramfs(tools):
    """dom0's, with a guest's that runs fio."""
    fio = stock.path("bench", "root", "usr", "bin", "fio")
    watch = stock.compile_c("iowatch", "bench/iowatch.c", ["-static"])
    guest = stock.dom0_initramfs(extra=[("io-init", os.path.join(HERE, "io-init"))], programs=[("bin/fio", fio)],
                                 tools=False, modules=stock.GUEST_MODULES)
    files, programs = stock.hvm_files() if tools == "stock" else ([], [])
    return stock.dom0_initramfs(files + [("guest/io", guest), ("guest/vmlinux", stock.vmlinux())],
                                programs + [("bin/iowatch", watch)], tools=tools,
                                modules=stock.DOM0_MODULES + ["brd", "crc32c_generic", "ext4"])


def figures(text, jobs):
    """{(job, what): figure} of what iowatch printed."""
    out, start = {}, {}
    for name, rest, dom0 in re.findall(r"io: (\S+) (.*?) dom0 (\d+)", text):
        if rest == "starts":
            start[name] = int(dom0)
        elif name in start:
            kib, iops, ms = (float(x) for x in rest.split())
            amount = int(name.split(":")[3][:-1]) << 20
            ios = amount / (int(name.split(":")[1][:-1]) << 10)
            out[name, "iops"] = iops
            out[name, "mbs"] = kib * 1024 / 1e6
            out[name, "dom0"] = (int(dom0) - start[name]) / ios
    if [j for j in jobs if (job_name(j), "dom0") not in out]:
        raise MachineError("fio's figures are not complete:\n%s" % text)
    return out


def run(m, name, jobs):
    """One guest with one back end."""
    _, backend, front, disk = (COLUMNS[name] + (DISK,))[:4]
    print("bench: %s on %s ..." % (name, m.hv), file=sys.stderr, flush=True)
    extra = "console=hvc0 quiet norandmaps random.trust_cpu=on rdinit=/io-init front=%s io=%s" % (
        front.replace(" ", ","), ",".join(job_name(j) for j in jobs))
    m.put("/run/%s.cfg" % name, "\n".join((
        'name="%s"' % name, 'kernel="/guest/vmlinux"', 'ramdisk="/guest/io"', "memory=512",
        "vcpus=%d" % (2 if "queues=2" in front else 1), 'extra="%s"' % extra,
        'disk=["format=raw,backendtype=%s,vdev=xvda,access=rw,target=%s"]' % (backend, disk))) + "\n")
    m.ok("xl create -q /run/%s.cfg" % name, 300)
    text, status = m.run("iowatch %s 900" % scenario.LOG % name, 1800)
    if status or "FAIL" in text:
        raise MachineError("%s: %s\n%s" % (name, text, m.run("tail -n 20 %s" % scenario.LOG % name)[0]))
    m.wait_domain_gone(name, 60)
    return figures(text, jobs)


def machine(hv, tools, names, jobs, wall):
    """{column: figures} of all that this choice of tools serves."""
    devices = ["-cpu", "max,-smap,-erms,-fsrm"]     # a byte string instruction would count each byte
    with tempfile.NamedTemporaryFile() as empty, \
            Machine(hv=hv, smp=1, mem=3072, dom0_mem=1536, initrd=initramfs(tools), icount=not wall,
                    devices=devices + ["-drive", "file=%s,format=raw,if=virtio" % empty.name],
                    dom0_args="norandmaps random.trust_cpu=on") as m:
        subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=0", empty.name, "64M"], check=True)
        m.boot(timeout=600)
        m.ok("modprobe brd rd_nr=2 rd_size=65536 && dd if=/dev/urandom of=%s bs=1M count=64 2>&1" % DISK, 300)
        m.ok("for i in virtio_pci virtio_blk crc32c_generic ext4; do modprobe $i; done; mkdir /disk; "
             "until [ -b /dev/vda ]; do sleep 0.1; done; dd if=/dev/vda of=%s bs=1M 2>&1 && mount -t ext4 %s /disk && "
             "dd if=%s of=%s bs=1M count=48 2>&1 && sync" % (FILE_SYSTEM, FILE_SYSTEM, DISK, FILE), 300)
        return {n: run(m, n, jobs) for n in names}


def table(columns, jobs):
    out = []
    for what, title in (("iops", "I/Os a second"), ("mbs", "MB/s"), ("dom0", "dom0's CPU time for an I/O, ns")):
        out.append("%-22s" % title + "".join("%15s" % n for n in columns))
        for job in jobs:
            row = [c.get((job_name(job), what)) for c in columns.values()]
            out.append("%-22s" % ("%s %s, depth %d" % job[:3]) +
                       "".join("%15s" % ("{:,.0f}".format(v) if v is not None else "-") for v in row))
        out.append("")
    return "\n".join(out) + NOTES


def main():
    p = options.parser(__doc__, COLUMNS)
    p.add_argument("--jobs", default="", help="only jobs whose name has this in it, e.g. randread:4k:1")
    args = options.parse(p, COLUMNS)
    jobs = [j for j in JOBS if args.jobs in job_name(j)]
    columns = {}
    try:
        for tools in ("xenolith", "stock"):
            mine = [n for n in args.only if COLUMNS[n][0] == tools]
            if mine:
                columns.update(machine(args.hv, tools, mine, jobs, args.wall))
    except (MachineError, stock.StockError) as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print("%s, %s" % (args.hv, "free-running emulation" if args.wall else "in instructions (one is one ns)"))
    print(table({n: columns[n] for n in args.only}, jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
