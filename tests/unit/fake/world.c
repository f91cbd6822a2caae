/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See world.h. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenabi/grant_table.h>

#include "base/bits.h"
#include "base/errno.h"
#include "base/log.h"
#include "core/evtchn.h"
#include "core/gnttab.h"
#include "core/guest_access.h"
#include "core/guest_ops.h"
#include "core/p2m.h"
#include "core/page.h"
#include "core/pirq.h"
#include "cpu/pcpu.h"
#include "core/preempt.h"
#include "hvm/hvm.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "plat/tlb.h"
#include "pv/pv.h"

#define FAIL(...) do { fprintf(stderr, "fake: " __VA_ARGS__); abort(); } while ( 0 )
#define NR_PTES 1024
#define PTE_MA  FAKE_PTE_MA

struct fake_world fake;

struct frame *frame_table;
uint8_t *directmap;
uint64_t *m2p_rw;
uint64_t max_mfn = FAKE_FRAMES;
unsigned int nr_cpus = 1;
struct domain *dom0;

static struct pcpu cpu;
static struct domain *all[FAKE_DOMAINS];    /* dying ones too */
static struct domain *dead;                 /* no reference left; freed later, as frames are locked */
static uint8_t *frame_used;
static uint32_t nr_frames_used, nr_slabs;
static uint32_t epoch;

static struct pte {
    const struct domain *d;
    uint64_t addr;
    mfn_t mfn;
    bool readonly;
} ptes[NR_PTES];

struct pcpu *this_pcpu(void) { return &cpu; }

/* Memory. */

static bool alloc_fails(void)
{
    if ( fake.alloc_fails_in < 0 )
        return false;
    if ( fake.alloc_fails_in == 0 )
        return true;
    fake.alloc_fails_in--;
    return false;
}

void *slab_alloc(size_t size)
{
    if ( alloc_fails() )
        return NULL;
    nr_slabs++;
    return calloc(1, size);
}

void slab_free(void *p)
{
    if ( p )
        nr_slabs--;
    free(p);
}

mfn_t heap_alloc(unsigned int order, unsigned int bits, unsigned int flags)
{
    if ( order )
        FAIL("heap_alloc of order %u\n", order);
    if ( alloc_fails() )
        return INVALID_MFN;
    for ( uint64_t i = 1; i < FAKE_FRAMES; i++ ) {
        if ( frame_used[i] )
            continue;
        frame_used[i] = 1;
        nr_frames_used++;
        memset(mfn_to_virt(MFN(i)), 0, PAGE_SIZE);
        memset(&frame_table[i], 0, sizeof(frame_table[i]));
        frame_table[i].owner = DOMID_XEN;
        return MFN(i);
    }
    FAIL("out of RAM\n");
}

void heap_free(mfn_t mfn, unsigned int order, bool dirty)
{
    if ( !mfn_valid(mfn) || !frame_used[mfn.n] )
        FAIL("heap_free of a free frame\n");
    frame_used[mfn.n] = 0;
    nr_frames_used--;
    frame_table[mfn.n].owner = DOMID_INVALID;
    memset(mfn_to_virt(mfn), 0xee, PAGE_SIZE);
}

void *heap_alloc_pages(unsigned int order)
{
    mfn_t mfn = heap_alloc(order, 64, 0);

    return mfn_eq(mfn, INVALID_MFN) ? NULL : mfn_to_virt(mfn);
}

void heap_free_pages(void *va, unsigned int order) { heap_free(virt_to_mfn(va), order, true); }
void heap_claim_used(uint64_t *claim, uint64_t pages) { }

uint32_t tlb_epoch_now(void) { return epoch; }
void tlb_flush_stale(const uint64_t *cpus, uint32_t stamp) { }
void tlb_flush_cpus(const uint64_t *cpus) { fake.nr_tlb_flushes++; epoch++; }

/* Guest addresses are host addresses; 0 faults. */
bool copy_to_guest_index(guest_ptr_t base, uint64_t i, const void *src, size_t size)
{
    if ( base == 0 )
        return false;
    memcpy((uint8_t *)base + i * size, src, size);
    return true;
}

bool preempt_needed(void)
{
    if ( fake.preempt_in < 0 )
        return false;
    if ( fake.preempt_in == 0 ) {
        fake.preempt_in = -1;
        return true;
    }
    fake.preempt_in--;
    return false;
}

/* Domains and vCPUs. */

struct domain *domain_get_by_id(domid_t id)
{
    struct domain *d = id < FAKE_DOMAINS ? all[id] : NULL;

    if ( d )
        domain_ref(d);
    return d;
}

