/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GNTTABOP_*: arrays of elements, taken one by one as private copies.  A batch that
 * stops goes on with the elements that are left: pointer and count are advanced.
 */
#include "core/gnttab.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"

union gnttab_element {
    struct gnttab_map_grant_ref map;
    struct gnttab_unmap_grant_ref unmap;
    struct gnttab_copy copy;
};

static void do_map(struct gnttab_batch *b, void *op) { gnttab_map_one(op); }
static void do_unmap(struct gnttab_batch *b, void *op) { gnttab_unmap_one(b, op); }
static void do_copy(struct gnttab_batch *b, void *op) { gnttab_copy_one(op); }

/* The operations whose speed matters. */
static const struct {
    void (*fn)(struct gnttab_batch *b, void *op);
    size_t size;
} batch_ops[] = {
    [GNTTABOP_map_grant_ref]   = { do_map,   sizeof(struct gnttab_map_grant_ref) },
    [GNTTABOP_unmap_grant_ref] = { do_unmap, sizeof(struct gnttab_unmap_grant_ref) },
    [GNTTABOP_copy]            = { do_copy,  sizeof(struct gnttab_copy) },
};

static long run_batch(struct vcpu *v, uint64_t cmd, guest_ptr_t uop, uint32_t count)
{
    const size_t size = batch_ops[cmd].size;
    __attribute__((uninitialized)) struct gnttab_batch b;   /* of e[], the first nr count */
    uint32_t i;
    long rc = 0;

    b.nr = 0;
    b.needs_flush = false;
    for ( i = 0; i < count; i++ ) {
        union gnttab_element op;

        if ( i && preempt_needed() ) {
            rc = -XEN_ERESTART;
            break;
        }
        if ( unlikely(!copy_from_guest_index(&op, uop, i, size)) ) {
            rc = -XEN_EFAULT;
            break;
        }
        batch_ops[cmd].fn(&b, &op);
        if ( unlikely(!copy_to_guest_index(uop, i, &op, size)) ) {
            rc = -XEN_EFAULT;
            break;
        }
    }
    gnttab_unmap_flush(&b);

    if ( rc == -XEN_ERESTART ) {
        cont_set_arg(v, 1, uop + i * size);
        cont_set_arg(v, 2, count - i);
    }
    return rc;
}

HC_OP(op_setup_table, gnttab_setup_table, gnttab_setup_table(a))
HC_OP(op_query_size, gnttab_query_size, gnttab_query_size(a))
HC_OP(op_set_version, gnttab_set_version, gnttab_set_version(a))
/* Windows's drivers look whether set_version had its effect. */
HC_DO(op_get_version, gnttab_get_version, a->version = 1)

static int op_refused(struct vcpu *v, struct domain *d, void *arg) { return -XEN_EOPNOTSUPP; }

static const struct hc_op single_ops[] = {
#define OP(name, flags) \
    [GNTTABOP_##name] = { op_##name, sizeof(struct gnttab_##name), flags, PERM_ANY }
    OP(setup_table,       HC_COPY_BACK),
    OP(query_size,        HC_COPY_BACK),
    OP(set_version,       HC_COPY_BACK),
    OP(get_version,       HC_COPY_BACK | HC_DOMAIN),
#undef OP
    /* Known, and not served: SUPPORT.md. */
    [GNTTABOP_transfer]          = { op_refused, 0, 0, PERM_ANY },
    [GNTTABOP_unmap_and_replace] = { op_refused, 0, 0, PERM_ANY },
    [GNTTABOP_swap_grant_ref]    = { op_refused, 0, 0, PERM_ANY },
    [GNTTABOP_cache_flush]       = { op_refused, 0, 0, PERM_ANY },
};

long hc_grant_table_op(uint64_t op, uint64_t uop, uint64_t count, uint64_t a4)
{
    struct vcpu *v = current;
    const uint32_t cmd = op, nr = count;        /* 32 bits wide in the ABI */

    if ( (int32_t)nr < 0 )
        return -XEN_EINVAL;
    if ( cmd < ARRAY_SIZE(batch_ops) && batch_ops[cmd].fn )
        return run_batch(v, cmd, uop, nr);
    if ( (cmd == GNTTABOP_setup_table || cmd == GNTTABOP_query_size) && nr != 1 )
        return -XEN_EINVAL;
    return hc_dispatch(v, single_ops, ARRAY_SIZE(single_ops), cmd, uop);
}
