/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PV domains and vCPUs: the per-domain address slot, contexts, and what must be saved and loaded
 * when another vCPU gets the processor.
 */
#include "pv/pv_mm.h"

#include <xenabi/arch-x86.h>

#include "base/log.h"
#include "base/string.h"
#include "core/guest_cpuid.h"
#include "core/guest_ops.h"
#include "core/preempt.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/desc.h"
#include "cpu/extable.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/xstate.h"
#include "mem/heap.h"
#include "mem/slab.h"

#define TABLE_FLAGS     (PTE_P | PTE_RW | PTE_A | PTE_D)

/* --- Life ----------------------------------------------------------------------------- */

static int pv_domain_create(struct domain *d, const struct xen_domctl_createdomain *cfg)
{
    const unsigned int nr_l1 = (d->max_vcpus * PERDOMAIN_VCPU_PAGES + 511) / 512;
    uint64_t *l3 = heap_alloc_page();

    d->perdomain_l3 = INVALID_MFN;
    if ( !l3 )
        return -XEN_ENOMEM;
    d->perdomain_l3 = virt_to_mfn(l3);
    d->perdomain_l2 = heap_alloc_page();
    if ( !d->perdomain_l2 )
        return -XEN_ENOMEM;
    l3[0] = mfn_to_paddr(virt_to_mfn(d->perdomain_l2)) | TABLE_FLAGS;
    for ( unsigned int i = 0; i < nr_l1; i++ ) {
        void *l1 = heap_alloc_page();

        if ( !l1 )
            return -XEN_ENOMEM;
        d->perdomain_l2[i] = mfn_to_paddr(virt_to_mfn(l1)) | TABLE_FLAGS;
    }
    return 0;
}

static void pv_domain_free(struct domain *d)
{
    for ( unsigned int i = 0; d->perdomain_l2 && i < 512; i++ )
        if ( d->perdomain_l2[i] & PTE_P )
            heap_free_page(mfn_to_virt(pte_mfn(d->perdomain_l2[i])));
    heap_free_page(d->perdomain_l2);
    if ( d->perdomain_l3.n && !mfn_eq(d->perdomain_l3, INVALID_MFN) )
        heap_free_page(mfn_to_virt(d->perdomain_l3));
}

static int pv_vcpu_create(struct vcpu *v)
{
    v->pv.traps = slab_new_array(struct trap_info, 256);
    if ( !v->pv.traps )
        return -XEN_ENOMEM;
    v->pv.kernel_mode = 1;
    v->pv.dr[6] = DR6_DEFAULT;
    v->pv.dr[7] = DR7_DEFAULT;
    v->pv.cr4 = cpu_base_cr4();
    pv_desc_init(v);
    return 0;
}

static void pv_vcpu_free(struct vcpu *v)
{
    slab_free(v->pv.traps);
    v->pv.traps = NULL;
}

static void drop_base(struct domain *d, uint64_t *cr3)
{
    const uint64_t old = *cr3;

    *cr3 = 0;
    if ( old )
        pt_put(d, paddr_to_mfn(old));
}

/* What vCPUs hold of memory: base pointers, descriptor pages, vcpu_info. */
static void relinquish_vcpu(struct vcpu *v)
{
    struct domain *d = v->domain;

    pv_desc_release(v);
    vcpu_unregister_info(v);
    spin_lock(&d->mm_lock);
    drop_base(d, &v->pv.kernel_cr3);
    drop_base(d, &v->pv.user_cr3);
    spin_unlock(&d->mm_lock);
}

static int pv_relinquish(struct domain *d)
{
    struct vcpu *v;
    int rc = 0;

    for_each_vcpu ( d, v )
        relinquish_vcpu(v);
    spin_lock(&d->mm_lock);
    for ( uint32_t m = d->page_list; m != FRAME_NIL && !rc; ) {
        struct frame *f = mfn_to_frame(MFN(m));
        const bool pinned = f->flags & FF_PINNED;

        if ( pinned ) {
            f->flags &= ~FF_PINNED;
            pt_type_put(d, f);              /* may take neighbours off the list, but not f */
        }
        if ( (f->flags & FF_PARTIAL) && f->type_refs == 0 )
            pt_teardown_later(d, f);
        m = f->next;
        if ( pinned ) {
            page_put(d, f);
            if ( preempt_needed() )
                rc = -XEN_ERESTART;
        }
    }
    if ( !rc && !pt_teardown_some(d) )
        rc = -XEN_ERESTART;
    spin_unlock(&d->mm_lock);
    return rc;
}

