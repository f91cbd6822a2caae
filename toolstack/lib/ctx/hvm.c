/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed wrappers of the calls of hvm.h.
 */
#include <errno.h>
#include <string.h>

#include <xenabi/hvm/hvm_op.h>

#include "ctx/domctl.h"
#include "ctx/hvm.h"

static int param(struct xn_ctx *ctx, unsigned int cmd, uint32_t domid, uint32_t index,
                 uint64_t *value)
{
    struct xen_hvm_param p = { .domid = (domid_t)domid, .index = index, .value = *value };
    int rc = (int)hc_op2(ctx, __HYPERVISOR_hvm_op, cmd, &p, sizeof(p), "hvm_op");

    if ( rc )
        return xn_because(ctx, rc, "parameter %u of domain %u", index, domid);
    *value = p.value;
    return 0;
}

int hc_set_hvm_param(struct xn_ctx *ctx, uint32_t domid, uint32_t index, uint64_t value)
{
    return param(ctx, HVMOP_set_param, domid, index, &value);
}

int hc_get_hvm_param(struct xn_ctx *ctx, uint32_t domid, uint32_t index, uint64_t *value)
{
    *value = 0;
    return param(ctx, HVMOP_get_param, domid, index, value);
}

int hc_gethvmcontext(struct xn_ctx *ctx, uint32_t domid, void *buffer, uint32_t *size)
{
    struct xen_domctl op = { .u.hvmcontext.size = buffer ? *size : 0 };
    void *data = NULL;
    int rc;

    if ( buffer ) {
        data = hc_data(ctx, *size);
        if ( !data )
            return -ENOMEM;
        op.u.hvmcontext.buffer = hc_ptr(data);
    }
    rc = hc_domctl(ctx, XEN_DOMCTL_gethvmcontext, domid, &op, "gethvmcontext");
    if ( rc )
        return rc;
    if ( buffer && op.u.hvmcontext.size > *size )
        return xn_fail(ctx, EIO, "domain %u: its context has grown", domid);
    *size = op.u.hvmcontext.size;
    if ( buffer )
        memcpy(buffer, data, *size);
    return 0;
}

int hc_sethvmcontext(struct xn_ctx *ctx, uint32_t domid, const void *buffer, uint32_t size)
{
    void *data = hc_data(ctx, size);
    struct xen_domctl op = { .u.hvmcontext = { .size = size, .buffer = hc_ptr(data) } };

    if ( !data )
        return -ENOMEM;
    memcpy(data, buffer, size);
    return hc_domctl(ctx, XEN_DOMCTL_sethvmcontext, domid, &op, "sethvmcontext");
}

int hc_set_paging_mempool(struct xn_ctx *ctx, uint32_t domid, uint64_t bytes)
{
    struct xen_domctl op = { .u.paging_mempool.size = bytes };
    int rc;

    /* It stops now and then, for others to run. */
    do {
        rc = hc_domctl(ctx, XEN_DOMCTL_set_paging_mempool_size, domid, &op,
                       "set_paging_mempool_size");
    } while ( rc == -EAGAIN || rc == -ERESTART );
    return rc;
}
