/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creation of a domain, after plan.c found everything in order.
 *
 * The store has two transactions of it: one with everything but the rings' frames, before the
 * building, so that the back ends work meanwhile; one with these frames, after it.  The guest
 * runs only when both are there with their final permissions.
 *
 * From the claim (claim.c) on, a failure goes through undo(), which is dom_destroy: the same
 * code that ends a domain, told to expect anything.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "build/build.h"
#include "ctx/domctl.h"
#include "ctx/guest.h"
#include "ctx/memory.h"
#include "device/dm.h"
#include "domain/create.h"
#include "domain/dom.h"
#include "domain/machine.h"
#include "xenolith/host.h"

#define CONSOLE_LIMIT_MS    5000
#define DEFAULT_MAX_PORT    1023
#define MAX_DOMID_TRIES     32

/* For tests: fails a step by its name. */
int (*dom_fault)(struct xn_ctx *ctx, const char *step);

static int fault(struct xn_ctx *ctx, const char *step)
{
    return dom_fault ? dom_fault(ctx, step) : 0;
}

struct creation {
    struct xn_domain_config *c;
    const struct xn_create_options *options;
    struct dom_plan plan;
    struct dom_claim claim;
    uint32_t domid;             /* 0: no domain yet */
    uint32_t store_port, console_port;
    uint64_t store_mfn, console_mfn;
    int kernel_fd;              /* for the device model, -1: it has the names of files */
};

/* The domain itself. */

static void fill_create(struct xn_ctx *ctx, const struct creation *cr,
                        struct xen_domctl_createdomain *d)
{
    const struct xn_domain_config *c = cr->c;
    long version = c->max_grant_version;
    struct xn_host host;

    if ( version == XN_UNSET ) {
        version = 1;
        if ( !xn_host_info(ctx, &host) && (host.capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2) )
            version = 2;
    }
    memset(d, 0, sizeof(*d));
    memcpy(d->handle, c->uuid, 16);
    d->max_vcpus = (uint32_t)c->maxvcpus;
    d->max_evtchn_port = c->max_event_channels == XN_UNSET ?
                         DEFAULT_MAX_PORT : (uint32_t)c->max_event_channels;
    d->max_grant_frames = cr->plan.grant_frames;
    d->max_maptrack_frames = c->max_maptrack_frames == XN_UNSET ?
                             -1 : (int32_t)c->max_maptrack_frames;
    d->grant_opts = XEN_DOMCTL_GRANT_version((uint32_t)version);
    d->cpupool_id = cr->plan.pool;
    machine_fill_create(c, d);
}

/* An id that no domain had a short while ago: the ones refused are held until there is one. */
static int make_domain(struct xn_ctx *ctx, struct creation *cr)
{
    struct xen_domctl_createdomain d;
    uint32_t held[MAX_DOMID_TRIES], nr = 0, domid = 0;
    int rc;

    fill_create(ctx, cr, &d);
    for ( ;; ) {
        domid = 0;
        rc = hc_createdomain(ctx, &domid, &d);
        if ( rc || nr == MAX_DOMID_TRIES || !dom_recently_used(domid) )
            break;
        held[nr++] = domid;
    }
    while ( nr )
        (void)hc_destroydomain(ctx, held[--nr]);
    if ( rc )
        return xn_because(ctx, rc, "the hypervisor makes no domain");
    cr->domid = domid;
    return 0;
}

static int set_cpus(struct xn_ctx *ctx, const struct creation *cr)
{
    const struct xn_domain_config *c = cr->c;
    int rc = 0;

    for ( size_t i = 0; i < c->nr_affinity && (long)i < c->maxvcpus && !rc; i++ )
        if ( c->affinity[i].hard || c->affinity[i].soft )
            rc = xn_domain_pin(ctx, cr->domid, c->affinity_for_all ? -1 : (int)i,
                               c->affinity[i].hard, c->affinity[i].soft);
    if ( !rc && (c->sched.weight != XN_UNSET || c->sched.cap != XN_UNSET) )
        rc = xn_domain_set_sched(ctx, cr->domid, &c->sched);
    return rc;
}

