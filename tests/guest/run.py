#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the guest tests, each as the control domain's kernel, straight under a hypervisor in QEMU.

    run.py [--hv PATH|xen] [--jobs N] [-v] [name ...]

--hv xen is the oracle: Debian's Xen 4.17.  A name may carry arguments for the
guest: "fuzz seed=7".  The first comment of a test may say "vcpus: N" or
"limit: SECONDS", and "run: ARGUMENTS" once or more for a full run; "timing: 1"
grants a second try.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import select
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GUESTS = os.path.join(ROOT, "build", "guest")
LIMIT = 20
OUTCOMES = ("success", "failure", "error", "skip")
ENDS = "if the domain ends here"


def oracle():
    """Path of Debian's Xen, fetched by package name when it is not there."""
    shared = os.path.join(ROOT, "build", "stock", "xen")
    if os.path.exists(shared):
        return shared
    out = os.path.join(ROOT, "build", "oracle")
    path = os.path.join(out, "xen")
    if not os.path.exists(path):
        os.makedirs(out, exist_ok=True)
        subprocess.run(["apt-get", "-q", "download", "xen-hypervisor-4.17-amd64"], cwd=out,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deb = glob.glob(os.path.join(out, "xen-hypervisor-4.17-amd64_*.deb"))[0]
        subprocess.run(["dpkg-deb", "-x", deb, out], check=True)
        with open(path, "wb") as f:
            subprocess.run(["gunzip", "-c", os.path.join(out, "boot/xen-4.17-amd64.gz")],
                           stdout=f, check=True)
    return path


def header(name, key, default):
    """A number from the test's first comment, such as "vcpus: 2"."""
    with open(os.path.join(HERE, name, "main.c"), encoding="utf-8") as f:
        found = re.search(key + r": (\d+)", f.read(1500))
    return int(found.group(1)) if found else default


def variants(name):
    """What a full run does with a test: itself, or once for each "run:" line of its comment."""
    with open(os.path.join(HERE, name, "main.c"), encoding="utf-8") as f:
        args = re.findall(r"^ \* run: (.*)$", f.read(1500), re.M)
    return ["%s %s" % (name, x) for x in args] or [name]


def run(hv, is_oracle, spec):
    name, _, args = spec.partition(" ")
    limit = header(name, "limit", LIMIT)
    elf = os.path.join(GUESTS, name + ".elf")
    cmd = ["qemu-system-x86_64", "-display", "none", "-monitor", "none", "-nic", "none",
           "-no-reboot", "-serial", "stdio", "-m", "256",
           "-smp", str(header(name, "vcpus", 1)), "-accel", "tcg",
           "-cpu", "max,-smap" if is_oracle else "max", "-kernel", hv,
           "-append", "console=com1 com1=115200 dom0_mem=64M loglvl=all guest_loglvl=all",
           "-initrd", (elf + " " + args).strip()]
    text, late = watch(cmd, limit)
    found = re.findall(r"^RESULT: (\w+) ?(.*)", text, re.M)
    if not found or found[-1][0] not in OUTCOMES:
        end = "still running after %d s" % limit if late else "ended without a RESULT line"
        return spec, "failure", end, text
    if late and ENDS in found[-1][1]:
        return spec, "failure", "still running after %d s" % limit, text
    return spec, found[-1][0], found[-1][1], text


def watch(cmd, limit):
    """Run @cmd until it ends, has said all it will, or @limit seconds are over: (text, late)."""
    start, out = time.monotonic(), b""
    with subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as p:
        fd = p.stdout.fileno()
        os.set_blocking(fd, False)
        result_at = None
        while True:
            now = time.monotonic()
            select.select([fd], [], [], 0.2)
            chunk = p.stdout.read()
            if chunk:
                out += chunk
            if chunk == b"":
                late = False
                break
            text = out.decode(errors="replace").replace("\r", "")
            last = re.search(r"^RESULT: (?!.*^RESULT: )(.*)\n((?:.|\n)*)", text, re.M)
            if last:
                result_at = result_at or now
                # A test that ends its domain is over when the hypervisor says so.
                over = re.search(r"(?i)halt|crash|reboot|shut ?down|power", last.group(2)) \
                    if ENDS in last.group(1) else now > result_at + 2
                if over:
                    late = False
                    break
            if now > start + limit:
                late = True
                break
        p.kill()
    return out.decode(errors="replace").replace("\r", ""), late


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ap.add_argument("--hv", default=os.path.join(ROOT, "build/hyp/xenolith"))
    ap.add_argument("--jobs", type=int, default=2)
    ap.add_argument("-v", action="store_true", help="the whole console of each test")
    ap.add_argument("names", nargs="*")
    a = ap.parse_args()

    is_oracle = a.hv == "xen"
    hv = oracle() if is_oracle else a.hv
    if not os.path.exists(hv):
        sys.exit("run.py: no hypervisor at %s: build it, or say --hv" % hv)
    if subprocess.run(["make", "-s", "-C", HERE], check=False).returncode:
        sys.exit("run.py: the guests do not build")
    names = a.names
    for p in [] if names else sorted(glob.glob(os.path.join(HERE, "*", "main.c"))):
        names += variants(os.path.basename(os.path.dirname(p)))
    for n in names:
        if not os.path.exists(os.path.join(HERE, n.split()[0], "main.c")):
            sys.exit("run.py: no test named %s" % n)

    def once(spec):
        return run(hv, is_oracle, spec)

    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=a.jobs) as pool:
        for spec, outcome, text, log in pool.map(once, names):
            if outcome not in ("success", "skip") and header(spec.split()[0], "timing", 0):
                # What is measured in time may fail where the emulator gets too little of it.
                print("again   %-24s %s" % (spec, text), flush=True)
                spec, outcome, text, log = once(spec)
            print("%-7s %-24s %s" % (outcome, spec, text), flush=True)
            passed += outcome == "success"
            skipped += outcome == "skip"
            failed += outcome not in ("success", "skip")
            with open(os.path.join(GUESTS, spec.split()[0] + ".log"), "w", encoding="utf-8") as f:
                f.write(log)
            if a.v:
                print(log)
            elif outcome not in ("success", "skip"):
                lines = [x for x in log.splitlines() if "FAIL " in x] or log.splitlines()[-12:]
                print("        " + "\n        ".join(lines[:40]))
    if skipped:
        print("%d skipped" % skipped)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
