# SPDX-License-Identifier: GPL-2.0-or-later
# AMD-V on a processor whose VMRUN is the test: fake/svm/cpu/asm.h.
svm_SRCS   := hvm/svm.c core/insn.c
svm_CFLAGS := -DHOST_TEST -iquote $(CURDIR)/fake/svm
