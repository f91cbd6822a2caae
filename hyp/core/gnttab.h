/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grant tables, version 1: a domain lends frames to others.  One map record (handle)
 * holds exactly the references taken; unmap releases what the record says and looks
 * at nothing of the guest's.
 */
#ifndef CORE_GNTTAB_H
#define CORE_GNTTAB_H

#include <xenabi/grant_table.h>
#include "core/domain.h"

int must_check gnttab_init_domain(struct domain *d, uint32_t max_grant_frames, uint32_t max_maptrack_frames);
/* Unmap all that @d maps; 0 or -XEN_ERESTART.  Its own grants end as mappers unmap. */
int must_check gnttab_release_mappings(struct domain *d);
void gnttab_destroy_domain(struct domain *d);           /* shared frames no longer mappable */
void gnttab_free_domain(struct domain *d);              /* last reference gone */

/* GNTTABOP_*: bodies for one element, status into the element (GNTST_*). */
void gnttab_map_one(struct gnttab_map_grant_ref *op);
void gnttab_unmap_one(struct gnttab_unmap_grant_ref *op);      /* TLB flush is the batch's end: gnttab_unmap_flush */
void gnttab_unmap_flush(void);
void gnttab_copy_one(struct gnttab_copy *op);
int gnttab_setup_table(struct gnttab_setup_table *op, guest_ptr_t frame_list);
int gnttab_query_size(struct gnttab_query_size *op);
int gnttab_set_version(struct gnttab_set_version *op);
int gnttab_get_version(struct gnttab_get_version *op);

/* Frame @idx of @d's table, grown if needed: acquire_resource, libxl's seeding.  -XEN_EINVAL, -XEN_ENOMEM. */
int must_check gnttab_get_frame(struct domain *d, uint32_t idx, mfn_t *mfn);
int gnttab_set_max(struct domain *d, uint32_t max_grant_frames, uint32_t max_maptrack_frames);
void gnttab_dump(void);                                 /* debug key g */

#endif
