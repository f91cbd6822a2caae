# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user sees: `make run` hands over a working dom0, `make demo` proves itself."""

import os
import subprocess
import sys

import pexpect
import pytest

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")


@pytest.mark.slow
def test_run_hands_over_a_dom0_shell_with_a_guest(hv):
    env = dict(os.environ, HV=hv)
    child = pexpect.spawn(sys.executable, [RUN, "run"], env=env, encoding="utf-8",
                          codec_errors="replace", timeout=120)
    try:
        child.expect("Ctrl-a x")
        child.expect("You are root in dom0")
        child.expect("/root # ")
        child.send("xl console guest\n")
        child.expect("guest: ready")
        child.send("\x1d")
        child.expect("/root # ")
        child.send("xl list guest\n")
        child.expect(r"guest\s+1\s+128\s+1")
        child.send("\x01x")
        child.expect(pexpect.EOF, timeout=10)
    finally:
        child.close(force=True)


@pytest.mark.quick
def test_demo_passes(hv):
    r = subprocess.run([sys.executable, RUN, "demo", "--hv", hv], capture_output=True, text=True,
                       timeout=240)
    assert r.returncode == 0, r.stderr[-2000:]
    assert "demo: passed on %s" % hv in r.stdout


@pytest.mark.quick
def test_demo_fails_clearly_without_a_hypervisor():
    r = subprocess.run([sys.executable, RUN, "demo", "--hv", "/no/such/image"],
                       capture_output=True, text=True, timeout=60)
    assert r.returncode == 1
    assert "/no/such/image is missing" in r.stderr
