/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VT-x and AMD-V have in common in a vCPU's life: exits by instruction, exceptions, start by
 * INIT and SIPI, and what is done on the way into the guest.
 */
#include "hvm/hvm_vcpu.h"

#include <xenabi/sched.h>

#include "base/atomic.h"
#include "base/log.h"
#include "core/guest_cpuid.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"
#include "hvm/viridian.h"

#define CR0_RESET       (CR0_ET | 0x60000000)       /* CD, NW */

/* --- Small things ----------------------------------------------------------------------- */

unsigned int hvm_cpl(struct vcpu *v)
{
    struct hvm_segment ss;

    hvm_backend->get_segment(v, SEG_SS, &ss);
    return (ss.attr & SEG_ATTR_DPL) >> 5;
}

unsigned int hvm_code_bytes(struct vcpu *v)
{
    struct hvm_segment cs;

    hvm_backend->get_segment(v, SEG_CS, &cs);
    if ( (v->hvm->efer & EFER_LMA) && (cs.attr & SEG_ATTR_L) )
        return 8;
    return cs.attr & SEG_ATTR_DB ? 4 : 2;
}

void hvm_advance(struct vcpu *v, unsigned int len)
{
    v->regs.rip += len;
    hvm_backend->skip_shadow(v);
}

void hvm_inject(struct vcpu *v, uint8_t vector, int32_t error)
{
    struct hvm_event *const e = &v->hvm->event;

    /* One that comes while another is delivered: SDM vol 3A 6.15, table 6-5, all but benign ones. */
    if ( e->is_valid && e->type == HVM_EVENT_EXCEPTION ) {
        if ( e->vector == VEC_DF ) {
            hvm_exit_triple_fault(v, 0);
            return;
        }
        vector = VEC_DF;
        error = 0;
    }
    *e = (struct hvm_event){
        .vector = vector, .type = HVM_EVENT_EXCEPTION, .is_valid = true,
        .has_error = error >= 0, .error = error >= 0 ? error : 0,
    };
}

void hvm_inject_pf(struct vcpu *v, uint64_t cr2, uint32_t error)
{
    v->hvm->cr2 = cr2;
    hvm_backend->update_control(v);
    hvm_inject(v, VEC_PF, error & 0x1f);
}

void hvm_exit_triple_fault(struct vcpu *v, unsigned int len)
{
    log_guest(v->domain, LOG_INFO, "%pv: triple fault at %#lx: reset\n", v, v->regs.rip);
    domain_shutdown(v->domain, SHUTDOWN_reboot);
}

/* --- Instructions ------------------------------------------------------------------------------ */

void hvm_exit_nothing(struct vcpu *v, unsigned int len) { }

void hvm_exit_undefined(struct vcpu *v, unsigned int len) { hvm_inject(v, VEC_UD, -1); }

void hvm_exit_refused(struct vcpu *v, unsigned int len) { hvm_inject(v, VEC_GP, 0); }

void hvm_exit_cpuid(struct vcpu *v, unsigned int len)
{
    struct cpu_frame *const r = &v->regs;
    struct cpuid_regs out;

    hvm_cpuid(v, r->rax, r->rcx, &out);
    r->rax = out.a;
    r->rbx = out.b;
    r->rcx = out.c;
    r->rdx = out.d;
    hvm_advance(v, len);
}

/* Is there something that ends HLT? */
static bool can_wake(struct vcpu *v)
{
    const struct hvm_vcpu *const h = v->hvm;

    return h->nmi_pending || h->init_pending || ((v->regs.rflags & FLAGS_IF) &&
           (hvm_callback_pending(v) || hvm_irq_pending(v) >= 0 || vlapic_pending(v) >= 0));
}

void hvm_exit_hlt(struct vcpu *v, unsigned int len)
{
    hvm_advance(v, len);
    if ( can_wake(v) )
        return;
    /* Halted for good is how kernels stop a processor, and with the last one the machine. */
    if ( !(v->regs.rflags & FLAGS_IF) ) {
        vcpu_down(v);
        return;
    }
    v->hvm->halted = true;
    vcpu_block(v);
}

