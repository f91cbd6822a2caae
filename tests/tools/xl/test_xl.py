# SPDX-License-Identifier: GPL-2.0-or-later
"""xl on a host that is not there (fake.c): what it prints, byte for byte, what it asks of the
library, its exit status, its help, and that completion and the manual know every command."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

XL = os.environ.get("XL", "xl-test")
TOP = os.environ.get("TOP", "../../..")

CONFIG = """name = "web"
kernel = "/boot/vmlinuz"
memory = 64
vif = ["mac=00:16:3e:00:00:01"]
"""


class Result:
    def __init__(self, p):
        self.out, self.err, self.status = p.stdout, p.stderr, p.returncode


@pytest.fixture
def xl(tmp_path):
    def run(*args, name="xl", env=None, stdin=None):
        exe = tmp_path / name
        if not exe.exists():
            os.symlink(os.path.abspath(XL), exe)
        e = dict(os.environ, TZ="UTC", UBSAN_OPTIONS="print_stacktrace=1", **(env or {}))
        # A daemon left behind would hold the pipes open: its log is a file, so it must not.
        p = subprocess.run([str(exe), *args], cwd=tmp_path, env=e, capture_output=True,
                           text=True, input=stdin, timeout=30)
        assert "Sanitizer" not in p.stderr and "runtime error" not in p.stderr, p.stderr
        return Result(p)

    os.mkdir(tmp_path / "log")
    run.dir = tmp_path
    return run


def names():
    p = subprocess.run([XL, "help", "--format=names"], capture_output=True, text=True)
    return p.stdout.split()


# The table.

def test_every_command_of_the_project_is_there():
    want = """create destroy shutdown reboot pause unpause list vm-list domid domname rename
        console dmesg info top uptime mem-set mem-max vcpu-list vcpu-pin vcpu-set sched-credit2
        cpupool-list block-attach block-detach block-list network-attach network-detach
        network-list channel-list sysrq trigger dump-core debug-keys config-update
        set-parameters claims help domain-to-xml sched-credit sharing button-press cd-insert
        cd-eject vncviewer""".split()
    assert sorted(want) == sorted(names())


@pytest.mark.parametrize("command", names())
def test_help_of_each_command(xl, command):
    one = xl("help", command)
    assert one.status == 0 and one.err == ""
    assert one.out.startswith("Usage: xl [-v") and " %s" % command in one.out.splitlines()[0]
    for flag in "-h", "--help":
        r = xl(command, flag)
        assert (r.status, r.out, r.err) == (0, one.out, "")


@pytest.mark.parametrize("command", names())
def test_unknown_option_is_a_usage_error(xl, command):
    r = xl(command, "--no-such-option")
    assert r.status == 2 and "--no-such-option" in r.err and "Usage: xl" in r.err
    assert r.out == ""


def test_help_lists_all(xl):
    r = xl("help")
    assert r.status == 0 and r.err == ""
    for c in names():
        assert re.search(r"^ %s +\S" % c, r.out, re.M), c
    assert "migrate" in r.out.split("not served")[1]
    assert "init-dom0" not in r.out


def test_without_a_command(xl):
    r = xl()
    assert r.status == 1 and "Usage" in r.err
    for flag in "-h", "--help":
        r = xl(flag)
        assert r.status == 0 and "Usage" in r.out, flag


@pytest.mark.parametrize("text,full", [
    ("li", "list"), ("debug", "debug-keys"), ("vm", "vm-list"), ("up", "uptime"),
    ("cr", "create"), ("des", "destroy"), ("inf", "info"), ("mem-s", "mem-set"),
    ("cl", "claims"), ("ch", "channel-list"), ("ren", "rename"), ("sched-credit", "sched-credit"),
    ("i", "info"), ("re", None), ("vcpu", None), ("dom", None), ("", None), ("nosuch", None),
    ("init-dom", None), ("listx", None), ("domain-to", None), ("domain-to-xml", "domain-to-xml"),
])
def test_unique_prefixes(xl, text, full):
    r = xl(text, "--help")
    if full:
        assert r.status == 0 and r.out == xl("help", full).out
    else:
        assert r.status == 1 and r.err.startswith("xl: %s: " % text) and r.out == ""


@pytest.mark.parametrize("command", ["save", "migrate", "pci-attach", "pci-list", "usb-list",
                                     "cpupool-create", "getenforce", "sched-rtds", "devd"])
def test_unserved_says_so(xl, command):
    r = xl(command, "a", "-x")
    assert (r.status, r.out) == (1, "")
    assert r.err == "xl: %s: not served by this version\n" % command
    assert "does not serve" in xl(command, "--help").out


def test_ganeti_power_cycle(xl):
    assert xl("debug", "R").out == "fake: keys R\n"


@pytest.mark.parametrize("args,status", [
    (["destroy"], 2), (["pause"], 2), (["rename", "lin"], 2), (["mem-set", "lin"], 2),
    (["vcpu-pin", "lin", "0"], 2), (["block-list"], 2), (["sysrq", "lin"], 2),
    (["destroy", "lin", "tiny"], 2), (["create"], 6), (["shutdown"], 1), (["-x", "list"], 2),
])
def test_missing_or_too_many_operands(xl, args, status):
    r = xl(*args)
    assert r.status == status and r.err.startswith("xl: ") and r.out == ""


def test_an_xentop_link_is_top(xl):
    assert xl("-b", name="xentop").out == "top\n"


# Tables, as scripts split them.

HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
DOM0 = "Domain-0                                     0  1024     2     r-----      76.2"
TINY = "tiny                                         1     8     1     -b----       0.0"
LIN = "lin                                          2    96     3     r-----       7.7"


def lines(*text):
    return "\n".join(text) + "\n"


def test_list(xl):
    assert xl("list").out == lines(HEADER, DOM0, TINY, LIN)
    assert xl("list", "lin").out == lines(HEADER, LIN)
    assert xl("list", "0").out == lines(HEADER, DOM0)


def test_list_of_a_dying_domain_without_a_name(xl):
    out = xl("list", env={"FAKE_DYING": "1"}).out.splitlines()
    assert out[-1].split() == ["(null)", "28441", "0", "1", "--pscd", "1.2"]


def test_every_line_has_six_columns(xl):
    for line in xl("list", env={"FAKE_NAME": "a name\twith blanks"}).out.splitlines()[1:]:
        name, ident, mem, vcpus, state, seconds = line.split()
        assert len(state) == 6 and float(seconds) >= 0
        assert int(ident) >= 0 and int(mem) >= 0 and int(vcpus) > 0
    assert "a_name_with_blanks" in xl("list", env={"FAKE_NAME": "a name\twith blanks"}).out


def test_list_with_more_columns(xl):
    zero = "00000000-0000-0000-0000-000000000000"
    v = xl("list", "-v", env={"FAKE_DYING": "1"}).out.splitlines()
    assert v[0] == HEADER + "   UUID                            Reason-Code\tSecurity Label"
    assert v[1] == DOM0 + " " + zero + "        -                -"
    assert v[4].endswith(zero + "        3                -")
    c = xl("list", "-c").out.splitlines()
    assert c[0] == HEADER + "         Cpupool" and c[2] == TINY + "          Pool-0"
    n = xl("list", "-n").out.splitlines()
    assert n[0] == HEADER + " NODE Affinity"
    assert n[1] == DOM0 + " all" and n[3] == LIN + " 1"


def test_list_of_none(xl):
    r = xl("list", "nosuch")
    assert (r.status, r.out) == (1, "")
    assert r.err == "xl: nosuch: list: there is no such domain\n"


def test_other_tables_of_domains(xl):
    assert xl("claims").out == lines(HEADER + "  Claimed", DOM0 + "     0", TINY + "     0",
                                     LIN + "     1")
    assert xl("sharing").out.splitlines()[:2] == [
        "Name                                        ID   Mem Shared",
        "Domain-0                                     0  1024      0"]
    assert xl("vm-list").out.splitlines()[:3] == [
        "UUID                                  ID    name",
        "00000000-0000-0000-0000-000000000000  0    Domain-0                      ",
        "be692aa6-0f2a-46b8-8e55-40a4616beb49  1    tiny                          "]
    assert xl("uptime").out == lines(
        "Name                                ID Uptime",
        "Domain-0                             0  0:01:54",
        "tiny                                 1 324 days, 14:15:11",
        "lin                                  2 1 day,  1:01:01")
    s = xl("uptime", "-s", "tiny").out
    assert re.fullmatch(r" \d\d:\d\d:\d\d up 324 days, 14:15, tiny \(1\)\n", s)


def test_ids_and_names(xl):
    assert xl("domid", "lin").out == "2\n"
    assert xl("domname", "1").out == "tiny\n"
    for args in (["domid", "1"], ["domid", "nosuch"], ["domname", "99"], ["domname", "lin"]):
        r = xl(*args)
        assert (r.status, r.out) == (1, "") and r.err.count("\n") == 1


def test_vcpu_list(xl):
    assert xl("vcpu-list", "lin").out == lines(
        "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)",
        "lin                                  2     0    3   r--      20.2  all / all",
        "lin                                  2     1    3   -b-      20.2  0,2-3 / all",
        "lin                                  2     2    -   --p      20.2  all / 1-2")


def test_schedulers_and_pools(xl):
    table = ["Name                                ID Weight  Cap",
             "Domain-0                             0    256    0",
             "tiny                                 1    256    0",
             "lin                                  2    256   50"]
    pool = "Cpupool Pool-0: ratelimit=1000us"
    assert xl("sched-credit2").out == lines(pool, *table)
    assert xl("sched-credit2", "-p", "Pool-0").out == lines(pool, *table)
    assert xl("sched-credit2", "-s").out == lines(pool)
    assert xl("sched-credit2", "-d", "lin").out == lines(table[0], table[3])
    assert xl("sched-credit", "-d", "lin").out == lines(table[0], table[3])
    assert xl("cpupool-list").out == lines(
        "Name               CPUs   Sched     Active   Domain count",
        "Pool-0               3   credit2       y          3")
    assert xl("cpupool-list", "-c", "Pool-0").out == lines(
        "Name               CPU list", "Pool-0             0,1,2")
    assert xl("cpupool-list", "nosuch").status == 1


def test_devices(xl):
    assert xl("block-list", "lin").out == lines(
        "Vdev  BE  handle state evt-ch ring-ref BE-path                       ",
        "51712 0   2      4     -1     -1       /local/domain/0/backend/vbd/2/51712")
    assert xl("network-list", "lin").out == lines(
        "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path"
        "                       ",
        "0   0  00:16:3e:17:e9:4e     0     4     -1    -1/-1          "
        "/local/domain/0/backend/vif/2/0")
    channels = "Idx BE state evt-ch ring-ref connection                               "
    assert xl("channel-list", "tiny").out == lines(channels)
    assert xl("channel-list", "lin").out == lines(
        channels, "1   0  4     -1     -1       org.a.b   ")
    r = xl("block-list", "nosuch", "lin")
    assert r.status == 1 and "51712" in r.out and r.err.startswith("xl: nosuch: block-list: ")


def test_info(xl):
    out = xl("info").out
    keys = [line.split(":")[0].strip() for line in out.splitlines()]
    assert keys == """host release version machine nr_cpus max_cpu_id nr_nodes cores_per_socket
        threads_per_core cpu_mhz hw_caps virt_caps total_memory free_memory
        sharing_freed_memory sharing_used_memory outstanding_claims free_cpus xen_major
        xen_minor xen_extra xen_version xen_caps xen_scheduler xen_pagesize platform_params
        xen_changeset xen_commandline cc_compiler cc_compile_by cc_compile_domain
        cc_compile_date build_id xend_config_format""".split()
    for line in """cpu_mhz                : 2445.425
