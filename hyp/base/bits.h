/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit and size arithmetic on plain integers: masks, alignment, overflow-safe
 * range checks.  Bit maps longer than a word are bitmap.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n)            (1UL << (n))

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))
#endif

#ifndef container_of
#define container_of(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))
#endif

/* Constant forms; @a is a power of two.  ALIGN_UP wraps at the top: see align_up_ok. */
#define ALIGN_DOWN(x, a)  ((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN_UP(x, a)    ALIGN_DOWN((x) + ((__typeof__(x))(a) - 1), a)

#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))

#define min(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
                     (void)(&a_ == &b_); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); \
                     (void)(&a_ == &b_); a_ > b_ ? a_ : b_; })

/* True if [start, start + len) lies inside [0, limit).  Safe for any values. */
static inline bool range_ok(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}

/* True if the half-open ranges share a byte; both ends must have been checked. */
static inline bool range_overlaps(uint64_t s1, uint64_t e1, uint64_t s2, uint64_t e2)
{
    return s1 < e2 && s2 < e1;
}

/* Round untrusted @x up to power of two @a into *@out; false if that overflows. */
static inline bool align_up_ok(uint64_t x, uint64_t a, uint64_t *out)
{
    *out = ALIGN_UP(x, a);
    return *out >= x;
}

/* An address that the processor would load into RIP without a fault. */
static inline bool is_canonical(uint64_t va) { return (uint64_t)((int64_t)(va << 16) >> 16) == va; }

static inline bool is_power_of_two(uint64_t x) { return x && !(x & (x - 1)); }

/* Number of set bits.  Not the builtin: without -mpopcnt that is a libgcc call. */
static inline unsigned int popcount64(uint64_t x)
{
    x -= (x >> 1) & 0x5555555555555555UL;
    x = (x & 0x3333333333333333UL) + ((x >> 2) & 0x3333333333333333UL);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
    return (x * 0x0101010101010101UL) >> 56;
}

/* Index of the lowest / highest set bit.  @x must not be 0. */
static inline unsigned int lowest_bit(uint64_t x) { return __builtin_ctzll(x); }

static inline unsigned int highest_bit(uint64_t x) { return 63 - __builtin_clzll(x); }

/* Smallest order with (1 << order) >= @n; 0 for n <= 1. */
static inline unsigned int order_of(uint64_t n) { return n <= 1 ? 0 : highest_bit(n - 1) + 1; }