void hvm_exit_msr(struct vcpu *v, bool is_write, unsigned int len)
{
    struct cpu_frame *const r = &v->regs;
    uint64_t val = (uint32_t)r->rax | r->rdx << 32;
    const int rc = is_write ? hvm_write_msr(v, r->rcx, val) : hvm_read_msr(v, r->rcx, &val);

    if ( rc ) {
        hvm_inject(v, VEC_GP, 0);
        return;
    }
    if ( !is_write ) {
        r->rax = (uint32_t)val;
        r->rdx = val >> 32;
    }
    hvm_advance(v, len);
}

static bool cr_write(struct vcpu *v, unsigned int cr, uint64_t val)
{
    struct hvm_vcpu *const h = v->hvm;
    uint64_t cr0 = h->cr0, cr3 = h->cr3, cr4 = h->cr4, efer = h->efer;

    switch ( cr ) {
    case 0:
        cr0 = val | CR0_ET;
        efer &= ~(uint64_t)EFER_LMA;
        if ( (val & CR0_PG) && (efer & EFER_LME) )
            efer |= EFER_LMA;
        break;
    case 3:
        cr3 = val & ~BIT(63);
        break;
    case 4:
        cr4 = val;
        break;
    default:
        if ( val >> 4 )
            return false;
        vlapic_set_tpr(v, val << 4);
        return true;
    }
    if ( hvm_bad_control(v->domain, cr0, cr3, cr4, efer) )
        return false;
    h->cr0 = cr0;
    h->cr3 = cr3;
    h->cr4 = cr4;
    h->efer = efer;
    this_pcpu()->hvm_flush = true;
    hvm_backend->update_control(v);
    return true;
}

void hvm_exit_cr_write(struct vcpu *v, unsigned int cr, uint64_t value, unsigned int len)
{
    if ( cr_write(v, cr, value) )
        hvm_advance(v, len);
    else
        hvm_inject(v, VEC_GP, 0);
}

void hvm_exit_hypercall(struct vcpu *v, unsigned int len)
{
    if ( hvm_cpl(v) ) {
        v->regs.rax = -XEN_EPERM;
        hvm_advance(v, len);
    } else if ( v->domain->hvm->viridian && (v->regs.rax & VIRIDIAN_HYPERCALL) ) {
        viridian_hypercall(v);
        hvm_advance(v, len);
    } else {
        v->hvm->hypercall_len = len;
        atomic_or32(&v->work, VCPU_WORK_HYPERCALL);
    }
}

bool hvm_is_64bit(struct vcpu *v) { return hvm_code_bytes(v) == 8; }

void hvm_hypercall_done(struct vcpu *v) { hvm_advance(v, v->hvm->hypercall_len); }

/* Its debug registers are loaded from the first access until it leaves the CPU. */
void hvm_exit_dr_access(struct vcpu *v, unsigned int len)
{
    struct hvm_vcpu *const h = v->hvm;

    write_dr0(h->dr[0]);
    write_dr1(h->dr[1]);
    write_dr2(h->dr[2]);
    write_dr3(h->dr[3]);
    h->dr_loaded = true;
}

void hvm_exit_xsetbv(struct vcpu *v, unsigned int len)
{
    const uint64_t val = (uint32_t)v->regs.rax | v->regs.rdx << 32;

    if ( hvm_cpl(v) || (uint32_t)v->regs.rcx || !guest_xcr0_valid(v->domain, val) ) {
        hvm_inject(v, VEC_GP, 0);
        return;
    }
    v->xcr0 = val;
    xstate_load_xcr0(val);
    hvm_advance(v, len);
}

