# SPDX-License-Identifier: GPL-2.0-or-later
"""PV guests under the stock tools: life cycle, console, I/O, memory, crashes, bad input."""

import re
import time

import pytest

import scenario


@pytest.mark.quick
def test_linux_guest_disk_and_network(host, no_leak):
    sums = scenario.prepare_io(host)
    scenario.create(host, "io", scenario.linux_config("io", "io", disk="/run/disk", net=True))
    scenario.check_io(host, "io", sums)
    host.wait_domain_gone("io")


@pytest.mark.quick
def test_guest_console_is_interactive(host, no_leak):
    scenario.create(host, "con", scenario.linux_config("con", vcpus=2))
    scenario.wait_console(host, "con", "guest: ready")
    host.send("1 xl console con </dev/hvc0\n")
    host.send("\n")
    host.expect(["/root # "], 30)
    host.send("echo $((6 * 7))-$(nproc)-$(uname -r)\n")
    host.expect([r"42-2-6\.1\.\S+"], 30)
    host.send("\x1d")
    host.expect(["@1@0@"], 30)


@pytest.mark.quick
def test_pause_and_unpause(host, no_leak):
    scenario.create(host, "spin", scenario.tiny_config("spin", "s"))
    host.ok("xl pause spin")
    assert "p" in host.domains()["spin"][3]
    used = cpu_seconds(host, "spin")
    host.ok("sleep 2")
    assert cpu_seconds(host, "spin") - used < 0.3
    host.ok("xl unpause spin; sleep 2")
    assert cpu_seconds(host, "spin") - used > 0.3


def cpu_seconds(m, name):
    return float(m.ok("xl list %s" % name).splitlines()[1].split()[-1])


@pytest.mark.quick
@pytest.mark.parametrize("mode", ["c", "t"])
def test_crash_of_a_tiny_guest_is_reported(host, no_leak, mode):
    out = host.ok("true")
    host.put("/run/crash.cfg", scenario.tiny_config("crash", mode, on_crash='"preserve"'))
    out = host.ok("timeout 30 xl create -F /run/crash.cfg 2>&1; true", 60)
    assert "reason code 3" in out
    assert "c" in host.domains()["crash"][3]
    host.ok("xl destroy crash")


@pytest.mark.quick
def test_cpuid_turns_features_off(host, no_leak):
    scenario.check_levelled(host, "cpu", scenario.linux_config("cpu", "cpu", cpuid=scenario.LEVELLED))


def test_kernel_panic_of_a_linux_guest_is_reported(host, no_leak):
    host.put("/run/panic.cfg", scenario.linux_config("panic", on_crash='"destroy"'))
    host.ok("xl create -q /run/panic.cfg", 120)
    scenario.wait_console(host, "panic", "guest: ready")
    host.send("2 xl console panic </dev/hvc0\n")
    host.send("\n")
    host.expect(["/root # "], 30)
    host.send("echo c >/proc/sysrq-trigger\n")
    host.expect(["@2@"], 60, deadly=False)
    host.wait_domain_gone("panic")
    assert "reason code 3" in host.ok("cat /var/log/xen/xl-panic.log")


@pytest.mark.quick
def test_guest_powers_itself_off(host, no_leak):
    host.put("/run/off.cfg", scenario.tiny_config("off", "p"))
    assert "reason code 0" in host.ok("timeout 30 xl create -F /run/off.cfg 2>&1", 60)
    assert "off" not in host.domains()


def test_ballooning_down_and_up(host, no_leak):
    scenario.create(host, "bal", scenario.linux_config("bal", memory=160, maxmem=160))
    scenario.wait_console(host, "bal", "guest: ready")
    start = int(host.ok("free_pages"))
    host.ok("xl mem-set bal 112")
    wait_memory(host, "bal", 112)
    gained = int(host.ok("free_pages")) - start
    assert abs(gained - 48 * 256) <= 512, gained
    host.ok("xl mem-set bal 152")
    wait_memory(host, "bal", 152)
    assert host.run("xl mem-set bal 100000 2>&1")[1] != 0


def wait_memory(m, name, mib):
    for _ in range(100):
        now = m.domains()[name][1]
        if abs(now - mib) <= 1:
            return
        m.ok("sleep 0.2")
    pytest.fail("%s is at %d MiB, not %d" % (name, now, mib))


def test_dom0_balloons_down_and_up(host):
    host.ok("xl mem-set 0 900")
    wait_memory(host, "Domain-0", 900)
    host.ok("xl mem-set 0 1000")
    wait_memory(host, "Domain-0", 1000)


