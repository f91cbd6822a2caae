# SPDX-License-Identifier: GPL-2.0-or-later
"""VT-x with EPT, in Bochs, what takes minutes, so by name only: Debian's tools, and Linux from a disk in an HVM guest.

For 45 of its seconds, while the guest's Linux unpacks itself with
interrupts off, dom0 has no timer and then tells of an RCU stall: Bochs 2.7 holds the host's interrupts back from
a guest that was entered with IF clear, until that changes IF.
"""

import re

import pytest

import bochs
import media
import stock
from test_vmx import QUICK_LINUX, create_hardware_guests

pytestmark = pytest.mark.skipif(not bochs.available(), reason="needs bochs")

DISK = """name="disk"
type="hvm"
memory=320
serial="file:/run/disk.txt"
vnc=0
boot="c"
hdtype="ahci"
disk=["format=raw,vdev=hda,access=rw,target=/media/linux.img"]
vif=["bridge=xenbr0,model=rtl8139"]
"""
DISK_AUTOSTART = """#!/bin/sh
mkdir -p /run/www
dd if=/dev/urandom of=/run/www/blob bs=64k count=1 2>/dev/null
httpd -h /run/www
xl create -q /guest/disk.cfg || echo "test: FAIL create"
i=0
while xl domid disk >/dev/null 2>&1 && [ $i -lt 400 ]; do i=$((i + 1)); sleep 1; done
cat /run/disk.txt
echo "test: net-read $(sha256sum </run/www/blob)"
echo "test: file $(sha256sum </media/file)"
xl list
echo "test: end at $(cut -d' ' -f1 /proc/uptime) s"
"""


@pytest.mark.slow
def test_debians_tools_create_hardware_guests_on_vt_x(hv, tmp_path):
    create_hardware_guests(hv, tmp_path, "stock")


@pytest.mark.slow
@pytest.mark.parametrize("tools", ["xenolith", "stock"])
def test_linux_boots_from_a_disk_with_pv_drivers_on_vt_x(hv, tools):
    """SeaBIOS, GRUB and Debian's kernel from an AHCI disk, then PV disk and network, and power-off."""
    files, programs = stock.hvm_files()
    kernel = [("vmlinuz", stock.vmlinuz()), ("initrd", stock.guest_initramfs(stock.MEDIA_MODULES, packed=True))]
    image = media.disk(media.LINUX.replace("quiet", QUICK_LINUX) % "/dev/xvda2", kernel, [("file", media.FILE)])
    files += [("media/linux.img", image), ("media/file", media.FILE), ("guest/disk.cfg", DISK),
              ("root/autostart", DISK_AUTOSTART)]
    initrd = stock.dom0_initramfs(files, programs, tools=tools)
    text = bochs.run(stock.vmlinux(), until="test: end", initrd=initrd, hv=hv, mem=1280, dom0_mem=640, timeout=1500,
                     kernel_args="console=hvc0 " + QUICK_LINUX)
    assert "FAIL" not in text and "guest: media-done" in text, text[-3000:]
    assert "guest: hypervisor xen" in text and "guest: disks xvda" in text and "guest: network by vif" in text, text
    assert "guest: emulated cards 0" in text, text[-3000:]
    for what in "net-read", "file":
        seen = re.findall(r"%s ([0-9a-f]{64})" % what, text)
        assert len(seen) == 2 and seen[0] == seen[1], (what, seen)
    assert not [line for line in text.splitlines() if line.startswith("disk ")], text[-3000:]
