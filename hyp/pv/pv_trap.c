/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions, system calls and events on their way to a PV guest's kernel, and back by iret.
 *
 * Delivery ("bounce") puts a frame on the guest kernel's stack and starts the handler that
 * the guest registered.  Upwards from the new stack pointer:
 *
 *      rcx  r11  [error code]  rip  cs  rflags  rsp  ss
 *
 * CS has RPL 0 if the kernel was interrupted, and in its upper half the event mask that was; IF
 * in RFLAGS says whether events were unmasked.  At most one exception is pending at a time.
 */
#include "pv/pv_mm.h"

#include <xenabi/arch-x86.h>

#include "base/assert.h"
#include "core/evtchn.h"
#include "core/guest_access.h"
#include "core/shared_info.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"

#define FLAGS_CLEARED   (FLAGS_TF | FLAGS_DF | FLAGS_IOPL | FLAGS_NT | FLAGS_RF | FLAGS_VM | FLAGS_AC)
#define TRAP_MASKS_EVENTS   4       /* trap_info.flags */
#define FLAGS_USER_SETS (FLAGS_IOPL | FLAGS_VM | FLAGS_VIF | FLAGS_VIP)     /* never from a guest */

/* Kernel and user half have their own page tables and GS bases. */
static void pv_toggle_mode(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->pv;

    pv->kernel_mode ^= 1;
    swapgs();
    pv_load_cr3(pv->kernel_mode ? pv->kernel_cr3 : pv->user_cr3);
    if ( unlikely(pv->kernel_mode && pv->need_update_runstate) )
        runstate_publish(v);
}

struct bounce {
    const char *what;               /* for the report that nobody handles it */
    uint64_t eip;
    uint16_t cs;
    bool     has_error, masks_events, has_segments;
    uint32_t error;
};

/*
 * The frame of an exception or event below @top; returns the new stack pointer, 0 if a store
 * faulted.
 */
static always_inline uint64_t store_frame(uint64_t top, const struct bounce *b,
                                          const struct cpu_frame *r, uint64_t cs, uint64_t rflags)
{
    uint64_t *p = (uint64_t *)top;

    if ( unlikely(!guest_range_ok(top - 8 * sizeof(*p), 8 * sizeof(*p))) )
        return 0;
    smap_open();
    guest_store64(&p[-1], r->ss, fault);
    guest_store64(&p[-2], r->rsp, fault);
    guest_store64(&p[-3], rflags, fault);
    guest_store64(&p[-4], cs, fault);
    guest_store64(&p[-5], r->rip, fault);
    p -= 5;
    if ( b->has_error ) {
        p--;
        guest_store64(p, b->error, fault);
    }
    guest_store64(&p[-1], r->r11, fault);
    guest_store64(&p[-2], r->rcx, fault);
    smap_close();
    return (uint64_t)(p - 2);
fault:
    smap_close();
    return 0;
}

/* That of the failsafe callback, with the data selectors. */
static noinline uint64_t store_frame_segments(uint64_t top, const struct cpu_frame *r,
                                              uint64_t cs, uint64_t rflags)
{
    const uint64_t frame[] = {
        r->rcx, r->r11, read_ds(), read_es(), read_fs(), read_gs(), r->rip, cs, rflags, r->rsp, r->ss,
    };

    top -= sizeof(frame);
    return (copy_to_guest)(top, frame, sizeof(frame)) ? top : 0;
}

/* Build the frame; false: the guest's stack cannot take it (the domain was crashed). */
static bool bounce(struct vcpu *v, const struct bounce *b)
{
    struct cpu_frame *r = &v->regs;
    struct vcpu_info *info = v->vcpu_info;
    const uint8_t mask = read_once(info->evtchn_upcall_mask);
    const bool from_kernel = v->pv.kernel_mode;
    uint64_t rflags = r->rflags & ~(uint64_t)(FLAGS_IF | FLAGS_IOPL);
    uint64_t cs = r->cs, top, sp;

    if ( unlikely(!b->eip) ) {
        domain_crash(v->domain, "%pv: %s and no handler for it, rip %#lx", v, b->what, r->rip);
        return false;
    }
    if ( !from_kernel )
        pv_toggle_mode(v);
    top = (from_kernel ? r->rsp : v->pv.kernel_sp) & ~15UL;

    if ( !mask )
        rflags |= FLAGS_IF;
    if ( from_kernel )
        cs &= ~3UL;
    cs |= (uint64_t)mask << 32;
    sp = unlikely(b->has_segments) ? store_frame_segments(top, r, cs, rflags)
                                   : store_frame(top, b, r, cs, rflags);
    if ( unlikely(!sp) ) {
        domain_crash(v->domain, "%pv: its kernel stack at %#lx cannot take an exception frame", v, top);
        return false;
    }
    if ( b->masks_events )
        write_once(info->evtchn_upcall_mask, 1);
    r->vector = 0;
    r->rip = b->eip;
    r->cs = b->cs;
    r->rsp = sp;
    r->ss = GUEST_DS;
    r->rflags &= ~(uint64_t)FLAGS_CLEARED;
    return true;
}

