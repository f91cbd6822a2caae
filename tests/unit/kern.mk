# SPDX-License-Identifier: GPL-2.0-or-later
# Unit tests of boot options, console, timers and the scheduler.
cmdline_SRCS   := kern/cmdline.c
console_SRCS   := kern/console.c kern/keyhandler.c kern/cmdline.c cpu/spinlock.c
console_CFLAGS := -DHOST_TEST
timer_SRCS     := kern/timer.c cpu/spinlock.c
timer_CFLAGS   := -DHOST_TEST
sched_SRCS     := core/sched.c core/sched_ctl.c core/vtimer.c core/shared_info.c kern/timer.c \
	cpu/spinlock.c
# The C library has a sched_yield too, and the sanitizer calls it.
sched_CFLAGS   := -DHOST_TEST -Dsched_yield=hyp_sched_yield
host_console_SRCS   := core/host_console.c cpu/spinlock.c
host_console_CFLAGS := -DHOST_TEST
