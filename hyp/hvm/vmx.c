/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VT-x backend: a guest's state in its VMCS, switching, and entering it.  Exits are vmx_exit.c's.
 *
 * RIP, RSP and RFLAGS are copied at every exit and entry, CR0, CR3 and CR4 (of which the guest owns
 * bits) at every exit.  Other fields of the VMCS are read and written where they are wanted.
 */
#include "hvm/vmcs.h"
#include "hvm/vmx.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/string.h"
#include "core/p2m.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "mem/frame.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "mem/slab.h"

#define FLAGS_ALLOWED   0x3f7fd7
#define PDPTE_ALLOWED   (PTE_P | PTE_PWT | PTE_PCD | PTE_AVAIL | PTE_ADDR)
#define PLE_GAP_TSC     128
#define PLE_WINDOW_TSC  4096

/* --- MSRs ------------------------------------------------------------------------------------- */

static const uint32_t switched_msrs[VMX_NR_MSRS] = {
    MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK, MSR_KERNEL_GS_BASE,
};
static const struct { uint32_t msr, field; } vmcs_msrs[] = {
    { MSR_FS_BASE, GUEST_BASE(SEG_FS) }, { MSR_GS_BASE, GUEST_BASE(SEG_GS) },
    { MSR_SYSENTER_CS, GUEST_SYSENTER_CS }, { MSR_SYSENTER_ESP, GUEST_SYSENTER_ESP },
    { MSR_SYSENTER_EIP, GUEST_SYSENTER_EIP },
};
/* Of those of the x2APIC, whose writes the processor can do: TPR, EOI, SELF_IPI. */
static const uint32_t x2apic_msrs[] = { 0x808, 0x80b, 0x83f };
static uint8_t *msr_bitmaps;        /* of all guests, set bits exit; the second page is for those in x2APIC mode */

/* SDM vol 3C 24.6.9: reads of low and high MSRs, then writes of both, 1 KiB each. */
static void pass_through(uint32_t msr)
{
    const uint32_t bit = (msr >> 31) * 8192 + (msr & 0x1fff);

    for ( unsigned int i = 0; i < 2 * PAGE_SIZE; i += PAGE_SIZE / 2 )
        msr_bitmaps[i + bit / 8] &= ~(1 << bit % 8);
}

static bool bitmap_init(void)
{
    if ( msr_bitmaps )
        return true;
    msr_bitmaps = heap_alloc_pages(1);
    if ( !msr_bitmaps )
        return false;
    memset(msr_bitmaps, 0xff, 2 * PAGE_SIZE);
    for ( unsigned int i = 0; i < VMX_NR_MSRS; i++ )
        pass_through(switched_msrs[i]);
    for ( unsigned int i = 0; i < ARRAY_SIZE(vmcs_msrs); i++ )
        pass_through(vmcs_msrs[i].msr);
    for ( unsigned int i = 0; i < ARRAY_SIZE(x2apic_msrs); i++ )
        msr_bitmaps[PAGE_SIZE * 3 / 2 + x2apic_msrs[i] / 8] &= ~(1 << x2apic_msrs[i] % 8);
    return true;
}

/* What can be loaded without a fault; others' values come from the tools only. */
static uint64_t loadable(uint32_t msr, uint64_t val)
{
    if ( msr == MSR_STAR )
        return val;
    if ( msr == MSR_SFMASK || msr == MSR_SYSENTER_CS )
        return (uint32_t)val;
    return (uint64_t)((int64_t)(val << 16) >> 16);
}

