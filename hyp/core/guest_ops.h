/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table by which core/ reaches the kinds of guests (pv/, later hvm/) above it. */
#ifndef CORE_GUEST_OPS_H
#define CORE_GUEST_OPS_H

#include "core/vcpu.h"

struct guest_ops {
    int  (*domain_create)(struct domain *d);
    void (*domain_free)(struct domain *d);
    int  (*vcpu_create)(struct vcpu *v);
    void (*vcpu_free)(struct vcpu *v);
    int  (*relinquish)(struct domain *d);       /* 0 or -XEN_ERESTART */
    void (*teardown_frame)(struct domain *d, struct frame *f);  /* half-validated, about to be freed; mm_lock */
    void (*switch_from)(struct vcpu *v);
    void (*switch_to)(struct vcpu *v);
    void (*dump_crash)(struct domain *d);       /* registers of the guest, a few lines */
};
extern const struct guest_ops *guest_ops;       /* set once at boot */

#endif
