/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only ways to the current guest's memory by its own addresses.  Ranges are
 * checked against the hypervisor's slots; a fault ends the copy.  True is success.
 * Anything read here is a private copy: read once, then decide.
 */
#pragma once

#include "cpu/asm.h"

#include "config.h"
#include "cpu/pcpu.h"

/* True if [va, va + len) keeps out of the hypervisor's addresses.  Safe for any values. */
#ifdef HOST_TEST
bool guest_range_ok(guest_ptr_t va, uint64_t len);
#else
/* The current guest is paravirtual, and its addresses are mapped here or fault. */
static inline bool guest_is_direct(guest_ptr_t va, uint64_t len)
{
    /* Outside [HYP_VIRT_START, HYP_VIRT_END), with no wrap: shift so that the hole is at the end. */
    return range_ok(va - HYP_VIRT_END, len, this_pcpu()->guest_span);
}
/* The other case: by the guest's own page tables if it is a hardware guest, else false. */
bool guest_slow_in(void *dst, guest_ptr_t src, size_t len);
bool guest_slow_out(guest_ptr_t dst, const void *src, size_t len);
bool guest_slow_range(void);

static inline bool guest_range_ok(guest_ptr_t va, uint64_t len)
{
    return likely(guest_is_direct(va, len)) || guest_slow_range();
}
#endif

bool must_check copy_from_guest(void *dst, guest_ptr_t src, size_t len);
bool must_check copy_to_guest(guest_ptr_t dst, const void *src, size_t len);
bool must_check clear_guest(guest_ptr_t dst, size_t len);

#ifndef HOST_TEST
/* A few whole words, @len known to the compiler. */
static inline bool must_check guest_words_in(void *dst, guest_ptr_t src, size_t len)
{
    uint64_t *const to = dst;
    const uint64_t *const from = (const uint64_t *)src;

    if ( unlikely(!guest_is_direct(src, len)) )
        return guest_slow_in(dst, src, len);
    smap_open();
#pragma GCC unroll 8
    for ( size_t i = 0; i < len / 8; i++ ) {
        uint64_t word;

        guest_load64(word, &from[i], fault);
        to[i] = word;
    }
    smap_close();
    return true;
fault:
    smap_close();
    return false;
}

static inline bool must_check guest_words_out(guest_ptr_t dst, const void *src, size_t len)
{
    const uint64_t *const from = src;
    uint64_t *const to = (uint64_t *)dst;

    if ( unlikely(!guest_is_direct(dst, len)) )
        return guest_slow_out(dst, src, len);
    smap_open();
#pragma GCC unroll 8
    for ( size_t i = 0; i < len / 8; i++ )
        guest_store64(&to[i], from[i], fault);
    smap_close();
    return true;
fault:
    smap_close();
    return false;
}

#define guest_few_words(len) (__builtin_constant_p(len) && (len) % 8 == 0 && (len) <= 64)
#define copy_from_guest(dst, src, len) \
    (guest_few_words(len) ? guest_words_in(dst, src, len) \
                          : (copy_from_guest)(dst, src, len))
#define copy_to_guest(dst, src, len) \
    (guest_few_words(len) ? guest_words_out(dst, src, len) \
                          : (copy_to_guest)(dst, src, len))
#endif

/*
 * A 32-bit call's arguments in their wide form (hcall/hc_compat.c), at v->compat_args: the handler of
 * the call finds them at this address.  Hardware guests only.
 */
#define COMPAT_BASE     0xffff800000000000UL
#define COMPAT_BYTES    64

/* Element @i of an array of @size-byte elements at @base; no overflow is possible. */
bool must_check copy_from_guest_index(void *dst, guest_ptr_t base, uint64_t i, size_t size);
bool must_check copy_to_guest_index(guest_ptr_t base, uint64_t i, const void *src, size_t size);
