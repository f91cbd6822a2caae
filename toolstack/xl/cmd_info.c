/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl info: the host and its hypervisor, "key : value" a line, in the order scripts know.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <xenabi/sysctl.h>

#include "json.h"
#include "show.h"
#include "xl.h"

struct facts {
    struct utsname host;
    struct xn_host hw;
    struct xn_version version;
    struct xn_cpupool *pools;
    size_t nr_pools;
    struct xn_cpu_topology *cpus;
    size_t nr_cpus;
    struct xn_numa_node *nodes;
    size_t nr_nodes;
    uint64_t sharing_freed, sharing_used;
};

static int gather(struct facts *f, bool numa)
{
    struct xn_ctx *ctx = xl_ctx();

    memset(f, 0, sizeof(*f));
    uname(&f->host);
    if ( xn_host_info(ctx, &f->hw) || xn_host_version(ctx, &f->version) ||
        xn_host_cpupools(ctx, &f->pools, &f->nr_pools) ||
        xn_host_sharing(ctx, &f->sharing_freed, &f->sharing_used) )
        return xl_failed(NULL, "info");
    if ( numa && (xn_host_cpus(ctx, &f->cpus, &f->nr_cpus) ||
                 xn_host_nodes(ctx, &f->nodes, &f->nr_nodes)) )
        return xl_failed(NULL, "info");
    return XL_OK;
}

static void facts_free(struct facts *f)
{
    xn_host_cpupools_free(f->pools, f->nr_pools);
    free(f->cpus);
    xn_host_nodes_free(f->nodes, f->nr_nodes);
}

