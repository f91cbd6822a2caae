/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that configurations are read on: four CPUs on two nodes, no hypervisor. */
#ifndef FUZZ_CONFIG_HOST_H
#define FUZZ_CONFIG_HOST_H

#include "fuzz.h"

#include <xenolith/xenolith.h>

#include <ctx/context.h>
#include <stdlib.h>
#include <string.h>

void ctx_close_handles(struct xn_ctx *ctx)
{
}

int xn_host_cpus(struct xn_ctx *ctx, struct xn_cpu_topology **cpus, size_t *count)
{
    *count = 4;
    *cpus = calloc(4, sizeof(**cpus));
    for ( unsigned int i = 0; *cpus && i < 4; i++ )
        (*cpus)[i] = (struct xn_cpu_topology){ i, 0, i / 2 };
    return *cpus ? 0 : -1;
}

static void quiet(void *data, enum xn_level level, const char *line)
{
}

/* Write what was read in both languages, and read both again: neither may fail. */
static void write_both(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    struct xn_domain_config again;
    struct xn_findings f = { 0 };
    char *json[3] = { NULL }, *xml = NULL;

    MUST(!xn_config_to_json(ctx, c, &json[0]));
    for ( int i = 1; i < 3; i++ ) {
        if ( xn_config_from_json(ctx, &again, json[i - 1]) )
            fprintf(stderr, "%s\n%s\n", xn_why(ctx), json[i - 1]), abort();
        MUST(!xn_config_to_json(ctx, &again, &json[i]));
        xn_config_free(&again);
    }
    if ( strcmp(json[1], json[2]) )
        fprintf(stderr, "%s\n%s\n", json[1], json[2]), abort();
    if ( !xn_config_to_xml(ctx, c, &xml) ) {
        xn_config_from_xml(ctx, &again, &f, xml, strlen(xml));
        xn_config_free(&again);
        xn_findings_free(&f);
    }
    for ( int i = 0; i < 3; i++ )
        free(json[i]);
    free(xml);
}

#endif
