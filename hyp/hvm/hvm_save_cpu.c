/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU's records: registers, memory types, extended state.  The tools' word is not trusted: what
 * the processor would refuse at VMRUN or VM entry is refused here, with the name of the field.
 */
#include "base/string.h"
#include "core/guest_cpuid.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"
#include "hvm/hvm_save.h"

#define FLAGS_LEGAL     0x3f7fd7UL
#define DR7_WRITABLE    0xffff23ffUL
#define MTRR_CAP        (BIT(10) | BIT(8) | MTRR_VCNT)      /* WC, the fixed ones */
#define SEG_ATTR_S      0x010
#define SEG_TYPE_CODE   0x8

/* Where the record and we have the same 64-bit register. */
struct same {
    uint16_t rec, ours;
};
#define REG(f)      { offsetof(struct hvm_hw_cpu, f), offsetof(struct cpu_frame, f) }
#define CTL(f, o)   { offsetof(struct hvm_hw_cpu, f), offsetof(struct hvm_vcpu, o) }
static const struct same regs[] = {
    REG(rax), REG(rbx), REG(rcx), REG(rdx), REG(rbp), REG(rsi), REG(rdi), REG(rsp), REG(r8), REG(r9),
    REG(r10), REG(r11), REG(r12), REG(r13), REG(r14), REG(r15), REG(rip), REG(rflags),
};
static const struct same controls[] = {
    CTL(cr0, cr0), CTL(cr2, cr2), CTL(cr3, cr3), CTL(cr4, cr4), CTL(dr0, dr[0]), CTL(dr1, dr[1]),
    CTL(dr2, dr[2]), CTL(dr3, dr[3]), CTL(msr_efer, efer), CTL(msr_tsc_aux, tsc_aux),
};
static const struct {
    uint32_t    msr;
    uint16_t    rec;
    bool        is_address;
    const char *name;
} msrs[] = {
#define MSR(n, f, a) { n, offsetof(struct hvm_hw_cpu, f), a, #f }
    MSR(MSR_SYSENTER_CS, sysenter_cs, false), MSR(MSR_SYSENTER_ESP, sysenter_esp, true),
    MSR(MSR_SYSENTER_EIP, sysenter_eip, true), MSR(MSR_KERNEL_GS_BASE, shadow_gs, true),
    MSR(MSR_LSTAR, msr_lstar, true), MSR(MSR_STAR, msr_star, false), MSR(MSR_CSTAR, msr_cstar, true),
    MSR(MSR_SFMASK, msr_syscall_mask, false),
};

/* The record's arrays of segment fields have this order; only the first eight have all four. */
#define AR_UNUSABLE     0x10000     /* VT-x's way to say that there is none (SDM vol 3C 24.4.1) */

static const uint8_t seg_order[] = { SEG_CS, SEG_DS, SEG_ES, SEG_FS, SEG_GS, SEG_SS, SEG_TR, SEG_LDTR,
                                     SEG_IDTR, SEG_GDTR };
static const char *const seg_name[SEG_NR] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR", "GDTR", "IDTR" };
#define NR_SELECTORS    8

/* Word @i of those that begin at @first. */
static uint32_t *at32(const void *r, size_t first, unsigned int i) { return (uint32_t *)((uint8_t *)r + first) + i; }
static uint64_t *at64(const void *r, size_t first, unsigned int i) { return (uint64_t *)((uint8_t *)r + first) + i; }

static void copy_same(void *to, const void *from, const struct same *list, size_t nr, bool is_load)
{
    for ( size_t i = 0; i < nr; i++ )
        *at64(to, is_load ? list[i].ours : list[i].rec, 0) = *at64(from, is_load ? list[i].rec : list[i].ours, 0);
}

