/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that stays behind xl create: a daemon whose log is /var/log/xen/xl-NAME.log and
 * which does what on_poweroff=, on_reboot= and on_crash= say.  That work is the library's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xl.h"

#ifndef LOG_FOLDER
#define LOG_FOLDER "/var/log/xen"
#endif
#define OLD_LOGS 9

static char *log_path(const char *name, int age)
{
    char *path = age ? xl_format("%s/xl-%s.log.%d", LOG_FOLDER, name, age)
                     : xl_format("%s/xl-%s.log", LOG_FOLDER, name);

    /* A name may hold a slash, a path may not. */
    for ( char *p = path + strlen(LOG_FOLDER) + 1; *p; p++ )
        if ( *p == '/' )
            *p = '_';
    return path;
}

/* Old logs become .1, .2, ...; the new one is empty. */
static int open_log(const char *name)
{
    struct stat st;
    char *path = log_path(name, 0);
    int fd;

    mkdir(LOG_FOLDER, 0755);
    if ( !stat(path, &st) && st.st_size ) {
        for ( int age = OLD_LOGS; age > 0; age-- ) {
            char *older = log_path(name, age), *newer = log_path(name, age - 1);

            rename(newer, older);
            free(older);
            free(newer);
        }
    }
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if ( fd < 0 )
        xl_warn("%s: %s; what happens to %s is not logged", path, strerror(errno), name);
    free(path);
    return fd;
}

static void become_daemon(int log)
{
    int null = open("/dev/null", O_RDWR);

    setsid();
    if ( null >= 0 ) {
        dup2(null, STDIN_FILENO);
        dup2(log >= 0 ? log : null, STDOUT_FILENO);
        dup2(log >= 0 ? log : null, STDERR_FILENO);
    }
    if ( null > STDERR_FILENO )
        close(null);
    if ( log > STDERR_FILENO )
        close(log);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if ( chdir("/") )
        xl_warn("/: %s", strerror(errno));
}

int xl_monitor(uint32_t domid, const struct xn_domain_config *c, bool foreground)
{
    struct xn_ctx *ctx;
    pid_t pid;
    int log, rc;

    xl_end();                   /* handles are not for two processes */
    if ( !foreground ) {
        log = open_log(c->name);
        fflush(NULL);
        pid = fork();
        if ( pid < 0 )
            return xl_error("%s: create: no process to watch over it: %s; when it ends, "
                            "xl destroy is needed", c->name, strerror(errno));
        if ( pid ) {
            close(log);
            return XL_OK;
        }
        become_daemon(log);
    }
    ctx = xl_ctx();
    xl_set_level(XN_INFO);
    rc = xn_domain_monitor(ctx, domid, c);
    if ( rc )
        rc = xl_failed(c->name, "watching domain %u", domid);
    if ( !foreground ) {
        fflush(NULL);
        _exit(rc);
    }
    return rc;
}
