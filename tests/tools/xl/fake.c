/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that is not there, for the tests of xl: three domains and a dying one without a name,
 * with fixed figures.  Configuration, context and chain of causes are the library's own.
 * What changes something is told on stdout as "fake: ...".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenolith/console.h"
#include "xenolith/xenolith.h"

static struct xn_domain domains[] = {
    { .domid = 0, .running = true, .pages = 262144, .max_pages = 262144, .online_vcpus = 2,
      .max_vcpu_id = 1, .cpu_time_ns = 76240000000 },
    { .domid = 1, .blocked = true, .pages = 2048, .max_pages = 2304, .online_vcpus = 1,
      .uuid = { 0xbe, 0x69, 0x2a, 0xa6, 0x0f, 0x2a, 0x46, 0xb8, 0x8e, 0x55, 0x40, 0xa4, 0x61,
                0x6b, 0xeb, 0x49 } },
    { .domid = 2, .running = true, .pages = 24320, .outstanding_pages = 256, .max_pages = 24832,
      .online_vcpus = 3, .max_vcpu_id = 2, .cpu_time_ns = 7700000000,
      .uuid = { 0x4d, 0xcd, 0xe9, 0x5d, 0x59, 0x87, 0x40, 0x23, 0xae, 0x52, 0xd8, 0xc5, 0x96,
                0x0d, 0x1e, 0x5c } },
    { .domid = 28441, .paused = true, .shutdown = true, .shutdown_reason = 3, .dying = true,
      .pages = 1, .max_pages = 24832, .online_vcpus = 1, .cpu_time_ns = 1200000000 },
};
static const char *const names[] = { "Domain-0", "tiny", "lin", NULL };
#define NR (sizeof(domains) / sizeof(domains[0]))

