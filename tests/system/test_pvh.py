# SPDX-License-Identifier: GPL-2.0-or-later
"""PVH guests: the stock kernel by its PVH entry, its devices, its life, what is refused.

With HV=xen TOOLS=xenolith the tools are tested on the oracle.  tsc_mode="native": QEMU 7.2
reports an intercepted RDTSCP wrongly.
"""

import pytest

import scenario
import stock
from conftest import machine, warm
from test_frontends import example

pytestmark = pytest.mark.quick


# One CPU: with two, dom0's programs crash at random on the oracle while a hardware guest runs.
@pytest.fixture
def host(initrd):
    return warm(machine("solo", smp=1, mem=2048, dom0_mem=1024, initrd=initrd))


def pvh(name, task="", **more):
    return scenario.linux_config(name, task, type='"pvh"', tsc_mode='"native"', **more)


def test_disk_network_and_power_off(host, no_leak):
    sums = scenario.prepare_io(host)
    scenario.create(host, "io", pvh("io", "io", disk="/run/disk", net=True))
    scenario.check_io(host, "io", sums)
    host.wait_domain_gone("io")


def test_shutdown_by_the_tools_and_all_vcpus(host, no_leak):
    scenario.create(host, "smp", pvh("smp", vcpus=2))
    text = scenario.wait_console(host, "smp", "guest: ready")
    assert "FAIL" not in text
    host.send("1 xl console smp </dev/hvc0\n")
    host.send("\n")
    host.expect(["/root # "], 30)
    host.send("echo $((6 * 7))-$(nproc)\n")
    host.expect(["42-2"], 30)
    host.send("\x1d")
    host.expect(["@1@0@"], 30)
    host.ok("xl shutdown smp")
    host.wait_domain_gone("smp")


def test_memory_balloons(host, no_leak):
    scenario.create(host, "bal", pvh("bal", memory=192))
    scenario.wait_console(host, "bal", "guest: ready")
    host.ok("xl mem-set bal 128")
    for _ in range(100):
        if host.domains()["bal"][1] <= 140:
            break
        host.ok("sleep 0.2")
    assert host.domains()["bal"][1] <= 140
    host.ok("xl destroy bal")


def test_our_small_guest_reads_a_disk_and_answers_ping(host, no_leak):
    example(host, "pvh")


def test_destroyed_while_it_boots(host, no_leak):
    scenario.create(host, "young", pvh("young"))
    host.ok("xl destroy young")
    assert "young" not in host.domains()


def test_cpuid_turns_features_off(host, no_leak):
    scenario.check_levelled(host, "cpu", pvh("cpu", "cpu", cpuid=scenario.LEVELLED))


BAD = {
    "kernel without an entry": ({"kernel": "tiny"}, "PVH"),
    "nested": ({"nestedhvm": 1}, "nestedhvm"),
    "memory too little": ({"memory": 16}, "missing"),
}


@pytest.mark.skipif(stock.TOOLS == "stock", reason="these messages are our tools'")
@pytest.mark.parametrize("what", list(BAD))
def test_refused_with_its_reason(host, no_leak, what):
    more, word = BAD[what]
    host.put("/run/bad.cfg", pvh("bad", **more))
    out, status = host.run("xl create -q /run/bad.cfg 2>&1", 60)
    assert status != 0 and word in out, out
    assert "bad" not in host.domains()
