# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's log files, with fake guests."""

import os
import re
import signal
import time

from fake import Fake, wait


def text_of(lines):
    return b"".join(b"line %06d\n" % i for i in range(lines))


def test_log_rotates():
    with Fake("--log=guest", "--log-size=4k", "--log-count=2") as f:
        g = f.domain(1, "one")
        f.tty(1)
        data = text_of(3000)
        g.write(data)
        wait(g.drained)
        time.sleep(0.2)
        names = sorted(os.listdir(f.logs))
        assert names == ["guest-one.log", "guest-one.log.1", "guest-one.log.2"]
        parts = [open("%s/%s" % (f.logs, n), "rb").read() for n in reversed(names)]
        assert b"".join(parts) == data[-sum(map(len, parts)):]
        assert all(p.endswith(b"\n") and p.startswith(b"line") for p in parts)
        assert max(map(len, parts)) < 4096 + 2048 + 100


def test_log_without_line_ends_is_bounded():
    with Fake("--log=guest", "--log-size=4k", "--log-count=1") as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"x" * 400000)
        wait(g.drained)
        time.sleep(0.2)
        assert sum(os.stat(f.logs + "/" + n).st_size for n in os.listdir(f.logs)) < 160000


def test_log_reopened_on_sighup():
    with Fake("--log=guest") as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"first\n")
        wait(lambda: f.log("one") == b"first\n")
        os.rename(f.logs + "/guest-one.log", f.logs + "/moved")
        f.daemon.send_signal(signal.SIGHUP)
        wait(lambda: os.path.exists(f.logs + "/guest-one.log"))
        g.write(b"second\n")
        wait(lambda: f.log("one") == b"second\n")


def test_log_reopened_while_a_piece_is_on_its_way():
    with Fake("--log=guest") as f:
        g = f.domain(1, "one")
        f.tty(1)
        wait(lambda: os.path.exists(f.logs + "/guest-one.log"))
        open(f.dir + "/hang", "w").close()
        g.write(b"first\n")
        wait(g.drained)
        time.sleep(0.5)                 # the piece is with the thread that hangs
        os.rename(f.logs + "/guest-one.log", f.logs + "/moved")
        f.daemon.send_signal(signal.SIGHUP)
        wait(lambda: "reopening the log files" in f.stderr())
        os.unlink(f.dir + "/hang")
        wait(lambda: os.path.exists(f.logs + "/guest-one.log"), timeout=5)
        assert open(f.logs + "/moved", "rb").read() == b"first\n"


def test_log_time_stamps_and_escape():
    with Fake("--log=guest", "--timestamp=guest", "--replace-escape") as f:
        g = f.domain(1, "one")
        f.tty(1)
        g.write(b"a\033[1mb\n\nc")
        wait(lambda: f.log("one").endswith(b"c"))
        stamp = rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] "
        assert re.fullmatch(stamp + rb"a\.\[1mb\n" + stamp + rb"\n" + stamp + b"c", f.log("one"))


def test_missing_log_folder_is_told_and_console_works():
    with Fake("--log=guest", "--log-dir=/nonexistent/dir") as f:
        g = f.domain(1, "one")
        g.write(b"hello")
        wait(g.drained)
        assert f.view(1).output(5) == b"hello"
        assert "/nonexistent/dir" in f.stderr()


def test_full_disk_is_told_and_leaves_a_note():
    with Fake("--log=guest") as f:
        os.symlink("/dev/full", f.logs + "/guest-one.log")
        g = f.domain(1, "one")
        g.write(b"hello")
        wait(g.drained)
        wait(lambda: "No space left" in f.stderr())
        assert f.view(1).output(5) == b"hello"


def test_hypervisor_log():
    with Fake("--log=hv", start=False) as f:
        with open(f.dir + "/hvlog", "w") as h:
            h.write("(XEN) booted\n")
        f.start()
        path = f.logs + "/hypervisor.log"
        wait(lambda: open(path).read() == "(XEN) booted\n")
        with open(f.dir + "/hvlog", "a") as h:
            h.write("(XEN) more\n")
        f.send("events", "0 0")
        wait(lambda: open(path).read() == "(XEN) booted\n(XEN) more\n")


def test_disk_that_hangs_stops_only_the_logs():
    with Fake("--log=guest", "--rate=1G") as f:
        g, other = f.domain(1, "one"), f.domain(2, "two")
        v, w = f.view(1), f.view(2)
        wait(lambda: os.path.exists(f.logs + "/guest-two.log"))
        open(f.dir + "/hang", "w").close()
        data = text_of(3000)                # within the history: nothing is lost
        for i in range(0, len(data), 1000):
            g.write(data[i:i + 1000])
            v.output(len(data[i:i + 1000]))
        other.write(b"not concerned")
        assert w.output(13) == b"not concerned"
        assert f.log("one") == b""
        os.unlink(f.dir + "/hang")
        wait(lambda: f.log("one") == data and f.log("two") == b"not concerned")


def test_disk_that_hangs_for_long_loses_lines_not_guests():
    with Fake("--log=guest", "--rate=1G", "--replay=16k") as f:
        g = f.domain(1, "one")
        wait(lambda: os.path.exists(f.logs + "/guest-one.log"))
        open(f.dir + "/hang", "w").close()
        data = text_of(6000)
        start = time.time()
        g.write(data)
        assert time.time() - start > 1.5    # it waits a little for the log
        os.unlink(f.dir + "/hang")
        wait(lambda: f.log("one").endswith(b"line 005999\n"))
        assert re.search(rb"\n\[xenconsoled: \d+ bytes are missing here\]\n", f.log("one"))


def test_end_of_domain_while_the_disk_hangs():
    with Fake("--log=guest") as f:
        g = f.domain(1, "one")
        wait(lambda: os.path.exists(f.logs + "/guest-one.log"))
        open(f.dir + "/hang", "w").close()
        g.write(b"first\n")
        wait(g.drained)
        g.write(b"last\n")
        f.end(1)
        v = f.view(1)
        assert v.expect(b"e")
        os.unlink(f.dir + "/hang")
        wait(lambda: f.log("one") == b"first\nlast\n")
