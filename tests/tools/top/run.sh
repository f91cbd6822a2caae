#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run pytest, and say what it counted.
log=$TEST_BUILD/log
/usr/bin/python3 -B -m pytest -q -p no:cacheprovider . >"$log" 2>&1 || cat "$log"
count() { tail -1 "$log" | sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $1.*/\1/p"; }
p=$(count passed) f=$(count failed) e=$(count error)
[ -n "$p" ] || e=$((${e:-0} + 1))
f=$((${f:-0} + ${e:-0}))
echo "${p:-0} passed, $f failed"
[ "$f" = 0 ]
