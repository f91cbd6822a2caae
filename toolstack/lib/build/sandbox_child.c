/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The confined child: everything is given up before the first byte of the image is looked at.
 * What it needs is mapped first; then its only file is the pipe for its report.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "build/sandbox.h"

#define NOBODY 65534

static void finish(int fd, int status, const char *text) __attribute__((noreturn));

static void finish(int fd, int status, const char *text)
{
    if ( text ) {
        size_t len = strlen(text);

        while ( len ) {
            const ssize_t n = write(fd, text, len);

            if ( n <= 0 )
                break;
            text += n;
            len -= (size_t)n;
        }
    }
    _exit(status);
}

static void not_confined(int fd, const char *what) __attribute__((noreturn));

static void not_confined(int fd, const char *what)
{
    char text[128];

    snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
    finish(fd, 2, text);
}

/* All files but one; the signals' handlers of the program around us. */
static void drop_inherited(int keep)
{
    struct sigaction dfl = { .sa_handler = SIG_DFL };
    sigset_t none;

    for ( int sig = 1; sig < NSIG; sig++ )
        sigaction(sig, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if ( keep > 0 && syscall(SYS_close_range, 0, keep - 1, 0) )
        not_confined(keep, "close_range");
    if ( syscall(SYS_close_range, keep + 1, ~0U, 0) )
        not_confined(keep, "close_range");
}

static void limit(int fd, int what, rlim_t value)
{
    const struct rlimit r = { value, value };

    if ( setrlimit(what, &r) )
        not_confined(fd, "setrlimit");
}

static void drop_resources(int fd, const struct sandbox_limits *l)
{
    const struct rlimit cpu = { l->cpu_seconds, l->cpu_seconds + 1 };

    limit(fd, RLIMIT_CORE, 0);
    limit(fd, RLIMIT_NOFILE, 0);
    limit(fd, RLIMIT_FSIZE, 0);
    limit(fd, RLIMIT_MEMLOCK, 0);
    /* The lower limit sends SIGXCPU, which says what happened. */
    if ( setrlimit(RLIMIT_CPU, &cpu) )
        not_confined(fd, "setrlimit");
#ifndef __SANITIZE_ADDRESS__            /* its shadow memory is larger than any limit */
    limit(fd, RLIMIT_DATA, l->memory_max);
#endif
}

static void drop_privileges(int fd)
{
    cap_t none = cap_init();

    if ( prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) )
        not_confined(fd, "prctl");
    if ( !geteuid() ) {
        /* EINVAL: a user namespace where nobody is not mapped; the capabilities go anyway. */
        if ( (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
              setresuid(NOBODY, NOBODY, NOBODY)) && errno != EINVAL )
            not_confined(fd, "setresuid");
    }
    if ( !none || cap_set_proc(none) )
        not_confined(fd, "dropping capabilities");
    cap_free(none);
    /* A change of user clears it. */
    if ( prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) )
        not_confined(fd, "prctl");
}

/* Only memory of its own, its report, and the end. */
static void drop_system_calls(int fd)
{
    static const int allowed[] = {
        SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
        SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__
        SCMP_SYS(sigaltstack),          /* its run-time library asks before every _exit */
#endif
    };
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = f ? 0 : -ENOMEM;

    for ( size_t i = 0; !rc && i < sizeof(allowed) / sizeof(allowed[0]); i++ )
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    if ( !rc )
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
    if ( !rc )
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                              SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
    if ( !rc )
        rc = seccomp_load(f);
    if ( rc ) {
        errno = -rc;
        not_confined(fd, "seccomp");
    }
    seccomp_release(f);
}

static void *map(int fd_report, int fd, size_t size, int prot, int flags)
{
    void *p = mmap(NULL, size, prot, flags, fd, 0);

    if ( p == MAP_FAILED )
        not_confined(fd_report, "mapping the image");
    return p;
}

void sandbox_child(const struct sandbox_job *job)
{
    const size_t room = job->limits->unpacked_max;
    const int report = job->fd_report;
    const uint8_t *file = map(report, job->fd_file, job->file_size, PROT_READ, MAP_PRIVATE);
    uint8_t *out = map(report, job->fd_out, DESC_ROOM + room, PROT_READ | PROT_WRITE, MAP_SHARED);
    const struct parse_output o = {
        .unpacked = out + DESC_ROOM, .room = room,
        .progress = (volatile uint64_t *)(out + SANDBOX_PROGRESS),
    };
    struct image_error e = { .text = "" };
    struct image_desc d;

    drop_inherited(report);
    drop_resources(report, job->limits);
    drop_privileges(report);
    drop_system_calls(report);

    if ( job->fn(file, job->file_size, &o, &d, &e) )
        finish(report, 1, e.text[0] ? e.text : "no reason given");
    memcpy(out, &d, sizeof(d));
    finish(report, 0, NULL);
}
