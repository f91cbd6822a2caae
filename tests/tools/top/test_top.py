# SPDX-License-Identifier: GPL-2.0-or-later
"""xl top with a fake machine: plain text against what xentop prints, JSON, the screen."""

import json
import os
import re
import signal
import subprocess
import time

import pexpect
import pytest

TOP = os.path.join(os.environ["TEST_BUILD"], "top-test")

# Printed by Debian's xentop 4.17 of such a machine.
XENTOP = """\
      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS NETTX(k) \
NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID
  Domain-0 -----r        211    0.0    1048576   50.0    1048576      50.0     2    0        0 \
       0    0        0        0        0          0          0    0
       lin -----r         94    0.0      92160    4.4      93184       4.4     3    1        0 \
       0    2        0        3        0         24          0    0
      tiny --b---          0    0.0       8192    0.4       9216       0.4     1    0        0 \
       0    0        0        0        0          0          0    0
"""
XENTOP_DETAILS = """\
VCPUs(sec):   0:         31s  1:         31s  2:         31s
Net0 RX:      760bytes       12pkts        0err        0drop  TX:      976bytes       12pkts        \
0err        1drop
VBD BlkBack 51712 [ca: 0]  OO:        0   RD:        3   WR:        0   RSECT:         24   \
WSECT:          0
VBD BlkBack 51728 [ca:10]  OO:        0   RD:        0   WR:        0   RSECT:          0   \
WSECT:          0
"""


class Machine:
    def __init__(self, directory):
        self.dir = str(directory)
        os.makedirs(self.dir + "/sys/class/net")
        os.makedirs(self.dir + "/sys/bus/xen-backend/devices")
        self.host = "host 524288 100000 2 2400000"
        self.domains = {
            0: ("r", 211900000000, 262144, 262144, 2, 0, "Domain-0"),
            1: ("r", 94100000000, 23040, 23296, 3, 0, "lin"),
            2: ("b", 0, 2048, 2304, 1, 0, "tiny"),
        }
        self.net(1, 0, rx_bytes=760, rx_packets=12, tx_bytes=976, tx_packets=12, tx_dropped=1)
        self.vbd(1, 51728)
        self.vbd(1, 51712, rd_req=3, rd_sect=24)
        self.save()

    def save(self):
        with open(self.dir + "/new", "w") as f:
            f.write(self.host + "\n")
            for domid, d in sorted(self.domains.items()):
                f.write("domain %d %s\n" % (domid, " ".join(map(str, d))))
        os.rename(self.dir + "/new", self.dir + "/domains")

    def _counters(self, path, values):
        os.makedirs(path + "/statistics", exist_ok=True)
        for k, v in values.items():
            with open("%s/statistics/%s" % (path, k), "w") as f:
                f.write("%d\n" % v)

    def net(self, domid, devid, **values):
        self._counters("%s/sys/class/net/vif%d.%d" % (self.dir, domid, devid), values)

    def vbd(self, domid, devid, **values):
        self._counters("%s/sys/bus/xen-backend/devices/vbd-%d-%d" % (self.dir, domid, devid),
                       values)

    def env(self):
        return dict(os.environ, FAKE_TOP=self.dir, TERM="xterm", ASAN_OPTIONS="detect_leaks=1")

    def run(self, *args, status=0):
        r = subprocess.run([TOP] + list(args), env=self.env(), capture_output=True, text=True,
                           stdin=subprocess.DEVNULL, timeout=60, check=False)
        assert r.returncode == status, r.stderr
        return r.stderr if status else r.stdout

    def screen(self, *args, **more):
        return Screen(pexpect.spawn(TOP, list(args), env=self.env(), timeout=10, echo=False,
                                    **more))


