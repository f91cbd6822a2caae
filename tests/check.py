#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the test parts one after the other and add up what they report.

    check.py [--list] [PART ...]

A part ends with "N passed, N failed", or is pytest's.  A part that says neither, ends badly
with no failure counted, or takes longer than its limit counts as one failed test more.
Later parts run whatever earlier ones did.  The last line is the sum.
"""

import collections
import os
import re
import selectors
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PY = "/usr/bin/python3"
Part = collections.namedtuple("Part", "name limit about argv default")

# One more try: a busy host can starve an emulator past any reasonable wait.  It shows as R.
SYSTEM = [PY, "-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider", "--reruns", "1", "--durations", "20"]
OWN_TOOLS = ["env", "TOOLS=xenolith"]
NOT_HERE = ("xl", "shim", "hvm", "media", "grub", "32bit", "vmx_long", "front_back")       # in parts of their own
HARDWARE = ["tests/system/test_%s.py" % t for t in ("pvh", "shim", "hvm", "media", "grub", "32bit")]

# Seconds of wall clock are for a loaded machine with two cores.
PARTS = [
    Part("build", 300, "hypervisor, its debug build, guests and tools compile",
         ["make", "--no-print-directory", "-j2", "hyp", "debug", "guests", "tools"], True),
    Part("abi", 240, "hypercall-abi against Debian's libxen-dev", ["sh", "tests/abi/run.sh"], True),
    Part("lint", 120, "layers, sizes, licences", [PY, "tests/lint/lint.py"], True),
    Part("unit", 600, "modules on the host, with sanitizers",
         ["make", "--no-print-directory", "-C", "tests/unit", "check"], True),
    Part("fuzz", 420, "a few seconds for each parser of untrusted input",
         ["make", "--no-print-directory", "-C", "tests/fuzz", "short"], True),
    Part("tools", 600, "the toolstack's parts on the host, with sanitizers",
         ["make", "--no-print-directory", "-C", "tests/tools", "check"], True),
    Part("tools-fuzz", 600, "a few seconds for each of the toolstack's parsers",
         ["make", "--no-print-directory", "-C", "tests/tools/fuzz", "short"], True),
    Part("pvdrivers", 600, "PV drivers, both ends on the host; their ring as a model",
         ["make", "--no-print-directory", "-C", "tests/pvdrivers", "check"], True),
    Part("guest", 600, "small PV kernels, as the control domain", [PY, "tests/guest/run.py"], True),
    Part("guest-debug", 600, "the same on the build with assertions",
         [PY, "tests/guest/run.py", "--hv", "build/hyp-debug/xenolith"], True),
    Part("domu", 600, "small PV kernels, as guests of stock dom0", [PY, "tests/guest/domu.py"], True),
    Part("hostile", 600, "guests that misbehave, alone and in pairs",
         [PY, "tests/guest/hostile.py"], True),
    Part("system", 2300, "stock Debian as dom0 and guests",
         SYSTEM + sum((["--ignore", "tests/system/test_%s.py" % t] for t in NOT_HERE), []) +
         ["tests/system"], True),
    Part("toolstack", 1500, "the toolstack in dom0, guests under it",
         OWN_TOOLS + SYSTEM + ["-m", "quick", "tests/system/test_guests.py"] + HARDWARE, True),
    # By name: with it, two cores need more than forty minutes for all.
    Part("xl", 1200, "our xl prints and does what Debian's does",
         SYSTEM + ["tests/system/test_xl.py"], False),
    Part("front-back", 900, "our front ends against the kernel's and QEMU's back ends",
         SYSTEM + ["tests/system/test_front_back.py"], False),
    Part("front-back-own", 900, "... against the kernel's and ours",
         OWN_TOOLS + SYSTEM + ["tests/system/test_front_back.py"], False),
    Part("hvm", 3600, "PVH and HVM guests under our toolstack",
         OWN_TOOLS + SYSTEM + HARDWARE, False),
    Part("vt-x", 3600, "Debian's tools, and Linux from a disk in an HVM guest on VT-x, in Bochs",
         SYSTEM + ["tests/system/test_vmx_long.py"], False),
    Part("oracle-hvm", 3600, "PVH and HVM guests on Debian's Xen",
         OWN_TOOLS + ["HV=xen"] + SYSTEM + HARDWARE, False),
    Part("oracle", 900, "small PV kernels on Debian's Xen",
         [PY, "tests/guest/run.py", "--hv", "xen"], False),
    Part("oracle-domu", 900, "the same as guests on Debian's Xen",
         [PY, "tests/guest/domu.py", "--hv", "xen"], False),
    Part("oracle-tools", 1800, "our toolstack in dom0 on Debian's Xen",
         OWN_TOOLS + ["HV=xen"] + SYSTEM + ["tests/system/test_guests.py",
                                            "tests/system/test_tools.py",
                                            "tests/system/test_toolstack.py"], False),
]
NEEDS_BUILD = ("lint", "guest", "domu", "hostile", "system", "toolstack", "xl", "hvm", "vt-x", "front", "oracle")
SUM = re.compile(r"^(\d+) passed, (\d+) failed\s*$", re.M)
PYTEST = re.compile(r"^=+ (.*(?:passed|failed|error).*) in [\d.]+s.*=+\s*$", re.M)


def count(text, status, late):
    """(passed, failed) of a part's output."""
    found = SUM.findall(text)
    of_pytest = PYTEST.findall(text)
    if found:
        passed, failed = map(int, found[-1])
    elif of_pytest:
        numbers = {k: int(n) for n, k in re.findall(r"(\d+) (passed|failed|error)",
                                                    of_pytest[-1])}
        passed = numbers.get("passed", 0)
        failed = numbers.get("failed", 0) + numbers.get("error", 0)
    elif late:
        # Cut off before its sum: what pytest said line by line still counts.
        passed = len(re.findall(r" PASSED ", text))
        failed = len(re.findall(r" (?:FAILED|ERROR) ", text))
    else:
        passed, failed = (1, 0) if status == 0 else (0, 0)
    if late or (status != 0 and failed == 0):
        failed += 1
    return passed, failed


