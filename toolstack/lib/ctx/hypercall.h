/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare calls beneath the typed wrappers of domctl.h, sysctl.h, memory.h and guest.h: the
 * operation's structure goes through a page that the hypervisor can always reach, arrays
 * through a second buffer.
 *
 * All of hc_*: 0 or more on success, a negative errno value on failure with the reason in the
 * context.  Not for two threads at once, like the context itself.
 *
 * Who calls: the other files of ctx/; anybody else only for a call that they do not have.
 */
#ifndef CTX_HYPERCALL_H
#define CTX_HYPERCALL_H

#include <xenabi/domctl.h>
#include <xenabi/sysctl.h>
#include <xenabi/xen.h>

#include "ctx/context.h"

/* The interface version that every domctl and sysctl is sent with: Xen 4.17's. */
#define HC_CONTROL_VERSION 0x15

/*
 * Memory for the arrays of the next call, zeroed, valid until the next hc_data: NULL without
 * memory, with the reason in the context.
 */
void *hc_data(struct xn_ctx *ctx, size_t size);

/* A pointer as the ABI carries it. */
static inline guest_ptr_t hc_ptr(const void *p)
{
    return (guest_ptr_t)(uintptr_t)p;
}

/* @op: in and out.  @what names the operation in errors. */
int hc_domctl(struct xn_ctx *ctx, uint32_t cmd, uint32_t domid, struct xen_domctl *op,
              const char *what);
int hc_sysctl(struct xn_ctx *ctx, uint32_t cmd, struct xen_sysctl *op, const char *what);

/*
 * Any call of two arguments whose second is a structure of @size bytes, in and out (size 0:
 * a null pointer): memory_op, event_channel_op, sched_op, xen_version ...  The call's result.
 */
long hc_op2(struct xn_ctx *ctx, unsigned int number, unsigned int cmd, void *arg, size_t size,
            const char *what);

/*
 * Any call with @nr_args arguments as they are; pointers must lead into hc_data's memory.
 * The caller says what failed (xn_fail): nothing is left in the context but "cannot open".
 */
long hc_raw(struct xn_ctx *ctx, unsigned int number, unsigned int nr_args, const uint64_t *args);

#endif
