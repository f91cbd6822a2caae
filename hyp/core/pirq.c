/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical interrupts as a domain sees them.
 *
 * A pirq is mapped to a GSI or to one MSI entry, then bound to an event channel.  The irq of
 * a GSI is taken at the first binding, so that two domains may have it mapped; it
 * is kept, masked when unbound, until the pirq is unmapped.
 *
 * The domain's evtchn_lock guards the slots.  The interrupt handler and the guest's EOI read
 * a slot without it: a slot once made stays until the domain is gone, and the irq is
 * freed, which waits for handlers, before its slot changes.
 */
#include "core/pirq.h"

#include <xenabi/physdev.h>

#include "base/atomic.h"
#include "core/evtchn.h"
#include "core/page.h"
#include "core/vcpu.h"
#include "mem/slab.h"
#include "plat/irq.h"
#include "plat/pci.h"

enum pirq_kind {
    PIRQ_FREE,
    PIRQ_BUSY,          /* being mapped or unmapped, without the lock */
    PIRQ_GSI,
    PIRQ_MSI,
};

struct pirq {
    struct domain   *domain;
    struct msi_desc *msi;       /* PIRQ_MSI only */
    uint32_t         irq;
    evtchn_port_t    port;      /* 0: not bound */
    uint16_t         number;
    uint8_t          kind;      /* enum pirq_kind */
    bool             has_irq;   /* the irq is ours */
};

struct pirq_map {
    struct pirq *slot[NR_PIRQS];
    uint64_t    *eoi_map;       /* the guest's page: bit set, EOI is needed; NULL: none */
    mfn_t        eoi_mfn;
};

static struct pirq *pirq_find(const struct domain *d, uint32_t number)
{
    const struct pirq_map *map = __atomic_load_n(&d->pirqs, __ATOMIC_ACQUIRE);

    if ( !map || number >= NR_PIRQS )
        return NULL;
    return __atomic_load_n(&map->slot[number], __ATOMIC_ACQUIRE);
}

/* evtchn_lock held.  The slot, made if need be; NULL: no memory. */
static struct pirq *pirq_make(struct domain *d, uint32_t number)
{
    struct pirq *p;

    if ( !d->pirqs ) {
        struct pirq_map *map = slab_new(struct pirq_map);

        if ( !map )
            return NULL;
        __atomic_store_n(&d->pirqs, map, __ATOMIC_RELEASE);
    }
    p = d->pirqs->slot[number];
    if ( !p ) {
        p = slab_new(struct pirq);
        if ( !p )
            return NULL;
        p->domain = d;
        p->number = number;
        __atomic_store_n(&d->pirqs->slot[number], p, __ATOMIC_RELEASE);
    }
    return p;
}

/* evtchn_lock held.  A free number for a GSI or an MSI, -XEN_ENOSPC. */
static int choose_number(const struct domain *d, bool msi)
{
    const int nr_gsi = irq_nr_gsi();
    const struct pirq *p;

    for ( int i = 0; i < (msi ? NR_PIRQS - nr_gsi : nr_gsi - 16); i++ ) {
        const int number = msi ? NR_PIRQS - 1 - i : 16 + i;

        p = pirq_find(d, number);
        if ( !p || p->kind == PIRQ_FREE )
            return number;
    }
    return -XEN_ENOSPC;
}

/* A CPU for @d's interrupts: where its vCPU @id runs. */
static unsigned int cpu_for(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus && d->vcpu[id] ? read_once(d->vcpu[id]->processor) : 0;
}

static bool needs_eoi(const struct pirq *p) { return p->kind == PIRQ_GSI && irq_is_level(p->irq); }

static void update_eoi_map(struct pirq *p)
{
    uint64_t *eoi_map = p->domain->pirqs->eoi_map;

    if ( !eoi_map )
        return;
    if ( p->port && needs_eoi(p) )
        set_bit(p->number, eoi_map);
    else
        clear_bit(p->number, eoi_map);
}

static bool pirq_interrupt(void *arg)
{
    struct pirq *p = arg;
    const evtchn_port_t port = read_once(p->port);

    if ( unlikely(!port) ) {
        irq_mask(p->irq);
        return false;
    }
    evtchn_send_pirq(p->domain, port);
    return true;
}

/*
 * Take the slot of @number, or if that is negative a free one, for @gsi, or if that is negative busy
 * for an MSI.  A GSI has the slot of its own number unless that is in use otherwise.
 */
