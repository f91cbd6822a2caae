# SPDX-License-Identifier: GPL-2.0-or-later
# Paravirtual guests: page tables by the real validator on fake RAM.
pagetable_SRCS   := pv/pv_pagetype.c pv/pv_mmu.c $(WORLD_SRCS)
pagetable_CFLAGS := -DHOST_TEST
# The heap under all of it.
heap_SRCS        := mem/heap.c cpu/spinlock.c
heap_CFLAGS      := -DHOST_TEST
