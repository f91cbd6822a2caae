#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Third part of `make bench`: what a hardware guest's exits cost, on Xen 4.17 and on Xenolith.

tests/guest/pvh with exits=1 measures them by the TSC; under QEMU's -icount that counts
instructions.  AMD-V in QEMU: entry and exit themselves count as one, and nothing says how long an instruction
is or that the TSC is invariant, so Xen seems to decode each exit's instruction and emulates RDTSC.
The device model is the control domain, a few lines that answer at once: what is measured is the way there and back.

With --vt-x in Bochs, whose TSC counts instructions by itself.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import bochs  # noqa: E402
import stock  # noqa: E402
from machine import Machine, MachineError  # noqa: E402

KERNEL = os.path.join(stock.BUILD, "guest", "pvh.elf")


def rows(text):
    return dict(re.findall(r"exits: (.*) = (\d+)", text))


def vt_x_column(hv):
    return rows(bochs.run(KERNEL, until="RESULT: success", hv=hv, kernel_args="exits=1"))


def column(hv):
    with Machine(hv=hv, mem=256, dom0_mem=64, kernel=KERNEL, kernel_args="exits=1", initrd=KERNEL,
                 icount=True) as m:
        m.start()
        m.expect(["RESULT: success"], 200)
        return rows(m.child.before)


def main():
    subprocess.run(["make", "-s", "-C", os.path.join(stock.TOP, "tests", "guest")], check=True)
    measure = vt_x_column if "--vt-x" in sys.argv[1:] else column
    try:
        xen, ours = measure("xen"), measure("xenolith")
    except (MachineError, stock.StockError) as e:
        print("bench: FAILED: %s" % e, file=sys.stderr)
        return 1
    print("%-42s%16s%16s%10s" % ("exits, instructions", "xen", "xenolith", "ratio"))
    for row, theirs in xen.items():
        print("%-42s%16s%16s%10.2f" % (row, theirs, ours[row], int(ours[row]) / int(theirs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
