# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon with fake guests, built with the address and undefined-behaviour sanitizers."""

import os
import random
import signal
import socket
import struct
import time

import pytest
from fake import (Fake, Viewer, open_tty, quiet_fd, read_fd, wait, IN_CONS, IN_PROD, OUT_CONS,
                  OUT_PROD)


def bytes_of(n, seed=1):
    return random.Random(seed).randbytes(n)


def text_of(lines):
    return b"".join(b"line %06d\n" % i for i in range(lines))


# Terminals.

def test_output_reaches_terminal_and_log_in_order():
    with Fake("--log=guest") as f:
        g = f.domain(1, "one")
        fd = open_tty(f.tty(1))
        data = text_of(5000)
        g.write(data[:1000])
        assert read_fd(fd, 1000) == data[:1000]
        got = b""
        for i in range(1000, len(data), 2000):
            g.write(data[i:i + 2000])
            got += read_fd(fd, len(data[i:i + 2000]))
        assert got == data[1000:]
        assert wait(lambda: f.log("one") == data)


def test_input_from_terminal():
    with Fake() as f:
        g = f.domain(1, "one")
        fd = open_tty(f.tty(1))
        os.write(fd, b"hello\r\x03\x1d")
        assert g.read_until(8) == b"hello\r\x03\x1d"


def test_who_opens_terminal_gets_recent_output():
    with Fake() as f:
        g = f.domain(1, "one")
        tty = f.tty(1)
        g.write(b"before\n")
        wait(g.drained)
        fd = open_tty(tty)
        assert read_fd(fd, 7) == b"before\n"
        os.close(fd)
        time.sleep(0.1)
        g.write(b"between\n")
        wait(g.drained)
        fd = open_tty(tty)
        assert read_fd(fd, 15) == b"before\nbetween\n"


def test_terminal_without_reader_does_not_stop_guest():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(bytes_of(200000))
        wait(g.drained)


def test_slow_terminal_loses_oldest_output():
    with Fake("--replay=8k") as f:
        g = f.domain(1, "one")
        fd = open_tty(f.tty(1))
        data = bytes_of(100000)
        g.write(data)
        wait(g.drained)
        got = read_fd(fd, 8192)
        while not quiet_fd(fd):
            got += read_fd(fd, 1)
        assert len(got) < 50000 and got.endswith(data[-8192:])


def test_keep_makes_guest_wait():
    with Fake("--overflow-data=keep", "--replay=8k") as f:
        g = f.domain(1, "one")
        fd = open_tty(f.tty(1))
        data, sent = bytes_of(60000), 0
        end = time.time() + 1
        while time.time() < end:
            sent += g.put(data[sent:])
        assert sent < 50000             # terminal, history and ring, then it stood still
        got = b""
        while len(got) < len(data):
            got += read_fd(fd, 1)
            sent += g.put(data[sent:])
        assert got == data


def test_terminal_is_raw_and_of_the_size_asked():
    import fcntl
    import termios
    with Fake() as f:
        f.domain(1, "one")
        fd = open_tty(f.tty(1))
        assert not termios.tcgetattr(fd)[3] & (termios.ECHO | termios.ICANON)
        v = f.view(1)
        v.sock.send(struct.pack("<BBHH", ord("W"), 0, 50, 132))
        wait(lambda: struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))[:2]
             == (50, 132))


# Viewers.

def test_viewer_gets_replay_then_output():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"before")
        wait(g.drained)
        v = f.view(1)
        assert v.replay() == b"before"
        g.write(b"after")
        assert v.output(5) == b"after"


def test_replay_is_bounded():
    with Fake("--replay=4k") as f:
        g = f.domain(1, "one")
        f.tty(1)
        data = bytes_of(50000)
        g.write(data)
        wait(g.drained)
        v = f.view(1)
        assert v.pos == 50000 - 4096
        assert v.replay() == data[-4096:]


def test_several_viewers_and_terminal_see_the_same():
    with Fake() as f:
        g = f.domain(1, "one")
        fd = open_tty(f.tty(1))
        views = [f.view(1) for _ in range(5)]
        data = bytes_of(30000)
        got = b""
        for i in range(0, len(data), 1000):
            g.write(data[i:i + 1000])
            got += read_fd(fd, 1000)
        assert got == data
        for v in views:
            assert v.output(len(data)) == data


def test_input_of_several_viewers():
    with Fake() as f:
        g = f.domain(1, "one")
        a, b = f.view(1), f.view(1)
        a.type(b"from a")
        assert g.read_until(6) == b"from a"
        b.type(b"from b")
        assert g.read_until(6) == b"from b"


