/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the compiler can be told, and single accesses to memory that others write. */
#pragma once

#define must_check      __attribute__((warn_unused_result))
#define noreturn        __attribute__((noreturn))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define packed          __attribute__((packed))
#define aligned_to(n)   __attribute__((aligned(n)))
#define noinline        __attribute__((noinline))
#define always_inline   inline __attribute__((always_inline))
/* A local that is filled before it is read: spared the zeroing that all others get. */
#define no_auto_init    __attribute__((uninitialized))
#define fallthrough     __attribute__((fallthrough))

/* Code and data that are given back to the heap before dom0 runs. */
#define init_code       __attribute__((section(".init.text"), cold))
#define init_data       __attribute__((section(".init.data")))
/* Written during boot only, read-only afterwards. */
#define ro_after_init   __attribute__((section(".data.ro_after_init")))

#define likely(x)       __builtin_expect(!!(x), 1)
#define unlikely(x)     __builtin_expect(!!(x), 0)

#define compiler_barrier() __asm__ volatile ("" ::: "memory")

/* Exactly one load or store: for memory that a guest or another CPU may change. */
#define read_once(x)       (*(const volatile __typeof__(x) *)&(x))
#define write_once(x, v)   (*(volatile __typeof__(x) *)&(x) = (v))
