/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl: the tools' view of the whole host: console, processors, memory, the list of
 * domains, CPU features.  One NUMA node and one CPU pool are all there is.
 */
#include <xenabi/sysctl.h>

#include "base/bitmap.h"
#include "core/sched.h"
#include "cpu/cpuid.h"
#include "cpu/pcpu.h"
#include "hcall/hc_ctl.h"
#include "hvm/hvm.h"
#include "kern/clock.h"
#include "kern/host.h"
#include "kern/console.h"
#include "kern/keyhandler.h"
#include "mem/heap.h"
#include "plat/pci.h"
#include "plat/smp.h"

#define LOCAL_DISTANCE      10      /* of a node to itself (ACPI 6.4, 5.2.17) */
#define PCI_AT_ONCE         1024
#define KEYS_AT_ONCE        64

typedef int sysctl_fn(struct xen_sysctl *op);

static int sc_readconsole(struct xen_sysctl *op) { return console_read_ring(&op->u.readconsole); }

static unsigned int cpus_like_0(bool same_core)
{
    const struct cpu_topology *const t0 = smp_topology(0);
    unsigned int n = 0;

    for ( unsigned int i = 0; i < nr_cpus; i++ ) {
        const struct cpu_topology *const t = smp_topology(i);

        n += t->socket == t0->socket && (!same_core || t->core == t0->core);
    }
    return max(n, 1U);
}

static uint64_t host_ram_pages(void)
{
    uint64_t bytes = 0;

    for ( uint32_t i = 0; i < host.nr_e820; i++ )
        if ( host.e820[i].type == XEN_E820_RAM )
            bytes += host.e820[i].size;
    return bytes >> PAGE_SHIFT;
}

static int sc_physinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_physinfo *const p = &op->u.physinfo;
    const unsigned int threads = cpus_like_0(true);

    *p = (struct xen_sysctl_physinfo){
        .threads_per_core = threads,
        .cores_per_socket = max(cpus_like_0(false) / threads, 1U),
        .nr_cpus = nr_cpus,
        .max_cpu_id = nr_cpus - 1,
        .nr_nodes = 1,
        .cpu_khz = clock_tsc_khz(),
        .capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                        (hvm_available ? XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap : 0),
        .total_pages = host_ram_pages(),
        .free_pages = heap_nr_free(),       /* the unscrubbed ones too: they can be had at once */
        .outstanding_pages = heap_nr_claimed(),
        .max_mfn = max_mfn - 1,
    };
    for ( unsigned int i = 0; i < ARRAY_SIZE(p->hw_cap); i++ )
        p->hw_cap[i] = cpuid_feature_word(&cpuid_host, i);
    return 0;
}

static int sc_sched_id(struct xen_sysctl *op)
{
    op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    return 0;
}

static int sc_getdomaininfolist(struct xen_sysctl *op)
{
    struct xen_sysctl_getdomaininfolist *const l = &op->u.getdomaininfolist;
    struct xen_domctl_getdomaininfo info;
    uint32_t id = l->first_domain, n = 0;

    while ( n < l->max_domains && id <= MAX_DOMID ) {
        struct domain *const d = domain_get_next(id);

        if ( !d )
            break;
        ctl_domain_info(d, &info);
        id = d->id + 1U;
        domain_put(d);
        if ( !copy_to_guest_index(l->buffer, n++, &info, sizeof(info)) )
            return -XEN_EFAULT;
    }
    l->num_domains = n;
    return 0;
}

static int sc_debug_keys(struct xen_sysctl *op)
{
    char key;

    if ( op->u.debug_keys.nr_keys > KEYS_AT_ONCE )
        return -XEN_E2BIG;
    for ( uint32_t i = 0; i < op->u.debug_keys.nr_keys; i++ ) {
        if ( !copy_from_guest_index(&key, op->u.debug_keys.keys, i, 1) )
            return -XEN_EFAULT;
        keyhandler_run(key);
    }
    return 0;
}

static int sc_getcpuinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_getcpuinfo *const g = &op->u.getcpuinfo;

    g->nr_cpus = min(g->max_cpus, nr_cpus);
    for ( uint32_t i = 0; i < g->nr_cpus; i++ ) {
        const struct xen_sysctl_cpuinfo info = { .idletime = sched_idle_ns(i) };

        if ( !copy_to_guest_index(g->info, i, &info, sizeof(info)) )
            return -XEN_EFAULT;
    }
    return 0;
}

