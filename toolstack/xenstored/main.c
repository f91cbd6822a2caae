/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstored: start, become a daemon, recover, serve.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "hv.h"
#include "journal.h"
#include "keeper.h"
#include "loop.h"
#include "options.h"
#include "state.h"
#include "store.h"

static volatile bool stop;

static void on_signal(int sig)
{
    stop = true;
}

static void set_signals(void)
{
    struct sigaction sa = { .sa_handler = on_signal };

    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
    sigaction(SIGXFSZ, &sa, NULL);      /* a limit on files is an error like a full disk */
    sigaction(SIGHUP, &sa, NULL);
}

/* Fork; the parent waits until the child is ready, or not, and ends.  The fd to say so. */
static int become_daemon(void)
{
    int p[2], null;
    char ok = 0;
    pid_t pid;

    if ( pipe2(p, O_CLOEXEC) || (pid = fork()) < 0 ) {
        fprintf(stderr, "xenstored: cannot fork: %s\n", strerror(errno));
        exit(1);
    }
    if ( pid ) {
        close(p[1]);
        exit(read(p[0], &ok, 1) == 1 ? 0 : 1);
    }
    close(p[0]);
    setsid();
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if ( null >= 0 ) {
        dup2(null, 0);
        dup2(null, 1);
    }
    return p[1];
}

/* Tell who started us.  Files are shared with the server: this is for both. */
static void daemon_is_ready(int fd)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if ( fd < 0 )
        return;
    log_options.daemon = true;
    if ( null >= 0 ) {
        dup2(null, 2);
        close(null);
    }
    if ( write(fd, "", 1) != 1 )
        log_warn("who started this has gone");
    close(fd);
}

/* systemd's readiness protocol: a datagram to the socket that it names. */
static void notify_manager(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char text[64];
    int fd;

    if ( !name || strlen(name) >= sizeof(to.sun_path) || (name[0] != '/' && name[0] != '@') )
        return;
    strcpy(to.sun_path, name);
    if ( name[0] == '@' )
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if ( fd < 0 )
        return;
    snprintf(text, sizeof(text), "READY=1\nMAINPID=%d\n", getpid());
    if ( sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
                offsetof(struct sockaddr_un, sun_path) + strlen(name)) < 0 )
        log_warn("cannot tell %s that it is ready: %s", name, strerror(errno));
    close(fd);
}

static void write_pid(const char *path)
{
    FILE *f = path ? fopen(path, "we") : NULL;

    if ( path && (!f || fprintf(f, "%d\n", getpid()) < 0 || fclose(f)) )
        log_warn("cannot write %s: %s", path, strerror(errno));
}

