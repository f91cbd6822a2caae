/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AMD-V: APM vol 2 chapter 15.  Nested paging is required.  One ASID serves all guests of a CPU:
 * translations are flushed when another vCPU comes (switch_to), so none is ever taken for another's.
 */
#include "hvm/svm.h"
#include "kern/panic.h"

#include "base/log.h"
#include "base/string.h"
#include "core/insn.h"
#include "core/p2m.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "mem/heap.h"
#include "mem/slab.h"

#define CPUID_SVM_LEAF      0x8000000aU
#define SVM_FEATURE_NP      BIT(0)
#define SVM_FEATURE_NRIP    BIT(3)
#define SVM_FEATURE_ASID_FLUSH BIT(6)

#define GUEST_ASID          1
#define MSRPM_ORDER         1
#define IOPM_ORDER          2       /* 12 KiB are used */
#define NPF_WRITE           2
#define NPF_FETCH           0x10
#define NPF_WALK            BIT(33) /* the guest's own tables lie where there is nothing */

static uint8_t *msrpm, *iopm;       /* immutable after boot */
static uint32_t features ro_after_init;
static paddr_t host_vmcb[NR_CPUS];

static struct vmcb *vmcb_of(const struct vcpu *v) { return ((struct svm_vcpu *)v->hvm->backend)->vmcb; }

/* --- Boot ------------------------------------------------------------------------------- */

init_code bool svm_probe(const char **missing)
{
    struct cpuid_regs r;

    if ( !(cpuid_count(0x80000001, 0).c & 4) )
        return false;
    if ( rdmsr(MSR_VM_CR) & VM_CR_SVMDIS ) {
        *missing = "AMD-V is switched off in the firmware: enable \"SVM Mode\" in its setup";
        return false;
    }
    r = cpuid_count(CPUID_SVM_LEAF, 0);
    features = r.d;
    p2m_has_1g = cpuid_count(0x80000001, 0).d & BIT(26);
    if ( !(features & SVM_FEATURE_NP) )
        *missing = "this processor's AMD-V has no nested paging";
    return features & SVM_FEATURE_NP;
}

/* MSRs that the guest reads and writes without us: VMLOAD and VMSAVE move them. */
static const struct {
    uint32_t msr;
    uint16_t at;                    /* in the VMCB */
} msrs[] = {
#define MSR(n, field) { MSR_##n, offsetof(struct vmcb, field) }
    MSR(FS_BASE, seg[SEG_FS].base), MSR(GS_BASE, seg[SEG_GS].base), MSR(KERNEL_GS_BASE, kernel_gs_base),
    MSR(STAR, star), MSR(LSTAR, lstar), MSR(CSTAR, cstar), MSR(SFMASK, sfmask), MSR(SYSENTER_CS, sysenter_cs),
    MSR(SYSENTER_ESP, sysenter_esp), MSR(SYSENTER_EIP, sysenter_eip),
#undef MSR
};

static init_code void pass_msr(uint32_t msr)
{
    const unsigned int base = msr >= 0xc0000000 ? 0x800 : 0, bit = (msr & 0x1fff) * 2;

    msrpm[base + bit / 8] &= ~(3 << bit % 8);
}

static init_code bool bitmaps_init(void)
{
    msrpm = heap_alloc_pages(MSRPM_ORDER);
    iopm = heap_alloc_pages(IOPM_ORDER);
    if ( !msrpm || !iopm )
        return false;
    memset(msrpm, 0xff, PAGE_SIZE << MSRPM_ORDER);
    memset(iopm, 0xff, PAGE_SIZE << IOPM_ORDER);
    for ( size_t i = 0; i < ARRAY_SIZE(msrs); i++ )
        pass_msr(msrs[i].msr);
    return true;
}

int svm_cpu_up(void)
{
    void *const save = heap_alloc_page(), *const host = heap_alloc_page();

    if ( !save || !host || (!msrpm && !bitmaps_init()) )
        return -XEN_ENOMEM;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, mfn_to_paddr(virt_to_mfn(save)));
    host_vmcb[this_pcpu()->id] = mfn_to_paddr(virt_to_mfn(host));
    vmsave(host_vmcb[this_pcpu()->id]);
    return 0;
}

/* --- Life --------------------------------------------------------------------------------- */

