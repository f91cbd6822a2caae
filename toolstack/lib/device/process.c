/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that serve devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device/process.h"

void process_last_words(const char *path, char text[256])
{
    char *p;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if ( fd >= 0 ) {
        const off_t size = lseek(fd, 0, SEEK_END);

        n = pread(fd, text, 255, size > 255 ? size - 255 : 0);
        close(fd);
    }
    while ( n > 0 && (unsigned char)text[n - 1] <= ' ' )
        n--;
    text[n > 0 ? n : 0] = 0;
    p = strrchr(text, '\n');
    if ( p )
        memmove(text, p + 1, strlen(p));
    for ( p = text; *p; p++ )
        if ( (unsigned char)*p < ' ' || (unsigned char)*p > 126 )
            *p = '?';
}

static void run(char **args, int input, int log) __attribute__((noreturn));
static void run(char **args, int input, int log)
{
    const int null = open("/dev/null", O_RDWR);
    struct sigaction dfl = { .sa_handler = SIG_DFL };
    sigset_t none;

    setsid();
    for ( int sig = 1; sig < NSIG; sig++ )
        sigaction(sig, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(input < 0 ? null : input, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    (void)syscall(SYS_close_range, 3, ~0U, 0);
    umask(0077);
    execv(args[0], args);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", args[0], strerror(errno));
    _exit(127);
}

pid_t process_spawn(char **args, int input, int log)
{
    int pipes[2];
    pid_t child, pid = -1;

    if ( pipe2(pipes, O_CLOEXEC) )
        return -errno;
    child = fork();
    if ( !child ) {
        pid = fork();
        if ( !pid )
            run(args, input, log);
        _exit(write(pipes[1], &pid, sizeof(pid)) != sizeof(pid));
    }
    close(pipes[1]);
    if ( child < 0 || read(pipes[0], &pid, sizeof(pid)) != sizeof(pid) || pid < 0 )
        pid = -EAGAIN;
    close(pipes[0]);
    if ( child > 0 )
        waitpid(child, NULL, 0);
    return pid;
}

int process_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool process_ended(int pidfd)
{
    struct pollfd p = { .fd = pidfd, .events = POLLIN };

    return poll(&p, 1, 0) > 0;
}

int process_kill(int pidfd)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

bool process_has_args(uint64_t pid, const char *first, const char *second)
{
    char path[64], text[4096];
    bool found = !first;
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%llu/cmdline", (unsigned long long)pid);
    f = fopen(path, "re");
    n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if ( f )
        fclose(f);
    text[n] = 0;
    for ( const char *p = text; p < text + n; p += strlen(p) + 1 ) {
        if ( found && !strcmp(p, second) )
            return true;
        found = !first || !strcmp(p, first);
    }
    return false;
}
