/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed wrappers of the domctls that point to arrays: contexts, affinity, page types, CPU
 * policy.
 */
#include <errno.h>
#include <string.h>

#include "ctx/domctl.h"

int hc_setvcpucontext(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                      const struct vcpu_guest_context *c)
{
    void *data = hc_data(ctx, sizeof(*c));
    struct xen_domctl op = { .u.vcpucontext = { .vcpu = vcpu, .ctxt = hc_ptr(data) } };

    if ( !data )
        return -ENOMEM;
    memcpy(data, c, sizeof(*c));
    return hc_domctl(ctx, XEN_DOMCTL_setvcpucontext, domid, &op, "setvcpucontext");
}

int hc_getvcpucontext(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu,
                      struct vcpu_guest_context *c)
{
    void *data = hc_data(ctx, sizeof(*c));
    struct xen_domctl op = { .u.vcpucontext = { .vcpu = vcpu, .ctxt = hc_ptr(data) } };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_domctl(ctx, XEN_DOMCTL_getvcpucontext, domid, &op, "getvcpucontext");
    if ( !rc )
        memcpy(c, data, sizeof(*c));
    return rc;
}

/* cmd: XEN_DOMCTL_{get,set}vcpuaffinity; the maps go both ways. */
static int affinity(struct xn_ctx *ctx, uint32_t cmd, uint32_t domid, uint32_t vcpu,
                    uint8_t *hard, uint8_t *soft, uint32_t nr_bits, const char *what)
{
    const size_t bytes = (nr_bits + 7) / 8, room = (bytes + 7) & ~7UL;
    uint8_t *data = hc_data(ctx, 2 * room);
    struct xen_domctl op = {
        .u.vcpuaffinity = {
            .vcpu = vcpu,
            .flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) | (soft ? XEN_VCPUAFFINITY_SOFT : 0),
            .cpumap_hard = { hard ? hc_ptr(data) : 0, hard ? nr_bits : 0 },
            .cpumap_soft = { soft ? hc_ptr(data + room) : 0, soft ? nr_bits : 0 },
        },
    };
    int rc;

    if ( !data )
        return -ENOMEM;
    if ( hard )
        memcpy(data, hard, bytes);
    if ( soft )
        memcpy(data + room, soft, bytes);
    rc = hc_domctl(ctx, cmd, domid, &op, what);
    if ( rc )
        return rc;
    if ( hard )
        memcpy(hard, data, bytes);
    if ( soft )
        memcpy(soft, data + room, bytes);
    return 0;
}

int hc_getvcpuaffinity(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu, uint8_t *hard,
                       uint8_t *soft, uint32_t nr_bits)
{
    return affinity(ctx, XEN_DOMCTL_getvcpuaffinity, domid, vcpu, hard, soft, nr_bits,
                    "getvcpuaffinity");
}

int hc_setvcpuaffinity(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu, uint8_t *hard,
                       uint8_t *soft, uint32_t nr_bits)
{
    return affinity(ctx, XEN_DOMCTL_setvcpuaffinity, domid, vcpu, hard, soft, nr_bits,
                    "setvcpuaffinity");
}

int hc_setnodeaffinity(struct xn_ctx *ctx, uint32_t domid, const uint8_t *nodes,
                       uint32_t nr_bits)
{
    const size_t bytes = (nr_bits + 7) / 8;
    uint8_t *data = hc_data(ctx, bytes);
    struct xen_domctl op = { .u.nodeaffinity.nodemap = { hc_ptr(data), nr_bits } };

    if ( !data )
        return -ENOMEM;
    memcpy(data, nodes, bytes);
    return hc_domctl(ctx, XEN_DOMCTL_setnodeaffinity, domid, &op, "setnodeaffinity");
}

int hc_getnodeaffinity(struct xn_ctx *ctx, uint32_t domid, uint8_t *nodes, uint32_t nr_bits)
{
    const size_t bytes = (nr_bits + 7) / 8;
    uint8_t *data = hc_data(ctx, bytes);
    struct xen_domctl op = { .u.nodeaffinity.nodemap = { hc_ptr(data), nr_bits } };
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_domctl(ctx, XEN_DOMCTL_getnodeaffinity, domid, &op, "getnodeaffinity");
    if ( !rc )
        memcpy(nodes, data, bytes);
    return rc;
}