static void __attribute__((noreturn)) die(const char *what, const char *path)
{
    fprintf(stderr, "xenstored: %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

/* One daemon for a directory. */
static void lock_directory(const char *dir)
{
    char path[512];
    int fd;

    if ( mkdir(dir, 0755) && errno != EEXIST )
        die("cannot make", dir);
    snprintf(path, sizeof(path), "%s/lock", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( fd < 0 )
        die("cannot open", path);
    keeper->lock_fd = fd;
    if ( flock(fd, LOCK_EX | LOCK_NB) ) {
        fprintf(stderr, "xenstored: another one serves %s\n", dir);
        exit(1);
    }
}

static void listen_anew(const char *path, bool read_only)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t mask = umask(0177);

    if ( strlen(path) >= sizeof(at.sun_path) ) {
        errno = ENAMETOOLONG;
        die("cannot listen at", path);
    }
    strcpy(at.sun_path, path);
    unlink(path);
    if ( fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 128) ||
         loop_listen(fd, read_only) )
        die("cannot listen at", path);
    umask(mask);
    keeper->listen_fd[read_only] = fd;
}

static void listen_at(const char *path, bool read_only)
{
    if ( keeper->listen_fd[read_only] ) {
        if ( loop_listen(keeper->listen_fd[read_only], read_only) )
            die("cannot listen at", path);
    } else
        listen_anew(path, read_only);
}

/* What the journal holds is the store, before the first client is seen. */
static void recover(const struct options *o)
{
    int rc;

    store_init();
    rc = journal_open(o->run_dir, state_apply, state_dump);
    if ( rc < 0 )
        exit(1);
    if ( o->fresh && rc ) {
        log_warn("the store in the journal is given up, as --no-recovery says");
        while ( !list_empty(&conns) )
            conn_free(LIST_ENTRY(conns.next, struct conn, all));
        store_fini();
        domain_reset_all();
        store_init();
    }
}

/* Clients of the socket that go on: those of a server whose files we have, if they were idle. */
static bool is_wanted(int fd)
{
    struct conn *c = conn_find(KEY_SOCKET | fd);

    return fd == keeper->lock_fd || fd == keeper->listen_fd[0] || fd == keeper->listen_fd[1] ||
           fd == log_options.trace_fd || (c && !keeper_was_busy(fd) && keeper_left_open(fd));
}

static void reconnect_sockets(void)
{
    struct link *next;
    unsigned int kept = 0, lost = 0;

    if ( keeper->restarted )
        keeper_close_others(is_wanted);
    for ( struct link *l = conns.next; l != &conns; l = next ) {
        struct conn *c = LIST_ENTRY(l, struct conn, all);

        next = l->next;
        if ( c->kind != CONN_SOCKET )
            continue;
        if ( keeper->restarted && is_wanted(c->fd) ) {
            loop_add_socket(c);
            kept++;
        } else {
            keeper_busy(c->fd, false);
            c->fd = -1;
            conn_free(c);
            lost++;
        }
    }
    if ( kept || lost )
        log_info("%u clients of the socket go on, %u were cut off", kept, lost);
}

static void start_domains(const struct options *o)
{
    int rc;

    if ( o->no_domains || !hv_init() || loop_add_hv(hv_fd()) )
        return;
    loop_domain_port = hv_bind_domain_event();
    if ( loop_domain_port < 0 )
        log_warn("cannot learn of domains that end: %s", strerror(-loop_domain_port));
    domain_reconnect_all();
    if ( o->no_own_ring || (domain_find(0) && domain_find(0)->introduced) )
        return;
    rc = domain_introduce_own();
    if ( rc )
        log_warn("this domain's kernel is not served (/proc/xen/xsd_kva): %s", strerror(-rc));
}

static struct options o;
static int ready_fd = -1;

/* In the keeper. */
static void when_ready(void)
{
    write_pid(o.pid_file);
    if ( o.output_pid )
        printf("%d\n", getpid());
    fflush(stdout);
    daemon_is_ready(ready_fd);
    notify_manager();
}

static void at_end(void)
{
    if ( o.pid_file )
        unlink(o.pid_file);
}

static void serve(void)
{
    char read_only[512];

    if ( loop_init() )
        die("cannot wait for", "events");
    recover(&o);
    reconnect_sockets();
    if ( journal_compact() ) {
        fprintf(stderr, "xenstored: the journal in %s has no room for the store\n", o.run_dir);
        exit(1);
    }
    start_domains(&o);
    loop_round();
    listen_at(o.socket, false);
    snprintf(read_only, sizeof(read_only), "%s_ro", o.socket);
    listen_at(read_only, true);
    keeper_say_ready();
    log_options.daemon = !o.no_fork;
    loop_run(&stop);
}

int main(int argc, char **argv)
{
    options_parse(argc, argv, &o);
    set_signals();
    if ( o.trace_file ) {
        log_options.trace_fd = open(o.trace_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if ( log_options.trace_fd < 0 )
            die("cannot open", o.trace_file);
    }
    if ( !o.no_fork )
        ready_fd = become_daemon();
    lock_directory(o.run_dir);
    keeper_start(when_ready, at_end);
    if ( keeper->restarted && !o.no_fork )
        log_options.daemon = true;
    serve();
    return 0;
}