/* The names of xl.cfg's tsc_mode=, by XEN's numbers. */
static int set_clock(struct xn_ctx *ctx, const struct creation *cr)
{
    static const char *const modes[] = {
        "default", "always_emulate", "native", "native_paravirt",
    };
    const struct xn_domain_config *c = cr->c;
    int64_t offset = c->rtc_offset == XN_UNSET ? 0 : c->rtc_offset;
    struct xen_domctl_tsc_info tsc = { 0 };
    time_t now = time(NULL);
    struct tm tm;
    int rc = 0;

    if ( c->localtime == 1 && localtime_r(&now, &tm) )
        offset += tm.tm_gmtoff;
    while ( c->tsc_mode && tsc.tsc_mode < 4 && strcmp(c->tsc_mode, modes[tsc.tsc_mode]) )
        tsc.tsc_mode++;
    if ( tsc.tsc_mode == 4 )
        return xn_fail(ctx, EINVAL, "tsc_mode=%s is none of default, always_emulate, native, "
                       "native_paravirt", c->tsc_mode);
    if ( tsc.tsc_mode )
        rc = hc_settscinfo(ctx, cr->domid, &tsc);
    if ( !rc && offset )
        rc = hc_settimeoffset(ctx, cr->domid, offset);
    return rc;
}

static int set_limits(struct xn_ctx *ctx, const struct creation *cr)
{
    const struct xn_domain_config *c = cr->c;
    int rc = fault(ctx, "limits");

    if ( !rc )
        rc = hc_max_vcpus(ctx, cr->domid, (uint32_t)c->maxvcpus);
    if ( !rc )
        rc = hc_max_mem(ctx, cr->domid, c->maxmem_kib + machine_slack_kib(c));
    if ( !rc )
        rc = set_clock(ctx, cr);
    if ( !rc )
        rc = machine_configure(ctx, cr->domid, c);
    if ( !rc )
        rc = set_cpus(ctx, cr);
    return rc;
}

static int make_ports(struct xn_ctx *ctx, struct creation *cr)
{
    int rc = fault(ctx, "ports");

    if ( !rc )
        rc = hc_evtchn_alloc_unbound(ctx, cr->domid, 0, &cr->store_port);
    if ( !rc )
        rc = hc_evtchn_alloc_unbound(ctx, cr->domid, 0, &cr->console_port);
    return rc;
}

/* The first transaction.  Under the lock on names, so that a name is given once. */
static int write_nodes(struct xn_ctx *ctx, struct creation *cr)
{
    struct store_batch b = { .nr = 0 };
    char what[48];
    int rc = fault(ctx, "nodes");

    dom_nodes(&b, cr->domid, cr->c);
    set_nodes(&cr->plan.devices, &b);
    snprintf(what, sizeof(what), "the store nodes of domain %u", cr->domid);
    if ( !rc )
        rc = store_commit(ctx, &b, what);
    store_batch_free(&b);
    return rc;
}

static int write_config(struct xn_ctx *ctx, const struct creation *cr)
{
    char *json = NULL;
    int rc = fault(ctx, "userdata");

    cr->c->completed = true;    /* libxl's defaults are written out in what is kept */
    if ( !rc )
        rc = xn_config_to_json(ctx, cr->c, &json);
    if ( !rc )
        rc = dom_userdata_write(ctx, cr->domid, cr->c->uuid, json);
    free(json);
    return rc;
}

/* The hypervisor sets the pages aside, so that nobody takes them while they are filled. */
static int claim_memory(struct xn_ctx *ctx, const struct creation *cr)
{
    const uint64_t kib = machine_ram_kib(cr->c);
    int rc = fault(ctx, "claim");

    if ( rc || cr->c->claim == 0 )
        return rc;
    rc = hc_claim_pages(ctx, cr->domid, kib / 4);
    if ( rc == -ENOMEM )
        return build_check_memory(ctx, kib) ? -ENOMEM :
               xn_fail(ctx, ENOMEM, "the hypervisor cannot set aside %llu MiB",
                       (unsigned long long)kib >> 10);
    return rc == -ENOSYS || rc == -EOPNOTSUPP ? 0 : rc;
}

