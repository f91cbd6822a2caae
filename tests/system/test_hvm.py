# SPDX-License-Identifier: GPL-2.0-or-later
"""HVM guests: firmware, the device model and its end, emulated and PV devices, CD-ROMs.

Needs fetch.sh --hvm.  TOOLS=xenolith or stock, as HV=xen or not.
"""

import re

import pytest

import scenario
import stock
from conftest import machine, warm


# One CPU: see test_pvh.py.
@pytest.fixture
def host():
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    files, programs = stock.hvm_files()
    initrd = scenario.initramfs(stock_kernel=True, extra=files,
                                programs=programs + [("bin/free_pages", free_pages)])
    return warm(machine("hvm", smp=1, mem=2048, dom0_mem=1024, initrd=initrd))


own_tools = pytest.mark.skipif(stock.TOOLS == "stock", reason="our tools' rights and messages")


def hvm(name, task="", memory=128, **more):
    return scenario.linux_config(name, task, memory=memory, kernel="vmlinuz", type='"hvm"',
                                 tsc_mode='"native"', serial='"pty"', **more)


def device_models(m):
    return m.run("pidof xen-qemu-system-i386")[0].split()


def boot_disk(m, path):
    code = "".join("\\x%02x" % b for b in scenario.BOOT_SECTOR)
    m.ok("printf '%s' >%s && truncate -s 1M %s" % (code, path, path))


def bare(name, disk, **more):
    lines = ['name="%s"' % name, 'type="hvm"', "memory=64", 'tsc_mode="native"',
             'serial="file:/run/%s.txt"' % name,
             'disk=["format=raw,vdev=hda,access=rw,target=%s"]' % disk]
    return "\n".join(lines + ["%s=%s" % kv for kv in more.items()]) + "\n"


@pytest.mark.quick
def test_firmware_boots_a_disk_which_powers_off(host, no_leak):
    boot_disk(host, "/run/boot.img")
    host.put("/run/bs.cfg", bare("bs", "/run/boot.img", vif='["bridge=xenbr0"]'))
    out = host.ok("timeout 240 xl create -F /run/bs.cfg 2>&1", 300)
    assert "reason code 0" in out, out
    assert "boot sector: here" in host.ok("cat /run/bs.txt")
    assert "bs" not in host.domains() and not device_models(host)


# A minute and a half under emulation; Debian's tools have the device model hand the kernel over byte by byte.
@pytest.mark.slow
def test_direct_boot_disk_network_and_power_off(host, no_leak):
    sums = scenario.prepare_io(host)
    scenario.create(host, "io", hvm("io", "io", disk="/run/disk", net=True), timeout=300)
    scenario.check_io(host, "io", sums, timeout=600)
    host.wait_domain_gone("io")
    assert not device_models(host)
    left = host.ok("xenstore-ls /local/domain/0/device-model 2>&1; ls /run/xen")
    assert not re.search(r"qmp|xen-root|state", left), left


@pytest.mark.quick
@own_tools
def test_device_model_has_few_rights_and_its_death_is_told(host, no_leak):
    boot_disk(host, "/run/dm.img")
    config = bare("dm", "/run/dm.img", on_crash='"destroy"', boot='"n"')
    scenario.create(host, "dm", config, options="-p", timeout=300)
    pid = device_models(host)[0]
    status = host.ok("cat /proc/%s/status" % pid)
    assert re.search(r"^Uid:\s+18790\d+\s", status, re.M), status
    assert re.search(r"^CapEff:\s+0+$", status, re.M), status
    assert host.ok("ls -l /proc/%s/root" % pid).split()[-1].startswith("/run/xen/xen-root-")
    host.ok("xl unpause dm; sleep 1; kill -9 %s" % pid)
    host.wait_domain_gone("dm")
    assert "device model of domain" in host.ok("cat /var/log/xen/xl-dm.log")


@pytest.mark.quick
def test_cdrom_is_changed(host, no_leak):
    host.ok("dd if=/dev/urandom of=/run/a.iso bs=1M count=1; cp /run/a.iso /run/b.iso")
    boot_disk(host, "/run/cd.img")
    config = bare("cd", "/run/cd.img").replace(
        'disk=["', 'disk=["format=raw,vdev=hdc,access=ro,devtype=cdrom,target=/run/a.iso", "')
    scenario.create(host, "cd", config, options="-p", timeout=300)
    host.ok("xl cd-eject cd hdc")
    host.ok("xl cd-insert cd hdc /run/b.iso")
    assert "b.iso" in host.ok("xl list -l cd")
    host.ok("xl destroy cd")
    assert not device_models(host)


BAD = {
    "nested": ("nestedhvm=1", "nestedhvm"),
    "no cdrom image": ('disk=["vdev=hdc,devtype=cdrom,target=/none"]', "/none"),
    "qxl": ('vga="qxl"', "qxl"),
}


@pytest.mark.quick
@own_tools
@pytest.mark.parametrize("what", list(BAD))
def test_refused_with_its_reason(host, no_leak, what):
    more, word = BAD[what]
    host.put("/run/bad.cfg", hvm("bad") + more + "\n")
    out, status = host.run("xl create -q /run/bad.cfg 2>&1", 60)
    assert status != 0 and word in out, out
    assert "bad" not in host.domains()
