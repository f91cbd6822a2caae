/* SPDX-License-Identifier: MIT */
/*
 * Exceptions, callbacks and system calls as the hypervisor hands them over.
 *
 * An exception goes, in this order, to the fix-up table (TRY), to trap_hook,
 * and else ends the domain with a line that names it.
 */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define TRAP_DE 0
#define TRAP_DB 1
#define TRAP_BP 3
#define TRAP_OF 4
#define TRAP_BR 5
#define TRAP_UD 6
#define TRAP_NM 7
#define TRAP_TS 10
#define TRAP_NP 11
#define TRAP_SS 12
#define TRAP_GP 13
#define TRAP_PF 14
#define TRAP_MF 16
#define TRAP_AC 17
#define TRAP_XM 19
#define TRAP_INT80    128
#define TRAP_EVENT    256           /* our own numbers from here */
#define TRAP_FAILSAFE 257
#define TRAP_SYSCALL  258

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* What TRY reports: 0 for no exception, else the vector and error code. */
#define TRAP_SEEN(vector, error) ((1ul << 32) | ((uint64_t)(vector) << 16) | (error))

/*
 * Run instructions that may fault.  "ex" (uint64_t) becomes 0 or TRAP_SEEN(...);
 * RAX carries it, so the instructions must not write RAX.
 */
#define TRY(ex, insns, ...)                                                 \
    asm volatile ( "1: " insns "\n2:\n"                                     \
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection" \
                   : "=a" (ex) : "0" (0ul), ##__VA_ARGS__ : "memory", "cc" )

extern bool (*trap_hook)(struct trap_frame *f);     /* true: handled, go on at f */
extern void (*trap_syscall)(struct trap_frame *f);
extern struct trap_frame trap_last;                 /* copy of the latest exception's frame */
extern volatile unsigned int trap_count;            /* exceptions seen, fixed up ones too */

void trap_init(void);                   /* this vCPU's exceptions and callbacks */
uint64_t trap_cr2(void);                /* fault address of the latest #PF on this vCPU */

/* Enter user mode with this frame; returns the frame of the trap that ended it.  In a PV guest only. */
struct trap_frame *trap_run_user(struct trap_frame *f);

uint64_t try_read(const void *va, uint64_t *value);     /* 0 or TRAP_SEEN(...) */
uint64_t try_write(void *va, uint64_t value);

#endif
