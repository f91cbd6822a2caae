/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that a domain makes for itself, made here on another domain's behalf: page tables,
 * event channels, the end.  See hypercall.h for what is common.
 */
#ifndef CTX_GUEST_H
#define CTX_GUEST_H

#include <xenabi/event_channel.h>
#include <xenabi/sched.h>

#include "ctx/hypercall.h"

/* All or an error: what was done before the one that failed stays done. */
int hc_mmu_update(struct xn_ctx *ctx, uint32_t domid, const struct mmu_update *list,
                  size_t count);
int hc_mmuext_op(struct xn_ctx *ctx, uint32_t domid, const struct mmuext_op *list, size_t count);

/* A port of domid's that remote may bind to. */
int hc_evtchn_alloc_unbound(struct xn_ctx *ctx, uint32_t domid, uint32_t remote,
                            uint32_t *port);
/* s->dom and s->port IN, the rest OUT. */
int hc_evtchn_status(struct xn_ctx *ctx, struct evtchn_status *s);
int hc_evtchn_reset(struct xn_ctx *ctx, uint32_t domid);

/* reason: SHUTDOWN_* */
int hc_remote_shutdown(struct xn_ctx *ctx, uint32_t domid, uint32_t reason);

#endif
