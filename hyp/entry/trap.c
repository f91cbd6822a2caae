/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where traps go, by vector and by who was interrupted, and the one loop on the way out:
 * whatever has to happen before guest code runs again is a bit that is consumed here.
 */
#include "entry/entry.h"

#include "base/assert.h"
#include "core/evtchn.h"
#include "core/guest_ops.h"
#include "core/preempt.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/extable.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "entry/trap.h"
#include "hcall/hypercall.h"
#include "hvm/hvm.h"
#include "kern/console.h"
#include "kern/panic.h"
#include "kern/timer.h"
#include "mem/boot_alloc.h"
#include "plat/irq.h"
#include "plat/smp.h"
#include "plat/tlb.h"
#include "pv/pv.h"

/* --- From a guest ------------------------------------------------------------------- */

static void general_protection(struct vcpu *v)
{
    const uint32_t error = v->regs.error_code;

    /* INT n through a gate of ours.  The error code names it, but emulators differ: look at the code. */
    if ( (error & 2) && pv_software_interrupt(v) )
        return;
    if ( !error && pv_emulate(v) )
        return;
    pv_inject(v, VEC_GP, true, error);
}

static void debug_exception(struct vcpu *v)
{
    v->pv.dr[6] = read_dr6();
    write_dr6(DR6_DEFAULT);
    pv_inject(v, VEC_DB, false, 0);
}

static void device_not_available(struct vcpu *v)
{
    clts();
    v->pv.cr0_ts = 0;
    pv_inject(v, VEC_NM, false, 0);
}

void trap_from_guest(struct vcpu *v)
{
    const uint32_t vec = v->regs.vector;
    const uint32_t error = v->regs.error_code;

    v->regs.vector = 0;
    if ( unlikely(vec == VEC_INT80) ) {
        pv_int80(v);
        return;
    }
    if ( vec >= VEC_DYN_FIRST ) {
        irq_dispatch(vec);
        return;
    }
    switch ( vec ) {
    case VEC_PF:
        pv_page_fault(v, read_cr2(), error);
        break;
    case VEC_GP:
        general_protection(v);
        break;
    case VEC_UD:
        if ( !pv_emulate_forced(v) )
            pv_inject(v, VEC_UD, false, 0);
        break;
    case VEC_NM:
        device_not_available(v);
        break;
    case VEC_DB:
        debug_exception(v);
        break;
    case VEC_TS: case VEC_NP: case VEC_SS: case VEC_AC:
        pv_inject(v, vec, true, error);
        break;
    case VEC_DE: case VEC_BP: case VEC_OF: case VEC_BR: case VEC_MF: case VEC_XM:
        pv_inject(v, vec, false, 0);
        break;
    default:
        domain_crash(v->domain, "%pv: exception %u, which no guest can cause", v, vec);
        break;
    }
}

void trap_iret_fault(struct vcpu *v)
{
    v->regs.vector = 0;
    pv_failsafe(v);
}

/* --- From the hypervisor ------------------------------------------------------------------ */

static const char *const exception_names[32] = {
    "divide error", "debug", "NMI", "breakpoint", "overflow", "bound", "invalid opcode",
    "device not available", "double fault", "coprocessor overrun", "invalid TSS", "segment not present",
    "stack fault", "general protection", "page fault", "reserved", "x87 error", "alignment check",
    "machine check", "SIMD error",
};

static void noreturn fatal_trap(const struct cpu_frame *f)
{
    const char *name = f->vector < 32 ? exception_names[f->vector] : NULL;

    panic_at(f, "fatal %s (vector %u, error %#x, cr2 %#lx) in the hypervisor\n",
                name ? name : "exception", f->vector, f->error_code, read_cr2());
}

void trap_from_hyp(struct cpu_frame *f)
{
    uint64_t fixup;

    if ( f->vector >= VEC_DYN_FIRST ) {
        irq_dispatch(f->vector);
        return;
    }
    if ( f->vector == VEC_DB ) {
        /* A guest's data breakpoint on memory that we copy for it, or MOV SS before SYSCALL. */
        write_dr6(DR6_DEFAULT);
        f->rflags &= ~(uint64_t)FLAGS_TF;
        return;
    }
    fixup = extable_search(f->rip);
    if ( !fixup )
        fatal_trap(f);
    f->rip = fixup;
}

void trap_nmi_mce(struct cpu_frame *f)
{
    if ( f->vector == VEC_NMI ) {
        smp_nmi();
        pcpu_work(PCPU_WORK_NMI);
        return;
    }
    fatal_trap(f);
}

/* --- The way out ------------------------------------------------------------------------------ */

static void pcpu_work_run(struct pcpu *p)
{
    const uint32_t work = atomic_xchg32(&p->work, 0);

    if ( work & PCPU_WORK_TIMER )
        timer_run();
    if ( work & PCPU_WORK_CONSOLE )
        console_input_poll();
    if ( work & PCPU_WORK_RCU )
        domain_free_deferred();
    if ( (work & PCPU_WORK_NMI) && dom0 && dom0->vcpu[0] )
        vcpu_work(dom0->vcpu[0], VCPU_WORK_NMI);
    if ( work & PCPU_WORK_HVM )
        hvm_init_cpu();
    if ( work & PCPU_WORK_SCHED )
        sched_run();
}

struct vcpu *exit_work(void)
{
    struct pcpu *p = this_pcpu();

    for ( ; ; ) {
        struct vcpu *v;

        if ( unlikely(read_once(p->work)) ) {
            pcpu_work_run(p);
            continue;
        }
        v = p->curr;
        if ( unlikely(v->is_idle) ) {
            if ( !read_once(p->work) )
                irq_enable_halt_disable();
            continue;
        }
        if ( likely(!read_once(v->work) && !vcpu_has_upcall(v)) )
            return v;
        if ( v->work & VCPU_WORK_HYPERCALL ) {
            atomic_and32(&v->work, ~VCPU_WORK_HYPERCALL);
            hypercall_hvm(v);
            continue;
        }
        if ( v->work & VCPU_WORK_TEARDOWN ) {
            preempt_reset();
            irq_window();       /* work that is done in steps lets in what came meanwhile */
        }
        v->domain->ops->deliver(v);
        if ( !read_once(p->work) && !read_once(v->work) )
            return v;               /* what it has now was delivered, or waits for its own doing */
    }
}

void exit_discarding_boot(void)
{
    boot_discard();
    tlb_flush_all_global();
    exit_to_guest();
}