static int take_slot(struct domain *d, int number, int gsi, struct pirq **out)
{
    struct pirq *p;
    int rc = 0;

    if ( number >= NR_PIRQS )
        return -XEN_EINVAL;
    spin_lock(&d->evtchn_lock);
    if ( number < 0 && gsi >= 0 ) {
        p = pirq_find(d, gsi);
        if ( !p || p->kind == PIRQ_FREE || p->kind == PIRQ_GSI )
            number = gsi;
    }
    if ( number < 0 )
        number = choose_number(d, gsi < 0);
    p = number < 0 ? NULL : pirq_make(d, number);
    if ( !p ) {
        rc = number < 0 ? number : -XEN_ENOMEM;
    } else if ( p->kind >= PIRQ_BUSY && !(p->kind == PIRQ_GSI && p->irq == (uint32_t)gsi) ) {
        rc = -XEN_EEXIST;
    } else if ( gsi < 0 ) {
        p->kind = PIRQ_BUSY;
    } else {
        p->irq = gsi;
        p->kind = PIRQ_GSI;
    }
    spin_unlock(&d->evtchn_lock);
    *out = p;
    return rc;
}

static int map_gsi(struct domain *d, struct physdev_map_pirq *a)
{
    struct pirq *p;
    int rc;

    if ( a->index < 0 || a->index >= (int)irq_nr_gsi() )
        return -XEN_EINVAL;
    if ( !domain_is_control(d) && !rangeset_contains(&d->irqs, a->index, a->index) )
        return -XEN_EPERM;
    rc = take_slot(d, a->pirq, a->index, &p);
    if ( !rc )
        a->pirq = p->number;
    return rc;
}

static void set_kind(struct pirq *p, enum pirq_kind kind)
{
    spin_lock(&p->domain->evtchn_lock);
    p->kind = kind;
    spin_unlock(&p->domain->evtchn_lock);
}

static int map_msi(struct domain *d, struct physdev_map_pirq *a)
{
    const bool with_segment = a->type != MAP_PIRQ_TYPE_MSI;
    const struct pci_sbdf sbdf = {
        .segment = with_segment ? a->bus >> 16 : 0, .bus = a->bus, .devfn = a->devfn };
    const unsigned int entry = a->table_base ? a->entry_nr : 0;
    struct msi_msg msg;
    struct pirq *p;
    int rc;

    if ( a->type == MAP_PIRQ_TYPE_MULTI_MSI && a->entry_nr != 1 ) {
        /* Several vectors for one capability need interrupt remapping to be moved apart. */
        a->entry_nr = 1;
        return -XEN_EOPNOTSUPP;
    }
    rc = take_slot(d, a->pirq, -1, &p);
    if ( rc )
        return rc;

    rc = irq_alloc_msi(pirq_interrupt, p, cpu_for(d, 0), &msg);
    if ( rc < 0 )
        goto err;
    p->irq = rc;
    rc = msi_setup(sbdf, entry, a->table_base, &msg, &p->msi);
    if ( rc )
        goto err_irq;
    p->has_irq = true;
    set_kind(p, PIRQ_MSI);
    a->pirq = p->number;
    return 0;

 err_irq:
    irq_free(p->irq);
 err:
    set_kind(p, PIRQ_FREE);
    return rc;
}

int pirq_map(struct domain *d, struct physdev_map_pirq *a)
{
    switch ( a->type ) {
    case MAP_PIRQ_TYPE_GSI:
        return map_gsi(d, a);
    case MAP_PIRQ_TYPE_MSI: case MAP_PIRQ_TYPE_MSI_SEG: case MAP_PIRQ_TYPE_MULTI_MSI:
        return map_msi(d, a);
    }
    return -XEN_EINVAL;
}

/* Its irq and MSI entry go back; nothing of it can run afterwards.  No lock held. */
static void release_irq(struct pirq *p)
{
    if ( p->msi )
        msi_teardown(p->msi);
    if ( p->has_irq )
        irq_free(p->irq);
    p->msi = NULL;
    p->has_irq = false;
}

int pirq_unmap(struct domain *d, int number)
{
    struct pirq *p = number < 0 ? NULL : pirq_find(d, number);
    int rc = -XEN_EINVAL;

    if ( !p )
        return rc;
    spin_lock(&d->evtchn_lock);
    if ( p->kind == PIRQ_GSI || p->kind == PIRQ_MSI ) {
        write_once(p->port, 0);
        update_eoi_map(p);
        p->kind = PIRQ_BUSY;
        rc = 0;
    }
    spin_unlock(&d->evtchn_lock);
    if ( rc )
        return rc;
    release_irq(p);
    set_kind(p, PIRQ_FREE);
    return 0;
}

