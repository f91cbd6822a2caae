# SPDX-License-Identifier: GPL-2.0-or-later
"""Our xl beside Debian's, in one dom0 whose daemons are Debian's: every query prints the same
text, and each sees, changes and ends the other's domains.

A CPU time, a run state and the seconds of an uptime go on between two calls: those are masked
before the comparison, and nothing else is.
"""

import json
import re

import pytest

import scenario
import stock
from conftest import HV, machine

OURS = "/root/own/xl"
THEIRS = "/usr/lib/xen-4.17/bin/xl"

# Runs each line of a file with one xl: a mark with the status, stdout, stderr.
RUN = """#!/bin/sh
while IFS= read -r line; do
    timeout 60 $1 $line </dev/null >/run/o 2>/run/e
    echo "@@ $? $line"; sed 's/^/O|/' /run/o; sed 's/^/E|/' /run/e
done <$2
"""


@pytest.fixture
def both():
    """Debian's tools, our xl beside theirs, and two guests of each one's making."""
    programs = [("root/own/" + n, stock.own_tool("xl")) for n in ("xl", "xm")]
    initrd = scenario.initramfs(programs=programs, extra=[("root/run-xl", RUN)], tools="stock")
    # The emulator loses a process now and then under Xen with two CPUs and busy guests.
    m = machine("both", smp=1 if HV == "xen" else 2, mem=2048, dom0_mem=1024, initrd=initrd)
    if "theirs" not in m.domains():
        m.ok("dd if=/dev/zero of=/run/disk bs=1M count=8 2>&1 && cp /run/disk /run/disk2")
        m.put("/run/theirs.cfg", scenario.linux_config(
            "theirs", "idle", disk="/run/disk", net=True, vcpus=2, maxvcpus=3, memory=96))
        m.put("/run/ours.cfg", scenario.linux_config(
            "ours", "idle", number=2, disk="/run/disk2", net=True, vcpus=2, maxvcpus=3,
            memory=96))
        m.put("/run/tiny.cfg", scenario.tiny_config("tiny"))
        m.ok("%s create -q /run/theirs.cfg" % THEIRS, 120)
        m.ok("%s create -q /run/ours.cfg" % OURS, 120)
        for name in ("theirs", "ours"):
            scenario.wait_console(m, name, "guest: ready")
    return m


class Answer:
    def __init__(self, status):
        self.status, self.out, self.err = status, [], []


def ask(m, xl, commands):
    """{command: Answer} of one xl, in the order given."""
    m.put("/run/asked", "\n".join(commands) + "\n")
    text = m.run("sh /root/run-xl %s /run/asked" % xl, 60 * len(commands))[0]
    answers = {}
    for line in text.splitlines():
        mark = re.match(r"@@ (\d+) (.*)", line)
        if mark:
            a = answers[mark.group(2)] = Answer(int(mark.group(1)))
        elif line.startswith(("O|", "E|")):
            (a.out if line[0] == "O" else a.err).append(line[2:])
    assert list(answers) == commands, text
    return answers


def masked(command, lines):
    out = []
    for line in lines:
        if command.startswith("vcpu-list"):
            # CPU, state, time; an offline vCPU's are all dashes.
            line = re.sub(r"^(.{44})[ \d]{5}   [r-][b-]-.{10}  ", r"\1 CPU STATE T ", line)
        line = re.sub(r"  +\d+\.\d( |$)", r" T\1", line)
        line = re.sub(r" [r-][b-]([p-][s-].[d-]) ", r" ??\1 ", line)
        if command.startswith("uptime"):
            line = re.sub(r"^ \d\d:\d\d:\d\d", " NOW", line)
            line = re.sub(r"\d:\d\d(:\d\d)?", "UP", line)
        out.append(line)
    return out


QUERIES = """list
list -v
list -c
list -n
list -Z
list ours
list theirs
list 0
vm-list
domid ours
domname 1
domname 2
vcpu-list
vcpu-list ours
uptime
uptime ours theirs
uptime -s
claims
sharing
sched-credit2
sched-credit2 -s
sched-credit2 -d ours
sched-credit2 -p Pool-0
cpupool-list
cpupool-list -c
cpupool-list Pool-0
block-list ours
block-list theirs
network-list ours theirs
channel-list ours
info
info -n""".splitlines()


