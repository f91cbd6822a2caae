/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's log, its debug keys and its parameters.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctx/sysctl.h"
#include "xenolith/host.h"

#define CHUNK 16384U            /* bytes of log in one call */
#define LOG_MAX (16U << 20)     /* a log that never ends is not read for ever */

/* Append what one call gives.  *got: how much that was. */
static int read_some(struct xn_ctx *ctx, bool clear, uint32_t *index, char **text,
                     size_t *length, uint32_t *got)
{
    char *more = realloc(*text, *length + CHUNK + 1);
    int rc;

    if ( !more )
        return xn_fail(ctx, ENOMEM, "no memory for the log");
    *text = more;
    *got = CHUNK;
    rc = hc_readconsole(ctx, more + *length, got, clear, true, index);
    if ( rc )
        return rc;
    *length += *got;
    more[*length] = '\0';
    return 0;
}

/* Clearing comes with the last call alone: it drops what that call had no room for as well. */
int xn_host_dmesg(struct xn_ctx *ctx, bool clear, char **text)
{
    uint32_t index = 0, got;
    size_t length = 0;
    int rc;

    *text = NULL;
    do {
        rc = read_some(ctx, false, &index, text, &length, &got);
    } while ( !rc && got && length < LOG_MAX );
    if ( !rc && clear )
        rc = read_some(ctx, true, &index, text, &length, &got);
    if ( rc ) {
        free(*text);
        *text = NULL;
        return xn_because(ctx, rc, "reading the hypervisor's log");
    }
    return 0;
}

int xn_host_debug_keys(struct xn_ctx *ctx, const char *keys)
{
    int rc;

    if ( !keys[0] )
        return xn_fail(ctx, EINVAL, "no debug key given");
    rc = hc_debug_keys(ctx, keys);
    return rc ? xn_because(ctx, rc, "sending debug keys \"%s\"", keys) : 0;
}

/* hypfs: the hypervisor's parameters are files below /params.  Xen's public hypfs.h. */
#define HYPFS_OP_WRITE_CONTENTS 2
#define HYPFS_PATH_MAX          1024

static int set_parameter(struct xn_ctx *ctx, const char *name, size_t name_len,
                         const char *value, size_t value_len)
{
    const size_t path_len = strlen("/params/") + name_len + 1;
    char *data = hc_data(ctx, path_len + value_len + 1);
    const uint64_t args[] = {
        HYPFS_OP_WRITE_CONTENTS, hc_ptr(data), path_len,
        hc_ptr(data + path_len), value_len + 1,
    };
    long rc;

    if ( !data )
        return -ENOMEM;
    strcpy(data, "/params/");
    memcpy(data + strlen("/params/"), name, name_len);
    memcpy(data + path_len, value, value_len);
    rc = hc_raw(ctx, __HYPERVISOR_hypfs_op, 5, args);
    if ( rc >= 0 )
        return 0;
    if ( rc == -ENOSYS )
        return xn_fail(ctx, ENOSYS, "this hypervisor has no parameters that can be changed while "
                       "it runs");
    if ( rc == -ENOENT )
        return xn_fail(ctx, ENOENT, "the hypervisor knows no parameter \"%.*s\"", (int)name_len,
                       name);
    return xn_fail(ctx, (int)-rc, "%s", strerror((int)-rc));
}

/* "name=value name=value"; a name alone is name=1, as on the hypervisor's command line. */
int xn_host_set_parameters(struct xn_ctx *ctx, const char *params)
{
    const char *p = params + strspn(params, " \t");

    if ( !*p )
        return xn_fail(ctx, EINVAL, "no parameter given");
    while ( *p ) {
        const size_t len = strcspn(p, " \t");
        const char *eq = memchr(p, '=', len);
        const size_t name = eq ? (size_t)(eq - p) : len;
        int rc;

        if ( !name || name > HYPFS_PATH_MAX / 2 )
            return xn_fail(ctx, EINVAL, "\"%.*s\" is no parameter: want name=value", (int)len, p);
        rc = set_parameter(ctx, p, name, eq ? eq + 1 : "1", eq ? len - name - 1 : 1);
        if ( rc )
            return xn_because(ctx, rc, "setting %.*s", (int)len, p);
        p += len;
        p += strspn(p, " \t");
    }
    return 0;
}