def test_input_waits_for_guest_without_loss():
    with Fake() as f:
        g = f.domain(1, "one")
        v = f.view(1)
        data = bytes_of(20000)
        sent = 0
        v.sock.settimeout(0.2)
        try:
            for i in range(0, len(data), 2000):
                v.type(data[i:i + 2000])
                sent = i + 2000
        except socket.timeout:
            pass
        wait(lambda: g.get(IN_PROD) == 1024)    # the ring is full, the rest waits
        got = b""
        v.sock.settimeout(10)
        while len(got) < len(data):
            got += g.read()
            if sent < len(data):
                v.type(data[sent:sent + 2000])
                sent += 2000
        assert got == data


def test_guest_that_does_not_read_costs_others_nothing():
    with Fake() as f:
        f.domain(1, "deaf")
        g = f.domain(2, "other")
        deaf, v = f.view(1), f.view(2)
        deaf.sock.setblocking(False)
        try:
            for _ in range(1000):
                deaf.type(b"x" * 4000)
        except BlockingIOError:
            pass
        start = os.times()
        for i in range(50):
            v.type(b"ping%02d" % i)
            assert g.read_until(6) == b"ping%02d" % i
        deaf.close()
        assert start


def test_viewer_that_does_not_read_costs_others_nothing():
    with Fake() as f:
        g = f.domain(1, "one")
        lazy, v = f.view(1), f.view(1)
        data = bytes_of(600000)
        got = b""
        for i in range(0, len(data), 2000):
            g.write(data[i:i + 2000])
            got += v.output(2000)
        assert got == data
        lost = total = 0
        lazy.sock.settimeout(1)
        while total + lost < len(data):
            k, rest = lazy.message()
            if k == b"x":
                lost += struct.unpack_from("<Q", rest, 7)[0]
            elif k == b"o":
                total += len(rest)
        assert lost > 0 and total + lost == len(data)


def test_attach_by_name_and_list():
    with Fake() as f:
        f.domain(1, "one")
        f.domain(2, "two")
        f.tty(2)
        v = Viewer(f).attach(name="two").attached()
        v.close()
        v = Viewer(f)
        v.sock.send(b"L")
        names = []
        while True:
            k, rest = v.message()
            if k == b"L":
                break
            names.append(rest[31:].rstrip(b"\0"))
        assert sorted(names) == [b"one", b"two"]


def test_attach_waits_for_console():
    with Fake() as f:
        v = Viewer(f).attach(7, flags=1)
        w = Viewer(f).attach(name="late", flags=1)
        time.sleep(0.1)
        g = f.domain(7, "late")
        v.attached()
        w.attached()
        g.write(b"first words")
        assert v.output(11) == w.output(11) == b"first words"


def test_attach_to_nothing_is_refused():
    with Fake() as f:
        assert Viewer(f).attach(7).message() == (b"E", b"domain 7 has no console 0")
        assert Viewer(f).attach(0, name="x").message() == (b"E", b"domain 'x' has no console 0")


def test_rename_is_followed():
    with Fake() as f:
        f.domain(1, "old")
        f.tty(1)
        f.write("/local/domain/1/name", "new")
        w = Viewer(f).attach(name="new", flags=1).attached()
        w.close()
        assert Viewer(f).attach(name="old").message()[0] == b"E"


@pytest.mark.parametrize("request_", [
    b"A", b"A" * 88, b"A" * 4000, b"Z", b"I", b"W123", b"\0", b"A\2" + b"\1" * 86],
    ids=lambda r: "%02x.%d" % (r[0], len(r)))
def test_malformed_requests_are_refused(request_):
    with Fake() as f:
        f.domain(1, "one")
        v = Viewer(f)
        v.sock.send(request_)
        assert v.message()[0] == b"E"
        assert v.closed()
        f.view(1).close()


def test_too_long_message_is_refused():
    with Fake() as f:
        f.domain(1, "one")
        v = f.view(1)
        v.sock.send(b"I" + b"x" * 5000)
        assert b"too long" in v.expect(b"E")


def test_attach_twice_is_refused():
    with Fake() as f:
        f.domain(1, "one")
        v = f.view(1).attach(1)
        assert v.expect(b"E") == b"attached already"


def test_number_of_viewers_is_bounded():
    with Fake() as f:
        f.domain(1, "one")
        views = [f.view(1) for _ in range(32)]
        assert b"too many" in Viewer(f).attach(1).message()[1]
        views.pop().close()
        wait(lambda: Viewer(f).attach(1).message()[0] == b"a")


