# SPDX-License-Identifier: GPL-2.0-or-later
"""Random transactions of several clients against a model: every result, every EAGAIN and
every watch event must be the one that the model says.

The model is a map from paths to nodes, copied at the start of a transaction.  A transaction
fails if, and only if, something that it looked at or changed was changed by another one since
(see ACCESS_* in txn.h).  XS_STEPS: how long; XS_SEED: where to begin.
"""

import itertools
import os
import random

import pytest

import xs

STEPS = int(os.environ.get("XS_STEPS", "3000"))
SEEDS = [int(s) for s in os.environ.get("XS_SEED", "1 2 3").split()]

count = itertools.count(1)


class Node:
    """Numbers that change with: what is in it, the set of its children, anything below."""

    def __init__(self, value=""):
        self.value, self.perms = value, "n0"
        self.data, self.kids, self.below = next(count), next(count), next(count)

    def copy(self):
        n = Node.__new__(Node)
        n.__dict__.update(self.__dict__)
        return n


def parent(path):
    return path.rsplit("/", 1)[0] or "/"


def ancestors(path):
    while path != "/":
        path = parent(path)
        yield path


class Tree:
    def __init__(self, nodes=None):
        self.nodes = {p: n.copy() for p, n in nodes.items()} if nodes else {"/": Node()}

    def touch_above(self, path):
        for a in ancestors(path):
            if a in self.nodes:
                self.nodes[a].below = next(count)

    def create(self, path):
        if path in self.nodes:
            return
        self.create(parent(path))
        self.nodes[path] = Node()
        self.nodes[path].perms = self.nodes[parent(path)].perms
        self.nodes[parent(path)].kids = next(count)
        self.touch_above(path)

    def write(self, path, value):
        self.create(path)
        self.nodes[path].value = value
        self.nodes[path].data = next(count)
        self.touch_above(path)

    def set_perms(self, path, perms):
        if path in self.nodes:
            self.nodes[path].perms = perms
            self.nodes[path].data = next(count)
            self.touch_above(path)

    def below(self, path):
        start = path.rstrip("/") + "/"
        return [p for p in self.nodes if p.startswith(start) and p != "/"]

    def remove(self, path):
        if path not in self.nodes:
            return
        for p in self.below(path) + [path]:
            del self.nodes[p]
        self.nodes[parent(path)].kids = next(count)
        self.touch_above(path)

    def children(self, path):
        start = path.rstrip("/") + "/"
        return sorted(p[len(start):] for p in self.below(path) if "/" not in p[len(start):])

    def apply(self, op):
        getattr(self, op[0])(*op[1:])


class Txn:
    def __init__(self, tree):
        self.base, self.tree = Tree(tree.nodes), Tree(tree.nodes)
        self.looked, self.log = set(), []


class Model:
    """The store; do() gives what the daemon must answer and whom it must tell."""

    def __init__(self):
        self.tree = Tree()
        self.watches = {}           # client: set of (path, token)

    def conflict(self, t):
        for path, what in t.looked:
            a, b = t.base.nodes.get(path), self.tree.nodes.get(path)
            if (a is None) != (b is None):
                return True
            if a and (("data" in what and a.data != b.data) or
                      ("kids" in what and a.kids != b.kids) or
                      ("perms" in what and a.perms != b.perms) or
                      ("below" in what and (a.data, a.below) != (b.data, b.below))):
                return True
        return False

    def look_for_change(self, t, tree, path, what):
        t.looked.add((path, what))
        if path not in tree.nodes:
            for a in ancestors(path):
                t.looked.add((a, "perms" if a in tree.nodes else ""))
                if a in tree.nodes:
                    break

    def tell(self, path, gone):
        """Events of a change at @path; @gone: paths that went with it."""
        told = []
        for client, watches in self.watches.items():
            for wpath, token in watches:
                if wpath == path or wpath in ancestors(path):
                    told.append((client, path, token))
                elif wpath in gone:
                    told.append((client, wpath, token))
        return told

    def change(self, t, op, what="data"):
        path = op[1]
        if t:
            self.look_for_change(t, t.tree, path, what)
            t.tree.apply(op)
            t.log.append(op)
            return []
        gone = self.tree.below(path) if op[0] == "remove" else []
        self.tree.apply(op)
        return self.tell(path, gone)

    def commit(self, t):
        """None if it must fail, else the events."""
        if not t.log:
            return []
        if self.conflict(t):
            return None
        told, fired = [], set()
        for op in t.log:
            self.tree.apply(op)
        for op in t.log:
            path = op[1]
            if path not in fired:
                fired.add(path)
                gone = [] if path in self.tree.nodes or path not in t.base.nodes \
                    else t.base.below(path)
                told += self.tell(path, gone)
        return told


NAMES = ["a", "b", "c", "1", "10", "9"]


