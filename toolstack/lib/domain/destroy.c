/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a domain: devices, the hypervisor's part, store, files.
 *
 * Every step expects the one before to have been done already, by us or by others, or never
 * to have been needed: this also ends what a creation left half-way.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctx/domctl.h"
#include "device/close.h"
#include "device/dm.h"
#include "domain/dom.h"

#define GONE_LIMIT_MS   5000
#define GONE_POLL_US    2000

/* Back ends that dom0's copy does not know: left by others, or of a kind we do not know. */
static void remove_stray_backends(struct xn_ctx *ctx, uint32_t domid)
{
    struct store_batch b = { .nr = 0 };
    size_t count;
    char **kinds = store_list(ctx, &count, "/local/domain/0/backend");

    for ( size_t i = 0; kinds && i < count; i++ )
        if ( store_exists(ctx, "/local/domain/0/backend/%.32s/%u", kinds[i], domid) )
            store_remove_upwards(&b, 3, "/local/domain/0/backend/%.32s/%u", kinds[i], domid);
    (void)store_commit(ctx, &b, "removing back ends of other tools");
    store_batch_free(&b);
    free(kinds);
}

/* Everything of it in one transaction, and what is empty above its back ends. */
static int remove_nodes(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16],
                        const struct dev_id *ids, size_t nr)
{
    struct store_batch b = { .nr = 0 };
    char path[DEV_PATH_MAX], text[37], *vm = store_read(ctx, "/local/domain/%u/vm", domid);
    int rc;

    for ( size_t i = 0; i < nr; i++ ) {
        dev_back_path(&ids[i], path);
        store_remove(&b, "%s", path);
        store_remove(&b, "/local/domain/%u/error%s", ids[i].back, strstr(path, "/backend"));
    }
    /* The domain's own node says which UUID: one that was set aside has another. */
    dom_uuid_text(uuid, text);
    if ( vm && !strncmp(vm, "/vm/", 4) && strlen(vm) == 40 )
        dom_nodes_remove(&b, domid, vm + 4);
    else
        dom_nodes_remove(&b, domid, uuid_is_null(uuid) ? NULL : text);
    for ( size_t i = 0; i < nr; i++ ) {
        const char *kind = dev_back_kind(&ids[i]);

        if ( i && kind == dev_back_kind(&ids[i - 1]) && ids[i].back == ids[i - 1].back )
            continue;
        store_prune(&b, 3, "/local/domain/%u/backend/%s/%u", ids[i].back, kind, domid);
        store_prune(&b, 4, "/local/domain/%u/error/backend/%s/%u", ids[i].back, kind, domid);
    }
    rc = store_commit(ctx, &b, "removing its store nodes");
    store_batch_free(&b);
    free(vm);
    return rc;
}

struct gone {
    struct xn_ctx *ctx;
    uint32_t domid;
    uint64_t pages;
};

static bool is_gone(struct gone *g)
{
    struct xn_domain d;

    if ( xn_domain_info(g->ctx, g->domid, &d) == -ESRCH )
        return true;
    g->pages = d.pages;
    return false;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Nobody tells when a domain's last page is let go, so it is asked for.  The daemons need less
 * than a millisecond, a back end in the kernel may need many.
 */
static bool wait_gone(struct gone *g)
{
    const int64_t end = now_ms() + GONE_LIMIT_MS;

    for ( unsigned int pause_us = GONE_POLL_US / 16; !is_gone(g); ) {
        if ( now_ms() > end )
            return false;
        usleep(pause_us);
        if ( pause_us < GONE_POLL_US )
            pause_us *= 2;
    }
    return true;
}

/* Does this process map guests' memory?  Its name if so. */
static bool maps_guests(const char *pid, char name[32])
{
    char path[300], line[512];
    bool found = false;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%s/maps", pid);
    f = fopen(path, "re");
    while ( f && !found && fgets(line, sizeof(line), f) )
        found = strstr(line, "xen/gntdev") || strstr(line, "xen/privcmd");
    if ( f )
        fclose(f);
    if ( !found )
        return false;
    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    f = fopen(path, "re");
    if ( !f || !fgets(name, 32, f) )
        snprintf(name, 32, "?");
    name[strcspn(name, "\n")] = 0;
    if ( f )
        fclose(f);
    return true;
}

/* Who may hold pages of a domain that does not go away. */
static void say_holders(struct xn_ctx *ctx, const struct gone *g)
{
    DIR *proc = opendir("/proc");
    char who[256] = "", name[32];
    const struct dirent *e;
    size_t at = 0;

    while ( proc && (e = readdir(proc)) && at + 64 < sizeof(who) )
        if ( e->d_name[0] >= '0' && e->d_name[0] <= '9' && maps_guests(e->d_name, name) )
            at += (size_t)snprintf(who + at, sizeof(who) - at, "%s%s (process %.10s)",
                                   at ? ", " : "", name, e->d_name);
    if ( proc )
        closedir(proc);
    xn_log(ctx, XN_WARN, "domain %u has ended but %llu of its pages are still in use%s%s",
           g->domid, (unsigned long long)g->pages,
           who[0] ? "; processes that map guests' memory: " : " by a back end in the kernel",
           who);
}

static int end_domain(struct xn_ctx *ctx, uint32_t domid)
{
    struct gone g = { ctx, domid, 0 };
    int rc = hc_destroydomain(ctx, domid);

    if ( rc && rc != -ESRCH )
        return xn_because(ctx, rc, "the hypervisor does not end domain %u", domid);
    (void)store_release(ctx, domid);
    if ( !wait_gone(&g) )
        say_holders(ctx, &g);
    return 0;
}

static void remove_files(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16])
{
    int lock = dom_userdata_lock(ctx, domid, uuid);

    dom_userdata_remove(domid, uuid);
    dom_userdata_unlock(lock, domid, uuid);
    dom_claim_forget(uuid);
}

int dom_destroy(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16])
{
    struct dev_id *ids;
    size_t nr;
    int rc, first;

    (void)hc_pausedomain(ctx, domid);
    dm_stop(ctx, domid);
    first = dev_list(ctx, domid, -1, &ids, &nr);
    if ( !first )
        first = dev_close(ctx, ids, nr, true);
    if ( first )
        xn_log(ctx, XN_WARN, "ending domain %u's devices: %s", domid, xn_why(ctx));
    rc = end_domain(ctx, domid);
    if ( !rc ) {
        rc = remove_nodes(ctx, domid, uuid, ids, nr);
        remove_stray_backends(ctx, domid);
        remove_files(ctx, domid, uuid);
        dom_note_end(ctx, domid);
        rc = rc ? rc : first;
        if ( !rc )
            xn_clear_error(ctx);
    }
    free(ids);
    return rc;
}

int xn_domain_destroy(struct xn_ctx *ctx, uint32_t domid)
{
    struct xn_domain d;
    int rc;

    if ( domid == 0 )
        return xn_fail(ctx, EPERM, "Domain-0 cannot be destroyed");
    rc = xn_domain_info(ctx, domid, &d);
    if ( rc == -ESRCH && store_exists(ctx, "/local/domain/%u/domid", domid) ) {
        xn_log(ctx, XN_WARN, "domain %u is gone already: removing what the store has of it",
               domid);
        memset(&d, 0, sizeof(d));
        rc = 0;
    }
    if ( !rc )
        rc = dom_destroy(ctx, domid, d.uuid);
    return rc ? xn_because(ctx, rc, "destroying domain %u", domid) : 0;
}