struct domain *domain_get_next(uint32_t id)
{
    for ( ; id < FAKE_DOMAINS; id++ )
        if ( all[id] )
            return domain_get_by_id(id);
    return NULL;
}

int domain_get_remote(domid_t id, struct domain **out)
{
    struct domain *self = current->domain;

    *out = domain_get_by_id(id == DOMID_SELF ? self->id : id);
    if ( !*out )
        return -XEN_ESRCH;
    if ( *out != self && !self->is_privileged ) {
        domain_put(*out);
        return -XEN_EPERM;
    }
    return 0;
}

void domain_put(struct domain *d)
{
    if ( !atomic_dec_and_test(&d->refs) )
        return;
    d->list_next = dead;
    dead = d;
}

static void free_dead(void)
{
    while ( dead ) {
        struct domain *d = dead;

        dead = d->list_next;
        all[d->id] = NULL;
        domain_ref(d);          /* as domain_free */
        for ( unsigned int i = 0; i < FAKE_VCPUS; i++ )
            free(d->vcpu[i]);
        evtchn_free_domain(d);
        gnttab_free_domain(d);
        page_unshare_xenheap(d, d->shared_info);
        free(d->vcpu);
        free(d);
    }
}

static const struct guest_ops ops;

static struct domain *domain_new(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->id = id;
    d->ops = &ops;
    d->is_privileged = id == 0;
    d->page_list = FRAME_NIL;
    d->max_pages = FAKE_FRAMES;
    d->max_vcpus = FAKE_VCPUS;
    d->max_evtchn_port = 131071;
    d->vcpu = calloc(FAKE_VCPUS, sizeof(*d->vcpu));
    atomic_set(&d->refs, 1);
    lock_init(&d->mm_lock, RANK_MM);
    lock_init(&d->evtchn_lock, RANK_EVTCHN);
    d->shared_info = heap_alloc_page();
    page_share_xenheap(d, d->shared_info, false);
    for ( unsigned int i = 0; i < FAKE_VCPUS; i++ ) {
        struct vcpu *v = calloc(1, sizeof(*v));

        v->domain = d;
        v->id = i;
        v->flags = VCPUF_UP;
        v->vcpu_info = &d->shared_info->vcpu_info[i];
        d->vcpu[i] = v;
    }
    if ( evtchn_init_domain(d) || gnttab_init_domain(d, 4, 2) )
        FAIL("domain_new\n");
    return d;
}

void fake_init(void)
{
    if ( !directmap ) {
        frame_table = calloc(FAKE_FRAMES, sizeof(*frame_table));
        directmap = aligned_alloc(PAGE_SIZE, FAKE_FRAMES * PAGE_SIZE);
        m2p_rw = calloc(FAKE_FRAMES, sizeof(*m2p_rw));
        frame_used = calloc(FAKE_FRAMES, 1);
    }
    memset(&fake, 0, sizeof(fake));
    memset(&cpu, 0, sizeof(cpu));
    memset(ptes, 0, sizeof(ptes));
    fake.preempt_in = fake.alloc_fails_in = -1;
    nr_frames_used = nr_slabs = 0;
    for ( unsigned int i = 0; i < FAKE_DOMAINS; i++ )
        fake.dom[i] = all[i] = domain_new(i);
    dom0 = fake.dom[0];
    fake_run(0, 0);
}

void fake_run(unsigned int d, unsigned int v)
{
    free_dead();
    cpu.curr = fake.dom[d]->vcpu[v];
}

mfn_t fake_ram(unsigned int d) { return page_alloc(fake.dom[d], 0, 64, false); }

static void frames_drop(struct domain *d)
{
    spin_lock(&d->mm_lock);
    for ( uint32_t m = d->page_list; m != FRAME_NIL; ) {
        struct frame *f = mfn_to_frame(MFN(m));

        m = f->next;
        if ( f->flags & FF_ALLOCATED )
            page_drop_allocation(d, f);
    }
    spin_unlock(&d->mm_lock);
}

void fake_destroy_domain(unsigned int i)
{
    struct domain *d = fake.dom[i];

    d->state = DOM_DYING;
    while ( evtchn_destroy_domain(d) == -XEN_ERESTART )
        ;
    while ( gnttab_release_mappings(d) == -XEN_ERESTART )
        ;
    for ( unsigned int p = 0; p < NR_PTES; p++ )
        if ( ptes[p].d == d )
            ptes[p] = (struct pte){ 0 };
    frames_drop(d);
    gnttab_destroy_domain(d);
    fake.dom[i] = NULL;
    cpu.curr = fake.dom[0] ? fake.dom[0]->vcpu[0] : NULL;
    domain_put(d);
    free_dead();
}

