/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch over a running domain: when it ends, do what its configuration says (on_poweroff,
 * on_reboot, on_crash, on_watchdog, on_soft_reset), until there is nothing left to watch.
 *
 * The configuration is read again at each end, as others may have changed it (block-attach,
 * mem-set, rename).  A domain that ends again and again right after its start is restarted
 * more and more slowly.  Meanwhile, back ends that are processes are kept alive.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xenabi/sched.h>

#include "ctx/domctl.h"
#include "ctx/guest.h"
#include "device/close.h"
#include "device/dm.h"
#include "device/keep.h"
#include "domain/dom.h"

#define SHORT_LIFE_S    10      /* a domain that lived less than this counts */
#define FREE_RESTARTS   3       /* so many of them in a row are restarted at once */
#define MAX_DELAY_S     60
#define STORE_TRIES     120     /* seconds without a store daemon */
#define MAX_KEPT        64      /* back ends whose end is noticed at once; of others a little later */

struct monitor {
    struct xn_ctx *ctx;
    uint32_t domid;
    struct xn_domain_config c;
    const struct xn_domain_config *given;       /* for where nothing is kept; may be NULL */
    unsigned int short_lives;
    time_t started;
    struct keep keep;
};

static time_t now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* A guest whose device model ended would hang for ever: it has crashed. */
static void crash_without_model(struct monitor *m, int *fd, enum xn_end end)
{
    struct xn_domain d;

    close(*fd);
    *fd = -1;
    /* Whoever ends the domain pauses it first. */
    if ( end != XN_END_NONE || xn_domain_info(m->ctx, m->domid, &d) || d.paused || d.shutdown ||
         d.dying )
        return;
    xn_log(m->ctx, XN_ERROR, "the device model of domain %u has ended (its log: " DM_LOG_DIR
           "/qemu-dm-%s.log): the domain counts as crashed", m->domid, m->c.name);
    if ( hc_remote_shutdown(m->ctx, m->domid, SHUTDOWN_crash) )
        xn_log(m->ctx, XN_ERROR, "%s", xn_why(m->ctx));
}

/* Until the domain's end, or an error of the store's connection. */
static int watch_once(struct monitor *m, enum xn_end *end, unsigned int *reason)
{
    struct xn_watch *w = xn_domain_watch(m->ctx, m->domid);
    struct pollfd p[2 + MAX_KEPT] = { { .events = POLLIN }, { .events = POLLIN } };
    int rc = 0;

    if ( !w )
        return -EIO;
    p[0].fd = xn_watch_fd(w);
    p[1].fd = dm_watch(m->ctx, m->domid);
    *end = XN_END_NONE;
    while ( !rc && *end == XN_END_NONE ) {
        int limit = XN_WATCH_MS;
        size_t nr;

        keep_look(m->ctx, &m->keep);
        nr = keep_poll(&m->keep, p + 2, MAX_KEPT, &limit);
        if ( poll(p, 2 + nr, limit) < 0 && errno != EINTR )
            rc = xn_fail(m->ctx, errno, "waiting for domain %u: %s", m->domid, strerror(errno));
        if ( !rc )
            rc = xn_watch_read(w, end, reason);
        if ( p[1].fd >= 0 && p[1].revents )
            crash_without_model(m, &p[1].fd, *end);
    }
    if ( p[1].fd >= 0 )
        close(p[1].fd);
    xn_watch_free(w);
    return rc;
}

/* A store daemon that is started again is waited for. */
static int wait_end(struct monitor *m, enum xn_end *end, unsigned int *reason)
{
    int rc = watch_once(m, end, reason);

    for ( int i = 0; rc && i < STORE_TRIES; i++ ) {
        if ( !i )
            xn_log(m->ctx, XN_WARN, "%s; trying again", xn_why(m->ctx));
        sleep(1);
        rc = watch_once(m, end, reason);
    }
    return rc;
}

