#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints an assembly file with the image's function symbols, sorted by address:
# offsets from the image's start, then names.  kern/symbols.c reads it.
# /dev/null gives an empty table, for the first pass of the link.
{ [ "$1" = /dev/null ] || nm -n "$1"; } | awk '
    BEGIN { n = 0 }
    $3 == "_start" { base = $1 }
    $2 ~ /^[tT]$/ && $1 ~ /^ffff/ && $3 !~ /^\./ && !seen[$1]++ { at[n] = $1; name[n] = $3; n++ }
    END {
        print ".section .symbols,\"a\""
        print ".global symbols_count\nsymbols_count: .long " n + 0
        print ".global symbols_offsets\nsymbols_offsets:"
        for ( i = 0; i < n; i++ ) print ".long 0x" at[i] " - 0x" base
        print ".global symbols_names\nsymbols_names:"
        for ( i = 0; i < n; i++ ) print ".asciz \"" name[i] "\""
    }'
