/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of our own invariants, never of guest data.  panic() is the one symbol
 * that lower layers call upward: it is defined in kern/panic.c.
 */
#pragma once

#include "base/compiler.h"

/* Print @fmt, registers and a backtrace, stop every CPU, reboot or halt.  Any context. */
void noreturn panic(const char *fmt, ...) printf_like(1, 2);

#define CHECK(cond) \
    do { \
        if ( unlikely(!(cond)) ) \
            panic("%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #cond); \
    } while ( 0 )

#ifdef DEBUG
#define ASSERT(cond)    CHECK(cond)
#else
#define ASSERT(cond)    do { if ( 0 && (cond) ) {} } while ( 0 )
#endif