static int build_by_hardware(struct xn_ctx *ctx, struct creation *cr)
{
    char args[MACHINE_ARGS];
    struct hw_build b;
    int rc;

    machine_fill_build(cr->c, cr->plan.image, &b, args);
    b.domid = cr->domid;
    b.store_port = cr->store_port;
    b.console_port = cr->console_port;
    rc = build_hw(ctx, &b);
    cr->kernel_fd = b.stub_fd;
    cr->store_mfn = b.store_gfn;
    cr->console_mfn = b.console_gfn;
    return rc;
}

static int build_by_software(struct xn_ctx *ctx, struct creation *cr)
{
    const struct xn_domain_config *c = cr->c;
    struct pv_build b = {
        .domid = cr->domid, .image = cr->plan.image, .ramdisk_path = c->ramdisk,
        .cmdline = c->cmdline, .memory_kib = c->memory_kib, .maxmem_kib = c->maxmem_kib,
        .nr_vcpus = (uint32_t)c->maxvcpus, .store_port = cr->store_port,
        .console_port = cr->console_port,
    };
    int rc = build_pv(ctx, &b);

    cr->store_mfn = b.store_mfn;
    cr->console_mfn = b.console_mfn;
    return rc;
}

static int build(struct xn_ctx *ctx, struct creation *cr)
{
    int rc = claim_memory(ctx, cr);

    if ( !rc )
        rc = fault(ctx, "build");
    if ( !rc && cr->c->type == XN_TYPE_PV )
        rc = build_by_software(ctx, cr);
    else if ( !rc )
        rc = build_by_hardware(ctx, cr);
    if ( !rc && cr->c->claim != 0 )
        (void)hc_claim_pages(ctx, cr->domid, 0);
    return rc;
}

/* The second transaction, and the store daemon's connection to the guest. */
static int connect_rings(struct xn_ctx *ctx, const struct creation *cr)
{
    struct store_batch b = { .nr = 0 };
    int rc = fault(ctx, "rings");

    dom_ring_nodes(&b, cr->domid, cr->store_port, cr->store_mfn, cr->console_port,
                   cr->console_mfn);
    if ( !rc )
        rc = store_commit(ctx, &b, "the rings' store nodes");
    store_batch_free(&b);
    if ( !rc )
        rc = fault(ctx, "introduce");
    return rc ? rc : store_introduce(ctx, cr->domid, cr->store_mfn, cr->store_port);
}

struct tty_wait {
    struct xn_ctx *ctx;
    uint32_t domid;
};

static int has_tty(void *data)
{
    const struct tty_wait *w = data;
    char *tty = store_read(w->ctx, "/local/domain/%u/console/tty", w->domid);
    int rc = tty && *tty;

    free(tty);
    return rc;
}

/* The daemon has the console before the guest writes to it: nothing of its output is lost. */
static int wait_console(struct xn_ctx *ctx, const struct creation *cr)
{
    struct tty_wait w = { ctx, cr->domid };
    char path[64];
    const char *paths[] = { path };
    int rc = fault(ctx, "console");

    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", cr->domid);
    if ( !rc )
        rc = store_wait(ctx, paths, 1, has_tty, &w, CONSOLE_LIMIT_MS, 0);
    if ( rc == -ETIMEDOUT ) {
        xn_log(ctx, XN_WARN, "domain %u has no console: no terminal within %d s; is xenconsoled "
               "running?", cr->domid, CONSOLE_LIMIT_MS / 1000);
        rc = 0;
    }
    if ( !rc && cr->options->console_ready )
        rc = cr->options->console_ready(ctx, cr->domid, cr->options->data);
    return rc;
}

