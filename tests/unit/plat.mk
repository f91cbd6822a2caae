# SPDX-License-Identifier: GPL-2.0-or-later
# System time and physical interrupts, on fakes of their own.
clock_SRCS   :=
clock_CFLAGS := -DHOST_TEST
pirq_SRCS    := core/pirq.c
pirq_CFLAGS  := -DHOST_TEST
