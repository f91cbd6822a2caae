/* SPDX-License-Identifier: MIT */
/* The drivers' embedding in a Linux process. */
#include "dom0/linux.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>
#include <xen/evtchn.h>
#include <xen/gntdev.h>

#define COPY_SOURCE_IS_GRANT    1u      /* flags of a copy segment, as the hypervisor has them */
#define COPY_DEST_IS_GRANT      2u
#define MAX_COPIES              256u
#define NOBODY                  65534u
#define BIND_TRIES              200
#define BIND_PAUSE_MS           10

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

static int store_error(void)
{
    return errno == ENOENT ? -XEN_ENOENT : errno == EAGAIN ? -XEN_EAGAIN : errno == EACCES ? -XEN_EACCES : -XEN_EIO;
}

static int store_read(void *ctx, uint32_t txn, const char *path, char *buf, size_t size)
{
    struct linux_host *h = ctx;
    unsigned int len;
    char *text = xs_read(h->xs, txn, path, &len);
    int rc;

    if ( !text )
        return store_error();
    rc = len < size && strlen(text) == len ? (int)len : -XEN_E2BIG;
    if ( rc >= 0 )
        memcpy(buf, text, len + 1);
    free(text);
    return rc;
}

static int store_write(void *ctx, uint32_t txn, const char *path, const char *value)
{
    struct linux_host *h = ctx;
    const bool ok = value ? xs_write(h->xs, txn, path, value, (unsigned int)strlen(value)) : xs_rm(h->xs, txn, path);

    return ok ? 0 : store_error();
}

static int store_begin(void *ctx, uint32_t *txn)
{
    struct linux_host *h = ctx;

    *txn = xs_transaction_start(h->xs);
    return *txn ? 0 : store_error();
}

static int store_end(void *ctx, uint32_t txn, bool commit)
{
    struct linux_host *h = ctx;

    return xs_transaction_end(h->xs, txn, !commit) ? 0 : store_error();
}

static int store_watch(void *ctx, const char *path, bool on, void *user)
{
    struct linux_host *h = ctx;
    const bool ok = on ? xs_watch(h->xs, path, "dev") : xs_unwatch(h->xs, path, "dev");

    return ok ? 0 : store_error();
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

int linux_open(struct linux_host *h)
{
    memset(h, 0, sizeof(*h));
    h->evtchn = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    h->gntdev = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
    h->xs = xs_open(0);
    if ( h->evtchn >= 0 && h->gntdev >= 0 && h->xs )
        return 0;
    fprintf(stderr, "no %s: %s\n", h->evtchn < 0 ? "/dev/xen/evtchn" : h->gntdev < 0 ? "/dev/xen/gntdev" : "store",
            strerror(errno));
    return -errno;
}

static int drop_rights(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };

    if ( prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
         (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
                             setresuid(NOBODY, NOBODY, NOBODY))) ||
         syscall(SYS_capset, &head, none) )
        return -errno;
    return 0;
}

int linux_confine(void)
{
    static const int calls[] = {
        SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pwritev),
        SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(ioctl), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect),
        SCMP_SYS(madvise), SCMP_SYS(brk),
        SCMP_SYS(mremap), SCMP_SYS(io_uring_enter), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(poll),
        SCMP_SYS(ppoll), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(close), SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(fcntl), SCMP_SYS(gettid),
        SCMP_SYS(getpid), SCMP_SYS(tgkill), SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
        SCMP_SYS(io_uring_register),
    };
    scmp_filter_ctx f;
    int rc = drop_rights();

    if ( rc )
        return rc;
    f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if ( !f )
        return -ENOMEM;
    seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);      /* the store library's thread, too */
    for ( size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !rc; i++ )
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
    if ( !rc )
        rc = seccomp_load(f);
    seccomp_release(f);
    return rc;
}
