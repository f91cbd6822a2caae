# SPDX-License-Identifier: GPL-2.0-or-later
# Instruction emulation: decoding and effects, alone.
insn_SRCS        := core/insn.c core/insn_exec.c
insn_CFLAGS      := -DHOST_TEST
