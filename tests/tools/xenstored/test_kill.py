# SPDX-License-Identifier: GPL-2.0-or-later
"""The server is killed at random instants under load; clients must not be able to tell.

Two domains on rings and two clients of the socket write, read, watch and make transactions.
Each knows what was acknowledged to it.  Domains go on as if nothing had happened: not a reply
is lost, doubled or out of place.  A client of the socket may be cut off if it was just being
served, and connects again; idle ones stay connected.
"""

import os
import random
import subprocess
import threading
import time

import pytest

import xs

KILLS = int(os.environ.get("XS_KILLS", "24"))


class Load(threading.Thread):
    """One client with its own part of the store, which nobody else changes."""

    def __init__(self, d, home, make, reconnects):
        super().__init__()
        self.d, self.home, self.make, self.reconnects = d, home, make, reconnects
        self.rng = random.Random(home)
        self.stop, self.error = False, None
        self.acked = {}             # path: value acknowledged
        self.maybe = {}             # path: value that may have been written, too
        self.done = self.again = self.cuts = self.events = 0
        self.c = make()

    def run(self):
        try:
            self.watch()
            while not self.stop:
                try:
                    self.step()
                    self.done += 1
                except xs.Closed:
                    if not self.reconnects:
                        raise
                    self.cuts += 1
                    self.connect()
        except Exception as e:      # for the main thread to show
            import traceback
            self.error = "%s: %r\n%s" % (self.home, e, traceback.format_exc())

    def connect(self):
        end = time.time() + 10
        while True:
            try:
                self.c = self.make()
                self.watch()
                return
            except (OSError, xs.Closed):
                if time.time() > end:
                    raise
                time.sleep(0.005)

    def watch(self):
        if self.reconnects:
            self.c.write(self.home, "")
        self.c.watch(self.home + "/watched", "token")
        assert self.c.event() == (self.home + "/watched", "token")

    def path(self):
        return "%s/k%d" % (self.home, self.rng.randrange(40))

    def step(self):
        what = self.rng.random()
        if what < 0.4:
            self.write(self.path(), str(self.done))
        elif what < 0.6:
            self.check(self.path())
        elif what < 0.7:
            self.remove(self.path())
        elif what < 0.8:
            self.event()
        elif what < 0.9:
            self.pipeline()
        else:
            self.transaction()

    def write(self, path, value):
        self.maybe.setdefault(path, []).append(value)
        self.c.write(path, value)
        self.acked[path] = value
        del self.maybe[path]

    def remove(self, path):
        self.maybe.setdefault(path, []).append(None)
        self.c.rm(path)
        self.acked[path] = None
        del self.maybe[path]

    def check(self, path):
        try:
            value = self.c.read(path)
        except xs.XsError as e:
            assert str(e) == "ENOENT"
            value = None
        want = [self.acked.get(path)] + self.maybe.get(path, [])
        assert value in want, "%s is %r, not %r" % (path, value, want)
        self.acked[path] = value
        self.maybe.pop(path, None)

    def event(self):
        """A write tells the watcher exactly once."""
        self.c.write(self.home + "/watched", str(self.done))
        got = self.c.event()
        assert got == (self.home + "/watched", "token"), got
        self.events += 1

    def pipeline(self):
        ids = [self.c.post(xs.READ, "/tool\0") for _ in range(5)]
        for i in ids:
            assert self.c.reply(i) == b""

    def transaction(self):
        """A transaction that a kill interrupts ends in EAGAIN, or not at all."""
        paths = [self.home + "/t%d" % i for i in range(3)]
        value = "t%d" % self.done
        while True:
            tx = self.c.begin()
            for p in paths:
                self.c.write(p, value, tx)
            for p in paths:
                self.maybe.setdefault(p, []).append(value)
            try:
                self.c.end(tx)
            except xs.XsError as e:
                assert str(e) == "EAGAIN", e
                for p in paths:
                    self.maybe[p].pop()
                    self.maybe[p] = self.maybe[p] or []
                self.again += 1
                continue
            for p in paths:
                self.acked[p] = value
                self.maybe.pop(p, None)
            return

    def verify(self):
        if self.reconnects:
            self.connect()
        for path in sorted(set(self.acked) | set(self.maybe)):
            self.check(path)
        values = {self.acked.get(self.home + "/t%d" % i) for i in range(3)}
        assert len(values) == 1, values     # all of a transaction or nothing


def guest(d, by, domid):
    home = "/local/domain/%d" % domid
    g = xs.Guest(d, domid)
    by.write(home, "")
    by.perms(home, "n%d" % domid)
    g.introduce(by)
    return g


