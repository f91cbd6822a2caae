#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD NAME...: run the unit tests BUILD/test_NAME and add up what cmocka reports.
# A program that is missing, crashes, hangs or reports nothing counts as one failed test.
build=$1
shift
passed=0
failed=0

for name; do
    log=$build/$name.log
    if [ ! -x "$build/test_$name" ]; then
        echo "FAIL $name: not built"
        failed=$((failed + 1))
        continue
    fi
    ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1} \
        timeout "${UNIT_TIMEOUT:-300}" "$build/test_$name" >"$log" 2>&1
    rc=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$log" | tail -1)
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$log" | tail -1)
    s=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test(s).*/\1/p' "$log" | tail -1)
    p=${p:-0}
    f=${f:-0}
    if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ] || [ $((p + f)) -eq 0 ]; then
        f=$((f + 1))
    fi
    if [ "$f" -ne 0 ]; then
        echo "FAIL $name: exit status $rc"
        grep -v '^\[ *\(RUN\|OK\) ' "$log" | head -60
    else
        echo "ok   $name: $p passed${s:+, $s skipped}"
    fi
    passed=$((passed + p))
    failed=$((failed + f))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