static enum xn_action action_for(const struct xn_domain_config *c, unsigned int reason)
{
    switch ( reason ) {
    case SHUTDOWN_poweroff:
        return c->on_poweroff;
    case SHUTDOWN_reboot:
        return c->on_reboot;
    case SHUTDOWN_crash:
        return c->on_crash;
    case SHUTDOWN_watchdog:
        return c->on_watchdog;
    case SHUTDOWN_soft_reset:
        return c->on_soft_reset;
    default:
        return XN_ACTION_DESTROY;
    }
}

static void dump_core(struct monitor *m)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/dump", dom_lib_dir);
    (void)mkdir(dom_lib_dir, 0700);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/dump/%.200s", dom_lib_dir, m->c.name);
    xn_log(m->ctx, XN_INFO, "dumping core to %s", path);
    if ( xn_domain_dump_core(m->ctx, m->domid, path) )
        xn_log(m->ctx, XN_ERROR, "core dump failed: %s", xn_why(m->ctx));
}

/* What is left of its name and UUID for the new domain: both are free after this. */
static int give_new_identity(struct monitor *m, const char *name)
{
    const struct store_perms perms = { 0, m->domid };
    struct store_batch b = { .nr = 0 };
    char old[37], new[37], vm[44];
    uint8_t uuid[16];
    int rc;

    uuid_generate_random(uuid);
    dom_uuid_text(uuid, new);
    dom_uuid_text(m->c.uuid, old);
    snprintf(vm, sizeof(vm), "/vm/%s", new);
    store_put(&b, name, "/local/domain/%u/name", m->domid);
    store_put(&b, vm, "/local/domain/%u/vm", m->domid);
    store_dir(&b, perms, "%s", vm);
    store_put(&b, new, "%s/uuid", vm);
    store_put(&b, name, "%s/name", vm);
    store_remove(&b, "/vm/%s", old);
    rc = hc_setdomainhandle(m->ctx, m->domid, uuid);
    if ( !rc )
        rc = store_commit(m->ctx, &b, "setting the ended domain aside");
    store_batch_free(&b);
    if ( !rc )
        dom_userdata_remove(m->domid, m->c.uuid);
    return rc;
}

/* The ended domain's disks and interfaces are the new one's. */
static int take_devices(struct monitor *m)
{
    struct dev_id *ids;
    size_t nr, keep = 0;
    int rc = dev_list(m->ctx, m->domid, -1, &ids, &nr);

    if ( rc )
        return rc;
    for ( size_t i = 0; i < nr; i++ )
        if ( ids[i].kind != XN_DEVICE_CONSOLE )
            ids[keep++] = ids[i];
    rc = dev_remove(m->ctx, ids, keep, true);
    free(ids);
    return rc;
}

static int set_aside(struct monitor *m)
{
    char suffix[24], name[DOM_NAME_MAX + 40];
    time_t now = time(NULL);
    struct tm tm;
    int rc;

    gmtime_r(&now, &tm);
    strftime(suffix, sizeof(suffix), "-%Y%m%dT%H%MZ", &tm);
    snprintf(name, sizeof(name), "%.180s%s", m->c.name, suffix);
    if ( dom_check_name(m->ctx, name, NULL) == -EEXIST )       /* the second in one minute */
        snprintf(name, sizeof(name), "%.180s%s-%u", m->c.name, suffix, m->domid);
    xn_log(m->ctx, XN_INFO, "Preserving domain %u %s as %s", m->domid, m->c.name, name);
    rc = take_devices(m);
    return rc ? rc : give_new_identity(m, name);
}

/* Slower and slower while the domain does not live long. */
static void pace(struct monitor *m)
{
    unsigned int delay = 0;

    if ( now_s() - m->started >= SHORT_LIFE_S )
        m->short_lives = 0;
    else
        m->short_lives++;
    if ( m->short_lives > FREE_RESTARTS ) {
        const unsigned int n = m->short_lives - FREE_RESTARTS;

        delay = n < 6 ? 1u << n : MAX_DELAY_S;
        xn_log(m->ctx, XN_WARN, "%s ended within %d s of its start %u times in a row: restarting "
               "it in %u s", m->c.name, SHORT_LIFE_S, m->short_lives, delay);
        sleep(delay);
    }
}