def test_orderly_shutdown_by_the_tools(host, no_leak):
    scenario.create(host, "sd", scenario.linux_config("sd"))
    scenario.wait_console(host, "sd", "guest: ready")
    host.ok("xl shutdown sd")
    host.wait_domain_gone("sd")


@pytest.mark.quick
def test_spinning_guests_do_not_starve_dom0(host, no_leak):
    for i in range(4):
        scenario.create(host, "s%d" % i, scenario.tiny_config("s%d" % i, "s"))
    start = time.time()
    for _ in range(5):
        host.ok("xl list >/dev/null")
    assert time.time() - start < 90
    used = [cpu_seconds(host, "s%d" % i) for i in range(4)]
    host.ok("sleep 4")
    gained = [cpu_seconds(host, "s%d" % i) - u for i, u in enumerate(used)]
    assert min(gained) > 0.3, gained
    assert max(gained) < 4 * min(gained), gained


def test_twenty_guests(host, no_leak):
    for i in range(20):
        host.put("/run/n.cfg", scenario.tiny_config("n%d" % i))
        host.ok("xl create -qe /run/n.cfg", 120)
    names = set(host.domains())
    assert names == {"Domain-0"} | {"n%d" % i for i in range(20)}
    host.ok("for i in $(seq 0 19); do xl destroy n$i || exit 1; done", 180)
    assert set(host.domains()) == {"Domain-0"}


@pytest.mark.slow
def test_five_linux_guests_at_once_on_the_network(initrd):
    from conftest import machine
    m = machine("big", smp=1, mem=3072, dom0_mem=1536, initrd=initrd)
    for i in range(5):
        m.put("/run/l.cfg", scenario.linux_config("l%d" % i, memory=96, net=True, number=i + 1))
        out, status = m.run("xl create -qe /run/l.cfg 2>&1", 240)
        assert status == 0, "guest %d: %d %s\n%s" % (i, status, out, m.run("free -m; dmesg | tail -20")[0])
    for i in range(5):
        scenario.wait_console(m, "l%d" % i, "guest: ready", 300)
    for i in range(5):
        m.ok("ping -c 1 -W 20 10.9.1.%d >/dev/null" % (i + 1), 60)
    m.ok("for i in $(seq 0 4); do xl destroy l$i || exit 1; done", 300)
    assert set(m.domains()) == {"Domain-0"}


@pytest.mark.slow
def test_fifty_lives_lose_no_frame(solo):
    from conftest import settled_free_pages
    solo.put("/run/life.cfg", scenario.tiny_config("life"))
    cycle = "xl create -qe /run/life.cfg && xl destroy life || break; "
    solo.ok("for i in 1 2 3; do %s done" % cycle, 60)
    before = settled_free_pages(solo)
    for _ in range(5):
        done = solo.ok("n=0; for i in 1 2 3 4 5 6 7 8 9 10; do %s n=$i; done; echo $n" % cycle, 240)
        assert done.splitlines()[-1] == "10", done
    after = settled_free_pages(solo, want=before)
    assert after == before, "%d pages lost in 50 lives" % (before - after)
    assert set(solo.domains()) == {"Domain-0"}


BAD_CONFIGS = {
    "impossible memory": (scenario.tiny_config("bad", memory=900000), "memory|allocate"),
    "missing kernel": ('name="bad"\nkernel="/guest/none"\nmemory=8\n', "none|kernel"),
    "kernel without Xen notes": ('name="bad"\nkernel="/bin/busybox"\nmemory=16\n',
                                 "loader|image|kernel"),
    "missing initrd": ('name="bad"\nkernel="/guest/tiny"\nramdisk="/none"\nmemory=8\n',
                       "none|ramdisk"),
    "missing disk": (scenario.tiny_config("bad", disk='["format=raw,vdev=xvda,target=/none"]'),
                     "none|disk|block"),
    "too little memory for the kernel": ('name="bad"\nkernel="/guest/vmlinux"\nmemory=8\n',
                                         "memory|kernel|alloc"),
    "too many vcpus": (scenario.tiny_config("bad", vcpus=9000), "vcpu|cpu"),
}


@pytest.mark.quick
@pytest.mark.parametrize("what", list(BAD_CONFIGS))
def test_bad_configuration_is_refused(host, no_leak, what):
    config, pattern = BAD_CONFIGS[what]
    host.put("/run/bad.cfg", config)
    out, status = host.run("xl create -q /run/bad.cfg 2>&1", 60)
    assert status != 0
    assert re.search(pattern, out, re.I), out
    assert "bad" not in host.domains()
