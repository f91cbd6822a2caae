#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the named tests (programs and Python files) and add up what they report.
passed=0 failed=0
export ASAN_OPTIONS=detect_leaks=1 PYTHONDONTWRITEBYTECODE=1
for t; do
    if [ -e "test_$t.py" ]; then
        out=$(timeout 100 /usr/bin/python3 -m pytest -q --tb=short -p no:cacheprovider "test_$t.py" 2>&1)
        p=$(echo "$out" | sed -n 's/^.*[^0-9]*\b\([0-9][0-9]*\) passed.*$/\1/p' | tail -n 1)
        f=$(echo "$out" | sed -n 's/^\([0-9][0-9]*\) failed.*$/\1/p' | tail -n 1)
    else
        out=$(timeout 60 "$BUILD/test_$t" 2>&1)
        p=$(echo "$out" | sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*$/\1/p' | head -n 1)
        f=$(echo "$out" | sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*$/\1/p' | head -n 1)
    fi
    [ -n "$p" ] || [ -n "$f" ] || f=1
    [ "${f:-0}" = 0 ] || echo "$out" | tail -n 40
    echo "xenstored $t: ${p:-0} passed, ${f:-0} failed"
    passed=$((passed + ${p:-0}))
    failed=$((failed + ${f:-0}))
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
