/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sample as a table, in the layout that scripts parse (xentop's), and as JSON.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "top.h"

#define CELL 128                /* longer names are cut */

/* What a cell is made from, besides the domain. */
struct cell {
    const struct top_sample *sample;
    const struct top_options *options;
    const struct top_domain *d;
};

/* What is shown of a number: itself, KiB of bytes, seconds of nanoseconds, KiB of pages. */
enum unit { OTHER, PLAIN, KIB_OF_BYTES, SECONDS, KIB_OF_PAGES };

/*
 * The columns.  Most show a number that is at some place of struct top_domain; those of OTHER
 * have a case in put_cell.  size: bytes of the number.
 */
#define AT(unit, member) unit, offsetof(struct top_domain, member), \
                         sizeof(((struct top_domain *)0)->member)

static const struct {
    const char *name;
    int width;
    enum unit unit;
    size_t offset, size;
} columns[TOP_COLUMNS] = {
    [TOP_NAME]       = { "NAME", 10, OTHER, 0, 0 },
    [TOP_STATE]      = { "STATE", 6, OTHER, 0, 0 },
    [TOP_CPU_SEC]    = { "CPU(sec)", 10, AT(SECONDS, info.cpu_time_ns) },
    [TOP_CPU_PCT]    = { "CPU(%)", 6, OTHER, 0, 0 },
    [TOP_MEM]        = { "MEM(k)", 10, AT(KIB_OF_PAGES, info.pages) },
    [TOP_MEM_PCT]    = { "MEM(%)", 6, AT(OTHER, info.pages) },
    [TOP_MAXMEM]     = { "MAXMEM(k)", 10, AT(OTHER, info.max_pages) },
    [TOP_MAXMEM_PCT] = { "MAXMEM(%)", 9, AT(OTHER, info.max_pages) },
    [TOP_VCPUS]      = { "VCPUS", 5, AT(PLAIN, info.online_vcpus) },
    [TOP_NETS]       = { "NETS", 4, AT(PLAIN, nr_nets) },
    [TOP_NET_TX]     = { "NETTX(k)", 8, AT(KIB_OF_BYTES, net_tx) },
    [TOP_NET_RX]     = { "NETRX(k)", 8, AT(KIB_OF_BYTES, net_rx) },
    [TOP_VBDS]       = { "VBDS", 4, AT(PLAIN, nr_vbds) },
    [TOP_VBD_OO]     = { "VBD_OO", 8, AT(PLAIN, vbd_sum.oo) },
    [TOP_VBD_RD]     = { "VBD_RD", 8, AT(PLAIN, vbd_sum.rd) },
    [TOP_VBD_WR]     = { "VBD_WR", 8, AT(PLAIN, vbd_sum.wr) },
    [TOP_VBD_RSECT]  = { "VBD_RSECT", 10, AT(PLAIN, vbd_sum.rd_sectors) },
    [TOP_VBD_WSECT]  = { "VBD_WSECT", 10, AT(PLAIN, vbd_sum.wr_sectors) },
    [TOP_SSID]       = { "SSID", 4, AT(PLAIN, info.ssidref) },
};

/* The number behind a column, for showing and for sorting. */
static uint64_t number_of(const struct top_domain *d, enum top_column column)
{
    const char *at = (const char *)d + columns[column].offset;
    uint32_t small;
    uint64_t large;

    if ( columns[column].size == sizeof(small) ) {
        memcpy(&small, at, sizeof(small));
        return small;
    }
    memcpy(&large, at, sizeof(large));
    return large;
}

static void put_percent(char *to, const struct cell *c, uint64_t pages)
{
    const uint64_t total = c->sample->host.total_pages;

    snprintf(to, CELL, "%.1f", total ? 100.0 * (double)pages / (double)total : 0.0);
}

static bool no_limit(const struct xn_domain *d)
{
    return d->max_pages >= UINT64_MAX / 4096 / 4 || d->max_pages == UINT32_MAX;
}

static void put_state(char *to, const struct xn_domain *d)
{
    const bool crashed = d->shutdown && d->shutdown_reason == 3;

    snprintf(to, CELL, "%c%c%c%c%c%c", d->dying ? 'd' : '-', d->shutdown && !crashed ? 's' : '-',
             d->blocked ? 'b' : '-', crashed ? 'c' : '-', d->paused ? 'p' : '-',
             d->running ? 'r' : '-');
}

static void put_name(char *to, const struct cell *c)
{
    snprintf(to, CELL, "%.*s", c->options->full_name ? CELL - 1 : 10, c->d->name);
}

static void put_number(char *to, uint64_t value, enum unit unit)
{
    switch ( unit ) {
    case KIB_OF_BYTES: value /= 1024; break;
    case SECONDS: value /= 1000000000; break;
    case KIB_OF_PAGES: value *= 4; break;
    default: break;
    }
    snprintf(to, CELL, "%llu", (unsigned long long)value);
}

static void put_cell(char *to, const struct cell *c, enum top_column column)
{
    const struct xn_domain *d = &c->d->info;

    switch ( column ) {
    case TOP_NAME: put_name(to, c); break;
    case TOP_STATE: put_state(to, d); break;
    case TOP_CPU_PCT: snprintf(to, CELL, "%.1f", c->d->cpu_percent); break;
    case TOP_MEM_PCT: put_percent(to, c, d->pages); break;
    case TOP_MAXMEM:
        if ( no_limit(d) )
            strcpy(to, "no limit");
        else
            put_number(to, d->max_pages, KIB_OF_PAGES);
        break;
    case TOP_MAXMEM_PCT:
        if ( no_limit(d) )
            strcpy(to, "n/a");
        else
            put_percent(to, c, d->max_pages);
        break;
    default: put_number(to, number_of(c->d, column), columns[column].unit); break;
    }
}

const char *top_column_name(enum top_column c)
{
    return c == TOP_BY_ID ? "id" : columns[c].name;
}

bool top_column_place(enum top_column c, int *start, int *width)
{
    if ( c == TOP_BY_ID )
        return false;
    *start = 0;
    for ( enum top_column i = 0; i < c; i++ )
        *start += columns[i].width + 1;
    *width = columns[c].width;
    return true;
}

/* Sorting.  qsort has no argument for its function, so these say what is wanted. */
static enum top_column sort_by;
static bool dom0_first;

static int compare(const void *a, const void *b)
{
    const struct top_domain *x = a, *y = b;
    int order = 0;

    if ( dom0_first && !x->info.domid != !y->info.domid )
        return x->info.domid ? 1 : -1;
    if ( sort_by == TOP_BY_ID ) {
        order = 0;
    } else if ( sort_by == TOP_NAME ) {
        order = strcasecmp(x->name, y->name);
    } else if ( sort_by == TOP_STATE ) {
        char sx[CELL], sy[CELL];

        put_state(sx, &x->info);
        put_state(sy, &y->info);
        order = strcmp(sy, sx);
    } else if ( sort_by == TOP_CPU_PCT ) {
        order = (x->cpu_percent < y->cpu_percent) - (x->cpu_percent > y->cpu_percent);
    } else {
        order = (number_of(x, sort_by) < number_of(y, sort_by)) -
                (number_of(x, sort_by) > number_of(y, sort_by));
    }
    return order ? order : (x->info.domid > y->info.domid) - (x->info.domid < y->info.domid);
}

void top_sort(struct top_sample *s, const struct top_options *o)
{
    sort_by = o->sort;
    dom0_first = o->dom0_first;
    qsort(s->domains, s->count, sizeof(*s->domains), compare);
}

/* Lines. */

static void header_line(top_line_fn *fn, void *data)
{
    char line[512];
    size_t n = 0;

    for ( enum top_column i = 0; i < TOP_COLUMNS; i++ )
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%*s", i ? " " : "",
                              columns[i].width, columns[i].name);
    fn(data, line, true);
}