static void teardown_frame(struct domain *d, struct frame *f)
{
    if ( f->type_refs == 0 )
        pt_teardown_later(d, f);
}

/* --- Contexts ------------------------------------------------------------------------------ */

/* The ABI's registers begin as our frame does. */
#define NR_GPR_BYTES    offsetof(struct cpu_frame, error_code)
_Static_assert(offsetof(struct cpu_user_regs, r15) == 0 && offsetof(struct cpu_frame, r15) == 0 &&
               offsetof(struct cpu_user_regs, rdi) == offsetof(struct cpu_frame, rdi) &&
               offsetof(struct cpu_frame, rdi) + 8 == NR_GPR_BYTES, "copied as a whole");

static void regs_from_abi(struct cpu_frame *f, const struct cpu_user_regs *u)
{
    memcpy(f, u, NR_GPR_BYTES);
    f->vector = 0;
    f->rip = u->rip;
    f->cs = u->cs | 3;
    f->rsp = u->rsp;
    f->ss = u->ss | 3;
    f->rflags = (u->rflags & ~(uint64_t)(FLAGS_IOPL | FLAGS_VM | FLAGS_NT | FLAGS_VIF | FLAGS_VIP)) |
                FLAGS_IF | FLAGS_MBS;
}

static void regs_to_abi(struct cpu_user_regs *u, const struct vcpu *v)
{
    const struct cpu_frame *f = &v->regs;

    *u = (struct cpu_user_regs){ .rip = f->rip, .cs = f->cs, .rflags = f->rflags, .rsp = f->rsp, .ss = f->ss,
                                 .ds = v->pv.ds, .es = v->pv.es, .fs = v->pv.fs, .gs = v->pv.gs };
    memcpy(u, f, NR_GPR_BYTES);
}

static bool context_valid(const struct vcpu_guest_context *c)
{
    if ( !is_canonical(c->user_regs.rip) || !is_canonical(c->event_callback_eip) ||
         !is_canonical(c->failsafe_callback_eip) || !is_canonical(c->syscall_callback_eip) ||
         !is_canonical(c->fs_base) || !is_canonical(c->gs_base_kernel) ||
         !is_canonical(c->gs_base_user) )
        return false;
    for ( unsigned int i = 0; i < 256; i++ )
        if ( !is_canonical(c->trap_ctxt[i].address) )
            return false;
    return c->gdt_ents <= FIRST_RESERVED_GDT_ENTRY && c->ldt_ents <= 8192;
}

/* Take references first: the rest of the take-over cannot fail. */
static int context_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct domain *d = v->domain;
    const mfn_t kernel = paddr_to_mfn(c->ctrlreg[3]), user = paddr_to_mfn(c->ctrlreg[1]);
    int rc;

    spin_lock(&d->mm_lock);
    rc = pt_get(d, kernel, FT_L4);
    if ( !rc && user.n ) {
        rc = pt_get(d, user, FT_L4);
        if ( rc )
            pt_put(d, kernel);
    }
    spin_unlock(&d->mm_lock);
    if ( rc )
        return rc;
    rc = pv_set_gdt(v, c->gdt_frames, c->gdt_ents);
    spin_lock(&d->mm_lock);
    if ( rc ) {
        pt_put(d, kernel);
        if ( user.n )
            pt_put(d, user);
    } else {
        drop_base(d, &v->pv.kernel_cr3);
        drop_base(d, &v->pv.user_cr3);
        v->pv.ldt_loaded = pv_ldt_drop(v);
        v->pv.kernel_cr3 = mfn_to_paddr(kernel);
        v->pv.user_cr3 = mfn_to_paddr(user);
    }
    spin_unlock(&d->mm_lock);
    return rc;
}

