/* SPDX-License-Identifier: MIT */
/* Grant tables, version 1: lending frames to other domains, and mapping theirs. */
#ifndef GUEST_GRANT_H
#define GUEST_GRANT_H

#include <stdbool.h>
#include <stdint.h>
#include <xenabi/grant_table.h>

#define GRANT_FRAMES 4u
#define GRANT_REFS   (GRANT_FRAMES * 512u)

extern struct grant_entry_v1 *grant_table;  /* GRANT_REFS entries; the first 8 are reserved */

long grant_init(void);                      /* 0 or the error of setup_table or of mapping it; once is enough */
long grant_give(uint16_t domid, uint64_t mfn, bool readonly);   /* the reference, or -XEN_ENOSPC */
bool grant_end(uint32_t ref);               /* false: the peer still uses it, nothing changed */

/* Map at @va (a page of ours that has an L1 entry); *handle for the unmap.  GNTST_* or -XEN_E*. */
long grant_map(uint16_t domid, uint32_t ref, uint64_t va, uint32_t flags, uint32_t *handle);
long grant_unmap(uint64_t va, uint32_t handle);

#endif
