/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of domains: in the store below each domain's directory, so finding one means looking
 * at every domain there is.  Which those are is the hypervisor's to say: a name that a dead
 * domain left in the store is not found.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/dom.h"

char *xn_domain_name(struct xn_ctx *ctx, uint32_t domid)
{
    char *name = store_read(ctx, "/local/domain/%u/name", domid);

    if ( name && !*name ) {
        free(name);
        name = NULL;
    }
    return name;
}

int xn_domain_names(struct xn_ctx *ctx, const struct xn_domain *list, size_t count,
                    char **names)
{
    char (*paths)[40] = calloc(count + 1, sizeof(*paths));
    const char **ptrs = calloc(count + 1, sizeof(*ptrs));
    int rc;

    memset(names, 0, count * sizeof(*names));
    if ( paths && ptrs ) {
        for ( size_t i = 0; i < count; i++ ) {
            snprintf(paths[i], sizeof(paths[i]), "/local/domain/%u/name", list[i].domid);
            ptrs[i] = paths[i];
        }
        rc = store_read_many(ctx, ptrs, count, names);
    } else {
        rc = xn_fail(ctx, ENOMEM, "out of memory");
    }
    free(ptrs);
    free(paths);
    return rc;
}

/* The domain of that name: 1 and its id, 0 if there is none. */
static int by_name(struct xn_ctx *ctx, const char *name, uint32_t *domid)
{
    struct xn_domain *list;
    char **names = NULL;
    size_t count;
    int rc = xn_domain_list(ctx, &list, &count);

    if ( rc )
        return rc;
    names = calloc(count + 1, sizeof(*names));
    rc = names ? xn_domain_names(ctx, list, count, names) : xn_fail(ctx, ENOMEM, "out of memory");
    for ( size_t i = 0; i < count && names; i++ ) {
        if ( !rc && names[i] && !strcmp(names[i], name) ) {
            *domid = list[i].domid;
            rc = 1;
        }
        free(names[i]);
    }
    free(names);
    free(list);
    return rc;
}

int xn_domain_find(struct xn_ctx *ctx, const char *name_or_id, uint32_t *domid)
{
    struct xn_domain d;
    char *end;
    unsigned long id = strtoul(name_or_id, &end, 10);
    const bool number = name_or_id[0] >= '0' && name_or_id[0] <= '9' && !*end && id < 0x7ff0;
    int rc;

    if ( number && !xn_domain_info(ctx, (uint32_t)id, &d) ) {
        *domid = (uint32_t)id;
        return 0;
    }
    rc = by_name(ctx, name_or_id, domid);
    if ( rc < 0 )
        return rc;
    if ( rc > 0 )
        return 0;
    return xn_fail(ctx, ESRCH, number ? "there is no domain with id or name %s"
                                      : "there is no domain named %s", name_or_id);
}

int dom_check_name(struct xn_ctx *ctx, const char *name, uint32_t *owner)
{
    uint32_t domid;
    int rc;

    if ( !name || !*name )
        return xn_fail(ctx, EINVAL, "the domain has no name (name=)");
    if ( strlen(name) > DOM_NAME_MAX )
        return xn_fail(ctx, EINVAL, "the name is longer than %d characters", DOM_NAME_MAX);
    for ( const char *p = name; *p; p++ )
        if ( (unsigned char)*p <= ' ' || *p == 127 || *p == '/' )
            return xn_fail(ctx, EINVAL, "the name \"%s\" has a character that cannot be in one",
                           name);
    rc = by_name(ctx, name, &domid);
    if ( rc <= 0 )
        return rc;
    if ( owner )
        *owner = domid;
    rc = xn_fail(ctx, EEXIST, "the name %s is in use by domain %u", name, domid);
    xn_remedy(ctx, "\"xl list %s\" shows it; choose another with name=", name);
    return rc;
}

static void change_name(struct xn_domain_config *c, const void *data)
{
    char *name = strdup(data);

    if ( name ) {
        free(c->name);
        c->name = name;
    }
}

static int rename_locked(struct xn_ctx *ctx, const struct xn_domain *d, const char *name)
{
    struct store_batch b = { .nr = 0 };
    uint32_t owner = d->domid;
    char uuid[37];
    int rc = dom_check_name(ctx, name, &owner);

    if ( rc && !(rc == -EEXIST && owner == d->domid) )
        return rc;
    dom_uuid_text(d->uuid, uuid);
    store_put(&b, name, "/local/domain/%u/name", d->domid);
    if ( store_exists(ctx, "/vm/%s", uuid) )
        store_put(&b, name, "/vm/%s/name", uuid);
    rc = store_commit(ctx, &b, "its name");
    store_batch_free(&b);
    return rc ? rc : dom_config_change(ctx, d, change_name, name);
}

int xn_domain_rename(struct xn_ctx *ctx, uint32_t domid, const char *name)
{
    struct xn_domain d;
    int lock, rc = xn_domain_info(ctx, domid, &d);

    if ( !rc && domid == 0 )
        rc = xn_fail(ctx, EPERM, "Domain-0 keeps its name");
    if ( !rc ) {
        lock = dom_names_lock(ctx);
        rc = lock < 0 ? lock : rename_locked(ctx, &d, name);
        dom_names_unlock(lock);
    }
    return rc ? xn_because(ctx, rc, "renaming domain %u", domid) : 0;
}
