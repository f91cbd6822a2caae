/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running hotplug scripts: argument, environment, output, time limit.
 *
 * What a script prints goes into the error if it fails and into the log (debug) if not.  It
 * gets a process group of its own, all of which is killed when its time is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device/hotplug.h"
#include "device/set.h"

#define TIME_LIMIT_MS   30000
#define OUTPUT_MAX      1024

int hotplug_path(struct xn_ctx *ctx, const char *script, char *path, size_t size)
{
    const bool bare = !strchr(script, '/');
    int n = snprintf(path, size, "%s%s", bare ? HOTPLUG_DIR "/" : "", script);

    if ( n < 0 || (size_t)n >= size )
        return xn_fail(ctx, ENAMETOOLONG, "the script's name is too long: %.40s...", script);
    return 0;
}

int hotplug_check(struct xn_ctx *ctx, const char *path)
{
    if ( !access(path, X_OK) )
        return 0;
    return xn_fail(ctx, errno, "script %s cannot be run: %s", path, strerror(errno));
}

struct job {
    char *env[24];
    size_t nr_env;
    bool no_memory;
};

static void add_env(struct job *j, const char *key, const char *value)
{
    if ( j->nr_env + 1 < sizeof(j->env) / sizeof(j->env[0]) &&
         asprintf(&j->env[j->nr_env], "%s=%s", key, value) >= 0 )
        j->nr_env++;
    else
        j->no_memory = true;
}

static void fill_env(struct xn_ctx *ctx, struct job *j, const char *script,
                     const struct dev_id *id)
{
    static const char *const kept[] = { "PATH", "HOME", "LANG", "TERM" };
    char path[DEV_PATH_MAX], link[24], *gateway;

    /* Relative: scripts run in the back end's domain. */
    snprintf(path, sizeof(path), "backend/%s/%u/%u", dev_back_kind(id), id->front, id->devid);
    add_env(j, "script", script);
    add_env(j, "XENBUS_TYPE", dev_kind_name(id->kind));
    add_env(j, "XENBUS_PATH", path);
    add_env(j, "XENBUS_BASE_PATH", "backend");
    if ( id->kind == XN_DEVICE_VIF ) {
        dev_libxl_path(id, path);
        gateway = store_read(ctx, "%s/gatewaydev", path);
        add_env(j, "netdev", gateway ? gateway : "");
        free(gateway);
        vif_link_name(ctx, id, link);
        add_env(j, "vif", link);
    }
    for ( size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++ )
        if ( getenv(kept[i]) )
            add_env(j, kept[i], getenv(kept[i]));
}

static void run_child(const char *script, const char *action, bool vif, const struct job *j,
                      int out)
{
    char *args[] = { (char *)script, (char *)action, vif ? "type_if=vif" : NULL, NULL };
    int null = open("/dev/null", O_RDWR);

    setpgid(0, 0);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execve(script, args, j->env);
    dprintf(STDERR_FILENO, "cannot be run: %s", strerror(errno));
    _exit(127);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Collect output until the child's end: its status, or -ETIMEDOUT.  What it started in the
 * background may keep the pipe open: the end is the child's. */
static int collect(pid_t pid, int fd, char *out)
{
    const int64_t end = now_ms() + TIME_LIMIT_MS;
    struct pollfd p = { .fd = fd, .events = POLLIN };
    bool ended = false;
    size_t at = 0;
    int status = 0;

    for ( ;; ) {
        char piece[256];
        ssize_t n = 0;

        if ( !ended )
            ended = waitpid(pid, &status, WNOHANG) != 0;
        if ( poll(&p, 1, ended ? 0 : 20) > 0 )
            n = read(fd, piece, sizeof(piece));
        if ( n > 0 && at + (size_t)n < OUTPUT_MAX ) {
            memcpy(out + at, piece, (size_t)n);
            at += (size_t)n;
        }
        if ( n <= 0 && p.revents )
            p.fd = -1;
        out[at] = 0;
        if ( ended && n <= 0 )
            return status;
        if ( now_ms() > end ) {
            kill(-pid, SIGKILL);
            if ( !ended )
                waitpid(pid, &status, 0);
            return -ETIMEDOUT;
        }
    }
}

/* Make one line of it. */
static void tidy(char *text)
{
    size_t n;

    for ( char *p = text; *p; p++ )
        if ( (unsigned char)*p < ' ' )
            *p = *p == '\n' ? ' ' : '?';
    for ( n = strlen(text); n && text[n - 1] == ' '; n-- )
        text[n - 1] = 0;
}

static int judge(struct xn_ctx *ctx, const char *script, const char *action,
                 const struct dev_id *id, int status, const char *out)
{
    char path[DEV_PATH_MAX], *error;
    int rc = 0;

    dev_back_path(id, path);
    error = store_read(ctx, "%s/hotplug-error", path);

    if ( status == -ETIMEDOUT )
        rc = xn_fail(ctx, ETIMEDOUT, "%s %s did not end within %d s%s%s", script, action,
                     TIME_LIMIT_MS / 1000, *out ? ": " : "", out);
    else if ( WIFSIGNALED(status) )
        rc = xn_fail(ctx, EIO, "%s %s was killed by signal %d%s%s", script, action,
                     WTERMSIG(status), *out ? ": " : "", out);
    else if ( WEXITSTATUS(status) || error )
        rc = xn_fail(ctx, EIO, "%s %s failed (exit status %d)%s%s%s%s", script, action,
                     WEXITSTATUS(status), error ? ": " : "", error ? error : "",
                     *out ? ": " : "", out);
    else if ( *out )
        xn_log(ctx, XN_DEBUG, "%s %s: %s", script, action, out);
    free(error);
    return rc;
}

int hotplug_run(struct xn_ctx *ctx, const char *path, const struct dev_id *id,
                const char *action)
{
    char out[OUTPUT_MAX + 1] = "";
    struct job j = { .nr_env = 0 };
    int pipes[2], status, rc = 0;
    pid_t pid = -1;

    fill_env(ctx, &j, path, id);
    if ( j.no_memory ) {
        rc = xn_fail(ctx, ENOMEM, "out of memory");
    } else if ( pipe2(pipes, O_CLOEXEC) ) {
        rc = xn_fail(ctx, errno, "running %s: %s", path, strerror(errno));
    } else {
        pid = fork();
        if ( !pid )
            run_child(path, action, id->kind == XN_DEVICE_VIF, &j, pipes[1]);
        if ( pid < 0 )
            rc = xn_fail(ctx, errno, "running %s: %s", path, strerror(errno));
        close(pipes[1]);
        if ( pid > 0 ) {
            setpgid(pid, pid);
            status = collect(pid, pipes[0], out);
            tidy(out);
            rc = judge(ctx, path, action, id, status, out);
        }
        close(pipes[0]);
    }
    for ( size_t i = 0; i < j.nr_env; i++ )
        free(j.env[i]);
    return rc;
}
