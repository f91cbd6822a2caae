/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast is the store daemon?  A client of libxenstore, so that it measures any daemon.
 *
 *   bench [-s SECONDS] [-w WATCHERS] [TEST ...]
 *
 * Prints "name value unit" lines.  Tests: read write transaction directory watch readers
 * pipelined rss.  A client that waits for each reply costs more than the daemon does; pipelined
 * sends 32 requests before it takes their replies, as many clients at once would.
 * Works below /bench, which it removes at the end.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xenstore.h>

static double seconds = 2;
static unsigned int watchers = 100;
static struct xs_handle *h;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void report(const char *name, double value, const char *unit)
{
    printf("%-12s %10.0f %s\n", name, value, unit);
    fflush(stdout);
}

/* Repeat @one for the time given; how many a second. */
static double rate(void (*one)(unsigned int i))
{
    const double start = now(), end = start + seconds;
    unsigned int n = 0;
    double t;

    do {
        for ( unsigned int i = 0; i < 50; i++ )
            one(n++);
        t = now();
    } while ( t < end );
    return n / (t - start);
}

static void one_read(unsigned int i)
{
    unsigned int len;
    char *v = xs_read(h, XBT_NULL, "/bench/dir/sub/key50", &len);

    if ( !v )
        fail("read");
    free(v);
}

static void one_write(unsigned int i)
{
    char value[16];
    const int n = sprintf(value, "%08u", i);

    if ( !xs_write(h, XBT_NULL, "/bench/dir/sub/key50", value, n) )
        fail("write");
}

static void one_directory(unsigned int i)
{
    unsigned int n;
    char **list = xs_directory(h, XBT_NULL, "/bench/dir/sub", &n);

    if ( !list || n != 100 )
        fail("directory");
    free(list);
}

/* As the tools do: look, write a few, end. */
static void one_transaction(unsigned int i)
{
    unsigned int len;
    xs_transaction_t t = xs_transaction_start(h);

    if ( !t )
        fail("transaction start");
    free(xs_read(h, t, "/bench/dir/sub/key50", &len));
    for ( unsigned int k = 0; k < 3; k++ ) {
        char path[64];

        sprintf(path, "/bench/dir/sub/key%u", k);
        if ( !xs_write(h, t, path, "transaction", 11) )
            fail("write in a transaction");
    }
    if ( !xs_transaction_end(h, t, false) )
        fail("transaction end");
}

/* Every watcher of one node hears of a write; events a second. */
static double watch_rate(void)
{
    struct xs_handle *w = xs_open(0);
    double start;
    unsigned int rounds = 0, nr;

    if ( !w )
        fail("open");
    for ( unsigned int i = 0; i < watchers; i++ ) {
        char token[32];

        sprintf(token, "token%u", i);
        if ( !xs_watch(w, "/bench/watched", token) )
            fail("watch");
        free(xs_read_watch(w, &nr));        /* the one at once */
    }
    start = now();
    for ( ; now() < start + seconds; rounds++ ) {
        if ( !xs_write(h, XBT_NULL, "/bench/watched", "x", 1) )
            fail("write");
        for ( unsigned int i = 0; i < watchers; i++ ) {
            char **event = xs_read_watch(w, &nr);

            if ( !event )
                fail("watch event");
            free(event);
        }
    }
    start = now() - start;
    xs_close(w);
    return rounds * (double)watchers / start;
}

/* Four clients at the same time. */
static double readers_rate(void)
{
    int p[2];
    double sum = 0, one;

    if ( pipe(p) )
        fail("pipe");
    for ( int i = 0; i < 4; i++ )
        if ( fork() == 0 ) {
            h = xs_open(0);
            if ( !h )
                fail("open");
            one = rate(one_read);
            if ( write(p[1], &one, sizeof(one)) != sizeof(one) )
                fail("pipe");
            _exit(0);
        }
    for ( int i = 0; i < 4; i++ )
        if ( read(p[0], &one, sizeof(one)) == sizeof(one) )
            sum += one;
    while ( wait(NULL) > 0 )
        ;
    return sum;
}

#define BATCH 32

