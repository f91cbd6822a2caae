/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domctl: saved state and paging memory of hardware guests. */
#include "hcall/hc_ctl.h"

#include "hvm/hvm.h"
#include "mem/heap.h"

#define CONTEXT_ORDER   6       /* room for the records of 128 vCPUs */
#define RECORD_MAX      4096

int dc_gethvmcontext(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *const a = &op->u.hvmcontext;
    uint32_t size = 0;
    void *buf;
    int rc = hvm_save(d, NULL, &size);

    if ( rc || !a->buffer ) {
        a->size = size;
        return rc;
    }
    if ( a->size < size )
        return -XEN_ENOSPC;
    if ( size > PAGE_SIZE << CONTEXT_ORDER )
        return -XEN_E2BIG;
    buf = heap_alloc_pages(CONTEXT_ORDER);
    if ( !buf )
        return -XEN_ENOMEM;
    domain_pause(d);
    rc = hvm_save(d, buf, &size);
    domain_unpause(d);
    a->size = size;
    if ( !rc && !copy_to_guest(a->buffer, buf, size) )
        rc = -XEN_EFAULT;
    heap_free_pages(buf, CONTEXT_ORDER);
    return rc;
}

int dc_sethvmcontext(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_hvmcontext *const a = &op->u.hvmcontext;
    void *buf;
    int rc = -XEN_EFAULT;

    if ( a->size > PAGE_SIZE << CONTEXT_ORDER )
        return -XEN_E2BIG;
    buf = heap_alloc_pages(CONTEXT_ORDER);
    if ( !buf )
        return -XEN_ENOMEM;
    if ( copy_from_guest(buf, a->buffer, a->size) ) {
        domain_pause(d);
        rc = hvm_load(d, buf, a->size);
        domain_unpause(d);
    }
    heap_free_pages(buf, CONTEXT_ORDER);
    return rc;
}

int dc_gethvmcontext_partial(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext_partial *const a = &op->u.hvmcontext_partial;
    uint32_t size = RECORD_MAX;
    void *buf = heap_alloc_page();
    int rc;

    if ( !buf )
        return -XEN_ENOMEM;
    domain_pause(d);
    rc = hvm_save_one(d, a->type, a->instance, buf, &size);
    domain_unpause(d);
    if ( !rc && a->bufsz < size )
        rc = -XEN_ENOSPC;
    if ( !rc && !copy_to_guest(a->buffer, buf, size) )
        rc = -XEN_EFAULT;
    a->bufsz = size;
    heap_free_page(buf);
    return rc;
}

/* Tables of the physical map come from the hypervisor's heap, bounded by core/p2m.c: any pool will do. */
int dc_set_paging_mempool_size(struct domain *d, struct xen_domctl *op) { return 0; }

int dc_shadow_op(struct domain *d, struct xen_domctl *op)
{
    switch ( op->u.shadow_op.op ) {
    case XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION: case XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION:
        return 0;
    default:
        return -XEN_EOPNOTSUPP;     /* dirty logging */
    }
}
