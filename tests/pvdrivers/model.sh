#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# model.sh FOLDER: check pvdrivers/ring/ring.pml exhaustively with spin, then leave out each order and the
# final check in turn: spin must find what goes wrong.  FOLDER/result: "PASSED FAILED".
here=$(cd "$(dirname "$0")" && pwd)
work=$1
passed=0
failed=0

# expect NAME WANT OPTIONS...: WANT is "right", or what spin's first error says.
expect() {
    name=$1
    want=$2
    shift 2
    rm -rf "$work/run"
    mkdir -p "$work/run"
    if (cd "$work/run" && spin "$@" -a "$here/../../pvdrivers/ring/ring.pml" &&
        gcc -O2 -w -DSAFETY -DMEMLIM=1000 -o pan pan.c && timeout 60 ./pan -m1000000) >"$work/log" 2>&1 &&
        ! grep -q 'max search depth too small\|error: ' "$work/log"; then
        got=$(sed -n 's/^pan:1: \([a-z ]*\)\( (.*\)*$/\1/p' "$work/log" | sed 's/ *$//')
        grep -q 'errors: 0' "$work/log" && got=right
    else
        got="not checked to the end"
    fi
    states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$work/log")
    if [ "$got" = "$want" ]; then
        passed=$((passed + 1))
        echo "ok   model $name: $got, ${states:-?} states"
    else
        failed=$((failed + 1))
        echo "FAIL model $name: ${got:-nothing}, not $want"
        tail -20 "$work/log"
    fi
}

mkdir -p "$work"
expect 'two slots' right
expect 'two slots, six messages' right -DMSGS=6
expect 'four slots' right -DSLOTS=4 -DMSGS=5
expect 'always notify' right -DNO_SUPPRESS
expect 'without WMB' 'assertion violated' -DNO_WMB
expect 'without RMB' 'assertion violated' -DNO_RMB
expect 'without MB_PUSH' 'invalid end state' -DNO_MB_PUSH
expect 'without MB_SLEEP' 'invalid end state' -DNO_MB_SLEEP
expect 'without the final check' 'invalid end state' -DNO_FINAL
echo "$passed $failed" >"$work/result"