static void did(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void did(const char *fmt, ...)
{
    va_list ap;

    printf("fake: ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
}

static const char *name_of(uint32_t domid)
{
    const char *spaced = getenv("FAKE_NAME");

    if ( domid == 1 && spaced )
        return spaced;
    for ( size_t i = 0; i < NR; i++ )
        if ( domains[i].domid == domid )
            return names[i];
    return NULL;
}

int xn_domain_list(struct xn_ctx *ctx, struct xn_domain **list, size_t *count)
{
    *count = getenv("FAKE_DYING") ? NR : NR - 1;
    *list = malloc(sizeof(domains));
    memcpy(*list, domains, sizeof(domains));
    return 0;
}

int xn_domain_info(struct xn_ctx *ctx, uint32_t domid, struct xn_domain *d)
{
    for ( size_t i = 0; i < NR; i++ ) {
        if ( domains[i].domid == domid ) {
            *d = domains[i];
            return 0;
        }
    }
    return xn_fail(ctx, ESRCH, "there is no domain %u", domid);
}

int xn_domain_find(struct xn_ctx *ctx, const char *name, uint32_t *domid)
{
    for ( size_t i = 0; i < NR; i++ ) {
        char id[12];

        snprintf(id, sizeof(id), "%u", domains[i].domid);
        if ( (name_of(domains[i].domid) && !strcmp(name_of(domains[i].domid), name)) ||
            !strcmp(id, name) ) {
            *domid = domains[i].domid;
            return 0;
        }
    }
    return xn_fail(ctx, ESRCH, "there is no such domain");
}

char *xn_domain_name(struct xn_ctx *ctx, uint32_t domid)
{
    return name_of(domid) ? strdup(name_of(domid)) : NULL;
}

int xn_domain_names(struct xn_ctx *ctx, const struct xn_domain *list, size_t count, char **names)
{
    for ( size_t i = 0; i < count; i++ )
        names[i] = xn_domain_name(ctx, list[i].domid);
    return 0;
}

int xn_domain_rename(struct xn_ctx *ctx, uint32_t domid, const char *name)
{
    did("rename %u %s", domid, name);
    return 0;
}

int xn_domain_vcpus(struct xn_ctx *ctx, uint32_t domid, struct xn_vcpu **list, size_t *count)
{
    *count = domid == 2 ? 3 : 1;
    *list = calloc(*count, sizeof(**list));
    for ( size_t i = 0; i < *count; i++ ) {
        struct xn_vcpu *v = &(*list)[i];

        *v = (struct xn_vcpu){ .id = (uint32_t)i, .online = i < 2, .running = i == 0,
                               .blocked = i == 1, .cpu = 3, .nr_cpus = 4,
                               .cpu_time_ns = 20200000000 };
        v->hard = malloc(1);
        v->soft = malloc(1);
        *v->hard = domid == 2 && i == 1 ? 0x0d : 0x0f;
        *v->soft = domid == 2 && i == 2 ? 0x06 : 0x0f;
    }
    return 0;
}

void xn_domain_vcpus_free(struct xn_vcpu *list, size_t count)
{
    for ( size_t i = 0; i < count; i++ ) {
        free(list[i].hard);
        free(list[i].soft);
    }
    free(list);
}

int xn_domain_nodes(struct xn_ctx *ctx, uint32_t domid, uint8_t **nodes, uint32_t *nr)
{
    *nodes = malloc(1);
    **nodes = domid == 2 ? 2 : 3;
    *nr = 2;
    return 0;
}

int xn_domain_uptime(struct xn_ctx *ctx, uint32_t domid, uint64_t *seconds)
{
    static const uint64_t up[] = { 114, 28044911, 90061 };

    if ( domid > 2 )
        return xn_fail(ctx, ENOENT, "no start time");
    *seconds = up[domid];
    return 0;
}

int xn_domain_target(struct xn_ctx *ctx, uint32_t domid, uint64_t *kib)
{
    if ( domid > 2 )
        return xn_fail(ctx, ENOENT, "no target");
    *kib = domid == 0 ? 1048575 : domid == 1 ? 8192 : 98304;
    return 0;
}

int xn_domain_static_max(struct xn_ctx *ctx, uint32_t domid, uint64_t *kib)
{
    if ( domid > 2 )
        return xn_fail(ctx, ENOENT, "no limit");
    *kib = domid == 0 ? 1048576 : domid == 1 ? 8192 : 98304;
    return 0;
}

int xn_domain_config(struct xn_ctx *ctx, uint32_t domid, struct xn_domain_config *c)
{
    static const char text[] =
        "name='lin'\nkernel='/guest/vmlinux'\nramdisk='/guest/initrd'\nmemory=96\nvcpus=2\n"
        "extra='console=hvc0 task=(idle)'\nmaxvcpus=3\nvif=['mac=00:16:3e:17:e9:4e,bridge=xenbr0']\n"
        "disk=['/run/disk,raw,xvda,rw']\n";
    struct xn_findings f = { 0 };
    int rc;

    if ( domid != 2 )
        return xn_fail(ctx, ENOENT, "nothing is kept of domain %u", domid);
    rc = xn_config_parse(c, &f, "kept", text, strlen(text), NULL);
    xn_findings_free(&f);
    return rc;
}

int xn_domain_config_update(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c)
{
    did("update %u: %s, %llu KiB", domid, c->name, (unsigned long long)c->memory_kib);
    return 0;
}

int xn_domain_create(struct xn_ctx *ctx, struct xn_domain_config *c,
                     const struct xn_create_options *o, uint32_t *domid)
{
    if ( o->dry_run ) {
        xn_log(ctx, XN_INFO, "would create %s", c->name);
        return 0;
    }
    if ( !strcmp(c->name, "lin") )
        return xn_fail(ctx, EEXIST, "domain 2 has this name");
    did("create %s%s, %llu KiB, hard %s, bridge %s", c->name, o->paused ? " paused" : "",
        (unsigned long long)c->memory_kib, c->nr_affinity ? c->affinity[0].hard : "-",
        c->nr_nics && c->nics[0].bridge ? c->nics[0].bridge : "-");
    *domid = 7;
    return o->console_ready ? o->console_ready(ctx, *domid, o->data) : 0;
}

int xn_domain_monitor(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c)
{
    did("monitor %u", domid);
    xn_log(ctx, XN_INFO, "watching %u", domid);
    return 0;
}

#define ACT(name) \
    int xn_domain_##name(struct xn_ctx *ctx, uint32_t domid) \
    { \
        did(#name " %u", domid); \
        return 0; \
    }
ACT(destroy)
ACT(pause)
ACT(unpause)

int xn_domain_ask(struct xn_ctx *ctx, uint32_t domid, const char *what)
{
    if ( getenv("FAKE_DEAF") )
        return xn_fail(ctx, ETIMEDOUT, "the guest does not answer");
    did("ask %u %s", domid, what);
    return 0;
}

int xn_domain_sysrq(struct xn_ctx *ctx, uint32_t domid, char key)
{
    did("sysrq %u %c", domid, key);
    return 0;
}

int xn_domain_trigger(struct xn_ctx *ctx, uint32_t domid, const char *what, int vcpu)
{
    did("trigger %u %s %d", domid, what, vcpu);
    return 0;
}

int xn_domain_set_target(struct xn_ctx *ctx, uint32_t domid, uint64_t kib)
{
    did("target %u %llu", domid, (unsigned long long)kib);
    return 0;
}

int xn_domain_set_maxmem(struct xn_ctx *ctx, uint32_t domid, uint64_t kib)
{
    did("maxmem %u %llu", domid, (unsigned long long)kib);
    return 0;
}

int xn_domain_pin(struct xn_ctx *ctx, uint32_t domid, int vcpu, const char *hard,
                  const char *soft)
{
    did("pin %u %d %s %s", domid, vcpu, hard ? hard : "-", soft ? soft : "-");
    return 0;
}

int xn_domain_set_vcpus(struct xn_ctx *ctx, uint32_t domid, unsigned int count)
{
    did("vcpus %u %u", domid, count);
    return 0;
}

int xn_domain_get_sched(struct xn_ctx *ctx, uint32_t domid, struct xn_timing *t)
{
    *t = (struct xn_timing){ 256, domid == 2 ? 50 : 0 };
    return 0;
}

int xn_domain_set_sched(struct xn_ctx *ctx, uint32_t domid, const struct xn_timing *t)
{
    did("sched %u %ld %ld", domid, t->weight, t->cap);
    return 0;
}

int xn_domain_dump_core(struct xn_ctx *ctx, uint32_t domid, const char *path)
{
    did("dump %u %s", domid, path);
    return 0;
}

/* A watch: a pipe that is always readable; FAKE_END says what is read from it. */
struct xn_watch { int fds[2]; };

struct xn_watch *xn_domain_watch(struct xn_ctx *ctx, uint32_t domid)
{
    struct xn_watch *w = calloc(1, sizeof(*w));

    if ( pipe(w->fds) || write(w->fds[1], "x", 1) != 1 )
        abort();
    return w;
}

int xn_watch_fd(const struct xn_watch *w)
{
    return w->fds[0];
}

int xn_watch_read(struct xn_watch *w, enum xn_end *end, unsigned int *reason)
{
    static int calls;
    const char *what = getenv("FAKE_END");

    *reason = 1;
    *end = what && !strcmp(what, "gone") ? (calls++ ? XN_END_GONE : XN_END_SHUTDOWN)
                                         : XN_END_SHUTDOWN;
    return 0;
}

void xn_watch_free(struct xn_watch *w)
{
    if ( !w )
        return;
    close(w->fds[0]);
    close(w->fds[1]);
    free(w);
}

/* Host. */

int xn_host_info(struct xn_ctx *ctx, struct xn_host *h)
{
    *h = (struct xn_host){ .nr_cpus = 4, .max_cpu_id = 3, .nr_nodes = 1, .threads_per_core = 1,
        .cores_per_socket = 2, .cpu_khz = 2445425, .capabilities = 0x30f & ~4U,
        .total_pages = 524032, .free_pages = 256000, .scrub_pages = 256,
        .outstanding_pages = 256,
        .hw_cap = { 0x1fcbf3fd, 0xf6d8320b, 0xec500800, 0x77, 5, 0x18843a9, 0x20c, 0 } };
    return 0;
}

int xn_host_version(struct xn_ctx *ctx, struct xn_version *v)
{
    *v = (struct xn_version){ .major = 4, .minor = 17, .extra = ".7", .compiler = "gcc",
        .compile_by = "me", .compile_domain = "here", .compile_date = "today",
        .capabilities = "xen-3.0-x86_64 ", .build_id = "151b", .command_line = "console=com1",
        .virt_start = 0xffff800000000000, .page_size = 4096 };
    return 0;
}

int xn_host_cpus(struct xn_ctx *ctx, struct xn_cpu_topology **cpus, size_t *count)
{
    *count = 4;
    *cpus = calloc(4, sizeof(**cpus));
    for ( uint32_t i = 0; i < 4; i++ )
        (*cpus)[i] = (struct xn_cpu_topology){ i % 2, i / 2, i / 2 };
    (*cpus)[3] = (struct xn_cpu_topology){ ~0U, ~0U, ~0U };
    return 0;
}

int xn_host_nodes(struct xn_ctx *ctx, struct xn_numa_node **nodes, size_t *count)
{
    *count = 2;
    *nodes = calloc(2, sizeof(**nodes));
    for ( size_t i = 0; i < 2; i++ ) {
        (*nodes)[i] = (struct xn_numa_node){ 1ULL << 30, 500ULL << 20, calloc(2, 4) };
        (*nodes)[i].distance[i] = 10;
        (*nodes)[i].distance[!i] = 20;
    }
    return 0;
}

void xn_host_nodes_free(struct xn_numa_node *nodes, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(nodes[i].distance);
    free(nodes);
}

int xn_host_cpupools(struct xn_ctx *ctx, struct xn_cpupool **pools, size_t *count)
{
    *count = 1;
    *pools = calloc(1, sizeof(**pools));
    **pools = (struct xn_cpupool){ .sched_id = 6, .nr_domains = 3, .nr_cpus = 4,
                                   .cpus = malloc(1), .name = "Pool-0" };
    (*pools)->cpus[0] = 0x07;
    return 0;
}

void xn_host_cpupools_free(struct xn_cpupool *pools, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(pools[i].cpus);
    free(pools);
}

int xn_host_get_ratelimit(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t *us)
{
    *us = 1000;
    return 0;
}

int xn_host_set_ratelimit(struct xn_ctx *ctx, const struct xn_cpupool *pool, uint32_t us)
{
    did("ratelimit %s %u", pool->name, us);
    return 0;
}

int xn_host_sharing(struct xn_ctx *ctx, uint64_t *freed, uint64_t *used)
{
    *freed = *used = 0;
    return 0;
}

const char *xn_sched_name(uint32_t id)
{
    return id == 6 ? "credit2" : "unknown";
}

int xn_host_dmesg(struct xn_ctx *ctx, bool clear, char **text)
{
    *text = strdup(clear ? "(XEN) cleared\n" : "(XEN) log\n");
    return 0;
}

int xn_host_debug_keys(struct xn_ctx *ctx, const char *keys)
{
    did("keys %s", keys);
    return 0;
}

int xn_host_set_parameters(struct xn_ctx *ctx, const char *params)
{
    return xn_fail(ctx, ENOENT, "no parameter %s", params);
}

int xn_host_init_dom0(struct xn_ctx *ctx)
{
    did("init-dom0");
    return 0;
}

/* Devices. */

int xn_device_list(struct xn_ctx *ctx, uint32_t domid, enum xn_device_kind kind,
                   struct xn_device **list, size_t *count)
{
    *count = domid == 2;
    *list = calloc(2, sizeof(**list));
    **list = (struct xn_device){ .kind = kind, .frontend = domid, .state = 4,
        .devid = kind == XN_DEVICE_VBD ? 51712 : 0, .event_channel = -1, .ring_ref = -1,
        .tx_ring_ref = -1, .rx_ring_ref = -1,
        .mac = { 0, 0x16, 0x3e, 0x17, 0xe9, 0x4e } };
    strcpy((*list)->backend_path, kind == XN_DEVICE_VBD ? "/local/domain/0/backend/vbd/2/51712"
                                                        : "/local/domain/0/backend/vif/2/0");
    if ( kind == XN_DEVICE_CONSOLE && domid == 2 ) {      /* the console, then a channel */
        (*list)[(*count)++] = **list;
        (*list)[1].devid = 1;
        strcpy((*list)[1].name, "org.a.b");
    }
    return 0;
}

int xn_disk_attach(struct xn_ctx *ctx, uint32_t domid, struct xn_disk *d)
{
    did("disk %u %s %s %s", domid, d->vdev, d->target, d->readonly ? "r" : "w");
    return 0;
}

int xn_nic_attach(struct xn_ctx *ctx, uint32_t domid, struct xn_nic *n)
{
    did("nic %u %s", domid, n->bridge ? n->bridge : "-");
    return 0;
}

int xn_disk_detach(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force)
{
    did("undisk %u %s%s", domid, spec, force ? " force" : "");
    return 0;
}

int xn_disk_change(struct xn_ctx *ctx, uint32_t domid, const char *vdev, const char *path)
{
    did("cd %u %s %s", domid, vdev, path ? path : "-");
    return 0;
}

int xn_domain_screen(struct xn_ctx *ctx, uint32_t domid, char **host, uint64_t *port)
{
    *host = strdup("127.0.0.1");
    *port = 5900;
    return 0;
}

int xn_nic_detach(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force)
{
    did("unnic %u %s", domid, spec);
    return 0;
}

int xn_console_run(const struct xn_console_view *view)
{
    if ( view->notify_fd && write(view->notify_fd, "x", 1) != 1 )
        return 1;
    did("console %u", view->domid);
    return 0;
}