static bool vmx_access_msr(struct vcpu *v, uint32_t msr, uint64_t *val, bool is_write)
{
    struct vmx_vcpu *x = vmx_of(v);

    if ( is_write )
        *val = loadable(msr, *val);
    for ( unsigned int i = 0; i < VMX_NR_MSRS; i++ ) {
        if ( switched_msrs[i] != msr )
            continue;
        if ( is_write && v == current )
            wrmsr(msr, *val);
        else if ( is_write )
            x->msr[i] = *val;
        else
            *val = v == current ? rdmsr(msr) : x->msr[i];
        return true;
    }
    for ( unsigned int i = 0; i < ARRAY_SIZE(vmcs_msrs); i++ ) {
        if ( vmcs_msrs[i].msr != msr )
            continue;
        vmcs_begin(x);
        if ( is_write )
            vmwrite(vmcs_msrs[i].field, *val);
        else
            *val = vmread(vmcs_msrs[i].field);
        vmcs_end(x);
        return true;
    }
    return false;
}

/* --- Segments, control registers ------------------------------------------------------------------ */

static void vmx_get_segment(struct vcpu *v, enum hvm_seg seg, struct hvm_segment *s)
{
    uint32_t access;

    *s = (struct hvm_segment){ 0 };
    vmcs_begin(vmx_of(v));
    s->base = vmread(GUEST_BASE(seg));
    s->limit = vmread(GUEST_LIMIT(seg));
    if ( seg < SEG_GDTR ) {
        access = vmread(GUEST_ACCESS(seg));
        s->sel = vmread(GUEST_SELECTOR(seg));
        s->attr = (access & 0xff) | (access >> 4 & 0xf00);
        if ( access & ACCESS_UNUSABLE )
            s->attr &= ~SEG_ATTR_P;
    }
    vmcs_end(vmx_of(v));
}

/* The processor refuses what no descriptor could have led to (SDM vol 3C 26.3.1.2): make it so. */
static void vmx_set_segment(struct vcpu *v, enum hvm_seg seg, const struct hvm_segment *s)
{
    uint32_t limit = s->limit, attr = s->attr, access;

    vmcs_begin(vmx_of(v));
    vmwrite(GUEST_BASE(seg), s->base);
    if ( seg < SEG_GDTR ) {
        if ( seg == SEG_TR )
            attr = (attr & ~0xfU) | SEG_ATTR_P | 0xb;       /* busy */
        else if ( seg < SEG_LDTR )
            attr |= 1;                                      /* accessed */
        if ( limit >> 20 )
            limit |= 0xfff;
        attr &= ~(uint32_t)SEG_ATTR_G;
        if ( limit >> 20 )
            attr |= SEG_ATTR_G;
        access = (attr & 0xff) | (attr & 0xf00) << 4;
        if ( !(attr & SEG_ATTR_P) )
            access |= ACCESS_UNUSABLE;
        vmwrite(GUEST_ACCESS(seg), access);
        vmwrite(GUEST_SELECTOR(seg), s->sel);
    } else {
        limit &= 0xffff;
    }
    vmwrite(GUEST_LIMIT(seg), limit);
    vmcs_end(vmx_of(v));
}

/* PAE's four entries are registers, which the guest's own loads of CR3 fill but ours must. */
static void load_pdptes(const struct vcpu *v)
{
    const struct hvm_vcpu *h = v->hvm;
    uint64_t pdpte[4];

    if ( !(h->cr0 & CR0_PG) || !(h->cr4 & CR4_PAE) || (h->efer & EFER_LMA) )
        return;
    if ( !hvm_read_phys(v->domain, h->cr3 & 0xffffffe0, pdpte, sizeof(pdpte)) )
        pdpte[0] = pdpte[1] = pdpte[2] = pdpte[3] = 0;
    for ( unsigned int i = 0; i < 4; i++ )
        vmwrite(GUEST_PDPTE(i), pdpte[i] & PDPTE_ALLOWED & (BIT(cpu.phys_bits) - 1));
}

