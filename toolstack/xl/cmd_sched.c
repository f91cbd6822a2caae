/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shares of the CPUs: sched-credit2 (and sched-credit, which scripts made for the older
 * scheduler call: weight and cap mean the same), and the CPU pools.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "show.h"
#include "xl.h"

struct request {
    const char *domain, *pool;
    long weight, cap, ratelimit;        /* XN_UNSET: not given */
    bool pool_params, json;
};

static const struct xn_cpupool *find_pool(const struct xn_cpupool *pools, size_t n,
                                          const char *name)
{
    long id;

    for ( size_t i = 0; i < n; i++ )
        if ( !strcmp(pools[i].name, name) )
            return &pools[i];
    for ( size_t i = 0; i < n; i++ )
        if ( xl_number(name, 0, INT32_MAX, &id) && pools[i].id == id )
            return &pools[i];
    return NULL;
}

static bool number_option(const char *what, long min, long max, long *value)
{
    if ( xl_number(optarg, min, max, value) )
        return true;
    xl_error("%s: %s %s: want a number from %ld to %ld", xl.command->name, what, optarg, min, max);
    return false;
}

static bool read_request(int argc, char **argv, struct request *r)
{
    bool good = true;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        switch ( c ) {
        case 'd': r->domain = optarg; break;
        case 'p': r->pool = optarg; break;
        case 'w': good &= number_option("weight", 1, 65535, &r->weight); break;
        case 'c': good &= number_option("cap", 0, 65535, &r->cap); break;
        case 'r': good &= number_option("rate limit", 0, 500000, &r->ratelimit); break;
        case 's': r->pool_params = true; break;
        case 't': case 'm':
            xl_error("%s: -%c: this host's scheduler has no such parameter", xl.command->name, c);
            good = false;
            break;
        case OPT_JSON: r->json = true; break;
        }
    }
    if ( !good )
        return false;
    if ( r->pool && r->domain )
        xl_error("%s: -p and -d: name a pool or a domain, not both", xl.command->name);
    else if ( !r->domain && (r->weight != XN_UNSET || r->cap != XN_UNSET) )
        xl_error("%s: whose? name the domain with -d", xl.command->name);
    else if ( r->pool_params && (r->weight != XN_UNSET || r->cap != XN_UNSET) )
        xl_error("%s: -w and -c are a domain's; they do not go with -s", xl.command->name);
    else if ( !r->pool_params && r->ratelimit != XN_UNSET )
        xl_error("%s: -r is the pool's: it needs -s", xl.command->name);
    else
        return true;
    return false;
}

static int print_domain(const struct request *r, struct json *j, uint32_t domid)
{
    struct xn_timing t;
    struct xn_domain gone;
    char *name;

    if ( xn_domain_get_sched(xl_ctx(), domid, &t) ) {
        if ( !r->domain && xn_domain_info(xl_ctx(), domid, &gone) )
            return XL_OK;               /* ended meanwhile */
        return xl_failed(r->domain, "%s", xl.command->name);
    }
    name = r->json ? xl_name(domid) : xl_shown_name(domid);
    if ( r->json ) {
        json_open(j, NULL, '{');
        json_string(j, "name", name);
        json_uint(j, "domid", domid);
        json_int(j, "weight", t.weight);
        json_int(j, "cap", t.cap);
        json_close(j);
    } else {
        printf("%-33s %4u %6ld %4ld\n", name, domid, t.weight, t.cap);
    }
    free(name);
    return XL_OK;
}

static int one_domain(const struct request *r)
{
    struct xn_timing t = { r->weight, r->cap };
    struct json j;
    uint32_t domid;

    if ( xl_find(r->domain, &domid) )
        return XL_FAILED;
    if ( t.weight != XN_UNSET || t.cap != XN_UNSET ) {
        if ( xl.dry_run ) {
            printf("domain %u would get", domid);
            if ( t.weight != XN_UNSET )
                printf(" weight %ld", t.weight);
            if ( t.cap != XN_UNSET )
                printf(" cap %ld", t.cap);
            printf("\n");
        } else if ( xn_domain_set_sched(xl_ctx(), domid, &t) ) {
            return xl_failed(r->domain, "%s", xl.command->name);
        }
        return XL_OK;
    }
    json_init(&j, stdout);
    if ( !r->json )
        printf("Name                                ID Weight  Cap\n");
    return print_domain(r, &j, domid);
}

/* A pool's own line; nothing for a scheduler without these parameters. */
static int print_pool(const struct request *r, struct json *j, const struct xn_cpupool *p)
{
    uint32_t us;

    if ( xn_host_get_ratelimit(xl_ctx(), p, &us) )
        return xl_failed(NULL, "%s", xl.command->name);
    if ( r->json ) {
        json_string(j, "cpupool", p->name);
        json_string(j, "scheduler", xn_sched_name(p->sched_id));
        json_uint(j, "ratelimit_us", us);
    } else {
        printf("Cpupool %s: ratelimit=%uus\n", p->name, us);
    }
    return XL_OK;
}

static int set_pool(const struct request *r, const struct xn_cpupool *p)
{
    if ( r->ratelimit && r->ratelimit < 100 )
        return xl_error("%s: rate limit %ld: want 0 (none) or 100 to 500000 microseconds",
                        xl.command->name, r->ratelimit);
    if ( xl.dry_run ) {
        printf("pool %s would get a rate limit of %ld us\n", p->name, r->ratelimit);
        return XL_OK;
    }
    if ( xn_host_set_ratelimit(xl_ctx(), p, (uint32_t)r->ratelimit) )
        return xl_failed(p->name, "%s", xl.command->name);
    return XL_OK;
}

