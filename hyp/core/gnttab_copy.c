/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GNTTABOP_copy: bytes between two pages, each lent to the caller or its own.  Both frames
 * are held, and entries pinned, for the time of the copy; nothing is left afterwards.
 */
#include "base/string.h"
#include "core/gnttab_priv.h"
#include "core/p2m.h"
#include "core/page.h"
#include "core/vcpu.h"
#include "cpu/pcpu.h"

struct copy_side {
    struct domain *d;               /* owner of the frame, referenced */
    mfn_t mfn;
    bool  readonly;
};

static int16_t copy_acquire_own(const struct gnttab_copy_ptr *p, struct copy_side *s)
{
    s->d = current->domain;
    s->mfn = gfn_to_mfn(s->d, p->u.gmfn);
    if ( p->domid != DOMID_SELF && p->domid != s->d->id )
        return GNTST_permission_denied;
    if ( !page_hold(s->d, s->mfn, !s->readonly) )
        return GNTST_bad_page;
    domain_ref(s->d);
    return GNTST_okay;
}

static int16_t copy_acquire_ref(const struct gnttab_copy_ptr *p, struct copy_side *s)
{
    struct domain *ld = current->domain;
    int16_t st;

    s->d = domain_get_by_id(p->domid == DOMID_SELF ? ld->id : p->domid);
    if ( !s->d )
        return GNTST_bad_domain;
    st = gnttab_pin(s->d, ld->id, p->u.ref, s->readonly, 1, &s->mfn);
    if ( st != GNTST_okay )
        goto err;
    if ( page_hold(s->d, s->mfn, !s->readonly) )
        return GNTST_okay;

    gnttab_unpin(s->d, p->u.ref, s->readonly, 1);
    st = GNTST_bad_page;
 err:
    domain_put(s->d);
    return st;
}

static int16_t copy_acquire(const struct gnttab_copy_ptr *p, uint16_t len, bool by_ref,
                            struct copy_side *s)
{
    if ( !range_ok(p->offset, len, PAGE_SIZE) )
        return GNTST_bad_copy_arg;
    return by_ref ? copy_acquire_ref(p, s) : copy_acquire_own(p, s);
}

static void copy_release(const struct gnttab_copy_ptr *p, bool by_ref, const struct copy_side *s)
{
    page_unhold(s->d, s->mfn, !s->readonly);
    if ( by_ref )
        gnttab_unpin(s->d, p->u.ref, s->readonly, 1);
    domain_put(s->d);
}

void gnttab_copy_one(struct gnttab_copy *op)
{
    const bool src_ref = op->flags & GNTCOPY_source_gref, dst_ref = op->flags & GNTCOPY_dest_gref;
    struct copy_side src = { .readonly = true }, dst = { .readonly = false };
    uint8_t *from, *to;

    op->status = copy_acquire(&op->source, op->len, src_ref, &src);
    if ( op->status != GNTST_okay )
        return;
    op->status = copy_acquire(&op->dest, op->len, dst_ref, &dst);
    if ( op->status != GNTST_okay )
        goto out;

    from = frame_map(src.mfn);
    to = frame_map(dst.mfn);
    if ( mfn_eq(src.mfn, dst.mfn) )
        memmove(to + op->dest.offset, from + op->source.offset, op->len);
    else
        memcpy(to + op->dest.offset, from + op->source.offset, op->len);
    frame_unmap(to);
    frame_unmap(from);
    copy_release(&op->dest, dst_ref, &dst);
 out:
    copy_release(&op->source, src_ref, &src);
}