void hvm_save_cpu(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    struct hvm_hw_cpu *const c = rec;
    struct vcpu *const v = d->vcpu[i];
    const struct hvm_vcpu *const h = v->hvm;

    copy_same(c, &v->regs, regs, ARRAY_SIZE(regs), false);
    copy_same(c, h, controls, ARRAY_SIZE(controls), false);
    for ( unsigned int s = 0; s < SEG_NR; s++ ) {
        struct hvm_segment seg;

        hvm_backend->get_segment(v, seg_order[s], &seg);
        *at64(c, offsetof(struct hvm_hw_cpu, cs_base), s) = seg.base;
        *at32(c, offsetof(struct hvm_hw_cpu, cs_limit), s) = seg.limit;
        if ( s < NR_SELECTORS ) {
            *at32(c, offsetof(struct hvm_hw_cpu, cs_sel), s) = seg.sel;
            *at32(c, offsetof(struct hvm_hw_cpu, cs_arbytes), s) = seg.attr;
        }
    }
    for ( size_t m = 0; m < ARRAY_SIZE(msrs); m++ )
        (void)hvm_backend->access_msr(v, msrs[m].msr, at64(c, msrs[m].rec, 0), false);
    c->dr6 = DR6_DEFAULT;
    c->dr7 = hvm_backend->get_dr7(v);
    c->tsc = tsc + h->tsc_offset;
    if ( h->event.is_valid ) {
        c->pending_event = hvm_event_word(&h->event);
        c->error_code = h->event.error;
    }
    xstate_export_fxsave(v->xsave, c->fpu_regs);
    c->flags = XEN_X86_FPU_INITIALISED;
}

/* SDM vol 3C 26.3.1.2, APM vol 2 15.5.1.  @ss_dpl: CPL. */
static bool segment_ok(unsigned int seg, const struct hvm_segment *s, bool is_vm86, bool is_long, unsigned int ss_dpl)
{
    const unsigned int type = s->attr & 0xf;

    if ( !is_canonical(s->base) )
        return false;
    if ( seg >= SEG_GDTR )
        return s->limit <= 0xffff;
    if ( is_vm86 && seg < SEG_LDTR )
        return s->attr == 0xf3 && s->limit == 0xffff && s->base == (uint64_t)s->sel << 4;
    if ( !(s->attr & SEG_ATTR_P) )
        return seg != SEG_CS && seg != SEG_TR;
    if ( s->attr & SEG_ATTR_G ? (s->limit & 0xfff) != 0xfff : s->limit >> 20 )
        return false;
    if ( seg >= SEG_LDTR )
        return !(s->attr & SEG_ATTR_S) && !(s->sel & 4) &&
               (seg == SEG_LDTR ? type == 2 : type == 11 || (type == 3 && !is_long));
    if ( !(s->attr & SEG_ATTR_S) || !(type & 1) || (seg != SEG_FS && seg != SEG_GS && s->base >> 32) )
        return false;
    if ( seg == SEG_SS )
        return type == 3 || type == 7;
    if ( seg != SEG_CS )
        return !(type & SEG_TYPE_CODE) || (type & 2);
    if ( is_long && (s->attr & SEG_ATTR_L) && (s->attr & SEG_ATTR_DB) )
        return false;
    /* Conforming or not, or data: the initial state of real mode. */
    return type == 3 ? !(s->attr & SEG_ATTR_DPL) : !(type & SEG_TYPE_CODE) ? false :
           type & 4 ? (s->attr & SEG_ATTR_DPL) <= ss_dpl : (s->attr & SEG_ATTR_DPL) == ss_dpl;
}

