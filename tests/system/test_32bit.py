# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's 32-bit kernel as PVH and HVM guest (tests/system/fetch.sh --i386; else skipped)."""

import os

import pytest

import scenario
import stock
from conftest import machine, warm

pytestmark = pytest.mark.skipif(not os.path.exists(os.path.join(stock.STOCK, "i386", "stamp")),
                                reason="needs tests/system/fetch.sh --i386")


@pytest.fixture
def host():
    """One CPU, as in test_pvh.py."""
    files, programs = stock.hvm_files()
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    files += [("guest/vmlinuz-686", stock.path("i386", "vmlinuz")),
              ("guest/initrd-686", stock.guest_initramfs(arch="i386"))]
    return warm(machine("32bit", smp=1, mem=2048, dom0_mem=1024, initrd=scenario.initramfs(
        extra=files, programs=programs + [("bin/free_pages", free_pages)])))


@pytest.mark.xenolith_only      # on Xen 4.17 in QEMU it spins before its first line, for a reason not yet known
@pytest.mark.parametrize("kind", ["pvh", "hvm"])
def test_disk_network_and_power_off(host, no_leak, kind):
    sums = scenario.prepare_io(host)
    config = scenario.linux_config(kind, "io", disk="/run/disk", net=True, memory=128, kernel="vmlinuz-686",
                                   type='"%s"' % kind, tsc_mode='"native"', vcpus=2)
    scenario.create(host, kind, config.replace("/guest/initrd", "/guest/initrd-686"), timeout=300)
    scenario.check_io(host, kind, sums, timeout=300)
    host.wait_domain_gone(kind)
