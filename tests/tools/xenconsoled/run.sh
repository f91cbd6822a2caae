#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the unit tests and pytest, and add up what they say.
log=$TEST_BUILD/log
"$TEST_BUILD/test_core" >"$log" 2>&1 || cat "$log"
p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$log" | tail -1)
f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$log" | tail -1)
[ -n "$p" ] || f=$((${f:-0} + 1))
/usr/bin/python3 -B -m pytest -q -p no:cacheprovider . >"$log.py" 2>&1 || cat "$log.py"
count() { tail -1 "$log.py" | sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $1.*/\1/p"; }
pp=$(count passed) ff=$(count failed) ee=$(count error)
[ -n "$pp" ] || ee=$((${ee:-0} + 1))
p=$((${p:-0} + ${pp:-0})) f=$((${f:-0} + ${ff:-0} + ${ee:-0}))
echo "$p passed, $f failed"
[ "$f" = 0 ]