# Life and death of domains.

def test_last_words_of_dead_domain():
    with Fake("--log=guest") as f:
        g = f.domain(1, "one")
        v = f.view(1)
        tty = f.tty(1)
        g.page[1024:1030] = b"panic!"
        g.set(OUT_PROD, 6)              # no event: the daemon looks at the end
        f.end(1)
        assert v.output(6) == b"panic!"
        assert v.expect(b"e") == b"the domain has ended"
        assert v.closed()
        wait(lambda: f.log("one") == b"panic!")
        w = Viewer(f).attach(name="one").attached()
        assert w.replay() == b"panic!" and w.message()[0] == b"e"
        assert not os.path.exists(tty)


def test_dead_output_is_forgotten_in_time():
    with Fake("--keep-ended=1") as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"x")
        wait(g.drained)
        f.end(1)
        wait(lambda: not os.path.exists(f.run + "/1.0"), 10)
        assert Viewer(f).attach(name="one").message()[0] == b"E"


def test_number_of_dead_domains_is_bounded():
    with Fake("--replay=4k") as f:
        for i in range(1, 45):
            f.domain(i, "d%d" % i)
            f.tty(i)
            f.end(i)
            f.view(i).close()
        wait(lambda: len([n for n in os.listdir(f.run) if n[0].isdigit()]) == 32)


def test_number_of_domain_used_again():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"first")
        wait(g.drained)
        f.end(1)
        f.view(1).expect(b"e")
        g = f.domain(1, "again", uuid="ab" * 16)
        wait(lambda: Viewer(f).attach(name="again").message()[0] == b"a")
        g.write(b"second")
        assert f.view(1).output(6) == b"second"


def test_same_number_reused_while_daemon_was_away():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"first")
        wait(g.drained)
        f.kill()
        g = f.domain(1, "other", uuid="cd" * 16)
        f.start()
        g.write(b"second")
        v = f.view(1)
        assert v.pos == 0 and v.output(6) == b"second"


def test_reboot_appends_to_the_same_log():
    with Fake("--log=guest") as f:
        for i in (1, 2):
            g = f.domain(i, "one")
            f.tty(i)
            g.write(b"boot %d\n" % i)
            wait(g.drained)
            f.end(i)
        assert wait(lambda: f.log("one") == b"boot 1\nboot 2\n")


def test_console_of_another_program_is_left_alone():
    with Fake() as f:
        g = f.domain(1, "hvm", type_="ioemu")
        g.write(b"x")
        time.sleep(0.3)
        assert not g.drained() and f.read("/local/domain/1/console/tty") is None


def test_console_that_comes_later():
    with Fake() as f:
        g = f.domain(1, "one", console=False)
        time.sleep(0.1)
        f.write("/local/domain/1/console/ring-ref", 1001)
        f.write("/local/domain/1/console/port", 2)
        g.write(b"hello")
        v = Viewer(f).attach(1, flags=1).attached()
        assert v.output(5) == b"hello"


def test_ring_that_cannot_be_bound_yet_is_tried_again():
    with Fake() as f:
        g = f.domain(1, "one", port=666)
        g.port = 5
        wait(lambda: "cannot bind" in f.stderr())
        f.write("/local/domain/1/console/port", 5)
        g.write(b"hello")
        assert f.view(1).output(5) == b"hello"


# Devices: further consoles and channels.

def test_further_console():
    with Fake("--log=guest") as f:
        f.domain(1, "one")
        g = f.device(1, 1)
        back = "/local/domain/0/backend/console/1/1"
        wait(lambda: f.read(back + "/state") == "4")
        fd = open_tty(f.tty(1, "device/console/1/tty"))
        g.write(b"hello")
        assert read_fd(fd, 5) == b"hello"
        os.write(fd, b"you")
        assert g.read_until(3) == b"you"
        assert f.view(1, number=1).replay() == b"hello"
        f.write("/local/domain/1/device/console/1/state", 5)
        wait(lambda: f.read(back + "/state") == "6")
        f.write("/local/domain/1/device/console/1/state", 1)
        wait(lambda: f.read(back + "/state") == "2")
        f.write("/local/domain/1/device/console/1/state", 3)
        wait(lambda: f.read(back + "/state") == "4")


