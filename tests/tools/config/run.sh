#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the unit tests and pytest, and add up what they say.
p=0 f=0
for t in $TESTS; do
    "$t" >"$t.log" 2>&1
    rc=$?
    n=$(grep -c '\[       OK \]' "$t.log") bad=$(grep -c '^\[  FAILED  \] [a-z]' "$t.log")
    [ $rc = 0 ] || { cat "$t.log"; [ "$bad" != 0 ] || bad=1; }
    p=$((p + n)) f=$((f + bad))
done
log=$TEST_BUILD/pytest.log
/usr/bin/python3 -B -m pytest -q -p no:cacheprovider . >"$log" 2>&1 || cat "$log"
count() { tail -1 "$log" | sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $1.*/\1/p"; }
pp=$(count passed) ff=$(count failed) ee=$(count error)
[ -n "$pp" ] || ee=$((${ee:-0} + 1))
p=$((p + ${pp:-0})) f=$((f + ${ff:-0} + ${ee:-0}))
echo "$p passed, $f failed"
[ "$f" = 0 ]
