# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's own kernel and configuration from its own disk: Debian's GRUB for Xen as `kernel=`, PV and PVH.

Needs fetch.sh --hvm.  TOOLS=xenolith or stock, as HV=xen or not.
"""

import pytest

import media
import scenario
import stock
from conftest import machine, warm

GRUB = {"pv": "grub-x86_64-xen.bin", "pvh": "grub-i386-xen_pvh.bin"}
MENU = "echo grub: here on $grub_platform\nlinux /vmlinuz console=hvc0 quiet task=\ninitrd /initrd\nboot\n"


# One CPU: GRUB polls, and with two the emulator's threads get into each other's way.
@pytest.fixture
def host():
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    kernel = [("vmlinuz", stock.vmlinuz()), ("initrd", stock.guest_initramfs())]
    files = [("guest/disk", media.root_disk([("boot/grub/grub.cfg", MENU)] + kernel))]
    files += [("guest/grub-" + kind, stock.path("hvm", "root", "usr", "lib", "grub-xen", name))
              for kind, name in GRUB.items()]
    initrd = scenario.initramfs(extra=files, programs=[("bin/free_pages", free_pages)])
    return warm(machine("grub", smp=1, mem=2048, dom0_mem=1024, initrd=initrd))


@pytest.mark.parametrize("kind", [pytest.param("pv", marks=pytest.mark.quick), "pvh"])
def test_linux_is_loaded_by_grub_from_the_guests_disk(host, no_leak, kind):
    config = ('name="%s"\ntype="%s"\nkernel="/guest/grub-%s"\nmemory=256\ntsc_mode="native"\n'
              'disk=["format=raw,vdev=xvda,access=rw,target=/guest/disk"]\n' % (kind, kind, kind))
    scenario.create(host, kind, config)
    text = scenario.wait_console(host, kind, "guest: ready", 200)
    assert "grub: here on " + {"pv": "xen", "pvh": "xen_pvh"}[kind] in text, text
    host.ok("xl shutdown -w " + kind, 60)
