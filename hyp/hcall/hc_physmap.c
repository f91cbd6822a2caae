/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op, the part that changes a hardware guest's physical map.  A paravirtual guest keeps its
 * own: for it these calls answer -XEN_EACCES.
 */
#include "hcall/hc_memory.h"

#include "core/gnttab.h"
#include "core/p2m.h"
#include "core/page.h"
#include "hvm/hvm.h"

#define BATCH_MAX           512
#define GRANT_STATUS_FRAMES 0x80000000UL    /* of version 2 */

bool physmap_remove(struct domain *d, uint64_t gfn)
{
    enum p2m_type type;
    const mfn_t mfn = p2m_lookup(d, gfn, &type);
    struct frame *f;

    if ( (type != P2M_RAM && type != P2M_RAM_RO && type != P2M_SHARED) || p2m_clear(d, gfn, 0) )
        return false;
    if ( type == P2M_SHARED ) {
        p2m_flush(d);
        return true;
    }
    f = mfn_to_frame(mfn);
    f->tlb_stamp = tlb_epoch_now();
    m2p_set(mfn, M2P_INVALID);
    /* If another domain maps it, the frame goes when the last mapping does. */
    return page_drop_allocation(d, f);
}

/* What @space, @idx stands for.  A RAM frame is still where it was.  0 or -XEN_E*. */
static int source(struct domain *d, unsigned int space, uint64_t idx, mfn_t *mfn, enum p2m_type *type)
{
    *type = P2M_SHARED;
    switch ( space ) {
    case XENMAPSPACE_shared_info:
        *mfn = d->shared_info_mfn;
        return idx ? -XEN_EINVAL : 0;
    case XENMAPSPACE_grant_table:
        return idx & GRANT_STATUS_FRAMES || idx >> 32 ? -XEN_EOPNOTSUPP
                                                      : gnttab_get_frame(d, idx, mfn);
    case XENMAPSPACE_gmfn: case XENMAPSPACE_gmfn_range:
        *mfn = p2m_lookup(d, idx, type);
        return *type == P2M_RAM ? 0 : -XEN_EINVAL;
    default:
        return -XEN_EOPNOTSUPP;
    }
}

/* *@stale becomes true if a device model may know a frame by a number that is no longer its own. */
static int add_one(struct domain *d, unsigned int space, uint64_t idx, uint64_t gpfn, bool *stale)
{
    enum p2m_type type, old;
    mfn_t mfn;
    int rc = 0;

    /* Grant frames need their own lock, which goes before mm_lock. */
    if ( space == XENMAPSPACE_grant_table )
        rc = source(d, space, idx, &mfn, &type);
    spin_lock(&d->mm_lock);
    if ( space != XENMAPSPACE_grant_table )
        rc = source(d, space, idx, &mfn, &type);
    if ( !rc && type == P2M_RAM && idx == gpfn )
        goto out;
    (void)p2m_lookup(d, gpfn, &old);
    *stale |= old == P2M_RAM || type == P2M_RAM;
    if ( !rc && old != P2M_NONE && !physmap_remove(d, gpfn) )
        rc = -XEN_EINVAL;
    if ( !rc && type == P2M_RAM )
        rc = p2m_clear(d, idx, 0);
    if ( !rc ) {
        rc = p2m_set(d, gpfn, mfn, 0, type);
        if ( rc && type == P2M_RAM && p2m_set(d, idx, mfn, 0, type) )
            (void)page_drop_allocation(d, mfn_to_frame(mfn));
    }
    if ( type == P2M_RAM )
        p2m_flush(d);
 out:
    spin_unlock(&d->mm_lock);
    return rc;
}

int mem_add_to_physmap(struct vcpu *v, struct domain *d, void *arg)
{
    struct xen_add_to_physmap *const a = arg;
    const bool range = a->space == XENMAPSPACE_gmfn_range;
    bool stale = false;
    int rc = 0;

    if ( !d->p2m )
        return -XEN_EACCES;
    if ( !range )
        rc = add_one(d, a->space, a->idx, a->gpfn, &stale);
    /* Progress is in the argument, which is copied back. */
    for ( bool again = false; range && !rc && a->size; again = true, a->size--, a->idx++, a->gpfn++ ) {
        if ( again && preempt_needed() )
            rc = -XEN_ERESTART;
        else
            rc = add_one(d, a->space, a->idx, a->gpfn, &stale);
        if ( rc )
            break;
    }
    if ( stale && d->hvm )
        ioreq_invalidate(d);
    return rc;
}

int mem_add_batch(struct vcpu *v, struct domain *d, void *arg)
{
    const struct xen_add_to_physmap_batch *const a = arg;
    bool stale = false;
    int rc = 0;

    if ( a->size > BATCH_MAX )
        return -XEN_E2BIG;
    if ( !d->p2m )
        return -XEN_EACCES;
    for ( uint32_t i = 0; !rc && i < a->size; i++ ) {
        uint64_t idx, gpfn;
        int32_t err;

        if ( !copy_from_guest_index(&idx, a->idxs, i, sizeof(idx)) ||
             !copy_from_guest_index(&gpfn, a->gpfns, i, sizeof(gpfn)) ) {
            rc = -XEN_EFAULT;
            break;
        }
        err = add_one(d, a->space, idx, gpfn, &stale);
        if ( !copy_to_guest_index(a->errs, i, &err, sizeof(err)) )
            rc = -XEN_EFAULT;
    }
    if ( stale && d->hvm )
        ioreq_invalidate(d);
    return rc;
}

int mem_remove_physmap(struct vcpu *v, struct domain *d, void *arg)
{
    const struct xen_remove_from_physmap *const a = arg;
    int rc;

    if ( !d->p2m )
        return -XEN_EACCES;
    spin_lock(&d->mm_lock);
    rc = physmap_remove(d, a->gpfn) ? 0 : -XEN_ENOENT;
    spin_unlock(&d->mm_lock);
    if ( d->hvm )
        ioreq_invalidate(d);
    return rc;
}
