# SPDX-License-Identifier: GPL-2.0-or-later
"""The toolstack of this tree in dom0: beside Debian's tools, through crashes, with bad input.

The life of guests under it is tested by test_guests.py and test_tools.py with TOOLS=xenolith.
"""

import random
import re

import pytest

import scenario
import stock
from conftest import DOM0_GROWTH, machine, settled_free_pages, warm


STOCK_XL = "/" + stock.XEN_BIN + "xl"


@pytest.fixture
def own():
    """2 CPUs, our tools running, and Debian's xl beside them under its full path."""
    programs = [(stock.XEN_BIN + t, stock.path("root", stock.XEN_BIN + t))
                for t in ("xl", "xenconsole")]
    free_pages = stock.compile_c("free_pages", "tools/free_pages.c", ["-static"])
    initrd = scenario.initramfs(programs=programs + [("bin/free_pages", free_pages)],
                                tools="xenolith")
    return warm(machine("own", smp=2, mem=2048, dom0_mem=1024, initrd=initrd))


@pytest.fixture
def clean(own):
    """The test leaves nothing: no domain, store entry, userdata file, loop device, page."""
    before = (leftovers(own), settled_free_pages(own))
    yield own
    if own.child.closed:
        return
    own.run("for d in $(xl list | awk 'NR>2{print $2}'); do xl destroy $d; done", 120)
    assert leftovers(own) == before[0]
    after = settled_free_pages(own, want=before[1])
    assert before[1] - DOM0_GROWTH <= after <= before[1], "%d pages lost" % (before[1] - after)


def leftovers(m):
    """What a domain leaves behind, as text; the empty folders of back ends do not count."""
    return m.ok("xenstore-ls -f | grep -vE '^/local/domain/0/(memory|backend/[a-z]+ =)|"
                "^/local/domain/0/backend =|^/vm =|^/libxl =' ; ls /var/lib/xen; losetup -a; "
                "ls /sys/class/net; true")


def test_nothing_of_debians_tools_runs(own):
    assert "xen-4.17" not in own.ok("ps; readlink /proc/*/exe; true")


def test_stock_xl_sees_and_stops_our_domains(clean):
    scenario.create(clean, "ours", scenario.tiny_config("ours"))
    for command in ("list", "domid ours", "uptime"):
        stock_says = clean.ok("%s %s" % (STOCK_XL, command))
        ours = clean.ok("xl %s" % command)
        # CPU times and run states go on between the two.
        drop = r"\d+\.\d|\d:\d\d:\d\d|[r-][b-]----"
        assert re.sub(drop, "", stock_says).split() == re.sub(drop, "", ours).split()
    clean.ok("%s pause ours" % STOCK_XL)
    assert "p" in clean.domains()["ours"][3]
    clean.ok("%s unpause ours && %s destroy ours" % (STOCK_XL, STOCK_XL), 60)
    assert "ours" not in clean.domains()


def test_our_xl_sees_and_stops_stock_domains(clean):
    clean.put("/run/theirs.cfg", scenario.tiny_config("theirs"))
    clean.ok("%s create -q /run/theirs.cfg" % STOCK_XL, 60)
    assert "theirs" in clean.domains()
    clean.ok("xl pause theirs; xl unpause theirs; xl destroy theirs", 60)
    assert "theirs" not in clean.domains()


def test_configuration_kept_is_what_stock_xl_reads(clean):
    scenario.create(clean, "kept", scenario.tiny_config("kept", vcpus=2))
    stock_says = clean.ok("%s list -l kept" % STOCK_XL)
    assert '"name": "kept"' in stock_says and '"max_vcpus": 2' in stock_says
    assert stock_says.split() == clean.ok("xl list -l kept").split()


def restart(m, program, arguments):
    m.ok("kill -9 $(pidof %s); sleep 0.2" % program)
    m.ok("%s %s" % (program, arguments), 30)


def test_guest_goes_on_when_the_store_is_killed_under_it(clean):
    sums = scenario.prepare_io(clean)
    scenario.create(clean, "io", scenario.linux_config("io", "io", disk="/run/disk", net=True))
    for _ in range(4):
        restart(clean, "xenstored", "--pid-file=/run/xenstored.pid")
        clean.ok("xl list >/dev/null; sleep 0.5")
    scenario.check_io(clean, "io", sums)
    clean.wait_domain_gone("io")