/* SDM vol 3A 4.1.1: long mode is active while LME is set and paging is on. */
static void vmx_update_control(struct vcpu *v)
{
    struct hvm_vcpu *h = v->hvm;
    struct vmx_vcpu *x = vmx_of(v);

    h->efer &= ~(uint64_t)EFER_LMA;
    if ( (h->efer & EFER_LME) && (h->cr0 & CR0_PG) )
        h->efer |= EFER_LMA;
    const struct vmx_field fields[] = {
        { GUEST_CR0, (h->cr0 & ~(uint64_t)(CR0_CD | CR0_NW)) | CR0_NE | CR0_ET },
        { CR0_SHADOW, h->cr0 },
        { GUEST_CR3, h->cr3 & (BIT(cpu.phys_bits) - 1) },
        { GUEST_CR4, h->cr4 | CR4_VMXE | (cpu_base_cr4() & CR4_MCE) },
        { CR4_SHADOW, h->cr4 },
        { GUEST_EFER, h->efer },
        { GUEST_PAT, h->pat },
        { TSC_OFFSET, h->tsc_offset },
        { ENTRY_CONTROLS, vmx_controls[CTL_ENTRY] | (h->efer & EFER_LMA ? ENTRY_IA32E : 0) },
    };

    vmcs_begin(x);
    vmwrite_all(fields, ARRAY_SIZE(fields));
    load_pdptes(v);
    vmcs_end(x);
}

static uint64_t vmx_get_dr7(struct vcpu *v)
{
    uint64_t dr7;

    vmcs_begin(vmx_of(v));
    dr7 = vmread(GUEST_DR7);
    vmcs_end(vmx_of(v));
    return dr7;
}

static void vmx_set_dr7(struct vcpu *v, uint64_t dr7)
{
    vmcs_begin(vmx_of(v));
    vmwrite(GUEST_DR7, (uint32_t)dr7 | DR7_DEFAULT);
    vmcs_end(vmx_of(v));
}

/* --- Life and switching ---------------------------------------------------------------------------- */

/* Whatever is not written is undefined in a new VMCS: the rest of those that matter. */
static const uint16_t zero_fields[] = {
    0x4006, 0x4008, 0x400a, 0x400e, 0x4010, 0x4014,     /* page-fault filter, numbers of MSRs, CR3 targets */
    0x4826, GUEST_INTERRUPTIBILITY, GUEST_PENDING_DEBUG, GUEST_DEBUGCTL, ENTRY_EVENT, TPR_THRESHOLD,
    GUEST_SYSENTER_CS, GUEST_SYSENTER_ESP, GUEST_SYSENTER_EIP,
    GUEST_PDPTE(0), GUEST_PDPTE(1), GUEST_PDPTE(2), GUEST_PDPTE(3),
    HOST_SELECTOR(SEG_ES), HOST_SELECTOR(SEG_DS), HOST_SELECTOR(SEG_FS), HOST_SELECTOR(SEG_GS),
    0x4c00, 0x6c06, 0x6c08, 0x6c10, 0x6c12,             /* host: SYSENTER, FS and GS base */
};

static uint64_t eptp_of(const struct vcpu *v)
{
    return p2m_root(v->domain) | 6 | 3 << 3 | (p2m_dirty_bit ? BIT(6) : 0);     /* write-back, 4 levels */
}

