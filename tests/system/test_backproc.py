# SPDX-License-Identifier: GPL-2.0-or-later
"""backendtype=xenolith: stock Linux's disk and network are served by processes of dom0 without rights, which xl starts,
starts again when they die, and ends."""

import re

import pytest

import scenario
from conftest import machine, warm

BACK = "/local/domain/0/backend/xenblk"


@pytest.fixture
def dom0():
    """2 CPUs, our tools."""
    m = warm(machine("backproc", smp=2, mem=2048, dom0_mem=1024,
                     initrd=scenario.initramfs(tools="xenolith")))
    # Not by the program, which a process and its broker share.
    m.put("/run/of", 'grep -lx "$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3')
    m.ok("dd if=/dev/urandom of=/run/image bs=1M count=4 2>&1")
    m.ok("mkdir -p /run/www; rm -f /run/www/stop; pidof httpd || httpd -h /run/www")
    m.ok("dd if=/dev/urandom of=/run/www/blob bs=1M count=1 2>&1")
    yield m
    if not m.child.closed:
        m.run("for d in $(xl list | awk 'NR>2{print $2}'); do xl destroy $d; done", 120)


def config(name, task="", rounds=0, access="rw", target="/run/image"):
    disk = 'disk=["format=raw,backendtype=xenolith,vdev=xvda,access=%s,target=%s"]\n' % (access, target)
    return scenario.linux_config(name, task, extra="rounds=%d" % rounds) + disk


def image_sum(m):
    return m.ok("sha256sum </run/image").split()[0]


def numbers(m, command):
    """What a command prints; the hypervisor may have put a line of its own in front."""
    return " ".join(re.findall(r"^[\d ]+$", m.run(command)[0], re.M)).split()


def processes(m, kind="blk"):
    return numbers(m, "sh /run/of xenolith-" + kind)


def folder(m, name):
    return "%s/%s/51712" % (BACK, numbers(m, "xl domid %s" % name)[0])


def check_rights(m, pid):
    """Of the process and of its broker, which alone has a connection to the store."""
    broker, = processes(m, "store")
    for p in pid, broker:
        status = dict(re.findall(r"^(\w+):\s+(.*)$", m.ok("cat /proc/%s/status" % p), re.M))
        assert set(status["Uid"].split() + status["Gid"].split()) == {"65534"}
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
        assert status["Threads"] == "1"
    files = {p: re.findall(r" -> (\S+)", m.ok("ls -l /proc/%s/fd" % p)) for p in (pid, broker)}
    sockets = {p: [f for f in files[p] if f.startswith("socket")] for p in files}
    assert len(sockets[pid]) == 2 and len(sockets[broker]) == 3 and not set(sockets[pid]) & set(sockets[broker])
    assert {f for f in files[pid] if f.startswith("/dev/xen")} == {"/dev/xen/evtchn", "/dev/xen/gntdev"}
    assert len(files[broker]) == 4          # and the log


def check_sums(text, before, after):
    seen = dict(re.findall(r"guest: (disk-\S+) ([0-9a-f]{64})", text))
    assert seen == {"disk-before": before, "disk-after": after}, text


def test_disk_by_an_unprivileged_process(dom0):
    before = image_sum(dom0)
    scenario.create(dom0, "plain", config("plain", "blk", 2))
    pid, = processes(dom0)
    assert numbers(dom0, "xenstore-read %s/pid" % folder(dom0, "plain")) == [pid]
    check_rights(dom0, pid)
    text = scenario.wait_console(dom0, "plain", r"guest: (blk-done|FAIL)")
    dom0.wait_domain_gone("plain")
    check_sums(text, before, image_sum(dom0))
    assert not processes(dom0)
    assert not re.search("xenblk/.*/51712", dom0.ok("xenstore-ls -f"))