void fake_exit(void)
{
    for ( unsigned int i = FAKE_DOMAINS; i-- > 0; )
        if ( fake.dom[i] )
            fake_destroy_domain(i);
    if ( nr_frames_used || nr_slabs )
        FAIL("%u frames and %u objects leaked\n", nr_frames_used, nr_slabs);
    if ( cpu.lock_depth )
        FAIL("a lock is still held\n");
}

uint32_t fake_refs(mfn_t mfn) { return mfn_to_frame(mfn)->refs - 1; }
uint32_t fake_types(mfn_t mfn) { return mfn_to_frame(mfn)->type_refs; }

static void no_locks(const char *who)
{
    /* They take locks of their own, down to the first rank given here. */
    if ( cpu.lock_depth && cpu.lock_ranks[cpu.lock_depth - 1] >= RANK_SCHED )
        FAIL("%s with a lock of rank %u held\n", who, cpu.lock_ranks[cpu.lock_depth - 1]);
}

void vcpu_kick(struct vcpu *v)
{
    no_locks("vcpu_kick");
    fake.nr_kicks[v->domain->id][v->id]++;
}

void vcpu_unblock(struct vcpu *v)
{
    no_locks("vcpu_unblock");
    v->flags &= ~(VCPUF_BLOCKED | VCPUF_POLLING);
    fake.nr_unblocks[v->domain->id][v->id]++;
}

/* Of domains without a device model. */
__attribute__((weak)) void ioreq_invalidate(struct domain *d) { }

/* Physical interrupts: dom0 has 16. */

int pirq_bind(struct domain *d, uint32_t pirq, evtchn_port_t port)
{
    if ( pirq >= ARRAY_SIZE(fake.pirq_bound) || d != dom0 )
        return -XEN_EINVAL;
    if ( fake.pirq_bound[pirq] )
        return -XEN_EBUSY;
    fake.pirq_bound[pirq] = port;
    return 0;
}

void pirq_unbind(struct domain *d, uint32_t pirq, evtchn_port_t port)
{
    if ( pirq >= ARRAY_SIZE(fake.pirq_bound) || fake.pirq_bound[pirq] != port )
        FAIL("pirq_unbind of pirq %u\n", pirq);
    fake.pirq_bound[pirq] = 0;
}

void pirq_set_vcpu(struct domain *d, uint32_t pirq, uint32_t vcpu) { fake.pirq_vcpu[pirq] = vcpu; }

/* Page tables.  An entry's machine address is the linear one plus 1 << 40. */

static struct pte *pte_find(const struct domain *d, uint64_t addr)
{
    for ( unsigned int i = 0; i < NR_PTES; i++ )
        if ( ptes[i].d == d && ptes[i].addr == addr )
            return &ptes[i];
    return NULL;
}

static int grant_map(struct vcpu *v, uint64_t addr, mfn_t frame, bool by_pte, bool readonly,
                     uint64_t avail_bits, uint64_t *pte_ma)
{
    struct pte *p;

    if ( by_pte )
        addr -= PTE_MA;
    if ( addr == 0 )
        return GNTST_general_error;
    p = pte_find(v->domain, addr);
    if ( !p )
        p = pte_find(NULL, 0);
    if ( !p )
        return GNTST_general_error;
    *p = (struct pte){ v->domain, addr, frame, readonly };
    *pte_ma = addr + PTE_MA;
    return GNTST_okay;
}

static void grant_unmap(struct domain *d, uint64_t pte_ma, mfn_t frame)
{
    struct pte *p = pte_find(d, pte_ma - PTE_MA);

    if ( p && mfn_eq(p->mfn, frame) )
        *p = (struct pte){ 0 };
}

/* Frames here are never page tables. */
static const struct guest_ops ops = { .grant_map = grant_map, .grant_unmap = grant_unmap };

/* Domains here are paravirtual, unless a test brings the real one along. */
mfn_t __attribute__((weak)) p2m_lookup(const struct domain *d, uint64_t gfn, enum p2m_type *type)
{
    return MFN(gfn);
}

mfn_t fake_mapped(uint64_t addr)
{
    const struct pte *p = pte_find(current->domain, addr);

    return p ? p->mfn : INVALID_MFN;
}

void fake_pte_clear(uint64_t addr)
{
    struct pte *p = pte_find(current->domain, addr);

    if ( p )
        *p = (struct pte){ 0 };
}

void fake_check_mappings(void)
{
    for ( unsigned int i = 0; i < NR_PTES; i++ ) {
        const struct frame *f = mfn_to_frame(ptes[i].mfn);

        if ( ptes[i].d && (f->refs == 0 || f->owner > MAX_DOMID ||
                           (!ptes[i].readonly && !f->type_refs)) )
            FAIL("a mapping outlives its references\n");
    }
}