static void write_constants(const struct vcpu *v)
{
    const struct vmx_vcpu *x = vmx_of(v);
    const uint32_t proc2 = vmx_controls[CTL_PROC2];
    const struct vmx_field fields[] = {
        { PIN_CONTROLS, vmx_controls[CTL_PIN] },
        { PROC_CONTROLS, x->proc_controls },
        { PROC2_CONTROLS, proc2 & ~PROC2_X2APIC },
        { EXIT_CONTROLS, vmx_controls[CTL_EXIT] },
        { EXCEPTION_BITMAP, BIT(VEC_DB) | BIT(VEC_AC) | BIT(VEC_MC) },
        { CR0_MASK, ~(uint64_t)VMX_CR0_OWNED },
        { CR4_MASK, ~(uint64_t)VMX_CR4_OWNED },
        { MSR_BITMAP, mfn_to_paddr(virt_to_mfn(msr_bitmaps)) },
        { VIRTUAL_APIC_PAGE, mfn_to_paddr(virt_to_mfn(v->hvm->vlapic.regs)) },
        { EPT_POINTER, eptp_of(v) },
        { VMCS_LINK_POINTER, ~0UL },
        { GUEST_DR7, DR7_DEFAULT },
        { HOST_CR0, read_cr0() & ~(uint64_t)CR0_TS },
        { HOST_CR3, mfn_to_paddr(hyp_l4_mfn) },
        { HOST_CR4, cpu_base_cr4() | CR4_VMXE },
        { HOST_EFER, rdmsr(MSR_EFER) },
        { HOST_PAT, PAT_ABI },
        { HOST_SELECTOR(SEG_CS), HYP_CS },
        { HOST_SELECTOR(SEG_SS), HYP_DS },
        { HOST_TR_SELECTOR, TSS_SELECTOR },
        { HOST_IDTR_BASE, sidt().base },
        { HOST_RIP, (uintptr_t)vmx_exit_stub },
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(zero_fields); i++ )
        vmwrite(zero_fields[i], 0);
    vmwrite_all(fields, ARRAY_SIZE(fields));
    if ( proc2 & PROC2_APIC_ACCESSES )
        vmwrite(APIC_ACCESS_PAGE, mfn_to_paddr(virt_to_mfn(v->domain->hvm->apic_page)));
    if ( proc2 & PROC2_VPID )
        vmwrite(VPID, 1);               /* whoever runs: flushed when another one does */
    if ( proc2 & PROC2_XSAVES )
        vmwrite(XSS_EXIT_BITMAP, 0);
    if ( proc2 & PROC2_PAUSE_LOOP ) {
        vmwrite(PLE_GAP, PLE_GAP_TSC);
        vmwrite(PLE_WINDOW, PLE_WINDOW_TSC);
    }
}

static void vmx_vcpu_free(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);

    if ( !x )
        return;
    vmcs_free(x);
    slab_free(x);
    v->hvm->backend = NULL;
}

/* Where every APIC of @d is until its guest moves it: an access there is the processor's (SDM vol 3C 29.4). */
static int map_apic(struct domain *d)
{
    int rc;

    if ( !(vmx_controls[CTL_PROC2] & PROC2_APIC_ACCESSES) )
        return 0;
    d->hvm->apic_page = heap_alloc_page();
    if ( !d->hvm->apic_page )
        return -XEN_ENOMEM;
    spin_lock(&d->mm_lock);
    rc = p2m_set(d, VLAPIC_DEFAULT_BASE >> PAGE_SHIFT, virt_to_mfn(d->hvm->apic_page), 0, P2M_APIC);
    spin_unlock(&d->mm_lock);
    return rc;
}

static int vmx_vcpu_create(struct vcpu *v)
{
    struct vmx_vcpu *x = v->hvm->backend = slab_new(struct vmx_vcpu);

    if ( !x )
        return -XEN_ENOMEM;
    if ( !bitmap_init() || (v->id == 0 && map_apic(v->domain)) || vmcs_alloc(x) ) {
        vmx_vcpu_free(v);
        return -XEN_ENOMEM;
    }
    x->dr6 = DR6_DEFAULT;
    x->proc_controls = vmx_controls[CTL_PROC];
    vmcs_begin(x);
    write_constants(v);
    vmcs_end(x);
    return 0;
}

static void vmx_switch_from(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);

    for ( unsigned int i = 0; i < VMX_NR_MSRS; i++ )
        x->msr[i] = rdmsr(switched_msrs[i]);
    x->dr6 = read_dr6();
    vmcs_clear(x);
    cpu_load_syscall_msrs();
}

