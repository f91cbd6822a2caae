#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make.sh XL TEMPLATE: the completion script, with the table of commands that this XL has.
sed -e "/@TABLE@/{
r /dev/stdin
d
}" "$2" <<TABLE
$("$1" help --format=completion)
TABLE
