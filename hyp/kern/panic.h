/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the host: panic with registers and a backtrace. */
#pragma once

#include "base/assert.h"
#include "cpu/frame.h"

/* As panic(), with the registers and backtrace of @f, where the fault was taken. */
void noreturn panic_at(const struct cpu_frame *f, const char *fmt, ...) printf_like(2, 3);

/* Reboot after reboot_delay, so that a person at the screen can read; with noreboot stay halted. */
void noreturn reboot_or_stop(void);