static int sc_availheap(struct xen_sysctl *op)
{
    struct xen_sysctl_availheap *const a = &op->u.availheap;
    uint64_t below_max, below_min;

    if ( a->node > 0 )
        return -XEN_EINVAL;
    below_max = a->max_bitwidth && a->max_bitwidth < 64 ? heap_nr_free_below(a->max_bitwidth)
                                                        : heap_nr_free();
    below_min = a->min_bitwidth ? heap_nr_free_below(min(a->min_bitwidth, 64U)) : 0;
    a->avail_bytes = below_max > below_min ? (below_max - below_min) << PAGE_SHIFT : 0;
    return 0;
}

static int sc_cputopoinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_cputopoinfo *const c = &op->u.cputopoinfo;
    const uint32_t nr = c->cputopo ? min(c->num_cpus, nr_cpus) : 0;

    for ( uint32_t i = 0; i < nr; i++ ) {
        const struct cpu_topology *const t = smp_topology(i);
        const struct xen_sysctl_cputopo e = { .core = t->core, .socket = t->socket };

        if ( !copy_to_guest_index(c->cputopo, i, &e, sizeof(e)) )
            return -XEN_EFAULT;
    }
    c->num_cpus = c->cputopo ? nr : nr_cpus;
    return 0;
}

static int sc_numainfo(struct xen_sysctl *op)
{
    struct xen_sysctl_numainfo *const n = &op->u.numainfo;
    const struct xen_sysctl_meminfo m = { .memsize = heap_nr_total() << PAGE_SHIFT,
                                          .memfree = heap_nr_free() << PAGE_SHIFT };
    const uint32_t distance = LOCAL_DISTANCE;
    const bool room = n->num_nodes >= 1;

    if ( room && n->meminfo && !copy_to_guest(n->meminfo, &m, sizeof(m)) )
        return -XEN_EFAULT;
    if ( room && n->distance && !copy_to_guest(n->distance, &distance, sizeof(distance)) )
        return -XEN_EFAULT;
    if ( room || !(n->meminfo || n->distance) )
        n->num_nodes = 1;
    return 0;
}

static int sc_pcitopoinfo(struct xen_sysctl *op)
{
    const struct xen_sysctl_pcitopoinfo *const p = &op->u.pcitopoinfo;
    struct physdev_pci_device dev;

    if ( !p->devs || !p->nodes || p->num_devs > PCI_AT_ONCE )
        return -XEN_EINVAL;
    for ( uint32_t i = 0; i < p->num_devs; i++ ) {
        uint32_t node = XEN_INVALID_DEV;

        if ( !copy_from_guest_index(&dev, p->devs, i, sizeof(dev)) )
            return -XEN_EFAULT;
        if ( pci_device_known((struct pci_sbdf){ dev.seg, dev.bus, dev.devfn }) )
            node = XEN_INVALID_NODE_ID;
        if ( !copy_to_guest_index(p->nodes, i, &node, sizeof(node)) )
            return -XEN_EFAULT;
    }
    return 0;
}

static uint32_t nr_domains(void)
{
    struct domain *d;
    uint32_t n = 0;

    for_each_domain ( d )
        n++;
    return n;
}

/* Pool 0 has every CPU and every domain. */
static int sc_cpupool_op(struct xen_sysctl *op)
{
    struct xen_sysctl_cpupool_op *const c = &op->u.cpupool_op;
    BITMAP_DECLARE(cpus, NR_CPUS);

    bitmap_zero(cpus, NR_CPUS);
    switch ( c->op ) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        /* The next pool from that id on. */
        if ( c->cpupool_id != 0 )
            return -XEN_ENOENT;
        c->sched_id = XEN_SCHEDULER_CREDIT2;
        c->n_dom = nr_domains();
        for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
            bitmap_set(cpus, cpu);
        return ctl_bitmap_put(&c->cpumap, cpus, nr_cpus);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:   return ctl_bitmap_put(&c->cpumap, cpus, nr_cpus);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN: return c->cpupool_id == 0 ? 0 : -XEN_ENOENT;
    case XEN_SYSCTL_CPUPOOL_OP_CREATE: case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:      return -XEN_EOPNOTSUPP;
    default:                               return -XEN_ENOSYS;
    }
}

static int sc_scheduler_op(struct xen_sysctl *op) { return sched_sysctl(&op->u.scheduler_op); }

static int sc_get_cpu_levelling_caps(struct xen_sysctl *op)
{
    op->u.cpu_levelling_caps.caps = cpuid_level_caps;
    return 0;
}

/* There is such a policy, and on this host guests that have it. */
static bool can_have(const struct cpu_policy *p)
{
    return p && (hvm_available || (p != &cpuid_hvm_max && p != &cpuid_hvm_default));
}

