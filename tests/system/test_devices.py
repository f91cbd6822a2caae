# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0's own drivers on emulated hardware: disks and networks by MSI/MSI-X, by checksum."""

import hashlib
import http.server
import os
import re
import threading

import pytest

import stock
from machine import Machine

MIB = 1 << 20
SIZE = 8 * MIB     # each disk: first half read, second half written


class Server(http.server.BaseHTTPRequestHandler):
    blob = os.urandom(SIZE // 2)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.blob)))
        self.end_headers()
        self.wfile.write(self.blob)

    def log_message(self, *args):
        pass


def sha(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(scope="module")
def rig(tmp_path_factory, web):
    """A q35 machine with every device; (machine, {disk name: image})."""
    from conftest import HV, close_shared
    close_shared()
    folder = tmp_path_factory.mktemp("disks")
    images, devices = {}, []
    for name in ("ahci", "nvme", "virtio"):
        images[name] = str(folder / name)
        with open(images[name], "wb") as f:
            f.write(os.urandom(SIZE))
        devices += ["-drive", "id=%s,if=none,format=raw,file=%s" % (name, images[name])]
    devices += ["-device", "ide-hd,drive=ahci,bus=ide.0",
                "-device", "nvme,drive=nvme,serial=nvme0",
                "-device", "virtio-blk-pci,drive=virtio",
                "-netdev", "user,id=n0,net=10.0.2.0/24", "-device", "e1000e,netdev=n0",
                "-netdev", "user,id=n1,net=10.0.3.0/24", "-device", "virtio-net-pci,netdev=n1"]
    with Machine(hv=HV, smp=2, mem=2048, machine="q35", devices=devices, dom0_args="notools",
                 initrd=stock.dom0_initramfs()) as m:
        m.boot(tools=False)
        m.ok("modprobe -a ahci sd_mod nvme virtio_pci virtio_blk virtio_net e1000e")
        m.ok("i=0; until [ -b /dev/sda ] && [ -b /dev/nvme0n1 ] && [ -b /dev/vda ] || "
             "[ $i -ge 100 ]; do i=$((i+1)); sleep 0.1; done")
        yield m, images


def interrupts(m, word):
    """Sum of the interrupt counts of the lines of /proc/interrupts that have the word."""
    total, kinds = 0, set()
    for line in m.ok("grep -E '%s' /proc/interrupts || true" % word).splitlines():
        f = line.split()
        counts = [int(x) for x in f[1:] if x.isdigit()]
        total += sum(counts)
        kinds.update(x for x in f if x.startswith(("xen-", "-msi")))
    return total, kinds


@pytest.mark.parametrize("name,dev,irq", [
    ("ahci", "/dev/sda", "ahci"), ("nvme", "/dev/nvme0n1", "nvme"),
    ("virtio", "/dev/vda", "virtio")])
def test_disk(rig, name, dev, irq):
    m, images = rig
    half = SIZE // 2 // MIB
    with open(images[name], "rb") as f:
        want = sha(f.read(SIZE // 2))
    got = m.ok("dd if=%s bs=1M count=%d 2>/dev/null | sha256sum" % (dev, half)).split()[0]
    assert got == want
    m.ok("dd if=/dev/urandom of=/run/new bs=1M count=%d 2>&1" % half)
    m.ok("dd if=/run/new of=%s bs=1M seek=%d conv=fsync 2>&1" % (dev, half))
    want = m.ok("sha256sum </run/new").split()[0]
    with open(images[name], "rb") as f:
        f.seek(SIZE // 2)
        assert sha(f.read()) == want
    count, kinds = interrupts(m, irq)
    assert count > 0 and any("msi" in k for k in kinds), (count, kinds)


@pytest.mark.parametrize("driver,net,irq", [("e1000e", "10.0.2", "eth"),
                                            ("virtio_net", "10.0.3", "virtio")])
def test_network(rig, web, driver, net, irq):
    m, _ = rig
    nic = m.ok("for i in /sys/class/net/eth*; do case $(readlink $i/device/driver) in "
               "*/%s) basename $i;; esac; done" % driver)
    assert re.match(r"eth\d$", nic), nic
    m.ok("for i in /sys/class/net/eth*; do ip addr flush dev $(basename $i); done")
    m.ok("ip addr add %s.15/24 dev %s && ip link set %s up" % (net, nic, nic))
    m.ok("i=0; until ping -c 1 -W 1 %s.2 >/dev/null || [ $i -ge 15 ]; do i=$((i+1)); done" % net)
    m.ok("wget -q -O /run/blob http://%s.2:%d/blob" % (net, web), 60)
    assert m.ok("sha256sum </run/blob").split()[0] == sha(Server.blob)
    assert any("msi" in k for k in interrupts(m, irq)[1]), m.ok("cat /proc/interrupts")
    m.ok("ip link set %s down" % nic)


def test_power_off_with_devices_in_use(rig):
    m, _ = rig
    m.poweroff()
