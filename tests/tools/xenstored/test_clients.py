# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the daemon: Debian's programs, domains on rings, and those that misbehave."""

import os
import resource
import socket
import struct
import subprocess
import time

import pytest

import xs


@pytest.fixture(name="d", scope="module", params=["xenstored-san"])
def daemon(request):
    with xs.Daemon(program=request.param) as d:
        yield d
        assert "runtime error" not in d.text() and "Sanitizer" not in d.text(), d.text()


@pytest.fixture(name="c")
def client(d):
    c = xs.Client(d)
    yield c
    c.close()


# Debian's programs.

def test_write_read_list_remove(d):
    assert d.run("xenstore-write", "/deb/a", "value", "/deb/b", "x y").returncode == 0
    assert d.run("xenstore-read", "/deb/a", "/deb/b").stdout == "value\nx y\n"
    assert d.run("xenstore-list", "/deb").stdout == "a\nb\n"
    assert d.run("xenstore-exists", "/deb/a").returncode == 0
    assert d.run("xenstore-exists", "/deb/none").returncode == 1
    assert d.run("xenstore-ls", "-f", "/deb").stdout == '/deb/a = "value"\n/deb/b = "x y"\n'
    assert d.run("xenstore-rm", "/deb").returncode == 0
    assert "couldn't read path /deb/a" in d.run("xenstore-read", "/deb/a").stderr


def test_chmod(d):
    d.run("xenstore-write", "/perm/sub", "v")
    assert d.run("xenstore-chmod", "-r", "/perm", "n0", "r0").returncode == 0
    assert "(n0,r0)" in d.run("xenstore-ls", "-p", "/perm").stdout
    d.run("xenstore-rm", "/perm")


