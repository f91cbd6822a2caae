/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' descriptor tables, debug registers and segment bases.
 *
 * A GDT or LDT page has type FT_DESC while it is in use: its contents were checked, and the
 * guest changes it only through update_descriptor.  Each vCPU sees its tables at a fixed
 * place in its domain's own address slot: 16 pages of GDT (the last two are ours), 16 of LDT.
 */
#include "pv/pv_mm.h"

#include <xenabi/arch-x86.h>

#include "core/guest_access.h"
#include "cpu/asm.h"
#include "cpu/desc.h"
#include "cpu/extable.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "plat/tlb.h"

#define DESC_TYPE       (0x1fUL << 40)
#define DESC_CALL_GATE  (0x0cUL << 40)
#define DESC_S      (1UL << 44)
#define DESC_DPL    (3UL << 45)
#define DESC_P      (1UL << 47)

#define PTE_DESC    (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)

static const uint64_t empty_page[512] aligned_to(4096);

/* --- The per-domain slot -------------------------------------------------------- */

uint64_t *perdomain_pte(const struct vcpu *v, unsigned int page)
{
    const unsigned int n = v->id * PERDOMAIN_VCPU_PAGES + page;
    uint64_t *l1 = mfn_to_virt(paddr_to_mfn(v->domain->perdomain_l2[n / 512] & PTE_ADDR));

    return &l1[n % 512];
}

uint64_t perdomain_va(const struct vcpu *v, unsigned int page)
{
    return PERDOMAIN_BASE + ((uint64_t)v->id * PERDOMAIN_VCPU_PAGES + page) * PAGE_SIZE;
}

/* --- Checking ---------------------------------------------------------------------- */

/* Make @desc harmless if it can be (a kernel's own segments come with DPL 0); false if it cannot. */
static bool desc_check(uint64_t *desc)
{
    if ( !(*desc & DESC_P) )
        return true;
    if ( (*desc & DESC_TYPE) == DESC_CALL_GATE ) {
        *desc &= ~DESC_P;                   /* accepted as ever, but leads nowhere */
        return true;
    }
    if ( !(*desc & DESC_S) )                /* TSS, LDT, other gates */
        return false;
    *desc |= DESC_DPL;
    return true;
}

static bool desc_page_check(mfn_t mfn)
{
    uint64_t *g = frame_map(mfn);
    bool ok = true;

    for ( unsigned int i = 0; i < 512 && ok; i++ ) {
        uint64_t d = g[i];

        if ( !d )
            continue;
        ok = desc_check(&d);
        if ( ok && d != g[i] )
            g[i] = d;
    }
    frame_unmap(g);
    return ok;
}

/* A reference and the descriptor type.  mm_lock held. */
static bool desc_get(struct domain *d, mfn_t mfn)
{
    struct frame *f;

    if ( !page_get(d, mfn) )
        return false;
    f = mfn_to_frame(mfn);
    if ( f->type == FT_DESC && f->type_refs ) {
        f->type_refs++;
        return true;
    }
    if ( f->type_refs || !(f->flags & FF_ALLOCATED) || (f->flags & FF_PARTIAL) )
        goto err;
    if ( f->type != FT_NONE )
        tlb_flush_stale(d->dirty_cpus, f->tlb_stamp);
    f->type = FT_DESC;
    if ( !desc_page_check(mfn) )
        goto err;
    f->type_refs = 1;
    return true;

 err:
    page_put(d, f);
    return false;
}

static void desc_put(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);

    f->tlb_stamp = tlb_epoch_now();
    f->type_refs--;
    page_put(d, f);
}

/* --- GDT ------------------------------------------------------------------------------ */

static void gdt_map(struct vcpu *v, unsigned int page, uint64_t frame)
{
    uint64_t *pte = perdomain_pte(v, page);

    if ( frame )
        write_once(*pte, frame << PAGE_SHIFT | PTE_DESC);
    else
        write_once(*pte, ((uintptr_t)empty_page - IMAGE_VIRT + IMAGE_PHYS) | (PTE_DESC & ~PTE_RW));
    invlpg(perdomain_va(v, page));
}

int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
    struct domain *d = v->domain;
    const unsigned int nr = (entries + 511) / 512;
    unsigned int i;

    if ( nr > FIRST_RESERVED_GDT_PAGE )
        return -XEN_EINVAL;
    spin_lock(&d->mm_lock);
    for ( i = 0; i < nr; i++ )
        if ( !desc_get(d, MFN(frames[i])) )
            goto err;
    for ( i = 0; i < FIRST_RESERVED_GDT_PAGE; i++ ) {
        const uint64_t old = v->pv.gdt_frames[i];

        v->pv.gdt_frames[i] = i < nr ? frames[i] : 0;
        gdt_map(v, i, v->pv.gdt_frames[i]);
        if ( old )
            desc_put(d, MFN(old));
    }
    v->pv.gdt_entries = entries;
    spin_unlock(&d->mm_lock);
    return 0;

 err:
    while ( i-- > 0 )
        desc_put(d, MFN(frames[i]));
    spin_unlock(&d->mm_lock);
    return -XEN_EINVAL;
}

int pv_update_descriptor(struct vcpu *v, uint64_t ma, uint64_t desc)
{
    struct domain *d = v->domain;
    const mfn_t mfn = paddr_to_mfn(ma);
    struct frame *f;
    int rc = -XEN_EINVAL;
    bool writable;

    if ( (ma & 7) || !desc_check(&desc) )
        return -XEN_EINVAL;
    spin_lock(&d->mm_lock);
    if ( page_get(d, mfn) ) {
        f = mfn_to_frame(mfn);
        writable = !(f->type == FT_DESC && f->type_refs);
        if ( !writable || page_type_get_writable(d, f) ) {
            uint8_t *p = frame_map(mfn);

            write_once(*(uint64_t *)(p + (ma & ~PAGE_MASK)), desc);
            frame_unmap(p);
            if ( writable )
                page_type_put_writable(f);
            rc = 0;
        }
        page_put(d, f);
    }
    spin_unlock(&d->mm_lock);
    return rc;
}

