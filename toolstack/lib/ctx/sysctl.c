/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed wrappers of sysctl and xen_version.
 */
#include <errno.h>
#include <string.h>

#include "ctx/sysctl.h"

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

int hc_physinfo(struct xn_ctx *ctx, struct xen_sysctl_physinfo *info)
{
    struct xen_sysctl op = { 0 };
    int rc = hc_sysctl(ctx, XEN_SYSCTL_physinfo, &op, "physinfo");

    if ( !rc )
        *info = op.u.physinfo;
    return rc;
}

int hc_sched_id(struct xn_ctx *ctx, uint32_t *id)
{
    struct xen_sysctl op = { 0 };
    int rc = hc_sysctl(ctx, XEN_SYSCTL_sched_id, &op, "sched_id");

    if ( !rc )
        *id = op.u.sched_id.sched_id;
    return rc;
}

int hc_getdomaininfolist(struct xn_ctx *ctx, uint32_t first,
                         struct xen_domctl_getdomaininfo *list, uint32_t max, uint32_t *count)
{
    void *data = hc_data(ctx, max * sizeof(*list));
    struct xen_sysctl op = {
        .u.getdomaininfolist = {
            .first_domain = (domid_t)first, .max_domains = max, .buffer = hc_ptr(data),
        },
    };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_sysctl(ctx, XEN_SYSCTL_getdomaininfolist, &op, "getdomaininfolist");
    if ( rc )
        return rc;
    *count = least(op.u.getdomaininfolist.num_domains, max);
    memcpy(list, data, *count * sizeof(*list));
    return 0;
}

int hc_cputopoinfo(struct xn_ctx *ctx, struct xen_sysctl_cputopo *list, uint32_t *count)
{
    const uint32_t room = list ? *count : 0;
    void *data = hc_data(ctx, room * sizeof(*list));
    struct xen_sysctl op = {
        .u.cputopoinfo = { .num_cpus = room, .cputopo = list ? hc_ptr(data) : 0 },
    };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_sysctl(ctx, XEN_SYSCTL_cputopoinfo, &op, "cputopoinfo");
    if ( rc )
        return rc;
    *count = list ? least(op.u.cputopoinfo.num_cpus, room) : op.u.cputopoinfo.num_cpus;
    if ( list )
        memcpy(list, data, *count * sizeof(*list));
    return 0;
}

int hc_numainfo(struct xn_ctx *ctx, struct xen_sysctl_meminfo *mem, uint32_t *distance,
                uint32_t *count)
{
    const uint32_t room = mem ? *count : 0;
    const size_t mem_size = room * sizeof(*mem);
    const size_t dist_size = distance ? (size_t)room * room * sizeof(*distance) : 0;
    uint8_t *data = hc_data(ctx, mem_size + dist_size);
    struct xen_sysctl op = {
        .u.numainfo = {
            .num_nodes = room,
            .meminfo = mem ? hc_ptr(data) : 0,
            .distance = distance ? hc_ptr(data + mem_size) : 0,
        },
    };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_sysctl(ctx, XEN_SYSCTL_numainfo, &op, "numainfo");
    if ( rc )
        return rc;
    *count = mem ? least(op.u.numainfo.num_nodes, room) : op.u.numainfo.num_nodes;
    if ( mem )
        memcpy(mem, data, *count * sizeof(*mem));
    if ( distance )
        memcpy(distance, data + mem_size, (size_t)*count * *count * sizeof(*distance));
    return 0;
}

int hc_getcpuinfo(struct xn_ctx *ctx, struct xen_sysctl_cpuinfo *list, uint32_t *count)
{
    void *data = hc_data(ctx, *count * sizeof(*list));
    struct xen_sysctl op = { .u.getcpuinfo = { .max_cpus = *count, .info = hc_ptr(data) } };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_sysctl(ctx, XEN_SYSCTL_getcpuinfo, &op, "getcpuinfo");
    if ( rc )
        return rc;
    *count = least(op.u.getcpuinfo.nr_cpus, *count);
    memcpy(list, data, *count * sizeof(*list));
    return 0;
}