static int pool_with_domains(const struct request *r, struct json *j, const struct xn_cpupool *p,
                             const struct xn_domain *list, size_t n)
{
    int rc;

    if ( r->json )
        json_open(j, NULL, '{');
    rc = print_pool(r, j, p);
    if ( !rc && !r->pool_params ) {
        if ( r->json )
            json_open(j, "domains", '[');
        else
            printf("Name                                ID Weight  Cap\n");
        for ( size_t i = 0; i < n && !rc; i++ )
            if ( list[i].cpupool == p->id )
                rc = print_domain(r, j, list[i].domid);
        if ( r->json )
            json_close(j);
    }
    if ( r->json )
        json_close(j);
    return rc;
}

static int over_pools(const struct request *r)
{
    struct xn_cpupool *pools;
    const struct xn_cpupool *only = NULL;
    struct xn_domain *list = NULL;
    size_t nr, n = 0;
    struct json j;
    int rc = XL_OK;

    if ( xn_host_cpupools(xl_ctx(), &pools, &nr) )
        return xl_failed(NULL, "%s", xl.command->name);
    if ( r->pool || r->pool_params )
        only = find_pool(pools, nr, r->pool ? r->pool : "0");
    if ( (r->pool || r->pool_params) && !only )
        rc = xl_error("%s: %s: no such CPU pool; xl cpupool-list shows them", r->pool,
                      xl.command->name);
    else if ( r->ratelimit != XN_UNSET )
        rc = set_pool(r, only);
    else if ( !r->pool_params )
        rc = xl_domains(NULL, 0, &list, &n);
    json_init(&j, stdout);
    if ( r->json && !rc && r->ratelimit == XN_UNSET )
        json_open(&j, NULL, '[');
    for ( size_t i = 0; i < nr && !rc && r->ratelimit == XN_UNSET; i++ )
        if ( !only || only == &pools[i] )
            rc = pool_with_domains(r, &j, &pools[i], list, n);
    while ( j.depth )
        json_close(&j);
    free(list);
    xn_host_cpupools_free(pools, nr);
    return rc;
}

int cmd_sched_credit2(int argc, char **argv)
{
    struct request r = { .weight = XN_UNSET, .cap = XN_UNSET, .ratelimit = XN_UNSET };

    if ( !read_request(argc, argv, &r) )
        return XL_FAILED;
    return r.domain && !r.pool_params ? one_domain(&r) : over_pools(&r);
}

int cmd_sched_credit(int argc, char **argv)
{
    return cmd_sched_credit2(argc, argv);
}

static unsigned int count_cpus(const struct xn_cpupool *p)
{
    unsigned int n = 0;

    for ( uint32_t i = 0; i < p->nr_cpus; i++ )
        n += p->cpus[i / 8] >> (i % 8) & 1;
    return n;
}

/* "0,1,2": every CPU by itself, as scripts split it. */
static void print_cpus(const struct xn_cpupool *p, struct json *j)
{
    bool first = true;

    for ( uint32_t i = 0; i < p->nr_cpus; i++ ) {
        if ( !(p->cpus[i / 8] >> (i % 8) & 1) )
            continue;
        if ( j )
            json_uint(j, NULL, i);
        else
            printf("%s%u", first ? "" : ",", i);
        first = false;
    }
}

static void print_pool_line(const struct xn_cpupool *p, bool cpus, struct json *j)
{
    if ( j ) {
        json_open(j, NULL, '{');
        json_string(j, "name", p->name);
        json_uint(j, "id", p->id);
        json_string(j, "scheduler", xn_sched_name(p->sched_id));
        json_uint(j, "domains", p->nr_domains);
        json_open(j, "cpus", '[');
        print_cpus(p, j);
        json_close(j);
        json_close(j);
    } else if ( cpus ) {
        printf("%-19s", p->name);
        print_cpus(p, NULL);
        printf("\n");
    } else {
        printf("%-19s%3u %9s       y       %4u\n", p->name, count_cpus(p),
               xn_sched_name(p->sched_id), p->nr_domains);
    }
}

int cmd_cpupool_list(int argc, char **argv)
{
    bool cpus = false, json = false;
    const struct xn_cpupool *only = NULL;
    struct xn_cpupool *pools;
    struct json j;
    size_t n;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        cpus |= c == 'c';
        json |= c == OPT_JSON;
    }
    if ( xn_host_cpupools(xl_ctx(), &pools, &n) )
        return xl_failed(NULL, "cpupool-list");
    if ( optind < argc && !(only = find_pool(pools, n, argv[optind])) ) {
        xn_host_cpupools_free(pools, n);
        return xl_error("%s: cpupool-list: no such CPU pool; xl cpupool-list shows them",
                        argv[optind]);
    }
    json_init(&j, stdout);
    if ( json )
        json_open(&j, NULL, '[');
    else
        printf("%-19s%s\n", "Name", cpus ? "CPU list" : "CPUs   Sched     Active   Domain count");
    for ( size_t i = 0; i < n; i++ )
        if ( !only || only == &pools[i] )
            print_pool_line(&pools[i], cpus, json ? &j : NULL);
    if ( json )
        json_close(&j);
    xn_host_cpupools_free(pools, n);
    return XL_OK;
}
