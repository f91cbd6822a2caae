#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests that misbehave, alone and in pairs, under stock dom0 and xl.

    hostile.py [--hv xenolith|xen|PATH] [--smp N] [name ...]

After each scenario dom0 must answer and all pages must be back.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.path.insert(0, HERE)

import run as bare                                          # noqa: E402
import scenario                                             # noqa: E402
import stock                                                # noqa: E402
from machine import Machine, MachineError                   # noqa: E402

ELVES = ("pair", "pt-big", "fuzz", "failsafe")


class Failed(Exception):
    pass


def start(m, name, elf, args="", memory=16, vcpus=1, kind="pv"):
    m.put("/run/%s.cfg" % name, "\n".join((
        'type="%s"' % kind, "" if kind == "pv" else 'tsc_mode="native"',
        'name="%s"' % name, 'kernel="/guest/%s.elf"' % elf, "memory=%d" % memory,
        'extra="%s"' % args, "vcpus=%d" % vcpus, 'on_poweroff="destroy"', 'on_reboot="destroy"',
        'on_crash="destroy"')) + "\n")
    m.ok("rm -f %s; xl create -q /run/%s.cfg" % (scenario.LOG % name, name), 60)
    out, status = m.run("xl domid " + name)
    return 0 if status else int(out)    # 0: it has ended already


def answers(m, seconds=20):
    """dom0 lives, and xl answers in time (of an emulated machine)."""
    times = []
    for _ in range(3):
        t = time.time()
        m.ok("xl list >/dev/null", 60)
        times.append(time.time() - t)
    print("        xl list took %s s" % " ".join("%.1f" % t for t in times), flush=True)
    if max(times) > seconds:
        raise Failed("dom0 is slow")


def result(m, name):
    text = scenario.wait_console(m, name, "RESULT:", 60)
    if "RESULT: success" not in text:
        raise Failed("%s:\n%s" % (name, text))


def lent(m, other, kinds=("pv", "pv"), **options):
    """A lender, and the borrower `other` with its pages."""
    a = start(m, "lender", "pair", "role=1 peer=%d" % (next_domid(m) + 1), kind=kinds[0])
    port = re.search(r"LENT port=(\d+)", scenario.wait_console(m, "lender", "LENT"))[1]
    args = "".join(" %s=%s" % kv for kv in options.items())
    start(m, other, "pair", "role=2 peer=%d port=%s%s" % (a, port, args), kind=kinds[1])
    return scenario.wait_console(m, other, "BORROWED|RESULT")


def next_domid(m):
    """The number that the next guest gets: they count up."""
    n = start(m, "probe", "pair", "role=4")
    m.ok("xl destroy probe")
    return n + 1


def grants(m, kinds=("pv", "pv")):
    lent(m, "borrower", kinds)
    result(m, "lender")
    result(m, "borrower")


def grants_with_pvh(m):
    grants(m, ("pv", "pvh"))
    grants(m, ("pvh", "pv"))


def pvh_borrower_dies_first(m):
    lent(m, "borrower", ("pvh", "pvh"), hold=1)
    m.ok("xl destroy borrower")
    m.run("xl destroy lender 2>/dev/null")


def lender_dies_first(m):
    lent(m, "borrower", hold=1)
    result(m, "lender")                 # it shuts down while its pages are mapped
    answers(m)
    m.ok("xl destroy borrower")


def borrower_dies_first(m):
    lent(m, "borrower", hold=1)
    m.ok("xl destroy borrower")
    m.run("xl destroy lender 2>/dev/null")


def event_storm(m):
    a = start(m, "storm0", "pair", "role=3 peer=%d" % (next_domid(m) + 1))
    port = re.search(r"STORM port=(\d+)", scenario.wait_console(m, "storm0", "STORM"))[1]
    start(m, "storm1", "pair", "role=3 peer=%d port=%s" % (a, port))
    scenario.wait_console(m, "storm1", "STORM")
    answers(m)
    m.ok("xl destroy storm0; xl destroy storm1")


def spinning(m):
    for i in range(3):
        start(m, "spin%d" % i, "pair", "role=4", vcpus=4)
    for i in range(3):
        scenario.wait_console(m, "spin%d" % i, "SPIN")
    answers(m)
    m.ok("for i in 0 1 2; do xl destroy spin$i; done", 60)


def destroyed_within_a_pin(m):
    rnd = random.Random(1)
    for i in range(6):
        start(m, "big%d" % i, "pt-big", "forever=1", memory=32)
        scenario.wait_console(m, "big%d" % i, "pin [0-9]+ us|FAIL|RESULT")
        time.sleep(rnd.random())
        m.ok("xl destroy big%d" % i, 60)


def destroyed_within_hypercalls(m):
    rnd = random.Random(2)
    for i in range(6):
        start(m, "fuzz%d" % i, "fuzz", "rounds=100000000 seed=%d" % (100 + i))
        time.sleep(0.3 + rnd.random())
        m.run("xl destroy fuzz%d" % i, 60)


def no_stack_for_the_failsafe_callback(m):
    start(m, "fs", "failsafe", "stack=1", vcpus=2)
    m.wait_domain_gone("fs")


SCENARIOS = (grants, grants_with_pvh, lender_dies_first, borrower_dies_first, pvh_borrower_dies_first,
             event_storm, spinning, destroyed_within_a_pin, destroyed_within_hypercalls,
             no_stack_for_the_failsafe_callback)


def settled_pages(m, want=None):
    for _ in range(40):
        n = int(m.ok("free_pages"))
        if want is None or n >= want:
            return n
        time.sleep(0.25)
    return n


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ap.add_argument("--hv", default="xenolith")
    ap.add_argument("--smp", type=int, default=2)
    ap.add_argument("names", nargs="*")
    a = ap.parse_args()
    if subprocess.run(["make", "-s", "-C", HERE], check=False).returncode:
        sys.exit("hostile.py: the guests do not build")
    extra = [("guest/%s.elf" % e, os.path.join(bare.GUESTS, e + ".elf")) for e in ELVES]
    tool = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    initrd = scenario.initramfs(extra=extra, programs=[("bin/free_pages", tool)])
    passed = failed = 0
    with Machine(hv=a.hv, smp=a.smp, mem=1024, dom0_mem=512, initrd=initrd) as m:
        m.boot()
        grants(m)                       # the tools and dom0 keep some memory of the first guests
        for s in SCENARIOS:
            if a.names and s.__name__ not in a.names:
                continue
            try:
                # dom0's own tables grow once for as many guests: only what is lost again is lost.
                for _ in range(2):
                    before = settled_pages(m)
                    s(m)
                    answers(m)
                    lost = before - settled_pages(m, before)
                    if lost <= 0:
                        break
                if lost > 0:
                    raise Failed("%d pages are lost each time" % lost)
                print("success %s" % s.__name__, flush=True)
                passed += 1
            except (Failed, MachineError) as e:
                print("failure %s: %s" % (s.__name__, e), flush=True)
                failed += 1
                for name in [n for n in m.domains() if n != "Domain-0"]:
                    m.run("xl destroy %s" % name)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
