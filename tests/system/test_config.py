# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations as Debian's xl reads them, against which tests/tools/config measures ours.

The files tests/tools/config/stock/*.json are what Xen's xl create -n prints for the *.cfg
beside them.  Here that is seen to be so.  UPDATE=1 writes them anew.
"""

import glob
import os
import re

import pytest

import stock
from conftest import machine

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools/config/stock")
CASES = sorted(glob.glob(FOLDER + "/*.cfg"))


@pytest.fixture
def dom0():
    """The numbers of processors in the files are those of a host with two."""
    extra = [("cases/" + os.path.basename(path), path) for path in CASES]
    return machine("config", smp=2, initrd=stock.dom0_initramfs(extra, tools="stock"))


def without_uuid(text):
    return re.sub(r'\n\s*"uuid": "[^"]*",', "", text)


@pytest.mark.parametrize("path", CASES, ids=[os.path.basename(p)[:-4] for p in CASES])
def test_stock_prints_this(dom0, path):
    out = dom0.ok("xl create -n /cases/%s 2>/dev/null" % os.path.basename(path), 60)
    out = out.replace("\r", "")
    out = out[out.index("{"):].rstrip() + "\n"
    kept = path[:-4] + ".json"
    if os.environ.get("UPDATE"):
        with open(kept, "w") as f:
            f.write(out)
    with open(kept) as f:
        want = f.read()
    with open(path) as f:
        if "uuid" not in f.read():
            want, out = without_uuid(want), without_uuid(out)
    assert out == want