/* --- LDT: its pages are mapped when the processor first asks for them ----------------------- */

uint64_t pv_ldt_drop(struct vcpu *v)
{
    for ( unsigned int i = 0; i < 16; i++ ) {
        if ( !(v->pv.ldt_loaded & 1UL << i) )
            continue;
        write_once(*perdomain_pte(v, 16 + i), 0);
        invlpg(perdomain_va(v, 16 + i));
        desc_put(v->domain, MFN(v->pv.ldt_frames[i]));
        v->pv.ldt_frames[i] = 0;
    }
    return 0;
}

void pv_load_ldt(struct vcpu *v) { desc_load_ldt(perdomain_va(v, 16), v->pv.ldt_entries); }

bool pv_ldt_fault(struct vcpu *v, uint64_t cr2)
{
    const uint64_t off = cr2 - perdomain_va(v, 16);
    const unsigned int page = off >> PAGE_SHIFT;
    struct domain *d = v->domain;
    uint64_t *t, e = 0;
    unsigned int idx;
    mfn_t l1;
    bool ok = false;

    if ( off >= v->pv.ldt_entries * 8UL || (v->pv.ldt_loaded & 1UL << page) )
        return false;
    spin_lock(&d->mm_lock);
    if ( pt_walk(v->pv.kernel_cr3, v->pv.ldt_base + page * PAGE_SIZE, &l1, &idx) ) {
        t = frame_map(l1);
        e = t[idx];
        frame_unmap(t);
    }
    if ( (e & PTE_P) && desc_get(d, pte_mfn(e)) ) {
        v->pv.ldt_frames[page] = pte_mfn(e).n;
        v->pv.ldt_loaded |= 1UL << page;
        write_once(*perdomain_pte(v, 16 + page), (e & PTE_ADDR) | PTE_DESC);
        ok = true;
    }
    spin_unlock(&d->mm_lock);
    return ok;
}

void pv_desc_release(struct vcpu *v)
{
    spin_lock(&v->domain->mm_lock);
    v->pv.ldt_loaded = pv_ldt_drop(v);
    v->pv.ldt_entries = 0;
    spin_unlock(&v->domain->mm_lock);
    (void)!pv_set_gdt(v, NULL, 0);      /* takes nothing, so it cannot fail */
}

void pv_desc_init(struct vcpu *v)
{
    for ( unsigned int i = 0; i < FIRST_RESERVED_GDT_PAGE; i++ )
        gdt_map(v, i, 0);
    *perdomain_pte(v, GDT_RESERVED_PAGE + 1) = *perdomain_pte(v, 0);
}

/* --- Debug registers, segment bases ------------------------------------------------------------ */

#define DR7_GD          (1UL << 13)
#define DR7_ENABLED     0xffUL

/* SDM vol 3B 17.2.4: each breakpoint's kind and length; I/O breakpoints (kind 2) are not for guests. */
static bool dr7_valid(uint64_t dr7)
{
    if ( dr7 >> 32 || (dr7 & DR7_GD) )
        return false;
    for ( unsigned int i = 0; i < 4; i++ )
        if ( (dr7 >> (i * 2) & 3) && (dr7 >> (16 + i * 4) & 3) == 2 )
            return false;
    return true;
}

void pv_load_debugregs(const struct vcpu *v)
{
    struct pcpu *p = this_pcpu();
    const uint64_t dr7 = v->pv.dr[7] & DR7_ENABLED ? v->pv.dr[7] | DR7_DEFAULT : DR7_DEFAULT;

    if ( dr7 != DR7_DEFAULT ) {
        write_dr0(v->pv.dr[0]);
        write_dr1(v->pv.dr[1]);
        write_dr2(v->pv.dr[2]);
        write_dr3(v->pv.dr[3]);
        write_dr6(v->pv.dr[6]);
    }
    if ( p->dr7 != dr7 ) {
        p->dr7 = dr7;
        write_dr7(dr7);
    }
}

int pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value)
{
    switch ( reg ) {
    case 0 ... 3:
        if ( !is_canonical(value) || (value >= HYP_VIRT_START && value < HYP_VIRT_END) )
            return -XEN_EPERM;
        v->pv.dr[reg] = value;
        break;
    case 4: case 6:
        if ( value >> 32 )
            return -XEN_EINVAL;
        v->pv.dr[6] = (value & 0xe00f) | DR6_DEFAULT;
        break;
    case 5: case 7:
        if ( !dr7_valid(value) )
            return value & DR7_GD ? -XEN_EPERM : -XEN_EINVAL;
        v->pv.dr[7] = value | DR7_DEFAULT;
        break;
    default:
        return -XEN_ENODEV;
    }
    if ( v == current )
        pv_load_debugregs(v);
    return 0;
}

/* Of the running vCPU, which is in guest-kernel mode: its user GS waits in KERNEL_GS_BASE. */
int pv_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base)
{
    if ( which <= SEGBASE_GS_KERNEL && !is_canonical(base) )
        return -XEN_EINVAL;
    switch ( which ) {
    case SEGBASE_FS:
        wrmsr(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER:
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        wrmsr(MSR_GS_BASE, base);
        return 0;
    case SEGBASE_GS_USER_SEL:
        swapgs();
        load_seg_gs((base & 0xffff) | 3);       /* null if refused */
        swapgs();
        return 0;
    default:
        return -XEN_EINVAL;
    }
}