class Run:
    def __init__(self, d, seed):
        self.rng = random.Random(seed)
        self.model = Model()
        self.clients = [xs.Client(d) for _ in range(4)]
        self.model.watches = {i: set() for i in range(4)}
        self.txns = {i: {} for i in range(4)}       # client: {id: Txn}
        self.clients[0].call(xs.RM, "/tool\0")
        self.seen = {"EAGAIN": 0, "OK": 0, "events": 0}

    def path(self):
        return "/" + "/".join(self.rng.choice(NAMES) for _ in range(self.rng.randint(1, 3)))

    def expect_events(self, told):
        want = {i: [] for i in range(4)}
        for client, path, token in told:
            want[client].append((path, token))
        for i, c in enumerate(self.clients):
            got = [c.event() for _ in want[i]]
            assert sorted(got) == sorted(want[i])
            self.seen["events"] += len(got)

    def step(self):
        i = self.rng.randrange(4)
        c = self.clients[i]
        tx = self.rng.choice([0] + list(self.txns[i]))
        t = self.txns[i].get(tx)
        tree = t.tree if t else self.model.tree
        name = self.rng.choices(
            ["read", "ls", "perms", "write", "mkdir", "rm", "set_perms", "begin", "end", "watch",
             "unwatch"], [12, 6, 3, 20, 5, 8, 3, 8, 12, 2, 1])[0]
        getattr(self, "do_" + name)(i, c, tx, t, tree, self.path())

    def answer(self, fn, want):
        try:
            got = fn()
        except xs.XsError as e:
            got = e
        assert str(got) == str(want), "%s, not %s" % (got, want)

    def do_read(self, _i, c, tx, t, tree, path):
        if t:
            t.looked.add((path, "data"))
        n = tree.nodes.get(path)
        self.answer(lambda: c.read(path, tx), n.value if n else "ENOENT")

    def do_ls(self, _i, c, tx, t, tree, path):
        if t:
            t.looked.add((path, "kids"))
        self.answer(lambda: sorted(c.ls(path, tx)),
                    tree.children(path) if path in tree.nodes else "ENOENT")

    def do_perms(self, _i, c, tx, t, tree, path):
        if t:
            t.looked.add((path, "data"))
        n = tree.nodes.get(path)
        self.answer(lambda: c.call(xs.GET_PERMS, path + "\0", tx).decode().rstrip("\0"),
                    n.perms if n else "ENOENT")

    def do_write(self, _i, c, tx, t, _tree, path):
        value = str(self.rng.randrange(1000))
        c.write(path, value, tx)
        self.expect_events(self.model.change(t, ("write", path, value)))

    def do_mkdir(self, _i, c, tx, t, tree, path):
        c.call(xs.MKDIR, path + "\0", tx)
        if path not in tree.nodes:
            self.expect_events(self.model.change(t, ("create", path), ""))
        elif t:
            t.looked.add((path, ""))

    def do_rm(self, _i, c, tx, t, tree, path):
        self.answer(lambda: c.rm(path, tx), None if parent(path) in tree.nodes else "ENOENT")
        if path in tree.nodes:
            self.expect_events(self.model.change(t, ("remove", path), "below"))
        elif t:
            self.model.look_for_change(t, tree, path, "below")

    def do_set_perms(self, _i, c, tx, t, tree, path):
        perms = "%s0" % self.rng.choice("nrwb")
        if t:
            t.looked.add((path, "data"))
        self.answer(lambda: c.call(xs.SET_PERMS, "%s\0%s\0" % (path, perms), tx),
                    b"OK\0" if path in tree.nodes else "ENOENT")
        if path in tree.nodes:
            self.expect_events(self.model.change(t, ("set_perms", path, perms)))

    def do_begin(self, i, c, _tx, _t, _tree, _path):
        if len(self.txns[i]) < 3:
            self.txns[i][c.begin()] = Txn(self.model.tree)

    def do_end(self, i, c, tx, t, _tree, _path):
        if not t:
            return
        del self.txns[i][tx]
        if self.rng.random() < 0.1:
            c.end(tx, False)
            return
        told = self.model.commit(t)
        self.answer(lambda: c.end(tx), "EAGAIN" if told is None else None)
        self.seen["EAGAIN" if told is None else "OK"] += 1
        self.expect_events(told or [])

    def do_watch(self, i, c, _tx, _t, _tree, path):
        token = "t%d" % self.rng.randrange(3)
        watches = self.model.watches[i]
        self.answer(lambda: c.watch(path, token), "EEXIST" if (path, token) in watches else None)
        if (path, token) not in watches:
            watches.add((path, token))
            self.expect_events([(i, path, token)])

    def do_unwatch(self, i, c, _tx, _t, _tree, _path):
        if self.model.watches[i]:
            path, token = self.rng.choice(sorted(self.model.watches[i]))
            c.call(xs.UNWATCH, "%s\0%s\0" % (path, token))
            self.model.watches[i].remove((path, token))

    def compare(self):
        c = self.clients[0]
        for path in self.model.tree.nodes:
            assert sorted(c.ls(path)) == self.model.tree.children(path), path
            assert c.read(path) == self.model.tree.nodes[path].value, path


@pytest.mark.parametrize("seed", SEEDS)
def test_model(seed):
    with xs.Daemon(program="xenstored-san") as d:
        run = Run(d, seed)
        for step in range(STEPS):
            try:
                run.step()
            except (AssertionError, xs.Closed) as e:
                raise AssertionError("step %d of seed %d: %r\n%s" %
                                     (step, seed, e, d.text()[-2000:])) from e
            if step % 500 == 0:
                run.compare()
        run.compare()
        for c in run.clients:
            assert c.event(0.05) is None
        assert run.clients[0].call(xs.CONTROL, "check\0").startswith(b"OK")
        print(run.seen)
        assert run.seen["EAGAIN"] > STEPS // 100 and run.seen["OK"] > STEPS // 100
        assert "runtime error" not in d.text() and "Sanitizer" not in d.text()
