# SPDX-License-Identifier: GPL-2.0-or-later
"""Hardware guests on Intel's VT-x with EPT, which only Bochs emulates."""

import os
import subprocess

import pytest

import bochs
import stock

pytestmark = pytest.mark.skipif(not bochs.available(), reason="needs bochs and grub-mkrescue")


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_pvh_guest_lives_and_ends_on_vt_x(hv, cpus):
    """tests/guest/pvh builds it: long mode, hypercalls, exception, timer interrupt, debug and task registers."""
    subprocess.run(["make", "-s", "-C", os.path.join(stock.TOP, "tests", "guest")], check=True)
    text = bochs.run(os.path.join(stock.BUILD, "guest", "pvh.elf"), until="RESULT: ", hv=hv, cpus=cpus)
    if hv == "xenolith" and "hardware guests:" not in text:
        pytest.skip("this build offers no hardware guests yet")
    if hv == "xenolith":
        assert "hardware guests: VT-x with nested paging" in text
    assert "RESULT: success" in text, text[-3000:]
