# SPDX-License-Identifier: GPL-2.0-or-later
"""What all tests of this folder get."""

import signal

import pytest


@pytest.fixture(autouse=True)
def limited():
    """A test that hangs is a failure."""
    def late(*_):
        raise TimeoutError("the test took too long")
    signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    yield
    signal.alarm(0)
