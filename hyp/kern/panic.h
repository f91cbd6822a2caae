/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the host: panic with registers and a backtrace. */
#ifndef KERN_PANIC_H
#define KERN_PANIC_H

#include "base/assert.h"
#include "cpu/frame.h"

/* As panic(), with the registers and backtrace of @f, where the fault was taken. */
void noreturn panic_at(const struct cpu_frame *f, const char *fmt, ...) printf_like(2, 3);

/* Log @f and the backtrace from it. */
void panic_show_frame(const struct cpu_frame *f);
/* Log the names of the code addresses on this CPU's stack from @sp up. */
void panic_show_stack(uint64_t sp);

#endif
