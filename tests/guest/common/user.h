/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A little user address space: one page each of code, stack and data. */
#ifndef TESTS_GUEST_USER_H
#define TESTS_GUEST_USER_H

#include <guest/trap.h>
#include <stddef.h>

#define USER_CODE  0x400000ul
#define USER_STACK 0x501000ul   /* top */
#define USER_DATA  0x600000ul
#define USER_CS    0xe033
#define USER_SS    0xe02b

void *user_setup(void);         /* once; the data page as the kernel sees it */
void *user_root(void);          /* the user L4 */

/* Run @code (position-independent, ends in a trap) with @arg in RDI; the frame of that trap. */
struct trap_frame *user_run(const void *code, size_t size, uint64_t arg);

/* A piece of user code:  USER_CODE_BLOB(name, "insns")  then user_run(name, name_end - name, x). */
#define USER_CODE_BLOB(name, insns)                                         \
    extern const char name[], name##_end[];                                 \
    asm ( ".pushsection .rodata\n" #name ":\n" insns "\n" #name "_end:\n.popsection" )

#endif
