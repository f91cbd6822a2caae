/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages and small helpers.
 */
#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool to_syslog;
static int up_to = LOG_NOTICE;

void say(int priority, const char *fmt, ...)
{
    va_list ap;
    char line[512];

    if ( priority > up_to )
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if ( to_syslog )
        syslog(LOG_DAEMON | priority, "%s", line);
    else
        fprintf(stderr, "xenconsoled: %s\n", line);
}

void say_to_syslog(void)
{
    openlog("xenconsoled", LOG_PID, LOG_DAEMON);
    to_syslog = true;
}

void say_up_to(int priority)
{
    up_to = priority;
}

bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;

    if ( !*text )
        return false;
    for ( ; *text; text++ ) {
        const unsigned int digit = (unsigned int)(unsigned char)*text - '0';

        if ( digit > 9 || v > (UINT64_MAX - digit) / 10 )
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return v <= max;
}

void copy_text(char *to, size_t size, const char *from)
{
    const size_t n = strnlen(from, size - 1);

    memcpy(to, from, n);
    to[n] = 0;
}
