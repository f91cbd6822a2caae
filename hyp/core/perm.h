/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what to whom: the one place. */
#pragma once

#include "core/domain.h"

enum perm {
    PERM_ANY,           /* every guest, on itself */
    PERM_CONTROL,       /* the control domain only */
    PERM_HARDWARE,      /* a domain that owns devices: today the control domain */
};

static inline bool perm_allows(const struct domain *d, enum perm p)
{
    return p == PERM_ANY || d->is_privileged;
}
