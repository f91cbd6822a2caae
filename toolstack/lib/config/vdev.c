/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of virtual disks ("xvda", "hdc2", "sdb", "d3p1", "51712") and the numbers that the
 * store has for them: xen-vbd-interface(7).
 */
#include "cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Letters as a number: a is 0, z 25, aa 26. */
static const char *letters(const char *p, unsigned long *disk)
{
    unsigned long n = 0;
    const char *start = p;

    for ( ; *p >= 'a' && *p <= 'z' && n < (1ul << 24); p++ )
        n = n * 26 + (*p - 'a' + 1);
    *disk = n - 1;
    return p > start ? p : NULL;
}

/* Up to three decimal digits without a leading zero; none is 0. */
static const char *digits(const char *p, unsigned long *n, int most)
{
    *n = 0;
    if ( *p == '0' && isdigit((unsigned char)p[1]) )
        return NULL;
    for ( int i = 0; isdigit((unsigned char)*p); p++, i++ ) {
        if ( i == most )
            return NULL;
        *n = *n * 10 + (*p - '0');
    }
    return p;
}

static int encode(char kind, unsigned long disk, unsigned long part, uint32_t *number)
{
    if ( kind == 's' && disk < 16 && part < 16 )
        *number = 8u << 8 | disk << 4 | part;
    else if ( kind == 'h' && disk < 4 && part < 64 )
        *number = (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | part;
    else if ( kind == 'x' && disk < 16 && part < 16 )
        *number = 202u << 8 | disk << 4 | part;
    else if ( kind == 'x' && disk < 1u << 20 && part < 256 )
        *number = 1u << 28 | disk << 8 | part;
    else
        return -ERANGE;
    return 0;
}

int xn_vdev_number(const char *vdev, uint32_t *number)
{
    unsigned long disk, part = 0;
    const char *p = NULL;
    char kind = 'x';

    if ( isdigit((unsigned char)*vdev) ) {
        long n;

        if ( cfg_parse_long(vdev, &n) )
            return -EINVAL;
        *number = n;
        return n >= 0 && n < 1l << 29 ? 0 : -ERANGE;
    }
    if ( *vdev == 'd' && isdigit((unsigned char)vdev[1]) ) {
        p = digits(vdev + 1, &disk, 7);
        if ( p && *p == 'p' )
            p = isdigit((unsigned char)p[1]) ? digits(p + 1, &part, 3) : NULL;
    } else {
        kind = *vdev;
        if ( !strncmp(vdev, "xvd", 3) )
            p = letters(vdev + 3, &disk);
        else if ( !strncmp(vdev, "hd", 2) || !strncmp(vdev, "sd", 2) )
            p = letters(vdev + 2, &disk);
        if ( p )
            p = digits(p, &part, 3);
    }
    if ( !p || *p )
        return -EINVAL;
    return encode(kind, disk, part, number);
}
