/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atomic operations: thin names over the compiler's builtins.  All are full barriers but load/store. */
#pragma once

#include "base/types.h"

typedef struct { int32_t v; } atomic_t;

static inline int32_t atomic_read(const atomic_t *a) { return __atomic_load_n(&a->v, __ATOMIC_RELAXED); }
static inline void atomic_set(atomic_t *a, int32_t v) { __atomic_store_n(&a->v, v, __ATOMIC_RELAXED); }
static inline void atomic_inc(atomic_t *a) { __atomic_fetch_add(&a->v, 1, __ATOMIC_SEQ_CST); }
/* True if the result is zero. */
static inline bool atomic_dec_and_test(atomic_t *a)
{
    return __atomic_sub_fetch(&a->v, 1, __ATOMIC_SEQ_CST) == 0;
}
/* Take a reference unless there is none left to take. */
static inline bool atomic_inc_unless_zero(atomic_t *a)
{
    int32_t old = atomic_read(a);

    while ( old != 0 )
        if ( __atomic_compare_exchange_n(&a->v, &old, old + 1, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
            return true;
    return false;
}

/* Single bits in a word of flags; the test_and_ forms return the old value of the bit. */
static inline void atomic_or32(uint32_t *p, uint32_t bits) { __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST); }
static inline void atomic_and32(uint32_t *p, uint32_t bits) { __atomic_fetch_and(p, bits, __ATOMIC_SEQ_CST); }
static inline uint32_t atomic_xchg32(uint32_t *p, uint32_t v)
{
    return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
}
/* Bit @nr of a bitmap of 64-bit words, which may be guest memory. */
static inline bool test_and_set_bit(unsigned int nr, uint64_t *map)
{
    const uint64_t bit = 1ULL << (nr % 64);

    return __atomic_fetch_or(&map[nr / 64], bit, __ATOMIC_SEQ_CST) & bit;
}
static inline bool test_and_clear_bit(unsigned int nr, uint64_t *map)
{
    const uint64_t bit = 1ULL << (nr % 64);

    return __atomic_fetch_and(&map[nr / 64], ~bit, __ATOMIC_SEQ_CST) & bit;
}
static inline void set_bit(unsigned int nr, uint64_t *map) { test_and_set_bit(nr, map); }
static inline void clear_bit(unsigned int nr, uint64_t *map) { test_and_clear_bit(nr, map); }
static inline bool test_bit(unsigned int nr, const uint64_t *map)
{
    return (__atomic_load_n(&map[nr / 64], __ATOMIC_RELAXED) >> (nr % 64)) & 1;
}

#define smp_mb()    __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_wmb()   __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_rmb()   __atomic_thread_fence(__ATOMIC_ACQUIRE)
