/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look at all domains: the hypervisor's counters, and those that dom0's back ends keep in
 * sysfs.  A domain or device that goes away meanwhile is simply not in the sample.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

const char *top_sys = "/sys";

static uint64_t read_counter(const char *dir, const char *device, const char *leaf)
{
    char path[512];
    unsigned long long value = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s/%s/statistics/%s", top_sys, dir, device, leaf);
    f = fopen(path, "re");
    if ( !f )
        return 0;
    if ( fscanf(f, "%llu", &value) != 1 )
        value = 0;
    fclose(f);
    return value;
}

static struct top_domain *domain_of(struct top_sample *s, uint32_t domid)
{
    size_t low = 0, high = s->count;

    while ( low < high ) {
        const size_t middle = (low + high) / 2;

        if ( s->domains[middle].info.domid < domid )
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count && s->domains[low].info.domid == domid ? &s->domains[low] : NULL;
}

/* "vif3.0" */
static void add_net(struct top_sample *s, const char *name)
{
    static const char dir[] = "class/net";
    struct top_domain *d;
    struct top_net *n;
    unsigned int domid, id;
    int end = 0;

    if ( sscanf(name, "vif%u.%u%n", &domid, &id, &end) != 2 || name[end] )
        return;
    d = domain_of(s, domid);
    if ( !d )
        return;
    d->nets = realloc(d->nets, (d->nr_nets + 1) * sizeof(*n));
    if ( !d->nets )
        abort();
    n = &d->nets[d->nr_nets++];
    *n = (struct top_net){
        .id = id,
        .rx_bytes = read_counter(dir, name, "rx_bytes"),
        .rx_packets = read_counter(dir, name, "rx_packets"),
        .rx_errors = read_counter(dir, name, "rx_errors"),
        .rx_drops = read_counter(dir, name, "rx_dropped"),
        .tx_bytes = read_counter(dir, name, "tx_bytes"),
        .tx_packets = read_counter(dir, name, "tx_packets"),
        .tx_errors = read_counter(dir, name, "tx_errors"),
        .tx_drops = read_counter(dir, name, "tx_dropped"),
    };
    d->net_rx += n->rx_bytes;
    d->net_tx += n->tx_bytes;
}

/* "vbd-3-51712" */
static void add_vbd(struct top_sample *s, const char *name)
{
    static const char dir[] = "bus/xen-backend/devices";
    struct top_domain *d;
    struct top_vbd *v;
    unsigned int domid, id;
    int end = 0;

    if ( sscanf(name, "vbd-%u-%u%n", &domid, &id, &end) != 2 || name[end] )
        return;
    d = domain_of(s, domid);
    if ( !d )
        return;
    d->vbds = realloc(d->vbds, (d->nr_vbds + 1) * sizeof(*v));
    if ( !d->vbds )
        abort();
    v = &d->vbds[d->nr_vbds++];
    *v = (struct top_vbd){
        .id = id,
        .oo = read_counter(dir, name, "oo_req"),
        .rd = read_counter(dir, name, "rd_req"),
        .wr = read_counter(dir, name, "wr_req"),
        .rd_sectors = read_counter(dir, name, "rd_sect"),
        .wr_sectors = read_counter(dir, name, "wr_sect"),
    };
    d->vbd_sum.oo += v->oo;
    d->vbd_sum.rd += v->rd;
    d->vbd_sum.wr += v->wr;
    d->vbd_sum.rd_sectors += v->rd_sectors;
    d->vbd_sum.wr_sectors += v->wr_sectors;
}

static void scan(struct top_sample *s, const char *dir,
                 void (*add)(struct top_sample *s, const char *name))
{
    char path[256];
    struct dirent *e;
    DIR *d;

    snprintf(path, sizeof(path), "%s/%s", top_sys, dir);
    d = opendir(path);
    while ( d && (e = readdir(d)) )
        add(s, e->d_name);
    if ( d )
        closedir(d);
}

static int by_net_id(const void *a, const void *b)
{
    const struct top_net *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static int by_vbd_id(const void *a, const void *b)
{
    const struct top_vbd *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static void take_domain(struct top_domain *d, const struct xn_domain *info,
                        const struct top_sample *before, uint64_t now)
{
    d->info = *info;
    d->name = xl_shown_name(info->domid);
    for ( size_t i = 0; before && i < before->count; i++ ) {
        const struct top_domain *old = &before->domains[i];

        if ( old->info.domid != info->domid || memcmp(old->info.uuid, info->uuid, 16) ||
            now <= before->at_ns || info->cpu_time_ns < old->info.cpu_time_ns )
            continue;
        d->has_cpu = true;
        d->cpu_percent = 100.0 * (double)(info->cpu_time_ns - old->info.cpu_time_ns) /
                         (double)(now - before->at_ns);
    }
}

int top_take(struct top_sample *s, const struct top_sample *before, bool vcpus)
{
    struct xn_domain *list;
    struct timespec now;
    size_t count;
    int rc = xn_host_info(xl_ctx(), &s->host);

    if ( !rc )
        rc = xn_domain_list(xl_ctx(), &list, &count);
    if ( rc )
        return rc;
    clock_gettime(CLOCK_MONOTONIC, &now);
    s->at_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    s->when = time(NULL);
    s->count = count;
    s->domains = xl_alloc((count + 1) * sizeof(*s->domains));
    memset(s->domains, 0, (count + 1) * sizeof(*s->domains));
    for ( size_t i = 0; i < count; i++ ) {
        take_domain(&s->domains[i], &list[i], before, s->at_ns);
        if ( vcpus && xn_domain_vcpus(xl_ctx(), list[i].domid, &s->domains[i].vcpus,
                                     &s->domains[i].nr_vcpus) )
            s->domains[i].nr_vcpus = 0;
    }
    free(list);
    scan(s, "class/net", add_net);
    scan(s, "bus/xen-backend/devices", add_vbd);
    for ( size_t i = 0; i < count; i++ ) {
        struct top_domain *d = &s->domains[i];

        if ( d->nr_nets )
            qsort(d->nets, d->nr_nets, sizeof(*d->nets), by_net_id);
        if ( d->nr_vbds )
            qsort(d->vbds, d->nr_vbds, sizeof(*d->vbds), by_vbd_id);
    }
    return 0;
}

void top_free(struct top_sample *s)
{
    for ( size_t i = 0; i < s->count; i++ ) {
        struct top_domain *d = &s->domains[i];

        free(d->name);
        free(d->nets);
        free(d->vbds);
        if ( d->vcpus )
            xn_domain_vcpus_free(d->vcpus, d->nr_vcpus);
    }
    free(s->domains);
    memset(s, 0, sizeof(*s));
}
