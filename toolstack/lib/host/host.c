/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host: its size, its hypervisor, its processors and nodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctx/sysctl.h"
#include "xenolith/host.h"

int xn_host_info(struct xn_ctx *ctx, struct xn_host *host)
{
    struct xen_sysctl_physinfo p;
    int rc = hc_physinfo(ctx, &p);

    if ( rc )
        return xn_because(ctx, rc, "asking for the host's size");
    *host = (struct xn_host){
        .nr_cpus = p.nr_cpus, .max_cpu_id = p.max_cpu_id,
        .nr_nodes = p.nr_nodes, .max_node_id = p.max_node_id,
        .threads_per_core = p.threads_per_core, .cores_per_socket = p.cores_per_socket,
        .cpu_khz = p.cpu_khz, .capabilities = p.capabilities,
        .total_pages = p.total_pages, .free_pages = p.free_pages,
        .scrub_pages = p.scrub_pages, .outstanding_pages = p.outstanding_pages,
    };
    memcpy(host->hw_cap, p.hw_cap, sizeof(host->hw_cap));
    while ( host->max_mfn_shift < 52 && p.max_mfn >> host->max_mfn_shift )
        host->max_mfn_shift++;
    return 0;
}

/* A string of the hypervisor's, which need not end where it should. */
static int version_text(struct xn_ctx *ctx, unsigned int cmd, char *text, size_t size)
{
    long rc = hc_xen_version(ctx, cmd, text, size);

    text[size - 1] = '\0';
    return rc < 0 ? (int)rc : 0;
}

/* An older hypervisor, or one that was built without it, has none: then it is empty. */
static void build_id(struct xn_ctx *ctx, struct xn_version *v)
{
    struct {
        struct xen_build_id head;
        uint8_t bytes[sizeof(v->build_id) / 2];
    } b = { .head.len = sizeof(b.bytes) };
    long len = hc_xen_version(ctx, XENVER_build_id, &b, sizeof(b));

    if ( len < 0 )
        xn_clear_error(ctx);
    for ( long i = 0; i < len && i < (long)sizeof(b.bytes); i++ )
        snprintf(v->build_id + 2 * i, 3, "%02x", b.bytes[i]);
}

int xn_host_version(struct xn_ctx *ctx, struct xn_version *v)
{
    struct xen_compile_info c = { 0 };
    struct xen_platform_parameters p = { 0 };
    long rc = hc_xen_version(ctx, XENVER_version, NULL, 0);

    memset(v, 0, sizeof(*v));
    if ( rc < 0 )
        goto failed;
    v->major = (unsigned int)rc >> 16;
    v->minor = rc & 0xffff;
    rc = version_text(ctx, XENVER_extraversion, v->extra, sizeof(v->extra));
    if ( !rc )
        rc = version_text(ctx, XENVER_capabilities, v->capabilities, sizeof(v->capabilities));
    if ( !rc )
        rc = version_text(ctx, XENVER_changeset, v->changeset, sizeof(v->changeset));
    if ( !rc )
        rc = version_text(ctx, XENVER_commandline, v->command_line, sizeof(v->command_line));
    if ( !rc )
        rc = hc_xen_version(ctx, XENVER_platform_parameters, &p, sizeof(p));
    if ( !rc )
        rc = hc_xen_version(ctx, XENVER_compile_info, &c, sizeof(c));
    if ( rc < 0 )
        goto failed;
    v->virt_start = p.virt_start;
    snprintf(v->compiler, sizeof(v->compiler), "%.63s", c.compiler);
    snprintf(v->compile_by, sizeof(v->compile_by), "%.15s", c.compile_by);
    snprintf(v->compile_domain, sizeof(v->compile_domain), "%.31s", c.compile_domain);
    snprintf(v->compile_date, sizeof(v->compile_date), "%.31s", c.compile_date);
    rc = hc_xen_version(ctx, XENVER_pagesize, NULL, 0);
    if ( rc < 0 )
        goto failed;
    v->page_size = (uint32_t)rc;
    build_id(ctx, v);
    return 0;

 failed:
    return xn_because(ctx, (int)rc, "asking for the hypervisor's version");
}

int xn_host_cpus(struct xn_ctx *ctx, struct xn_cpu_topology **cpus, size_t *count)
{
    struct xen_sysctl_cputopo *list;
    uint32_t nr = 0;
    int rc = hc_cputopoinfo(ctx, NULL, &nr);

    if ( rc )
        goto failed;
    list = calloc(nr ? nr : 1, sizeof(*list));
    *cpus = calloc(nr ? nr : 1, sizeof(**cpus));
    rc = list && *cpus ? hc_cputopoinfo(ctx, list, &nr) : xn_fail(ctx, ENOMEM, "no memory");
    if ( rc ) {
        free(list);
        free(*cpus);
        goto failed;
    }
    for ( uint32_t i = 0; i < nr; i++ )
        (*cpus)[i] = (struct xn_cpu_topology){ list[i].core, list[i].socket, list[i].node };
    free(list);
    *count = nr;
    return 0;

 failed:
    return xn_because(ctx, rc, "asking for the processors' topology");
}

int xn_host_nodes(struct xn_ctx *ctx, struct xn_numa_node **nodes, size_t *count)
{
    struct xen_sysctl_meminfo *mem = NULL;
    uint32_t *dist = NULL, nr = 0;
    int rc = hc_numainfo(ctx, NULL, NULL, &nr);

    *nodes = NULL;
    if ( rc )
        goto out;
    mem = calloc(nr ? nr : 1, sizeof(*mem));
    dist = calloc(nr ? (size_t)nr * nr : 1, sizeof(*dist));
    *nodes = calloc(nr ? nr : 1, sizeof(**nodes));
    rc = mem && dist && *nodes ? hc_numainfo(ctx, mem, dist, &nr)
                               : xn_fail(ctx, ENOMEM, "no memory");
    for ( uint32_t i = 0; !rc && i < nr; i++ ) {
        struct xn_numa_node *n = &(*nodes)[i];

        n->size_bytes = mem[i].memsize;
        n->free_bytes = mem[i].memfree;
        n->distance = calloc(nr, sizeof(*n->distance));
        if ( !n->distance )
            rc = xn_fail(ctx, ENOMEM, "no memory");
        else
            memcpy(n->distance, dist + (size_t)i * nr, nr * sizeof(*dist));
    }
 out:
    free(mem);
    free(dist);
    if ( rc ) {
        xn_host_nodes_free(*nodes, *nodes ? nr : 0);
        *nodes = NULL;
        return xn_because(ctx, rc, "asking for the memory nodes");
    }
    *count = nr;
    return 0;
}

void xn_host_nodes_free(struct xn_numa_node *nodes, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(nodes[i].distance);
    free(nodes);
}
