# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine of port_fake.c from the other side: guests, store, daemon and viewers."""

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

BUILD = os.environ["TEST_BUILD"]
DAEMON = os.path.join(BUILD, "xenconsoled-test")

OUT, IN = 1024, 0                       # offsets of the ring's arrays and indexes
IN_SIZE, OUT_SIZE = 1024, 2048
IN_CONS, IN_PROD, OUT_CONS, OUT_PROD = 3072, 3076, 3080, 3084


def wait(what, timeout=30, step=0.01):
    """Until what() is true; its value."""
    end = time.time() + timeout
    while True:
        value = what()
        if value:
            return value
        assert time.time() < end, "timeout"
        time.sleep(step)


class Guest:
    """A console page and its event channel."""

    def __init__(self, fake, domid, ref, port):
        self.fake, self.domid, self.port = fake, domid, port
        path = "%s/rings/%d.%d" % (fake.dir, domid, ref)
        with open(path, "wb") as f:
            f.write(b"\0" * 4096)
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), 4096)
        self.words = memoryview(self.page).cast("I")

    def get(self, at):
        return self.words[at // 4]

    def set(self, at, value):
        # One access: struct.pack_into() would show the daemon a zero first.
        self.words[at // 4] = value & 0xffffffff

    def kick(self):
        self.fake.send("events", "%d %d" % (self.domid, self.port))

    def put(self, data):
        """Write what fits; the number of bytes."""
        prod = self.get(OUT_PROD)
        n = min(len(data), OUT_SIZE - (prod - self.get(OUT_CONS)) % 2 ** 32)
        for i in range(n):
            self.page[OUT + (prod + i) % OUT_SIZE] = data[i]
        self.set(OUT_PROD, prod + n)
        self.kick()
        return n

    def write(self, data, timeout=20):
        end = time.time() + timeout
        while data:
            n = self.put(data)
            data = data[n:]
            assert time.time() < end, "the daemon does not take the output"
            if not n:
                time.sleep(0.001)

    def drained(self):
        return self.get(OUT_CONS) == self.get(OUT_PROD)

    def read(self):
        """What was put in; takes it.  Nothing while the indexes make no sense."""
        cons, prod = self.get(IN_CONS), self.get(IN_PROD)
        if (prod - cons) % 2 ** 32 > IN_SIZE:
            return b""
        data = bytes(self.page[IN + (cons + i) % IN_SIZE] for i in range((prod - cons) % 2 ** 32))
        self.set(IN_CONS, prod)
        self.kick()
        return data

    def read_until(self, size, timeout=10):
        data, end = b"", time.time() + timeout
        while len(data) < size:
            data += self.read()
            assert time.time() < end, "input: %r" % data
            time.sleep(0.001)
        return data


class Viewer:
    """A connection to the daemon's socket."""

    def __init__(self, fake):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(10)
        self.sock.connect(fake.run + "/socket")
        self.pos = None

    def attach(self, domid=0, number=0, name=None, flags=0, start=0):
        self.sock.send(struct.pack("<BBBBIIIQ64s", ord("A"), 1, flags | (2 if name else 0), 0,
                                   domid, number, 0, start, (name or "").encode()))
        return self

    def message(self):
        m = self.sock.recv(8192)
        return m[:1], m[1:]

    def attached(self):
        kind, rest = self.message()
        assert kind == b"a", (kind, rest)
        self.pos = struct.unpack_from("<Q", rest, 15)[0]
        return self

    def expect(self, kind):
        while True:
            k, rest = self.message()
            if k == kind:
                return rest
            assert k in b"owrx", (k, rest)

    def replay(self):
        """All output until the end of the replay."""
        data = b""
        while True:
            k, rest = self.message()
            if k == b"r":
                return data
            if k == b"o":
                data += rest

    def output(self, size):
        data = b""
        while len(data) < size:
            k, rest = self.message()
            assert k in b"owr", (k, rest)
            if k == b"o":
                data += rest
        return data

    def type(self, data):
        self.sock.send(b"I" + data)

    def closed(self):
        return self.sock.recv(8192) == b""

    def close(self):
        self.sock.close()


class Fake:
    """The whole: with Fake("--log=guest") as f: ..."""

    def __init__(self, *options, start=True):
        self.dir = tempfile.mkdtemp(prefix="xc-")
        self.run, self.logs = self.dir + "/run", self.dir + "/log"
        for d in ("store", "rings", "log", "store/local", "store/local/domain"):
            os.mkdir(self.dir + "/" + d)
        open(self.dir + "/domains", "w").close()
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.dir + "/guest")
        self.options, self.daemon, self.table = list(options), None, {}
        self.errors = open(self.dir + "/stderr", "a+")
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        code = self.stop()
        text = self.stderr()
        shutil.rmtree(self.dir)
        assert "Sanitizer" not in text and "runtime error" not in text, text
        assert code in (0, -signal.SIGKILL), (code, text)

    def start(self):
        env = dict(os.environ, FAKE_DIR=self.dir, NOTIFY_SOCKET=self.dir + "/notify")
        n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        n.bind(self.dir + "/notify")
        n.settimeout(20)
        self.daemon = subprocess.Popen(
            [DAEMON, "-i", "-v", "--run-dir=" + self.run, "--log-dir=" + self.logs,
             "--pid-file=" + self.dir + "/pid"] + self.options, env=env, stderr=self.errors)
        self.wait_ready(n)

    def wait_ready(self, n):
        if os.path.exists(self.dir + "/down"):
            wait(lambda: os.path.exists(self.run + "/socket"))
        else:
            assert n.recv(100) == b"READY=1"
        n.close()
        os.unlink(self.dir + "/notify")

    def stop(self):
        if not self.daemon:
            return 0
        self.daemon.terminate()
        try:
            return self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            raise

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()
        self.daemon = None

    def stderr(self):
        with open(self.dir + "/stderr") as f:
            return f.read()

    def send(self, to, text):
        try:
            self.sock.sendto(text.encode(), self.dir + "/" + to)
        except (ConnectionRefusedError, FileNotFoundError):
            pass                        # no daemon now

    # Store and domains.

    def store_path(self, path):
        return self.dir + "/store" + path + "/.value"

    def write(self, path, value, fire=True):
        p = self.store_path(path)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        with open(p + ".new", "w") as f:
            f.write(str(value))
        os.rename(p + ".new", p)
        if fire:
            self.send("watches", path)

    def read(self, path):
        try:
            with open(self.store_path(path)) as f:
                return f.read()
        except FileNotFoundError:
            return None

    def write_domains(self, event):
        with open(self.dir + "/domains.new", "w") as f:
            for d, (dying, uuid) in self.table.items():
                f.write("%d %d %s\n" % (d, dying, uuid))
        os.rename(self.dir + "/domains.new", self.dir + "/domains")
        self.send("watches", event)

    def domain(self, domid, name, port=2, uuid=None, console=True, type_="xenconsoled"):
        """A new domain with its primary console; its Guest."""
        base = "/local/domain/%d" % domid
        guest = Guest(self, domid, domid + 1000, port)
        self.write(base + "/name", name, False)
        if console:
            self.write(base + "/console/type", type_, False)
            self.write(base + "/console/port", port, False)
            self.write(base + "/console/ring-ref", domid + 1000, False)
        self.table[domid] = (0, uuid or "%032x" % (domid + 7))
        self.write_domains("@introduceDomain")
        return guest

    def device(self, domid, number, ref=8, port=30, **backend):
        """A further console as the tools and the guest set it up; its Guest."""
        back = "/local/domain/0/backend/console/%d/%d" % (domid, number)
        front = "/local/domain/%d/device/console/%d" % (domid, number)
        guest = Guest(self, domid, ref, port)
        for k, v in dict(backend, frontend=front, state=1, online=1).items():
            self.write(back + "/" + k, v, False)
        self.write(front + "/type", "xenconsoled", False)
        self.write(front + "/state", 1, False)
        self.send("watches", back)
        wait(lambda: self.read(back + "/state") == "2")
        self.write(front + "/ring-ref", ref, False)
        self.write(front + "/port", port, False)
        self.write(front + "/state", 3)
        return guest

    def end(self, domid):
        """The domain dies."""
        self.table[domid] = (1, self.table[domid][1])
        self.write_domains("@releaseDomain")

    def tty(self, domid, path="console/tty"):
        return wait(lambda: self.read("/local/domain/%d/%s" % (domid, path)))

    def view(self, domid, **more):
        def attached():
            v = Viewer(self).attach(domid, **more)
            kind, rest = v.message()
            if kind == b"E":            # not there yet
                v.close()
                return None
            v.pos = struct.unpack_from("<Q", rest, 15)[0]
            return v
        return wait(attached)

    def log(self, name):
        try:
            with open("%s/guest-%s.log" % (self.logs, name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""


def open_tty(path):
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def read_fd(fd, size, timeout=10):
    """At least size bytes."""
    data, end = b"", time.time() + timeout
    while len(data) < size:
        if select.select([fd], [], [], 0.05)[0]:
            data += os.read(fd, 65536)
        assert time.time() < end, data
    return data


def quiet_fd(fd, seconds=0.3):
    return not select.select([fd], [], [], seconds)[0]
