/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl list and the tables that share its columns: claims, sharing.  A line is six columns
 * between blanks, then what the options add: scripts count on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "show.h"
#include "xl.h"

#define HEADER "Name                                        ID   Mem VCPUs\tState\tTime(s)"

struct list_options {
    bool verbose, context, cpupool, numa, is_long, json;
};

/* MiB: what it has and what is still claimed for it. */
static unsigned long mem_mib(const struct xn_domain *d)
{
    return (unsigned long)((d->pages + d->outstanding_pages) >> 8);
}

static void print_domain(const struct xn_domain *d)
{
    char *name = xl_shown_name(d->domid), state[7];

    xl_state_letters(d, state);
    printf("%-40s %5u %5lu %5u     %s  %8.1f", name, d->domid, mem_mib(d), d->online_vcpus,
           state, (double)d->cpu_time_ns / 1e9);
    free(name);
}

static const char *pool_of(const struct xn_cpupool *pools, size_t nr, uint32_t id)
{
    for ( size_t i = 0; i < nr; i++ )
        if ( pools[i].id == id )
            return pools[i].name;
    return "-";
}

/* "all", or a list of ranges. */
static char *node_text(uint32_t domid)
{
    uint8_t *nodes = NULL;
    uint32_t nr = 0;
    char *text;

    if ( xn_domain_nodes(xl_ctx(), domid, &nodes, &nr) )
        return xl_strdup("?");
    text = show_set(nodes, nr, "all");
    free(nodes);
    return text;
}

static int print_table(const struct list_options *o, const struct xn_domain *list, size_t n)
{
    struct xn_cpupool *pools = NULL;
    size_t nr_pools = 0;

    if ( o->cpupool && xn_host_cpupools(xl_ctx(), &pools, &nr_pools) )
        return xl_failed(NULL, "list");
    printf(HEADER);
    if ( o->verbose )
        printf("   UUID                            Reason-Code\tSecurity Label");
    if ( o->context && !o->verbose )
        printf("   Security Label");
    if ( o->cpupool )
        printf("         Cpupool");
    if ( o->numa )
        printf(" NODE Affinity");
    printf("\n");
    for ( size_t i = 0; i < n; i++ ) {
        print_domain(&list[i]);
        if ( o->verbose ) {
            char uuid[37];

            xl_uuid_text(list[i].uuid, uuid);
            printf(" %s", uuid);
            if ( list[i].shutdown )
                printf(" %8x", list[i].shutdown_reason);
            else
                printf(" %8s", "-");
        }
        if ( o->verbose || o->context )
            printf(" %16s", "-");
        if ( o->cpupool )
            printf("%16s", pool_of(pools, nr_pools, list[i].cpupool));
        if ( o->numa ) {
            char *nodes = node_text(list[i].domid);

            printf(" %s", nodes);
            free(nodes);
        }
        printf("\n");
    }
    xn_host_cpupools_free(pools, nr_pools);
    return XL_OK;
}

static int print_json(const struct xn_domain *list, size_t n)
{
    struct json j;

    json_init(&j, stdout);
    json_open(&j, NULL, '[');
    for ( size_t i = 0; i < n; i++ ) {
        char state[7], uuid[37], *name = xl_name(list[i].domid);

        xl_state_letters(&list[i], state);
        xl_uuid_text(list[i].uuid, uuid);
        json_open(&j, NULL, '{');
        json_string(&j, "name", name);
        json_uint(&j, "domid", list[i].domid);
        json_string(&j, "uuid", uuid);
        json_uint(&j, "memory_mib", mem_mib(&list[i]));
        json_uint(&j, "maxmem_kib", list[i].max_pages * 4);
        json_uint(&j, "claimed_pages", list[i].outstanding_pages);
        json_uint(&j, "shared_pages", list[i].shared_pages);
        json_uint(&j, "vcpus", list[i].online_vcpus);
        json_string(&j, "state", state);
        json_bool(&j, "running", list[i].running);
        json_bool(&j, "blocked", list[i].blocked);
        json_bool(&j, "paused", list[i].paused);
        json_bool(&j, "shutdown", list[i].shutdown);
        json_bool(&j, "dying", list[i].dying);
        if ( list[i].shutdown )
            json_string(&j, "shutdown_reason", show_reason(list[i].shutdown_reason));
        json_seconds(&j, "cpu_seconds", list[i].cpu_time_ns);
        json_uint(&j, "cpupool", list[i].cpupool);
        json_close(&j);
        free(name);
    }
    json_close(&j);
    return XL_OK;
}

int cmd_list(int argc, char **argv)
{
    struct list_options o = { 0 };
    struct xn_domain *list;
    size_t n;
    int c, rc;

    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        switch ( c ) {
        case 'l': o.is_long = true; break;
        case 'v': o.verbose = true; break;
        case 'Z': o.context = true; break;
        case 'c': o.cpupool = true; break;
        case 'n': o.numa = true; break;
        case OPT_JSON: o.json = true; break;
        }
    }
    rc = xl_domains(argv + optind, argc - optind, &list, &n);
    if ( rc )
        return rc;
    if ( o.is_long )
        rc = show_configs(list, n, !o.json && xl_wants_sxp());
    else if ( o.json )
        rc = print_json(list, n);
    else
        rc = print_table(&o, list, n);
    free(list);
    return rc;
}

/* A table of its own under this header, one line() for each domain; or JSON. */
static int other_table(int argc, char **argv, const char *header,
                       void (*line)(const struct xn_domain *d))
{
    struct xn_domain *list;
    bool json = false;
    size_t n;
    int c, rc;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        json |= c == OPT_JSON;
    rc = xl_domains(argv + optind, argc - optind, &list, &n);
    if ( rc )
        return rc;
    if ( json ) {
        rc = print_json(list, n);
    } else {
        puts(header);
        for ( size_t i = 0; i < n; i++ )
            line(&list[i]);
    }
    free(list);
    return rc;
}

static void claims_line(const struct xn_domain *d)
{
    print_domain(d);
    printf(" %5lu\n", (unsigned long)(d->outstanding_pages >> 8));
}

int cmd_claims(int argc, char **argv)
{
    return other_table(argc, argv, HEADER "  Claimed", claims_line);
}

static void sharing_line(const struct xn_domain *d)
{
    char *name = xl_shown_name(d->domid);

    printf("%-40s %5u %5lu %6lu\n", name, d->domid, (unsigned long)(d->pages >> 8),
           (unsigned long)(d->shared_pages >> 8));
    free(name);
}

int cmd_sharing(int argc, char **argv)
{
    return other_table(argc, argv, "Name                                        ID   Mem Shared",
                       sharing_line);
}
