/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VT-x: why a guest was left (SDM vol 3C chapter 27, appendix C).  What that means is in hvm_vcpu.c,
 * which AMD-V shares; here is the decoding.
 */
#include "hvm/vmcs.h"

#include "core/insn.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/regs.h"
#include "hvm/vioapic.h"
#include "mem/frame.h"
#include "plat/irq.h"

#define REASON_FAILED_ENTRY 0x80000000U

#define DR6_BY_EXIT     0x600f          /* what a #DB's qualification says */
#define DR7_GD          0x2000
#define PENDING_BS      0x4000

/* An IRET faulted after it had unblocked NMIs: it will run again (SDM vol 3C 27.2.3). */
static void note_iret(uint32_t word, uint8_t vector)
{
    if ( (word & EVENT_NMI_UNBLOCKED) && vector != VEC_DF && !(vmread(VECTORING_EVENT) & HVM_EVENT_VALID) )
        vmx_change_interruptibility(0, BLOCKED_BY_NMI);
}

/*
 * Taken from the guest because one that is raised again at its own delivery would keep the processor
 * in microcode for ever.  DR6 and DR7 are left for us to change (27.1); single-stepping into a
 * shadow is a state that entry only accepts with a pending trap.
 */
static void debug_exception(struct vcpu *v, uint32_t event)
{
    const uint32_t shadow = vmread(GUEST_INTERRUPTIBILITY) & (SHADOW_STI | SHADOW_MOV_SS);

    write_dr6(read_dr6() | (vmread(EXIT_QUALIFICATION) & DR6_BY_EXIT));
    vmwrite(GUEST_DR7, vmread(GUEST_DR7) & ~(uint64_t)DR7_GD);
    if ( shadow && (v->regs.rflags & FLAGS_TF) )
        vmwrite(GUEST_PENDING_DEBUG, vmread(GUEST_PENDING_DEBUG) | PENDING_BS);
    hvm_inject(v, VEC_DB, -1);
    if ( EVENT_TYPE(event) == EVENT_ICEBP && v->hvm->event.vector == VEC_DB ) {
        v->hvm->event.type = EVENT_ICEBP;
        v->hvm->event.insn_len = vmread(EXIT_INSN_LEN);
    }
}

static void exit_exception(struct vcpu *v, unsigned int len)
{
    const uint32_t event = vmread(EXIT_EVENT);
    const uint8_t vector = event;

    if ( EVENT_TYPE(event) == HVM_EVENT_NMI ) {
        raise_nmi();
        return;
    }
    if ( vector == VEC_MC )
        raise_mc();
    note_iret(event, vector);
    if ( vector == VEC_DB )
        debug_exception(v, event);
    else
        hvm_inject(v, vector, event & HVM_EVENT_HAS_ERROR ? (int32_t)vmread(EXIT_EVENT_ERROR) : -1);
}

static void exit_interrupt(struct vcpu *v, unsigned int len) { irq_dispatch(vmread(EXIT_EVENT)); }

static void exit_task_switch(struct vcpu *v, unsigned int len)
{
    domain_crash(v->domain, "%pv: hardware task switch to selector %#lx, which is not emulated", v,
                 vmread(EXIT_QUALIFICATION) & 0xffff);
}