static int check_segments(const struct domain *d, unsigned int i, const struct hvm_hw_cpu *c, struct hvm_segment *segs)
{
    const bool is_vm86 = c->rflags & FLAGS_VM, is_long = c->msr_efer & EFER_LMA;

    for ( unsigned int n = 0; n < SEG_NR; n++ ) {
        const bool has_selector = n < NR_SELECTORS;
        const uint32_t sel = has_selector ? *at32(c, offsetof(struct hvm_hw_cpu, cs_sel), n) : 0;
        const uint32_t attr = has_selector ? *at32(c, offsetof(struct hvm_hw_cpu, cs_arbytes), n) : 0;
        const unsigned int seg = seg_order[n];

        segs[seg] = (struct hvm_segment){
            .sel = sel, .attr = attr & AR_UNUSABLE ? 0 : attr,
            .limit = *at32(c, offsetof(struct hvm_hw_cpu, cs_limit), n),
            .base = *at64(c, offsetof(struct hvm_hw_cpu, cs_base), n),
        };
        if ( sel > 0xffff || (attr > 0xfff && !(attr & AR_UNUSABLE)) ||
             !segment_ok(seg, &segs[seg], is_vm86, is_long, c->ss_arbytes & SEG_ATTR_DPL) )
            return hvm_load_bad(d, i, seg_name[seg], attr);
    }
    return 0;
}

static int check_event(const struct domain *d, unsigned int i, const struct hvm_hw_cpu *c)
{
    const unsigned int type = c->pending_event >> 8 & 7, vector = c->pending_event & 0xff;
    const bool is_exception = type == HVM_EVENT_EXCEPTION || type == HVM_EVENT_SOFT_EXC;

    if ( (c->pending_event & HVM_EVENT_VALID) &&
         (type == 1 || type == 5 || type == 7 || (type == HVM_EVENT_NMI && vector != VEC_NMI) ||
          (is_exception && vector > 31) || ((c->pending_event & HVM_EVENT_HAS_ERROR) && !is_exception)) )
        return hvm_load_bad(d, i, "pending_event", c->pending_event);
    return 0;
}

static int check_cpu(const struct domain *d, unsigned int i, const struct hvm_hw_cpu *c, struct hvm_segment *segs)
{
    const char *const bad = hvm_bad_control(d, c->cr0, c->cr3, c->cr4, c->msr_efer);
    const bool is_long = c->msr_efer & EFER_LMA, is_code64 = is_long && (c->cs_arbytes & SEG_ATTR_L);

    if ( bad )
        return hvm_load_bad(d, i, bad, bad[2] == '0' ? c->cr0 : bad[2] == '3' ? c->cr3 :
                            bad[2] == '4' ? c->cr4 : c->msr_efer);
    if ( is_code64 ? !is_canonical(c->rip) : c->rip >> 32 )
        return hvm_load_bad(d, i, "RIP", c->rip);
    if ( (c->rflags & ~FLAGS_LEGAL) || ((c->rflags & FLAGS_VM) && (is_long || !(c->cr0 & CR0_PE))) )
        return hvm_load_bad(d, i, "RFLAGS", c->rflags);
    if ( c->msr_tsc_aux >> 32 || (c->msr_tsc_aux && !cpu.rdtscp) )      /* WRMSR would fault */
        return hvm_load_bad(d, i, "TSC_AUX", c->msr_tsc_aux);
    for ( size_t m = 0; m < ARRAY_SIZE(msrs); m++ )
        if ( msrs[m].is_address && !is_canonical(*at64(c, msrs[m].rec, 0)) )
            return hvm_load_bad(d, i, msrs[m].name, *at64(c, msrs[m].rec, 0));
    return check_segments(d, i, c, segs) ?: check_event(d, i, c);
}

