# SPDX-License-Identifier: GPL-2.0-or-later
"""The viewer (xl console) at a terminal and in pipes, with the daemon and fake guests."""

import os
import signal
import subprocess
import time

import pexpect
import pytest
from fake import BUILD, Fake, wait

VIEW = os.path.join(BUILD, "view-test")


def view(f, who, number=0, waits=0):
    """The viewer at a terminal."""
    shell = pexpect.spawn("/bin/sh", ["-c", "stty -a; %s %s %s %d %d; echo left $?; stty -a" % (
        VIEW, f.run + "/socket", who, number, waits)], timeout=10, dimensions=(30, 90), echo=True)
    shell.expect("speed .*cols?u?m?n?s? .*\n")
    return shell


def left(shell, status):
    """The shell is back, and so is the terminal's mode."""
    shell.expect("left (\\d+)")
    assert int(shell.match.group(1)) == status, shell.before
    shell.expect(pexpect.EOF)
    assert b" icanon" in shell.before and b" echo " in shell.before and b"-isig" not in shell.before


def typing(shell, guest, text):
    shell.send(text)
    return guest.read_until(len(text))


def test_session():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"earlier words\r\n")
        s = view(f, "one", waits=1)
        s.expect("earlier words")
        g.write(b"login: ")
        s.expect("login: ")
        assert typing(s, g, b"root\r\x03\x1a\x1c") == b"root\r\x03\x1a\x1c"
        s.send(b"\x1d")
        left(s, 0)


def test_end_of_domain():
    with Fake() as f:
        g = f.domain(1, "one")
        s = view(f, "1", waits=1)
        g.write(b"bye")
        s.expect("bye")
        f.end(1)
        s.expect("the domain has ended")
        left(s, 0)
        s = view(f, "one")
        s.expect("bye.*the domain has ended")
        left(s, 0)


def test_no_such_domain():
    with Fake() as f:
        s = view(f, "nobody")
        s.expect("xl: domain 'nobody' has no console 0")
        left(s, 1)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_signals_restore_the_terminal(sig):
    with Fake() as f:
        g = f.domain(1, "one")
        s = view(f, "1", waits=1)
        g.write(b"here")
        s.expect("here")
        pid = int(subprocess.check_output(["pgrep", "-P", str(s.pid), "view-test"]))
        os.kill(pid, sig)
        left(s, 0)


def test_size_follows_the_window():
    with Fake() as f:
        g = f.domain(1, "one")
        s = view(f, "1", waits=1)
        g.write(b"here")
        s.expect("here")
        v = f.view(1)
        s.setwinsize(41, 101)
        while True:
            kind, rest = v.message()
            if kind == b"w" and rest[1:] == b"\x29\0\x65\0":
                break
        s.send(b"\x1d")
        left(s, 0)


def test_killed_daemon_is_not_noticed():
    with Fake() as f:
        g = f.domain(1, "one")
        s = view(f, "1", waits=1)
        g.write(b"before ")
        s.expect("before ")
        f.kill()
        time.sleep(0.2)
        g.put(b"meanwhile ")
        f.start()
        g.write(b"after")
        s.expect_exact("meanwhile after")
        assert typing(s, g, b"x") == b"x"
        s.send(b"\x1d")
        left(s, 0)


def test_waits_for_domain_and_can_be_left():
    with Fake() as f:
        s = view(f, "late", waits=1)
        time.sleep(0.2)
        g = f.domain(3, "late")
        g.write(b"born")
        s.expect("born")
        s.send(b"\x1d")
        left(s, 0)
        s = view(f, "never", waits=1)
        time.sleep(0.2)
        s.send(b"\x1d")
        left(s, 0)


def test_pipes():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        p = subprocess.Popen([VIEW, f.run + "/socket", "1", "0", "1"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        data = bytes(range(28)) + bytes(range(30, 256))
        p.stdin.write(data * 20)
        p.stdin.flush()
        assert g.read_until(20 * len(data)) == data * 20
        g.write(data)
        assert p.stdout.read(len(data)) == data
        p.stdin.write(b"the end")
        p.stdin.close()
        assert g.read_until(7) == b"the end"
        assert p.wait(10) == 0
        p.stdout.close()


def test_no_input_shows_the_recent_output():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"recent" * 5000)
        wait(g.drained)
        r = subprocess.run([VIEW, f.run + "/socket", "1", "0", "1"], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=10, check=True)
        assert r.stdout == b"recent" * 5000
        f.end(1)
        f.view(1).expect(b"e")
        r = subprocess.run([VIEW, f.run + "/socket", "1", "0", "0"], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=10, check=True)
        assert r.stdout == b"recent" * 5000 and b"the domain has ended" in r.stderr


def test_reader_that_goes_away():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        p = subprocess.Popen([VIEW, f.run + "/socket", "1", "0", "1"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        g.write(b"x")
        assert p.stdout.read(1) == b"x"
        p.stdout.close()
        g.write(b"y")
        assert p.wait(10) == 0
        p.stdin.close()


def test_stopped_reader_can_be_killed():
    with Fake() as f:
        g = f.domain(1, "one")
        f.tty(1)
        p = subprocess.Popen([VIEW, f.run + "/socket", "1", "0", "1"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        g.write(b"x" * 300000)
        wait(g.drained)
        time.sleep(0.2)
        p.terminate()
        assert p.wait(10) == 0
        p.stdout.close()


def test_without_daemon_and_store():
    r = subprocess.run([VIEW, "/nonexistent/socket", "1", "0", "0"], capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, check=False)
    assert r.returncode == 1 and "cannot reach the store" in r.stderr