static void svm_update_control(struct vcpu *v)
{
    const struct hvm_vcpu *const h = v->hvm;
    struct vmcb *const vmcb = vmcb_of(v);

    vmcb->cr0 = h->cr0;
    vmcb->cr2 = h->cr2;
    vmcb->cr3 = h->cr3;
    vmcb->cr4 = h->cr4;
    vmcb->efer = h->efer | EFER_SVME;
    vmcb->pat = h->pat;
    vmcb->tsc_offset = h->tsc_offset;
    vmcb->clean = 0;
}

static int svm_vcpu_create(struct vcpu *v)
{
    struct svm_vcpu *const s = slab_new(struct svm_vcpu);
    struct vmcb *vmcb;

    if ( !s )
        return -XEN_ENOMEM;
    v->hvm->backend = s;
    s->vmcb = vmcb = heap_alloc_page();
    if ( !vmcb )
        return -XEN_ENOMEM;
    s->vmcb_pa = mfn_to_paddr(virt_to_mfn(vmcb));

    vmcb->intercept_cr = SVM_CR_WRITE(4);
    vmcb->intercept_dr = 0xffffffff;
    /* #DB and #AC can come without end while one is delivered: then it is our loop, and interruptible. */
    vmcb->intercept_exception = BIT(VEC_MC) | BIT(VEC_DB) | BIT(VEC_AC);
    vmcb->intercept1 = SVM_I1_INTR | SVM_I1_NMI | SVM_I1_INIT | SVM_I1_RDPMC | SVM_I1_CPUID |
                       SVM_I1_INVD | SVM_I1_HLT | SVM_I1_INVLPGA | SVM_I1_IOIO | SVM_I1_MSR |
                       SVM_I1_FERR | SVM_I1_SHUTDOWN;
    vmcb->intercept2 = SVM_I2_ALL_SVM | SVM_I2_WBINVD | SVM_I2_MONITOR | SVM_I2_MWAIT | SVM_I2_XSETBV;
    vmcb->iopm = mfn_to_paddr(virt_to_mfn(iopm));
    vmcb->msrpm = mfn_to_paddr(virt_to_mfn(msrpm));
    vmcb->asid = GUEST_ASID;
    vmcb->vintr = SVM_VINTR_MASKING;
    vmcb->nested = 1;
    vmcb->ncr3 = p2m_root(v->domain);
    vmcb->dr6 = DR6_DEFAULT;
    vmcb->dr7 = DR7_DEFAULT;
    return 0;
}

static void svm_vcpu_free(struct vcpu *v)
{
    struct svm_vcpu *const s = v->hvm->backend;

    if ( s )
        heap_free_page(s->vmcb);
    slab_free(s);
    v->hvm->backend = NULL;
}

/* All is in the VMCB after every exit; the flush makes up for the one ASID. */
static void svm_switch_from(struct vcpu *v) { }

static void svm_switch_to(struct vcpu *v) { vmcb_of(v)->clean = 0; }

static void svm_intercept_dr(struct vcpu *v)
{
    vmcb_of(v)->intercept_dr = 0xffffffff;
    vmcb_of(v)->clean = 0;
}

/* --- State ---------------------------------------------------------------------------------- */

static struct vmcb_seg *segment(struct vmcb *vmcb, enum hvm_seg seg)
{
    static const uint8_t at[SEG_NR - SEG_LDTR] = { 7, 9, 6, 8 };

    return &vmcb->seg[seg < SEG_LDTR ? seg : at[seg - SEG_LDTR]];
}

static void svm_get_segment(struct vcpu *v, enum hvm_seg seg, struct hvm_segment *s)
{
    const struct vmcb_seg *const m = segment(vmcb_of(v), seg);

    *s = (struct hvm_segment){ m->sel, m->attr, m->limit, m->base };
}

static void svm_set_segment(struct vcpu *v, enum hvm_seg seg, const struct hvm_segment *s)
{
    struct vmcb *const vmcb = vmcb_of(v);

    *segment(vmcb, seg) = (struct vmcb_seg){ s->sel, s->attr & 0xfff, s->limit, s->base };
    if ( seg == SEG_SS )
        vmcb->cpl = (s->attr & SEG_ATTR_DPL) >> 5;
    vmcb->clean = 0;
}

static uint64_t *msr_field(struct vmcb *vmcb, uint32_t msr)
{
    for ( size_t i = 0; i < ARRAY_SIZE(msrs); i++ )
        if ( msrs[i].msr == msr )
            return (uint64_t *)((uint8_t *)vmcb + msrs[i].at);
    return NULL;
}

