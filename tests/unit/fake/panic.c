/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On the host a panic ends the test program, with a backtrace from the sanitizer. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

#undef vsnprintf
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

void panic(const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fprintf(stderr, "panic: %s", text);
    abort();
}
