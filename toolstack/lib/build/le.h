/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian numbers anywhere in a file's bytes. */
#ifndef BUILD_LE_H
#define BUILD_LE_H

#include <stdint.h>

static inline uint32_t le16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

#endif