/* One request, BATCH times over, to the socket itself. */
static double pipelined_rate(uint32_t type, const char *body, uint32_t len, uint32_t reply_len)
{
    const uint32_t head[4] = { type, 0, 0, len };
    const char *path = getenv("XENSTORED_PATH");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char out[BATCH * 256], in[65536];
    const double start = now();
    unsigned int n = 0;
    size_t size = 0;
    int s = socket(AF_UNIX, SOCK_STREAM, 0);

    strncpy(to.sun_path, path ? path : "/run/xenstored/socket", sizeof(to.sun_path) - 1);
    if ( s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)) )
        fail(to.sun_path);
    for ( int i = 0; i < BATCH; i++ ) {
        memcpy(out + size, head, sizeof(head));
        memcpy(out + size + sizeof(head), body, len);
        size += sizeof(head) + len;
    }
    for ( ; now() < start + seconds; n += BATCH ) {
        size_t left = BATCH * (sizeof(head) + reply_len);

        if ( write(s, out, size) != (ssize_t)size )
            fail("pipelined request");
        while ( left ) {
            const ssize_t got = read(s, in, sizeof(in) < left ? sizeof(in) : left);

            if ( got <= 0 )
                fail("pipelined reply");
            left -= got;
        }
    }
    close(s);
    return n / (now() - start);
}

static void pipelined(void)
{
    static const char read_body[] = "/bench/dir/sub/key60", write_body[] = "/bench/dir/sub/key61\0value";

    report("pipe-read", pipelined_rate(2, read_body, sizeof(read_body), 22), "/s");
    report("pipe-write", pipelined_rate(11, write_body, sizeof(write_body) - 1, 3), "/s");
}

/* Each page divided by the number of processes that share it. */
static unsigned long pss_of(const char *pid)
{
    char path[300], line[200];
    unsigned long v = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%s/smaps_rollup", pid);
    f = fopen(path, "r");
    while ( f && fgets(line, sizeof(line), f) && sscanf(line, "Pss: %lu", &v) != 1 )
        ;
    if ( f )
        fclose(f);
    return v;
}

static void add_rss_of(const char *pid, unsigned long *anon, unsigned long *all)
{
    char path[300], line[200];
    unsigned long v;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%s/status", pid);
    f = fopen(path, "r");
    while ( f && fgets(line, sizeof(line), f) ) {
        if ( sscanf(line, "VmRSS: %lu", &v) == 1 )
            *all += v;
        if ( sscanf(line, "RssAnon: %lu", &v) == 1 || sscanf(line, "RssShmem: %lu", &v) == 1 )
            *anon += v;
    }
    if ( f )
        fclose(f);
}

/* Of every process of the daemon's name. */
static void rss(void)
{
    unsigned long anon = 0, all = 0, pss = 0;
    struct dirent *e;
    DIR *d = opendir("/proc");

    while ( d && (e = readdir(d)) ) {
        char path[300], name[64] = "";
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
        f = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if ( !f )
            continue;
        if ( fgets(name, sizeof(name), f) &&
             (!strncmp(name, "xenstored", 9) || !strncmp(name, "oxenstored", 10)) ) {
            add_rss_of(e->d_name, &anon, &all);
            pss += pss_of(e->d_name);
        }
        fclose(f);
    }
    if ( d )
        closedir(d);
    report("rss", all, "KiB resident, summed over its processes");
    report("pss", pss, "KiB, what is shared counted once");
    report("rss-own", anon, "KiB of it not files");
}

static void fill(void)
{
    for ( unsigned int i = 0; i < 100; i++ ) {
        char path[64];

        sprintf(path, "/bench/dir/sub/key%u", i);
        if ( !xs_write(h, XBT_NULL, path, "a value of some length", 22) )
            fail("write");
    }
}

static int wanted(int argc, char **argv, const char *name)
{
    for ( int i = 0; i < argc; i++ )
        if ( !strcmp(argv[i], name) )
            return 1;
    return argc == 0;
}

int main(int argc, char **argv)
{
    int opt;

    while ( (opt = getopt(argc, argv, "s:w:")) != -1 )
        switch ( opt ) {
        case 's': seconds = atof(optarg); break;
        case 'w': watchers = atoi(optarg); break;
        default: return 2;
        }
    argc -= optind;
    argv += optind;
    h = xs_open(0);
    if ( !h )
        fail("cannot open the store");
    fill();
    if ( wanted(argc, argv, "read") )
        report("read", rate(one_read), "/s");
    if ( wanted(argc, argv, "write") )
        report("write", rate(one_write), "/s");
    if ( wanted(argc, argv, "transaction") )
        report("transaction", rate(one_transaction), "/s");
    if ( wanted(argc, argv, "directory") )
        report("directory", rate(one_directory), "/s");
    if ( wanted(argc, argv, "watch") )
        report("watch", watch_rate(), "events/s");
    if ( wanted(argc, argv, "readers") )
        report("readers", readers_rate(), "/s by 4 clients");
    if ( wanted(argc, argv, "pipelined") )
        pipelined();
    if ( wanted(argc, argv, "rss") )
        rss();
    xs_rm(h, XBT_NULL, "/bench");
    xs_close(h);
    return 0;
}
