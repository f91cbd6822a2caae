/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where vCPUs may run (hard affinity) and had best run (soft affinity).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/cpuset.h"
#include "ctx/domctl.h"
#include "ctx/sysctl.h"
#include "xenolith/domain.h"
#include "xenolith/host.h"

/* The host as cpuset_parse wants it; *node is malloc'd. */
static int host_of(struct xn_ctx *ctx, struct cpuset_host *host, uint32_t **node)
{
    struct xn_cpu_topology *cpus;
    struct xen_sysctl_physinfo info;
    size_t count;
    int rc = hc_physinfo(ctx, &info);

    *node = NULL;
    if ( !rc )
        rc = xn_host_cpus(ctx, &cpus, &count);
    if ( rc )
        return rc;
    host->nr_cpus = info.max_cpu_id + 1;
    *node = malloc(host->nr_cpus * sizeof(**node));
    host->node = *node;
    for ( uint32_t i = 0; *node && i < host->nr_cpus; i++ )
        (*node)[i] = i < count ? cpus[i].node : ~0U;
    free(cpus);
    return *node ? 0 : xn_fail(ctx, ENOMEM, "no memory");
}

/* text NULL: *set stays NULL. */
static int set_of(struct xn_ctx *ctx, const char *text, const struct cpuset_host *host,
                  uint8_t **set)
{
    char why[256];
    size_t offset;

    if ( !text )
        return 0;
    *set = calloc(CPUSET_BYTES(host->nr_cpus) + 1, 1);
    if ( !*set )
        return xn_fail(ctx, ENOMEM, "no memory");
    if ( cpuset_parse(text, host, *set, &offset, why, sizeof(why)) )
        return xn_fail(ctx, EINVAL, "CPU set \"%s\": %s", text, why);
    if ( !cpuset_count(*set, host->nr_cpus) )
        return xn_fail(ctx, EINVAL, "CPU set \"%s\" is empty", text);
    return 0;
}

/* set writes back what is in force, so each vCPU gets its own copy. */
static int pin_one(struct xn_ctx *ctx, uint32_t domid, uint32_t vcpu, const uint8_t *hard,
                   const uint8_t *soft, uint32_t nr_cpus)
{
    const size_t bytes = CPUSET_BYTES(nr_cpus);
    uint8_t *copy = malloc(2 * bytes);
    int rc;

    if ( !copy )
        return xn_fail(ctx, ENOMEM, "no memory");
    if ( hard )
        memcpy(copy, hard, bytes);
    if ( soft )
        memcpy(copy + bytes, soft, bytes);
    rc = hc_setvcpuaffinity(ctx, domid, vcpu, hard ? copy : NULL, soft ? copy + bytes : NULL,
                            nr_cpus);
    free(copy);
    return rc;
}

static int pin(struct xn_ctx *ctx, uint32_t domid, int vcpu, const uint8_t *hard,
               const uint8_t *soft, uint32_t nr_cpus)
{
    struct xn_domain d;
    int rc;

    if ( vcpu >= 0 )
        return pin_one(ctx, domid, (uint32_t)vcpu, hard, soft, nr_cpus);
    rc = xn_domain_info(ctx, domid, &d);
    if ( !rc && d.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID )
        return xn_fail(ctx, EINVAL, "it has no vCPU");
    for ( uint32_t v = 0; !rc && v <= d.max_vcpu_id; v++ )
        rc = pin_one(ctx, domid, v, hard, soft, nr_cpus);
    return rc;
}

int xn_domain_pin(struct xn_ctx *ctx, uint32_t domid, int vcpu, const char *hard,
                  const char *soft)
{
    uint8_t *hard_set = NULL, *soft_set = NULL;
    struct cpuset_host host;
    uint32_t *node;
    int rc = host_of(ctx, &host, &node);

    if ( !rc )
        rc = set_of(ctx, hard, &host, &hard_set);
    if ( !rc )
        rc = set_of(ctx, soft, &host, &soft_set);
    if ( !rc && (hard || soft) )
        rc = pin(ctx, domid, vcpu, hard_set, soft_set, host.nr_cpus);
    free(node);
    free(hard_set);
    free(soft_set);
    if ( !rc )
        return 0;
    if ( vcpu < 0 )
        return xn_because(ctx, rc, "pinning the vCPUs of domain %u", domid);
    return xn_because(ctx, rc, "pinning vCPU %d of domain %u", vcpu, domid);
}