def test_killed_under_io(dom0):
    before = image_sum(dom0)
    loop = re.search(r"/dev/loop\d+", dom0.ok("losetup -f")).group(0)
    dom0.ok("losetup %s /run/image" % loop)         # a block device, which is opened with O_DIRECT
    scenario.create(dom0, "kill", config("kill", "blk", 5, target=loop))
    dom0.put("/run/killer", "\n".join((
        "n=0; until grep -Eq 'guest: (round|FAIL)' /var/log/xen/guest-kill.log; do sleep 0.2; done",
        "while ! grep -Eq 'guest: (blk-done|FAIL)' /var/log/xen/guest-kill.log && [ $n -lt 5 ]; do",
        "[ $((n % 2)) = 0 ] && who=xenolith-blk || who=xenolith-store",     # either is the end of both
        "p=$(sh /run/of $who) && kill -9 $p && n=$((n + 1))",
        "sleep 1; done; echo killed $n")))
    killed = int(re.search(r"killed (\d+)", dom0.ok("sh /run/killer", 120)).group(1))
    text = scenario.wait_console(dom0, "kill", r"guest: (blk-done|FAIL)")
    dom0.wait_domain_gone("kill")
    dom0.ok("losetup -d %s" % loop)
    check_sums(text, before, image_sum(dom0))
    assert killed >= 3
    assert dom0.ok("cat /var/log/xen/xl-kill.log").count("of xvda of domain") >= killed - 1
    log = dom0.ok("cat /var/log/xen/xenolith-blk-kill-xvda.log")
    assert "the store's broker: Broken pipe" in log and "refused" not in log
    assert not processes(dom0) and not processes(dom0, "store")


def test_a_disk_in_use(dom0):
    scenario.create(dom0, "a", config("a", access="ro"))
    scenario.create(dom0, "b", config("b", access="ro"))
    assert len(processes(dom0)) == 2
    dom0.put("/run/c.cfg", config("c"))
    out, status = dom0.run("xl create /run/c.cfg")
    assert status and "/run/image is in use" in out


NIC = "bridge=xenbr0,backendtype=xenolith"


def net_config(name):
    return scenario.linux_config(name, "net", net=True).replace("bridge=xenbr0", NIC)


def test_network_by_an_unprivileged_process(dom0):
    """TCP both ways while the process is killed three times; then devices that come and go while the guest runs."""
    blob = dom0.ok("sha256sum </run/www/blob").split()[0]
    scenario.create(dom0, "net", net_config("net"))
    pid, = processes(dom0, "net")
    check_rights(dom0, pid)
    scenario.wait_console(dom0, "net", r"guest: (net-read|FAIL)")
    dom0.put("/run/fetch", "for i in 1 2 3 4 5 6; do wget -q -O - http://10.9.1.1/blob | sha256sum; done >/run/sums")
    dom0.ok("sh /run/fetch & f=$!; for i in 1 2 3; do sleep 1; kill -9 $(sh /run/of xenolith-net); done; wait $f", 120)
    assert re.findall("[0-9a-f]{64}", dom0.ok("cat /run/sums")) == [blob] * 6
    dom0.ok("xl network-attach net %s,vifname=second" % NIC)
    dom0.ok("xl block-attach net format=raw,backendtype=xenolith,vdev=xvdb,access=rw,target=/run/image")
    assert len(processes(dom0, "net")) == 2 and len(processes(dom0)) == 1
    connected = "{ xl network-list net; xl block-list net; } | grep -c ' 4  .*xen[bv]'"
    dom0.ok("until [ $(%s) = 3 ]; do sleep 0.1; done" % connected)
    assert "second" in dom0.ok("ls /sys/class/net/xenbr0/brif")
    dom0.ok("xl network-detach net 1; xl block-detach net xvdb")
    assert len(processes(dom0, "net")) == 1 and not processes(dom0)
    assert "second" not in dom0.ok("ls /sys/class/net")
    dom0.ok(": >/run/www/stop")
    text = scenario.wait_console(dom0, "net", r"guest: (net-done|FAIL)")
    dom0.wait_domain_gone("net")
    assert "guest: ping" in text
    assert dom0.ok("cat /var/log/xen/xl-net.log").count("of vif0 of domain") >= 3
    assert set(re.findall("net-read ([0-9a-f]+)", text)) == {blob}
    assert not processes(dom0, "net") and not processes(dom0, "store")
    assert "refused" not in dom0.ok("cat /var/log/xen/xenolith-*-net-*.log")
    assert "vif" not in dom0.ok("ls /sys/class/net; xenstore-ls -f | grep backend/xenvif/ || true")
