# SPDX-License-Identifier: GPL-2.0-or-later
# VT-x on a processor whose VMCSs are arrays: fake/vmx/cpu/asm.h.
vmx_SRCS   := hvm/vmcs.c hvm/vmx.c hvm/vmx_exit.c core/insn.c
vmx_CFLAGS := -DHOST_TEST -iquote $(CURDIR)/fake/vmx