int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *pv = &v->pv;
    int rc;

    if ( !context_valid(c) )
        return -XEN_EINVAL;
    rc = context_tables(v, c);
    if ( rc )
        return rc;

    regs_from_abi(&v->regs, &c->user_regs);
    pv->ds = c->user_regs.ds; pv->es = c->user_regs.es;
    pv->fs = c->user_regs.fs; pv->gs = c->user_regs.gs;
    pv->kernel_mode = c->flags & VGCF_in_kernel ? 1 : 0;
    pv->iopl = c->user_regs.rflags >> 12 & 3;       /* real IOPL is 0 always; this one is honoured by emulation */
    pv->kernel_sp = c->kernel_sp;
    pv->kernel_ss = c->kernel_ss | 3;
    pv->event_eip = c->event_callback_eip;
    pv->failsafe_eip = c->failsafe_callback_eip;
    pv->syscall_eip = c->syscall_callback_eip;
    pv->failsafe_masks = c->flags & VGCF_failsafe_disables_events ? 1 : 0;
    pv->syscall_masks = c->flags & VGCF_syscall_disables_events ? 1 : 0;
    pv->fs_base = c->fs_base;
    pv->gs_base_kernel = c->gs_base_kernel;
    pv->gs_base_user = c->gs_base_user;
    memcpy(pv->traps, c->trap_ctxt, 256 * sizeof(struct trap_info));
    for ( unsigned int i = 0; i < 256; i++ )
        pv->traps[i].cs |= 3;
    pv->ldt_base = c->ldt_base;
    pv->ldt_entries = c->ldt_ents;
    for ( unsigned int i = 0; i < 8; i++ )
        if ( i < 4 || i >= 6 )
            (void)!pv_set_debugreg(v, i, c->debugreg[i]);
    if ( c->flags & VGCF_I387_VALID )
        xstate_import_fxsave(v->xsave, c->fpu_ctxt);
    else
        xstate_reset(v->xsave);
    v->domain->vm_assist |= c->vm_assist & (1UL << VMASST_TYPE_writable_pagetables |
                                            1UL << VMASST_TYPE_pae_extended_cr3);
    atomic_or32(&v->flags, VCPUF_INITIALISED);
    return 0;
}

void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
    const struct pv_vcpu *pv = &v->pv;

    memset(c, 0, sizeof(*c));
    xstate_export_fxsave(v->xsave, c->fpu_ctxt);
    c->flags = VGCF_I387_VALID | (pv->kernel_mode ? VGCF_in_kernel : 0) |
               (pv->failsafe_masks ? VGCF_failsafe_disables_events : 0) |
               (pv->syscall_masks ? VGCF_syscall_disables_events : 0) |
               (vcpu_is_up(v) ? VGCF_online : 0);
    regs_to_abi(&c->user_regs, v);
    if ( pv->kernel_mode ) {
        c->user_regs.cs &= ~3;              /* as the guest sees itself */
        c->user_regs.ss &= ~3;
    }
    memcpy(c->trap_ctxt, pv->traps, sizeof(c->trap_ctxt));
    c->ldt_base = pv->ldt_base;
    c->ldt_ents = pv->ldt_entries;
    memcpy(c->gdt_frames, pv->gdt_frames, sizeof(pv->gdt_frames));
    c->gdt_ents = pv->gdt_entries;
    c->kernel_ss = pv->kernel_ss;
    c->kernel_sp = pv->kernel_sp;
    c->ctrlreg[0] = CR0_PE | CR0_PG | CR0_WP | CR0_NE | CR0_ET | (pv->cr0_ts ? CR0_TS : 0);
    c->ctrlreg[1] = pv->user_cr3 ? pv->user_cr3 | 1 : 0;
    c->ctrlreg[3] = pv->kernel_cr3;
    c->ctrlreg[4] = pv->cr4;
    memcpy(c->debugreg, pv->dr, sizeof(pv->dr));
    c->event_callback_eip = pv->event_eip;
    c->failsafe_callback_eip = pv->failsafe_eip;
    c->syscall_callback_eip = pv->syscall_eip;
    c->vm_assist = v->domain->vm_assist;
    c->fs_base = pv->fs_base;
    c->gs_base_kernel = pv->gs_base_kernel;
    c->gs_base_user = pv->gs_base_user;
}

