/* SPDX-License-Identifier: MIT */
#include "dom0/store.h"
#include "dom0/broker.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xenabi/errno.h>

int store_open(struct store *s, const char *folder)
{
    int requests[2], events[2];
    pid_t pid;

    if ( socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, requests) ||
         socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, events) )
        return -errno;
    pid = fork();
    if ( pid < 0 )
        return -errno;
    if ( pid == 0 )
    {
        dup2(requests[1], STDIN_FILENO);
        dup2(events[1], STDOUT_FILENO);
        execl("/proc/self/exe", BROKER_NAME, folder, NULL);
        _exit(127);
    }
    close(requests[1]);
    close(events[1]);
    *s = (struct store){ requests[0], events[0] };
    return 0;
}

static int error_of(const char *word)
{
    static const struct { const char *word; int rc; } known[] = {
        { "ENOENT", -XEN_ENOENT }, { "EAGAIN", -XEN_EAGAIN }, { "EACCES", -XEN_EACCES }, { "EEXIST", -XEN_EEXIST },
        { "EINVAL", -XEN_EINVAL }, { "EBUSY", -XEN_EBUSY },
    };

    for ( size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++ )
        if ( strcmp(word, known[i].word) == 0 )
            return known[i].rc;
    return -XEN_EIO;
}

int store_ask(struct store *s, uint32_t type, uint32_t txn, const char *path, const char *rest, size_t rest_len,
              char answer[XENSTORE_PAYLOAD_MAX + 1])
{
    const size_t len = strlen(path) + 1;
    struct xsd_sockmsg m = { .type = type, .tx_id = txn, .len = (uint32_t)(len + rest_len) };
    struct iovec out[] = { { &m, sizeof(m) }, { (char *)path, len }, { (char *)rest, rest_len } };
    const struct iovec in[] = { { &m, sizeof(m) }, { answer, XENSTORE_PAYLOAD_MAX } };
    const struct msghdr h = { .msg_iov = out, .msg_iovlen = 3 };
    ssize_t n;

    if ( len + rest_len > XENSTORE_PAYLOAD_MAX )
        return -XEN_E2BIG;
    if ( sendmsg(s->requests, &h, MSG_NOSIGNAL) < 0 )
        return -XEN_EIO;
    n = readv(s->requests, in, 2);
    if ( n < (ssize_t)sizeof(m) || m.len != (size_t)n - sizeof(m) )
        return -XEN_EIO;
    answer[m.len] = '\0';
    return m.type == XS_ERROR ? error_of(answer) : (int)m.len;
}

int store_fired(struct store *s)
{
    char bytes[64];
    bool any = false;
    ssize_t n;

    while ( (n = read(s->events, bytes, sizeof(bytes))) > 0 )
        any = true;
    return n == 0 ? -1 : any;
}