/* Steps in order, up to where the name is given away. */
static int make_named(struct xn_ctx *ctx, struct creation *cr)
{
    int rc = dom_check_name(ctx, cr->c->name, NULL);

    if ( !rc )
        rc = make_domain(ctx, cr);
    if ( rc )
        return rc;
    set_domid(&cr->plan.devices, cr->domid);
    rc = set_limits(ctx, cr);
    if ( !rc )
        rc = fault(ctx, "prepare");
    if ( !rc )
        rc = set_prepare(ctx, &cr->plan.devices);
    return rc ? rc : write_nodes(ctx, cr);
}

static int start_device_model(struct xn_ctx *ctx, const struct creation *cr)
{
    struct dm_request r = {
        .domid = cr->domid, .c = cr->c, .ram_mib = machine_ram_kib(cr->c) >> 10,
        .video_mib = machine_video_kib(cr->c) >> 10, .kernel_fd = cr->kernel_fd,
    };
    int rc = fault(ctx, "dm");

    return rc ? rc : dm_start(ctx, &r);
}

static int make_rest(struct xn_ctx *ctx, struct creation *cr)
{
    int rc = write_config(ctx, cr);

    if ( !rc )
        rc = make_ports(ctx, cr);
    if ( !rc )
        rc = build(ctx, cr);
    if ( !rc )
        rc = connect_rings(ctx, cr);
    if ( !rc )
        rc = fault(ctx, "devices");
    if ( !rc )
        rc = set_finish(ctx, &cr->plan.devices);
    if ( !rc && cr->c->type == XN_TYPE_HVM )
        rc = start_device_model(ctx, cr);
    if ( !rc )
        rc = wait_console(ctx, cr);
    if ( !rc )
        rc = fault(ctx, "unpause");
    if ( !rc && !cr->options->paused )
        rc = xn_domain_unpause(ctx, cr->domid);
    return rc;
}

/* Keep the reason of the failure over what the clean-up has to say. */
static void undo(struct xn_ctx *ctx, struct creation *cr)
{
    char *why = strdup(xn_why(ctx));
    int rc = cr->domid ? dom_destroy(ctx, cr->domid, cr->c->uuid) : 0;

    if ( rc )
        xn_log(ctx, XN_WARN, "the unfinished domain %u is not all gone: %s", cr->domid,
               xn_why(ctx));
    dom_claim_drop(&cr->claim, rc != 0);
    if ( why )
        xn_fail(ctx, EIO, "%s", why);
    free(why);
}

static int create(struct xn_ctx *ctx, struct creation *cr)
{
    int lock, rc = dom_claim_take(ctx, &cr->claim, cr->c->uuid);

    if ( rc )
        return rc;
    lock = dom_names_lock(ctx);
    rc = lock < 0 ? lock : make_named(ctx, cr);
    dom_names_unlock(lock);
    if ( !rc )
        rc = make_rest(ctx, cr);
    if ( rc )
        undo(ctx, cr);
    else
        dom_claim_drop(&cr->claim, false);
    return rc;
}

int xn_domain_create(struct xn_ctx *ctx, struct xn_domain_config *c,
                     const struct xn_create_options *options, uint32_t *domid)
{
    static const struct xn_create_options none;
    struct creation cr = {
        .c = c, .options = options ? options : &none, .claim.fd = -1, .kernel_fd = -1,
    };
    int rc;

    if ( !cr.options->dry_run )
        dom_claim_sweep(ctx);
    rc = dom_plan(ctx, &cr.plan, c);
    if ( rc )
        return xn_because(ctx, rc, "domain %s", c->name ? c->name : "(unnamed)");
    if ( cr.options->dry_run )
        dom_plan_describe(ctx, &cr.plan);
    else
        rc = create(ctx, &cr);
    dom_plan_free(&cr.plan);
    if ( cr.kernel_fd >= 0 )
        close(cr.kernel_fd);
    if ( !rc && domid )
        *domid = cr.domid;
    return rc ? xn_because(ctx, rc, "domain %s", c->name) : 0;
}