static void domain_line(const struct cell *c, top_line_fn *fn, void *data)
{
    char line[TOP_COLUMNS * 24 + CELL], text[CELL];
    size_t n = 0;

    for ( enum top_column i = 0; i < TOP_COLUMNS; i++ ) {
        put_cell(text, c, i);
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%*s", i ? " " : "",
                              columns[i].width, text);
    }
    fn(data, line, false);
}

static void vcpu_line(const struct top_domain *d, top_line_fn *fn, void *data)
{
    const size_t room = 32 + d->nr_vcpus * 40;
    char *line = xl_alloc(room);
    size_t n = (size_t)snprintf(line, room, "VCPUs(sec): ");

    for ( size_t i = 0; i < d->nr_vcpus; i++ )
        if ( d->vcpus[i].online )
            n += (size_t)snprintf(line + n, room - n, " %2u: %10llus", d->vcpus[i].id,
                                  (unsigned long long)(d->vcpus[i].cpu_time_ns / 1000000000));
    fn(data, line, false);
    free(line);
}

static void net_line(const struct top_net *n, top_line_fn *fn, void *data)
{
    char line[320];

    snprintf(line, sizeof(line), "Net%u RX: %8llubytes %8llupkts %8lluerr %8lludrop  "
             "TX: %8llubytes %8llupkts %8lluerr %8lludrop", n->id,
             (unsigned long long)n->rx_bytes, (unsigned long long)n->rx_packets,
             (unsigned long long)n->rx_errors, (unsigned long long)n->rx_drops,
             (unsigned long long)n->tx_bytes, (unsigned long long)n->tx_packets,
             (unsigned long long)n->tx_errors, (unsigned long long)n->tx_drops);
    fn(data, line, false);
}

