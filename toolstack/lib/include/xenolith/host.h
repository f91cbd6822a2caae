/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queries and settings of the host: what xl info, dmesg, debug-keys, cpupool-list print.
 * Sizes are in pages of 4 KiB unless a name says otherwise.
 */
#ifndef XENOLITH_HOST_H
#define XENOLITH_HOST_H

#include "ctx.h"

struct xn_host {            /* XEN_SYSCTL_physinfo */
    uint32_t nr_cpus, max_cpu_id, nr_nodes, max_node_id, threads_per_core, cores_per_socket;
    uint32_t cpu_khz, capabilities;
    uint64_t total_pages, free_pages, scrub_pages, outstanding_pages;
    uint32_t hw_cap[8], max_mfn_shift;
};

struct xn_version {         /* xen_version */
    unsigned int major, minor;
    char extra[16], compiler[64], compile_by[16], compile_domain[32], compile_date[32];
    char capabilities[1024], changeset[64], build_id[41], command_line[1024];
    uint64_t virt_start;
    uint32_t page_size;
};

struct xn_cpu_topology { uint32_t core, socket, node; };        /* ~0: not there */
struct xn_numa_node { uint64_t size_bytes, free_bytes; uint32_t *distance; };

struct xn_cpupool {
    uint32_t id, sched_id, nr_domains, nr_cpus;
    uint8_t *cpus;          /* bitmap of nr_cpus bits */
    char name[64];
};

int xn_host_info(struct xn_ctx *ctx, struct xn_host *host);
int xn_host_version(struct xn_ctx *ctx, struct xn_version *v);
/* The arrays are malloc'd for *count entries. */
int xn_host_cpus(struct xn_ctx *ctx, struct xn_cpu_topology **cpus, size_t *count);
int xn_host_nodes(struct xn_ctx *ctx, struct xn_numa_node **nodes, size_t *count);
void xn_host_nodes_free(struct xn_numa_node *nodes, size_t count);
int xn_host_cpupools(struct xn_ctx *ctx, struct xn_cpupool **pools, size_t *count);
void xn_host_cpupools_free(struct xn_cpupool *pools, size_t count);
/* The pool's least time between two context switches, in microseconds: credit and credit2. */
int xn_host_get_ratelimit(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t *us);
int xn_host_set_ratelimit(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t us);
/* Pages freed by sharing, and pages that are shared. */
int xn_host_sharing(struct xn_ctx *ctx, uint64_t *freed, uint64_t *used);
/* Name of a XEN_SCHEDULER_* id: "credit2", ...; "unknown". */
const char *xn_sched_name(uint32_t id);

/* The hypervisor's log, malloc'd text.  clear: empty it afterwards. */
int xn_host_dmesg(struct xn_ctx *ctx, bool clear, char **text);
int xn_host_debug_keys(struct xn_ctx *ctx, const char *keys);
int xn_host_set_parameters(struct xn_ctx *ctx, const char *params);

/* Write what the store and /var/lib/xen have to hold of domain 0: once after each boot. */
int xn_host_init_dom0(struct xn_ctx *ctx);

#endif