void pirq_destroy_domain(struct domain *d)
{
    struct pirq_map *map;

    spin_lock(&d->evtchn_lock);
    map = d->pirqs;
    if ( map )
        map->eoi_map = NULL;
    d->pirqs = NULL;
    spin_unlock(&d->evtchn_lock);
    if ( !map )
        return;

    for ( unsigned int i = 0; i < NR_PIRQS; i++ ) {
        if ( map->slot[i] ) {
            release_irq(map->slot[i]);
            slab_free(map->slot[i]);
        }
    }
    if ( map->eoi_mfn.n )
        page_unhold(d, map->eoi_mfn, true);
    slab_free(map);
}

/* evtchn_lock held.  The slot of a number that may be bound; dom0 need not map GSIs first. */
static struct pirq *find_bindable(struct domain *d, uint32_t number)
{
    struct pirq *p = pirq_find(d, number);

    if ( (!p || p->kind == PIRQ_FREE) && domain_is_control(d) && number < irq_nr_gsi() ) {
        p = pirq_make(d, number);
        if ( p ) {
            p->kind = PIRQ_GSI;
            p->irq = number;
        }
    }
    return p && (p->kind == PIRQ_GSI || p->kind == PIRQ_MSI) ? p : NULL;
}

int pirq_bind(struct domain *d, uint32_t number, evtchn_port_t port)
{
    struct pirq *p = find_bindable(d, number);
    bool level, active_low;
    int rc;

    if ( !p )
        return -XEN_EINVAL;
    if ( p->port )
        return -XEN_EEXIST;

    write_once(p->port, port);
    update_eoi_map(p);
    if ( !p->has_irq ) {
        irq_gsi_mode(p->irq, &level, &active_low);
        rc = irq_request_gsi(p->irq, level, active_low, pirq_interrupt, p, cpu_for(d, 0));
        p->has_irq = rc == 0;
        if ( rc ) {
            write_once(p->port, 0);
            update_eoi_map(p);
        }
        return rc;
    }
    pirq_set_vcpu(d, number, 0);
    irq_unmask(p->irq);
    if ( p->msi )
        msi_unmask(p->msi);
    return 0;
}

void pirq_unbind(struct domain *d, uint32_t number, evtchn_port_t port)
{
    struct pirq *p = pirq_find(d, number);

    /* It may have been unmapped, and bound anew to another port. */
    if ( !p || p->port != port )
        return;
    if ( p->msi )
        msi_mask(p->msi);
    irq_mask(p->irq);
    write_once(p->port, 0);
    update_eoi_map(p);
}

void pirq_set_vcpu(struct domain *d, uint32_t number, uint32_t vcpu)
{
    struct pirq *p = pirq_find(d, number);
    struct msi_msg msg;

    if ( !p || !p->has_irq || irq_set_cpu(p->irq, cpu_for(d, vcpu), &msg) )
        return;
    if ( p->msi )
        msi_write(p->msi, &msg);
}

int pirq_eoi(struct domain *d, uint32_t number)
{
    const struct pirq *p = pirq_find(d, number);

    if ( !p || read_once(p->kind) < PIRQ_GSI )
        return -XEN_EINVAL;
    irq_done(p->irq);
    return 0;
}

bool pirq_needs_eoi(struct domain *d, uint32_t number)
{
    const struct pirq *p = pirq_find(d, number);

    return p && needs_eoi(p);
}

int pirq_set_eoi_map(struct domain *d, uint64_t gmfn)
{
    int rc = -XEN_EBUSY;

    if ( !page_hold(d, MFN(gmfn), true) )
        return -XEN_EINVAL;

    spin_lock(&d->evtchn_lock);
    if ( !pirq_make(d, 0) ) {
        rc = -XEN_ENOMEM;
    } else if ( !d->pirqs->eoi_map ) {
        d->pirqs->eoi_mfn = MFN(gmfn);
        d->pirqs->eoi_map = frame_map(MFN(gmfn));
        for ( unsigned int i = 0; i < NR_PIRQS; i++ )
            if ( d->pirqs->slot[i] )
                update_eoi_map(d->pirqs->slot[i]);
        rc = 0;
    }
    spin_unlock(&d->evtchn_lock);
    if ( rc )
        page_unhold(d, MFN(gmfn), true);
    return rc;
}