void hvm_exit_page(struct vcpu *v, uint64_t gpa, bool is_write, bool is_fetch, bool is_walk)
{
    enum p2m_type type;

    (void)p2m_lookup(v->domain, gpa >> PAGE_SHIFT, &type);
    if ( type == P2M_RAM )
        return;                         /* mended meanwhile by another CPU: it runs again */
    if ( is_walk || is_fetch || type == P2M_SHARED )
        domain_crash(v->domain, "%pv: %s at %#lx, where there is no such memory (RIP %#lx)", v,
                     is_walk ? "page tables" : is_fetch ? "code" : "an access", gpa, v->regs.rip);
    else
        hvm_emulate_mmio(v, gpa, is_write);
}

void hvm_exit_io(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write, bool is_string,
                 unsigned int len)
{
    const uint64_t mask = BIT(bytes * 8) - 1;
    uint64_t data = is_write ? v->regs.rax & mask : 0;

    if ( is_string ) {
        hvm_emulate_string_io(v, port, bytes, is_write);
        return;
    }
    v->hvm->io.insn_len = len;
    switch ( hvm_port_access(v, port, bytes, is_write, &data) ) {
    case IO_WAIT:
        return;                         /* hvm_io_resume goes on */
    case IO_UNHANDLED:
        data = ~0UL;
        break;
    case IO_DONE:
        break;
    }
    if ( !is_write )
        v->regs.rax = bytes == 4 ? (uint32_t)data : (v->regs.rax & ~mask) | (data & mask);
    hvm_advance(v, len);
}

/* --- Starting and stopping ---------------------------------------------------------------------- */

static void set_real_mode(struct vcpu *v, uint16_t cs, uint64_t cs_base)
{
    const struct hvm_segment data = { 0, 0x93, 0xffff, 0 }, code = { cs, 0x9b, 0xffff, cs_base };
    const struct hvm_segment table = { 0, 0, 0xffff, 0 };

    for ( enum hvm_seg s = SEG_ES; s <= SEG_GS; s++ )
        hvm_backend->set_segment(v, s, s == SEG_CS ? &code : &data);
    hvm_backend->set_segment(v, SEG_LDTR, &(struct hvm_segment){ 0, 0x82, 0xffff, 0 });
    hvm_backend->set_segment(v, SEG_TR, &(struct hvm_segment){ 0, 0x8b, 0xffff, 0 });
    hvm_backend->set_segment(v, SEG_GDTR, &table);
    hvm_backend->set_segment(v, SEG_IDTR, &table);
}

void hvm_reset(struct vcpu *v)
{
    struct hvm_vcpu *const h = v->hvm;

    v->regs = (struct cpu_frame){
        .rdx = 0x600, .rip = 0xfff0, .rflags = FLAGS_MBS, .vector = FRAME_HVM,
    };
    h->cr0 = CR0_RESET;
    h->cr2 = h->cr3 = h->cr4 = h->efer = 0;
    h->event.is_valid = h->halted = false;
    h->io = (struct hvm_io){ 0 };
    hvm_backend->set_dr7(v, DR7_DEFAULT);
    set_real_mode(v, 0xf000, 0xffff0000);
    hvm_backend->update_control(v);
    vlapic_reset(v);
}

void hvm_start_at(struct vcpu *v, uint8_t vector)
{
    set_real_mode(v, vector << 8, vector << 12);
    v->regs.rip = 0;
}

/* INIT and SIPI came, from any CPU; the vCPU itself does what they ask (SDM vol 3A 8.4). */
void hvm_signal_init(struct vcpu *v)
{
    v->hvm->sipi_pending = false;
    write_once(v->hvm->init_pending, true);
    vcpu_work(v, VCPU_WORK_IRQ);
}

void hvm_signal_sipi(struct vcpu *v, uint8_t vector)
{
    struct hvm_vcpu *const h = v->hvm;

    /* Down for good in HLT is not waiting for one: the second of the usual two must not start it again. */
    if ( read_once(h->is_started) && !read_once(h->init_pending) )
        return;
    h->sipi_vector = vector;
    write_once(h->sipi_pending, true);
    atomic_or32(&v->work, VCPU_WORK_IRQ);
    if ( !(__atomic_fetch_or(&v->flags, VCPUF_UP | VCPUF_INITIALISED, __ATOMIC_SEQ_CST) & VCPUF_UP) )
        sched_wake(v);
    else
        vcpu_kick(v);
}

