/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1: a domain lends frames to others.  One map record (handle)
 * says what a mapping holds of the granter's entry; unmap releases what the record
 * says and looks at nothing of the guest's.
 */
#pragma once

#include <xenabi/grant_table.h>
#include "core/domain.h"

/* Limits as in createdomain: negative for the default.  -XEN_ENOMEM: nothing is left. */
int must_check gnttab_init_domain(struct domain *d, uint32_t max_grant_frames,
                                  uint32_t max_maptrack_frames);
/* Unmap all that @d maps; 0 or -XEN_ERESTART.  Its own grants end as mappers unmap. */
int must_check gnttab_release_mappings(struct domain *d);
void gnttab_destroy_domain(struct domain *d);           /* shared frames no longer mappable */
void gnttab_free_domain(struct domain *d);              /* last reference gone */

/*
 * Mappings that were taken out of page tables, but may still be in TLBs: their
 * references are dropped after one flush for all of them.  Starts zeroed.
 */
#define GNTTAB_BATCH    64

struct gnttab_batch {
    uint32_t nr;
    bool     needs_flush;
    struct gnttab_unmapped {
        struct domain *rd;
        grant_handle_t handle;
        grant_ref_t    ref;
        mfn_t          mfn;
        uint16_t       parts;       /* GNTMAP_host_map, GNTMAP_device_map: what goes */
        bool           readonly;
    } e[GNTTAB_BATCH];
};

/* GNTTABOP_*: one element, by the current domain; its status is GNTST_*. */
void gnttab_map_one(struct gnttab_map_grant_ref *op);
void gnttab_unmap_one(struct gnttab_batch *b, struct gnttab_unmap_grant_ref *op);
void gnttab_unmap_flush(struct gnttab_batch *b);        /* at the latest before the call returns */
void gnttab_copy_one(struct gnttab_copy *op);
/* XEN_E* results for the call; the outcome is in op->status. */
int gnttab_setup_table(struct gnttab_setup_table *op);
int gnttab_query_size(struct gnttab_query_size *op);
int gnttab_set_version(struct gnttab_set_version *op);

/* Frame @idx of @d's table, grown if needed: acquire_resource.  -XEN_EINVAL, -XEN_ENOMEM. */
int must_check gnttab_get_frame(struct domain *d, uint32_t idx, mfn_t *mfn);
void gnttab_dump(void);                                 /* debug key g */
