/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of domain/: what its files need of each other.
 */
#ifndef XENOLITH_DOM_H
#define XENOLITH_DOM_H

#include <uuid/uuid.h>

#include "device/set.h"
#include "device/store.h"
#include "xenolith/domain.h"

#define DOM_NAME_MAX        200
#define DOM_MAXMEM_SLACK    1024        /* KiB that the limit is above what is wanted */

/* Where stock libxl keeps its files too.  Tests point them elsewhere. */
extern const char *dom_lib_dir;         /* "/var/lib/xen" */
extern const char *dom_run_dir;         /* "/run/xen" */

static inline void dom_uuid_text(const uint8_t uuid[16], char text[37])
{
    uuid_unparse_lower(uuid, text);
}

/* names.c */
/* 0 if a new domain may have this name; -EINVAL: it is no name; -EEXIST: the domain *owner
 * (may be NULL) has it. */
int dom_check_name(struct xn_ctx *ctx, const char *name, uint32_t *owner);

/* userdata.c: a domain's files below dom_lib_dir. */
int dom_userdata_write(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16],
                       const char *text);
/* malloc'd; NULL with errno. */
char *dom_userdata_read(uint32_t domid, const uint8_t uuid[16]);
void dom_userdata_remove(uint32_t domid, const uint8_t uuid[16]);
/* Held while a userdata file is read, changed and written; < 0: -errno. */
int dom_userdata_lock(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16]);
void dom_userdata_unlock(int fd, uint32_t domid, const uint8_t uuid[16]);

/* history.c: domain ids that were in use a short while ago. */
bool dom_recently_used(uint32_t domid);
void dom_note_end(struct xn_ctx *ctx, uint32_t domid);

/* claim.c: the file that says which domain is being made, and by a process that lives. */
struct dom_claim {
    int fd;
    uint8_t uuid[16];
};
int dom_claim_take(struct xn_ctx *ctx, struct dom_claim *claim, const uint8_t uuid[16]);
/* keep: leave the file: what was begun could not be undone. */
void dom_claim_drop(struct dom_claim *claim, bool keep);
enum dom_making { DOM_FINISHED, DOM_BEING_MADE, DOM_LEFT_OVER };
enum dom_making dom_claim_state(const uint8_t uuid[16]);
void dom_claim_forget(const uint8_t uuid[16]);
/* End what killed creations left, saying so. */
void dom_claim_sweep(struct xn_ctx *ctx);
/* One process at a time gives a domain its name. */
int dom_names_lock(struct xn_ctx *ctx);
void dom_names_unlock(int fd);

/* layout.c */
void dom_nodes(struct store_batch *b, uint32_t domid, const struct xn_domain_config *c);
void dom_ring_nodes(struct store_batch *b, uint32_t domid, uint32_t store_port,
                    uint64_t store_mfn, uint32_t console_port, uint64_t console_mfn);
void dom_nodes_remove(struct store_batch *b, uint32_t domid, const char *uuid);

/* plan.c */
struct image;
struct dom_plan {
    struct xn_domain_config *c;
    struct image *image;
    struct dev_set devices;
    uint32_t pool;
    int32_t grant_frames;
};
int dom_plan(struct xn_ctx *ctx, struct dom_plan *plan, struct xn_domain_config *c);
void dom_plan_free(struct dom_plan *plan);
void dom_plan_describe(struct xn_ctx *ctx, const struct dom_plan *plan);

/* kept.c: change the stored configuration, if there is one. */
int dom_config_change(struct xn_ctx *ctx, const struct xn_domain *d,
                      void (*change)(struct xn_domain_config *c, const void *data),
                      const void *data);

/* requests.c: the guest and the stored configuration learn of a new limit. */
int dom_note_maxmem(struct xn_ctx *ctx, const struct xn_domain *d, uint64_t kib);

/* destroy.c: as xn_domain_destroy, for a domain that may be half made. */
int dom_destroy(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16]);

#endif
