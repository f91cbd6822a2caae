/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C side of entry.S: called from there only. */
#pragma once

#include "core/vcpu.h"
#include "cpu/frame.h"

void trap_from_guest(struct vcpu *v);       /* v->regs.vector says what */
void trap_from_hyp(struct cpu_frame *f);    /* returns if mended */
void trap_iret_fault(struct vcpu *v);
void trap_nmi_mce(struct cpu_frame *f);     /* on an IST stack: touches work bits only */
/* Do all that is to be done on this CPU, and idle meanwhile; returns the vCPU to enter. */
struct vcpu *exit_work(void);
