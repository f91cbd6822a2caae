/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeper and server: see keeper.h.  The keeper does nothing but wait.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEATHS_MAX 100          /* in DEATHS_MS, before it gives up */
#define DEATHS_MS  10000
#define UNREADY_MAX 10          /* in a row, before they were ready */

static struct keeper_shared none;
struct keeper_shared *keeper = &none;

static unsigned char was_open[KEEPER_MAX_FD / 8];

/* fork(), but with one table of open files for both. */
static pid_t fork_server(void)
{
    return syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void note_open_files(void)
{
    for ( int fd = 3; keeper->restarted && fd < KEEPER_MAX_FD; fd++ )
        if ( fcntl(fd, F_GETFD) >= 0 )
            was_open[fd / 8] |= 1u << fd % 8;
}

bool keeper_left_open(int fd)
{
    return fd >= 0 && fd < KEEPER_MAX_FD && (was_open[fd / 8] >> fd % 8 & 1);
}

void keeper_close_others(bool (*wanted)(int fd))
{
    for ( int fd = 3; fd < KEEPER_MAX_FD; fd++ )
        if ( keeper_left_open(fd) && !wanted(fd) )
            close(fd);
}

void keeper_say_ready(void)
{
    if ( keeper != &none )
        kill(getppid(), SIGUSR1);
}

/* Is it to be started again after a death of this status? */
static bool may_go_on(int status, bool was_ready)
{
    static unsigned int unready;
    static uint64_t since;
    static unsigned int deaths;
    const uint64_t now = now_ms();

    if ( WIFEXITED(status) && WEXITSTATUS(status) != 3 )
        return false;           /* 3: out of memory; others it has explained itself */
    if ( now - since > DEATHS_MS ) {
        since = now;
        deaths = 0;
    }
    unready = was_ready ? 0 : unready + 1;
    if ( ++deaths > DEATHS_MAX || unready > UNREADY_MAX ) {
        log_warn("the server died %u times within %d s, %u times before it was ready; giving up",
                 deaths, DEATHS_MS / 1000, unready);
        return false;
    }
    log_warn("the server died (%s %d); starting it again", WIFEXITED(status) ? "exit" : "signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return true;
}

static pid_t start_server(const sigset_t *normal)
{
    const pid_t keeper_pid = getpid(), pid = fork_server();

    if ( pid )
        return pid;
    sigprocmask(SIG_SETMASK, normal, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);       /* both or the server alone */
    if ( getppid() != keeper_pid )
        _exit(1);
    note_open_files();
    return 0;
}

void keeper_start(void (*ready)(void), void (*at_end)(void))
{
    bool said = false, ending = false, is_ready = false;
    sigset_t set, normal;
    pid_t server;
    int status;

    keeper = mmap(NULL, sizeof(*keeper), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ( keeper == MAP_FAILED )
        abort();
    *keeper = none;
    sigemptyset(&set);
    for ( const char *s = (char[]){ SIGCHLD, SIGUSR1, SIGTERM, SIGINT, 0 }; *s; s++ )
        sigaddset(&set, *s);
    sigprocmask(SIG_BLOCK, &set, &normal);
    server = start_server(&normal);
    if ( !server )
        return;
    prctl(PR_SET_NAME, "xenstored-keep");
    while ( server > 0 ) {
        const int sig = sigwaitinfo(&set, NULL);

        if ( sig == SIGUSR1 ) {
            is_ready = true;
            if ( !said )
                ready();
            said = true;
        } else if ( sig == SIGTERM || sig == SIGINT ) {
            ending = true;
            kill(server, SIGTERM);
        }
        if ( waitpid(server, &status, WNOHANG) != server )
            continue;
        if ( ending || !may_go_on(status, is_ready) )
            break;
        is_ready = false;
        keeper->restarted = true;
        server = start_server(&normal);
        if ( !server ) {
            prctl(PR_SET_NAME, "xenstored");
            return;
        }
    }
    at_end();
    exit(server > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : ending ? 0 : 1);
}