class Screen:
    """What stands on the terminal: cursor addressing, erasing and text are enough here."""

    def __init__(self, child):
        self.child = child
        self.rows, self.cols = child.getwinsize()
        self.reset()

    def reset(self):
        self.cells = [[" "] * self.cols for _ in range(self.rows)]
        self.y = self.x = 0
        self.rest = ""
        self.last = " "
        self.top, self.bottom = 0, self.rows - 1

    def read(self, seconds=0.3):
        end = time.time() + seconds
        while time.time() < end:
            try:
                self.rest += self.child.read_nonblocking(65536, 0.1).decode()
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF:
                break
            self.draw()
        return "\n".join("".join(r).rstrip() for r in self.cells)

    def until(self, text, timeout=10):
        end = time.time() + timeout
        while True:
            now = self.read(0.2)
            if re.search(text, now):
                return now
            assert time.time() < end, "no %r in\n%s" % (text, now)

    def put(self, c):
        if self.y < self.rows and self.x < self.cols:
            self.cells[self.y][self.x] = c
        self.x += 1
        self.last = c

    def draw(self):
        pattern = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z@])|\x1b[()]?.|([\r\n\b])|([^\x1b])", re.S)
        while self.rest:
            if self.rest[0] == "\x1b" and not re.match(r"\x1b(\[[?0-9;]*[A-Za-z@]|[()].|[^[()])",
                                                      self.rest):
                return
            m = pattern.match(self.rest)
            self.rest = self.rest[m.end():]
            if m[0] == "\x1bM":
                self.reverse_index()
            elif m[2]:
                self.control(m[1], m[2])
            elif m[3]:
                self.x = 0 if m[3] == "\r" else max(0, self.x - 1) if m[3] == "\b" else self.x
                if m[3] == "\n" and self.y == self.bottom:
                    self.delete_lines(self.top, 1)
                else:
                    self.y += m[3] == "\n"
            elif m[4] and m[4] >= " ":
                self.put(m[4])

    def control(self, args, kind):
        n = [int(a or 0) for a in args.lstrip("?").split(";")]
        one = n[0] or 1
        if kind == "H":
            self.y, self.x = one - 1, (n[1] if len(n) > 1 and n[1] else 1) - 1
        elif kind == "d":
            self.y = one - 1
        elif kind == "G":
            self.x = one - 1
        elif kind in "ABCD":
            self.y += {"A": -one, "B": one}.get(kind, 0)
            self.x += {"D": -one, "C": one}.get(kind, 0)
        elif kind == "J":
            for y in range(0 if n[0] == 2 else self.y, self.rows):
                start = self.x if n[0] != 2 and y == self.y else 0
                self.cells[y][start:] = [" "] * (self.cols - start)
        elif kind == "K":
            if n[0] == 1:
                self.cells[self.y][:self.x + 1] = [" "] * (self.x + 1)
            else:
                self.cells[self.y][self.x:] = [" "] * (self.cols - self.x)
        elif kind == "X":
            self.cells[self.y][self.x:self.x + one] = [" "] * one
        elif kind == "P":
            row = self.cells[self.y]
            del row[self.x:self.x + one]
            row += [" "] * (self.cols - len(row))
        elif kind == "@":
            self.cells[self.y][self.x:self.x] = [" "] * one
            del self.cells[self.y][self.cols:]
        elif kind == "b":
            for _ in range(one):
                self.put(self.last)
        elif kind == "M":
            self.delete_lines(self.y, one)
        elif kind == "S":
            self.delete_lines(self.top, one)
        elif kind in "LT":
            for _ in range(one):
                del self.cells[self.bottom]
                self.cells.insert(self.y if kind == "L" else self.top, [" "] * self.cols)
        elif kind == "r":
            self.top = one - 1
            self.bottom = (n[1] if len(n) > 1 and n[1] else self.rows) - 1
            self.y = self.x = 0

    def reverse_index(self):
        if self.y == self.top:
            del self.cells[self.bottom]
            self.cells.insert(self.top, [" "] * self.cols)
        elif self.y:
            self.y -= 1

    def delete_lines(self, at, count):
        for _ in range(count):
            del self.cells[at]
            self.cells.insert(self.bottom, [" "] * self.cols)

    def key(self, keys):
        self.child.send(keys)
        return self.read(0.4)

    def end(self, status=0):
        self.child.expect(pexpect.EOF)
        rest = self.child.before.decode(errors="replace")
        self.child.close()
        assert self.child.exitstatus == status, (self.child.exitstatus, self.child.signalstatus,
                                                 rest)
        return rest


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


# Text.

def test_same_as_xentop(machine):
    assert machine.run("-b", "-i", "1") == XENTOP
    assert machine.run("-f", "-b", "-i", "1") == XENTOP


def test_details_same_as_xentop(machine):
    header, *rows = XENTOP.splitlines(True)
    out = machine.run("-b", "-i", "1", "-n", "-x", "-v", "-r")
    assert out == header + rows[0] + "VCPUs(sec):   0:        105s  1:        105s\n" + \
        header + rows[1] + XENTOP_DETAILS + header + rows[2] + "VCPUs(sec):   0:          0s\n"


def test_long_names(machine):
    machine.domains[1] = machine.domains[1][:6] + ("averylongdomainname",)
    machine.save()
    assert machine.run("-b", "-i", "1").splitlines()[1].startswith("averylongd -----r ")
    assert machine.run("-fbi1").splitlines()[1].startswith("averylongdomainname -----r ")


