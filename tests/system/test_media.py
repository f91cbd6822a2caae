# SPDX-License-Identifier: GPL-2.0-or-later
"""HVM guests that boot what Debian ships, unmodified, from CDs and a disk, under SeaBIOS and OVMF: GRUB, Linux
with PV drivers, iPXE on emulated network cards, memtest86+.

Needs fetch.sh --hvm.  With HV=xen TOOLS=xenolith or TOOLS=stock it is tested itself.
"""

import re

import pytest

import media
import scenario
import stock
from conftest import machine, warm
from test_frontends import example

# What iPXE gets by DHCP: where its script is.
UDHCPD = """start 10.9.2.2
end 10.9.2.99
interface xenbr0
lease_file /run/leases
option subnet 255.255.0.0
option router 10.9.0.1
boot_file http://10.9.0.1/script
"""
SCRIPT = """#!ipxe
imgfetch http://10.9.0.1/blob && imgfetch http://10.9.0.1/cgi-bin/seen?${net0/chip} ||
reboot
"""
SEEN = """#!/bin/sh
echo "$QUERY_STRING at $REMOTE_ADDR" >>/run/seen
printf 'Content-type: text/plain\\r\\n\\r\\nseen\\n'
"""


FIRMWARE = ["bios", pytest.param("uefi", marks=pytest.mark.skip(
    reason="Debian 12's ovmf no longer knows Xen: its guest ends at once on Debian's Xen too"))]


# One CPU: see test_pvh.py.
@pytest.fixture
def host():
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    files, programs = stock.hvm_files()
    files += [("guest/tiny", stock.tiny_guest())] + media.images()
    initrd = stock.dom0_initramfs(files, programs + [("bin/free_pages", free_pages)])
    m = warm(machine("media", smp=1, mem=2048, dom0_mem=1024, initrd=initrd))
    if not getattr(m, "serves", False):
        m.ok("mkdir -p /run/www/cgi-bin; dd if=/dev/urandom of=/run/www/blob bs=1M count=1 2>&1; touch /run/leases")
        m.put("/run/udhcpd.conf", UDHCPD)
        m.put("/run/www/script", SCRIPT)
        m.put("/run/www/cgi-bin/seen", SEEN)
        m.ok("chmod +x /run/www/cgi-bin/seen; httpd -h /run/www; udhcpd /run/udhcpd.conf")
        m.serves = True
    return m


def config(name, image, uefi=False, is_cd=True, nic=None, memory=64, **more):
    where = "vdev=hdc,access=ro,devtype=cdrom" if is_cd else "vdev=hda,access=rw"
    lines = ['name="%s"' % name, 'type="hvm"', "memory=%d" % memory, 'tsc_mode="native"',
             'serial="file:/run/%s.txt"' % name, 'boot="%s"' % ("d" if is_cd else "c"), 'on_reboot="destroy"',
             'disk=["format=raw,%s,target=%s"]' % (where, image)]
    if uefi:
        lines.append('bios="ovmf"')
    if nic:
        lines.append('vif=["bridge=xenbr0,model=%s"]' % nic)
    return "\n".join(lines + ["%s=%s" % kv for kv in more.items()]) + "\n"


def run(m, name, text, timeout=300):
    """The guest's life until it powers off (or reboots); what it wrote to its serial port."""
    m.put("/run/%s.cfg" % name, text)
    out, status = m.run("timeout %d xl create -F /run/%s.cfg 2>&1" % (timeout, name), timeout + 60)
    said = m.run("cat /run/%s.txt" % name)[0].replace("\r", "")
    assert status == 0, "%s\n--- serial port\n%s" % (out, said)
    return said


@pytest.mark.quick
@pytest.mark.parametrize("firmware", FIRMWARE)
def test_grub_boots_from_cd_and_powers_off(host, no_leak, firmware):
    uefi = firmware == "uefi"
    said = run(host, "grub", config("grub", "/media/grub.iso", uefi, memory=128 if uefi else 64))
    assert "grub: here on %s" % ("efi" if uefi else "pc") in said


# Not by kernel=: QEMU's own multiboot loader waits for a DMA that it does not have under Xen, on either hypervisor.
def test_our_small_guest_is_loaded_by_grub(host, no_leak):
    example(host, "hvm")


# Without the platform device: with it iPXE's PV driver, of 32 bits, comes first, and wants grants (SUPPORT.md).
@pytest.mark.parametrize("card,chip", [("e1000", "82540em"), ("rtl8139", "rtl8139")])
def test_ipxe_loads_its_script_by_its_own_driver(host, no_leak, card, chip):
    host.ok(": >/run/seen")
    run(host, "ipxe", config("ipxe", "/media/ipxe.iso", nic=card, xen_platform_pci=0))
    assert re.search(r"^%s at \S*10\.9\.2\.\d+" % chip, host.ok("cat /run/seen"), re.M)


# It draws every two seconds what it does then, which is not every test; number 4 takes long enough.
@pytest.mark.slow
def test_memtest_tests(host, no_leak):
    scenario.create(host, "memtest", config("memtest", "/media/memtest.iso"), timeout=300)
    host.ok("timeout 300 sh -c 'until grep -q \"#[4-9] .*Moving\" /run/memtest.txt; do sleep 2; done'", 330)
    said = host.ok("cat /run/memtest.txt")
    assert "of 55.6MB]" in said and "Errors: 0 " in said and not re.search(r"Errors: +[1-9]", said), said
    host.ok("xl destroy memtest")


def check_linux(host, said, uefi, cpus):
    assert "guest: media-done" in said and "FAIL" not in said, said
    assert "guest: hypervisor xen, cpus %d, clock xen" % cpus in said, said
    # The disk's and the card's emulations are gone, the CD's stays.
    assert "guest: emulated cards 0" in said, said
    assert "guest: network by vif" in said, said
    assert ("/sys/firmware/efi" in said) == uefi, said
    for what, path in (("net-read", "/run/www/blob"), ("file", "/media/file")):
        assert "guest: %s %s" % (what, host.ok("sha256sum <%s" % path).split()[0]) in said, said


# AHCI: SeaBIOS reads an IDE disk word by word, which takes minutes for a kernel here.
@pytest.mark.slow
@pytest.mark.parametrize("firmware", FIRMWARE)
def test_linux_boots_from_a_disk_with_pv_drivers(host, no_leak, firmware):
    uefi = firmware == "uefi"
    host.ok("cp /media/linux.img /run/linux.img")
    said = run(host, "disk", config("disk", "/run/linux.img", uefi, False, "rtl8139", 512 if uefi else 320, vcpus=2,
                                    hdtype='"ahci"'), 600)
    check_linux(host, said, uefi, 2)
    assert re.search(r"guest: disks xvda\b", said), said
    # What it wrote is on the disk.
    assert host.ok("cmp /media/linux.img /run/linux.img || echo differs").endswith("differs")
    host.ok("rm /run/linux.img")


@pytest.mark.slow
def test_linux_boots_from_cd(host, no_leak):
    check_linux(host, run(host, "cd", config("cd", "/media/linux.iso", nic="e1000", memory=320), 600), False, 1)
