# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared machines for the system tests.

Booting dom0 takes about 12 s, so tests share a machine where they can: machine(key, ...)
returns a booted one.  A test that fails leaves its machine in doubt; it is ended then, and
the next test that asks for it gets a new one.
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import scenario  # noqa: E402
import stock  # noqa: E402
from machine import Machine  # noqa: E402

HV = os.environ.get("HV", "xenolith")
_shared = {}


def pytest_configure(config):
    for line in ("quick: the few tests that run first", "slow: takes minutes",
                 "xenolith_only: the oracle differs here, the test says how"):
        config.addinivalue_line("markers", line)
    try:
        stock.path("stamp")
        stock.hypervisor(HV)
    except stock.StockError as e:
        pytest.exit("system tests cannot start: %s" % e, returncode=4)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("xenolith_only") and HV == "xen":
            item.add_marker(pytest.mark.skip(reason="Xen 4.17 differs here: see the test"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        close_shared()
        # At once: of one that passes when it runs again, nothing else would say why it failed.
        terminal = item.config.pluginmanager.get_plugin("terminalreporter")
        terminal.write_line("\n%s, %s: %s" % (item.nodeid, report.when, report.longreprtext[-3000:]))


def close_shared(keep=None):
    for key in list(_shared):
        if key != keep:
            _shared.pop(key).close()


def pytest_sessionfinish(session):
    close_shared()


def machine(key, **options):
    """The booted machine for this key; at most one shared machine lives at a time."""
    close_shared(keep=key)
    if key not in _shared:
        m = Machine(hv=HV, **options)
        _shared[key] = m
        m.boot()
    return _shared[key]


@pytest.fixture
def hv():
    return HV


@pytest.fixture
def initrd():
    """dom0 with guests and test programs."""
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    return scenario.initramfs(extra=stock.guest_elves(), programs=[("bin/free_pages", free_pages)])


@pytest.fixture
def host(initrd):
    """The machine most tests share: 2 CPUs, 2 GiB, stock tools running."""
    return warm(machine("host", smp=2, mem=2048, dom0_mem=1024, initrd=initrd))


@pytest.fixture
def solo(initrd):
    """One CPU: the quickest machine for many short commands."""
    return warm(machine("solo", smp=1, mem=2048, dom0_mem=1024, initrd=initrd))


def warm(m):
    """One guest's life: what the first one leaves with dom0 for good is not a leak."""
    if not getattr(m, "warm", False):
        scenario.create(m, "warm", scenario.tiny_config("warm"))
        m.ok("xl destroy warm")
        m.warm = True
    return m


DOM0_GROWTH = 8   # pages dom0 may gain itself: its event and grant bookkeeping grows


@pytest.fixture
def no_leak(host):
    """Every guest of the test must be gone, and every page back, when it ends."""
    before = settled_free_pages(host)
    yield
    if host.child.closed:
        return      # the test failed already, and its machine has been ended
    host.run("for d in $(xl list | awk 'NR>2{print $2}'); do xl destroy $d; done", 120)
    after = settled_free_pages(host, want=before)
    assert before - DOM0_GROWTH <= after <= before, "%d pages lost" % (before - after)


def settled_free_pages(m, want=None):
    """Free pages once two readings agree (or the wanted number is seen), within 10 s."""
    last = None
    for _ in range(20):
        now = int(m.ok("free_pages"))
        if now >= (want or 1 << 62) or (want is None and now == last):
            return now
        last = now
        m.ok("sleep 0.5")
    return last
