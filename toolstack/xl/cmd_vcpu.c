/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs: where they run, where they may run, how many a guest uses.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "show.h"
#include "xl.h"
#include "xlconf.h"

static void print_vcpu(const char *name, uint32_t domid, const struct xn_vcpu *v)
{
    char *hard = show_set(v->hard, v->nr_cpus, "all");
    char *soft = show_set(v->soft, v->nr_cpus, "all");

    printf("%-32s %5u %5u", name, domid, v->id);
    if ( v->online )
        printf("%5u   %c%c-", v->cpu, v->running ? 'r' : '-', v->blocked ? 'b' : '-');
    else
        printf("%5c   --p", '-');
    printf(" %9.1f  %s / %s\n", (double)v->cpu_time_ns / 1e9, hard, soft);
    free(hard);
    free(soft);
}

static void json_vcpu(struct json *j, const char *name, uint32_t domid, const struct xn_vcpu *v)
{
    char *hard = show_set(v->hard, v->nr_cpus, "all");
    char *soft = show_set(v->soft, v->nr_cpus, "all");

    json_open(j, NULL, '{');
    json_string(j, "name", name);
    json_uint(j, "domid", domid);
    json_uint(j, "vcpu", v->id);
    if ( v->online )
        json_uint(j, "cpu", v->cpu);
    json_bool(j, "online", v->online);
    json_bool(j, "running", v->running);
    json_bool(j, "blocked", v->blocked);
    json_seconds(j, "cpu_seconds", v->cpu_time_ns);
    json_string(j, "hard_affinity", hard);
    json_string(j, "soft_affinity", soft);
    json_close(j);
    free(hard);
    free(soft);
}

int cmd_vcpu_list(int argc, char **argv)
{
    struct xn_domain *list;
    struct json j;
    bool json = false;
    size_t n;
    int c, rc = XL_OK;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        json |= c == OPT_JSON;
    if ( xl_domains(argv + optind, argc - optind, &list, &n) )
        return XL_FAILED;
    json_init(&j, stdout);
    if ( json )
        json_open(&j, NULL, '[');
    else
        printf("Name                                ID  VCPU   CPU State   Time(s) "
               "Affinity (Hard / Soft)\n");
    for ( size_t i = 0; i < n; i++ ) {
        uint32_t domid = list[i].domid;
        struct xn_vcpu *vcpus;
        size_t nr;
        char *name;

        if ( xn_domain_vcpus(xl_ctx(), domid, &vcpus, &nr) ) {
            struct xn_domain gone;

            /* One that ended meanwhile is no error, unless it was asked for. */
            if ( argc > optind || !xn_domain_info(xl_ctx(), domid, &gone) )
                rc = xl_failed(argc > optind ? argv[optind + i] : NULL, "vcpu-list");
            continue;
        }
        name = json ? xl_name(domid) : xl_shown_name(domid);
        for ( size_t v = 0; v < nr; v++ ) {
            if ( json )
                json_vcpu(&j, name, domid, &vcpus[v]);
            else
                print_vcpu(name, domid, &vcpus[v]);
        }
        free(name);
        xn_domain_vcpus_free(vcpus, nr);
    }
    if ( json )
        json_close(&j);
    free(list);
    return rc;
}

/* "-": leave it; "all" and sets are the library's to read. */
static const char *affinity_operand(const char *text)
{
    return strcmp(text, "-") ? text : NULL;
}

/* The set with xl.conf's mask for guests applied: malloc'd. */
static char *masked(const char *hard, uint32_t domid)
{
    struct xn_domain d;
    enum xn_type type;

    if ( xn_domain_info(xl_ctx(), domid, &d) ) {
        xl_failed(NULL, "vcpu-pin");
        return NULL;
    }
    type = d.hvm ? XN_TYPE_HVM : XN_TYPE_PV;
    return domid && xl_has_cpumask(type) ? xl_masked_cpus(hard, type) : xl_strdup(hard);
}

int cmd_vcpu_pin(int argc, char **argv)
{
    bool ignore_masks = false;
    const char *which, *wanted, *soft = NULL;
    char *hard = NULL;
    uint32_t domid;
    long vcpu = -1;
    int c, rc;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        ignore_masks |= c == OPT_IGNORE_MASKS;      /* -f: there are no temporary pinnings */
    which = argv[optind + 1];
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( strcmp(which, "all") && !xl_number(which, 0, 8191, &vcpu) )
        return xl_error("%s: vcpu-pin: vCPU %s: neither a number nor all", argv[optind], which);
    if ( argc - optind > 3 )
        soft = affinity_operand(argv[optind + 3]);
    wanted = affinity_operand(argv[optind + 2]);
    if ( wanted ) {
        hard = ignore_masks ? xl_strdup(wanted) : masked(wanted, domid);
        if ( !hard )
            return XL_FAILED;
    }
    if ( xl.dry_run ) {
        printf("vCPU %s of domain %u would run on: hard %s, soft %s\n", which, domid,
               hard ? hard : "as before", soft ? soft : "as before");
        rc = XL_OK;
    } else if ( !hard && !soft ) {
        rc = XL_OK;
    } else {
        rc = xn_domain_pin(xl_ctx(), domid, (int)vcpu, hard, soft);
        if ( rc )
            rc = xl_failed(argv[optind], "vcpu-pin");
    }
    free(hard);
    return rc;
}

int cmd_vcpu_set(int argc, char **argv)
{
    bool ignore_host = false;
    struct xn_host host;
    struct xn_domain d;
    uint32_t domid;
    long count;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        ignore_host |= c == 'i';
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( !xl_number(argv[optind + 1], 1, 8192, &count) )
        return xl_error("%s: vcpu-set: %s: not a number of vCPUs from 1 up", argv[optind],
                        argv[optind + 1]);
    if ( xn_host_info(xl_ctx(), &host) || xn_domain_info(xl_ctx(), domid, &d) )
        return xl_failed(argv[optind], "vcpu-set");
    if ( count > (long)host.nr_cpus && count > (long)d.online_vcpus && !ignore_host )
        return xl_error("%s: vcpu-set: %ld vCPUs are more than the host's %u CPUs; "
                        "--ignore-host allows it", argv[optind], count, host.nr_cpus);
    if ( count > (long)d.max_vcpu_id + 1 )
        return xl_error("%s: vcpu-set: it has at most %u vCPUs; maxvcpus= in its configuration "
                        "gives it more", argv[optind], d.max_vcpu_id + 1);
    if ( xl.dry_run ) {
        printf("domain %u would use %ld vCPUs\n", domid, count);
        return XL_OK;
    }
    if ( xn_domain_set_vcpus(xl_ctx(), domid, (unsigned int)count) )
        return xl_failed(argv[optind], "vcpu-set");
    return XL_OK;
}
