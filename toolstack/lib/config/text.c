/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small strings, numbers and lists that all of config/ needs.
 *
 * A configuration is at most a megabyte, so there is nothing to do about a few bytes that
 * cannot be had: the program ends.
 */
#include "cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
    if ( !p ) {
        fputs("xenolith: out of memory\n", stderr);
        abort();
    }
    return p;
}

/* Room for one more element behind count; the new one is zero. */
void *cfg_grow(void *list, size_t count, size_t size)
{
    char *p = list;

    /* Grown at powers of two only. */
    if ( count == 0 || (count & (count - 1)) == 0 )
        p = must(reallocarray(list, count ? count * 2 : 1, size));
    memset(p + count * size, 0, size);
    return p;
}

char *cfg_strdup(const char *s)
{
    return must(strdup(s));
}

char *cfg_strndup(const char *s, size_t n)
{
    return must(strndup(s, n));
}

char *cfg_sprintf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    if ( vasprintf(&text, fmt, ap) < 0 )
        text = NULL;
    va_end(ap);
    return must(text);
}

void cfg_replace(char **where, char *text)
{
    free(*where);
    *where = text;
}

int cfg_parse_long(const char *text, long *number)
{
    char *end;

    while ( isspace((unsigned char)*text) )
        text++;
    if ( !*text )
        return -EINVAL;
    errno = 0;
    *number = strtol(text, &end, 0);
    if ( end == text )
        return -EINVAL;
    while ( isspace((unsigned char)*end) )
        end++;
    if ( *end )
        return -EINVAL;
    return errno == ERANGE ? -ERANGE : 0;
}

/* Six numbers of one or two hexadecimal digits with colons between. */
bool cfg_parse_mac(const char *text, uint8_t mac[6])
{
    for ( int i = 0; i < 6; i++ ) {
        char pair[3] = { 0 };

        for ( int n = 0; n < 2 && isxdigit((unsigned char)*text); n++ )
            pair[n] = *text++;
        if ( !pair[0] || *text != (i < 5 ? ':' : '\0') )
            return false;
        text++;
        mac[i] = strtoul(pair, NULL, 16);
    }
    return true;
}