/* Table 27-3.  CR3 and CR8 do not exit, nor does a read or CLTS. */
static void exit_cr(struct vcpu *v, unsigned int len)
{
    const uint64_t q = vmread(EXIT_QUALIFICATION);
    uint64_t value;

    switch ( q >> 4 & 3 ) {
    case 0:
        value = *insn_reg(&v->regs, q >> 8 & 15);
        if ( hvm_code_bytes(v) != 8 )
            value = (uint32_t)value;
        hvm_exit_cr_write(v, q & 15, value, len);
        break;
    case 3:                             /* LMSW: PE can be set, not cleared */
        value = (v->hvm->cr0 & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | (q >> 16 & 0xf);
        hvm_exit_cr_write(v, 0, value, len);
        break;
    default:
        domain_crash(v->domain, "%pv: access to a control register, qualification %#lx", v, q);
        break;
    }
}

/* Table 27-5. */
static void exit_io(struct vcpu *v, unsigned int len)
{
    const uint64_t q = vmread(EXIT_QUALIFICATION);

    hvm_exit_io(v, q >> 16, (q & 7) + 1, !(q & 8), q & 16, len);
}

static void exit_rdmsr(struct vcpu *v, unsigned int len) { hvm_exit_msr(v, false, len); }

static void exit_wrmsr(struct vcpu *v, unsigned int len) { hvm_exit_msr(v, true, len); }

static void exit_pause(struct vcpu *v, unsigned int len) { sched_yield(v); }

/* Table 27-7. */
static void exit_ept_violation(struct vcpu *v, unsigned int len)
{
    const uint64_t q = vmread(EXIT_QUALIFICATION);

    note_iret(q, 0);
    hvm_exit_page(v, vmread(GUEST_PHYSICAL_ADDRESS), q & 2, q & 4, (q & 0x180) == 0x80);
}

/* Table 27-6: a read of what the page does not hold, a write of what is read-only, or a strange access. */
static void exit_apic_access(struct vcpu *v, unsigned int len)
{
    const uint64_t q = vmread(EXIT_QUALIFICATION);
    const unsigned int type = q >> 12 & 15;

    hvm_exit_page(v, VLAPIC_DEFAULT_BASE | (q & 0xfff), type == 1, type == 2, type > 2);
}

/* The instruction is done and what it wrote is in the page (29.4.3.3). */
static void exit_apic_write(struct vcpu *v, unsigned int len)
{
    const uint32_t offset = vmread(EXIT_QUALIFICATION) & 0xff0;

    if ( vlapic_mmio_at(v, VLAPIC_DEFAULT_BASE) )
        vlapic_write(v, offset, v->hvm->vlapic.regs[offset / 16][0]);
}

static void exit_eoi(struct vcpu *v, unsigned int len)
{
    if ( v->domain->hvm->vioapic )
        vioapic_eoi(v->domain, vmread(EXIT_QUALIFICATION));
}

static void exit_ept_misconfigured(struct vcpu *v, unsigned int len)
{
    const uint64_t gpa = vmread(GUEST_PHYSICAL_ADDRESS);
    enum p2m_type type;
    const mfn_t mfn = p2m_lookup(v->domain, gpa >> PAGE_SHIFT, &type);

    domain_crash(v->domain, "%pv: EPT entry of %#lx has an impossible form (frame %#lx, type %u)", v, gpa,
                 mfn.n, type);
}

static hvm_exit_fn *const exits[] = {
    [0] = exit_exception,           [1] = exit_interrupt,       [2] = hvm_exit_triple_fault,
    [7 ... 8] = hvm_exit_nothing,        [9] = exit_task_switch,
    [10] = hvm_exit_cpuid,          [11] = hvm_exit_undefined,      /* GETSEC */
    [12] = hvm_exit_hlt,            [13] = hvm_advance,         /* INVD */
    [15] = hvm_exit_refused,            /* RDPMC */
    [18] = hvm_exit_hypercall,
    /* VMCLEAR, VMLAUNCH, VMPTRLD, VMPTRST, VMREAD, VMRESUME, VMWRITE, VMXOFF, VMXON */
    [19 ... 27] = hvm_exit_undefined,
    [28] = exit_cr,                 [29] = hvm_exit_dr_access,             [30] = exit_io,
    [31] = exit_rdmsr,              [32] = exit_wrmsr,
    [36] = hvm_exit_undefined,          [39] = hvm_exit_undefined,      /* MWAIT, MONITOR */
    [40] = exit_pause,
    [43] = hvm_exit_nothing,             /* TPR fell below its threshold */
    [44] = exit_apic_access,        [45] = exit_eoi,            [56] = exit_apic_write,
    [48] = exit_ept_violation,      [49] = exit_ept_misconfigured,
    [50] = hvm_exit_undefined,          [53] = hvm_exit_undefined,  /* INVEPT, INVVPID */
    [54] = hvm_advance,             /* WBINVD: caches are coherent and no device is the guest's */
    [55] = hvm_exit_xsetbv,         [59] = hvm_exit_undefined,      /* VMFUNC */
};

/* --- Failed entries -------------------------------------------------------------------------------- */

/* The commonest reasons why guest state is refused (26.3.1), with the field that they are about. */
static const char *guess_why(const struct vcpu *v)
{
    const uint64_t cr0 = vmread(GUEST_CR0), efer = vmread(GUEST_EFER), flags = vmread(GUEST_RFLAGS);
    const uint32_t cs = vmread(GUEST_ACCESS(SEG_CS)), ss = vmread(GUEST_ACCESS(SEG_SS));
    const uint32_t state = vmread(GUEST_INTERRUPTIBILITY), event = vmread(ENTRY_EVENT);
    const bool is_long = vmread(ENTRY_CONTROLS) & ENTRY_IA32E;
    const struct { bool bad; const char *what; } checks[] = {
        { (cr0 & CR0_PG) && !(cr0 & CR0_PE), "CR0: paging without protection" },
        { is_long && !(vmread(GUEST_CR4) & CR4_PAE), "CR4: long mode without PAE" },
        { is_long != !!(efer & EFER_LMA), "EFER.LMA" },
        { is_long && (flags & FLAGS_VM), "RFLAGS.VM in long mode" },
        { (cs & ACCESS_UNUSABLE) || !(cs & SEG_ATTR_P), "CS: not present" },
        { is_long && (cs & 0x6000) == 0x6000, "CS: both L and D" },
        { !(ss & ACCESS_UNUSABLE) && (ss & 3) != 3, "SS: not writable" },
        { (cs & 0xc) == 8 && ((cs ^ ss) & SEG_ATTR_DPL), "CS and SS: different privilege" },
        { (event & HVM_EVENT_VALID) && !EVENT_TYPE(event) &&
          (!(flags & FLAGS_IF) || (state & 3)), "an interrupt that is blocked" },
        { (state & 3) == 3 || ((state & SHADOW_STI) && !(flags & FLAGS_IF)), "interruptibility" },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(checks); i++ )
        if ( checks[i].bad )
            return checks[i].what;
    return "a segment or address";
}

static void failed_entry(struct vcpu *v, uint16_t reason)
{
    static const char *const details[] = { "", "", "PDPTEs", "NMI into a shadow", "VMCS link pointer" };
    const uint64_t q = vmread(EXIT_QUALIFICATION);

    if ( reason != 33 )
        domain_crash(v->domain, "%pv: VM entry failed: %s", v,
                     reason == 34 ? "loading MSRs" : reason == 41 ? "machine check" : "unknown reason");
    else
        domain_crash(v->domain, "%pv: VM entry failed: guest state is invalid, probably %s", v,
                     q > 1 && q < ARRAY_SIZE(details) ? details[q] : guess_why(v));
}

/* --- Every exit ---------------------------------------------------------------------------------------- */

/* What was being delivered when the exit came is delivered again, unless the exit's handler knows better. */
static void requeue_event(struct vcpu *v)
{
    const uint32_t word = vmread(VECTORING_EVENT);

    if ( likely(!(word & HVM_EVENT_VALID)) )
        return;
    v->hvm->event = hvm_event_of(word, vmread(VECTORING_ERROR));
    v->hvm->event.insn_len = vmread(EXIT_INSN_LEN);
}

static void read_state(struct vcpu *v)
{
    struct hvm_vcpu *h = v->hvm;

    h->cr2 = read_cr2();
    v->regs.rip = vmread(GUEST_RIP);
    v->regs.rsp = vmread(GUEST_RSP);
    v->regs.rflags = vmread(GUEST_RFLAGS);
    h->cr0 = (h->cr0 & ~(uint64_t)VMX_CR0_OWNED) | (vmread(GUEST_CR0) & VMX_CR0_OWNED);
    h->cr3 = vmread(GUEST_CR3);
    h->cr4 = (h->cr4 & ~(uint64_t)VMX_CR4_OWNED) | (vmread(GUEST_CR4) & VMX_CR4_OWNED);
}

void vmx_exit(struct vcpu *v)
{
    const uint32_t reason = vmread(EXIT_REASON);
    const uint16_t basic = reason;

    read_state(v);
    if ( unlikely(reason & REASON_FAILED_ENTRY) ) {
        vmx_of(v)->is_launched = false;
        failed_entry(v, basic);
        return;
    }
    requeue_event(v);
    if ( basic < ARRAY_SIZE(exits) && exits[basic] )
        exits[basic](v, vmread(EXIT_INSN_LEN));
    else
        domain_crash(v->domain, "%pv: VM exit for reason %u, which was not asked for", v, basic);
}
