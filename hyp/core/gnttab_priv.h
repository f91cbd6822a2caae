/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The granter's side, as gnttab.c offers it to gnttab_copy.c.  Theory: gnttab.c. */
#pragma once

#include "core/gnttab.h"

/*
 * Pin entry @ref of @rd for @grantee, @nr times.  GNTST_*.  *@mfn is what the granter says:
 * it need not be a frame of @rd.  Takes @rd's gnttab lock, as unpin does.
 */
int16_t must_check gnttab_pin(struct domain *rd, domid_t grantee, grant_ref_t ref, bool readonly,
                              unsigned int nr, mfn_t *mfn);
void gnttab_unpin(struct domain *rd, grant_ref_t ref, bool readonly, unsigned int nr);