static void vmx_switch_to(struct vcpu *v)
{
    const struct pcpu *p = this_pcpu();
    struct vmx_vcpu *x = vmx_of(v);

    vmcs_load(x);
    vmwrite(HOST_TR_BASE, (uintptr_t)p->tss);
    vmwrite(HOST_GDTR_BASE, p->gdt_base);
    vmwrite(HOST_RSP, (uintptr_t)p);
    for ( unsigned int i = 0; i < VMX_NR_MSRS; i++ )
        wrmsr(switched_msrs[i], x->msr[i]);
    write_dr6(x->dr6);
}

/* Entry looks at h->dr_loaded. */
static void vmx_intercept_dr(struct vcpu *v) { }

/* --- Events and entry ----------------------------------------------------------------------------------- */

void vmx_set_proc(struct vmx_vcpu *x, uint32_t bits, bool on)
{
    const uint32_t new = on ? x->proc_controls | bits : x->proc_controls & ~bits;

    if ( new == x->proc_controls )
        return;
    x->proc_controls = new;
    vmwrite(PROC_CONTROLS, new);
}

static unsigned int vmx_blocked(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    unsigned int blocked = 0;
    uint32_t state;

    vmcs_begin(x);
    state = vmread(GUEST_INTERRUPTIBILITY);
    vmcs_end(x);
    if ( !(v->regs.rflags & FLAGS_IF) || (state & (SHADOW_STI | SHADOW_MOV_SS)) )
        blocked |= HVM_BLOCKED_IRQ;
    if ( state & (SHADOW_STI | SHADOW_MOV_SS | BLOCKED_BY_NMI) )
        blocked |= HVM_BLOCKED_NMI;
    return blocked;
}

void vmx_change_interruptibility(uint32_t clear, uint32_t set)
{
    const uint32_t old = vmread(GUEST_INTERRUPTIBILITY), new = (old & ~clear) | set;

    if ( new != old )
        vmwrite(GUEST_INTERRUPTIBILITY, new);
}

static void vmx_skip_shadow(struct vcpu *v)
{
    vmcs_begin(vmx_of(v));
    vmx_change_interruptibility(SHADOW_STI | SHADOW_MOV_SS, 0);
    vmcs_end(vmx_of(v));
}

static void vmx_want_window(struct vcpu *v)
{
    const uint8_t irq = v->hvm->irq_window;

    vmx_set_proc(vmx_of(v), PROC_IRQ_WINDOW, irq == HVM_WINDOW_IRQ);
    vmx_set_proc(vmx_of(v), PROC_NMI_WINDOW, v->hvm->nmi_window);
    vmwrite(TPR_THRESHOLD, irq == HVM_WINDOW_IRQ ? 0 : irq);
}

/* SDM vol 3C 24.8.3, 26.2.1.3. */
static void write_event(struct vcpu *v)
{
    struct hvm_event *e = &v->hvm->event;

    e->is_valid = false;
    e->has_error &= v->hvm->cr0 & CR0_PE;               /* real mode has no error codes */
    if ( e->has_error )
        vmwrite(ENTRY_EVENT_ERROR, (uint16_t)e->error);
    if ( e->type == HVM_EVENT_NMI )
        vmx_change_interruptibility(BLOCKED_BY_NMI, 0);     /* again, after an exit during its delivery */
    if ( e->type >= HVM_EVENT_SOFT_INT )
        vmwrite(ENTRY_INSN_LEN, e->insn_len);
    vmwrite(ENTRY_EVENT, hvm_event_word(e));
}

/*
 * An instruction that we completed at the end of an address space leaves a RIP that the processor
 * would refuse; it would have wrapped or faulted.
 */
static uint64_t entry_rip(struct vcpu *v)
{
    const uint64_t rip = v->regs.rip;

    if ( likely(!(rip >> 32)) )
        return rip;
    if ( !(v->hvm->efer & EFER_LMA) || hvm_code_bytes(v) != 8 )
        return (uint32_t)rip;
    if ( unlikely(loadable(MSR_LSTAR, rip) != rip) && !v->hvm->event.is_valid )
        hvm_inject(v, VEC_GP, 0);
    return loadable(MSR_LSTAR, rip);
}