def end_group(child):
    """End the part and what it started; a terminal's programs get SIGHUP from its end."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sig)
            child.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


def run(part):
    """Run one part, showing its output as it comes; (passed, failed)."""
    print("=== %s: %s" % (part.name, part.about), flush=True)
    start, out = time.monotonic(), []
    child = subprocess.Popen(part.argv, cwd=TOP, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=dict(os.environ, PYTHONUNBUFFERED="1"), start_new_session=True)
    late = False
    with selectors.DefaultSelector() as sel:
        sel.register(child.stdout, selectors.EVENT_READ)
        while True:
            left = start + part.limit - time.monotonic()
            if left <= 0:
                late = True
                break
            if sel.select(min(left, 5)):
                chunk = os.read(child.stdout.fileno(), 65536)
                if not chunk:
                    break
                out.append(chunk)
                sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
            elif child.poll() is not None:
                break       # something it left behind holds the pipe
    if late:
        print("\n%s: not done after %d s" % (part.name, part.limit))
        end_group(child)
    status = child.wait()
    passed, failed = count(b"".join(out).decode(errors="replace"), status, late)
    print("=== %s: %d passed, %d failed, %d s\n" %
          (part.name, passed, failed, time.monotonic() - start), flush=True)
    return passed, failed


def main():
    if sys.argv[1:] == ["--list"]:
        for p in PARTS:
            print("  %-12s %s%s" % (p.name, p.about, "" if p.default else " (only when named)"))
        return 0
    names = sys.argv[1:] or [p.name for p in PARTS if p.default]
    unknown = [n for n in names if n not in [p.name for p in PARTS]]
    if unknown:
        sys.exit("check.py: no part named %s; --list shows them" % ", ".join(unknown))
    if any(n.startswith(NEEDS_BUILD) for n in names):
        names.append("build")
    start = time.monotonic()
    results = [(p.name,) + run(p) for p in PARTS if p.name in names]
    for name, passed, failed in results:
        print("%-12s %5d passed %5d failed" % (name, passed, failed))
    print("wall time: %d s" % (time.monotonic() - start))
    passed, failed = (sum(r[i] for r in results) for i in (1, 2))
    print("%d passed, %d failed" % (passed, failed), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
