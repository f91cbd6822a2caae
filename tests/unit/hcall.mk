# SPDX-License-Identifier: GPL-2.0-or-later
# The hypercall layer and what tools see of the processor.
hypercall_SRCS   := hcall/hypercall.c
hypercall_CFLAGS := -DHOST_TEST
cpuid_SRCS       := cpu/cpuid.c
cpuid_CFLAGS     := -DHOST_TEST
levelling_SRCS   := cpu/cpuid.c
levelling_CFLAGS := -DHOST_TEST
memory_op_SRCS   := hcall/hc_memory.c hcall/hc_physmap.c core/p2m.c core/page.c core/evtchn.c core/evtchn_2l.c \
	core/evtchn_fifo.c core/gnttab.c cpu/spinlock.c fake/world.c
memory_op_CFLAGS := -DHOST_TEST
p2m_SRCS         := core/p2m.c hcall/hc_memory.c hcall/hc_physmap.c core/page.c core/evtchn.c \
	core/evtchn_2l.c core/evtchn_fifo.c core/gnttab.c cpu/spinlock.c fake/world.c
p2m_CFLAGS       := -DHOST_TEST
compat_SRCS      := hcall/hc_compat.c
compat_CFLAGS    := -DHOST_TEST