/* A line of the table, or a member of the object. */
static void line(struct json *j, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void line(struct json *j, const char *key, const char *fmt, ...)
{
    char *text, *end;
    va_list ap;

    va_start(ap, fmt);
    if ( vasprintf(&text, fmt, ap) < 0 )
        exit(xl_error("out of memory"));
    va_end(ap);
    if ( !j ) {
        printf("%-23s: %s\n", key, text);
    } else {
        unsigned long long v = strtoull(text, &end, 10);

        if ( *text && !*end && *text != ' ' && strcmp(key, "host") && strcmp(key, "build_id") )
            json_uint(j, key, v);
        else
            json_string(j, key, text);
    }
    free(text);
}

static void virt_caps(const struct facts *f, char *text, size_t size)
{
    static const struct { uint32_t bit; const char *word; } caps[] = {
        { XEN_SYSCTL_PHYSCAP_pv, "pv" }, { XEN_SYSCTL_PHYSCAP_hvm, "hvm" },
        { XEN_SYSCTL_PHYSCAP_directio, "hvm_directio" }, { XEN_SYSCTL_PHYSCAP_hap, "hap" },
        { XEN_SYSCTL_PHYSCAP_shadow, "shadow" },
        { XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1" },
        { XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2" },
    };

    *text = 0;
    for ( size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++ )
        if ( f->hw.capabilities & caps[i].bit )
            snprintf(text + strlen(text), size - strlen(text), "%s%s", *text ? " " : "",
                     caps[i].word);
}

static unsigned int free_cpus(const struct facts *f)
{
    unsigned int used = 0;

    for ( size_t p = 0; p < f->nr_pools; p++ )
        for ( uint32_t i = 0; i < f->pools[p].nr_cpus; i++ )
            used += f->pools[p].cpus[i / 8] >> (i % 8) & 1;
    return f->hw.nr_cpus > used ? f->hw.nr_cpus - used : 0;
}

static void print_hardware(const struct facts *f, struct json *j)
{
    const struct xn_host *hw = &f->hw;
    const uint32_t *c = hw->hw_cap;
    char caps[128];

    line(j, "host", "%s", f->host.nodename);
    line(j, "release", "%s", f->host.release);
    line(j, "version", "%s", f->host.version);
    line(j, "machine", "%s", f->host.machine);
    line(j, "nr_cpus", "%u", hw->nr_cpus);
    line(j, "max_cpu_id", "%u", hw->max_cpu_id);
    line(j, "nr_nodes", "%u", hw->nr_nodes);
    line(j, "cores_per_socket", "%u", hw->cores_per_socket);
    line(j, "threads_per_core", "%u", hw->threads_per_core);
    line(j, "cpu_mhz", "%u.%03u", hw->cpu_khz / 1000, hw->cpu_khz % 1000);
    line(j, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", c[0], c[1], c[2], c[3], c[4],
         c[5], c[6], c[7]);
    virt_caps(f, caps, sizeof(caps));
    line(j, "virt_caps", "%s", caps);
    line(j, "total_memory", "%llu", (unsigned long long)hw->total_pages >> 8);
    line(j, "free_memory", "%llu",
         (unsigned long long)(hw->free_pages + hw->scrub_pages - hw->outstanding_pages) >> 8);
    line(j, "sharing_freed_memory", "%llu", (unsigned long long)f->sharing_freed >> 8);
    line(j, "sharing_used_memory", "%llu", (unsigned long long)f->sharing_used >> 8);
    line(j, "outstanding_claims", "%llu", (unsigned long long)hw->outstanding_pages >> 8);
    line(j, "free_cpus", "%u", free_cpus(f));
}

static void print_version(const struct facts *f, struct json *j)
{
    const struct xn_version *v = &f->version;

    line(j, "xen_major", "%u", v->major);
    line(j, "xen_minor", "%u", v->minor);
    line(j, "xen_extra", "%s", v->extra);
    line(j, "xen_version", "%u.%u%s", v->major, v->minor, v->extra);
    line(j, "xen_caps", "%s", v->capabilities);
    line(j, "xen_scheduler", "%s", f->nr_pools ? xn_sched_name(f->pools[0].sched_id) : "none");
    line(j, "xen_pagesize", "%u", v->page_size);
    line(j, "platform_params", "virt_start=0x%llx", (unsigned long long)v->virt_start);
    line(j, "xen_changeset", "%s", v->changeset);
    line(j, "xen_commandline", "%s", v->command_line);
    line(j, "cc_compiler", "%s", v->compiler);
    line(j, "cc_compile_by", "%s", v->compile_by);
    line(j, "cc_compile_domain", "%s", v->compile_domain);
    line(j, "cc_compile_date", "%s", v->compile_date);
    line(j, "build_id", "%s", v->build_id);
    line(j, "xend_config_format", "4");
}

static void print_topology(const struct facts *f)
{
    printf("cpu_topology           :\ncpu:    core    socket     node\n");
    for ( size_t i = 0; i < f->nr_cpus; i++ )
        if ( f->cpus[i].core != ~0U )
            printf("%3zu:    %4u     %4u     %4u\n", i, f->cpus[i].core, f->cpus[i].socket,
                   f->cpus[i].node);
    printf("device topology        :\ndevice           node\nNo device topology data available\n");
    printf("numa_info              :\nnode:    memsize    memfree    distances\n");
    for ( size_t i = 0; i < f->nr_nodes; i++ ) {
        printf("%4zu:    %6llu     %6llu      ", i,
               (unsigned long long)f->nodes[i].size_bytes >> 20,
               (unsigned long long)f->nodes[i].free_bytes >> 20);
        for ( size_t k = 0; k < f->nr_nodes; k++ )
            printf("%s%u", k ? "," : "", f->nodes[i].distance[k]);
        printf("\n");
    }
}

static void json_topology(const struct facts *f, struct json *j)
{
    json_open(j, "cpus", '[');
    for ( size_t i = 0; i < f->nr_cpus; i++ ) {
        if ( f->cpus[i].core == ~0U )
            continue;
        json_open(j, NULL, '{');
        json_uint(j, "cpu", i);
        json_uint(j, "core", f->cpus[i].core);
        json_uint(j, "socket", f->cpus[i].socket);
        json_uint(j, "node", f->cpus[i].node);
        json_close(j);
    }
    json_close(j);
    json_open(j, "nodes", '[');
    for ( size_t i = 0; i < f->nr_nodes; i++ ) {
        json_open(j, NULL, '{');
        json_uint(j, "node", i);
        json_uint(j, "size_bytes", f->nodes[i].size_bytes);
        json_uint(j, "free_bytes", f->nodes[i].free_bytes);
        json_open(j, "distances", '[');
        for ( size_t k = 0; k < f->nr_nodes; k++ )
            json_uint(j, NULL, f->nodes[i].distance[k]);
        json_close(j);
        json_close(j);
    }
    json_close(j);
}

int cmd_info(int argc, char **argv)
{
    bool numa = false, json = false;
    struct facts f;
    struct json j;
    int c, rc;

    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        numa |= c == 'n';
        json |= c == OPT_JSON;
    }
    rc = gather(&f, numa);
    if ( !rc ) {
        json_init(&j, stdout);
        if ( json )
            json_open(&j, NULL, '{');
        print_hardware(&f, json ? &j : NULL);
        if ( numa && json )
            json_topology(&f, &j);
        else if ( numa )
            print_topology(&f);
        print_version(&f, json ? &j : NULL);
        if ( json )
            json_close(&j);
    }
    facts_free(&f);
    return rc;
}