int hc_availheap(struct xn_ctx *ctx, int node, uint32_t max_bits, uint64_t *bytes)
{
    struct xen_sysctl op = { .u.availheap = { .max_bitwidth = max_bits, .node = node } };
    int rc = hc_sysctl(ctx, XEN_SYSCTL_availheap, &op, "availheap");

    if ( !rc )
        *bytes = op.u.availheap.avail_bytes;
    return rc;
}

int hc_cpupool_op(struct xn_ctx *ctx, struct xen_sysctl_cpupool_op *pool, uint8_t *cpus,
                  uint32_t nr_bits)
{
    const size_t bytes = (nr_bits + 7) / 8;
    void *data = hc_data(ctx, bytes);
    struct xen_sysctl op = { .u.cpupool_op = *pool };
    int rc;

    if ( !data )
        return -ENOMEM;
    op.u.cpupool_op.cpumap = (struct xenctl_bitmap){ cpus ? hc_ptr(data) : 0,
                                                     cpus ? nr_bits : 0 };
    rc = hc_sysctl(ctx, XEN_SYSCTL_cpupool_op, &op, "cpupool_op");
    if ( rc )
        return rc;
    *pool = op.u.cpupool_op;
    if ( cpus )
        memcpy(cpus, data, bytes);
    return 0;
}

int hc_readconsole(struct xn_ctx *ctx, char *text, uint32_t *size, bool clear, bool incremental,
                   uint32_t *index)
{
    const uint32_t room = *size;
    void *data = hc_data(ctx, room);
    struct xen_sysctl op = {
        .u.readconsole = {
            .clear = clear, .incremental = incremental, .index = *index,
            .buffer = hc_ptr(data), .count = room,
        },
    };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_sysctl(ctx, XEN_SYSCTL_readconsole, &op, "readconsole");
    if ( rc )
        return rc;
    *size = least(op.u.readconsole.count, room);
    *index = op.u.readconsole.index;
    memcpy(text, data, *size);
    return 0;
}

int hc_host_cpu_policy(struct xn_ctx *ctx, struct xen_cpuid_leaf *leaves, uint32_t *nr_leaves,
                       struct xen_msr_entry *msrs, uint32_t *nr_msrs)
{
    const size_t size_l = *nr_leaves * sizeof(*leaves), size_m = *nr_msrs * sizeof(*msrs);
    uint8_t *data = hc_data(ctx, size_l + size_m);
    struct xen_sysctl op = { .u.cpu_policy = {
        .index = XEN_SYSCTL_cpu_policy_host, .nr_leaves = *nr_leaves, .nr_msrs = *nr_msrs,
        .leaves = hc_ptr(data), .msrs = hc_ptr(data + size_l) } };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_sysctl(ctx, XEN_SYSCTL_get_cpu_policy, &op, "get_cpu_policy");
    if ( rc )
        return rc;
    *nr_leaves = least(op.u.cpu_policy.nr_leaves, *nr_leaves);
    *nr_msrs = least(op.u.cpu_policy.nr_msrs, *nr_msrs);
    memcpy(leaves, data, *nr_leaves * sizeof(*leaves));
    memcpy(msrs, data + size_l, *nr_msrs * sizeof(*msrs));
    return 0;
}

int hc_debug_keys(struct xn_ctx *ctx, const char *keys)
{
    const size_t len = strlen(keys);
    char *data = hc_data(ctx, len);
    struct xen_sysctl op = { .u.debug_keys = { .keys = hc_ptr(data), .nr_keys = (uint32_t)len } };

    if ( !data )
        return -ENOMEM;
    memcpy(data, keys, len);
    return hc_sysctl(ctx, XEN_SYSCTL_debug_keys, &op, "debug_keys");
}

int hc_sched_params(struct xn_ctx *ctx, struct xen_sysctl_scheduler_op *s)
{
    struct xen_sysctl op = { .u.scheduler_op = *s };
    int rc = hc_sysctl(ctx, XEN_SYSCTL_scheduler_op, &op, "scheduler_op");

    if ( !rc )
        *s = op.u.scheduler_op;
    return rc;
}

long hc_xen_version(struct xn_ctx *ctx, unsigned int cmd, void *arg, size_t size)
{
    return hc_op2(ctx, __HYPERVISOR_xen_version, cmd, arg, size, "xen_version");
}