static void vbd_line(const struct top_vbd *v, top_line_fn *fn, void *data)
{
    char line[256];

    snprintf(line, sizeof(line), "VBD BlkBack %u [%2x:%2x]  OO: %8llu   RD: %8llu   WR: %8llu   "
             "RSECT: %10llu   WSECT: %10llu", v->id, v->id >> 8 & 0xff, v->id & 0xff,
             (unsigned long long)v->oo, (unsigned long long)v->rd, (unsigned long long)v->wr,
             (unsigned long long)v->rd_sectors, (unsigned long long)v->wr_sectors);
    fn(data, line, false);
}

void top_lines(const struct top_sample *s, const struct top_options *o, top_line_fn *fn,
               void *data)
{
    if ( !o->headers || !s->count )
        header_line(fn, data);
    for ( size_t i = 0; i < s->count; i++ ) {
        const struct top_domain *d = &s->domains[i];
        const struct cell c = { s, o, d };

        if ( o->headers )
            header_line(fn, data);
        domain_line(&c, fn, data);
        if ( o->vcpus )
            vcpu_line(d, fn, data);
        for ( size_t j = 0; o->nets && j < d->nr_nets; j++ )
            net_line(&d->nets[j], fn, data);
        for ( size_t j = 0; o->vbds && j < d->nr_vbds; j++ )
            vbd_line(&d->vbds[j], fn, data);
    }
}

/* JSON. */

static void json_devices(struct json *j, const struct top_domain *d)
{
    json_open(j, "networks", '[');
    for ( size_t i = 0; i < d->nr_nets; i++ ) {
        const struct top_net *n = &d->nets[i];

        json_open(j, NULL, '{');
        json_uint(j, "devid", n->id);
        json_uint(j, "guest_sent_bytes", n->rx_bytes);
        json_uint(j, "guest_sent_packets", n->rx_packets);
        json_uint(j, "guest_sent_errors", n->rx_errors);
        json_uint(j, "guest_sent_drops", n->rx_drops);
        json_uint(j, "guest_received_bytes", n->tx_bytes);
        json_uint(j, "guest_received_packets", n->tx_packets);
        json_uint(j, "guest_received_errors", n->tx_errors);
        json_uint(j, "guest_received_drops", n->tx_drops);
        json_close(j);
    }
    json_close(j);
    json_open(j, "disks", '[');
    for ( size_t i = 0; i < d->nr_vbds; i++ ) {
        const struct top_vbd *v = &d->vbds[i];

        json_open(j, NULL, '{');
        json_uint(j, "devid", v->id);
        json_uint(j, "out_of_requests", v->oo);
        json_uint(j, "read_requests", v->rd);
        json_uint(j, "write_requests", v->wr);
        json_uint(j, "read_sectors", v->rd_sectors);
        json_uint(j, "write_sectors", v->wr_sectors);
        json_close(j);
    }
    json_close(j);
}

static void json_domain(struct json *j, const struct top_domain *d)
{
    char state[CELL], percent[32];

    put_state(state, &d->info);
    json_open(j, NULL, '{');
    json_string(j, "name", d->name);
    json_uint(j, "domid", d->info.domid);
    json_string(j, "state", state);
    json_seconds(j, "cpu_seconds", d->info.cpu_time_ns);
    if ( d->has_cpu ) {
        snprintf(percent, sizeof(percent), "%.1f", d->cpu_percent);
        json_text(j, "cpu_percent", percent);
    }
    json_uint(j, "memory_kib", d->info.pages * 4);
    if ( !no_limit(&d->info) )
        json_uint(j, "max_memory_kib", d->info.max_pages * 4);
    json_uint(j, "ssid", d->info.ssidref);
    json_open(j, "vcpus", '[');
    for ( size_t i = 0; i < d->nr_vcpus; i++ ) {
        json_open(j, NULL, '{');
        json_uint(j, "id", d->vcpus[i].id);
        json_bool(j, "online", d->vcpus[i].online);
        json_seconds(j, "cpu_seconds", d->vcpus[i].cpu_time_ns);
        json_close(j);
    }
    json_close(j);
    json_devices(j, d);
    json_close(j);
}

void top_json(const struct top_sample *s)
{
    struct json j;

    json_init(&j, stdout);
    json_open(&j, NULL, '{');
    json_int(&j, "time", s->when);
    json_uint(&j, "cpus", s->host.nr_cpus);
    json_uint(&j, "memory_kib", s->host.total_pages * 4);
    json_uint(&j, "free_memory_kib", s->host.free_pages * 4);
    json_open(&j, "domains", '[');
    for ( size_t i = 0; i < s->count; i++ )
        json_domain(&j, &s->domains[i]);
    json_close(&j);
    json_close(&j);
    fflush(stdout);
}
