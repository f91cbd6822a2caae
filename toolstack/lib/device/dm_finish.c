/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is asked of a running device model: its terminals, its screen, CD-ROMs; and its network
 * interfaces' end in dom0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/dm_priv.h"
#include "device/link.h"
#include "device/qmp.h"

#define FDSET           1           /* QEMU's number for the files that it is sent */
#define DEFAULT_BRIDGE  "xenbr0"

static const char *member(struct json_object *o, const char *name)
{
    struct json_object *m = NULL;

    return json_object_object_get_ex(o, name, &m) && m ? json_object_get_string(m) : NULL;
}

/* Only what looks like a terminal gets into the store. */
static bool is_terminal(const char *text)
{
    return text && !strncmp(text, "pty:/dev/pts/", 13) && text[13] &&
           !text[13 + strspn(text + 13, "0123456789")];
}

static int note_serials(struct xn_ctx *ctx, uint32_t domid, struct qmp *q, struct store_batch *b)
{
    struct json_object *list = NULL;
    int rc = qmp_run(ctx, q, "query-chardev", NULL, -1, &list);

    for ( size_t i = 0; !rc && json_object_is_type(list, json_type_array) &&
          i < json_object_array_length(list); i++ ) {
        struct json_object *o = json_object_array_get_idx(list, i);
        const char *label = member(o, "label"), *file = member(o, "filename");

        if ( label && !strncmp(label, "serial", 6) && label[6] >= '0' && label[6] <= '9' &&
             !label[7] && is_terminal(file) )
            store_put(b, file + 4, "/local/domain/%u/serial/%c/tty", domid, label[6]);
    }
    json_object_put(list);
    return rc;
}

static int note_screen(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c,
                       struct qmp *q, struct store_batch *b)
{
    const struct xn_setting *password = xn_config_setting(c, "vncpasswd");
    struct json_object *o = NULL, *arguments;
    const char *port, *host;
    int rc = qmp_run(ctx, q, "query-vnc", NULL, -1, &o);

    port = rc ? NULL : member(o, "service");
    host = rc ? NULL : member(o, "host");
    if ( port && host && port[strspn(port, "0123456789")] == 0 && strlen(host) < 64 ) {
        store_put(b, port, "/local/domain/%u/console/vnc-port", domid);
        store_put(b, host, "/local/domain/%u/console/vnc-listen", domid);
    }
    json_object_put(o);
    if ( rc || !port || !password || !*password->value )
        return rc;
    arguments = json_object_new_object();
    json_object_object_add(arguments, "protocol", json_object_new_string("vnc"));
    json_object_object_add(arguments, "password", json_object_new_string(password->value));
    return qmp_run(ctx, q, "set_password", arguments, -1, NULL);
}

static int bridge_nic(struct xn_ctx *ctx, uint32_t domid, const struct xn_nic *n)
{
    const char *bridge = n->bridge ? n->bridge : DEFAULT_BRIDGE;
    char name[32];
    int rc;

    if ( !dm_has_nic(n) || n->backend_domain )
        return 0;
    snprintf(name, sizeof(name), "vif%u.%ld-emu", domid, n->devid);
    rc = link_set_up(ctx, name, NULL, bridge,
                     n->mtu == XN_UNSET ? link_mtu(bridge) : (unsigned int)n->mtu);
    return rc ? xn_because(ctx, rc, "network interface %ld", n->devid) : 0;
}

int dm_finish(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c,
              struct qmp *q)
{
    struct store_batch b = { .nr = 0 };
    int rc = note_serials(ctx, domid, q, &b);

    if ( !rc )
        rc = note_screen(ctx, domid, c, q, &b);
    if ( !rc && b.nr )
        rc = store_commit(ctx, &b, "the device model's terminals");
    store_batch_free(&b);
    for ( size_t i = 0; !rc && i < c->nr_nics; i++ )
        rc = bridge_nic(ctx, domid, &c->nics[i]);
    return rc;
}

static int run_on(struct xn_ctx *ctx, struct qmp *q, const char *command, const char *drive,
                  const char *file)
{
    struct json_object *a = json_object_new_object();

    json_object_object_add(a, "device", json_object_new_string(drive));
    if ( file ) {
        json_object_object_add(a, "filename", json_object_new_string(file));
        json_object_object_add(a, "format", json_object_new_string("raw"));
    } else {
        json_object_object_add(a, "force", json_object_new_boolean(1));
    }
    return qmp_run(ctx, q, command, a, -1, NULL);
}

static struct json_object *fdset(void)
{
    struct json_object *a = json_object_new_object();

    json_object_object_add(a, "fdset-id", json_object_new_int(FDSET));
    return a;
}

/* It cannot open files any more: it is sent an open one. */
static int insert(struct xn_ctx *ctx, struct qmp *q, const char *drive, const char *path)
{
    char file[32];
    int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

    if ( fd < 0 )
        return xn_fail(ctx, errno, "%s: %s", path, strerror(errno));
    rc = qmp_run(ctx, q, "add-fd", fdset(), fd, NULL);
    close(fd);
    snprintf(file, sizeof(file), "/dev/fdset/%d", FDSET);
    if ( !rc ) {
        rc = run_on(ctx, q, "blockdev-change-medium", drive, file);
        /* The drive has a copy of it: forget this one. */
        if ( qmp_run(ctx, q, "remove-fd", fdset(), -1, NULL) && !rc )
            xn_log(ctx, XN_DEBUG, "%s", xn_why(ctx));
    }
    return rc;
}

int dm_change_medium(struct xn_ctx *ctx, uint32_t domid, const char *vdev, const char *path)
{
    const struct xn_disk d = { .vdev = (char *)(uintptr_t)vdev };
    char drive[32];
    struct qmp *q;
    int rc = qmp_open(ctx, domid, 5000, &q);

    if ( rc )
        return rc;
    dm_drive_name(&d, drive);
    rc = path ? insert(ctx, q, drive, path) : run_on(ctx, q, "eject", drive, NULL);
    qmp_close(q);
    return rc ? xn_because(ctx, rc, "CD-ROM drive %s", vdev) : 0;
}
