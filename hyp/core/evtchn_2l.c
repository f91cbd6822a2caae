/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 2-level format: one pending and one mask bit per port in shared_info, and in
 * each vcpu_info a selector of the 64 words.  All of it is the guest's to
 * write: nothing read here is used but as a condition.
 */
#include "base/atomic.h"
#include "core/evtchn_priv.h"

static void notify_2l(struct domain *d, const struct evtchn *c)
{
    struct vcpu *v = evtchn_vcpu(d, read_once(c->notify_vcpu));

    if ( v && !test_and_set_bit(c->port / 64, &v->vcpu_info->evtchn_pending_sel) )
        evtchn_notify_vcpu(v);
}

static bool raise_2l(struct domain *d, struct evtchn *c)
{
    struct shared_info *s = d->shared_info;

    if ( c->port >= EVTCHN_2L_NR_CHANNELS || test_and_set_bit(c->port, s->evtchn_pending) )
        return false;
    if ( !test_bit(c->port, s->evtchn_mask) )
        notify_2l(d, c);
    return true;
}

static void clear_2l(struct domain *d, struct evtchn *c)
{
    if ( c->port < EVTCHN_2L_NR_CHANNELS )
        clear_bit(c->port, d->shared_info->evtchn_pending);
}

static void unmask_2l(struct domain *d, struct evtchn *c)
{
    struct shared_info *s = d->shared_info;

    if ( c->port < EVTCHN_2L_NR_CHANNELS &&
         test_and_clear_bit(c->port, s->evtchn_mask) &&
         test_bit(c->port, s->evtchn_pending) )
        notify_2l(d, c);
}

static bool is_pending_2l(struct domain *d, const struct evtchn *c)
{
    return c->port < EVTCHN_2L_NR_CHANNELS && test_bit(c->port, d->shared_info->evtchn_pending);
}

static bool is_masked_2l(struct domain *d, const struct evtchn *c)
{
    return c->port >= EVTCHN_2L_NR_CHANNELS || test_bit(c->port, d->shared_info->evtchn_mask);
}

static bool is_busy_2l(struct domain *d, const struct evtchn *c) { return false; }

const struct evtchn_format evtchn_format_2l = {
    .max_ports  = EVTCHN_2L_NR_CHANNELS,
    .raise      = raise_2l,
    .clear      = clear_2l,
    .unmask     = unmask_2l,
    .is_pending = is_pending_2l,
    .is_masked  = is_masked_2l,
    .is_busy    = is_busy_2l,
};
