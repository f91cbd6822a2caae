/* SPDX-License-Identifier: MIT */
/* The drivers' embedding in a Linux process. */
#include "dom0/linux.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <xen/evtchn.h>
#include <xen/gntdev.h>

#define COPY_SOURCE_IS_GRANT    1u      /* flags of a copy segment, as the hypervisor has them */
#define COPY_DEST_IS_GRANT      2u
#define MAX_COPIES              256u
#define BIND_TRIES              200
#define BIND_PAUSE_MS           10
#define BACK_PATH_MAX           256u

struct linux_mapping {
    struct linux_mapping *next;
    void *at;
    unsigned int nr;
    uint64_t index;                     /* the device's name for it */
};

/* ------------------------------------------------------------------ memory and grants */

static void *pages_alloc(void *ctx, unsigned int nr)
{
    void *p = mmap(NULL, nr * (size_t)PV_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static void pages_free(void *ctx, void *pages, unsigned int nr)
{
    munmap(pages, nr * (size_t)PV_PAGE);
}

static void give_up_index(struct linux_host *h, uint64_t index, unsigned int nr)
{
    struct ioctl_gntdev_unmap_grant_ref u = { .index = index, .count = nr };

    ioctl(h->gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &u);
}

static int grant_map(void *ctx, domid_t peer, const grant_ref_t *refs, unsigned int nr, bool readonly, void **at)
{
    struct linux_host *h = ctx;
    struct ioctl_gntdev_map_grant_ref *m = calloc(1, sizeof(*m) + nr * sizeof(m->refs[0]));
    struct linux_mapping *l = malloc(sizeof(*l));
    int rc = -XEN_ENOMEM;

    if ( !m || !l )
        goto out;
    m->count = nr;
    for ( unsigned int i = 0; i < nr; i++ )
    {
        m->refs[i].domid = peer;
        m->refs[i].ref = refs[i];
    }
    if ( ioctl(h->gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, m) )
        goto out;
    *at = mmap(NULL, nr * (size_t)PV_PAGE, readonly ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, h->gntdev,
               (off_t)m->index);
    if ( *at == MAP_FAILED )
    {
        give_up_index(h, m->index, nr);
        rc = -XEN_EFAULT;
        goto out;
    }
    *l = (struct linux_mapping){ .next = h->maps, .at = *at, .nr = nr, .index = m->index };
    h->maps = l;
    l = NULL;
    rc = 0;

 out:
    free(m);
    free(l);
    return rc;
}

static void grant_unmap(void *ctx, void *at, unsigned int nr)
{
    struct linux_host *h = ctx;

    for ( struct linux_mapping **l = &h->maps, *gone; *l; l = &(*l)->next )
        if ( (*l)->at == at )
        {
            gone = *l;
            *l = gone->next;
            munmap(at, nr * (size_t)PV_PAGE);
            give_up_index(h, gone->index, nr);
            free(gone);
            return;
        }
}

static void grant_copy(void *ctx, domid_t peer, struct pv_copy *copies, unsigned int nr)
{
    static struct gntdev_grant_copy_segment seg[MAX_COPIES];
    struct linux_host *h = ctx;

    for ( unsigned int n; nr; nr -= n, copies += n )
    {
        struct ioctl_gntdev_grant_copy op = { .segments = seg };
        int rc;

        op.count = n = nr < MAX_COPIES ? nr : MAX_COPIES;
        for ( unsigned int i = 0; i < n; i++ )
        {
            const struct pv_copy *c = &copies[i];

            memset(&seg[i], 0, sizeof(seg[i]));
            seg[i].len = c->len;
            seg[i].flags = c->to_peer ? COPY_DEST_IS_GRANT : COPY_SOURCE_IS_GRANT;
            *(c->to_peer ? &seg[i].source.virt : &seg[i].dest.virt) = c->local;
            if ( c->to_peer )
            {
                seg[i].dest.foreign.ref = c->ref;
                seg[i].dest.foreign.offset = c->offset;
                seg[i].dest.foreign.domid = peer;
            }
            else
            {
                seg[i].source.foreign.ref = c->ref;
                seg[i].source.foreign.offset = c->offset;
                seg[i].source.foreign.domid = peer;
            }
        }
        rc = ioctl(h->gntdev, IOCTL_GNTDEV_GRANT_COPY, &op);
        for ( unsigned int i = 0; i < n; i++ )
            copies[i].status = rc || seg[i].status ? -XEN_EFAULT : 0;
    }
}

/* ------------------------------------------------------------------ channels */

static int channel_open(void *ctx, domid_t peer, evtchn_port_t remote, void *user)
{
    struct ioctl_evtchn_bind_interdomain b = { .remote_domain = peer, .remote_port = remote };
    struct linux_host *h = ctx;
    int port = -1;

    /* A predecessor that was killed lets go of its channels last. */
    for ( int tries = 0; port < 0 && tries < BIND_TRIES; tries++ )
    {
        if ( tries )
            poll(NULL, 0, BIND_PAUSE_MS);
        port = ioctl(h->evtchn, IOCTL_EVTCHN_BIND_INTERDOMAIN, &b);
        if ( port < 0 && errno != EINVAL )
            break;
    }
    return port > 0 ? port : -XEN_EINVAL;
}

static void channel_close(void *ctx, evtchn_port_t port)
{
    struct ioctl_evtchn_unbind u = { .port = port };
    struct linux_host *h = ctx;

    ioctl(h->evtchn, IOCTL_EVTCHN_UNBIND, &u);
}

static void channel_notify(void *ctx, evtchn_port_t port)
{
    struct ioctl_evtchn_notify n = { .port = port };
    struct linux_host *h = ctx;

    ioctl(h->evtchn, IOCTL_EVTCHN_NOTIFY, &n);
}

/* ------------------------------------------------------------------ store */

static int store_read(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    struct linux_host *h = ctx;
    char text[XENSTORE_PAYLOAD_MAX + 1];
    const int len = store_ask(&h->store, XS_READ, txn, path, NULL, 0, text);

    if ( len < 0 )
        return len;
    if ( (size_t)len >= size || strlen(text) != (size_t)len )
        return -XEN_E2BIG;
    memcpy(buf, text, (size_t)len + 1);
    return len;
}

/* A request of which only the success matters. */
static int tell(void *ctx, uint32_t type, uint32_t txn, const char *path, const char *rest, size_t len)
{
    struct linux_host *h = ctx;
    char answer[XENSTORE_PAYLOAD_MAX + 1];
    const int rc = store_ask(&h->store, type, txn, path, rest, len, answer);

    return rc < 0 ? rc : 0;
}

static int store_write(void *ctx, uint32_t txn, const char *path, const char *value)
{
    return value ? tell(ctx, XS_WRITE, txn, path, value, strlen(value)) : tell(ctx, XS_RM, txn, path, NULL, 0);
}

static int store_begin(void *ctx, uint32_t *txn)
{
    struct linux_host *h = ctx;
    char answer[XENSTORE_PAYLOAD_MAX + 1];
    const int rc = store_ask(&h->store, XS_TRANSACTION_START, 0, "", NULL, 0, answer);

    if ( rc < 0 )
        return rc;
    *txn = (uint32_t)strtoul(answer, NULL, 10);
    return *txn ? 0 : -XEN_EIO;
}

static int store_end(void *ctx, uint32_t txn, bool commit)
{
    return tell(ctx, XS_TRANSACTION_END, txn, commit ? "T" : "F", NULL, 0);
}

static int store_watch(void *ctx, const char *path, bool on, void *user)
{
    return tell(ctx, on ? XS_WATCH : XS_UNWATCH, 0, path, "dev", sizeof("dev"));
}

/* ------------------------------------------------------------------ the rest */

static uint64_t now_ns(void *ctx)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void log_line(void *ctx, const char *line)
{
    fprintf(stderr, "%s\n", line);
}

const struct pv_ops linux_ops = {
    .pages_alloc = pages_alloc, .pages_free = pages_free, .grant_map = grant_map, .grant_unmap = grant_unmap,
    .grant_copy = grant_copy, .channel_open = channel_open, .channel_close = channel_close,
    .channel_notify = channel_notify, .store_read = store_read, .store_write = store_write,
    .store_begin = store_begin, .store_end = store_end, .store_watch = store_watch, .now_ns = now_ns, .log = log_line,
};

/* From now on channels to the front end's domain only.  There is nothing of the kind for grants. */
static int restrict_channels(struct linux_host *h, const char *folder)
{
    struct ioctl_evtchn_restrict_domid r;
    char path[BACK_PATH_MAX], text[16];
    int rc;

    snprintf(path, sizeof(path), "%s/frontend-id", folder);
    rc = store_read(h, 0, path, text, sizeof(text));
    if ( rc < 0 )
        return rc;
    r.domid = (domid_t)strtoul(text, NULL, 10);
    return ioctl(h->evtchn, IOCTL_EVTCHN_RESTRICT_DOMID, &r) ? -errno : 0;
}

static int opened(int rc, const char *what)
{
    if ( rc < 0 )
        fprintf(stderr, "no %s: %s\n", what, strerror(-rc));
    return rc;
}

static int open_device(const char *path, int flags)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC | flags);

    return opened(fd < 0 ? -errno : fd, path);
}

int linux_open(struct linux_host *h, const char *folder)
{
    const int rc = opened(store_open(&h->store, folder), "store");

    if ( rc )
        return rc;
    h->evtchn = open_device("/dev/xen/evtchn", O_NONBLOCK);
    if ( h->evtchn < 0 )
        return h->evtchn;
    h->gntdev = open_device("/dev/xen/gntdev", 0);
    return h->gntdev < 0 ? h->gntdev : opened(restrict_channels(h, folder), "front end's domain");
}
