# SPDX-License-Identifier: GPL-2.0-or-later
"""A PV guest inside a PVH guest: Debian's xen-shim, which asks the ABI of hardware guests for everything.

On the oracle the processor must be a later one than QEMU's default: the shim sets up that one by an MSR
that Xen refuses to its guests, and then idles by MWAIT, which the emulator does not know.
"""

import pytest

import scenario
import stock
from conftest import HV, machine, warm

SHIM = "usr/lib/xen-4.17/boot/xen-shim"
ORACLE = {"hv_args": "cpuidle=0", "devices": ["-cpu", "max,-smap,family=23,model=1,stepping=2"]}


# One CPU: see test_pvh.py.
@pytest.fixture
def host():
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    initrd = scenario.initramfs(extra=[(SHIM, stock.path("root", SHIM))],
                                programs=[("bin/free_pages", free_pages)])
    return warm(machine("shim", smp=1, mem=2048, dom0_mem=1024, initrd=initrd,
                        **(ORACLE if HV == "xen" else {})))


# The shim wants its guest's first memory in one piece: an unpacked kernel takes 128 MiB.
def shim(name, task="", memory=448, **more):
    return scenario.linux_config(name, task, memory=memory, type='"pvh"', tsc_mode='"native"', pvshim=1,
                                 pvshim_path='"/%s"' % SHIM, **more)


def test_disk_network_and_power_off(host, no_leak):
    sums = scenario.prepare_io(host)
    scenario.create(host, "io", shim("io", "io", disk="/run/disk", net=True,
                                     pvshim_extra='"loglvl=all"'))
    scenario.check_io(host, "io", sums, timeout=300)
    text = host.ok("cat /var/log/xen/guest-io.log")
    assert "Command line: pv-shim console=xen,pv loglvl=all" in text
    host.wait_domain_gone("io")


def test_two_vcpus_memory_balloons_and_shutdown(host, no_leak):
    scenario.create(host, "smp", shim("smp", vcpus=2))
    scenario.wait_console(host, "smp", "guest: ready", 200)
    assert host.ok("xl vcpu-list smp | grep -c -- '-b-'") == "2"
    host.ok("xl mem-set smp 384")
    for _ in range(200):
        if host.domains()["smp"][1] <= 420:
            break
        host.ok("sleep 0.2")
    assert host.domains()["smp"][1] <= 420
    host.ok("xl shutdown smp")
    host.wait_domain_gone("smp")


def test_end_of_the_guest_and_of_the_shim(host, no_leak):
    for mode, word in (("p", "0"), ("c", "3")):
        host.put("/run/end.cfg", scenario.tiny_config("end", mode, memory=64, type='"pvh"', pvshim=1,
                                                      tsc_mode='"native"', on_crash='"preserve"'))
        host.ok("xl create -q /run/end.cfg", 120)
        if mode == "p":
            host.wait_domain_gone("end")
    for _ in range(200):
        if "c" in host.domains()["end"][3]:
            break
        host.ok("sleep 0.2")
    assert "c" in host.domains()["end"][3]
    host.ok("xl destroy end")
    host.ok("xl create -q /run/end.cfg", 120)
    host.ok("xl destroy end")


BAD = {
    "no shim": ({"pvshim_path": '"/nowhere"'}, "/nowhere"),
    "not a shim": ({"pvshim_path": '"/guest/initrd"'}, "/guest/initrd"),
    "kernel is none": ({"kernel": "initrd"}, "/guest/initrd"),
    "memory too little": ({"memory": 32}, "missing"),
}


@pytest.mark.skipif(stock.TOOLS == "stock", reason="these messages are our tools'")
@pytest.mark.parametrize("what", list(BAD))
def test_refused_with_its_reason(host, no_leak, what):
    more, word = BAD[what]
    text = shim("bad")
    for key, value in more.items():
        text += "%s=%s\n" % (key, '"/guest/%s"' % value if key == "kernel" else value)
    host.put("/run/bad.cfg", text)
    out, status = host.run("xl create -q /run/bad.cfg 2>&1", 60)
    assert status != 0 and word in out, out
    assert "bad" not in host.domains()
