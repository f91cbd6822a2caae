/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware guests: finding the processor's support, domains and vCPUs, parameters. */
#include <xenabi/arch-x86.h>
#include <xenabi/domctl.h>
#include <xenabi/grant_table.h>

#include "base/atomic.h"
#include "base/log.h"
#include "core/guest_ops.h"
#include "core/p2m.h"
#include "core/page.h"
#include "cpu/asm.h"
#include "cpu/cpuid.h"
#include "cpu/desc.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/svm.h"
#include "hvm/vhpet.h"
#include "hvm/viridian.h"
#include "hvm/vmx.h"
#include "hvm/vpit.h"
#include "kern/panic.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "mem/slab.h"
#include "plat/smp.h"
#include "plat/tlb.h"

#define EMU_PVH     XEN_X86_EMU_LAPIC
/* What the tools ask for with a device model, less what that has itself. */
#define EMU_HVM     (XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI)
#define PAT_RESET   0x0007040600070406ULL

const struct hvm_backend *hvm_backend ro_after_init;
bool hvm_available ro_after_init;
const char *hvm_missing ro_after_init = "this processor has neither VT-x nor AMD-V";

static int cpu_up(void) { return hvm_backend == &svm_backend ? svm_cpu_up() : vmx_cpu_up(); }

init_code void hvm_init(void)
{
    if ( svm_probe(&hvm_missing) )
        hvm_backend = &svm_backend;
    else if ( vmx_probe(&hvm_missing) )
        hvm_backend = &vmx_backend;
    if ( hvm_backend ) {
        p2m_is_ept = hvm_backend != &svm_backend;
        hvm_missing = "no memory to take it into use";
        hvm_available = !cpu_up();
    }
    for ( unsigned int i = 1; hvm_available && i < nr_cpus; i++ ) {
        atomic_or32(&pcpu_get(i)->work, PCPU_WORK_HVM);
        smp_kick(i);
    }
    if ( hvm_available ) {
        hvm_missing = NULL;
        log_info("hardware guests: %s with nested paging\n", hvm_backend->name);
    } else {
        log_info("hardware guests: none: %s\n", hvm_missing);
    }
}

void hvm_init_cpu(void)
{
    if ( hvm_available && cpu_up() )
        panic("CPU %u cannot run hardware guests, unlike the first\n", this_pcpu()->id);
}

uint32_t hvm_emulation(const struct domain *d) { return d->hvm->emulation; }

int hvm_create_check(const struct xen_domctl_createdomain *c)
{
    if ( !hvm_available ) {
        log_warn("domctl: no HVM or PVH guests here: %s\n", hvm_missing);
        return -XEN_EOPNOTSUPP;
    }
    if ( c->flags & XEN_DOMCTL_CDF_nested_virt ) {
        log_warn("domctl: nested virtualization is not supported: leave nestedhvm out\n");
        return -XEN_EOPNOTSUPP;
    }
    if ( !(c->flags & XEN_DOMCTL_CDF_hap) ) {
        log_warn("domctl: shadow paging is not supported: HVM and PVH guests need hap=1\n");
        return -XEN_EOPNOTSUPP;
    }
    if ( c->arch.emulation_flags != EMU_PVH && c->arch.emulation_flags != EMU_HVM ) {
        log_warn("domctl: emulation flags %#x not supported, only PVH's %#x and HVM's %#x\n",
                 c->arch.emulation_flags, EMU_PVH, EMU_HVM);
        return -XEN_EINVAL;
    }
    return 0;
}

/* --- Domains ------------------------------------------------------------------------------------ */

static int platform_init(struct domain *d)
{
    d->hvm->params[HVM_PARAM_HPET_ENABLED] = 1;
    return vpit_init(d) || vhpet_init(d) ? -XEN_ENOMEM : 0;
}

static int domain_init_hvm(struct domain *d, const struct xen_domctl_createdomain *cfg)
{
    struct hvm_domain *const h = slab_new(struct hvm_domain);
    int rc = h ? p2m_init(d) : -XEN_ENOMEM;

    d->hvm = h;
    if ( rc )
        return rc;
    h->emulation = cfg->arch.emulation_flags;
    rc = hvm_irq_init(d);
    return rc || h->emulation != EMU_HVM ? rc : platform_init(d);
}

static void domain_free_hvm(struct domain *d)
{
    if ( d->hvm ) {
        ioreq_free(d);
        vhpet_free(d);
        vpit_free(d);
        hvm_irq_free(d);
        slab_free(d->hvm->viridian);
        heap_free_page(d->hvm->apic_page);
    }
    p2m_free(d);
    slab_free(d->hvm);
    d->hvm = NULL;
}

static int vcpu_init_hvm(struct vcpu *v)
{
    struct hvm_vcpu *const h = slab_new(struct hvm_vcpu);
    int rc;

    if ( !h )
        return -XEN_ENOMEM;
    v->hvm = h;
    h->pat = PAT_RESET;
    h->mtrr_def = BIT(11) | 6;          /* on, write-back */
    rc = vlapic_init(v);                /* first: vlapic_free wants it done */
    if ( !rc )
        rc = hvm_backend->vcpu_create(v);
    if ( rc )
        return rc;
    hvm_reset(v);
    /* Events are held back by the processor's own flag, not by this one. */
    v->vcpu_info->evtchn_upcall_mask = 1;
    return 0;
}

