/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest is asked to do by the store: end, reboot, balloon, use fewer vCPUs.  Whether
 * it does is its own affair.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/build.h"
#include "ctx/domctl.h"
#include "domain/dom.h"

#define ANSWER_LIMIT_MS 60000      /* a guest that is still booting answers late */

struct asked {
    struct xn_ctx *ctx;
    uint32_t domid;
    const char *what;
};

/* The guest empties the node when it has taken the request; or it ends at once. */
static int is_taken(void *data)
{
    const struct asked *a = data;
    char *value = store_read(a->ctx, "/local/domain/%u/control/shutdown", a->domid);
    int rc = !value || strcmp(value, a->what);
    struct xn_domain d;

    free(value);
    if ( !rc )
        rc = xn_domain_info(a->ctx, a->domid, &d) || d.shutdown || d.dying;
    return rc;
}

static int no_answer(struct xn_ctx *ctx, uint32_t domid, const char *what)
{
    char *feature = store_read(ctx, "/local/domain/%u/control/feature-%.16s", domid, what);
    const bool announced = feature && !strcmp(feature, "1");
    int rc = xn_fail(ctx, ETIMEDOUT, "domain %u has not taken the request \"%s\" within %d s%s",
                     domid, what, ANSWER_LIMIT_MS / 1000,
                     announced ? "" : "; it never said that it can");

    free(feature);
    xn_remedy(ctx, "it may still do it; \"xl destroy %u\" ends it at once", domid);
    return rc;
}

int xn_domain_ask(struct xn_ctx *ctx, uint32_t domid, const char *what)
{
    struct asked a = { ctx, domid, what };
    struct store_batch b = { .nr = 0 };
    char path[64];
    const char *paths[] = { path };
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( rc )
        return rc;
    if ( domid == 0 )
        return xn_fail(ctx, EPERM, "Domain-0 is not asked: use its own shutdown");
    if ( d.shutdown || d.dying )
        return xn_fail(ctx, EINVAL, "domain %u has ended already", domid);
    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
    store_put(&b, what, "%s", path);
    rc = store_commit(ctx, &b, "asking the guest");
    store_batch_free(&b);
    if ( !rc )
        rc = store_wait(ctx, paths, 1, is_taken, &a, ANSWER_LIMIT_MS, 250);
    return rc == -ETIMEDOUT ? no_answer(ctx, domid, what) : rc;
}

int xn_domain_sysrq(struct xn_ctx *ctx, uint32_t domid, char key)
{
    struct store_batch b = { .nr = 0 };
    const char text[2] = { key, 0 };
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( rc )
        return rc;
    store_put(&b, text, "/local/domain/%u/control/sysrq", domid);
    rc = store_commit(ctx, &b, "sending the key");
    store_batch_free(&b);
    return rc;
}

/* Memory. */

static void change_memory(struct xn_domain_config *c, const void *data)
{
    c->memory_kib = *(const uint64_t *)data;
}

/* What libxl writes of dom0 when memory is first talked about. */
static void describe_dom0(struct store_batch *b, const struct xn_domain *d)
{
    const uint64_t kib = d->max_pages < UINT32_MAX ? d->max_pages * 4 : d->pages * 4;

    store_put_number(b, kib, "/local/domain/0/memory/static-max");
}

static int write_target(struct xn_ctx *ctx, const struct xn_domain *d, uint64_t kib)
{
    struct store_batch b = { .nr = 0 };
    uint64_t most, video = 0;
    char uuid[37];
    int rc;

    rc = store_read_number(ctx, UINT64_MAX >> 10, &most, "/local/domain/%u/memory/static-max",
                           d->domid);
    if ( rc && d->domid == 0 )
        describe_dom0(&b, d);
    else if ( !rc && kib > most )
        return xn_fail(ctx, ERANGE, "%llu MiB are more than the %llu MiB it may have (maxmem)",
                       (unsigned long long)kib >> 10, (unsigned long long)most >> 10);
    (void)store_read_number(ctx, kib, &video, "/local/domain/%u/memory/videoram", d->domid);
    store_put_number(&b, kib - video, "/local/domain/%u/memory/target", d->domid);
    dom_uuid_text(d->uuid, uuid);
    if ( store_exists(ctx, "/vm/%s", uuid) )
        store_put_number(&b, kib >> 10, "/vm/%s/memory", uuid);
    rc = store_commit(ctx, &b, "its memory target");
    store_batch_free(&b);
    return rc;
}

int xn_domain_set_target(struct xn_ctx *ctx, uint32_t domid, uint64_t kib)
{
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( !rc && kib == 0 )
        rc = xn_fail(ctx, EINVAL, "a domain cannot do without memory");
    if ( !rc && kib > d.pages * 4 )
        rc = build_check_memory(ctx, kib - d.pages * 4);
    if ( !rc )
        rc = write_target(ctx, &d, kib);
    if ( !rc )
        rc = hc_max_mem(ctx, domid, kib + DOM_MAXMEM_SLACK);
    if ( !rc )
        rc = dom_config_change(ctx, &d, change_memory, &kib);
    return rc ? xn_because(ctx, rc, "setting domain %u's memory", domid) : 0;
}

static void change_maxmem(struct xn_domain_config *c, const void *data)
{
    c->maxmem_kib = *(const uint64_t *)data;
}

int dom_note_maxmem(struct xn_ctx *ctx, const struct xn_domain *d, uint64_t kib)
{
    struct store_batch b = { .nr = 0 };
    int rc;

    store_put_number(&b, kib, "/local/domain/%u/memory/static-max", d->domid);
    rc = store_commit(ctx, &b, "its memory limit");
    store_batch_free(&b);
    return rc ? rc : dom_config_change(ctx, d, change_maxmem, &kib);
}

/* vCPUs. */

static void change_vcpus(struct xn_domain_config *c, const void *data)
{
    c->vcpus = (long)*(const unsigned int *)data;
}

int xn_domain_set_vcpus(struct xn_ctx *ctx, uint32_t domid, unsigned int count)
{
    struct store_batch b = { .nr = 0 };
    struct xn_domain d;
    int rc = xn_domain_info(ctx, domid, &d);

    if ( rc )
        return rc;
    if ( count < 1 || count > d.max_vcpu_id + 1 )
        return xn_fail(ctx, ERANGE, "domain %u can have 1 to %u vCPUs, not %u", domid,
                       d.max_vcpu_id + 1, count);
    for ( uint32_t i = 0; i <= d.max_vcpu_id; i++ )
        store_put(&b, i < count ? "online" : "offline", "/local/domain/%u/cpu/%u/availability",
                  domid, i);
    rc = store_commit(ctx, &b, "its vCPUs");
    store_batch_free(&b);
    if ( !rc )
        rc = dom_config_change(ctx, &d, change_vcpus, &count);
    return rc ? xn_because(ctx, rc, "setting domain %u's vCPUs", domid) : 0;
}