int hvm_load_cpu(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_hw_cpu *const c = rec;
    struct vcpu *const v = d->vcpu[i];
    struct hvm_vcpu *const h = v->hvm;
    struct hvm_segment segs[SEG_NR];
    const int rc = check_cpu(d, i, c, segs);

    if ( rc )
        return rc;
    copy_same(&v->regs, c, regs, ARRAY_SIZE(regs), true);
    v->regs.rflags |= FLAGS_MBS;
    copy_same(h, c, controls, ARRAY_SIZE(controls), true);
    if ( c->tsc )       /* the domain builder leaves it at 0 */
        h->tsc_offset = c->tsc - tsc;
    hvm_backend->update_control(v);
    for ( unsigned int seg = 0; seg < SEG_NR; seg++ )
        hvm_backend->set_segment(v, seg, &segs[seg]);
    for ( size_t m = 0; m < ARRAY_SIZE(msrs); m++ ) {
        uint64_t val = *at64(c, msrs[m].rec, 0);

        (void)hvm_backend->access_msr(v, msrs[m].msr, &val, true);
    }
    hvm_backend->set_dr7(v, (c->dr7 & DR7_WRITABLE) | DR7_DEFAULT);
    h->event = hvm_event_of(c->pending_event, c->error_code);
    if ( c->flags & XEN_X86_FPU_INITIALISED )
        xstate_import_fxsave(v->xsave, c->fpu_regs);
    else
        xstate_reset(v->xsave);
    h->is_started = true;
    h->halted = false;
    atomic_or32(&v->flags, VCPUF_UP | VCPUF_INITIALISED);
    return 0;
}

void hvm_save_mtrr(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    struct hvm_hw_mtrr *const m = rec;
    const struct hvm_vcpu *const h = d->vcpu[i]->hvm;

    m->msr_pat_cr = h->pat;
    memcpy(m->msr_mtrr_var, h->mtrr_phys, sizeof(m->msr_mtrr_var));
    memcpy(m->msr_mtrr_fixed, h->mtrr_fixed, sizeof(m->msr_mtrr_fixed));
    m->msr_mtrr_cap = MTRR_CAP;
    m->msr_mtrr_def_type = h->mtrr_def;
}

/* Of these registers the processor sees PAT alone; the others are only what the guest reads again. */
int hvm_load_mtrr(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_hw_mtrr *const m = rec;
    struct hvm_vcpu *const h = d->vcpu[i]->hvm;

    if ( !hvm_pat_valid(m->msr_pat_cr) )
        return hvm_load_bad(d, i, "PAT", m->msr_pat_cr);
    h->pat = m->msr_pat_cr;
    memcpy(h->mtrr_phys, m->msr_mtrr_var, sizeof(h->mtrr_phys));
    memcpy(h->mtrr_fixed, m->msr_mtrr_fixed, sizeof(h->mtrr_fixed));
    h->mtrr_def = m->msr_mtrr_def_type;
    hvm_backend->update_control(d->vcpu[i]);
    return 0;
}

void hvm_save_xsave(struct domain *d, unsigned int i, void *rec, uint64_t tsc)
{
    struct hvm_hw_cpu_xsave *const x = rec;
    const struct vcpu *const v = d->vcpu[i];

    x->xfeature_mask = xstate_host_mask;
    x->xcr0 = x->xcr0_accum = v->xcr0;
    memcpy(&x->save_area, v->xsave, xstate_size(xstate_host_mask));
}

int hvm_load_xsave(struct domain *d, unsigned int i, const void *rec, uint32_t len, uint64_t tsc)
{
    const struct hvm_hw_cpu_xsave *const x = rec;
    struct vcpu *const v = d->vcpu[i];

    if ( !guest_xcr0_valid(d, x->xcr0) )
        return hvm_load_bad(d, i, "XCR0", x->xcr0);
    if ( (x->save_area.xsave_hdr.xstate_bv & ~xstate_host_mask) || x->save_area.xsave_hdr.xcomp_bv )
        return hvm_load_bad(d, i, "XSTATE_BV", x->save_area.xsave_hdr.xstate_bv);
    if ( len - HVM_XSAVE_FIXED > xstate_size(xstate_host_mask) )
        return hvm_load_bad(d, i, "size of the XSAVE area", len - HVM_XSAVE_FIXED);
    v->xcr0 = x->xcr0;
    xstate_reset(v->xsave);
    memcpy(v->xsave, &x->save_area, len - HVM_XSAVE_FIXED);
    return 0;
}