/*
 * Virtual-interrupt delivery (SDM vol 3C 29.2): the processor takes interrupts from IRR, and EOIs, but for those that
 * the I/O APIC waits for, to whom a level counts.
 */
static void tell_apic(struct vcpu *v)
{
    const uint32_t (*const tmr)[4] = (void *)(v->hvm->vlapic.regs + VLAPIC_TMR), proc2 = vmx_controls[CTL_PROC2];
    const bool x2apic = (v->hvm->vlapic.base & APIC_BASE_X2APIC) && (proc2 & PROC2_X2APIC);
    uint16_t status;
    const uint32_t changes = vlapic_changes(v, &status);

    if ( changes )
        vmwrite(GUEST_INTERRUPT_STATUS, status);
    if ( !(changes & VLAPIC_MODE) )
        return;
    vmwrite(PROC2_CONTROLS, proc2 & ~(x2apic ? PROC2_APIC_ACCESSES : PROC2_X2APIC));
    vmwrite(MSR_BITMAP, mfn_to_paddr(virt_to_mfn(msr_bitmaps)) + x2apic * PAGE_SIZE);
    for ( unsigned int i = 0; i < 4; i++ )
        vmwrite(EOI_EXITS(i), read_once(tmr[2 * i][0]) | (uint64_t)read_once(tmr[2 * i + 1][0]) << 32);
}

static void noreturn vmx_enter(struct vcpu *v)
{
    struct hvm_vcpu *h = v->hvm;
    struct vmx_vcpu *x = vmx_of(v);
    struct pcpu *p = this_pcpu();
    const bool is_launched = x->is_launched;

    vmwrite(GUEST_RIP, entry_rip(v));
    vmwrite(GUEST_RSP, v->regs.rsp);
    vmwrite(GUEST_RFLAGS, (v->regs.rflags & FLAGS_ALLOWED) | FLAGS_MBS);
    vmx_set_proc(x, PROC_MOV_DR, !h->dr_loaded);
    if ( h->event.is_valid )
        write_event(v);
    if ( hvm_virtual_irqs && (h->vlapic.changed | read_once(h->vlapic.posted_words)) )
        tell_apic(v);
    if ( p->hvm_flush ) {
        p->hvm_flush = false;
        vmx_flush_ept(eptp_of(v));
    }
    if ( read_cr2() != h->cr2 )
        write_cr2(h->cr2);
    x->is_launched = true;
    vmx_enter_guest(v, is_launched);
}

void vmx_entry_refused(struct vcpu *v)
{
    vmx_of(v)->is_launched = false;
    domain_crash(v->domain, "%pv: VT-x did not accept the VMCS (instruction error %lu)", v,
                 vmread(INSTRUCTION_ERROR));
}

static void vmx_dump(struct vcpu *v)
{
    vmcs_begin(vmx_of(v));
    log_err("%pv: interruptibility %#lx activity %lu event %#lx\n", v, vmread(GUEST_INTERRUPTIBILITY), vmread(0x4826),
            vmread(VECTORING_EVENT));
    vmcs_end(vmx_of(v));
}

const struct hvm_backend vmx_backend = {
    .name = "VT-x",
    .vcpu_create = vmx_vcpu_create, .vcpu_free = vmx_vcpu_free,
    .switch_from = vmx_switch_from, .switch_to = vmx_switch_to,
    .intercept_dr = vmx_intercept_dr, .update_control = vmx_update_control,
    .get_segment = vmx_get_segment, .set_segment = vmx_set_segment,
    .access_msr = vmx_access_msr,
    .blocked = vmx_blocked, .skip_shadow = vmx_skip_shadow, .want_window = vmx_want_window,
    .get_dr7 = vmx_get_dr7, .set_dr7 = vmx_set_dr7,
    .dump = vmx_dump, .enter = vmx_enter,
};
