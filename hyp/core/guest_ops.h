/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table by which core/ reaches the kinds of guests (pv/, hvm/) above it: d->ops. */
#pragma once

#include "core/vcpu.h"

struct guest_ops {
    int  (*domain_create)(struct domain *d, const struct xen_domctl_createdomain *cfg);
    void (*domain_free)(struct domain *d);
    int  (*vcpu_create)(struct vcpu *v);
    void (*vcpu_free)(struct vcpu *v);
    int  (*relinquish)(struct domain *d);       /* 0 or -XEN_ERESTART */
    void (*teardown_frame)(struct domain *d, struct frame *f);  /* half-validated, about to be freed; mm_lock */
    void (*switch_from)(struct vcpu *v);
    void (*switch_to)(struct vcpu *v);
    void (*deliver)(struct vcpu *v);            /* work bits and upcalls, on the way back to the guest */
    /*
     * Map/unmap for grants: a PTE by machine address (GNTMAP_contains_pte) or by linear address; for
     * hardware guests an entry of the physical map, @pte_ma being the guest-physical address.
     * GNTST_* results.  The PTE is marked and holds nothing: the frame's references are the map
     * record's, whatever the guest does to the PTE.  @avail_bits: as in a PTE.  Take mm_lock.
     * @pte_ma: the PTE's machine address.  Unmap by that and nothing else, as the guest may have
     * put its table to another linear address meanwhile; clears the PTE if it still is that
     * mapping.  The caller flushes, then drops the references.
     */
    int  (*grant_map)(struct vcpu *v, uint64_t addr, mfn_t frame, bool by_pte, bool readonly,
                      uint64_t avail_bits, uint64_t *pte_ma);
    void (*grant_unmap)(struct domain *d, uint64_t pte_ma, mfn_t frame);
    /* The device model has sent on @port, which waits for @v's requests, or has closed it.  E held. */
    void (*dm_notify)(struct vcpu *v, evtchn_port_t port, bool is_closed);
    /* Memory of the current vCPU by linear address; NULL for paravirtual ones, whose is mapped. */
    bool (*copy_in)(void *dst, guest_ptr_t src, size_t len);
    bool (*copy_out)(guest_ptr_t dst, const void *src, size_t len);
    void (*dump_vcpu)(const struct vcpu *v);    /* its registers, a few lines */
};
