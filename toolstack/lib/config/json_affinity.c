/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCPUs' affinities in libxl's JSON: arrays of the numbers of CPUs.
 */
#include "json.h"

#include "cpuset.h"

#include <xenolith/host.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX    4096

/* The host that texts are about: as many CPUs as fill whole bytes, as libxl's sets have. */
struct host {
    struct cpuset_host set;
    uint32_t *node;
};

static void get_host(struct xn_ctx *ctx, struct host *h)
{
    struct xn_cpu_topology *cpus = NULL;
    size_t count = 0;

    memset(h, 0, sizeof(*h));
    if ( !ctx || xn_host_cpus(ctx, &cpus, &count) || count > CPUS_MAX ) {
        /* Without a hypervisor only plain numbers have a meaning. */
        free(cpus);
        return;
    }
    h->set.nr_cpus = (count + 7) / 8 * 8;
    h->node = calloc(h->set.nr_cpus + 1, sizeof(*h->node));
    for ( size_t i = 0; h->node && i < h->set.nr_cpus; i++ )
        h->node[i] = i < count ? cpus[i].node : UINT32_MAX;
    h->set.node = h->node;
    free(cpus);
}

/* True if the text has a meaning here. */
static bool resolve(const struct host *h, const char *text, uint8_t *set, unsigned int *nr)
{
    struct cpuset_host any = { CPUS_MAX, NULL };
    char why[120];

    if ( !text )
        return false;
    if ( h->set.nr_cpus ) {
        *nr = h->set.nr_cpus;
        return !cpuset_parse(text, &h->set, set, NULL, why, sizeof(why));
    }
    *nr = CPUS_MAX;
    return !strpbrk(text, "an") && !cpuset_parse(text, &any, set, NULL, why, sizeof(why));
}

static void write_sets(struct json_out *o, const struct xn_domain_config *c, const struct host *h,
                       bool soft)
{
    long vcpus = c->maxvcpus != XN_UNSET ? c->maxvcpus : c->vcpus;
    uint8_t set[CPUSET_BYTES(CPUS_MAX)];
    unsigned int nr;
    bool opened = false;

    for ( long i = 0; i < vcpus && (c->affinity_for_all || (size_t)i < c->nr_affinity); i++ ) {
        const struct xn_affinity *a = &c->affinity[c->affinity_for_all ? 0 : i];

        if ( !resolve(h, soft ? a->soft : a->hard, set, &nr) )
            break;
        if ( !opened )
            jo_open(o, soft ? "vcpu_soft_affinity" : "vcpu_hard_affinity", '[');
        opened = true;
        jo_open(o, NULL, '[');
        for ( unsigned int cpu = 0; cpu < nr; cpu++ )
            if ( cpuset_has(set, cpu) )
                jo_number(o, NULL, cpu);
        jo_close(o, ']');
    }
    if ( opened )
        jo_close(o, ']');
}

void json_write_affinity(struct json_out *o, struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    struct host h;

    if ( c->nr_affinity ) {
        get_host(ctx, &h);
        write_sets(o, c, &h, false);
        write_sets(o, c, &h, true);
        free(h.node);
    }
    if ( c->numa_placement != XN_UNSET )
        jo_defbool(o, "numa_placement", c->numa_placement);
}

static char *read_set(struct json_object *numbers)
{
    uint8_t set[CPUSET_BYTES(CPUS_MAX)] = { 0 };

    if ( !json_object_is_type(numbers, json_type_array) )
        return NULL;
    for ( size_t i = 0; i < json_object_array_length(numbers); i++ ) {
        int64_t cpu = json_object_get_int64(json_object_array_get_idx(numbers, i));

        if ( cpu >= 0 && cpu < CPUS_MAX )
            set[cpu / 8] |= 1 << (cpu % 8);
    }
    if ( !cpuset_count(set, CPUS_MAX) )
        return NULL;
    return cpuset_text(set, CPUS_MAX);
}

static void read_sets(struct xn_domain_config *c, struct json_object *o, bool soft)
{
    struct json_object *sets = json_get(o, soft ? "vcpu_soft_affinity" : "vcpu_hard_affinity",
                                        json_type_array);

    for ( size_t i = 0; sets && i < json_object_array_length(sets) && i < CPUS_MAX; i++ ) {
        char *text = read_set(json_object_array_get_idx(sets, i));

        if ( !text )
            continue;
        while ( c->nr_affinity <= i ) {
            c->affinity = cfg_grow(c->affinity, c->nr_affinity, sizeof(*c->affinity));
            c->nr_affinity++;
        }
        cfg_replace(soft ? &c->affinity[i].soft : &c->affinity[i].hard, text);
    }
}

void json_read_affinity(struct xn_domain_config *c, struct json_object *b_info)
{
    bool on;

    read_sets(c, b_info, false);
    read_sets(c, b_info, true);
    if ( json_get_flag(b_info, "numa_placement", &on) )
        c->numa_placement = on;
}
