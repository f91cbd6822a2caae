# SPDX-License-Identifier: GPL-2.0-or-later
"""Hardware guests on Intel's VT-x with EPT, which only Bochs emulates."""

import os
import subprocess

import pytest

import bochs
import scenario
import stock

pytestmark = pytest.mark.skipif(not bochs.available(), reason="needs bochs")


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_pvh_guest_lives_and_ends_on_vt_x(hv, cpus):
    """tests/guest/pvh builds it: long mode, hypercalls, exception, timer interrupt, debug and task registers."""
    subprocess.run(["make", "-s", "-C", os.path.join(stock.TOP, "tests", "guest")], check=True)
    text = bochs.run(os.path.join(stock.BUILD, "guest", "pvh.elf"), until="RESULT: ", hv=hv, cpus=cpus)
    if hv == "xenolith" and "hardware guests:" not in text:
        pytest.skip("this build offers no hardware guests yet")
    if hv == "xenolith":
        assert "hardware guests: VT-x with nested paging" in text
    assert "RESULT: success" in text, text[-3000:]


# Without what takes Linux long here: tests of its ciphers, a search for pages that are writable and
# executable, clearing of pages that are allocated.  And without XSAVEC and XSAVES: Bochs 2.7's lose vector registers
# (with dom0 alone, too; seen by two processes that keep values in YMM registers).
QUICK_LINUX = "quiet cryptomgr.notests=1 rodata=off init_on_alloc=0 clearcpuid=xsavec,xsaves"

AUTOSTART = """#!/bin/sh
run() { echo "test: $*"; "$@" || echo "test: FAIL $*"; }
ends() { i=0; while xl domid "$1" >/dev/null 2>&1 && [ $i -lt 240 ]; do i=$((i + 1)); usleep 250000; done; }
console() { i=0; until grep -q "$2" $1 || [ $i -ge 240 ]; do i=$((i + 1)); usleep 250000; done; cat $1; }
run xl create -q /guest/tiny.cfg
ends tiny
run xl create -q /guest/smp.cfg
console /var/log/xen/guest-smp.log "RESULT:"
ends smp
run xl create -q /guest/linux.cfg
console /var/log/xen/guest-linux.log "guest: ready"
run xl shutdown -w linux
run xl create -q /guest/firmware.cfg
ends firmware
cat /run/firmware.txt
xl list
echo "test: end at $(cut -d' ' -f1 /proc/uptime) s"
"""


def create_hardware_guests(hv, tmp_path, tools):
    """The tools' whole way: a tiny PVH guest; tests/guest/smp on the runtime in pvdrivers; Debian's kernel, which
    starts and is shut down; an HVM guest whose firmware boots a disk, which powers off."""
    (tmp_path / "disk").write_bytes(scenario.BOOT_SECTOR.ljust(1 << 20, b"\0"))
    tiny = 'name="tiny"\ntype="pvh"\nkernel="/guest/tiny"\nmemory=8\n'
    smp = 'name="smp"\ntype="pvh"\nkernel="/guest/smp"\nmemory=16\nvcpus=2\non_reboot="destroy"\n'
    linux = scenario.linux_config("linux", extra=QUICK_LINUX, type='"pvh"')
    firmware = ('name="firmware"\ntype="hvm"\nmemory=32\nvnc=0\nserial="file:/run/firmware.txt"\n'
                'disk=["format=raw,vdev=hda,access=rw,target=/guest/disk"]\n')
    files, programs = stock.hvm_files()
    files += [("guest/tiny", stock.tiny_pvh_guest()), ("guest/tiny.cfg", tiny),
              ("guest/smp", stock.guest_elf("smp")), ("guest/smp.cfg", smp), ("guest/vmlinux", stock.vmlinux()),
              ("guest/initrd", stock.guest_initramfs()), ("guest/linux.cfg", linux), ("guest/firmware.cfg", firmware),
              ("guest/disk", str(tmp_path / "disk")), ("root/autostart", AUTOSTART)]
    initrd = stock.dom0_initramfs(files, programs, tools=tools, store_clients=tools == "stock")
    text = bochs.run(stock.vmlinux(), until="test: end", initrd=initrd, hv=hv, mem=1024, dom0_mem=640, timeout=900,
                     kernel_args="console=hvc0 " + QUICK_LINUX)
    assert "FAIL" not in text, text[-3000:]
    assert "pvh: registers" in text or hv == "xen"      # which keeps a guest's console lines to itself
    assert "RESULT: success" in text, text[-3000:]
    assert "guest: ready" in text and "boot sector: here" in text, text[-3000:]
    left = [line for line in text.splitlines() if line.startswith(("linux ", "tiny ", "smp ", "firmware "))]
    assert not left, text[-3000:]


@pytest.mark.slow
def test_a_stock_dom0_creates_hardware_guests_on_vt_x(hv, tmp_path):
    create_hardware_guests(hv, tmp_path, "xenolith")        # which start the sooner; Debian's: test_vmx_long.py