/* --- Switching --------------------------------------------------------------------------------- */

/* Guests can change selectors and bases without our seeing it: read what is there. */
static void pv_switch_from(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->pv;
    const uint64_t gs = rdmsr(MSR_GS_BASE), other = rdmsr(MSR_KERNEL_GS_BASE);

    pv->ds = read_ds();
    pv->es = read_es();
    pv->fs = read_fs();
    pv->gs = read_gs();
    pv->fs_base = rdmsr(MSR_FS_BASE);
    pv->gs_base_kernel = pv->kernel_mode ? gs : other;
    pv->gs_base_user = pv->kernel_mode ? other : gs;
    if ( pv->dr[7] & 0xff )
        pv->dr[6] = read_dr6();
    if ( pv->cr0_ts )
        clts();
}

/* A selector that does not load any more is the guest's failsafe callback's business. */
static void load_selectors(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->pv;
    bool ok = true;

    if ( pv->ds | read_ds() )
        ok &= load_seg_ds(pv->ds);
    if ( pv->es | read_es() )
        ok &= load_seg_es(pv->es);
    if ( pv->fs | read_fs() )
        ok &= load_seg_fs(pv->fs);
    if ( pv->gs | read_gs() )
        ok &= load_seg_gs(pv->gs);
    if ( !ok )
        atomic_or32(&v->work, VCPU_WORK_FAILSAFE);
}

static void pv_switch_to(struct vcpu *v)
{
    struct pcpu *p = this_pcpu();
    struct pv_vcpu *pv = &v->pv;
    uint64_t *reserved = perdomain_pte(v, GDT_RESERVED_PAGE);

    write_once(*reserved, mfn_to_paddr(p->gdt_mfn) | PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX);
    desc_load_gdt_idle();               /* valid on both sides of the CR3 load */
    pv_load_cr3(pv->kernel_mode ? pv->kernel_cr3 : pv->user_cr3);
    desc_load_gdt(perdomain_va(v, 0));
    if ( pv->ldt_entries | p->ldt_entries )
        pv_load_ldt(v);
    load_selectors(v);
    wrmsr(MSR_FS_BASE, pv->fs_base);
    wrmsr(MSR_GS_BASE, pv->kernel_mode ? pv->gs_base_kernel : pv->gs_base_user);
    wrmsr(MSR_KERNEL_GS_BASE, pv->kernel_mode ? pv->gs_base_user : pv->gs_base_kernel);
    cpu_load_cr4(cpu_base_cr4() | (pv->cr4 & CR4_TSD));
    /* The control domain's tools may look at the host. */
    cpuid_level(domain_is_control(v->domain) ? NULL : guest_cpu_policy(v->domain));
    pv_load_debugregs(v);
    if ( pv->cr0_ts )
        write_cr0(read_cr0() | CR0_TS);
}

static void dump_vcpu(const struct vcpu *v)
{
    const struct cpu_frame *f = &v->regs;

    log_err("%pv: rip %#lx cs %#lx rflags %#lx rsp %#lx ss %#lx %s mode\n", v, f->rip, f->cs,
           f->rflags, f->rsp, f->ss, v->pv.kernel_mode ? "kernel" : "user");
    log_err("%pv: rax %#lx rbx %#lx rcx %#lx rdx %#lx rsi %#lx rdi %#lx rbp %#lx\n", v, f->rax,
           f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rbp);
    log_err("%pv: cr3 %#lx user cr3 %#lx kernel sp %#lx\n", v, v->pv.kernel_cr3,
           v->pv.user_cr3, v->pv.kernel_sp);
}

const struct guest_ops pv_guest_ops = {
    .domain_create = pv_domain_create, .domain_free = pv_domain_free,
    .vcpu_create = pv_vcpu_create, .vcpu_free = pv_vcpu_free,
    .relinquish = pv_relinquish, .teardown_frame = teardown_frame,
    .switch_from = pv_switch_from, .switch_to = pv_switch_to,
    .deliver = pv_deliver, .dump_vcpu = dump_vcpu,
    .grant_map = pv_grant_map, .grant_unmap = pv_grant_unmap,
};