def test_channel_terminal_loses_nothing():
    with Fake("--replay=4k", "--log=guest") as f:
        f.domain(1, "one")
        g = f.device(1, 1, name="org.agent", connection="pty")
        tty = f.tty(1, "device/console/1/tty")
        data, sent = bytes_of(30000), 0
        end = time.time() + 0.5
        while time.time() < end:
            sent += g.put(data[sent:])
        assert sent < 29000
        fd, got = open_tty(tty), b""
        while len(got) < len(data):
            got += read_fd(fd, 1)
            sent += g.put(data[sent:])
        assert got == data
        assert not os.path.exists(f.logs + "/guest-one.console1.log")


def test_channel_socket():
    with Fake() as f:
        f.domain(1, "one")
        path = f.dir + "/agent"
        g = f.device(1, 2, name="org.agent", connection="socket", path=path)
        g.write(b"early")
        for i in range(2):
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(10)
            wait(lambda: os.path.exists(path))
            s.connect(path)
            assert s.recv(100) == (b"early" if i == 0 else b"again")
            s.send(b"to guest")
            assert g.read_until(8) == b"to guest"
            s.close()
            g.write(b"again")
            time.sleep(0.1)
        f.end(1)
        wait(lambda: not os.path.exists(path))


def test_device_unplugged_by_tools():
    with Fake() as f:
        f.domain(1, "one")
        g = f.device(1, 1)
        back = "/local/domain/0/backend/console/1/1"
        wait(lambda: f.read(back + "/state") == "4")
        f.write(back + "/online", 0, False)
        f.write(back + "/state", 5)
        wait(lambda: f.read(back + "/state") == "6")
        g.write(b"x")
        time.sleep(0.1)
        assert not g.drained()


# Hostile guests.

@pytest.mark.parametrize("prod,cons", [
    (4096, 0), (2049, 0), (0, 1), (0xffffffff, 0), (0x80000000, 0), (5, 0x7fffffff)])
def test_nonsense_in_output_indexes(prod, cons):
    with Fake() as f:
        g = f.domain(1, "bad")
        other = f.domain(2, "good")
        v = f.view(2)
        g.set(OUT_CONS, cons)
        g.set(OUT_PROD, prod)
        g.kick()
        wait(g.drained)
        other.write(b"fine")
        assert v.output(4) == b"fine"
        g.write(b"sane again")
        w = f.view(1)
        assert w.output(10) == b"sane again"
        assert f.stderr().count("make no sense") == 1


@pytest.mark.parametrize("prod,cons", [
    (1025, 0), (0, 1), (0xffffffff, 0), (0x80000000, 5)])
def test_nonsense_in_input_indexes(prod, cons):
    with Fake() as f:
        g = f.domain(1, "bad")
        v = f.view(1)
        g.set(IN_CONS, cons)
        g.set(IN_PROD, prod)
        v.type(b"hello")
        assert g.read_until(5)[-5:] == b"hello"


def test_indexes_wrap():
    with Fake() as f:
        g = f.domain(1, "one", console=False)
        for at in (OUT_CONS, OUT_PROD, IN_CONS, IN_PROD):
            g.set(at, 0xffffff00)
        f.write("/local/domain/1/console/ring-ref", 1001)
        f.write("/local/domain/1/console/port", 2)
        v = Viewer(f).attach(1, flags=1).attached()
        data = bytes_of(5000)
        g.write(data)
        assert v.output(5000) == data
        v.type(data[:1000])
        assert g.read_until(1000) == data[:1000]


def test_random_indexes_and_events():
    with Fake("--rate=1G") as f:
        g = f.domain(1, "bad")
        other = f.domain(2, "good")
        v = f.view(2)
        f.view(1).type(b"x" * 3000)
        r = random.Random(4)
        for i in range(3000):
            g.set(r.choice((OUT_CONS, OUT_PROD, IN_CONS, IN_PROD)), r.getrandbits(32))
            g.kick()
            if i % 100 == 0:
                other.write(b"tick")
                assert v.output(4) == b"tick"


def test_flood_is_limited_and_fair():
    with Fake("--rate=64k") as f:
        g = f.domain(1, "flood")
        other = f.domain(2, "good")
        v = f.view(2)
        f.tty(1)
        data = b"y\n" * 1024
        start, sent, slowest = time.time(), 0, 0
        while time.time() < start + 3:
            sent += g.put(data)
            t = time.time()
            other.write(b"ping")
            assert v.output(4) == b"ping"
            slowest = max(slowest, time.time() - t)
        assert sent < 3 * 65536 + 65536 // 8 + 3 * 2048 + 8192
        assert slowest < 0.5


def test_events_without_data_are_limited():
    with Fake("--rate=4k") as f:
        g = f.domain(1, "kick")
        other = f.domain(2, "good")
        v = f.view(2)
        for _ in range(20000):
            g.kick()
        other.write(b"ping")
        assert v.output(4) == b"ping"


