/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles and channels: their store nodes.  xenconsoled serves them all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/set.h"

#define BUFFER_LIMIT 1048576        /* what a guest may have the daemon hold for it */

void console_nodes(uint32_t domid, struct store_batch *b)
{
    const struct dev_id id = { .kind = XN_DEVICE_CONSOLE, .front = domid };
    struct dev_writer w;

    dev_write_begin(&w, b, &id);
    dev_write_back(&w, "protocol", "vt100");
    dev_write_front_number(&w, "limit", BUFFER_LIMIT);
    dev_write_front(&w, "type", "xenconsoled");
    dev_write_front(&w, "output", "pty");
    dev_write_front(&w, "tty", "");
}

int channel_plan(struct xn_ctx *ctx, const struct xn_channel *c)
{
    if ( !c->name || !c->name[0] )
        return xn_fail(ctx, EINVAL, "a channel needs a name (name=)");
    if ( c->backend_domain && strcmp(c->backend_domain, "0") &&
         strcmp(c->backend_domain, "Domain-0") )
        return xn_fail(ctx, ENOTSUP, "channel %s: a back end in another domain is not served",
                       c->name);
    if ( c->type == XN_CHANNEL_SOCKET && (!c->path || c->path[0] != '/') )
        return xn_fail(ctx, EINVAL, "channel %s: connection=socket needs an absolute path=",
                       c->name);
    return 0;
}

void channel_nodes(uint32_t domid, uint32_t devid, const struct xn_channel *c,
                   struct store_batch *b)
{
    const struct dev_id id = { .kind = XN_DEVICE_CONSOLE, .front = domid, .devid = devid };
    const bool pty = c->type == XN_CHANNEL_PTY;
    struct dev_writer w;

    dev_write_begin(&w, b, &id);
    dev_write_back(&w, "name", c->name);
    dev_write_back(&w, "connection", pty ? "pty" : "socket");
    if ( !pty )
        dev_write_back(&w, "path", c->path);
    dev_write_back(&w, "type", "xenconsoled");
    dev_write_back(&w, "output", pty ? "pty" : "socket");
    dev_write_back(&w, "protocol", "vt100");
    dev_write_front(&w, "state", "1");
    dev_write_front(&w, "protocol", "vt100");
    dev_write_front_number(&w, "limit", BUFFER_LIMIT);
    dev_write_front(&w, "type", "xenconsoled");
    dev_write_front(&w, "output", pty ? "pty" : "socket");
    dev_write_front(&w, "tty", "");
    dev_write_front(&w, "name", c->name);
}

/* A channel's directory is the guest's: nothing but a terminal's name is taken from it. */
static bool is_terminal(const char *tty)
{
    const char *p = "/dev/pts/";
    size_t n = strlen(p), digits;

    if ( !tty || strncmp(tty, p, n) )
        return false;
    digits = strspn(tty + n, "0123456789");
    return digits && !tty[n + digits];
}

int xn_console_tty(struct xn_ctx *ctx, uint32_t domid, unsigned int number, char **tty)
{
    const struct dev_id id = { .kind = XN_DEVICE_CONSOLE, .front = domid, .devid = number };
    char path[DEV_PATH_MAX];

    dev_front_path(&id, path);
    *tty = store_read(ctx, "%s/tty", path);
    if ( is_terminal(*tty) )
        return 0;
    free(*tty);
    *tty = NULL;
    return xn_fail(ctx, ENOENT, "domain %u has no terminal for console %u", domid, number);
}