def test_every_line_has_all_columns(machine):
    machine.domains[3] = ("dscbp", 10 ** 18, 2 ** 40, 2 ** 50, 512, 2 ** 32 - 1, "x" * 200)
    machine.domains[4] = ("-", 0, 0, 2 ** 64 // 4096 - 1, 1, 0, "n")
    machine.save()
    for line in machine.run("-b", "-i", "1").splitlines():
        line = line.replace("no limit", "no-limit")
        assert len(line.split()) == 19


def test_states(machine):
    for n, (flags, text) in enumerate([("d", "d-----"), ("s", "-s----"), ("c", "---c--"),
                                       ("bp", "--b-p-"), ("r", "-----r"), ("-", "------")], 10):
        machine.domains[n] = (flags, 0, 1, 1, 1, 0, "z%d" % n)
        machine.save()
        assert machine.run("-b", "-i", "1").splitlines()[-1].split()[1] == text


def test_unlimited_memory(machine):
    machine.domains[0] = machine.domains[0][:3] + (2 ** 64 // 4096 - 1,) + machine.domains[0][4:]
    machine.save()
    line = machine.run("-b", "-i", "1").splitlines()[1]
    assert "   no limit       n/a " in line


def test_share_of_cpu_needs_two_samples(machine):
    p = subprocess.Popen([TOP, "-b", "-i", "2", "-d", "1"], env=machine.env(),
                         stdout=subprocess.PIPE, text=True)
    for _ in range(4):
        p.stdout.readline()
    d = machine.domains[1]
    machine.domains[1] = (d[0], d[1] + 500000000) + d[2:]
    machine.save()
    rest = p.stdout.read().splitlines()
    assert p.wait() == 0
    share = float(rest[2].split()[3])
    assert 30 < share <= 50.5 and rest[1].split()[3] == "0.0"


def test_domain_reborn_has_no_share(machine):
    p = subprocess.Popen([TOP, "-b", "-i", "2", "-d", "0.5"], env=machine.env(),
                         stdout=subprocess.PIPE, text=True)
    for _ in range(4):
        p.stdout.readline()
    machine.domains[1] = ("r", 1000) + machine.domains[1][2:]
    del machine.domains[2]
    machine.save()
    rest = p.stdout.read().splitlines()
    assert p.wait() == 0 and len(rest) == 3 and rest[2].split()[3] == "0.0"


def test_foreign_files_are_ignored(machine):
    for name in ("vif1.0-emu", "vifx", "vif99.0", "eth0", "vif1.", "vif1.0.1"):
        os.makedirs(machine.dir + "/sys/class/net/" + name)
    for name in ("vbd-1", "vif-1-0", "vbd-99-51712", "vbd-1-51712x"):
        os.makedirs(machine.dir + "/sys/bus/xen-backend/devices/" + name)
    assert machine.run("-b", "-i", "1") == XENTOP


def test_json(machine):
    out = json.loads(machine.run("--json", "-i", "1"))
    assert [d["name"] for d in out["domains"]] == ["Domain-0", "lin", "tiny"]
    lin = out["domains"][1]
    assert lin["networks"] == [{
        "devid": 0, "guest_sent_bytes": 760, "guest_sent_packets": 12, "guest_sent_errors": 0,
        "guest_sent_drops": 0, "guest_received_bytes": 976, "guest_received_packets": 12,
        "guest_received_errors": 0, "guest_received_drops": 1}]
    assert [v["devid"] for v in lin["disks"]] == [51712, 51728]
    assert lin["memory_kib"] == 92160 and len(lin["vcpus"]) == 3
    assert "cpu_percent" not in lin and out["memory_kib"] == 2097152


def test_json_samples_follow_each_other(machine):
    text = machine.run("--json", "-i", "2", "-d", "0.2")
    decoder, docs = json.JSONDecoder(), []
    while text.strip():
        doc, end = decoder.raw_decode(text.lstrip())
        docs.append(doc)
        text = text.lstrip()[end:]
    assert len(docs) == 2 and docs[1]["domains"][0]["cpu_percent"] == 0


@pytest.mark.parametrize("args", [
    ["-d", "x"], ["-d", "0"], ["-d", "-1"], ["-d", "nan"], ["-d", "1e9"], ["-i", "0"],
    ["-i", "x"], ["-i", "-3"]])
def test_bad_values(machine, args):
    assert args[1] in machine.run("-b", *args, status=2)


def test_no_hypervisor(machine):
    with open(machine.dir + "/domains", "w") as f:
        f.write("fail\n")
    assert "does not answer" in machine.run("-b", status=1)
    assert "no terminal" in machine.run(status=1)


def test_reader_goes_away(machine):
    r = subprocess.run("%s -b -d 0.1 | head -2" % TOP, shell=True, env=machine.env(), timeout=30,
                       capture_output=True, text=True, check=False)
    assert len(r.stdout.splitlines()) == 2


# Screen.

def test_screen_shows_and_quits(machine):
    s = machine.screen(dimensions=(24, 170))
    text = s.until(r"tiny --b---")
    assert "3 domains: 2 running, 1 blocked" in text
    assert re.search(r"Mem: 2048 MiB, 1657 MiB used, 391 MiB free    CPUs: 2 @ 2400 MHz", text)
    assert XENTOP.splitlines()[2] in text
    s.child.send("q")
    s.end()


@pytest.mark.parametrize("way", ["q", "Q", "\x1b", signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_end_restores_the_terminal(machine, way):
    s = machine.screen(dimensions=(24, 80))
    s.until("tiny")
    if isinstance(way, str):
        s.child.send(way)
    else:
        s.child.kill(way)
    assert "\x1b[?1049l" in s.end()


def test_terminal_that_goes_away_ends_it(machine):
    s = machine.screen(dimensions=(24, 80))
    s.until("tiny")
    pid = s.child.pid
    os.close(s.child.child_fd)
    for _ in range(100):
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("it went on")


def test_keys_toggle_details(machine):
    s = machine.screen(dimensions=(30, 170))
    s.until("tiny")
    assert "Net0 RX:      760bytes" in s.key("n")
    assert "Net0" not in s.key("N")
    assert "[ca:10]" in s.key("b")
    assert "VCPUs(sec):   0:" in s.key("v")
    assert s.key("r").count("VBD_WSECT") == 3
    assert "quit" in s.key("h").lower()
    s.child.send("q")
    s.end()


def test_sorting(machine):
    machine.domains[3] = ("r", 10 ** 13, 9, 10, 1, 0, "busy")
    machine.save()
    s = machine.screen(dimensions=(24, 170))
    s.until("busy")

    def order(text):
        return [line.split()[0] for line in text.splitlines()[4:8]]
    assert order(s.read()) == ["busy", "Domain-0", "lin", "tiny"]
    assert order(s.key("<")) == ["Domain-0", "lin", "tiny", "busy"]     # by id
    s.key("ss")
    text = s.key("s")
    assert "by CPU(sec)" in text and order(text) == ["busy", "Domain-0", "lin", "tiny"]
    assert "CPU(%)" in s.key("s")
    assert order(s.key("z"))[0] == "Domain-0"
    s.child.send("q")
    s.end()


def test_delay_is_asked_for(machine):
    s = machine.screen(dimensions=(24, 100))
    s.until("every 3 s")
    assert "Seconds between samples: 12" in s.key("d12")
    s.key("\b\b")
    assert "every 0.5 s" in s.key("0.5\r")
    s.key("d0\r")
    assert "must be a number" in s.read()
    s.child.send("q")
    s.end()


def test_scrolling_and_small_window(machine):
    for i in range(10, 60):
        machine.domains[i] = ("b", 0, 1, 1, 1, 0, "dom%d" % i)
    machine.save()
    s = machine.screen(dimensions=(24, 60))
    s.until("dom10")
    text = s.key("<")                   # by id
    assert "dom59" not in text and "Domain-0" in text
    text = s.key("\x1bOF")
    assert "dom59" in text and "Domain-0" not in text
    assert "Domain-0" in s.key("\x1bOH")
    assert "VBD_OO" in s.key("\x1bOC" * 9)
    s.child.setwinsize(4, 20)
    s.read()
    s.child.setwinsize(1, 1)
    s.read()
    s.child.send("q")
    s.end()


def test_new_domains_appear(machine):
    s = machine.screen("-d", "0.3", dimensions=(24, 100))
    s.until("tiny")
    machine.domains[7] = ("b", 0, 1, 1, 1, 0, "newcomer")
    machine.save()
    s.until("newcomer")
    del machine.domains[7]
    machine.save()
    for _ in range(20):
        if "newcomer" not in s.read():
            break
    else:
        pytest.fail("the old domain stays")
    s.child.send("q")
    s.end()


def test_failing_sample_is_told_and_goes_on(machine):
    s = machine.screen("-d", "0.3", dimensions=(24, 100))
    s.until("tiny")
    with open(machine.dir + "/domains", "w") as f:
        f.write("fail\n")
    s.until("the last sample failed")
    machine.domains[7] = ("b", 0, 1, 1, 1, 0, "back")
    machine.save()
    s.until("back")
    s.child.send("q")
    s.end()


def test_iterations_end_the_screen(machine):
    s = machine.screen("-i", "2", "-d", "0.2", dimensions=(24, 100))
    s.end()


def test_unknown_terminal(machine):
    child = pexpect.spawn(TOP, [], env=dict(machine.env(), TERM="no-such"), timeout=10)
    child.expect("no-such")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