hw_caps                : 1fcbf3fd:f6d8320b:ec500800:00000077:00000005:018843a9:0000020c:00000000
virt_caps              : pv hvm hap gnttab-v1 gnttab-v2
total_memory           : 2047
free_memory            : 1000
free_cpus              : 1
xen_version            : 4.17.7
platform_params        : virt_start=0xffff800000000000
xen_changeset          : """.splitlines():
        assert line + "\n" in out, line


def test_info_of_the_topology(xl):
    out = xl("info", "-n").out
    assert lines("cpu_topology           :", "cpu:    core    socket     node",
                 "  0:       0        0        0", "  1:       1        0        0",
                 "  2:       0        1        1", "device topology        :",
                 "device           node", "No device topology data available",
                 "numa_info              :", "node:    memsize    memfree    distances",
                 "   0:      1024        500      10,20",
                 "   1:      1024        500      20,10") in out


# JSON and SXP.

@pytest.mark.parametrize("args", [
    ["list"], ["vm-list"], ["domid", "lin"], ["domname", "2"], ["uptime"], ["claims"],
    ["sharing"], ["info"], ["info", "-n"], ["vcpu-list"], ["sched-credit2"],
    ["sched-credit2", "-d", "lin"], ["sched-credit2", "-s"], ["cpupool-list"],
    ["block-list", "lin"], ["network-list", "lin"], ["channel-list", "lin"],
])
def test_every_query_has_json(xl, args):
    r = xl(*args, "--json", env={"FAKE_NAME": 'q"uo\\te\x01\xff', "FAKE_DYING": "1"})
    assert r.status == 0 and r.err == ""
    assert json.loads(r.out)


def test_json_values(xl):
    d = json.loads(xl("list", "--json").out)
    assert [x["name"] for x in d] == ["Domain-0", "tiny", "lin"]
    assert d[2]["memory_mib"] == 96 and d[2]["cpu_seconds"] == 7.7
    assert d[1]["state"] == "-b----" and d[1]["blocked"] is True
    info = json.loads(xl("info", "--json").out)
    assert info["nr_cpus"] == 4 and info["xen_version"] == "4.17.7"
    assert json.loads(xl("uptime", "--json").out)[0]["uptime_seconds"] == 114


def test_list_long(xl):
    r = xl("list", "-l")
    assert r.status == 0, r.err
    d = json.loads(r.out)
    assert [x["domid"] for x in d] == [0, 1, 2]
    assert d[0]["config"]["c_info"]["name"] == "Domain-0"
    b = d[0]["config"]["b_info"]
    assert b["max_memkb"] == 1048576 and b["target_memkb"] == 1048575
    assert b["sched_params"] == {"sched": "credit2", "weight": 256, "cap": 0}
    lin = d[2]["config"]
    assert lin["c_info"]["name"] == "lin" and lin["c_info"]["type"] == "pv"
    assert lin["c_info"]["uuid"] == "4dcde95d-5987-4023-ae52-d8c5960d1e5c"
    assert lin["b_info"]["kernel"] == "/guest/vmlinux"
    assert lin["b_info"]["avail_vcpus"] == [0, 1] and lin["b_info"]["max_vcpus"] == 3
    assert lin["disks"][0]["vdev"] == "xvda"
    assert lin["nics"][0]["mac"] == "00:16:3e:17:e9:4e"
    assert '    {\n        "domid": 2,\n        "config": {\n            "c_info": {' in r.out


def sxp(text):
    """A reader of S-expressions: nested lists of words."""
    words = re.findall(r"[()]|'(?:\\.|[^'\\])*'|[^\s()]+", text)
    stack = [[]]
    for w in words:
        if w == "(":
            stack.append([])
        elif w == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(w)
    assert len(stack) == 1
    return stack[0]


@pytest.mark.parametrize("how", ["xm", "conf"])
def test_sxp(xl, how):
    if how == "conf":
        (xl.dir / "xl.conf").write_text('# old scripts\noutput_format="sxp"\n')
    out = xl("list", "--long", name="xm" if how == "xm" else "xl").out
    domains = sxp(out)
    assert [d[0] for d in domains] == ["domain"] * 3
    for d, want in zip(domains, [("0", "Domain-0", "r-----"), ("1", "tiny", "-b----"),
                                 ("2", "lin", "r-----")]):
        pairs = {p[0]: p[1:] for p in d[1:]}
        assert (pairs["domid"][0], pairs["name"][0], pairs["state"][0]) == want
        assert float(pairs["cpu_time"][0]) >= 0
    lin = {p[0]: p[1:] for p in domains[2][1:]}
    assert lin["max_memkb"] == ["98304"]
    assert ["kernel", "/guest/vmlinux"] in lin["image"][0]
    assert lin["device"][0][0] == "vif" or "tap" in out


def test_xm_serves_what_ganeti_calls(xl):
    assert xl("domname", "1", name="xm").out == "tiny\n"
    assert "324 days, 14:15:11" in xl("uptime", name="xm").out
    r = xl("nosuch", name="xm")
    assert r.status == 1 and r.err.startswith("xm: ")


# What is asked of the library.

@pytest.mark.parametrize("args,did", [
    (["destroy", "lin"], "destroy 2"), (["pause", "1"], "pause 1"),
    (["unpause", "tiny"], "unpause 1"), (["rename", "lin", "x"], "rename 2 x"),
    (["sysrq", "lin", "h"], "sysrq 2 h"), (["trigger", "lin", "nmi"], "trigger 2 nmi -1"),
    (["trigger", "lin", "nmi", "1"], "trigger 2 nmi 1"),
    (["button-press", "lin", "power"], "trigger 2 power -1"),
    (["dump-core", "lin", "/f"], "dump 2 /f"),
    (["mem-set", "lin", "90"], "target 2 92160"), (["mem-set", "lin", "90m"], "target 2 92160"),
    (["mem-set", "lin", "92160k"], "target 2 92160"), (["mem-set", "lin", "1g"],
                                                       "target 2 1048576"),
    (["mem-max", "lin", "94371840b"], "maxmem 2 92160"),
    (["vcpu-pin", "lin", "all", "0"], "pin 2 -1 0 -"),
    (["vcpu-pin", "lin", "1", "-", "0-3,^2"], "pin 2 1 - 0-3,^2"),
    (["vcpu-set", "lin", "2"], "vcpus 2 2"),
    (["sched-credit2", "-d", "lin", "-w", "512", "--cap=50"], "sched 2 512 50"),
    (["sched-credit", "-d", "lin", "-w", "100"], "sched 2 100 -1"),
    (["sched-credit2", "-s", "-r", "2000"], "ratelimit Pool-0 2000"),
    (["block-attach", "lin", "/d,raw,xvdb,r"], "disk 2 xvdb /d r"),
    (["block-attach", "lin", "phy:/dev/x,xvdc,w"], "disk 2 xvdc /dev/x w"),
    (["block-detach", "lin", "xvdb", "--force"], "undisk 2 xvdb force"),
    (["network-attach", "lin", "bridge=br0", "mac=00:16:3e:00:00:09"], "nic 2 br0"),
    (["network-detach", "lin", "1"], "unnic 2 1"),
    (["cd-insert", "lin", "hdc", "file:/a.iso"], "cd 2 hdc /a.iso"),
    (["cd-eject", "lin", "hdc"], "cd 2 hdc -"),
    (["debug-keys", "h"], "keys h"), (["init-dom0"], "init-dom0"),
])
def test_what_a_command_does(xl, args, did):
    r = xl(*args)
    assert (r.status, r.out, r.err) == (0, "fake: %s\n" % did, "")


@pytest.mark.parametrize("args", [
    ["destroy", "lin"], ["pause", "lin"], ["unpause", "lin"], ["rename", "lin", "x"],
    ["sysrq", "lin", "h"], ["trigger", "lin", "nmi"], ["dump-core", "lin", "/f"],
    ["mem-set", "lin", "90"], ["mem-max", "lin", "90"], ["vcpu-pin", "lin", "all", "0"],
    ["vcpu-set", "lin", "2"], ["sched-credit2", "-d", "lin", "-w", "5"],
    ["sched-credit2", "-s", "-r", "500"], ["block-attach", "lin", "/d,raw,xvdb,r"],
    ["block-detach", "lin", "xvdb"], ["network-attach", "lin"], ["network-detach", "lin", "1"],
    ["debug-keys", "h"], ["set-parameters", "x=1"], ["shutdown", "lin"], ["reboot", "-a"],
    ["button-press", "lin", "power"], ["cd-eject", "lin", "hdc"],
])
def test_dry_run_changes_nothing(xl, args):
    r = xl("-N", *args)
    assert r.status == 0 and r.err == "" and "fake:" not in r.out
    assert "would" in r.out


@pytest.mark.parametrize("args,words", [
    (["destroy", "0"], "domain 0"), (["shutdown", "Domain-0"], "domain 0"),
    (["mem-set", "lin", "90x"], "90x"), (["mem-set", "lin", "0"], "not a size"),
    (["mem-set", "lin", "-5"], "not known"), (["mem-max", "lin", "99999999999999t"], "size"),
    (["vcpu-set", "lin", "9"], "--ignore-host"), (["vcpu-set", "lin", "0"], "number"),
    (["vcpu-set", "-i", "lin", "9"], "maxvcpus"), (["vcpu-pin", "lin", "x", "0"], "vCPU x"),
    (["sched-credit2", "-w", "5"], "-d"), (["sched-credit2", "-d", "lin", "-w", "0"], "65535"),
    (["sched-credit2", "-d", "lin", "-w", "70000"], "65535"),
    (["sched-credit2", "-p", "Pool-0", "-d", "lin"], "not both"),
    (["sched-credit2", "-p", "none"], "no such CPU pool"),
    (["sched-credit", "-t", "5", "-s"], "no such parameter"),
    (["sysrq", "lin", "ab"], "one letter"), (["trigger", "lin", "nmi", "x"], "not a number"),
    (["block-attach", "lin", "foo"], "foo"), (["network-attach", "lin", "brdge=x"], "brdge"),
    (["set-parameters", "foo=1"], "foo=1"), (["rename", "lin", ""], "empty"),
    (["shutdown", "-a", "lin"], "-a"), (["domname", "x"], "number"),
    (["help", "--format=x"], "names"),
])
def test_refusals_are_one_clear_line(xl, args, words):
    r = xl(*args)
    assert r.status in (1, 2) and r.out == ""
    assert r.err.startswith("xl: ") and words in r.err.splitlines()[0]
    if r.status == 1:
        assert r.err.count("\n") == 1


def test_timestamps(xl):
    r = xl("-T", "pause", "nosuch")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ \[\d+\] xl: nosuch: pause: ", r.err)


def test_a_closed_output_is_an_error(xl):
    with open("/dev/full", "w") as full:
        p = subprocess.run([XL, "list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 1 and "standard output" in p.stderr


# Ends.

def test_shutdown_and_reboot(xl):
    r = xl("shutdown", "lin")
    assert (r.status, r.out, r.err) == (0, "fake: ask 2 poweroff\n",
                                        "Shutting down domain 2\n")
    r = xl("reboot", "-w", "lin")
    assert r.out == "fake: ask 2 reboot\n"
    assert r.err == ("Rebooting domain 2\nWaiting for 1 domains\n"
                     "Domain 2 has been shut down, reason code 1\n")
    r = xl("shutdown", "-aw", env={"FAKE_DYING": "1"})
    assert r.status == 0 and r.out == "fake: ask 1 poweroff\nfake: ask 2 poweroff\n"
    assert r.err.count("has been shut down") == 2
    r = xl("shutdown", "-ww", "lin", env={"FAKE_END": "gone"})
    assert r.err.endswith("Domain 2 has been destroyed\n") and "shut down," not in r.err


def test_a_guest_that_does_not_answer(xl):
    r = xl("shutdown", "-w", "lin", env={"FAKE_DEAF": "1"})
    assert r.status == 1 and "the guest does not answer" in r.err
    r = xl("shutdown", "-F", "lin", env={"FAKE_DEAF": "1"})
    assert r.status == 0 and r.out == "fake: trigger 2 power -1\n"


# Creation.

@pytest.fixture
def config(xl):
    (xl.dir / "web.cfg").write_text(CONFIG)
    return "web.cfg"


def wait_log(xl, name, text):
    path = xl.dir / "log" / ("xl-%s.log" % name)
    for _ in range(100):
        if path.exists() and text in path.read_text():
            return path.read_text()
        time.sleep(0.05)
    raise AssertionError("no '%s' in %s" % (text, path))


def test_create_leaves_a_watching_process_with_a_log(xl, config):
    r = xl("create", config)
    assert r.status == 0, r.err
    assert r.out == "fake: create web, 65536 KiB, hard -, bridge -\n"
    assert r.err.startswith("Parsing config from web.cfg\n")
    assert wait_log(xl, "web", "fake: monitor 7") == "fake: monitor 7\nwatching 7\n"
    assert xl("create", "-q", config).err == ""
    wait_log(xl, "web", "fake: monitor 7")
    assert (xl.dir / "log" / "xl-web.log.1").exists()


def test_create_options(xl, config):
    assert "create web paused" in xl("create", "-pe", config).out
    assert not os.listdir(xl.dir / "log")
    r = xl("create", "-F", config)
    assert r.out.endswith("fake: monitor 7\n") and not os.listdir(xl.dir / "log")
    r = xl("create", "-ef", config, "memory=128", 'vif=["bridge=br7"]')
    assert r.out == "fake: create web, 131072 KiB, hard -, bridge br7\n"
    r = xl("create", "-e", "memory=32", config)
    assert "32768 KiB" in r.out
    assert xl("create", "-e", config, "other.cfg").status == 1


def test_create_with_console(xl, config):
    r = xl("create", "-ce", config)
    assert r.status == 0 and sorted(r.out.splitlines()) == [
        "fake: console 7", "fake: create web, 65536 KiB, hard -, bridge -"]


def test_create_with_a_name_in_use(xl, config):
    r = xl("create", "-q", config, 'name="lin"')
    assert (r.status, r.out) == (3, "")
    assert r.err == "xl: lin: create: domain 2 has this name\n"


def test_create_from_nothing(xl):
    r = xl("create", "/no/such/file")
    assert r.status == 3 and "/no/such/file" in r.err.splitlines()[-1]


def test_create_from_nonsense_shows_every_finding(xl):
    (xl.dir / "bad.cfg").write_text('name="x"\nmemory="abc"\nnmae=3\nkernel=\n')
    r = xl("create", "bad.cfg")
    assert (r.status, r.out) == (1, "")
    assert "bad.cfg:2:" in r.err and "bad.cfg:4:" in r.err and "error" in r.err
    assert "name" in [line for line in r.err.splitlines() if line.startswith("bad.cfg:3:")][0]


def test_create_dry_run(xl, config):
    for args in (["create", "-n", config], ["-N", "create", config]):
        r = xl(*args)
        assert r.status == 0 and "would create web" in r.err and "fake:" not in r.out
        assert json.loads(r.out)["c_info"]["name"] == "web"
    (xl.dir / "xl.conf").write_text("output_format='sxp'")
    d = sxp(xl("create", "-n", config).out)[0]
    assert ["domid", "-1"] in d and ["name", "web"] in d


def test_xl_conf_completes_a_configuration(xl, config):
    (xl.dir / "xl.conf").write_text(
        'vif.default.bridge = "br9"   # ours\nvm.cpumask="0-2"\nvm.pv.cpumask = "1-3,^3"\n'
        'autoballoon="off"\nlockfile="other.lock"\n')
    r = xl("create", "-e", config)
    assert r.out == "fake: create web, 65536 KiB, hard 1-2, bridge br9\n"
    assert r.err == "Parsing config from web.cfg\n"
    assert (xl.dir / "other.lock").exists()
    r = xl("create", "-e", "--ignore-global-affinity-masks", config)
    assert "hard -" in r.out
    r = xl("create", "-qe", config, 'cpus="0"')
    assert r.status == 1 and "mask" in r.err
    assert xl("vcpu-pin", "lin", "0", "0-1").out == "fake: pin 2 0 1 -\n"


def test_xl_conf_with_slips_warns_with_lines(xl, config):
    (xl.dir / "xl.conf").write_text('foo=1\nautobaloon="on"\nclaim_mode="x"\n')
    r = xl("create", "-e", config)
    assert r.status == 0 and "create web" in r.out
    for line in ("xl.conf:1:1: ", "xl.conf:2:1: ", "autoballoon", "xl.conf:3:"):
        assert line in r.err, line
    (xl.dir / "xl.conf").write_text('autoballoon="on"\ndomid_policy="random"\n')
    err = xl("create", "-e", config).err
    assert "dom0_mem=" in err and "domid_policy" in err


def test_config_update(xl, config):
    r = xl("config-update", "lin", config, "memory=99")
    assert (r.status, r.out, r.err) == (0, "fake: update 2: web, 101376 KiB\n", "")
    assert xl("config-update", "lin").status == 1


def test_xml(xl, config):
    r = xl("domain-to-xml", config)
    assert r.status == 0, r.err
    assert "<name>web</name>" in r.out
    (xl.dir / "web.xml").write_text(r.out)
    assert "create web, 65536 KiB" in xl("create", "-e", "web.xml").out
    assert "<name>lin</name>" in xl("domain-to-xml", "lin").out


def test_libxml2_is_only_loaded_for_xml():
    """Its loading would be most of what xl list costs."""
    needed = subprocess.run(["readelf", "-d", XL], capture_output=True, text=True).stdout
    assert "libjson-c" in needed and "libxml2" not in needed


# What is made of the table.

def complete(xl, *words):
    script = os.path.join(os.path.dirname(XL), "complete", "xl")
    code = """. %s