def test_every_query_prints_what_stock_xl_prints(both):
    theirs, ours = ask(both, THEIRS, QUERIES), ask(both, OURS, QUERIES)
    for c in QUERIES:
        assert ours[c].status == theirs[c].status == 0, c
        assert masked(c, ours[c].out) == masked(c, theirs[c].out), c
        assert ours[c].err == [], c


# Where no video memory is kept (domain 0), Debian's xl adds -1 KiB of it to the target.
OFF_BY_ONE = ('"target_memkb": 1048575,', '"target_memkb": 1048576,')


def test_long_list_is_the_same_json(both):
    commands = ["list -l", "list -l ours", "list -l theirs"]
    theirs, ours = ask(both, THEIRS, commands), ask(both, OURS, commands)
    for c in commands:
        a, b = ("\n".join(x[c].out) for x in (ours, theirs))
        assert json.loads(a) == json.loads(b.replace(*OFF_BY_ONE)), c
        # Debian's ends with an empty line.
        assert a.strip() == b.replace(*OFF_BY_ONE).strip()


def test_long_list_in_the_other_form_has_what_theirs_has(both):
    both.ok("cp /etc/xen/xl.conf /run/xl.conf; echo 'output_format=\"sxp\"' >/etc/xen/xl.conf")
    try:
        theirs = ask(both, THEIRS, ["list -l"])["list -l"].out
        ours = ask(both, OURS, ["list -l"])["list -l"].out
    finally:
        both.ok("cp /run/xl.conf /etc/xen/xl.conf")
    xm = ask(both, OURS.replace("/xl", "/xm"), ["list --long"])["list --long"].out
    for line in theirs:
        line = line.replace("(target_memkb 1048575)", "(target_memkb 1048576)")
        if re.search(r"\(\w+ .+\)$", line) and "(linux 0)" not in line:
            assert line in ours, line
    assert masked("list", xm) == masked("list", ours) or len(xm) == len(ours)
    text = "\n".join(ours)
    assert text.count("(") == text.count(")")


REFUSED = """list nosuch
list 99
destroy nosuch
destroy 0
domid nosuch
domid 1
domname 99
domname x
pause nosuch
shutdown
shutdown nosuch
reboot nosuch
rename nosuch x
rename ours theirs
mem-set ours 90x
mem-set ours 100000
vcpu-pin ours 9 0
vcpu-pin ours 0 99
vcpu-set ours 9
sched-credit2 -d ours -w 0
sched-credit2 -d ours -w 70000
sched-credit2 -w 5
sched-credit2 -p nosuch
cpupool-list nosuch
block-attach ours foo
block-attach ours /nosuch,raw,xvdb,w
block-detach ours xvdz
network-attach ours brdge=x
network-detach ours 7
set-parameters nosuch=1
create
create /nosuch
create -q /run/ours.cfg
destroy
pause
vcpu-pin ours 0
list -x
list --nosuch
nosuch
re""".splitlines()


def test_exit_status_of_refusals_is_theirs(both):
    theirs, ours = ask(both, THEIRS, REFUSED), ask(both, OURS, REFUSED)
    for c in REFUSED:
        assert ours[c].status == theirs[c].status, (c, ours[c].err)
        assert ours[c].out == [], c
        said = [line for line in ours[c].err if not line.startswith("Parsing config")]
        assert said and said[0].startswith("xl: "), c


CHANGES = [
    ("pause %s", "unpause %s"), ("rename %s renamed", "rename renamed %s"),
    ("vcpu-pin %s all 0", "vcpu-pin %s all all"), ("vcpu-pin %s 1 - 0", "vcpu-pin %s 1 - all"),
    ("sched-credit2 -d %s -w 512 -c 50", "sched-credit2 -d %s -w 256 -c 0"),
    ("mem-max %s 128", "mem-max %s 96"),
    ("sysrq %s h", None), ("debug-keys h", None), ("trigger %s nmi", None),
    ("network-attach %s bridge=xenbr0", "network-detach %s 1"),
]


