# SPDX-License-Identifier: GPL-2.0-or-later
"""pvdrivers' front ends in small guests, against the kernel's back ends.  test_front_back.py has more of them.

tests/guest/frontends moves data and counts; the sums are compared here.  The example is run as its README shows it.
"""

import re

import scenario


def make_disks(m, number):
    for n in range(number):
        m.ok("dd if=/dev/urandom of=/run/disk%d bs=1M count=4 2>&1" % n)


def config(name, kernel, backends, extra="", kind="pv"):
    """kind: the guest's type; an "hvm" one is loaded by GRUB from a CD of media.py."""
    disks = ['"format=raw,%svdev=xvd%s,access=rw,target=/run/disk%d"' %
             (b and "backendtype=%s," % b, "abcdef"[n], n) for n, b in enumerate(backends)]
    lines = ['name="%s"' % name, 'type="%s"' % kind, "memory=%d" % (64 if kind == "hvm" else 48),
             'vif=["bridge=xenbr0"]', 'on_reboot="destroy"', 'on_crash="destroy"']
    if kind == "hvm":
        disks.append('"format=raw,vdev=hdc,access=ro,devtype=cdrom,target=/media/%s.iso"' % kernel)
        lines.append('boot="d"')
    else:
        lines += ['kernel="/guest/%s.elf"' % kernel, 'extra="%s"' % extra]
    if kind != "pv":
        lines.append('tsc_mode="native"')
    return "\n".join(lines + ["disk=[%s]" % ",".join(disks)]) + "\n"


def start(m, name, kernel, backends, extra="", kind="pv"):
    m.run("rm -f " + scenario.LOG % name)       # another of that name had it
    scenario.create(m, name, config(name, kernel, backends, extra, kind), timeout=300)


def half(m, n, which):
    """The crc32 of the first or second half of a disk."""
    text = m.ok("dd if=/run/disk%d bs=1M count=2 skip=%d 2>/dev/null | crc32" % (n, 2 * which))
    return re.search(r"^([0-9a-f]{8})\b", text, re.M).group(1)


def ping(m, address, count=3, size=56):
    out = m.run("ping -c %d -s %d -W 20 %s" % (count, size, address), 30 + 20 * count)[0]
    assert re.search(r"\b%d packets received" % count, out), out


def talk(m, jumbo):
    """With what answers pings, returns UDP packets, and ends at a ping with nine bytes."""
    ping(m, "10.9.1.61")
    m.run("timeout 1 nslookup name 10.9.1.61")      # a question by UDP, which comes back
    ping(m, "10.9.1.61", size=1400)
    if jumbo:
        m.ok("for v in /sys/class/net/vif* xenbr0; do ip link set ${v##*/} mtu 9000; done")
        ping(m, "10.9.1.61", size=8900)
    ping(m, "10.9.1.61", 1, 9)


def front_ends(m, backends, lives=1, jumbo=False, kind="pv"):
    """A guest with these disks, each read and written in two ways, and a network device, so many times."""
    make_disks(m, len(backends))
    first = [half(m, n, 0) for n in range(len(backends))]
    start(m, "front", "frontends", backends, "disks=%d lives=%d" % (len(backends), lives), kind)
    for life in range(lives):
        text = scenario.wait_console(m, "front", "RESULT|net life %d: " % life, 300)
        if "RESULT" in text:
            break
        talk(m, jumbo and life == 0)
    text = scenario.wait_console(m, "front", "RESULT", 300)
    assert "RESULT: success" in text, text
    m.wait_domain_gone("front")
    for life in range(lives):
        over = re.search(r"net life %d over: pings (\d+), UDP (\d+), blank (\d+), large (\d+)," % life, text)
        pings, udp, blank, large = map(int, over.groups())
        assert pings >= 7 and udp > 0 and (large > 0) == (jumbo and life == 0), over[0]
        assert (blank > 0) == (life == 0), over[0]      # only the first one says that it takes blank checksums
    read = re.findall(r"disk (\d+) life \d read (\w+)", text)
    assert len(read) == 2 * len(backends)
    assert all(first[int(n)] == crc for n, crc in read), (first, read)
    wrote = dict(re.findall(r"disk (\d+) wrote (\w+)", text))
    assert wrote == {str(n): half(m, n, 1) for n in range(len(backends))}
    return text


def example(m, kind, disk=""):
    """The README's guest reads its disk and answers ping."""
    make_disks(m, 1)
    m.ok("echo the first line | dd of=/run/disk0 conv=notrunc 2>&1")
    start(m, "example", "example", [disk], kind=kind)
    scenario.wait_console(m, "example", "disk: status 0, first line: the first line")
    ping(m, "10.9.1.60")
    m.ok("xl destroy example")


def test_example_reads_a_disk_and_answers_ping(host, no_leak):
    example(host, "pv")


# Without no_leak: dom0 maps hundreds of pages and keeps what it books them in.  See test_front_back.py.
def test_disk_and_network_of_the_kernels(host):
    front_ends(host, ["phy"])
