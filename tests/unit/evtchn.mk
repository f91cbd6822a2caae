# SPDX-License-Identifier: GPL-2.0-or-later
# Event channels and grant tables, on a few fake domains with the real frames and locks.
WORLD_SRCS    := core/evtchn.c core/evtchn_2l.c core/evtchn_fifo.c core/gnttab.c core/gnttab_copy.c core/page.c \
	cpu/spinlock.c fake/world.c
evtchn_SRCS   := $(WORLD_SRCS)
evtchn_CFLAGS := -DHOST_TEST
gnttab_SRCS   := $(WORLD_SRCS)
gnttab_CFLAGS := -DHOST_TEST
