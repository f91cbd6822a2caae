# SPDX-License-Identifier: GPL-2.0-or-later
# Hardware guests: the virtual platform's devices and the state that is saved.
hvm_save_SRCS   := hvm/hvm_save.c hvm/hvm_save_cpu.c hvm/hvm_control.c cpu/cpuid.c
hvm_save_CFLAGS := -DHOST_TEST
vtimers_SRCS    := hvm/vpit.c hvm/vhpet.c cpu/spinlock.c
vtimers_CFLAGS  := -DHOST_TEST
viridian_SRCS   := hvm/viridian.c cpu/spinlock.c
viridian_CFLAGS := -DHOST_TEST -Dsched_yield=hyp_sched_yield
vlapic_SRCS    :=
vlapic_CFLAGS  := -DHOST_TEST
vlapic_timer_SRCS   :=
vlapic_timer_CFLAGS := -DHOST_TEST
vpic_SRCS      := hvm/vpic.c cpu/spinlock.c
vpic_CFLAGS    := -DHOST_TEST
hvm_irq_SRCS   := hvm/hvm_irq.c hvm/vioapic.c hvm/vpic.c cpu/spinlock.c
hvm_irq_CFLAGS := -DHOST_TEST