COMP_WORDS=(%s); COMP_CWORD=%d; _xl; printf '%%s\\n' "${COMPREPLY[@]}" """ % (
        script, " ".join("'%s'" % w for w in words), len(words) - 1)
    exe = xl.dir / "xl"
    if not exe.exists():
        os.symlink(os.path.abspath(XL), exe)
    p = subprocess.run(["bash", "-c", code], capture_output=True, text=True,
                       env=dict(os.environ, PATH="%s:%s" % (xl.dir, os.environ["PATH"])))
    assert p.stderr == ""
    return p.stdout.split()


def test_completion_knows_every_command(xl):
    assert sorted(complete(xl, "xl", "")) == sorted(names())
    assert complete(xl, "xl", "-v", "vcpu-l") == ["vcpu-list"]
    assert complete(xl, "xl", "help", "upt") == ["uptime"]


def test_completion_of_options_and_operands(xl):
    assert set(complete(xl, "xl", "list", "--")) == {
        "--help", "--long", "--verbose", "--context", "--cpupool", "--numa", "--json"}
    assert complete(xl, "xl", "destroy", "") == ["Domain-0", "tiny", "lin"]
    assert complete(xl, "xl", "destroy", "-f", "t") == ["tiny"]
    assert complete(xl, "xl", "destroy", "tiny", "") == []
    assert complete(xl, "xl", "vcpu-list", "lin", "t") == ["tiny"]
    assert complete(xl, "xl", "cpupool-list", "") == ["Pool-0"]
    (xl.dir / "guest.cfg").write_text("")
    assert complete(xl, "xl", "create", str(xl.dir / "gu")) == [str(xl.dir / "guest.cfg")]


def test_the_manual_lists_every_command():
    p = subprocess.run([XL, "help", "--format=man"], capture_output=True, text=True)
    for c in names():
        assert "\\fB%s\\fR" % c.replace("-", "\\-") in p.stdout, c


def test_install(tmp_path):
    build, dest = tmp_path / "build", tmp_path / "dest"
    build.mkdir()
    for n in "xl", "xenstored", "xenconsoled", "xenolith-blk", "xenolith-net", "libxenolith.a":
        (build / n).write_bytes(open(XL, "rb").read() if n == "xl" else b"x")
    (build / "xl").chmod(0o755)

    def make(target):
        subprocess.run(["make", "-s", "-C", TOP + "/toolstack", target, "BUILD=%s" % build,
                        "DESTDIR=%s" % dest, "PREFIX=/usr", "STRIP="], check=True,
                       capture_output=True, env=dict(os.environ, MAKEFLAGS=""))

    def files():
        return sorted(str(p.relative_to(dest)) for p in dest.rglob("*") if not p.is_dir())

    make("install-files")
    for f in """usr/sbin/xl usr/sbin/xm usr/sbin/xentop usr/sbin/xenstored usr/sbin/xenconsoled usr/sbin/xenolith-blk
            usr/sbin/xenolith-net
            usr/lib/libxenolith.a usr/lib/pkgconfig/xenolith.pc usr/include/xenolith/xenolith.h
            usr/share/man/man1/xl.1 usr/share/man/man5/xl.cfg.5 usr/share/man/man5/xl.conf.5
            usr/share/bash-completion/completions/xl lib/systemd/system/xenstored.service
            lib/systemd/system/xenconsoled.service lib/systemd/system/xen-init-dom0.service
            lib/systemd/system/proc-xen.mount usr/lib/modules-load.d/xenolith.conf
            etc/xen/xl.conf""".split():
        assert f in files(), f
        if "/sbin/" not in f and not f.endswith((".a", ".h")):
            text = (dest / f).read_text()
            assert not re.search(r"@[A-Za-z]+@", text), f
    assert "vcpu\\-list" in (dest / "usr/share/man/man1/xl.1").read_text()
    assert "/usr/sbin/xenstored" in (dest / "lib/systemd/system/xenstored.service").read_text()
    (dest / "etc/xen/xl.conf").write_text("mine")
    make("install-files")
    assert (dest / "etc/xen/xl.conf").read_text() == "mine"
    make("uninstall")
    assert files() == ["etc/xen/xl.conf"]


def test_the_manual_has_no_slips(tmp_path):
    p = subprocess.run([XL, "help", "--format=man"], capture_output=True, text=True)
    page = open(TOP + "/toolstack/man/xl.1.in").read().replace("@COMMANDS@\n", p.stdout)
    (tmp_path / "xl.1").write_text(page)
    check = shutil.which("groff")
    if not check:
        pytest.skip("no groff to check the manual with")
    for f in [tmp_path / "xl.1"] + [TOP + "/toolstack/man/%s.in" % n
                                    for n in ("xl.cfg.5", "xl.conf.5")]:
        r = subprocess.run([check, "-man", "-Tascii", "-ww", "-z", f], capture_output=True,
                           text=True)
        assert r.stderr == ""


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def pytest_runtest_logreport(self, report):
        self.failed += report.failed
        self.passed += report.when == "call" and report.passed


if __name__ == "__main__":
    count = Count()
    pytest.main(["-q", "-p", "no:cacheprovider", "--no-header", "--tb=short", __file__]
                + sys.argv[1:], plugins=[count])
    print("%d passed, %d failed" % (count.passed, count.failed or not count.passed))
    sys.exit(1 if count.failed or not count.passed else 0)
