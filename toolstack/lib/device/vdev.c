/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of virtual disks back into names: xen-vbd-interface(7).  Which of the five encodings
 * a number is shows in its top bits.
 */
#include <stdio.h>

#include "device/vdev.h"

#define EXTENDED (1u << 28)

static void spell(const char *prefix, uint32_t disk, uint32_t part, char *name, size_t size)
{
    char text[16];
    size_t at = sizeof(text) - 1;
    uint64_t v = (uint64_t)disk + 1;

    text[at] = 0;
    for ( ; v; v = (v - 1) / 26 )
        text[--at] = (char)('a' + (v - 1) % 26);
    if ( part )
        snprintf(name, size, "%s%s%u", prefix, text + at, part);
    else
        snprintf(name, size, "%s%s", prefix, text + at);
}

void vdev_name(uint32_t number, char *name, size_t size)
{
    const uint32_t low = number & 0xff;

    if ( number >> 28 == 1 )
        spell("xvd", (number & ~EXTENDED) >> 8, low, name, size);
    else if ( number >> 8 == 202 )
        spell("xvd", low >> 4, low & 15, name, size);
    else if ( number >> 8 == 8 )
        spell("sd", low >> 4, low & 15, name, size);
    else if ( number >> 8 == 3 && low < 128 )
        spell("hd", low >> 6, low & 63, name, size);
    else if ( number >> 8 == 22 && low < 128 )
        spell("hd", 2 + (low >> 6), low & 63, name, size);
    else
        snprintf(name, size, "%u", number);
}
