/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl: making, changing and ending domains.  See hypercall.h for what is common.
 */
#ifndef CTX_DOMCTL_H
#define CTX_DOMCTL_H

#include "ctx/hypercall.h"

/* *domid: IN the id wanted, or 0 for the next free one; OUT the id given. */
int hc_createdomain(struct xn_ctx *ctx, uint32_t *domid,
                    const struct xen_domctl_createdomain *c);
/* Until the hypervisor has nothing more to do at once; pages in use by others keep it dying. */
int hc_destroydomain(struct xn_ctx *ctx, uint32_t domid);
int hc_pausedomain(struct xn_ctx *ctx, uint32_t domid);
int hc_unpausedomain(struct xn_ctx *ctx, uint32_t domid);
int hc_resumedomain(struct xn_ctx *ctx, uint32_t domid);
/* -ESRCH if there is no domain with exactly this id. */
int hc_getdomaininfo(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_getdomaininfo *info);

int hc_max_vcpus(struct xn_ctx *ctx, uint32_t domid, uint32_t max);
int hc_max_mem(struct xn_ctx *ctx, uint32_t domid, uint64_t kib);
int hc_setdomainhandle(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16]);
int hc_settimeoffset(struct xn_ctx *ctx, uint32_t domid, int64_t seconds);
int hc_set_address_size(struct xn_ctx *ctx, uint32_t domid, uint32_t bits);
int hc_setdebugging(struct xn_ctx *ctx, uint32_t domid, bool enable);
/* Fill the guest's frame (MFN for PV) with call stubs. */
int hc_hypercall_init(struct xn_ctx *ctx, uint32_t domid, uint64_t frame);
/* trigger: XEN_DOMCTL_SENDTRIGGER_* */
int hc_sendtrigger(struct xn_ctx *ctx, uint32_t domid, uint32_t trigger, uint32_t vcpu);
int hc_settscinfo(struct xn_ctx *ctx, uint32_t domid, const struct xen_domctl_tsc_info *info);
int hc_gettscinfo(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_tsc_info *info);

/* vCPUs.  -ESRCH or -EINVAL where there is no such vCPU. */
int hc_getvcpuinfo(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                   struct xen_domctl_getvcpuinfo *info);
int hc_setvcpucontext(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                      const struct vcpu_guest_context *c);
int hc_getvcpucontext(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                      struct vcpu_guest_context *c);
/*
 * Bitmaps of nr_bits (a byte has eight; bit 0 of byte 0 is CPU 0), NULL: not wanted or not
 * changed.  set writes back what is in force now.
 */
int hc_getvcpuaffinity(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu, uint8_t *hard,
                       uint8_t *soft, uint32_t nr_bits);
int hc_setvcpuaffinity(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu, uint8_t *hard,
                       uint8_t *soft, uint32_t nr_bits);
int hc_setnodeaffinity(struct xn_ctx *ctx, uint32_t domid, const uint8_t *nodes,
                       uint32_t nr_bits);
int hc_getnodeaffinity(struct xn_ctx *ctx, uint32_t domid, uint8_t *nodes, uint32_t nr_bits);

/*
 * Scheduling parameters.  op->sched_id and the union are the caller's; cmd is set here.  -EINVAL
 * if the domain's pool has another scheduler than op->sched_id.
 */
int hc_sched_get(struct xn_ctx *ctx, uint32_t domid, struct xen_domctl_scheduler_op *op);
int hc_sched_put(struct xn_ctx *ctx, uint32_t domid, const struct xen_domctl_scheduler_op *op);

/* Types (XEN_DOMCTL_PFINFO_*) of up to 1024 frames, written in place. */
#define HC_PAGEINFO_MAX 1024
int hc_getpageframeinfo3(struct xn_ctx *ctx, uint32_t domid, uint64_t *frames, size_t count);

/*
 * The CPUID leaves and MSRs of a domain.  get with leaves and msrs NULL: the numbers needed.
 * A policy that the hypervisor does not accept is refused as a whole.
 */
int hc_get_cpu_policy(struct xn_ctx *ctx, uint32_t domid, struct xen_cpuid_leaf *leaves,
                      uint32_t *nr_leaves, struct xen_msr_entry *msrs, uint32_t *nr_msrs);
int hc_set_cpu_policy(struct xn_ctx *ctx, uint32_t domid, const struct xen_cpuid_leaf *leaves,
                      uint32_t nr_leaves, const struct xen_msr_entry *msrs, uint32_t nr_msrs);

/* What a domain may touch of the machine. */
int hc_irq_permission(struct xn_ctx *ctx, uint32_t domid, uint32_t pirq, bool allow);
int hc_iomem_permission(struct xn_ctx *ctx, uint32_t domid, uint64_t mfn, uint64_t nr,
                        bool allow);
int hc_ioport_permission(struct xn_ctx *ctx, uint32_t domid, uint32_t port, uint32_t nr,
                         bool allow);

#endif
