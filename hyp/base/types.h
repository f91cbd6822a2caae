/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file stands on: fixed-width integers, bit arithmetic, words for the compiler, error
 * numbers; and boxed frame numbers.  A boxed number travels in a register like the raw one, but
 * cannot be mixed up.
 */
#pragma once

#include <stdarg.h>

#include <xenabi/types.h>       /* domid_t, guest_ptr_t */

#include "base/bits.h"
#include "base/compiler.h"
#include "base/errno.h"

typedef uint64_t paddr_t;                   /* host physical address, bytes */
typedef struct { uint64_t n; } mfn_t;       /* machine frame: host physical >> 12 */

#define MFN(x)          ((mfn_t){ (x) })
#define INVALID_MFN     MFN(~0ULL)

#define PAGE_SHIFT      12
#define PAGE_SIZE       4096UL
#define PAGE_MASK       (~(PAGE_SIZE - 1))

static inline bool mfn_eq(mfn_t a, mfn_t b) { return a.n == b.n; }
static inline mfn_t mfn_add(mfn_t m, uint64_t i) { return MFN(m.n + i); }
static inline paddr_t mfn_to_paddr(mfn_t m) { return m.n << PAGE_SHIFT; }
static inline mfn_t paddr_to_mfn(paddr_t p) { return MFN(p >> PAGE_SHIFT); }