# The daemon's own life.

def test_killed_daemon_goes_on_without_loss():
    with Fake("--log=guest") as f:
        g = f.domain(1, "one")
        f.tty(1)
        data, sent = bytes_of(400000, 3), 0
        r = random.Random(5)
        for _ in range(8):
            stop = min(len(data), sent + r.randrange(5000, 50000))
            end = time.time() + 20
            while sent < stop:
                sent += g.put(data[sent:min(stop, sent + 500)])
                assert time.time() < end
            f.kill()
            sent += g.put(data[sent:])      # a ring's worth while nobody is there
            f.start()
        g.write(data[sent:])
        wait(g.drained)
        assert wait(lambda: len(f.log("one")) >= len(data))
        assert f.log("one") == data
        v = f.view(1)
        assert v.pos == len(data) - 65536 and v.replay() == data[-65536:]


def test_viewer_resumes_where_it_was():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"0123456789")
        wait(g.drained)
        f.kill()
        f.start()
        v = f.view(1, flags=4, start=4)
        assert v.pos == 4 and v.replay() == b"456789"


def test_resume_of_domain_that_ended_meanwhile():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"0123456789")
        wait(g.drained)
        f.kill()
        f.end(1)
        f.start()
        v = f.view(1, flags=4, start=4)
        assert v.replay() == b"456789" and v.message()[0] == b"e"


def test_new_terminal_after_restart_is_published():
    with Fake() as f:
        f.domain(1, "one")
        f.tty(1)
        f.kill()
        f.write("/local/domain/1/console/tty", "")
        f.start()
        os.close(open_tty(f.tty(1)))


def test_store_away_at_start_and_in_between():
    with Fake(start=False) as f:
        open(f.dir + "/down", "w").close()
        f.start()
        v = Viewer(f).attach(1)         # answered once the store is there
        g = f.domain(1, "one")
        time.sleep(0.5)
        os.unlink(f.dir + "/down")
        v.attached()
        g.write(b"one")
        assert v.output(3) == b"one"
        open(f.dir + "/down", "w").close()
        f.send("watches", "/local/domain/1/name")
        time.sleep(0.5)
        g.write(b"two")                 # consoles go on without a store
        assert v.output(3) == b"two"
        h = f.domain(2, "new")
        f.write("/local/domain/1/console/tty", "")
        os.unlink(f.dir + "/down")
        h.write(b"three")
        w = Viewer(f).attach(2, flags=1).attached()
        assert w.output(5) == b"three"
        assert f.tty(1)


def test_second_daemon_is_refused():
    with Fake() as f:
        import subprocess
        from fake import DAEMON
        r = subprocess.run([DAEMON, "-i", "--run-dir=" + f.run], capture_output=True, text=True,
                           env=dict(os.environ, FAKE_DIR=f.dir), check=False)
        assert r.returncode == 1 and "another xenconsoled runs" in r.stderr


def test_damaged_state_is_ignored():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"x")
        wait(g.drained)
        f.kill()
        for name, data in (("1.0", os.urandom(69632)), ("2.0", b"short"), ("3.0", b""),
                           ("4.0", b"xncons1\0" + b"\xff" * 69624)):
            with open(f.run + "/" + name, "wb") as out:
                out.write(data)
        f.start()
        g.write(b"hello")
        assert f.view(1).output(5) == b"hello"
        assert sorted(n for n in os.listdir(f.run) if n[0].isdigit()) == ["1.0"]


def test_idle_daemon_sleeps():
    with Fake("--log=all", start=False) as f:
        open(f.dir + "/hvlog", "w").close()
        f.start()
        for i in range(1, 5):
            g = f.domain(i, "d%d" % i)
            os.close(open_tty(f.tty(i)))
            g.write(b"x")
            f.view(i).close()
        time.sleep(0.5)

        def cpu():
            with open("/proc/%d/stat" % f.daemon.pid) as s:
                return sum(map(int, s.read().split()[13:15]))
        before = cpu()
        time.sleep(2)
        assert cpu() - before <= 3


@pytest.mark.parametrize("args", [
    ["--bad"], ["--log=some"], ["--log-size=x"], ["--log-size="], ["extra"], ["-t", "maybe"],
    ["-o", "both"], ["--replay=1"], ["--rate=0"], ["--log-count=-1"]])
def test_bad_options(args):
    import subprocess
    from fake import DAEMON
    r = subprocess.run([DAEMON] + args, capture_output=True, text=True, check=False)
    assert r.returncode == 22 and r.stderr and not r.stdout
