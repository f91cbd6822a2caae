# SPDX-License-Identifier: GPL-2.0-or-later
# Instruction emulation: decoding and effects, alone.
insn_SRCS        := core/insn.c core/insn_exec.c
insn_CFLAGS      := -DHOST_TEST
# The same on a machine with a device: hvm/emul.c, alone and beside this processor.
emul_SRCS        := hvm/emul.c core/insn.c core/insn_exec.c fake/hvm_machine.c
emul_CFLAGS      := -DHOST_TEST
emul_native_SRCS   := $(emul_SRCS)
emul_native_CFLAGS := -DHOST_TEST
