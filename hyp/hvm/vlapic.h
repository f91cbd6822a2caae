/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC of a vCPU: xAPIC by MMIO, x2APIC by MSR, the timer in all three modes, IPIs.
 * SDM vol 3A chapter 11.  Each function says whose CPU may call it; state that others change
 * (IRR, TMR, pending INIT/SIPI/NMI) is atomic, the rest is the vCPU's own.
 */
#pragma once

#include "base/types.h"
#include "kern/timer.h"

struct domain;
struct vcpu;

#define VLAPIC_DEFAULT_BASE 0xfee00000UL

struct vlapic {
    uint64_t base;              /* MSR_APIC_BASE as the guest reads it */
    uint32_t (*regs)[4];        /* a page, which VT-x shows the guest; register @offset / 16 in [0]; TMR: atomic */
    uint32_t posted[8];         /* atomic: vectors that came and are not in IRR yet */
    uint32_t posted_words;      /* atomic: which words of that; VLAPIC_MODE: TMR is another */
    uint32_t irr_words;         /* which words of IRR may be other than zero */
    uint32_t changed;           /* not 0: vlapic_changes has something to tell */
    uint32_t esr;               /* atomic: errors since ESR was last written */
    uint64_t timer_due_ns;      /* atomic: when the timer expires next; 0: it is off */
    uint64_t timer_deadline;    /* TSC-deadline mode: the guest's TSC at that time */
    bool     by_deadline;       /* the timer was last in that mode */
    struct timer timer;
};

#define VLAPIC_REGS         64
#define VLAPIC_TMR          0x18        /* the first of its eight registers */
#define VLAPIC_MODE         0x100U
#define VLAPIC_VERSION      0x00050014U /* six LVT entries, no suppression of EOI broadcasts */

/* @v->hvm is there; RESET state; id = 2 * vcpu id.  0, -XEN_ENOMEM. */
int must_check vlapic_init(struct vcpu *v);
void vlapic_reset(struct vcpu *v);              /* as by INIT: id and base stay */
void vlapic_free(struct vcpu *v);
void vlapic_migrate(struct vcpu *v, unsigned int cpu);  /* its timer follows it */
/*
 * Set the timer going again: in TSC-deadline mode for guest TSC @deadline (0: off), else to expire
 * in @count ticks (0: off; if periodic, a whole period).  For a restore, once the registers are there.
 */
void vlapic_timer_resume(struct vcpu *v, uint32_t count, uint64_t deadline);
/* MSR_TSC or TSC_ADJUST was written and v->hvm->tsc_offset is new: a TSC deadline moves. */
void vlapic_tsc_moved(struct vcpu *v);

/* The current vCPU's own accesses.  @offset in the 4 KiB page. */
uint32_t vlapic_read(struct vcpu *v, uint32_t offset);
void vlapic_write(struct vcpu *v, uint32_t offset, uint32_t value);
/* MSR_APIC_BASE, MSR_TSC_DEADLINE, 0x800-0x8ff.  0, or -XEN_EPERM: #GP. */
int must_check vlapic_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val);
int must_check vlapic_write_msr(struct vcpu *v, uint32_t msr, uint64_t val);
bool vlapic_mmio_at(const struct vcpu *v, uint64_t gpa);    /* enabled, xAPIC mode, and that page */

/* From any CPU: a vector for @v (16-255); kicks it. */
void vlapic_set_irq(struct vcpu *v, uint8_t vector, bool level);
/* A message (SDM vol 3A 11.11): destination as in bits 12-19 of the address. @mode: delivery mode 0-7. */
void vlapic_deliver(struct domain *d, uint32_t dest, bool logical, unsigned int mode, uint8_t vector, bool level);

/* On @v's own CPU: highest vector that beats the processor priority, or -1; and taking it. */
int vlapic_pending(struct vcpu *v);
void vlapic_ack(struct vcpu *v, uint8_t vector);
/* Class (1-15) of the vector that nothing but the TPR holds back; 0: none. */
unsigned int vlapic_waits_for_tpr(struct vcpu *v);
/*
 * With virtual-interrupt delivery, on the way in.  0, or IRR or ISR changed other than by the processor, and *@status
 * is the highest vectors in both (SDM vol 3C 24.4.2); with VLAPIC_MODE the APIC's mode or TMR may have, too.
 */
uint32_t vlapic_changes(struct vcpu *v, uint16_t *status);
/* May an ExtINT of the PIC come in through LINT0 (or with the APIC off)? */
bool vlapic_accepts_extint(const struct vcpu *v);
uint8_t vlapic_tpr(const struct vcpu *v);       /* CR8 is its upper half */
void vlapic_set_tpr(struct vcpu *v, uint8_t tpr);
