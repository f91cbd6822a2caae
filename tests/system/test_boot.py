# SPDX-License-Identifier: GPL-2.0-or-later
"""Booting: CPU counts, memory sizes, boot loaders, power-off and reboot, bad input."""

import os
import re

import pytest

import stock
from machine import Machine, grub_iso

NOTOOLS = "notools"


def boot(hv, **options):
    options.setdefault("initrd", stock.dom0_initramfs())
    return Machine(hv=hv, **options)


def total_mib(m):
    return int(re.search(r"total_memory\s*:\s*(\d+)", m.ok("xl info")).group(1))


@pytest.mark.quick
def test_one_cpu_then_power_off(hv):
    with boot(hv, smp=1) as m:
        m.boot()
        assert m.ok("nproc") == "1"
        m.poweroff()


@pytest.mark.parametrize("cpus", [2, 4])
def test_many_cpus_then_power_off(hv, cpus):
    with boot(hv, smp=cpus) as m:
        m.boot(timeout=300)
        assert m.ok("nproc") == str(cpus)
        assert len(m.ok("xl vcpu-list").splitlines()) == 1 + cpus
        m.ok("for c in $(seq 0 %d); do taskset -c $c true || exit 1; done" % (cpus - 1))
        m.poweroff()


def test_cpus_limited_by_options(hv):
    with boot(hv, smp=2, hv_args="maxcpus=2 dom0_max_vcpus=1 dom0_vcpus_pin") as m:
        m.boot()
        assert m.ok("nproc") == "1"
        assert m.ok("xl vcpu-list").splitlines()[1].split()[6] == "0"


@pytest.mark.quick
def test_reboot(hv):
    with boot(hv, dom0_args=NOTOOLS) as m:
        m.boot(tools=False)
        m.send("0 reboot -f\n")
        m.wait_end(60)


def test_small_machine(hv):
    with boot(hv, mem=512, dom0_mem=300) as m:
        m.boot()
        assert 480 <= total_mib(m) <= 512
        assert abs(m.domains()["Domain-0"][1] - 300) <= 2
        m.poweroff()


def test_large_machine_with_hole_below_4_gib(hv):
    # Background scrubbing would touch all of the emulator's memory on a shared host.
    with boot(hv, mem=16384, hv_args="bootscrub=0" if hv == "xen" else "") as m:
        m.boot()
        assert 16000 <= total_mib(m) <= 16384
        assert m.free_mib() > 14500
        m.poweroff()


def test_default_dom0_memory_is_sane(hv):
    with boot(hv, mem=1024, dom0_mem=None) as m:
        m.boot()
        assert 500 <= m.domains()["Domain-0"][1] <= 1024
        m.poweroff()


@pytest.mark.slow
@pytest.mark.parametrize("protocol,uefi", [(1, False), (2, False), (2, True)],
                         ids=["multiboot-bios", "multiboot2-bios", "multiboot2-uefi"])
def test_grub(hv, tmp_path, protocol, uefi):
    iso = grub_iso(str(tmp_path / "boot.iso"), hv, stock.dom0_initramfs(), protocol,
                   "console=com1 com1=115200,8n1 dom0_mem=700M,max:700M")
    with boot(hv, iso=iso, uefi=uefi, mem=1536, machine="q35") as m:
        m.boot(timeout=240)
        assert "dom0_mem=700M" in m.ok("xl info")
        efi = m.run("[ -d /sys/firmware/efi ]")[1] == 0
        assert efi == uefi or hv != "xen"
        m.poweroff()


def refused(hv, pattern, timeout=60, **options):
    """Boot must end in one clear line instead of dom0."""
    with boot(hv, dom0_args=NOTOOLS, **options) as m:
        m.start()
        m.expect([pattern], timeout, deadly=False)


@pytest.mark.quick
def test_kernel_without_xen_notes_is_named(hv):
    # On the real Xen: "Could not construct domain 0" or "not Xen-compatible".
    refused(hv, r"(?i)(not a Xen-compatible kernel|construct d|no .*Xen.* note|notes? (is|are)? ?"
                r"missing|without Xen|not an? ELF|unknown kernel)",
            kernel=os.path.join(stock.ROOT, "bin/busybox"))


@pytest.mark.quick
def test_too_little_memory_for_dom0(hv):
    refused(hv, r"(?i)(not enough (RAM|memory)|too small|too little|out of memory)",
            mem=256, dom0_mem=8)


@pytest.mark.quick
def test_missing_dom0_module(hv, tmp_path):
    class NoModules(Machine):
        def _kernel_args(self):
            return ["-kernel", stock.hypervisor(self.hv), "-append", self.hypervisor_cmdline()]

    with NoModules(hv=hv) as m:
        m.start()
        m.expect([r"(?i)(dom0 kernel not specified|dom0 image is missing|no (dom0|kernel|boot) ?"
                  r"(kernel|module|image)|without a (dom0|kernel|module))"], 60, deadly=False)


@pytest.mark.xenolith_only   # Xen 4.17 takes a page fault of its own and panics
@pytest.mark.quick
def test_truncated_kernel_is_refused(hv, tmp_path):
    short = tmp_path / "short"
    with open(stock.vmlinuz(), "rb") as f:
        short.write_bytes(f.read(3 << 20))
    refused(hv, r"(?i)(decompress|truncated|corrupt|construct d|unpack|out of data|too short)",
            kernel=str(short))


def test_damaged_initrd_is_dom0s_own_problem(hv, tmp_path):
    bad = tmp_path / "bad.cpio"
    bad.write_bytes(b"\xa5" * 65536)
    with boot(hv, dom0_args=NOTOOLS, initrd=str(bad)) as m:
        m.start()
        m.expect([r"Kernel panic - not syncing: VFS"], 90, deadly=False)


@pytest.mark.xenolith_only   # Xen 4.17 passes over an unknown option in silence
@pytest.mark.quick
def test_unknown_option_is_reported_and_boot_goes_on(hv):
    with boot(hv, dom0_args=NOTOOLS, hv_args="no_such_option=7") as m:
        m.start()
        m.expect([r"(?i)unknown.*no_such_option|no_such_option.*unknown"], 60)
        m.boot(tools=False)


def test_bad_value_of_an_option_does_not_stop_the_boot(hv):
    with boot(hv, dom0_args=NOTOOLS, hv_args="maxcpus=banana loglvl=purple com2=1,2,3") as m:
        m.boot(tools=False)
