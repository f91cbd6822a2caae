/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and sizes from text. */
#include "base/parse.h"

#include <stdbool.h>

#include "base/errno.h"

static unsigned int digit_value(char c)
{
    if ( c >= '0' && c <= '9' )
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10u : ~0u;
}

int parse_u64(const char *s, unsigned int base, const char **end, uint64_t *out)
{
    const bool has_0x = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;
    uint64_t value = 0;

    if ( base == 0 )
        base = has_0x ? 16 : 10;
    if ( base == 16 && has_0x )
        s += 2;
    if ( digit_value(*s) >= base )
        return -XEN_EINVAL;

    for ( ; digit_value(*s) < base; s++ )
        if ( __builtin_mul_overflow(value, (uint64_t)base, &value) ||
             __builtin_add_overflow(value, (uint64_t)digit_value(*s), &value) )
            return -XEN_ERANGE;

    if ( !end && *s )
        return -XEN_EINVAL;
    if ( end )
        *end = s;
    *out = value;
    return 0;
}

/* Bytes of suffix @c, 0 if it is none. */
static uint64_t suffix_bytes(char c)
{
    switch ( c | 0x20 ) {
    case 'b': return 1;
    case 'k': return 1UL << 10;
    case 'm': return 1UL << 20;
    case 'g': return 1UL << 30;
    case 't': return 1UL << 40;
    default:  return 0;
    }
}

int parse_size(const char *s, uint64_t unit, const char **end, uint64_t *out)
{
    const char *rest;
    uint64_t value;
    const int rc = parse_u64(s, 0, &rest, &value);

    if ( rc )
        return rc;

    const uint64_t suffix = suffix_bytes(*rest);

    if ( suffix )
        rest++;
    if ( __builtin_mul_overflow(value, suffix ? suffix : unit, &value) )
        return -XEN_ERANGE;
    if ( !end && *rest )
        return -XEN_EINVAL;
    if ( end )
        *end = rest;
    *out = value;
    return 0;
}
