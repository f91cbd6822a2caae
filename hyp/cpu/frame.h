/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The saved registers of whoever was interrupted.  entry/entry.S builds it by
 * pushing from the end backwards; the last five words are the processor's own
 * (SDM vol 3A 6.14.2).  The layout is private: the ABI's is cpu_user_regs.
 */
#pragma once

#include "base/types.h"

struct cpu_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint32_t error_code;
    uint32_t vector;            /* FRAME_* below, or the IDT vector */
    uint64_t rip, cs, rflags, rsp, ss;
};

#define FRAME_SYSCALL   0x100   /* entered by SYSCALL: SYSRET may be used to leave */
#define FRAME_HVM       0x200   /* of a hardware guest: left by hvm_enter */

_Static_assert(sizeof(struct cpu_frame) == 21 * 8, "entry.S relies on the size");

static inline bool frame_from_guest(const struct cpu_frame *f) { return f->cs & 3; }
