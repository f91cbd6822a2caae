#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the guest tests as unprivileged domains under stock dom0 and xl.

    domu.py [--hv xenolith|xen|PATH] [name ...]

One machine for all of them.  A test that means the control domain only says
"domU: no" in its first comment; one that says "pvh: yes" runs as PVH guest, too, which
its argument "type=pvh" tells.  At the end no page may be lost.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.path.insert(0, HERE)

import run as bare                                          # noqa: E402
import scenario                                             # noqa: E402
from machine import Machine, MachineError                   # noqa: E402

LOG = "/var/log/xen/guest-%s.log"


def says(name, words):
    """Whether the test's first comment says this."""
    with open(os.path.join(HERE, name, "main.c"), encoding="utf-8") as f:
        return words in f.read(1500)


def default_names():
    names = []
    for p in sorted(glob.glob(os.path.join(HERE, "*", "main.c"))):
        test = os.path.basename(os.path.dirname(p))
        names += bare.variants(test) if not says(test, "domU: no") else []
    return names + ["%s type=pvh" % n for n in names if says(n.split()[0], "pvh: yes")]


def run_one(m, spec, number):
    """(outcome, text, console) of one test as a guest."""
    test, _, args = spec.partition(" ")
    name = "t%d" % number
    limit = bare.header(test, "limit", bare.LIMIT)
    # QEMU 7.2 reports a hardware guest's RDTSCP wrongly where it is not native.
    kind = 'type="pvh"\ntsc_mode="native"\n' if "type=pvh" in args else ""
    m.put("/run/%s.cfg" % name, kind + "\n".join((
        'name="%s"' % name, 'kernel="/guest/%s.elf"' % test, "memory=48", 'extra="%s"' % args,
        "vcpus=%d" % bare.header(test, "vcpus", 1),
        'on_poweroff="destroy"', 'on_reboot="destroy"', 'on_crash="destroy"')) + "\n")
    out, status = m.run("xl create -q /run/%s.cfg" % name, 60)
    if status:
        return "failure", "xl create: " + out.strip(), ""
    # By the clock: a guest that spins makes each round slow.
    m.run("e=$(($(date +%%s)+%d)); while xl domid %s >/dev/null 2>&1 && [ $(date +%%s) -lt $e ]; "
          "do sleep 0.2; done" % (limit, name), limit * 3 + 60)
    gone = m.run("xl domid %s >/dev/null 2>&1" % name)[1] != 0
    if not gone:
        m.run("xl destroy %s" % name)
    text = m.run("cat " + LOG % name)[0]
    found = re.findall(r"^RESULT: (\w+) ?(.*)", text, re.M)
    if not found or found[-1][0] not in bare.OUTCOMES:
        return "failure", "no RESULT line" if gone else "still running after %d s" % limit, text
    if not gone:
        return "failure", "did not end: " + found[-1][1], text
    return found[-1][0], found[-1][1], text


def free_pages(m):
    time.sleep(1)
    return int(re.search(r"free_memory\s*:\s*(\d+)", m.ok("xl info"))[1])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ap.add_argument("--hv", default="xenolith")
    ap.add_argument("names", nargs="*")
    a = ap.parse_args()
    if subprocess.run(["make", "-s", "-C", HERE], check=False).returncode:
        sys.exit("domu.py: the guests do not build")

    names = a.names or default_names()
    elves = sorted({n.split()[0] for n in names})
    extra = [("guest/%s.elf" % e, os.path.join(bare.GUESTS, e + ".elf")) for e in elves]

    passed = failed = 0
    with Machine(hv=a.hv, mem=1024, dom0_mem=512, initrd=scenario.initramfs(extra=extra)) as m:
        m.boot()
        before = None
        for number, spec in enumerate(names):
            try:
                outcome, text, log = run_one(m, spec, number)
                if outcome not in ("success", "skip") and bare.header(spec.split()[0], "timing", 0):
                    print("again   %-24s %s" % (spec, text), flush=True)
                    outcome, text, log = run_one(m, spec, len(names) + number)
            except MachineError as e:
                print("failure %-24s the host: %s" % (spec, e))
                failed += len(names) - number
                break
            print("%-7s %-24s %s" % (outcome, spec, text), flush=True)
            passed += outcome == "success"
            if outcome not in ("success", "skip"):
                failed += 1
                lines = [x for x in log.splitlines() if "FAIL " in x] or log.splitlines()[-8:]
                print("        " + "\n        ".join(lines[:30]), flush=True)
            # The first guest warms caches of the tools that keep memory.
            if before is None:
                before = free_pages(m)
        else:
            after = free_pages(m)
            print("%s free memory: %d MiB after the first guest, %d MiB after the last" %
                  ("success" if after >= before else "failure", before, after))
            passed += after >= before
            failed += after < before
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
