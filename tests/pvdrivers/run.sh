#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the programs named, and the model; "N passed, N failed" at the end.
passed=0
failed=0

add() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

[ -e "$BUILD/incomplete" ] && { echo "FAIL: not everything compiles"; rm -f "$BUILD/incomplete"; add 0 1; }
units=
model=
for name; do
    case $name in
    model) model=1 ;;
    *) units="$units $name" ;;
    esac
done
if [ -n "$units" ]; then
    # shellcheck disable=SC2086
    sh ../unit/run.sh "$BUILD" $units >"$BUILD/units.log" 2>&1
    sed '$d' "$BUILD/units.log"
    # shellcheck disable=SC2046
    add $(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed/\1 \2/p' "$BUILD/units.log")
fi
if [ -n "$model" ]; then
    sh model.sh "$BUILD/model"
    # shellcheck disable=SC2046
    add $(cat "$BUILD/model/result")
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
