# SPDX-License-Identifier: GPL-2.0-or-later
# Device models: servers, requests and who ends a wait, with the real event channels and frames.
ioreq_SRCS   := hvm/ioreq.c hvm/hvm_io.c $(WORLD_SRCS)
ioreq_CFLAGS := -DHOST_TEST
dm_op_SRCS   := hcall/hc_dm.c
dm_op_CFLAGS := -DHOST_TEST