static bool svm_access_msr(struct vcpu *v, uint32_t msr, uint64_t *val, bool is_write)
{
    uint64_t *const f = msr_field(vmcb_of(v), msr);

    if ( f && is_write )
        *f = *val;
    else if ( f )
        *val = *f;
    return f;
}

static unsigned int svm_blocked(struct vcpu *v)
{
    const struct svm_vcpu *const s = v->hvm->backend;
    const bool shadow = s->vmcb->shadow & 1;

    return ((v->regs.rflags & FLAGS_IF) && !shadow ? 0 : HVM_BLOCKED_IRQ) |
           (s->nmi_masked || shadow ? HVM_BLOCKED_NMI : 0);
}

static void svm_skip_shadow(struct vcpu *v) { vmcb_of(v)->shadow &= ~1ULL; }

/*
 * A virtual interrupt that is never delivered: we take its place when the guest could take it.  What waits for the
 * TPR could be one of its priority; but QEMU 7.2 aborts if a write of CR8 meets a virtual interrupt: take the write.
 */
static void svm_want_window(struct vcpu *v)
{
    struct svm_vcpu *const s = v->hvm->backend;
    struct vmcb *const vmcb = s->vmcb;
    const bool nmi = v->hvm->nmi_window && !s->nmi_masked;

    if ( nmi || v->hvm->irq_window == HVM_WINDOW_IRQ ) {
        vmcb->intercept1 |= SVM_I1_VINTR;
        vmcb->vintr |= SVM_VINTR_NOW;
    } else {
        vmcb->intercept1 &= ~SVM_I1_VINTR;
        vmcb->vintr &= ~SVM_VINTR_IRQ;
    }
    vmcb->intercept_cr = SVM_CR_WRITE(4) | (nmi || v->hvm->irq_window ? SVM_CR_WRITE(8) : 0);
    vmcb->clean = 0;
}

static uint64_t svm_get_dr7(struct vcpu *v) { return vmcb_of(v)->dr7; }

static void svm_set_dr7(struct vcpu *v, uint64_t dr7)
{
    vmcb_of(v)->dr7 = dr7;
    vmcb_of(v)->clean = 0;
}

static void svm_dump(struct vcpu *v)
{
    const struct vmcb *const m = vmcb_of(v);

    log_err("%pv: exit %#lx info %#lx %#lx event %#lx vintr %#lx shadow %#lx\n", v, m->exit_code,
            m->info1, m->info2, m->exit_int_info, m->vintr, m->shadow);
}

/* --- In --------------------------------------------------------------------------------------- */

static void noreturn svm_enter(struct vcpu *v)
{
    struct svm_vcpu *const s = v->hvm->backend;
    struct hvm_event *const e = &v->hvm->event;
    struct vmcb *const vmcb = s->vmcb;
    struct pcpu *const p = this_pcpu();
    const uint8_t tpr = vlapic_tpr(v);

    /*
     * The processor takes a virtual interrupt at once, since it is not blocked.  QEMU 7.2 may deliver an external
     * one of EVENTINJ a second time, and does not look at IF then.  While V_IRQ is a window there is no other way.
     */
    if ( e->is_valid && e->type == HVM_EVENT_EXTINT && !(vmcb->vintr & SVM_VINTR_IRQ) ) {
        vmcb->vintr = (vmcb->vintr & 0xffffffff) | SVM_VINTR_NOW | (uint64_t)e->vector << SVM_VINTR_VECTOR;
        vmcb->clean &= ~SVM_CLEAN_TPR;
        e->is_valid = false;
    }
    if ( e->is_valid ) {
        vmcb->event_inj = hvm_event_word(e) | (uint64_t)e->error << 32;
        if ( e->type == HVM_EVENT_NMI ) {
            s->nmi_masked = true;
            vmcb->intercept1 |= SVM_I1_IRET;
            vmcb->clean = 0;
        }
        e->is_valid = false;
    }
    if ( p->hvm_flush ) {
        p->hvm_flush = false;
        vmcb->tlb_control = features & SVM_FEATURE_ASID_FLUSH ? SVM_TLB_FLUSH_ASID : SVM_TLB_FLUSH_ALL;
    }
    if ( (vmcb->vintr & 0xf) != tpr >> 4 ) {
        vmcb->vintr = (vmcb->vintr & ~0xfULL) | tpr >> 4;
        vmcb->clean &= ~SVM_CLEAN_TPR;
    }
    vmcb->rip = v->regs.rip;
    vmcb->rsp = v->regs.rsp;
    vmcb->rflags = v->regs.rflags;
    vmcb->rax = v->regs.rax;
    svm_run(v, s->vmcb_pa, host_vmcb[p->id]);
}

