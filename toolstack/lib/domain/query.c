/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What domains there are, and what the hypervisor knows of them.  Names and configurations,
 * which the store keeps, are not here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctx/domctl.h"
#include "ctx/sysctl.h"
#include "xenolith/domain.h"

#define CHUNK 128               /* domains in one call */

static void unpack(const struct xen_domctl_getdomaininfo *i, struct xn_domain *d)
{
    *d = (struct xn_domain){
        .domid = i->domain,
        .running = i->flags & XEN_DOMINF_running,
        .blocked = i->flags & XEN_DOMINF_blocked,
        .paused = i->flags & XEN_DOMINF_paused,
        .shutdown = i->flags & XEN_DOMINF_shutdown,
        .dying = i->flags & XEN_DOMINF_dying,
        .hvm = i->flags & XEN_DOMINF_hvm_guest,
        .pages = i->tot_pages, .max_pages = i->max_pages,
        .outstanding_pages = i->outstanding_pages,
        .shared_pages = i->shr_pages, .paged_pages = i->paged_pages,
        .cpu_time_ns = i->cpu_time,
        .online_vcpus = i->nr_online_vcpus, .max_vcpu_id = i->max_vcpu_id,
        .cpupool = i->cpupool, .ssidref = i->ssidref,
        .shared_info_frame = i->shared_info_frame,
    };
    if ( d->shutdown )
        d->shutdown_reason = (i->flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    memcpy(d->uuid, i->handle, sizeof(d->uuid));
}

int xn_domain_list(struct xn_ctx *ctx, struct xn_domain **list, size_t *count)
{
    struct xen_domctl_getdomaininfo chunk[CHUNK];
    struct xn_domain *all = NULL;
    uint32_t first = 0, got;
    size_t n = 0;
    int rc;

    do {
        struct xn_domain *more;

        rc = hc_getdomaininfolist(ctx, first, chunk, CHUNK, &got);
        if ( rc )
            break;
        more = realloc(all, (n + got + 1) * sizeof(*all));
        if ( !more ) {
            rc = xn_fail(ctx, ENOMEM, "no memory");
            break;
        }
        all = more;
        for ( uint32_t i = 0; i < got; i++ )
            unpack(&chunk[i], &all[n++]);
        first = got ? chunk[got - 1].domain + 1U : 0;
    } while ( got == CHUNK && first < DOMID_FIRST_RESERVED );

    if ( rc ) {
        free(all);
        return xn_because(ctx, rc, "listing the domains");
    }
    *list = all;
    *count = n;
    return 0;
}

int xn_domain_info(struct xn_ctx *ctx, uint32_t domid, struct xn_domain *d)
{
    struct xen_domctl_getdomaininfo info;
    int rc;

    if ( domid >= DOMID_FIRST_RESERVED )
        return xn_fail(ctx, ESRCH, "there is no domain %u", domid);
    rc = hc_getdomaininfo(ctx, domid, &info);
    if ( !rc )
        unpack(&info, d);
    return rc;
}

/* One vCPU; -ESRCH where the domain has none of this number. */
static int vcpu_info(struct xn_ctx *ctx, uint32_t domid, uint32_t id, uint32_t nr_cpus,
                     struct xn_vcpu *v)
{
    struct xen_domctl_getvcpuinfo info;
    int rc = hc_getvcpuinfo(ctx, domid, id, &info);

    if ( rc )
        return rc;
    *v = (struct xn_vcpu){
        .id = id, .online = info.online, .blocked = info.blocked, .running = info.running,
        .cpu_time_ns = info.cpu_time, .cpu = info.cpu, .nr_cpus = nr_cpus,
        .hard = calloc(nr_cpus / 8 + 1, 1), .soft = calloc(nr_cpus / 8 + 1, 1),
    };
    if ( v->hard && v->soft )
        rc = hc_getvcpuaffinity(ctx, domid, id, v->hard, v->soft, nr_cpus);
    else
        rc = xn_fail(ctx, ENOMEM, "no memory");
    if ( rc ) {
        free(v->hard);
        free(v->soft);
    }
    return rc;
}

int xn_domain_vcpus(struct xn_ctx *ctx, uint32_t domid, struct xn_vcpu **list, size_t *count)
{
    struct xen_sysctl_physinfo host;
    struct xn_domain d;
    struct xn_vcpu *all;
    size_t n = 0;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( !rc )
        rc = hc_physinfo(ctx, &host);
    if ( rc )
        return xn_because(ctx, rc, "asking for domain %u's vCPUs", domid);
    if ( d.max_vcpu_id == XEN_INVALID_MAX_VCPU_ID )
        d.max_vcpu_id = 0;
    if ( d.max_vcpu_id > 8191 )
        return xn_fail(ctx, EPROTO, "domain %u has vCPU %u?", domid, d.max_vcpu_id);
    all = calloc(d.max_vcpu_id + 1, sizeof(*all));
    if ( !all )
        return xn_fail(ctx, ENOMEM, "no memory");
    for ( uint32_t id = 0; id <= d.max_vcpu_id; id++ ) {
        rc = vcpu_info(ctx, domid, id, host.max_cpu_id + 1, &all[n]);
        if ( rc == -ESRCH )
            continue;
        if ( rc ) {
            xn_domain_vcpus_free(all, n);
            return xn_because(ctx, rc, "asking for domain %u's vCPU %u", domid, id);
        }
        n++;
    }
    xn_clear_error(ctx);
    *list = all;
    *count = n;
    return 0;
}

void xn_domain_vcpus_free(struct xn_vcpu *list, size_t count)
{
    for ( size_t i = 0; i < count; i++ ) {
        free(list[i].hard);
        free(list[i].soft);
    }
    free(list);
}
