# SPDX-License-Identifier: GPL-2.0-or-later
"""The stock tools' views of the host, and the scheduler's controls."""

import re

import pytest

import scenario

pytestmark = pytest.mark.quick


def test_identity_is_what_the_tools_insist_on(host):
    assert host.ok("cat /sys/hypervisor/type") == "xen"
    assert host.ok("cat /sys/hypervisor/version/major /sys/hypervisor/version/minor").split() \
        == ["4", "17"]
    caps = host.ok("cat /sys/hypervisor/properties/capabilities")
    assert "xen-3.0-x86_64" in caps.split()
    assert host.ok("cat /proc/xen/capabilities") == "control_d"


def test_debian_wrapper_finds_its_tools(host):
    assert "Domain-0" in host.ok("/usr/sbin/xl list")


def test_list_shows_dom0(host):
    table = host.domains()
    number, mem, vcpus, state = table["Domain-0"]
    assert (number, vcpus) == (0, 2)
    assert 1000 <= mem <= 1024
    assert state[0] == "r"


def test_info_agrees_with_the_machine(host):
    info = dict(re.findall(r"^(\w+)\s*: (.*)$", host.ok("xl info"), re.M))
    assert info["nr_cpus"] == "2"
    assert info["xen_version"].startswith("4.17")
    assert info["xen_scheduler"] == "credit2"
    assert 2000 <= int(info["total_memory"]) <= 2048
    assert 700 <= int(info["free_memory"]) <= 1024
    assert "pv" in info["virt_caps"].split()
    assert info["platform_params"] == "virt_start=0xffff800000000000"
    assert "dom0_mem" in info["xen_commandline"]


def test_dmesg_has_the_boot_log(host):
    log = host.ok("xl dmesg")
    assert len(log.splitlines()) > 5
    assert "dom0" in log.lower()


def test_clearing_dmesg(host):
    host.ok("xl dmesg -c >/dev/null")
    assert len(host.ok("xl dmesg").splitlines()) < 5


def test_vcpu_list_and_uptime(host):
    lines = host.ok("xl vcpu-list").splitlines()[1:]
    assert [x.split()[:3] for x in lines] == [["Domain-0", "0", "0"], ["Domain-0", "0", "1"]]
    assert re.search(r"Domain-0\s+0\s+0:0\d:\d\d", host.ok("xl uptime"))


def test_vcpu_pin(host):
    host.ok("xl vcpu-pin 0 1 0")
    line = host.ok("xl vcpu-list 0").splitlines()[2].split()
    assert line[3] == "0" and line[6] == "0"
    host.ok("xl vcpu-pin 0 1 all all")
    assert host.ok("xl vcpu-list 0").splitlines()[2].split()[6] == "all"


def test_pinning_to_a_missing_cpu_is_refused(host):
    out, status = host.run("xl vcpu-pin 0 0 7 2>&1")
    assert status != 0, out


def test_sched_credit2_weight_and_cap(host, no_leak):
    scenario.create(host, "w", scenario.tiny_config("w"))
    host.ok("xl sched-credit2 -d w -w 512 -c 50")
    assert host.ok("xl sched-credit2 -d w").splitlines()[-1].split()[-2:] == ["512", "50"]
    out, status = host.run("xl sched-credit2 -d w -w 70000 2>&1")
    assert status != 0, out
    assert host.ok("xl sched-credit2 -d w").splitlines()[-1].split()[-2:] == ["512", "50"]


def test_cpupool_and_topology(host):
    assert re.search(r"Pool-0\s+2\s+credit2\s+y\s+1", host.ok("xl cpupool-list"))
    assert len(re.findall(r"^\s+\d:\s+\d+", host.ok("xl info -n"), re.M)) >= 2


def test_debug_key_help_reaches_the_log(host):
    host.ok("xl debug-keys h")
    assert "key" in host.ok("xl dmesg").lower()


def test_store_answers(host):
    host.ok("xenstore-write /test/a one /test/b two")
    assert host.ok("xenstore-ls /test").split() == ["a", "=", '"one"', "b", "=", '"two"']
    host.ok("xenstore-rm /test")
    assert host.run("xenstore-read /test/a 2>/dev/null")[1] != 0


def test_clock_advances_at_the_right_pace(host):
    # dom0's clock against itself read through the store's round trips: no jump, no stop.
    out = host.ok("a=$(cut -d. -f1 /proc/uptime); sleep 3; b=$(cut -d. -f1 /proc/uptime); "
                  "echo $((b - a))")
    assert 2 <= int(out) <= 6