/* --- Out ----------------------------------------------------------------------------------------- */

/* An event whose delivery did not begin or was cut short is given again; INT n and INT3 run again by themselves. */
static void requeue_event(struct vcpu *v, struct vmcb *vmcb)
{
    struct hvm_event *const e = &v->hvm->event;
    const uint64_t info = vmcb->exit_int_info;
    const unsigned int type = (info >> 8) & 7;

    if ( (vmcb->vintr & SVM_VINTR_IRQ) && !(vmcb->intercept1 & SVM_I1_VINTR) ) {
        *e = (struct hvm_event){
            .vector = vmcb->vintr >> SVM_VINTR_VECTOR, .type = HVM_EVENT_EXTINT, .is_valid = true,
        };
        vmcb->vintr &= ~SVM_VINTR_IRQ;
        return;
    }
    if ( !(info & HVM_EVENT_VALID) || type == HVM_EVENT_SOFT_INT )
        return;
    if ( type == HVM_EVENT_EXCEPTION && ((uint8_t)info == VEC_BP || (uint8_t)info == VEC_OF) )
        return;
    *e = hvm_event_of(info, info >> 32);
}

/* Where the processor does not say how long the instruction is: as it is without prefixes. */
static unsigned int insn_len(const struct vcpu *v, const struct vmcb *vmcb, unsigned int plain)
{
    const uint64_t n = vmcb->next_rip - v->regs.rip;

    return (features & SVM_FEATURE_NRIP) && n - 1 < 15 ? n : plain;
}

/* MOV to CR4 or CR8: from which register, the processor says only on some models.  Read it in the instruction. */
static void exit_cr_write(struct vcpu *v, unsigned int len)
{
    const unsigned int mode = hvm_code_bytes(v), cr = vmcb_of(v)->exit_code - SVM_EXIT_CR_WRITE;
    uint8_t b[INSN_MAX];
    struct insn in;

    if ( !hvm_fetch_insn(v, b, INSN_MAX) )
        return;
    if ( insn_decode(b, INSN_MAX, mode, &in) && in.opcode == 0x0f22 )
        hvm_exit_cr_write(v, cr, *insn_reg(&v->regs, in.rm) & insn_mask(max(mode, 4U)), in.len);
    else
        domain_crash(v->domain, "%pv: a write of CR%u at %#lx cannot be decoded", v, cr, v->regs.rip);
}

static void exit_dr(struct vcpu *v, unsigned int len)
{
    vmcb_of(v)->intercept_dr = 0;
    vmcb_of(v)->clean = 0;
    hvm_exit_dr_access(v, len);
}

static void exit_db(struct vcpu *v, unsigned int len) { hvm_inject(v, VEC_DB, -1); }    /* DR6 is set: 15.12.2 */

static void exit_ac(struct vcpu *v, unsigned int len) { hvm_inject(v, VEC_AC, 0); }

static void exit_mc(struct vcpu *v, unsigned int len) { panic("machine check while %pv ran\n", v); }

static void exit_interrupt(struct vcpu *v, unsigned int len) { irq_window(); }

static void exit_iret(struct vcpu *v, unsigned int len)
{
    struct svm_vcpu *const s = v->hvm->backend;

    s->nmi_masked = false;              /* one instruction early, but nothing comes before it */
    v->hvm->nmi_window = false;         /* if another one waits, a window is to be asked for now */
    s->vmcb->intercept1 &= ~SVM_I1_IRET;
    s->vmcb->shadow |= 1;
    s->vmcb->clean = 0;
}

static void exit_io(struct vcpu *v, unsigned int len)
{
    const uint32_t info = vmcb_of(v)->info1;

    hvm_exit_io(v, info >> 16, (info >> 4) & 7, !(info & 1), info & 4, vmcb_of(v)->info2 - v->regs.rip);
}

static void exit_msr(struct vcpu *v, unsigned int len) { hvm_exit_msr(v, vmcb_of(v)->info1 & 1, len); }

