/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest's kernel paths cost, one line per figure: "bench: NAME VALUE".
 *
 * VALUE is in nanoseconds of CLOCK_MONOTONIC per operation, which under QEMU's
 * -icount shift=0 is instructions.  `bench boot` prints the time stamp counter, which is
 * everything executed since reset there.  A figure that cannot be had here (no Xen) is
 * left out.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Run fn nr times after one warm-up run; print the mean. */
static double measure(const char *name, void (*fn)(void), int nr)
{
    int64_t start;
    double each;

    fn();
    start = now_ns();
    for ( int i = 0; i < nr; i++ )
        fn();
    each = (double)(now_ns() - start) / nr;
    if ( name )
        printf("bench: %s %.0f\n", name, each);
    fflush(stdout);
    return each;
}

static void do_getppid(void)
{
    syscall(SYS_getppid);
}

static void do_clock(void)
{
    now_ns();
}

static void do_fork(void)
{
    pid_t pid = fork();

    if ( pid == 0 )
        _exit(0);
    if ( pid < 0 || waitpid(pid, NULL, 0) != pid )
        die("fork");
}

static void do_exec(void)
{
    pid_t pid = fork();

    if ( pid == 0 ) {
        execl("/proc/self/exe", "bench", "nothing", NULL);
        _exit(1);
    }
    if ( pid < 0 || waitpid(pid, NULL, 0) != pid )
        die("exec");
}

#define FAULT_PAGES 256

static void do_faults(void)
{
    char *p = mmap(NULL, FAULT_PAGES * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if ( p == MAP_FAILED )
        die("mmap");
    for ( int i = 0; i < FAULT_PAGES; i++ )
        p[i * PAGE] = 1;
    munmap(p, FAULT_PAGES * PAGE);
}

static void do_mmap(void)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if ( p == MAP_FAILED )
        die("mmap");
    *p = 1;
    munmap(p, PAGE);
}

static char *protected_page;

static void do_mprotect(void)
{
    mprotect(protected_page, PAGE, PROT_READ);
    mprotect(protected_page, PAGE, PROT_READ | PROT_WRITE);
}

static void on_signal(int nr)
{
    (void)nr;
}

static void do_signal(void)
{
    raise(SIGUSR1);
}

static int to_child[2], to_parent[2];

static void do_pipe(void)
{
    char c = 0;

    if ( write(to_child[1], &c, 1) != 1 || read(to_parent[0], &c, 1) != 1 )
        die("pipe");
}

