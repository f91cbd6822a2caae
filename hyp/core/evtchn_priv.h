/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What evtchn.c and the two formats share.  Nobody else includes this.
 *
 * Locking.  A domain's evtchn_lock guards its channels: state, binding and the union.
 * An interdomain pair changes only with both domains' locks held (lower domain id
 * first), so either lock alone keeps the pair together: evtchn_send needs only
 * the sender's to reach the peer.  Of the peer it reads notify_vcpu and priority, single
 * words that may change at any time, each value being a right one.
 *
 * Channels never move and are freed with the domain's last reference, which each
 * end of a pair holds on the other's domain.  So virtual and physical
 * interrupts are raised without evtchn_lock: whoever loses the race with a close
 * sends a spurious event at worst.  Raising must work without locks above
 * RANK_PIRQ held.
 */
#pragma once

#include "core/evtchn.h"
#include "core/vcpu.h"

struct evtchn {
    uint8_t       state;            /* E  EVTCHNSTAT_*; free is closed */
    uint8_t       priority;         /* E  FIFO: queue for the next event */
    uint8_t       last_priority;    /* F  queue it was linked on last, survives close */
    bool          is_saved;         /* F  raised before the event array reached it */
    uint16_t      notify_vcpu;      /* E  with EVTCHN_HYP: told to the hypervisor for that vCPU */
    uint16_t      last_vcpu;        /* F */
    evtchn_port_t port;             /* I */
    union {
        uint32_t  remote_id;        /* unbound: who may bind */
        uint32_t  virq;
        uint32_t  pirq;
    };
    struct domain *remote;          /* interdomain: referenced */
    struct evtchn *peer;
};
_Static_assert(sizeof(struct evtchn) == 32, "128 to a page");

#define EVTCHN_PER_BUCKET   128
#define EVTCHN_HYP          0x8000

struct evtchn_fifo;

struct evtchn_table {
    const struct evtchn_format *format; /* E  read anywhere */
    struct evtchn_fifo *fifo;       /* E  set once, freed with the domain */
    uint32_t nr_ports;              /* E  channels that exist, a multiple of EVTCHN_PER_BUCKET */
    uint32_t max_ports;             /* I  limit by d->max_evtchn_port */
    uint32_t first_free;            /* E  every port below is taken */
    struct evtchn *bucket[];        /* published before nr_ports grows */
};

/* One of the guest's two forms of pending state.  @c belongs to @d. */
struct evtchn_format {
    uint32_t max_ports;
    /* Set pending; notify the vCPU if that made it deliverable.  True if it was not pending. */
    bool (*raise)(struct domain *d, struct evtchn *c);
    void (*clear)(struct domain *d, struct evtchn *c);
    void (*unmask)(struct domain *d, struct evtchn *c);
    bool (*is_pending)(struct domain *d, const struct evtchn *c);
    bool (*is_masked)(struct domain *d, const struct evtchn *c);
    /* A closed port not to be given out: the guest may still find it in a queue, or it has no bit. */
    bool (*is_busy)(struct domain *d, const struct evtchn *c);
};

extern const struct evtchn_format evtchn_format_2l, evtchn_format_fifo;

/* Channel @port of @d, or NULL if there is none yet.  Any lock or none: channels stay. */
static inline struct evtchn *evtchn_get(const struct domain *d, evtchn_port_t port)
{
    const struct evtchn_table *t = d->evtchn;

    if ( !t || port >= __atomic_load_n(&t->nr_ports, __ATOMIC_ACQUIRE) )
        return NULL;
    return &t->bucket[port / EVTCHN_PER_BUCKET][port % EVTCHN_PER_BUCKET];
}

/* vCPU @id of @d or NULL; @id may be the guest's. */
static inline struct vcpu *evtchn_vcpu(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? read_once(d->vcpu[id]) : NULL;
}

/* A port that is the hypervisor's own: not for the guest's calls. */
static inline bool evtchn_is_hyp(const struct evtchn *c)
{
    return read_once(c->notify_vcpu) & EVTCHN_HYP;
}

/* Something deliverable is there for @v: tell it, once. */
void evtchn_notify_vcpu(struct vcpu *v);

/* Give back the guest frames of the FIFO format, no longer in use.  No lock held. */
void evtchn_fifo_reset(struct domain *d);
void evtchn_fifo_free(struct domain *d);
