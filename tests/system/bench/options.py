# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that the parts of `make bench` with a choice of columns share."""

import argparse
import os


def parser(doc, columns):
    p = argparse.ArgumentParser(description=doc.splitlines()[0])
    p.add_argument("--hv", default=os.environ.get("HV", "xenolith"))
    p.add_argument("--wall", action="store_true", help="free-running emulation")
    p.add_argument("--only", default=",".join(columns), help="columns: " + " ".join(columns))
    return p


def parse(p, columns):
    """The arguments; `only` is a list of the columns."""
    args = p.parse_args()
    args.only = args.only.split(",")
    if set(args.only) - set(columns):
        p.error("--only: there are " + " ".join(columns))
    return args