static int sc_get_cpu_featureset(struct xen_sysctl *op)
{
    static const struct cpu_policy *const sets[] = {
        [XEN_SYSCTL_cpu_featureset_raw]     = &cpuid_host,
        [XEN_SYSCTL_cpu_featureset_host]    = &cpuid_host,
        [XEN_SYSCTL_cpu_featureset_pv]      = &cpuid_pv_default,
        [XEN_SYSCTL_cpu_featureset_hvm]     = &cpuid_hvm_default,
        [XEN_SYSCTL_cpu_featureset_hvm_max] = &cpuid_hvm_max,
        [XEN_SYSCTL_cpu_featureset_pv_max]  = &cpuid_pv_max,
    };
    struct xen_sysctl_cpu_featureset *const f = &op->u.cpu_featureset;
    const struct cpu_policy *const p = f->index < ARRAY_SIZE(sets) ? sets[f->index] : NULL;
    const uint32_t nr = f->features ? min(f->nr_features, (uint32_t)CPUID_NR_WORDS) : CPUID_NR_WORDS;

    if ( !can_have(p) )
        return p ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
    for ( uint32_t i = 0; f->features && i < nr; i++ ) {
        const uint32_t word = cpuid_feature_word(p, i);

        if ( !copy_to_guest_index(f->features, i, &word, sizeof(word)) )
            return -XEN_EFAULT;
    }
    f->nr_features = nr;
    return nr < CPUID_NR_WORDS ? -XEN_ENOBUFS : 0;
}

static int sc_get_cpu_policy(struct xen_sysctl *op)
{
    static const struct cpu_policy *const policies[] = {
        [XEN_SYSCTL_cpu_policy_raw]         = &cpuid_host,
        [XEN_SYSCTL_cpu_policy_host]        = &cpuid_host,
        [XEN_SYSCTL_cpu_policy_pv_max]      = &cpuid_pv_max,
        [XEN_SYSCTL_cpu_policy_pv_default]  = &cpuid_pv_default,
        [XEN_SYSCTL_cpu_policy_hvm_max]     = &cpuid_hvm_max,
        [XEN_SYSCTL_cpu_policy_hvm_default] = &cpuid_hvm_default,
    };
    struct xen_sysctl_cpu_policy *const a = &op->u.cpu_policy;
    const struct cpu_policy *const p = a->index < ARRAY_SIZE(policies) ? policies[a->index] : NULL;

    if ( !can_have(p) || a->_rsvd )
        return p && !a->_rsvd ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
    return ctl_policy_put(p, a->leaves, &a->nr_leaves, a->msrs, &a->nr_msrs);
}

/* Known, but not to be had: bringing CPUs up and down, taking pages out, tracing, live patches. */
static int sc_unsupported(struct xen_sysctl *op) { return -XEN_EOPNOTSUPP; }

#define SYSCTL_OP(name)     [XEN_SYSCTL_##name] = sc_##name
#define NOT_HERE(name)      [XEN_SYSCTL_##name] = sc_unsupported

static sysctl_fn *const ops[] = {
    SYSCTL_OP(readconsole),     SYSCTL_OP(physinfo),        SYSCTL_OP(sched_id),
    SYSCTL_OP(getdomaininfolist), SYSCTL_OP(debug_keys),    SYSCTL_OP(getcpuinfo),
    SYSCTL_OP(availheap),       SYSCTL_OP(cputopoinfo),     SYSCTL_OP(numainfo),
    SYSCTL_OP(pcitopoinfo),     SYSCTL_OP(cpupool_op),      SYSCTL_OP(scheduler_op),
    SYSCTL_OP(get_cpu_levelling_caps), SYSCTL_OP(get_cpu_featureset),
    SYSCTL_OP(get_cpu_policy),
    NOT_HERE(cpu_hotplug),      NOT_HERE(page_offline_op),  NOT_HERE(tbuf_op),
    NOT_HERE(livepatch_op),
};

long hc_sysctl(uint64_t uop, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct xen_sysctl op;
    int rc;

    if ( !copy_from_guest(&op, uop, sizeof(op)) )
        return -XEN_EFAULT;
    if ( op.interface_version != XEN_SYSCTL_INTERFACE_VERSION )
        return -XEN_EACCES;
    if ( !perm_allows(current->domain, PERM_CONTROL) )
        return -XEN_EPERM;
    if ( op.cmd >= ARRAY_SIZE(ops) || !ops[op.cmd] )
        return -XEN_ENOSYS;

    rc = ops[op.cmd](&op);
    /* A feature set or policy that does not fit says how much room it takes. */
    if ( (!rc || rc == -XEN_ENOBUFS) && !copy_to_guest(uop, &op, sizeof(op)) )
        rc = -XEN_EFAULT;
    return rc;
}