/* --- Injection ---------------------------------------------------------------------- */

static void bounce_trap(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error)
{
    const struct trap_info *t = &v->pv.traps[vector];
    const struct bounce b = {
        .eip = t->address, .cs = t->cs, .has_error = has_error, .error = error,
        .masks_events = t->flags & TRAP_MASKS_EVENTS,
    };

    if ( unlikely(!t->address) ) {
        domain_crash(v->domain, "%pv: exception %u (error %#x) and no handler for it, rip %#lx", v, vector,
                     error, v->regs.rip);
        return;
    }
    bounce(v, &b);
}

void pv_inject(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error_code)
{
    v->pv.pending = (struct pending_exception){ vector, has_error, error_code, 0 };
    atomic_or32(&v->work, VCPU_WORK_EXCEPTION);
}

/* Guest kernel and user both run in ring 3: say which it was. */
static uint32_t pf_error(const struct vcpu *v, uint32_t error_code)
{
    return (error_code & ~PF_USER) | (v->pv.kernel_mode ? 0 : PF_USER);
}

void pv_inject_pf(struct vcpu *v, uint64_t cr2, uint32_t error_code)
{
    v->pv.pending = (struct pending_exception){ VEC_PF, true, pf_error(v, error_code), cr2 };
    atomic_or32(&v->work, VCPU_WORK_EXCEPTION);
}

static bool may_interrupt(const struct vcpu *v, uint8_t vector)
{
    const struct trap_info *t = &v->pv.traps[vector];

    return t->address && (t->flags & 3) >= (v->pv.kernel_mode ? 0 : 3);
}

bool pv_software_interrupt(struct vcpu *v)
{
    uint8_t insn[2];

    if ( !copy_from_guest(insn, v->regs.rip, 2) || insn[0] != 0xcd || !may_interrupt(v, insn[1]) )
        return false;
    v->regs.rip += 2;
    bounce_trap(v, insn[1], false, 0);
    return true;
}

void pv_int80(struct vcpu *v)
{
    if ( may_interrupt(v, VEC_INT80) ) {
        bounce_trap(v, VEC_INT80, false, 0);
    } else {
        v->regs.rip -= 2;
        pv_inject(v, VEC_GP, true, VEC_INT80 << 3 | 2);
    }
}

static void deliver_exception(struct vcpu *v)
{
    const struct pending_exception p = v->pv.pending;

    atomic_and32(&v->work, ~VCPU_WORK_EXCEPTION);
    if ( p.vector == VEC_PF )
        v->vcpu_info->arch.cr2 = p.cr2;
    bounce_trap(v, p.vector, p.has_error, p.error_code);
}

static void deliver_nmi(struct vcpu *v)
{
    atomic_and32(&v->work, ~VCPU_WORK_NMI);
    if ( v->flags & VCPUF_NMI_MASKED ) {
        atomic_or32(&v->flags, VCPUF_NMI_LATER);
        return;
    }
    if ( !v->pv.traps[VEC_NMI].address )
        return;
    atomic_or32(&v->flags, VCPUF_NMI_MASKED);
    bounce_trap(v, VEC_NMI, false, 0);
}

void pv_deliver(struct vcpu *v)
{
    if ( v->work & VCPU_WORK_TEARDOWN ) {
        bool done;

        spin_lock(&v->domain->mm_lock);
        done = pt_teardown_some(v->domain);
        spin_unlock(&v->domain->mm_lock);
        if ( !done )
            return;
        atomic_and32(&v->work, ~VCPU_WORK_TEARDOWN);
    }
    if ( unlikely(v->work & VCPU_WORK_FAILSAFE) ) {
        atomic_and32(&v->work, ~VCPU_WORK_FAILSAFE);
        pv_failsafe(v);
    }
    if ( v->work & VCPU_WORK_EXCEPTION )
        deliver_exception(v);
    if ( v->work & VCPU_WORK_NMI )
        deliver_nmi(v);
    if ( vcpu_has_upcall(v) && v->pv.event_eip ) {
        const struct bounce b = { .what = "an event", .eip = v->pv.event_eip, .cs = GUEST_CS64, .masks_events = true };

        bounce(v, &b);
    }
}

