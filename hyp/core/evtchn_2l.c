/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 2-level format: one pending and one mask bit per port in shared_info, and in
 * each vcpu_info a selector of the 64 words.  All of it is the guest's to
 * write: nothing read here is used but as a condition.
 *
 * 32-bit code (domain.h: is_32bit) has 32 words of 32 ports: the pending bits are at the same place, the
 * mask right behind them, the selector in the upper half of vcpu_info's first 8 bytes.
 */
#include "base/atomic.h"
#include "core/evtchn_priv.h"

#define EVTCHN_2L_NR_32BIT  1024U   /* where the guest is_32bit */

static bool has_bit(const struct domain *d, const struct evtchn *c)
{
    return c->port < (d->is_32bit ? EVTCHN_2L_NR_32BIT : EVTCHN_2L_NR_CHANNELS);
}

static uint64_t *mask_of(const struct domain *d)
{
    return d->is_32bit ? &d->shared_info->evtchn_pending[EVTCHN_2L_NR_32BIT / 64] : d->shared_info->evtchn_mask;
}

static bool select(struct vcpu *v, evtchn_port_t port)
{
    return v->domain->is_32bit ? test_and_set_bit(32 + port / 32, (uint64_t *)v->vcpu_info)
                               : test_and_set_bit(port / 64, &v->vcpu_info->evtchn_pending_sel);
}

static void notify_2l(struct domain *d, const struct evtchn *c)
{
    struct vcpu *v = evtchn_vcpu(d, read_once(c->notify_vcpu));

    if ( v && !select(v, c->port) )
        evtchn_notify_vcpu(v);
}

static bool raise_2l(struct domain *d, struct evtchn *c)
{
    if ( !has_bit(d, c) || test_and_set_bit(c->port, d->shared_info->evtchn_pending) )
        return false;
    if ( !test_bit(c->port, mask_of(d)) )
        notify_2l(d, c);
    return true;
}

static void clear_2l(struct domain *d, struct evtchn *c)
{
    if ( has_bit(d, c) )
        clear_bit(c->port, d->shared_info->evtchn_pending);
}

static void unmask_2l(struct domain *d, struct evtchn *c)
{
    if ( has_bit(d, c) && test_and_clear_bit(c->port, mask_of(d)) &&
         test_bit(c->port, d->shared_info->evtchn_pending) )
        notify_2l(d, c);
}

static bool is_pending_2l(struct domain *d, const struct evtchn *c)
{
    return has_bit(d, c) && test_bit(c->port, d->shared_info->evtchn_pending);
}

static bool is_masked_2l(struct domain *d, const struct evtchn *c)
{
    return !has_bit(d, c) || test_bit(c->port, mask_of(d));
}

static bool is_busy_2l(struct domain *d, const struct evtchn *c) { return !has_bit(d, c); }

const struct evtchn_format evtchn_format_2l = {
    .max_ports  = EVTCHN_2L_NR_CHANNELS,
    .raise      = raise_2l,
    .clear      = clear_2l,
    .unmask     = unmask_2l,
    .is_pending = is_pending_2l,
    .is_masked  = is_masked_2l,
    .is_busy    = is_busy_2l,
};

void evtchn_vcpu_info_moved(struct vcpu *v)
{
    /* The selector and the flag did not move along: say that there may be anything. */
    if ( v->domain->is_32bit )
        __atomic_fetch_or((uint64_t *)v->vcpu_info, ~0UL << 32, __ATOMIC_SEQ_CST);
    else
        __atomic_store_n(&v->vcpu_info->evtchn_pending_sel, ~0UL, __ATOMIC_SEQ_CST);
    evtchn_notify_vcpu(v);
}
