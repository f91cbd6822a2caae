/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl and xen_version: the host as a whole.  See hypercall.h for what is common.
 */
#ifndef CTX_SYSCTL_H
#define CTX_SYSCTL_H

#include <xenabi/version.h>

#include "ctx/hypercall.h"

int hc_physinfo(struct xn_ctx *ctx, struct xen_sysctl_physinfo *info);
/* XEN_SCHEDULER_* of the default pool. */
int hc_sched_id(struct xn_ctx *ctx, uint32_t *id);
/* Up to max domains with ids from first upwards; *count: how many. */
int hc_getdomaininfolist(struct xn_ctx *ctx, uint32_t first,
                         struct xen_domctl_getdomaininfo *list, uint32_t max, uint32_t *count);
/* list NULL: *count is how many there are.  Else IN room, OUT entries. */
int hc_cputopoinfo(struct xn_ctx *ctx, struct xen_sysctl_cputopo *list, uint32_t *count);
/* Likewise; distance (may be NULL) has *count rows of *count. */
int hc_numainfo(struct xn_ctx *ctx, struct xen_sysctl_meminfo *mem, uint32_t *distance,
                uint32_t *count);
/* Idle time of each CPU in ns.  *count: IN room, OUT entries. */
int hc_getcpuinfo(struct xn_ctx *ctx, struct xen_sysctl_cpuinfo *list, uint32_t *count);
/* Free bytes of a node (-1: all), below max_bits bits of address (0: anywhere). */
int hc_availheap(struct xn_ctx *ctx, int node, uint32_t max_bits, uint64_t *bytes);
/* cpus (may be NULL): bitmap of nr_bits, OUT for INFO and FREEINFO.  -ENOENT: no such pool. */
int hc_cpupool_op(struct xn_ctx *ctx, struct xen_sysctl_cpupool_op *op, uint8_t *cpus,
                  uint32_t nr_bits);
/*
 * The log ring from *index on (incremental) or from its start: *size IN room, OUT bytes; *index
 * OUT where to go on.
 */
int hc_readconsole(struct xn_ctx *ctx, char *text, uint32_t *size, bool clear, bool incremental,
                   uint32_t *index);
/* What the processors are: as hc_get_cpu_policy of a domain's. */
int hc_host_cpu_policy(struct xn_ctx *ctx, struct xen_cpuid_leaf *leaves, uint32_t *nr_leaves,
                       struct xen_msr_entry *msrs, uint32_t *nr_msrs);
int hc_debug_keys(struct xn_ctx *ctx, const char *keys);
/* Parameters of a pool's scheduler; op->cmd XEN_SYSCTL_SCHEDOP_*, in and out. */
int hc_sched_params(struct xn_ctx *ctx, struct xen_sysctl_scheduler_op *op);

/* xen_version: *arg is OUT (get_features and build_id: IN too); the call's result. */
long hc_xen_version(struct xn_ctx *ctx, unsigned int cmd, void *arg, size_t size);

#endif
