# SPDX-License-Identifier: GPL-2.0-or-later
"""Our console daemon under Debian's xl and xenstored, with our viewer (xl console)."""

import hashlib
import os

import pytest

import scenario
import stock
from conftest import machine, warm

DAEMON = "xenconsoled --pid-file=/run/xenconsoled.pid --log=guest --log-dir=/var/log/xen"
LINES = 1500
# Typed into a guest: numbered lines, slow enough for something to happen meanwhile.
COUNT = "stty -opost -echo; i=0; while [ $i -lt %d ]; do echo L$i; i=$((i+1)); done; echo DO''NE"


@pytest.fixture
def host():
    programs = [("usr/bin/ourxl", stock.own_tool("xl")),
                ("bin/free_pages", stock.compile_c("free_pages", "tools/free_pages.c",
                                                   ["-static"]))]
    extra = [("usr/lib/xen-4.17/bin/xenconsoled", stock.own_tool("xenconsoled"))]
    initrd = scenario.initramfs(extra=extra, programs=programs, tools="stock")
    return warm(machine("console", smp=2, mem=1500, dom0_mem=600, initrd=initrd))


def typed(m, guest, line, seconds=3):
    """What the viewer shows for that long after a line was typed."""
    m.put("/run/typed", line + "\n")
    return m.ok("(cat /run/typed; sleep %s; printf '\\035') | ourxl console %s" % (seconds, guest),
                seconds + 60)


def start(m, name):
    scenario.create(m, name, scenario.linux_config(name))
    scenario.wait_console(m, name, "guest: ready")


def restart_daemon(m):
    m.ok("kill -9 $(cat /run/xenconsoled.pid); sleep 0.3; %s" % DAEMON)


def counted(m, name):
    return m.ok("grep -a '^L[0-9]*' /var/log/xen/guest-%s.log | tr -d '\\r' | md5sum" % name)


def test_log_is_complete_and_in_order_though_the_daemon_is_killed(host, no_leak):
    start(host, "one")
    typed(host, "one", COUNT % LINES, 0.5)
    for _ in range(4):
        restart_daemon(host)
        host.ok("sleep 0.5")
    scenario.wait_console(host, "one", "DONE", 120)
    want = hashlib.md5("".join("L%d\n" % i for i in range(LINES)).encode()).hexdigest()
    assert counted(host, "one").split()[0] == want
    assert "uid=0" in typed(host, "one", "id")
    host.ok("xl destroy one")
    out = host.ok("ourxl console one </dev/null 2>&1")
    assert "uid=0" in out and "the domain has ended" in out


def test_flood_of_one_guest_leaves_the_other_its_console(host, no_leak):
    start(host, "flood")
    start(host, "calm")
    typed(host, "flood", "yes flood", 1)
    before = os.times().elapsed
    assert "Q42Q" in typed(host, "calm", "echo Q$((6*7))Q", 3)
    assert os.times().elapsed - before < 60
    size = int(host.ok("stat -c %s /var/log/xen/guest-flood.log"))
    host.ok("sleep 2")
    assert int(host.ok("stat -c %s /var/log/xen/guest-flood.log")) > size
    host.ok("xl destroy flood; xl destroy calm")


def test_terminal_for_other_programs(host, no_leak):
    start(host, "tty")
    host.send("1 xl console tty </dev/hvc0\n")
    host.expect(["guest: ready"], 30)       # the recent output comes to its reader, too
    host.send("\n")
    host.expect(["/root # "], 30)
    host.send("echo $((6 * 7))-$(uname -r)\n")
    host.expect([r"42-6\.1\.\S+"], 30)
    host.send("\x1d")
    host.expect(["@1@0@"], 30)
    host.ok("xl destroy tty")
