/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of QEMU's machine protocol.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "device/qmp.h"

#define ANSWER_MS   60000

void qmp_path(uint32_t domid, char path[QMP_PATH_MAX])
{
    snprintf(path, QMP_PATH_MAX, "/run/xen/qmp-libxl-%u", domid);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int gone(struct xn_ctx *ctx, int err)
{
    return xn_fail(ctx, err, "the device model does not answer: %s", strerror(err));
}

/* The next line, parsed. */
static int next_object(struct xn_ctx *ctx, struct qmp *q, int64_t end, struct json_object **o)
{
    for ( ;; ) {
        char *line_end = memchr(q->text, '\n', q->have);
        struct pollfd p = { .fd = q->fd, .events = POLLIN };
        const int64_t left = end - now_ms();
        ssize_t n;

        if ( line_end ) {
            *line_end = 0;
            *o = json_tokener_parse(q->text);
            q->have -= (size_t)(line_end + 1 - q->text);
            memmove(q->text, line_end + 1, q->have);
            return *o ? 0 : gone(ctx, EPROTO);
        }
        if ( q->have == sizeof(q->text) )
            return gone(ctx, EMSGSIZE);
        if ( left <= 0 || !poll(&p, 1, (int)left) )
            return gone(ctx, ETIMEDOUT);
        n = read(q->fd, q->text + q->have, sizeof(q->text) - q->have);
        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            return gone(ctx, n ? errno : ECONNRESET);
        q->have += (size_t)n;
    }
}

static int send_line(struct xn_ctx *ctx, struct qmp *q, const char *text, int fd)
{
    struct iovec parts[2] = {
        { (void *)(uintptr_t)text, strlen(text) }, { (void *)(uintptr_t)"\n", 1 },
    };
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
    ssize_t n;

    if ( fd >= 0 ) {
        m.msg_control = &control;
        m.msg_controllen = sizeof(control.room);
        control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    n = sendmsg(q->fd, &m, MSG_NOSIGNAL);
    return n == (ssize_t)(parts[0].iov_len + 1) ? 0 : gone(ctx, n < 0 ? errno : EMSGSIZE);
}

int qmp_run(struct xn_ctx *ctx, struct qmp *q, const char *command,
            struct json_object *arguments, int fd, struct json_object **result)
{
    struct json_object *o = json_object_new_object(), *part = NULL;
    const int64_t end = now_ms() + ANSWER_MS;
    bool done = false;
    int rc;

    json_object_object_add(o, "execute", json_object_new_string(command));
    if ( arguments )
        json_object_object_add(o, "arguments", arguments);
    rc = send_line(ctx, q, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), fd);
    json_object_put(o);
    while ( !rc && !done ) {
        rc = next_object(ctx, q, end, &o);
        if ( rc )
            break;
        if ( json_object_object_get_ex(o, "return", &part) ) {
            done = true;
            if ( result )
                *result = json_object_get(part);
        } else if ( json_object_object_get_ex(o, "error", &part) ) {
            struct json_object *why = NULL;

            json_object_object_get_ex(part, "desc", &why);
            rc = xn_fail(ctx, EIO, "the device model refuses %s: %.200s", command,
                         why ? json_object_get_string(why) : "no reason given");
        }
        json_object_put(o);                     /* else an event, or the greeting */
    }
    return rc;
}

int qmp_open(struct xn_ctx *ctx, uint32_t domid, int limit_ms, struct qmp **out)
{
    struct timeval t = { limit_ms / 1000, limit_ms % 1000 * 1000 };
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct qmp *q = calloc(1, sizeof(*q));
    int rc = 0;

    *out = NULL;
    if ( !q )
        return xn_fail(ctx, ENOMEM, "no memory");
    qmp_path(domid, a.sun_path);
    q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if ( q->fd < 0 || setsockopt(q->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) ||
         connect(q->fd, (struct sockaddr *)&a, sizeof(a)) )
        rc = xn_fail(ctx, errno, "domain %u's device model (%s): %s", domid, a.sun_path,
                     strerror(errno));
    else
        rc = qmp_run(ctx, q, "qmp_capabilities", NULL, -1, NULL);
    if ( rc )
        qmp_close(q);
    else
        *out = q;
    return rc;
}

void qmp_close(struct qmp *q)
{
    if ( !q )
        return;
    if ( q->fd >= 0 )
        close(q->fd);
    free(q);
}
