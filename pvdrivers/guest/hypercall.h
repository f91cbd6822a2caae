/* SPDX-License-Identifier: MIT */
/*
 * Hypercall stubs hc_NAME(...), one for each row of the table of hypercalls.
 *
 * All arguments travel as uint64_t; use HC_PTR for pointers.  The result is
 * the hypervisor's: non-negative, or -XEN_E*.
 */
#ifndef GUEST_HYPERCALL_H
#define GUEST_HYPERCALL_H

#include <stdint.h>
#include <xenabi/errno.h>
#include <xenabi/hypercalls.h>

#define HC_PTR(p) ((uint64_t)(uintptr_t)(p))

/* Any hypercall by number, always with six arguments in registers. */
static inline long hypercall(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t a5, uint64_t a6)
{
    register uint64_t r10 asm("r10") = a4;
    register uint64_t r8 asm("r8") = a5;
    register uint64_t r9 asm("r9") = a6;
    long rc;

    asm volatile ( "call *hypercall_entry(%%rip)"
                   : "=a" (rc), "+D" (a1), "+S" (a2), "+d" (a3), "+r" (r10), "+r" (r8), "+r" (r9)
                   : "0" (nr)
                   : "rcx", "r11", "memory" );
    return rc;
}

#define HC_STUB_0(nr, name)                                                                 \
    static inline long hc_##name(void) { return hypercall(nr, 0, 0, 0, 0, 0, 0); }
#define HC_STUB_1(nr, name)                                                                 \
    static inline long hc_##name(uint64_t a) { return hypercall(nr, a, 0, 0, 0, 0, 0); }
#define HC_STUB_2(nr, name)                                                                 \
    static inline long hc_##name(uint64_t a, uint64_t b)                                    \
    { return hypercall(nr, a, b, 0, 0, 0, 0); }
#define HC_STUB_3(nr, name)                                                                 \
    static inline long hc_##name(uint64_t a, uint64_t b, uint64_t c)                        \
    { return hypercall(nr, a, b, c, 0, 0, 0); }
#define HC_STUB_4(nr, name)                                                                 \
    static inline long hc_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d)            \
    { return hypercall(nr, a, b, c, d, 0, 0); }
#define HC_STUB_5(nr, name)                                                                 \
    static inline long hc_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) \
    { return hypercall(nr, a, b, c, d, e, 0); }
#define HC_STUB_6(nr, name)                                                                 \
    static inline long hc_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, \
                                 uint64_t f)                                                \
    { return hypercall(nr, a, b, c, d, e, f); }

#define HC_STUB(nr, name, nr_args) HC_STUB_##nr_args(nr, name)
XENABI_HYPERCALLS(HC_STUB)

#endif