/* By exit code, but nested page faults, which have a far higher one. */
static const struct {
    hvm_exit_fn *fn;
    uint8_t plain;              /* the instruction's length without prefixes */
} exits[] = {
    [SVM_EXIT_CR_WRITE + 4] = { exit_cr_write },        [SVM_EXIT_CR_WRITE + 8] = { exit_cr_write },
    [SVM_EXIT_DR ... SVM_EXIT_DR + 31] = { exit_dr },   [SVM_EXIT_EXCEPTION + VEC_DB] = { exit_db },
    [SVM_EXIT_EXCEPTION + VEC_AC] = { exit_ac },        [SVM_EXIT_EXCEPTION + VEC_MC] = { exit_mc },
    [SVM_EXIT_INTR] = { exit_interrupt },
    [SVM_EXIT_NMI] = { hvm_exit_nothing },              /* taken by the IDT when GIF came back, */
    [SVM_EXIT_INIT] = { hvm_exit_nothing },             /* the same */
    [SVM_EXIT_VINTR] = { hvm_exit_nothing },            [SVM_EXIT_RDPMC] = { hvm_exit_refused },
    [SVM_EXIT_CPUID] = { hvm_exit_cpuid, 2 },           [SVM_EXIT_IRET] = { exit_iret },
    [SVM_EXIT_INVD] = { hvm_advance, 2 },               /* all memory is RAM, and coherent */
    [SVM_EXIT_HLT] = { hvm_exit_hlt, 1 },               [SVM_EXIT_INVLPGA] = { hvm_exit_undefined },
    [SVM_EXIT_IOIO] = { exit_io },                      [SVM_EXIT_MSR] = { exit_msr, 2 },
    [SVM_EXIT_SHUTDOWN] = { hvm_exit_triple_fault },    [SVM_EXIT_VMRUN] = { hvm_exit_undefined },
    [SVM_EXIT_VMMCALL] = { hvm_exit_hypercall, 3 },     [SVM_EXIT_WBINVD] = { hvm_advance, 2 },
    [SVM_EXIT_VMRUN + 2 ... SVM_EXIT_SKINIT] = { hvm_exit_undefined },
    [SVM_EXIT_MONITOR ... SVM_EXIT_MWAIT_COND] = { hvm_exit_undefined },
    [SVM_EXIT_XSETBV] = { hvm_exit_xsetbv, 3 },
};

static void dispatch(struct vcpu *v, const struct vmcb *vmcb)
{
    const uint64_t code = vmcb->exit_code;

    if ( code == SVM_EXIT_NPF )
        hvm_exit_page(v, vmcb->info2, vmcb->info1 & NPF_WRITE, vmcb->info1 & NPF_FETCH, vmcb->info1 & NPF_WALK);
    else if ( code < ARRAY_SIZE(exits) && exits[code].fn )
        exits[code].fn(v, insn_len(v, vmcb, exits[code].plain));
    else
        domain_crash(v->domain, "%pv: %s %#lx", v, code == SVM_EXIT_INVALID ? "the processor refuses this state, exit" :
                     "unexpected exit", code);
}

void svm_exit(struct vcpu *v)
{
    struct svm_vcpu *const s = v->hvm->backend;
    struct hvm_vcpu *const h = v->hvm;
    struct vmcb *const vmcb = s->vmcb;

    v->regs.rip = vmcb->rip;
    v->regs.rsp = vmcb->rsp;
    v->regs.rflags = vmcb->rflags;
    v->regs.rax = vmcb->rax;
    h->cr0 = vmcb->cr0;
    h->cr2 = vmcb->cr2;
    h->cr3 = vmcb->cr3;
    h->efer = vmcb->efer & ~(uint64_t)EFER_SVME;
    vmcb->event_inj = 0;
    vmcb->tlb_control = 0;
    vmcb->clean = SVM_CLEAN_ALL;
    if ( (vmcb->vintr & 0xf) != (unsigned int)vlapic_tpr(v) >> 4 )
        vlapic_set_tpr(v, (vmcb->vintr & 0xf) << 4);
    requeue_event(v, vmcb);
    dispatch(v, vmcb);
}

const struct hvm_backend svm_backend = {
    .name = "AMD-V",
    .vcpu_create = svm_vcpu_create, .vcpu_free = svm_vcpu_free,
    .switch_from = svm_switch_from, .switch_to = svm_switch_to,
    .intercept_dr = svm_intercept_dr, .update_control = svm_update_control,
    .get_segment = svm_get_segment, .set_segment = svm_set_segment,
    .access_msr = svm_access_msr,
    .blocked = svm_blocked, .skip_shadow = svm_skip_shadow, .want_window = svm_want_window,
    .get_dr7 = svm_get_dr7, .set_dr7 = svm_set_dr7,
    .dump = svm_dump, .enter = svm_enter,
};
