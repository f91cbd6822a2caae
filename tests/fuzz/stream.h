/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input as a stream of numbers for a target that acts on them; zeros after its end. */
#ifndef FUZZ_STREAM_H
#define FUZZ_STREAM_H

#include <stddef.h>
#include <stdint.h>

static const uint8_t *in, *end;

static inline void stream_begin(const uint8_t *data, size_t len)
{
    in = data;
    end = data + len;
}

static inline uint8_t byte(void)
{
    return in < end ? *in++ : 0;
}

static inline uint32_t word(void)
{
    const uint32_t hi = byte();

    return hi << 8 | byte();
}

#endif