static int restart(struct monitor *m)
{
    const struct xn_create_options options = { .paused = false };
    int rc;

    xn_log(m->ctx, XN_INFO, "Done. Rebooting now");
    rc = xn_domain_create(m->ctx, &m->c, &options, &m->domid);
    m->started = now_s();
    return rc;
}

static int destroy(struct monitor *m)
{
    xn_log(m->ctx, XN_INFO, "Domain %u needs to be cleaned up: destroying the domain", m->domid);
    return xn_domain_destroy(m->ctx, m->domid);
}

/* 1: go on watching; 0: the end of the watch. */
static int act(struct monitor *m, enum xn_action action)
{
    int rc;

    if ( action == XN_ACTION_COREDUMP_DESTROY || action == XN_ACTION_COREDUMP_RESTART )
        dump_core(m);
    if ( action == XN_ACTION_SOFT_RESET ) {
        xn_log(m->ctx, XN_WARN, "soft-reset is not served yet: restarting the domain instead");
        action = XN_ACTION_RESTART;
    }
    switch ( action ) {
    case XN_ACTION_PRESERVE:
        return 0;
    case XN_ACTION_RESTART:
    case XN_ACTION_COREDUMP_RESTART:
        pace(m);
        rc = destroy(m);
        break;
    case XN_ACTION_RENAME_RESTART:
        pace(m);
        rc = set_aside(m);
        break;
    default:
        return destroy(m);
    }
    if ( !rc )
        rc = restart(m);
    return rc ? rc : 1;
}

/* As it is kept now, or else as it was given. */
static int read_config(struct monitor *m)
{
    char *json;
    int rc;

    xn_config_free(&m->c);
    rc = xn_domain_config(m->ctx, m->domid, &m->c);
    if ( rc != -ENOENT || !m->given )
        return rc;
    rc = xn_config_to_json(m->ctx, m->given, &json);
    if ( !rc ) {
        rc = xn_config_from_json(m->ctx, &m->c, json);
        free(json);
    }
    return rc;
}

static int one_life(struct monitor *m)
{
    unsigned int reason = 0;
    enum xn_action action;
    enum xn_end end;
    int rc;

    xn_log(m->ctx, XN_INFO, "Waiting for domain %s (domid %u) to die [pid %d]", m->c.name,
           m->domid, (int)getpid());
    m->keep.domid = m->domid;
    rc = wait_end(m, &end, &reason);
    keep_free(&m->keep);
    if ( rc )
        return rc;
    if ( end == XN_END_GONE ) {
        xn_log(m->ctx, XN_INFO, "Domain %u has been destroyed.", m->domid);
        return 0;
    }
    xn_log(m->ctx, XN_INFO, "Domain %u has shut down, reason code %u 0x%x", m->domid, reason,
           reason);
    if ( reason == SHUTDOWN_suspend )
        return 0;
    rc = read_config(m);
    if ( rc )
        return rc;
    action = action_for(&m->c, reason);
    xn_log(m->ctx, XN_INFO, "Action for shutdown reason code %u is %s", reason,
           xn_action_name(action));
    return act(m, action);
}

int xn_domain_monitor(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c)
{
    struct monitor m = { .ctx = ctx, .domid = domid, .given = c, .started = now_s() };
    int rc;

    xn_config_init(&m.c);
    rc = read_config(&m);
    while ( !rc ) {
        rc = one_life(&m);
        if ( !rc )
            xn_log(ctx, XN_INFO, "Done. Exiting now");
        if ( rc <= 0 )
            break;
        rc = 0;
    }
    xn_config_free(&m.c);
    return rc ? xn_because(ctx, rc, "monitoring domain %u", m.domid) : 0;
}
