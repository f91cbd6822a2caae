/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting the confined child, waiting for it, and judging what it left.  It may have been
 * taken over by the image it read: its description and its words are untrusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "build/sandbox.h"

#define TICK_MS 100                     /* between two looks at its progress */

const struct sandbox_limits sandbox_defaults = {
    .cpu_seconds = 120, .wall_ms = 300000,
    .unpacked_max = 256U << 20, .memory_max = 512U << 20,
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Memory that the child can write but not resize. */
static int output_memory(struct xn_ctx *ctx, size_t size)
{
    int fd = memfd_create("xenolith-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if ( fd >= 0 && !ftruncate(fd, (off_t)size) &&
         !fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) )
        return fd;
    const int rc = xn_fail(ctx, errno, "no memory for the unpacked kernel: %s", strerror(errno));

    if ( fd >= 0 )
        close(fd);
    return rc;
}

/*
 * Read the child's report until it ends, at most to the deadline.  True if it ended by itself.
 */
static bool listen(struct xn_ctx *ctx, int fd, uint64_t total, const volatile uint64_t *progress,
                   int64_t deadline, struct image_error *report)
{
    size_t len = 0;

    for ( ; ; ) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char text[sizeof(report->text)];
        ssize_t n;

        if ( now_ms() >= deadline )
            return false;
        if ( poll(&p, 1, TICK_MS) <= 0 ) {
            xn_progress(ctx, "unpacking the kernel", *progress < total ? *progress : total, total);
            continue;
        }
        n = read(fd, text, sizeof(text));
        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            break;
        for ( ssize_t i = 0; i < n && len < sizeof(report->text) - 1; i++ )
            report->text[len++] = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
        report->text[len] = '\0';
    }
    return true;
}

static int judge(struct xn_ctx *ctx, const char *name, int status, bool in_time,
                 const struct sandbox_limits *l, const struct image_error *report)
{
    if ( !in_time )
        return xn_fail(ctx, EINVAL, "%s: took more than %u seconds to unpack", name,
                       l->wall_ms / 1000);
    if ( WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU )
        return xn_fail(ctx, EINVAL, "%s: took more than %u seconds of CPU time to unpack", name,
                       l->cpu_seconds);
    if ( WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS )
        return xn_fail(ctx, EINVAL, "%s: its parser was stopped: it tried what it must not (a "
                       "malicious image?)", name);
    if ( WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS )
        return xn_fail(ctx, EINVAL, "%s: it changed while it was read, or cannot be read", name);
    if ( WIFSIGNALED(status) )
        return xn_fail(ctx, EINVAL, "%s: its parser crashed (%s)", name,
                       strsignal(WTERMSIG(status)));
    if ( WEXITSTATUS(status) == 2 )
        return xn_fail(ctx, EPERM, "%s: cannot confine its parser: %s", name, report->text);
    if ( WEXITSTATUS(status) )
        return xn_fail(ctx, EINVAL, "%s: %s", name,
                       report->text[0] ? report->text : "its parser gave up");
    return 0;
}

/* Run the child to its end. */
static int run(struct xn_ctx *ctx, const char *name, struct sandbox_job *job,
               const volatile uint64_t *progress)
{
    const int64_t deadline = now_ms() + job->limits->wall_ms;
    struct image_error report = { .text = "" };
    int pipefd[2], status = 0;
    bool in_time;
    pid_t pid;

    if ( pipe2(pipefd, O_CLOEXEC) )
        return xn_fail(ctx, errno, "%s: no pipe: %s", name, strerror(errno));
    job->fd_report = pipefd[1];
    pid = fork();
    if ( !pid )
        sandbox_child(job);
    close(pipefd[1]);
    if ( pid < 0 ) {
        const int err = errno;

        close(pipefd[0]);
        return xn_fail(ctx, err, "%s: cannot start its parser: %s", name, strerror(err));
    }
    in_time = listen(ctx, pipefd[0], job->file_size, progress, deadline, &report);
    close(pipefd[0]);
    if ( !in_time )
        kill(pid, SIGKILL);
    while ( waitpid(pid, &status, 0) < 0 ) {
        if ( errno == EINTR )
            continue;
        /* Somebody ignores SIGCHLD: what it left has to speak for itself. */
        status = report.text[0] ? 1 << 8 : 0;
        break;
    }
    return judge(ctx, name, status, in_time, job->limits, &report);
}

/* The description, copied before it is looked at. */
static int take_desc(struct xn_ctx *ctx, const char *name, const struct sandbox_job *job,
                     struct image_desc *d)
{
    struct image_error e;
    uint64_t source = job->file_size;

    if ( pread(job->fd_out, d, sizeof(*d), 0) != (ssize_t)sizeof(*d) )
        return xn_fail(ctx, EIO, "%s: its parser left nothing", name);
    if ( d->source == SOURCE_UNPACKED ) {
        source = d->unpacked_bytes;
        if ( source > job->limits->unpacked_max )
            return xn_fail(ctx, EINVAL, "%s: the description of the kernel is garbage", name);
    }
    return desc_check(d, source, &e) ? xn_fail(ctx, EINVAL, "%s: %s", name, e.text) : 0;
}

int sandbox_parse(struct xn_ctx *ctx, const char *name, int fd, uint64_t size, sandbox_fn *fn,
                  const struct sandbox_limits *limits, struct image_desc *d, int *out_fd)
{
    struct sandbox_job job = {
        .fd_file = fd, .file_size = size, .fn = fn, .limits = limits,
        .fd_out = output_memory(ctx, DESC_ROOM + limits->unpacked_max),
    };
    uint8_t *head;
    int rc;

    *out_fd = -1;
    if ( job.fd_out < 0 )
        return job.fd_out;
    head = mmap(NULL, DESC_ROOM, PROT_READ, MAP_SHARED, job.fd_out, 0);
    if ( head == MAP_FAILED ) {
        rc = xn_fail(ctx, errno, "no memory for the unpacked kernel: %s", strerror(errno));
    } else {
        rc = run(ctx, name, &job, (const volatile uint64_t *)(head + SANDBOX_PROGRESS));
        munmap(head, DESC_ROOM);
    }
    if ( !rc )
        rc = take_desc(ctx, name, &job, d);
    if ( !rc && d->source == SOURCE_UNPACKED )
        *out_fd = job.fd_out;
    else
        close(job.fd_out);
    return rc;
}
