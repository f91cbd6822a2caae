# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon under test, and raw clients of it: over its socket, and over a ring as a domain.

The daemon is build/tests/xenstored/xenstored: as shipped, but for a hypervisor of files
(hv_fake.c).  Its server process can be killed; its keeper starts it again.
"""

import mmap
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

BUILD = os.environ.get("BUILD") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../../../build/tests/xenstored")

(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END,
 INTRODUCE, RELEASE, GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT,
 ERROR) = range(17)
RESET_WATCHES, DIRECTORY_PART = 21, 22
RING = 1024


class XsError(Exception):
    """The reply was an error; its text is the name."""


class Closed(Exception):
    """The connection ended."""


class Daemon:
    """A daemon in a folder of its own."""

    def __init__(self, args=(), program="xenstored", run_dir=None, env=None):
        self.dir = tempfile.mkdtemp(prefix="xs-")
        self.run_dir = run_dir or self.dir + "/run"
        self.args, self.program = list(args), os.path.join(BUILD, program)
        self.env = dict(os.environ, XENSTORED_RUNDIR=self.run_dir, XS_FAKE_DIR=self.dir,
                        XENSTORED_PATH=self.run_dir + "/socket", **(env or {}))
        self.log = open(self.dir + "/log", "wb")
        self.child = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        self.child = subprocess.Popen([self.program, "--no-fork", "--verbose"] + self.args,
                                      env=self.env, stdout=self.log, stderr=self.log,
                                      preexec_fn=lambda: signal.signal(signal.SIGPIPE,
                                                                       signal.SIG_DFL))
        self.wait_up()

    def wait_up(self, timeout=10):
        end = time.time() + timeout
        while time.time() < end:
            try:
                Client(self).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("the daemon does not come up:\n" + self.text())

    def text(self):
        self.log.flush()
        with open(self.dir + "/log", errors="replace") as f:
            return f.read()

    def server(self):
        """The server's pid (the keeper is self.child)."""
        end = time.time() + 5
        while time.time() < end:
            with open("/proc/%d/task/%d/children" % (self.child.pid, self.child.pid)) as f:
                pids = f.read().split()
            if pids:
                return int(pids[0])
            time.sleep(0.001)
        raise RuntimeError("no server:\n" + self.text())

    def kill_server(self):
        os.kill(self.server(), signal.SIGKILL)

    def kill_all(self):
        """Keeper and server, as by a careless administrator; then start them again."""
        self.child.kill()
        self.child.wait()
        time.sleep(0.02)
        self.start()

    def stop(self):
        if self.child and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def rss(self):
        with open("/proc/%d/status" % self.server()) as f:
            return int([x for x in f if x.startswith("VmRSS")][0].split()[1])

    def run(self, *argv, **more):
        """A command with the environment of a client."""
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=20,
                              check=False, **more)


class Base:
    """Requests and replies; a subclass moves the bytes."""

    def __init__(self):
        self.events = []
        self.buf = b""
        self.next_id = 0

    def post(self, kind, body=b"", tx=0):
        """Send without waiting; returns the request's id."""
        if isinstance(body, str):
            body = body.encode()
        self.next_id += 1
        self.send(struct.pack("<IIII", kind, self.next_id, tx, len(body)) + body)
        return self.next_id

    def message(self, timeout=10):
        """The next message: (kind, id, tx, body), or None."""
        end = time.time() + timeout
        while True:
            if len(self.buf) >= 16:
                kind, rid, tx, size = struct.unpack_from("<IIII", self.buf)
                if len(self.buf) >= 16 + size:
                    body = self.buf[16:16 + size]
                    self.buf = self.buf[16 + size:]
                    return kind, rid, tx, body
            left = end - time.time()
            if left <= 0:
                return None
            self.buf += self.receive(left)

    def reply(self, rid, timeout=10):
        while True:
            m = self.message(timeout)
            if m is None:
                raise TimeoutError("no reply")
            if m[0] == WATCH_EVENT:
                self.events.append(tuple(m[3].decode().split("\0")[:2]))
                continue
            assert m[1] == rid, "reply to request %d, not %d" % (m[1], rid)
            if m[0] == ERROR:
                raise XsError(m[3].rstrip(b"\0").decode())
            return m[3]

    def call(self, kind, body=b"", tx=0):
        return self.reply(self.post(kind, body, tx))

    def read(self, path, tx=0):
        return self.call(READ, path + "\0", tx).decode()

    def write(self, path, value, tx=0):
        self.call(WRITE, path + "\0" + value, tx)

    def rm(self, path, tx=0):
        self.call(RM, path + "\0", tx)

    def ls(self, path, tx=0):
        return self.call(DIRECTORY, path + "\0", tx).decode().split("\0")[:-1]

    def watch(self, path, token):
        self.call(WATCH, "%s\0%s\0" % (path, token))

    def perms(self, path, *perms):
        self.call(SET_PERMS, path + "\0" + "".join(p + "\0" for p in perms))

    def begin(self):
        return int(self.call(TRANSACTION_START, "\0").rstrip(b"\0"))

    def end(self, tx, ok=True):
        self.call(TRANSACTION_END, "T\0" if ok else "F\0", tx)

    def event(self, timeout=5):
        """The next event (path, token), or None."""
        if not self.events:
            m = self.message(timeout)
            if m is None:
                return None
            assert m[0] == WATCH_EVENT, m
            self.events.append(tuple(m[3].decode().split("\0")[:2]))
        return self.events.pop(0)