static void take_init(struct vcpu *v)
{
    struct hvm_vcpu *const h = v->hvm;

    if ( h->init_pending ) {
        h->init_pending = h->is_started = false;
        hvm_reset(v);
        xstate_reset(v->xsave);
        if ( !read_once(h->sipi_pending) ) {
            atomic_and32(&v->flags, ~VCPUF_UP);
            sched_sleep(v);
            if ( !read_once(h->sipi_pending) )
                return;
        }
    }
    if ( h->sipi_pending ) {
        h->sipi_pending = false;
        h->is_started = true;
        hvm_start_at(v, h->sipi_vector);
    }
}

/* --- In ------------------------------------------------------------------------------------------ */

void hvm_kick(struct vcpu *v) { vcpu_work(v, VCPU_WORK_IRQ); }

/* HVM_PARAM_CALLBACK_IRQ as a vector: the guest takes it whenever an upcall is pending. */
bool hvm_callback_pending(const struct vcpu *v)
{
    const uint64_t via = v->domain->hvm->params[HVM_PARAM_CALLBACK_IRQ];

    return !v->hvm->upcall_vector && via >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR &&
           read_once(v->vcpu_info->evtchn_upcall_pending);
}

void hvm_deliver(struct vcpu *v)
{
    const uint32_t work = atomic_xchg32(&v->work, 0);
    struct hvm_vcpu *const h = v->hvm;

    if ( work & VCPU_WORK_IO )
        hvm_io_resume(v);
    if ( work & VCPU_WORK_NMI )
        h->nmi_pending = true;
    if ( (work & VCPU_WORK_UPCALL) && h->upcall_vector )
        vlapic_set_irq(v, h->upcall_vector, false);
    viridian_deliver(v);
    if ( v->id == 0 )
        hvm_callback_line(v);
    if ( read_once(h->init_pending) || read_once(h->sipi_pending) )
        take_init(v);
    if ( h->halted ) {
        if ( can_wake(v) )
            h->halted = false;
        else
            vcpu_block(v);
    }
}

/* Choose what is injected, or ask for an exit when it can be. */
static void prepare(struct vcpu *v)
{
    struct hvm_vcpu *const h = v->hvm;
    struct hvm_event *const e = &h->event;
    const bool callback = hvm_callback_pending(v);
    int vector = callback ? (uint8_t)v->domain->hvm->params[HVM_PARAM_CALLBACK_IRQ] : hvm_irq_pending(v);
    const unsigned int blocked = h->nmi_pending || vector >= 0 ? hvm_backend->blocked(v) : 0;
    bool nmi = h->nmi_pending;
    uint8_t irq;

    if ( nmi && !e->is_valid && !(blocked & HVM_BLOCKED_NMI) ) {
        *e = (struct hvm_event){ .vector = VEC_NMI, .type = HVM_EVENT_NMI, .is_valid = true };
        h->nmi_pending = nmi = false;
    }
    if ( vector >= 0 && !e->is_valid && !(blocked & HVM_BLOCKED_IRQ) ) {
        const int now = callback ? vector : hvm_irq_ack(v);

        if ( now >= 0 )
            *e = (struct hvm_event){ .vector = now, .type = HVM_EVENT_EXTINT, .is_valid = true };
        vector = hvm_irq_pending(v);
    }
    irq = vector >= 0 ? HVM_WINDOW_IRQ : hvm_virtual_irqs ? 0 : vlapic_waits_for_tpr(v);
    if ( irq != h->irq_window || nmi != h->nmi_window ) {
        h->irq_window = irq;
        h->nmi_window = nmi;
        hvm_backend->want_window(v);
    }
}

void noreturn hvm_enter(struct vcpu *v)
{
    prepare(v);
    hvm_backend->enter(v);
}
