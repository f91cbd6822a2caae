/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back ends that are processes, kept alive.  Which there are is read from the store each time: devices come and go by
 * other hands.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device/backproc.h"
#include "device/keep.h"
#include "device/process.h"
#include "device/store.h"

#define SHORT_LIFE_MS   10000
#define FREE_STARTS     3       /* so many short lives in a row are followed by another at once, */
#define MAX_STARTS      8       /* so many are followed by another */

int keep_pause_ms = 1000;

struct kept_process {
    struct dev_id id;
    int pidfd;                  /* -1: not running */
    bool seen, left;
    unsigned int short_lives;
    int64_t since, due;         /* when it was started or first seen; when the next is, if it is not running */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct kept_process *entry(struct keep *k, const struct dev_id *id)
{
    struct kept_process *more;

    for ( size_t i = 0; i < k->nr; i++ )
        if ( k->list[i].id.kind == id->kind && k->list[i].id.devid == id->devid )
            return &k->list[i];
    more = realloc(k->list, (k->nr + 1) * sizeof(*more));
    if ( !more )
        return NULL;
    k->list = more;
    more[k->nr] = (struct kept_process){ .id = *id, .pidfd = -1 };
    return &more[k->nr++];
}

static void find(struct xn_ctx *ctx, struct keep *k, enum xn_device_kind kind)
{
    struct dev_id id = { .kind = kind, .front = k->domid, .process = true };
    size_t n;
    char **names = store_list(ctx, &n, "/local/domain/0/backend/%s/%u", dev_back_kind(&id), k->domid);

    for ( size_t i = 0; names && i < n; i++ ) {
        struct kept_process *e;

        id.devid = (uint32_t)strtoul(names[i], NULL, 10);
        e = entry(k, &id);
        if ( e )
            e->seen = true;
    }
    free(names);
}

/* It ran, and has ended or was stopped: is it wanted? */
static bool is_missed(struct xn_ctx *ctx, const struct dev_id *id)
{
    char path[DEV_PATH_MAX];
    uint64_t online, pid;

    dev_back_path(id, path);
    return !store_read_number(ctx, INT32_MAX, &pid, "%s/pid", path) &&
           !store_read_number(ctx, 1, &online, "%s/online", path) && online;
}

static void plan_next(struct xn_ctx *ctx, struct kept_process *e, int64_t now)
{
    char name[24], folder[DEV_PATH_MAX];

    e->short_lives = now - e->since < SHORT_LIFE_MS ? e->short_lives + 1 : 0;
    e->due = now + (e->short_lives <= FREE_STARTS ? 0 : keep_pause_ms << (e->short_lives - FREE_STARTS - 1));
    e->left = e->short_lives > MAX_STARTS;
    if ( !e->left )
        return;
    backproc_name(&e->id, name);
    dev_back_path(&e->id, folder);
    xn_log(ctx, XN_ERROR, "the back end of %s of domain %u has ended %u times in a row right after its start: it is "
           "left, and the guest waits, until \"%s %s\" or a detachment", name, e->id.front, e->short_lives,
           backproc_program_name(&e->id), folder);
}

static void start(struct xn_ctx *ctx, struct kept_process *e, int64_t now)
{
    char name[24];

    backproc_name(&e->id, name);
    xn_log(ctx, XN_WARN, "the back end of %s of domain %u has ended: starting it again", name, e->id.front);
    e->since = now;
    if ( backproc_start(ctx, &e->id, true, &e->pidfd) )
        xn_log(ctx, XN_ERROR, "%s", xn_why(ctx));
}

static void look(struct xn_ctx *ctx, struct kept_process *e, int64_t now)
{
    const bool ran = e->pidfd >= 0;

    if ( ran && !process_ended(e->pidfd) )
        return;
    if ( ran )
        close(e->pidfd);
    e->pidfd = backproc_open(ctx, &e->id);
    if ( e->pidfd >= 0 ) {              /* by other hands, or seen for the first time */
        e->since = now;
        e->left = false;
        return;
    }
    if ( e->left || !is_missed(ctx, &e->id) )
        return;
    if ( ran || !e->due )
        plan_next(ctx, e, now);
    if ( !e->left && now >= e->due )
        start(ctx, e, now);
}

void keep_look(struct xn_ctx *ctx, struct keep *k)
{
    const int64_t now = now_ms();
    size_t kept = 0;

    for ( size_t i = 0; i < k->nr; i++ )
        k->list[i].seen = false;
    find(ctx, k, XN_DEVICE_VBD);
    find(ctx, k, XN_DEVICE_VIF);
    for ( size_t i = 0; i < k->nr; i++ ) {
        if ( k->list[i].seen ) {
            look(ctx, &k->list[i], now);
            k->list[kept++] = k->list[i];
        } else if ( k->list[i].pidfd >= 0 ) {
            close(k->list[i].pidfd);
        }
    }
    k->nr = kept;
}

size_t keep_poll(const struct keep *k, struct pollfd *p, size_t max, int *limit_ms)
{
    const int64_t now = now_ms();
    size_t n = 0;

    for ( size_t i = 0; i < k->nr; i++ ) {
        const struct kept_process *e = &k->list[i];

        if ( e->pidfd >= 0 && n < max )
            p[n++] = (struct pollfd){ .fd = e->pidfd, .events = POLLIN };
        if ( e->pidfd < 0 && !e->left && e->due > now && e->due - now < *limit_ms )
            *limit_ms = (int)(e->due - now);
    }
    return n;
}

void keep_free(struct keep *k)
{
    for ( size_t i = 0; i < k->nr; i++ )
        if ( k->list[i].pidfd >= 0 )
            close(k->list[i].pidfd);
    free(k->list);
    *k = (struct keep){ .domid = k->domid };
}