def test_what_we_change_looks_the_same_to_both(both):
    """Done to a guest of theirs: what their xl then shows is what ours shows."""
    seen = ["list -v", "vcpu-list", "sched-credit2", "network-list 1", "list -l theirs"]
    for change, back in CHANGES:
        for command in filter(None, (change, back)):
            command = command.replace("%s", "theirs")
            assert [a.status for a in ask(both, OURS, [command]).values()] == [0], command
        both.run("sleep 1")
    for change, _ in CHANGES[2:6]:
        ask(both, OURS, [change.replace("%s", "theirs")])
    theirs, ours = ask(both, THEIRS, seen), ask(both, OURS, seen)
    for c in seen:
        assert "\n".join(masked(c, ours[c].out)).strip() == \
            "\n".join(masked(c, theirs[c].out)).strip(), c
    if both.smp > 1:
        assert [line[-7:] for line in ours["vcpu-list"].out if line.startswith("theirs")] == \
            ["0 / all", "  0 / 0", "0 / all"]
    assert ours["sched-credit2"].out[3].split()[2:] == ["512", "50"]
    assert '"max_memkb": 131072' in "\n".join(ours["list -l theirs"].out)
    for _, back in CHANGES[2:6]:
        ask(both, OURS, [back.replace("%s", "theirs")])


def test_dry_run_is_theirs_on_stdout_and_tells_on_stderr(both):
    commands = ["create -n /run/tiny.cfg",
                "create -n /run/tiny.cfg name=\"x\" memory=64 maxmem=80 vcpus=2 maxvcpus=4"]
    theirs, ours = ask(both, THEIRS, commands), ask(both, OURS, commands)
    for c in commands:
        a, b = (json.loads("\n".join(x[c].out)) for x in (ours, theirs))
        for d in a, b:
            d["c_info"].pop("uuid")
        assert a == b, c
        assert ours[c].status == 0 and len(ours[c].err) > 2
    assert list(both.domains()) == ["Domain-0", "theirs", "ours"]


def test_each_ends_the_others_guests(both):
    for maker, ender in ((OURS, THEIRS), (THEIRS, OURS)):
        both.ok("%s create -q /run/tiny.cfg && %s destroy tiny" % (maker, ender), 60)
        both.wait_domain_gone("tiny")


def test_shutdown_and_reboot_wait_as_theirs(both):
    for name in ("theirs", "ours"):
        before = both.domains()[name][0]
        a = ask(both, OURS, ["reboot -w %s" % name])["reboot -w %s" % name]
        assert a.status == 0 and a.err == [
            "Rebooting domain %d" % before, "Waiting for 1 domains",
            "Domain %d has been shut down, reason code 1" % before]
        both.run("i=0; until [ $i -ge 60 ] || xl list | awk '$1 == \"%s\" && $2 > %d {f=1} "
                 "END {exit !f}'; do sleep 0.5; i=$((i+1)); done" % (name, before), 120)
        assert both.domains()[name][0] > before
        # Its log has the line of each life.
        both.run("i=0; until [ $i -ge 120 ] || [ $(grep -c 'guest: ready' %s) -ge 2 ]; do "
                 "sleep 0.5; i=$((i+1)); done" % (scenario.LOG % name), 180)
    a = ask(both, OURS, ["shutdown -aww"])["shutdown -aww"]
    assert a.status == 0 and sum("has been destroyed" in line for line in a.err) == 2, a.err
    assert list(both.domains()) == ["Domain-0"]


def test_create_in_front_shows_the_end(both):
    both.put("/run/end.cfg", scenario.tiny_config("end", "p"))
    out = both.ok("%s create -F /run/end.cfg 2>&1" % OURS, 60)
    assert "reason code 0" in out and "end" not in both.domains()


def test_create_with_console_misses_nothing(both):
    """The viewer is there before the guest's first instruction, so its first line is seen."""
    both.put("/run/c.cfg", scenario.linux_config("seen"))
    both.send("1 %s create -qc /run/c.cfg </dev/hvc0\n" % OURS)
    both.expect(["guest: ready"], 90)
    both.send("echo $((6 * 7))-here\n")
    both.expect(["42-here"], 30)
    both.send("\x1d")
    both.expect(["@1@0@"], 30)
    both.ok("%s destroy seen" % OURS)
