/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian numbers anywhere in memory: boot loaders', firmware's and kernels' structures. */
#pragma once

#include <stdint.h>

static inline uint16_t get_le16(const uint8_t *p) { return p[0] | p[1] << 8; }

static inline uint32_t get_le32(const uint8_t *p)
{
    return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *p)
{
    return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}
