/* SPDX-License-Identifier: MIT */
/* Grant tables, version 1. */
#include "grant.h"
#include <xenabi/xen.h>
#include "hypercall.h"
#include "lib.h"
#include "platform.h"

#define FIRST_REF 8u

static char table_pages[GRANT_FRAMES * PAGE_SIZE] __attribute__((aligned(4096)));
struct grant_entry_v1 *grant_table = (struct grant_entry_v1 *)table_pages;

long grant_init(void)
{
    static bool done;

    if ( done )
        return 0;

    const long rc = platform->map_grant_table(table_pages, GRANT_FRAMES);

    done = rc == 0;
    return rc;
}

long grant_give(uint16_t domid, uint64_t mfn, bool readonly)
{
    static uint32_t last = GRANT_REFS - 1;
    uint32_t ref = last;

    /* Round and round: the entry after the last one is nearly always free. */
    for ( uint32_t i = FIRST_REF; i < GRANT_REFS; i++ ) {
        ref = ref + 1 < GRANT_REFS ? ref + 1 : FIRST_REF;

        struct grant_entry_v1 *e = &grant_table[ref];

        if ( read_once(e->flags) )
            continue;
        e->frame = (uint32_t)mfn;
        e->domid = domid;
        barrier();
        write_once(e->flags, GTF_permit_access | (readonly ? GTF_readonly : 0));
        last = ref;
        return ref;
    }
    return -XEN_ENOSPC;
}

bool grant_end(uint32_t ref)
{
    uint16_t flags = read_once(grant_table[ref].flags);

    do {
        if ( flags & (GTF_reading | GTF_writing) )
            return false;
    } while ( !__atomic_compare_exchange_n(&grant_table[ref].flags, &flags, 0, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) );
    return true;
}

long grant_map(uint16_t domid, uint32_t ref, uint64_t va, uint32_t flags, uint32_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = platform->grant_address(va), .flags = flags, .ref = ref, .dom = domid,
    };
    const long rc = hc_grant_table_op(GNTTABOP_map_grant_ref, HC_PTR(&op), 1);

    *handle = op.handle;
    return rc ? rc : op.status;
}

long grant_unmap(uint64_t va, uint32_t handle)
{
    struct gnttab_unmap_grant_ref op = { .host_addr = platform->grant_address(va), .handle = handle };
    const long rc = hc_grant_table_op(GNTTABOP_unmap_grant_ref, HC_PTR(&op), 1);

    return rc ? rc : op.status;
}