static void bench_pipe(void)
{
    pid_t pid;

    if ( pipe(to_child) || pipe(to_parent) || (pid = fork()) < 0 )
        die("pipe");
    if ( pid == 0 ) {
        char c;

        while ( read(to_child[0], &c, 1) == 1 && write(to_parent[1], &c, 1) == 1 )
            ;
        _exit(0);
    }
    measure("pipe_round_trip", do_pipe, 2000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Linux's privcmd and evtchn devices: struct and request numbers of its public ABI. */
struct hypercall {
    uint64_t op, arg[5];
};
#define PRIVCMD_HYPERCALL   _IOC(_IOC_NONE, 'P', 0, sizeof(struct hypercall))
#define EVTCHN_BIND_INTER   _IOC(_IOC_NONE, 'E', 1, 8)
#define EVTCHN_BIND_UNBOUND _IOC(_IOC_NONE, 'E', 2, 4)
#define EVTCHN_NOTIFY       _IOC(_IOC_NONE, 'E', 4, 4)
#define HC_XEN_VERSION      17
#define DOMID_SELF          0x7ff0

static int privcmd;

static void do_hypercall(void)
{
    struct hypercall h = { HC_XEN_VERSION, { 0 } };

    if ( ioctl(privcmd, PRIVCMD_HYPERCALL, &h) < 0 )
        die("xen_version");
}

/* The same way through the kernel, refused before any hypercall. */
static void do_empty_ioctl(void)
{
    struct hypercall h = { 0 };

    ioctl(privcmd, _IOC(_IOC_NONE, 'P', 0xee, sizeof(h)), &h);
}

static void bench_hypercall(void)
{
    double gross, empty;

    struct hypercall h = { HC_XEN_VERSION, { 0 } };

    privcmd = open("/dev/xen/privcmd", O_RDWR);
    if ( privcmd < 0 || ioctl(privcmd, PRIVCMD_HYPERCALL, &h) < 0 )     /* Linux lets only dom0's programs */
        return;
    gross = measure(NULL, do_hypercall, 5000);
    empty = measure(NULL, do_empty_ioctl, 5000);
    printf("bench: hypercall_gross %.0f\n", gross);
    printf("bench: hypercall %.0f\n", gross - empty);
    close(privcmd);
}

struct channel {
    int fd;
    uint32_t port;
};

/* Two ends of one event channel of this domain, each on a file of its own. */
static int channel_pair(struct channel *a, struct channel *b)
{
    struct { uint32_t domain; } unbound = { DOMID_SELF };
    struct { uint32_t domain, port; } inter = { DOMID_SELF, 0 };

    a->fd = open("/dev/xen/evtchn", O_RDWR);
    b->fd = open("/dev/xen/evtchn", O_RDWR);
    if ( a->fd < 0 || b->fd < 0 )
        return -1;
    a->port = inter.port = ioctl(a->fd, EVTCHN_BIND_UNBOUND, &unbound);
    b->port = ioctl(b->fd, EVTCHN_BIND_INTER, &inter);
    return (int)a->port < 0 || (int)b->port < 0 ? -1 : 0;
}

static void channel_notify(struct channel *c)
{
    if ( ioctl(c->fd, EVTCHN_NOTIFY, &c->port) < 0 )
        die("notify");
}

static void channel_wait(struct channel *c)
{
    uint32_t port;

    if ( read(c->fd, &port, 4) != 4 || write(c->fd, &port, 4) != 4 )
        die("event");
}

/* Binding may raise an event on an end: take it off, so that counts start even. */
static void channel_drain(struct channel *c)
{
    uint32_t port;

    usleep(10000);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if ( read(c->fd, &port, 4) == 4 && write(c->fd, &port, 4) != 4 )
        die("event");
    fcntl(c->fd, F_SETFL, 0);
}

static struct channel near, far;

static void do_event_self(void)
{
    channel_notify(&near);
    channel_wait(&far);
}

static void do_event_round_trip(void)
{
    channel_notify(&near);
    channel_wait(&near);
}

static void bench_events(void)
{
    pid_t pid;

    if ( channel_pair(&near, &far) )
        return;
    channel_drain(&near);
    channel_drain(&far);
    measure("event_to_self", do_event_self, 2000);
    pid = fork();
    if ( pid == 0 ) {
        for ( ; ; ) {
            channel_wait(&far);
            channel_notify(&far);
        }
    }
    measure("event_round_trip", do_event_round_trip, 2000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
    if ( argc > 1 && !strcmp(argv[1], "nothing") )
        return 0;
    if ( argc > 1 && !strcmp(argv[1], "boot") ) {
        printf("bench: boot_to_init %llu\n", (unsigned long long)__builtin_ia32_rdtsc());
        return 0;
    }
    measure("null_syscall", do_getppid, 10000);
    measure("clock_gettime", do_clock, 10000);
    printf("bench: page_fault %.0f\n", measure(NULL, do_faults, 20) / FAULT_PAGES);
    measure("mmap_munmap", do_mmap, 2000);
    protected_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    *protected_page = 1;
    measure("mprotect_pair", do_mprotect, 2000);
    signal(SIGUSR1, on_signal);
    measure("signal", do_signal, 2000);
    bench_pipe();
    measure("fork_exit", do_fork, 200);
    measure("fork_exec", do_exec, 100);
    bench_hypercall();
    bench_events();
    printf("bench: done 0\n");
    return 0;
}
