/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that configurations are read on, in the hypervisor's place: four CPUs on two
 * nodes, or as many as CPUS= says, all on one.
 */
#include <ctx/context.h>
#include <stdlib.h>
#include <xenolith/xenolith.h>

void ctx_close_handles(struct xn_ctx *ctx)
{
}

int xn_host_cpus(struct xn_ctx *ctx, struct xn_cpu_topology **cpus, size_t *count)
{
    const char *given = getenv("CPUS");

    *count = given ? strtoul(given, NULL, 0) : 4;
    *cpus = calloc(*count + 1, sizeof(**cpus));
    for ( size_t i = 0; i < *count; i++ )
        (*cpus)[i] = (struct xn_cpu_topology){ i, 0, given ? 0 : i / 2 };
    return 0;
}