static void vcpu_free_hvm(struct vcpu *v)
{
    if ( !v->hvm )
        return;
    viridian_stop(v);
    vlapic_free(v);
    hvm_backend->vcpu_free(v);
    slab_free(v->hvm);
    v->hvm = NULL;
}

static int relinquish(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu ( d, v )
        vcpu_unregister_info(v);
    ioreq_destroy_all(d);
    return 0;
}

/* --- Switching ------------------------------------------------------------------------------------ */

static void switch_from(struct vcpu *v)
{
    struct hvm_vcpu *const h = v->hvm;

    if ( h->dr_loaded ) {
        h->dr[0] = read_dr0();
        h->dr[1] = read_dr1();
        h->dr[2] = read_dr2();
        h->dr[3] = read_dr3();
        h->dr_loaded = false;
        hvm_backend->intercept_dr(v);
    }
    if ( xstate_host_mask )             /* not every emulator tells of XSETBV */
        v->xcr0 = this_pcpu()->xcr0 = xgetbv(0);
    if ( h->tsc_aux )
        wrmsr(MSR_TSC_AUX, 0);
    hvm_backend->switch_from(v);
}

/* On the hypervisor's own tables; translations of whoever ran here before must not serve this one. */
static void switch_to(struct vcpu *v)
{
    struct pcpu *const p = this_pcpu();

    desc_load_gdt_idle();
    p->cr3 = mfn_to_paddr(hyp_l4_mfn);
    p->hvm_flush = true;
    tlb_note_flush();
    write_cr3(p->cr3);
    if ( p->dr7 != DR7_DEFAULT ) {
        write_dr7(DR7_DEFAULT);
        p->dr7 = DR7_DEFAULT;
    }
    if ( v->hvm->tsc_aux )
        wrmsr(MSR_TSC_AUX, v->hvm->tsc_aux);
    cpuid_level(NULL);
    vlapic_migrate(v, p->id);
    hvm_backend->switch_to(v);
    if ( hvm_backend->get_dr7(v) & 0xff )
        hvm_exit_dr_access(v, 0);       /* its breakpoints are on */
}

/* --- Grants: entries of the physical map -------------------------------------------------------------- */

static int grant_map(struct vcpu *v, uint64_t addr, mfn_t frame, bool by_pte, bool readonly,
                     uint64_t avail_bits, uint64_t *pte_ma)
{
    struct domain *const d = v->domain;
    int rc = GNTST_general_error;

    if ( by_pte )
        return rc;
    spin_lock(&d->mm_lock);
    if ( !p2m_covered(d, addr >> PAGE_SHIFT, 0) &&
         !p2m_set(d, addr >> PAGE_SHIFT, frame, 0, readonly ? P2M_GRANT_RO : P2M_GRANT_RW) ) {
        *pte_ma = addr & PAGE_MASK;
        rc = GNTST_okay;
    }
    spin_unlock(&d->mm_lock);
    return rc;
}

static void grant_unmap(struct domain *d, uint64_t pte_ma, mfn_t frame)
{
    const uint64_t gfn = pte_ma >> PAGE_SHIFT;
    enum p2m_type type;

    spin_lock(&d->mm_lock);
    if ( mfn_eq(p2m_lookup(d, gfn, &type), frame) && (type == P2M_GRANT_RW || type == P2M_GRANT_RO) )
        (void)!p2m_clear(d, gfn, 0);        /* 4 KiB: there is nothing to split */
    spin_unlock(&d->mm_lock);
}

static void dump_vcpu(const struct vcpu *cv)
{
    struct vcpu *const v = (struct vcpu *)cv;
    const struct cpu_frame *const f = &v->regs;
    const struct hvm_vcpu *const h = v->hvm;
    struct hvm_segment cs;

    hvm_backend->get_segment(v, SEG_CS, &cs);
    log_err("%pv: rip %#lx rflags %#lx rsp %#lx cr0 %#lx cr2 %#lx cr3 %#lx cr4 %#lx efer %#lx\n", v, f->rip,
            f->rflags, f->rsp, h->cr0, h->cr2, h->cr3, h->cr4, h->efer);
    log_err("%pv: cs %#x base %#lx limit %#x attr %#x\n", v, cs.sel, cs.base, cs.limit, cs.attr);
    log_err("%pv: rax %#lx rbx %#lx rcx %#lx rdx %#lx rsi %#lx rdi %#lx rbp %#lx\n", v, f->rax,
            f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rbp);
    hvm_backend->dump(v);
}

const struct guest_ops hvm_guest_ops = {
    .domain_create = domain_init_hvm, .domain_free = domain_free_hvm,
    .vcpu_create = vcpu_init_hvm, .vcpu_free = vcpu_free_hvm,
    .relinquish = relinquish,
    .switch_from = switch_from, .switch_to = switch_to,
    .deliver = hvm_deliver, .dump_vcpu = dump_vcpu,
    .grant_map = grant_map, .grant_unmap = grant_unmap,
    .dm_notify = ioreq_notify,
    .copy_in = hvm_copy_from_guest, .copy_out = hvm_copy_to_guest,
};