def test_watch_program(d):
    p = subprocess.Popen(["xenstore-watch", "-n", "3", "/watched"], env=d.env,
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "/watched\n"
    d.run("xenstore-write", "/watched/a", "1")
    assert p.stdout.readline() == "/watched/a\n"
    d.run("xenstore-rm", "/watched")
    assert p.stdout.readline() == "/watched\n"
    p.wait(10)
    p.stdout.close()


def test_ls_of_a_large_directory(d, c):
    for i in range(1500):
        c.write("/large/%04d" % i, "")
    assert len(d.run("xenstore-list", "/large").stdout.split()) == 1500
    c.rm("/large")


def test_read_only_socket(d):
    c = xs.Client(d, "socket_ro")
    with pytest.raises(xs.XsError, match="EROFS"):
        c.write("/x", "y")
    assert c.read("/tool") == ""
    c.close()


# A domain on a ring.

@pytest.fixture(name="g")
def guest(d, c):
    g = xs.Guest(d, 5)
    c.write("/local/domain/5", "")
    c.perms("/local/domain/5", "n5")
    g.introduce(c)
    yield g
    if os.path.exists(d.dir + "/dom5"):
        g.destroy()
        time.sleep(0.05)
    c.rm("/local/domain/5")
    g.close()


def test_ring_requests(g, c):
    g.write("data/x", "hello")
    assert c.read("/local/domain/5/data/x") == "hello"
    assert g.ls("data") == ["x"]
    assert g.index(4) == 7
    with pytest.raises(xs.XsError, match="EACCES"):
        g.read("/tool")
    big = "v" * 2000
    g.write("data/big", big)
    assert g.read("data/big") == big
    g.watch("data", "token")
    assert g.event() == ("data", "token")
    c.write("/local/domain/5/data/y", "1")
    assert g.event() == ("data/y", "token")


def test_many_requests_at_once(g):
    ids = [g.post(xs.READ, "none%d\0" % i) for i in range(20)]
    for i in ids:
        with pytest.raises(xs.XsError, match="ENOENT"):
            g.reply(i)


def test_introduce_and_release_are_told(d, c):
    w = xs.Client(d)
    w.watch("@introduceDomain", "i")
    w.watch("@releaseDomain", "r")
    assert [w.event(), w.event()] == [("@introduceDomain", "i"), ("@releaseDomain", "r")]
    g = xs.Guest(d, 6)
    g.introduce(c)
    assert w.event() == ("@introduceDomain", "i")
    assert c.call(17, "6\0") == b"T\0"
    g.set_state(words="shutdown")
    g.kick(0)
    assert w.event() == ("@releaseDomain", "r")
    g.kick(0)
    assert w.event(0.1) is None
    g.destroy()
    assert w.event() == ("@releaseDomain", "r")
    assert c.call(17, "6\0") == b"F\0"
    g.close()
    w.close()


def test_a_dead_domain_leaves_nothing_to_its_successor(d, c):
    g = xs.Guest(d, 7)
    c.write("/local/domain/7", "")
    c.perms("/local/domain/7", "n7")
    c.write("/for7", "secret")
    c.perms("/for7", "n0", "r7")
    g.introduce(c)
    g.write("own", "v")
    assert g.read("/for7") == "secret"
    g.destroy()
    time.sleep(0.1)
    with pytest.raises(xs.XsError, match="ENOENT"):
        c.read("/local/domain/7/own")
    g.close()
    g = xs.Guest(d, 7, "another-handle--")
    g.introduce(c)
    with pytest.raises(xs.XsError, match="EACCES"):
        g.read("/for7")
    g.destroy()
    time.sleep(0.1)
    g.close()
    # A right given to a number that nobody has is nobody's, now and later.
    c.perms("/for7", "n0", "r8")
    g = xs.Guest(d, 8)
    g.introduce(c)
    with pytest.raises(xs.XsError, match="EACCES"):
        g.read("/for7")
    g.destroy()
    g.close()
    c.rm("/for7")


def test_reconnect(g):
    g.watch("data", "t")
    g.event()
    tx = g.begin()
    g.index(5, 1)
    g.kick()
    end = time.time() + 5
    while g.index(5) and time.time() < end:
        g.wait(0.05)
    assert [g.index(i) for i in range(6)] == [0, 0, 0, 0, 7, 0]
    g.buf = b""
    with pytest.raises(xs.XsError, match="ENOENT"):
        g.end(tx)
    g.write("data", "1")
    assert g.event(0.2) is None


# Misbehaviour.

@pytest.mark.parametrize("what", ["far", "length", "rsp"])
def test_nonsense_in_a_ring_hurts_only_itself(d, g, c, what):
    if what == "far":
        g.index(1, g.index(0) + 5000)
    elif what == "rsp":
        g.index(2, g.index(3) - 70000)
        g.post(xs.READ, "x\0")
    else:
        g.send(struct.pack("<IIII", xs.READ, 0, 0, 1 << 30))
    g.kick()
    end = time.time() + 5
    while not g.index(6) and time.time() < end:
        g.wait(0.05)
    assert g.index(6) == (3 if what == "length" else 2)
    assert c.read("/tool") == ""
    assert "domain 5: " in d.text()
    g.index(5, 1)                       # and it may begin anew
    g.kick()
    while g.index(5) and time.time() < end:
        g.wait(0.05)
    g.buf = b""
    g.write("data", "1")


def test_random_bytes_in_a_ring(d, g, c):
    import random
    rng = random.Random(1)
    for _ in range(300):
        at = rng.randrange(2076)
        n = min(rng.randrange(1, 64), 2076 - at)
        g.page[at:at + n] = bytes(rng.randrange(256) for _ in range(n))
        g.kick()
    assert c.read("/tool") == ""
    assert d.child.poll() is None


def test_a_guest_that_never_takes_its_replies_is_bounded(d, g, c):
    before = d.rss()
    g.watch("/local/domain/5/w", "t" * 100)
    body = struct.pack("<IIII", xs.READ, 0, 0, 9) + b"no-such\0\0"
    end = time.time() + 1.0
    n = 0
    while time.time() < end:            # floods, with its own index as fast as it can
        prod, cons = g.index(1), g.index(0)
        if (prod - cons) % (1 << 32) + len(body) <= 1024:
            for b in body:
                g.page[prod % 1024] = b
                prod += 1
            g.index(1, prod)
            n += 1
        g.kick()
        c.write("/local/domain/5/w", "x" * 100)
    assert d.rss() - before < 20000
    assert c.read("/tool") == ""


def test_a_flooding_guest_does_not_starve_others(d, c):
    guests = [xs.Guest(d, n) for n in (10, 11)]
    for g in guests:
        g.introduce(c)
    t0 = time.time()
    for _ in range(200):
        c.read("/tool")
    quiet = time.time() - t0
    worst = 0
    for _ in range(200):
        for g in guests:
            room = 1024 - (g.index(1) - g.index(0)) % (1 << 32)
            if room >= 400:
                g.send(struct.pack("<IIII", xs.READ, 0, 0, 2) * 0 +
                       (struct.pack("<IIII", xs.READ, 0, 0, 4) + b"abc\0") * 20)
            g.index(2, g.index(3))      # takes its replies unread
            g.kick()
        t0 = time.time()
        c.read("/tool")
        worst = max(worst, time.time() - t0)
    for g in guests:
        g.destroy()
        g.close()
    assert worst < 0.2 + quiet, (worst, quiet)


def test_an_endless_transaction_does_not_stop_others(g, c):
    tx = g.begin()
    g.write("x", "1", tx)
    for i in range(100):
        c.write("/busy", str(i))
        t = c.begin()
        c.write("/busy", "t", t)
        c.end(t)
    c.rm("/busy")


GARBAGE = [b"\xff" * 16, b"\0" * 15, struct.pack("<IIII", 2, 0, 0, 4097),
           struct.pack("<IIII", 2, 0, 0, 0xffffffff), struct.pack("<IIII", 2, 0, 0, 100) + b"half",
           os.urandom(5000)]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_from_a_socket(d, c, garbage):
    bad = xs.Client(d)
    bad.send(garbage)
    time.sleep(0.02)
    assert c.read("/tool") == ""
    bad.close()
    assert c.read("/tool") == ""


def test_a_message_byte_by_byte(d):
    c = xs.Client(d)
    for b in struct.pack("<IIII", xs.READ, 1, 0, 6) + b"/tool\0":
        c.send(bytes([b]))
    assert c.reply(1) == b""
    c.close()


def test_a_client_that_never_reads_is_cut_off(d, c):
    before, words = d.rss(), "domain 0: does not take its watch events: connection closed"
    assert words not in d.text()
    bad = xs.Client(d)
    bad.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bad.watch("/flood", "t" * 900)
    for i in range(20000):
        c.post(xs.WRITE, "/flood\0%d" % i)
        if i % 50 == 0:
            c.post(xs.READ, "/tool\0")
            while True:
                m = c.message()
                if m[3] == b"":
                    break
            if words in d.text():
                break
    assert words in d.text()
    with pytest.raises(xs.Closed):
        while bad.message():
            pass
    bad.close()
    # The sanitizer's allocator keeps freed memory for a while.
    assert d.rss() - before < 40000


def test_a_client_that_sends_without_reading_waits(d, c):
    bad = xs.Client(d)
    bad.s.setblocking(False)
    one = struct.pack("<IIII", xs.DIRECTORY, 1, 0, 2) + b"/\0"
    sent = 0
    end = time.time() + 2
    while time.time() < end:
        try:
            sent += bad.s.send(one * 100)
        except BlockingIOError:
            time.sleep(0.05)
            if c.read("/tool") == "" and sent > 100000:
                break
    assert d.child.poll() is None
    bad.s.setblocking(True)
    replies = 0
    while replies < sent // len(one):
        m = bad.message(5)
        assert m and m[0] == xs.DIRECTORY, (replies, sent // len(one))
        replies += 1
    bad.close()


def test_many_clients(d):
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = [xs.Client(d) for _ in range(min(300, soft - 50))]
    for c in many:
        c.write("/many", "x")
    for c in many:
        c.close()


def test_quota_is_named_in_a_warning(d, g):
    with pytest.raises(xs.XsError, match="ENOSPC"):
        for i in range(1100):
            g.write("q%d" % i, "")
    assert "domain 5: quota nodes: 1001 is over the hard limit of 1000" in d.text()


def test_control(d, c):
    assert c.call(xs.CONTROL, "check\0").startswith(b"OK")
    assert b"nodes: 1000" in c.call(xs.CONTROL, "quota\0")
    assert b"journal:" in c.call(xs.CONTROL, "stats\0")


def test_a_second_daemon_is_refused(d):
    r = d.run(d.program, "--no-fork")
    assert r.returncode == 1 and "another one serves" in r.stderr


def test_options():
    program = os.path.join(xs.BUILD, "xenstored")
    r = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert r.returncode == 0 and "--pid-file" in r.stdout
    for bad in (["--bogus"], ["-E", "x"], ["-Q", "bogus=1"], ["extra"], ["-w", "x=1"]):
        r = subprocess.run([program] + bad, capture_output=True, text=True, check=False)
        assert r.returncode == 2, bad


def test_daemon_mode_and_readiness():
    with xs.Daemon() as d:
        d.stop()
        n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        n.bind(d.dir + "/notify")
        n.settimeout(5)
        d.env["NOTIFY_SOCKET"] = d.dir + "/notify"
        r = d.run(d.program, "--pid-file=" + d.dir + "/pid", "-E", "77", "--internal-db", "on")
        assert r.returncode == 0, r.stderr
        pid = int(open(d.dir + "/pid").read())
        assert n.recv(100) == b"READY=1\nMAINPID=%d\n" % pid
        c = xs.Client(d)
        assert b"nodes: 77" in c.call(xs.CONTROL, "quota\0")
        os.kill(pid, 15)
        with pytest.raises(xs.Closed):
            c.message()
        c.close()
        n.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tmpfs: needs root")
def test_a_full_run_directory(tmp_path):
    """Changes that grow the store get ENOSPC; the rest goes on; room makes it well again."""
    run = str(tmp_path / "run")
    os.mkdir(run)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=640k", "tmpfs", run],
                      capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        with xs.Daemon(run_dir=run) as d:
            c = xs.Client(d)
            acked = {}
            with pytest.raises(xs.XsError, match="ENOSPC"):
                for i in range(1000):
                    c.write("/fill/%d" % i, "v" * 1000)
                    acked["/fill/%d" % i] = "v" * 1000
            assert len(acked) > 100
            with pytest.raises(xs.XsError, match="ENOSPC"):
                c.write("/fill/more", "x" * 1000)
            c.rm("/fill/0")
            del acked["/fill/0"]
            c.write("/tool", "still")
            assert "no room" in d.text()
            d.kill_server()
            d.wait_up()
            c = xs.Client(d)
            for path, value in acked.items():
                assert c.read(path) == value
            assert c.read("/tool") == "still"
            with pytest.raises(xs.XsError, match="ENOENT"):
                c.read("/fill/0")
            assert subprocess.run(["mount", "-o", "remount,size=8m", run],
                                  check=False).returncode == 0
            time.sleep(0.3)
            for i in range(1000):
                c.write("/fill/%d" % i, "v" * 1000)
            c.close()
    finally:
        subprocess.run(["umount", "-l", run], check=False)