int hc_getpageframeinfo3(struct xn_ctx *ctx, uint32_t domid, uint64_t *frames, size_t count)
{
    uint64_t *data = hc_data(ctx, count * sizeof(*frames));
    struct xen_domctl op = { .u.getpageframeinfo3 = { .num = count, .array = hc_ptr(data) } };
    int rc;

    if ( !data )
        return -ENOMEM;
    memcpy(data, frames, count * sizeof(*frames));
    rc = hc_domctl(ctx, XEN_DOMCTL_getpageframeinfo3, domid, &op, "getpageframeinfo3");
    if ( !rc )
        memcpy(frames, data, count * sizeof(*frames));
    return rc;
}

/* Room for the policy in hc_data's memory: the leaves, then the MSRs. */
static void *policy_data(struct xn_ctx *ctx, uint32_t nr_leaves, uint32_t nr_msrs,
                         struct xen_domctl_cpu_policy *p)
{
    uint8_t *data = hc_data(ctx, nr_leaves * sizeof(struct xen_cpuid_leaf) +
                            nr_msrs * sizeof(struct xen_msr_entry));

    if ( !data )
        return NULL;
    p->nr_leaves = nr_leaves;
    p->nr_msrs = nr_msrs;
    p->leaves = nr_leaves ? hc_ptr(data) : 0;
    p->msrs = nr_msrs ? hc_ptr(data + nr_leaves * sizeof(struct xen_cpuid_leaf)) : 0;
    return data;
}

int hc_get_cpu_policy(struct xn_ctx *ctx, uint32_t domid, struct xen_cpuid_leaf *leaves,
                      uint32_t *nr_leaves, struct xen_msr_entry *msrs, uint32_t *nr_msrs)
{
    const uint32_t room_l = leaves ? *nr_leaves : 0, room_m = msrs ? *nr_msrs : 0;
    struct xen_domctl op = { 0 };
    struct xen_domctl_cpu_policy *p = &op.u.cpu_policy;
    uint8_t *data = policy_data(ctx, room_l, room_m, p);
    int rc;

    if ( !data )
        return -ENOMEM;
    rc = hc_domctl(ctx, XEN_DOMCTL_get_cpu_policy, domid, &op, "get_cpu_policy");
    if ( rc )
        return rc;
    if ( leaves )
        memcpy(leaves, data, (p->nr_leaves < room_l ? p->nr_leaves : room_l) * sizeof(*leaves));
    if ( msrs )
        memcpy(msrs, data + room_l * sizeof(*leaves),
               (p->nr_msrs < room_m ? p->nr_msrs : room_m) * sizeof(*msrs));
    *nr_leaves = p->nr_leaves;
    *nr_msrs = p->nr_msrs;
    return 0;
}

int hc_set_cpu_policy(struct xn_ctx *ctx, uint32_t domid, const struct xen_cpuid_leaf *leaves,
                      uint32_t nr_leaves, const struct xen_msr_entry *msrs, uint32_t nr_msrs)
{
    struct xen_domctl op = { 0 };
    struct xen_domctl_cpu_policy *p = &op.u.cpu_policy;
    uint8_t *data = policy_data(ctx, nr_leaves, nr_msrs, p);
    int rc;

    if ( !data )
        return -ENOMEM;
    p->err_leaf = p->err_subleaf = p->err_msr = ~0U;
    if ( nr_leaves )
        memcpy(data, leaves, nr_leaves * sizeof(*leaves));
    if ( nr_msrs )
        memcpy(data + nr_leaves * sizeof(*leaves), msrs, nr_msrs * sizeof(*msrs));
    rc = hc_domctl(ctx, XEN_DOMCTL_set_cpu_policy, domid, &op, "set_cpu_policy");
    return rc;
}