@pytest.mark.parametrize("how", ["server", "all"])
def test_kill(how):
    kills = KILLS if how == "server" else KILLS // 3
    rng = random.Random(how + os.environ.get("XS_SEED", ""))
    with xs.Daemon() as d:
        c = xs.Client(d)
        guests = [guest(d, c, n) for n in (3, 4)]
        c.write("/tool", "")
        c.perms("/tool", "r0")
        idle = xs.Client(d)
        idle.watch("/idle", "i")
        assert idle.event() == ("/idle", "i")
        loads = [Load(d, "/local/domain/%d" % g.domid, lambda g=g: g, False) for g in guests]
        loads += [Load(d, "/client%d" % i, lambda: xs.Client(d), True) for i in range(2)]
        for load in loads:
            load.start()
        survived = 0
        for i in range(kills):
            time.sleep(rng.uniform(0.01, 0.12))
            if how == "server":
                d.kill_server()
            else:
                d.kill_all()
            if any(load.error for load in loads):
                break
            if how == "server":             # who was idle does not notice
                d.wait_up()
                w = xs.Client(d)
                try:
                    w.write("/idle", str(i))
                except xs.Closed:
                    continue
                finally:
                    w.close()
                assert idle.event() == ("/idle", "i")
                survived += 1
        time.sleep(0.1)
        for load in loads:
            load.stop = True
        for load in loads:
            load.join(20)
        errors = [load.error for load in loads if load.error]
        assert not errors, "\n".join(errors) + d.text()[-2000:]
        for load in loads:
            load.verify()
            assert load.done > kills and load.events > 0, (load.home, load.done, load.events)
        check = xs.Client(d)
        assert check.call(xs.CONTROL, "check\0").startswith(b"OK")
        assert how == "all" or survived > kills // 2
        print("%d kills; %s" % (kills, ["%s: %d done, %d again, %d cuts" % (
            x.home, x.done, x.again, x.cuts) for x in loads]))


def test_state_of_an_idle_client_survives():
    """Its watches and its open transaction."""
    with xs.Daemon() as d:
        c = xs.Client(d)
        c.watch("/w", "token")
        c.event()
        c.write("/kept", "1")
        tx = c.begin()
        c.write("/lost", "1", tx)
        time.sleep(0.05)
        d.kill_server()
        d.wait_up()
        assert c.read("/kept") == "1"
        assert c.read("/kept", tx) == "1"
        with pytest.raises(xs.XsError, match="EAGAIN"):
            c.end(tx)
        with pytest.raises(xs.XsError, match="EEXIST"):
            c.watch("/w", "token")
        c.write("/w", "x")
        assert c.event() == ("/w", "token")


def test_a_half_sent_message_and_untaken_replies_of_a_domain_survive():
    with xs.Daemon() as d:
        c = xs.Client(d)
        g = guest(d, c, 5)
        body = b"/local/domain/5/big\0" + b"v" * 2000
        head = xs.struct.pack("<IIII", xs.WRITE, 99, 0, len(body))
        g.send((head + body)[:1500])        # more than the ring holds
        time.sleep(0.05)
        d.kill_server()
        d.wait_up()
        g.send((head + body)[1500:])
        assert g.reply(99) == b"OK\0"
        ids = [g.post(xs.READ, "big\0") for _ in range(5)]     # 10 KiB of replies, ring of 1
        time.sleep(0.05)
        d.kill_server()
        d.wait_up()
        for i in ids:
            assert g.reply(i) == b"v" * 2000
        assert c.read("/local/domain/5/big") == "v" * 2000


def test_a_domain_that_died_meanwhile_is_gone():
    with xs.Daemon() as d:
        c = xs.Client(d)
        g, h = guest(d, c, 5), guest(d, c, 6)
        g.write("x", "1")
        h.write("x", "1")
        d.child.kill()
        d.child.wait()
        g.destroy()
        h.set_state("a-new-domain-6--")     # the same number, another domain
        time.sleep(0.05)
        d.start()
        c = xs.Client(d)
        for n in (5, 6):
            assert c.call(17, "%d\0" % n) == b"F\0"
            with pytest.raises(xs.XsError, match="ENOENT"):
                c.read("/local/domain/%d/x" % n)


def test_the_keeper_gives_up_on_a_server_that_always_dies(tmp_path):
    source, library = tmp_path / "die.c", str(tmp_path / "die.so")
    source.write_text("#include <stdlib.h>\nint epoll_create1(int f) { abort(); }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, str(source)], check=True)
    d = xs.Daemon(env={"LD_PRELOAD": library})
    r = d.run(d.program, "--no-fork", "--no-domains")
    assert r.returncode == 1
    assert "11 times before it was ready; giving up" in r.stderr
    d.__exit__()
