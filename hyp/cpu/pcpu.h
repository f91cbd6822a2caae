/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct pcpu: everything that belongs to one physical processor, found from the
 * stack pointer, so that GS stays the guest's.
 *
 * Each CPU has a PCPU_STRIDE-aligned block of virtual addresses (config.h):
 *
 *   +0x0000  guard (not mapped)
 *   +0x1000  IST stack: NMI          +0x3000  IST stack: #DF
 *   +0x5000  IST stack: #MC          +0x7000  IST stack: #DB     (a guard page before each)
 *   +0xb000  guard
 *   +0xc000  primary stack, 4 pages; struct pcpu is its last bytes
 *
 * The hypervisor runs with interrupts disabled.  They are taken in guest mode
 * and in the idle loop's HLT only, so a CPU's own fields need no locking against
 * its interrupt handlers.
 */
#pragma once

#include "base/atomic.h"
#include "config.h"

struct domain;
struct vcpu;
struct tss;

/* Work of a CPU, done before it returns to a guest or halts: see entry/trap.c. */
#define PCPU_WORK_TIMER     0x01    /* timers have expired */
#define PCPU_WORK_SCHED     0x02    /* choose who runs */
#define PCPU_WORK_CONSOLE   0x08    /* serial input arrived */
#define PCPU_WORK_RCU       0x10    /* deferred frees */
#define PCPU_WORK_NMI       0x20    /* an NMI was seen */
#define PCPU_WORK_HVM       0x40    /* boot: take VT-x or AMD-V into use */

#define PCPU_CPUID_MASKS    3       /* cpu/levelling.c */

struct pcpu {
    aligned_to(16) uint32_t id;     /* 0 .. nr_cpus - 1 */
    uint32_t      work;             /* PCPU_WORK_*, atomic */
    struct vcpu  *curr;             /* whose registers are live: what interrupted us */
    uint64_t      regs_top;         /* end of curr's cpu_frame: what entry.S switches to */
    uint64_t      scratch;          /* entry.S only */
    struct tss   *tss;
    uint64_t      cr3;              /* value loaded last */
    uint64_t      cr4;
    uint32_t      apic_id;
    uint32_t      acpi_id;
    uint32_t      tlb_epoch;        /* plat/tlb.c: global epoch at this CPU's last full flush */
    uint32_t      tlb_request;      /* plat/tlb.c: another CPU waits for a flush here, atomic */
    struct vcpu  *idle;
    uint64_t      xcr0;             /* value loaded last */
    void         *gdt_page;         /* the reserved page of this CPU's GDT (cpu/desc.c) */
    mfn_t         gdt_mfn;
    struct domain *mm_second;       /* whose mm_lock is held besides another's (pv/) */
    uint64_t      dr7;              /* value loaded last */
    uint64_t      guest_span;       /* core/guest_access.h: bytes that a guest's addresses may span */
    bool          hvm_flush;        /* a hardware guest's translations are to be flushed before it runs */
    bool          online;
    bool          cpuid_faults;     /* in ring 3: cpu/levelling.c */
    uint64_t      cpuid_mask[PCPU_CPUID_MASKS];     /* values loaded last, 0: none */
    uint64_t      gdt_base;         /* value of GDTR */
    uint32_t      ldt_entries;      /* what LDTR covers; 0: it is null */
    uint32_t      lock_depth;       /* debug builds: ranks held (cpu/spinlock.c) */
    uint8_t       lock_ranks[16];
    uint32_t      preempt_asked;    /* preempt_needed() calls in this hypercall */
    uint64_t      preempt_tsc;      /* when the first of them was */
};
_Static_assert(sizeof(struct pcpu) % 16 == 0, "keeps the stack 16-byte aligned");

static inline struct pcpu *pcpu_of_stack(uintptr_t sp)
{
    return (struct pcpu *)((sp | (PCPU_STRIDE - 1)) + 1) - 1;
}

#ifdef HOST_TEST
extern struct pcpu *this_pcpu(void), *pcpu_get(unsigned int cpu);
#else
static inline struct pcpu *this_pcpu(void)
{
    uintptr_t sp;

    __asm__ ("mov %%rsp, %0" : "=r" (sp));
    return pcpu_of_stack(sp);
}

/* The block of CPU @cpu; valid once that CPU's stack is mapped (all below nr_cpus). */
static inline struct pcpu *pcpu_get(unsigned int cpu)
{
    return (struct pcpu *)(PCPU_BASE + (uint64_t)(cpu + 1) * PCPU_STRIDE) - 1;
}
#endif

extern unsigned int nr_cpus;        /* CPUs brought up; immutable after boot */

#define current (this_pcpu()->curr)

static inline void pcpu_work(unsigned int work) { atomic_or32(&this_pcpu()->work, work); }