def test_console_goes_on_when_its_daemon_is_killed(clean):
    scenario.create(clean, "con", scenario.linux_config("con"))
    scenario.wait_console(clean, "con", "guest: ready")
    restart(clean, "xenconsoled",
            "--pid-file=/run/xenconsoled.pid --log=guest --log-dir=/var/log/xen")
    clean.ok("sleep 1")
    clean.send("1 xl console con </dev/hvc0\n\n")
    clean.expect(["/root # "], 30)
    clean.send("echo $((6 * 7))-alive\n")
    clean.expect(["42-alive"], 30)
    clean.send("\x1d")
    clean.expect(["@1@0@"], 30)


def test_killed_create_leaves_nothing_that_destroy_does_not_take(clean):
    rng = random.Random(7)
    disk = "dd if=/dev/zero of=/run/kdisk bs=1M count=4 2>/dev/null"
    clean.ok(disk)
    config = scenario.linux_config("killed", disk="/run/kdisk", net=True)
    clean.put("/run/killed.cfg", config)
    for _ in range(8):
        clean.run("xl create -q /run/killed.cfg & p=$!; sleep %.2f; kill -9 $p 2>/dev/null; wait $p"
                  % rng.uniform(0.01, 0.6), 60)
        clean.run("killall -9 xl 2>/dev/null; "
                  "for d in $(xl list | awk 'NR>2{print $2}'); do xl destroy $d; done", 120)
        assert list(clean.domains()) == ["Domain-0"]
    scenario.create(clean, "killed", config)


BAD = [
    ("a missing kernel", {"kernel": '"/guest/nothing"'}, r"/guest/nothing.*(No such file|not)"),
    ("a kernel that is none", {"kernel": '"/bin/busybox"'}, r"/bin/busybox"),
    ("a truncated kernel", {"kernel": '"/run/short"'}, r"/run/short"),
    ("a missing disk", {"disk": '["/run/nothing,raw,xvda,rw"]'}, r"/run/nothing"),
    ("a missing bridge", {"vif": '["bridge=nobr"]'}, r"nobr.*xenbr0|xenbr0.*nobr"),
    ("too little memory", {"memory": "900000"}, r"\d+ MiB missing.*Domain-0 \d+ MiB"),
    ("a wrong type", {"vcpus": '"many"'}, r":\d+:\d+: .*vcpus"),
    ("an impossible CPU", {"cpus": '"77"'}, r"77"),
]


@pytest.mark.parametrize("what,change,says", BAD, ids=[b[0].replace(" ", "-") for b in BAD])
def test_bad_input_says_what_and_leaves_nothing(clean, what, change, says):
    lines = {"name": '"bad"', "kernel": '"/guest/tiny"', "memory": "8"}
    lines.update(change)
    clean.ok("head -c 4096 /guest/vmlinux >/run/short")
    clean.put("/run/bad.cfg", "".join("%s=%s\n" % kv for kv in lines.items()))
    for options in ("-n", ""):
        out, status = clean.run("xl create %s /run/bad.cfg 2>&1" % options, 60)
        assert status != 0 and re.search(says, out), out
        assert "bad" not in clean.domains()


def test_name_in_use_is_refused(clean):
    scenario.create(clean, "twice", scenario.tiny_config("twice"))
    out, status = clean.run("xl create /run/twice.cfg 2>&1")
    assert status != 0 and re.search(r"twice.*(exists|in use|taken)", out), out
    assert len([n for n in clean.domains() if n == "twice"]) == 1


def test_misspelt_key_warns_and_names_the_right_one(clean):
    clean.put("/run/odd.cfg", scenario.tiny_config("odd") + "memmory=9\n")
    out = clean.ok("xl create /run/odd.cfg 2>&1")
    assert re.search(r"odd\.cfg:5:1: .*memmory.*'?memory", out), out


def test_full_run_is_said_and_survived(clean):
    used = int(clean.ok("df -k /run | awk 'END{print $3}'"))
    clean.ok("mount -o remount,size=%dk /run" % (used + 8))
    try:
        clean.run("dd if=/dev/zero of=/run/filler bs=1k 2>/dev/null")
        clean.put("/tmp/full", "for i in $(seq 200); do xenstore-write /tool/full/$i %s || exit 1; "
                  "done\n" % ("x" * 500))
        out, status = clean.run("sh /tmp/full 2>&1", 60)
        assert status == 0 or "No space" in out, out
        assert clean.domains()      # what only reads goes on
    finally:
        clean.ok("rm -f /run/filler; mount -o remount,size=50% /run")
    clean.ok("xenstore-write /tool/full 1 && xenstore-rm /tool/full")
    scenario.create(clean, "after", scenario.tiny_config("after"))
