#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Check hypercall-abi against Debian's libxen-dev.  Last line: "N passed, N failed".
exec /usr/bin/python3 "$(dirname "$0")/abi_check.py" "$@"