void pv_failsafe(struct vcpu *v)
{
    const struct bounce b = {
        .what = "it cannot be returned to (failsafe)", .eip = v->pv.failsafe_eip, .cs = GUEST_CS64,
        .masks_events = v->pv.failsafe_masks, .has_segments = true,
    };

    bounce(v, &b);
}

/* --- System calls of guest user mode ---------------------------------------------------- */

void pv_syscall(struct vcpu *v)
{
    const struct bounce b = {
        .what = "a system call", .eip = v->pv.syscall_eip, .cs = GUEST_CS64, .masks_events = v->pv.syscall_masks,
    };
    struct cpu_frame *r = &v->regs;

    /* As the processor leaves them: RCX and R11 hold RIP and RFLAGS. */
    r->rcx = r->rip;
    r->r11 = r->rflags;
    if ( bounce(v, &b) )
        r->vector = FRAME_SYSCALL;          /* RCX and R11 need not survive: SYSRET will do */
}

void pv_syscall32(struct vcpu *v)
{
    const struct bounce b = { .eip = v->pv.syscall32_eip, .cs = GUEST_CS64, .masks_events = v->pv.syscall32_masks };

    if ( v->pv.kernel_mode || !b.eip ) {
        v->regs.rip -= 2;
        pv_inject(v, VEC_UD, false, 0);
        return;
    }
    bounce(v, &b);
}

/* --- iret -------------------------------------------------------------------------------------- */

void pv_iret(struct vcpu *v)
{
    struct cpu_frame *r = &v->regs;
    struct iret_context c;

    if ( unlikely(!copy_from_guest(&c, r->rsp, sizeof(c))) ) {
        domain_crash(v->domain, "%pv: iret with an unreadable stack at %#lx", v, r->rsp);
        return;
    }
    if ( (c.cs & 3) == 3 ) {
        if ( unlikely(!v->pv.user_cr3) ) {
            domain_crash(v->domain, "%pv: iret to user mode without user page tables", v);
            return;
        }
        pv_toggle_mode(v);
    }
    r->rip = c.rip;
    r->cs = (c.cs & 0xffff) | 3;
    r->rflags = (c.rflags & ~(uint64_t)(FLAGS_USER_SETS | FLAGS_IOPL)) | FLAGS_IF | FLAGS_MBS;
    r->rsp = c.rsp;
    r->ss = (c.ss & 0xffff) | 3;
    r->rax = c.rax;
    r->vector = 0;
    if ( c.flags & VGCF_in_syscall ) {
        r->vector = FRAME_SYSCALL;
        r->cs = GUEST_CS64;
        r->ss = GUEST_DS;
    } else {
        r->rcx = c.rcx;
        r->r11 = c.r11;
    }
    if ( unlikely(v->flags & (VCPUF_NMI_MASKED | VCPUF_NMI_LATER)) ) {
        if ( v->flags & VCPUF_NMI_LATER )
            atomic_or32(&v->work, VCPU_WORK_NMI);
        atomic_and32(&v->flags, ~(VCPUF_NMI_MASKED | VCPUF_NMI_LATER));
    }
    write_once(v->vcpu_info->evtchn_upcall_mask, c.rflags & FLAGS_IF ? 0 : 1);
}

/* --- Page faults ---------------------------------------------------------------------------------- */

void pv_page_fault(struct vcpu *v, uint64_t cr2, uint32_t error_code)
{
    if ( unlikely(error_code & PF_RSVD) ) {
        domain_crash(v->domain, "%pv: reserved bit in a page table for %#lx", v, cr2);
        return;
    }
    if ( is_canonical(cr2) && pv_fixup_fault(v, cr2, error_code) )
        return;
    /* Nothing else can be pending now: deliver it without waiting for the way out. */
    v->vcpu_info->arch.cr2 = cr2;
    bounce_trap(v, VEC_PF, true, pf_error(v, error_code));
}
