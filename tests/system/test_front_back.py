# SPDX-License-Identifier: GPL-2.0-or-later
"""pvdrivers' front ends against all back ends: xen-blkback, QEMU's, our process; xen-netback with large packets;
QEMU's keyboard.

Four minutes for each way of TOOLS= and HV=, so not in a full run: check.py front-back.  Needs fetch.sh --hvm.
"""

import re

import pytest

import scenario
import stock
from conftest import machine, settled_free_pages, warm
from test_frontends import config, front_ends


@pytest.fixture
def dom0():
    files, programs = stock.hvm_files()
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    send_keys = stock.compile_c("send_keys", "tools/send_keys.c", ["-static"])
    initrd = scenario.initramfs(extra=stock.guest_elves() + files, programs=programs +
                                [("bin/free_pages", free_pages), ("bin/send_keys", send_keys)])
    return warm(machine("front-back", smp=2, mem=2048, dom0_mem=1024, initrd=initrd))


@pytest.mark.slow
@pytest.mark.parametrize("back", ["phy", "xenolith"] if stock.TOOLS == "xenolith" else ["phy", "qdisk"])
def test_each_back_end(dom0, back):
    text = front_ends(dom0, [back])
    if back != "phy":
        return
    assert "persistent 1" in text and "2 queues" in text, text


@pytest.mark.slow
def test_in_a_pvh_guest(dom0):
    front_ends(dom0, ["phy"], kind="pvh")


@pytest.mark.slow
def test_no_page_is_lost(dom0):
    front_ends(dom0, ["phy"])
    before = settled_free_pages(dom0)
    front_ends(dom0, ["phy"])
    assert settled_free_pages(dom0, want=before) == before


@pytest.mark.slow
def test_large_packets_and_a_second_life(dom0):
    assert "queues 2" in front_ends(dom0, ["phy"], lives=2, jumbo=True)


@pytest.mark.slow
@pytest.mark.skipif(stock.TOOLS == "xenolith", reason="our xl refuses vfb=")
@pytest.mark.parametrize("kind", ["pv", "pvh"])
def test_keys_of_qemus_keyboard(dom0, kind):
    name = "keys-" + kind
    scenario.create(dom0, name, config(name, "frontends", [], "keys=28", kind) + 'vfb=["vnc=1,vncunused=1"]\n')
    scenario.wait_console(dom0, name, "keyboard: ready|RESULT")
    dom0.ok("send_keys /run/xen/qmp-libxl-%s a left ret" % dom0.ok("xl domid " + name).strip())
    text = scenario.wait_console(dom0, name, "RESULT")
    assert "RESULT: success" in text, text
    assert re.findall(r"key (\d+ \w+)", text) == ["30 down", "30 up", "105 down", "105 up", "28 down", "28 up"], text
    dom0.wait_domain_gone(name)