class Client(Base):
    """A client of the socket."""

    def __init__(self, daemon, name="socket"):
        super().__init__()
        self.s = socket.socket(socket.AF_UNIX)
        try:
            self.s.connect("%s/%s" % (daemon.run_dir, name))
        except OSError:
            self.s.close()
            raise

    def send(self, data):
        try:
            self.s.sendall(data)
        except OSError as e:
            raise Closed from e

    def receive(self, timeout):
        if not select.select([self.s], [], [], timeout)[0]:
            return b""
        try:
            data = self.s.recv(65536)
        except OSError as e:
            raise Closed from e
        if not data:
            raise Closed
        return data

    def close(self):
        self.s.close()


class Guest(Base):
    """A domain with a ring in a file and events in datagrams."""

    def __init__(self, daemon, domid, handle=None):
        super().__init__()
        self.daemon, self.domid, self.owed = daemon, domid, None
        with open("%s/ring%d" % (daemon.dir, domid), "wb") as f:
            f.write(bytes(4096))
        self.f = open("%s/ring%d" % (daemon.dir, domid), "r+b")
        self.page = mmap.mmap(self.f.fileno(), 4096)
        self.words = memoryview(self.page).cast("I")
        self.set_state(handle)
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = "%s/event%d" % (daemon.dir, domid)
        if os.path.exists(path):
            os.unlink(path)
        self.s.bind(path)
        self.s.setblocking(False)

    def set_state(self, handle=None, words=""):
        with open("%s/dom%d" % (self.daemon.dir, self.domid), "w") as f:
            f.write((handle or "handle-%09d" % self.domid)[:16] + " " + words)

    def introduce(self, by):
        by.call(INTRODUCE, "%d\0%d\0%d\0" % (self.domid, 1000 + self.domid, 1))

    def destroy(self):
        """The hypervisor does not have it any more."""
        os.unlink("%s/dom%d" % (self.daemon.dir, self.domid))
        self.kick(0)

    def kick(self, domid=None):
        """An event; if it does not fit (which real ones always do), once it does."""
        try:
            self.s.sendto(struct.pack("<I", self.domid if domid is None else domid),
                          self.daemon.dir + "/store")
            self.owed = None
        except BlockingIOError:
            self.owed = (domid,)
        except OSError:
            self.owed = None    # nobody there: whoever starts next looks at the ring by itself

    def index(self, n, value=None):
        """req_cons, req_prod, rsp_cons, rsp_prod, features, connection, error.

        Through a view, which is one access: struct.pack_into() zeroes what it is about to
        write, and the store would see an index that was never meant.
        """
        if value is not None:
            self.words[512 + n] = value & 0xffffffff
        return self.words[512 + n]

    def wait(self, timeout):
        if select.select([self.s], [], [], timeout)[0]:
            try:
                self.s.recv(16)
            except BlockingIOError:
                pass

    def send(self, data):
        end = time.time() + 20
        while data:
            prod, cons = self.index(1), self.index(0)
            room = RING - (prod - cons) % (1 << 32)
            n = min(room, len(data), RING - prod % RING)
            if n <= 0:
                if time.time() > end:
                    raise TimeoutError("the ring stays full")
                self.kick()
                self.wait(0.05)
                continue
            at = prod % RING
            self.page[at:at + n] = data[:n]
            self.index(1, prod + n)
            data = data[n:]
            self.kick()

    def receive(self, timeout):
        prod, cons = self.index(3), self.index(2)
        have = (prod - cons) % (1 << 32)
        if not have:
            if self.owed:
                self.kick(*self.owed)
            self.wait(min(timeout, 0.05))
            return b""
        assert have <= RING, "bad index from the store"
        at = 1024 + cons % RING
        n = min(have, RING - cons % RING)
        data = self.page[at:at + n]
        self.index(2, cons + n)
        self.kick()
        return data

    def close(self):
        self.words.release()
        self.page.close()
        self.f.close()
        self.s.close()
