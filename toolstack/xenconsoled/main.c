/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenconsoled: start, signals, and the loop that joins the watcher's news, event channels and
 * descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "console.h"
#include "hvlog.h"
#include "logwriter.h"
#include "settings.h"
#include "terminal.h"
#include "util.h"
#include "viewer.h"

#define EVENTS_A_ROUND 64
#define FINISH_MS      2000         /* for the logs, when told to end */

static struct source signals, news, events;
static bool stopping;

/* systemd's readiness protocol: a datagram to the socket that it names. */
static void notify_service_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd;

    if ( !path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(a.sun_path) )
        return;
    memcpy(a.sun_path, path, strlen(path));
    if ( path[0] == '@' )
        a.sun_path[0] = 0;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if ( fd < 0 )
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&a,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    close(fd);
}

static void on_signal(struct source *src, uint32_t ev)
{
    struct signalfd_siginfo info;

    while ( read(src->fd, &info, sizeof(info)) == sizeof(info) ) {
        if ( info.ssi_signo == SIGHUP ) {
            say(LOG_INFO, "reopening the log files");
            console_reopen_logs();
            hvlog_reopen();
        } else {
            stopping = true;
        }
    }
}

static void take_news(const struct news *n)
{
    switch ( n->what ) {
    case NEWS_CONSOLE:
        console_serve(&n->info);
        break;
    case NEWS_CONSOLE_GONE:
        console_gone(n->info.domid, n->info.number);
        break;
    case NEWS_DOMAIN_GONE:
        console_domain_gone(n->info.domid);
        break;
    case NEWS_RENAMED:
        console_rename(n->info.domid, n->info.name);
        break;
    case NEWS_READY:
        console_load_ended();
        viewer_all_known();
        notify_service_manager("READY=1");
        break;
    }
}

static void on_news(struct source *src, uint32_t ev)
{
    struct news *n;

    while ( (n = watcher_news()) ) {
        take_news(n);
        free(n);
    }
}

static void on_event(struct source *src, uint32_t ev)
{
    for ( int i = 0; i < EVENTS_A_ROUND; i++ ) {
        const int port = port_pending();

        if ( port < 0 )
            return;
        if ( !hvlog_event(port) )
            console_event(port);
    }
}

/* One daemon a run-dir: two would each take a part of every console's output. */
static int lock_run_dir(void)
{
    char path[128];
    int fd;

    if ( mkdir(settings.run_dir, 0700) < 0 && errno != EEXIST ) {
        say(LOG_ERR, "%s: %s", settings.run_dir, strerror(errno));
        return -errno;
    }
    snprintf(path, sizeof(path), "%s/lock", settings.run_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ) {
        say(LOG_ERR, errno == EWOULDBLOCK ? "%s is locked: another xenconsoled runs" : "%s: %m",
            path);
        return -EBUSY;
    }
    return 0;
}

static int write_pid(void)
{
    char text[16];
    int fd, n;

    if ( !settings.pid_file )
        return 0;
    fd = open(settings.pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if ( fd < 0 || write(fd, text, (size_t)n) != n ) {
        say(LOG_ERR, "%s: %s", settings.pid_file, strerror(errno));
        return -EIO;
    }
    close(fd);
    return 0;
}

static int start_signals(void)
{
    sigset_t set;
    int fd;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : loop_add(&signals, fd, EPOLLIN, on_signal);
}

static int start(void)
{
    char path[128];
    int rc = lock_run_dir();

    if ( settings.log_guest || settings.log_hv )
        mkdir(settings.log_dir, 0750);      /* opening a log tells what is wrong */
    if ( !rc )
        rc = write_pid();
    if ( !rc )
        rc = port_open();
    if ( !rc )
        rc = loop_init();
    if ( !rc )
        rc = start_signals();
    if ( !rc )
        rc = terminal_init();
    if ( !rc )
        rc = logwriter_start();
    if ( !rc )
        rc = loop_add(&events, port_event_fd(), EPOLLIN, on_event);
    if ( !rc && settings.log_hv )
        rc = hvlog_start();
    if ( rc )
        return rc;
    snprintf(path, sizeof(path), "%s/socket", settings.run_dir);
    viewer_listen(path);
    rc = watcher_start();
    return rc < 0 ? rc : loop_add(&news, rc, EPOLLIN, on_news);
}

/* Fork; the parent leaves with the child's answer once it runs or cannot. */
static int to_background(void)
{
    int answer[2];
    char status;
    pid_t pid;

    if ( pipe2(answer, O_CLOEXEC) < 0 )
        return -errno;
    pid = fork();
    if ( pid < 0 )
        return -errno;
    if ( pid > 0 ) {
        close(answer[1]);
        _exit(read(answer[0], &status, 1) == 1 ? status : 1);
    }
    close(answer[0]);
    setsid();
    if ( chdir("/") < 0 )
        say(LOG_WARNING, "chdir /: %s", strerror(errno));
    return answer[1];
}

static void close_terminal(void)
{
    const int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    for ( int i = 0; i < 3 && fd >= 0; i++ )
        dup2(fd, i);
    say_to_syslog();
}

int main(int argc, char **argv)
{
    int answer = -1, rc = settings_parse(argc, argv);

    if ( rc >= 0 )
        return rc;
    umask(027);
    if ( !settings.foreground )
        answer = to_background();
    rc = start();
    if ( answer >= 0 ) {
        const char status = rc ? 1 : 0;

        if ( write(answer, &status, 1) != 1 )
            say(LOG_WARNING, "the one who started the daemon is gone");
        close(answer);
        close_terminal();
    }
    if ( rc ) {
        say(LOG_ERR, "cannot start: %s", strerror(-rc));
        return 1;
    }
    while ( !stopping )
        loop_round(console_work());
    notify_service_manager("STOPPING=1");
    logwriter_finish(FINISH_MS);
    if ( settings.pid_file )
        unlink(settings.pid_file);
    return 0;
}
