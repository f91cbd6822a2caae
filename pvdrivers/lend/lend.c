/* SPDX-License-Identifier: MIT */
#include "lend/lend.h"

int lend_page(struct xenbus *bus, void **page, grant_ref_t *ref, bool readonly)
{
    int rc;

    if ( *page )
        return 0;
    *page = bus->ops->pages_alloc(bus->ctx, 1);
    if ( !*page )
        return -XEN_ENOMEM;
    rc = bus->ops->grant_give(bus->ctx, bus->peer, *page, readonly, ref);
    if ( rc )
    {
        bus->ops->pages_free(bus->ctx, *page, 1);
        *page = NULL;
        *ref = PV_NO_GRANT;
    }
    return rc;
}

bool lend_end(struct xenbus *bus, grant_ref_t *ref, unsigned int *lost)
{
    const bool ok = *ref == PV_NO_GRANT || bus->ops->grant_end(bus->ctx, *ref) == 0;

    *lost += !ok;
    *ref = PV_NO_GRANT;
    return ok;
}

void lend_drop(struct xenbus *bus, void **page, grant_ref_t *ref, unsigned int *lost)
{
    if ( *page && lend_end(bus, ref, lost) )
        bus->ops->pages_free(bus->ctx, *page, 1);
    *page = NULL;
}

int lend_check_lost(struct xenbus *bus, unsigned int lost)
{
    if ( lost <= LEND_MAX_LOST )
        return 0;
    xenbus_log(bus, "the back end keeps too many of our pages");
    return -XEN_EBUSY;
}

static int copy_mapped(struct xenbus *bus, const struct pv_copy *c)
{
    void *at;

    if ( bus->ops->grant_map(bus->ctx, bus->peer, &c->ref, 1, !c->to_peer, &at) )
        return -XEN_EFAULT;
    uint8_t *theirs = (uint8_t *)at + c->offset;

    /* What comes out is looked at only afterwards, and must not be read from their page again. */
    if ( c->to_peer )
        __builtin_memcpy(theirs, c->local, c->len);
    else
        __builtin_memcpy(c->local, theirs, c->len);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    bus->ops->grant_unmap(bus->ctx, at, 1);
    return 0;
}

void lend_copy(struct xenbus *bus, struct pv_copy *copies, unsigned int nr)
{
    if ( nr && bus->ops->grant_copy )
    {
        bus->ops->grant_copy(bus->ctx, bus->peer, copies, nr);
        return;
    }
    for ( unsigned int i = 0; i < nr; i++ )
        copies[i].status = copy_mapped(bus, &copies[i]);
}
