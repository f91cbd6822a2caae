/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block back end as the process that it is in dom0, with io_uring and an image, under a front end in this one;
 * killed and started again, many times, with operations on the way.
 */
#include "cm.h"
#include "blk/front.h"
#include "procs/shared.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRONT   "/local/domain/5/device/vbd/51712"
#define BACK    "/local/domain/0/backend/xenblk/5/51712"
#define SECTORS 16384u
#define NR_IOS  48

static char folder[64], image[96];
static struct blkfront front;
static uint64_t seed = 99;
static uint8_t model[SECTORS * 512];
static pid_t child;

static struct op { struct blkfront_io io; struct blk_vec vec[8]; bool used; int ends, status; } ops[NR_IOS];
static uint8_t *pages;

static void spawn(void)
{
    child = fork();
    if ( child == 0 )
    {
        setenv("PV_SHARED", folder, 1);
        execl(getenv("XENOLITH_BLK"), "xenolith-blk", BACK, NULL);
        _exit(127);
    }
}

static int reap(int sig)
{
    int status;

    kill(child, sig);
    assert_int_equal(waitpid(child, &status, 0), child);
    shared_died(SIDE_BACK);
    return status;
}

static void step(int ms)
{
    void *users[32];

    shared_wait(ms);
    if ( shared_watch_fired() )
        blkfront_watch(&front);
    shared_events(users, 32);
    blkfront_run(&front);
}

static void wait_state(uint8_t state)
{
    for ( int i = 0; i < 600 && front.bus.state != state; i++ )
        step(100);
    assert_int_equal(front.bus.state, state);
}

static void op_done(struct blkfront_io *io, int status)
{
    struct op *o = (struct op *)io;

    o->ends++;
    o->status = status;
}

static void set_up(void)
{
    static const char *const nodes[][2] = {
        { FRONT "/backend", BACK }, { FRONT "/backend-id", "0" }, { FRONT "/state", "1" },
        { BACK "/frontend", FRONT }, { BACK "/frontend-id", "5" }, { BACK "/state", "1" }, { BACK "/online", "1" },
        { BACK "/mode", "w" }, { BACK "/device-type", "disk" },
    };
    int fd;

    strcpy(folder, "/tmp/pvprocs.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(image, sizeof(image), "%s/image", folder);
    for ( size_t i = 0; i < sizeof(model); i++ )
        model[i] = next_random(&seed);
    fd = open(image, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, model, sizeof(model)), sizeof(model));
    close(fd);
    shared_create(folder);
    shared_attach(folder, SIDE_FRONT);
    for ( size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++ )
        shared_set(nodes[i][0], nodes[i][1]);
    shared_set(BACK "/params", image);
    memset(&front, 0, sizeof(front));
    memset(ops, 0, sizeof(ops));
    front.bus.ops = &shared_ops;
    front.config = (struct blkfront_config){ .max_queues = 2, .max_ring_order = 1 };
    pages = shared_ops.pages_alloc(NULL, NR_IOS * 8);
    assert_non_null(pages);
    spawn();
    assert_int_equal(blkfront_start(&front, FRONT), 0);
    wait_state(XenbusStateConnected);
    assert_int_equal(front.geometry.sectors, SECTORS);
}

/* The line of /proc/PID/status that begins with @name, after its colon. */
static const char *status_of_child(const char *name)
{
    static char line[128];
    char path[64];
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", child);
    f = fopen(path, "r");
    while ( fgets(line, sizeof(line), f) && strncmp(line, name, strlen(name)) )
        ;
    fclose(f);
    line[strcspn(line, "\n")] = '\0';
    return line + strlen(name) + 2;
}

/* Operations on sectors of their own, all over the disk. */
static void submit_batch(void)
{
    const unsigned int base = next_random(&seed) % (SECTORS - NR_IOS * 64);

    for ( int i = 0; i < NR_IOS; i++ )
    {
        const unsigned int r = next_random(&seed) % 20, nr = 1 + next_random(&seed) % 8;
        struct op *o = &ops[i];

        memset(o, 0, sizeof(*o));
        o->used = true;
        o->io = (struct blkfront_io){ .op = r < 8 ? BLK_READ : r < 17 ? BLK_WRITE : r == 17 ? BLK_FLUSH : r == 18 ?
                                      BLK_BARRIER : BLK_DISCARD,
                                      .sector = base + i * 64, .queue = i, .vec = o->vec, .nr_vec = nr,
                                      .done = op_done };
        if ( o->io.op == BLK_FLUSH || o->io.op == BLK_DISCARD )
            o->io.nr_vec = 0;
        o->io.nr_sectors = o->io.op == BLK_DISCARD ? 64 : 0;
        for ( unsigned int k = 0; k < o->io.nr_vec; k++ )
        {
            o->vec[k] = (struct blk_vec){ pages + (i * 8 + k) * 4096, 4096 };
            for ( unsigned int b = 0; b < 4096; b += 8 )
                *(uint64_t *)((uint8_t *)o->vec[k].base + b) = next_random(&seed);
        }
        assert_int_equal(blkfront_submit(&front, &o->io), 0);
    }
    blkfront_run(&front);
}

static bool all_done(void)
{
    for ( int i = 0; i < NR_IOS; i++ )
        if ( ops[i].used && !ops[i].ends )
            return false;
    return true;
}

static void verify_batch(void)
{
    for ( int i = 0; i < NR_IOS; i++ )
    {
        struct op *o = &ops[i];
        uint8_t *at = model + o->io.sector * 512;

        assert_int_equal(o->ends, 1);
        assert_int_equal(o->status, 0);
        if ( o->io.op == BLK_DISCARD )
            memset(at, 0, 64 * 512);
        for ( unsigned int k = 0; k < o->io.nr_vec; k++, at += 4096 )
            if ( o->io.op == BLK_READ )
                assert_memory_equal(o->vec[k].base, at, 4096);
            else
                memcpy(at, o->vec[k].base, 4096);
    }
}

static void verify_image(void)
{
    uint8_t *now = malloc(sizeof(model));
    int fd = open(image, O_RDONLY);

    assert_int_equal(read(fd, now, sizeof(model)), sizeof(model));
    close(fd);
    assert_memory_equal(now, model, sizeof(model));
    free(now);
}

static void finish_batch(void)
{
    for ( int i = 0; i < 600 && !all_done(); i++ )
        step(100);
    assert_true(all_done());
    verify_batch();
}

static void tear_down(void)
{
    char command[128];

    xenbus_close(&front.bus);
    wait_state(XenbusStateClosed);
    blkfront_stop(&front);
    assert_int_equal(reap(SIGTERM), 0);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

TEST(data_goes_to_the_image_and_back)
{
    set_up();
    for ( int i = 0; i < 20; i++ )
    {
        submit_batch();
        finish_batch();
    }
    verify_image();
    tear_down();
}

TEST(nothing_is_lost_when_the_process_is_killed)
{
    int busy = 0;

    set_up();
    for ( int i = 0; i < 40; i++ )
    {
        submit_batch();
        for ( int k = next_random(&seed) % 4; k > 0; k-- )
            step(1);
        usleep(next_random(&seed) % 3000);
        busy += !all_done();
        reap(SIGKILL);
        spawn();
        finish_batch();
    }
    verify_image();
    print_message("%d of 40 kills with operations on the way\n", busy);
    assert_true(busy > 5);
    assert_int_equal(front.stats.resent, 0);        /* the front end noticed nothing */
    tear_down();
}

/* Until a signal does not end the process before it begins: what it does next is to wait for the image. */
static void wait_ready(void)
{
    for ( int i = 0; i < 30000; i++ )
    {
        if ( strtoull(status_of_child("SigBlk"), NULL, 16) & (1u << (SIGTERM - 1)) )
            break;
        usleep(1000);
    }
    usleep(20000);
}

TEST(an_orderly_end_leaves_the_device_to_a_successor_that_waits_for_the_image)
{
    pid_t first;

    set_up();
    for ( int i = 0; i < 10; i++ )
    {
        submit_batch();
        step(1);
        kill(child, SIGSTOP);               /* holds the image, and does nothing */
        first = child;
        spawn();
        wait_ready();
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        pid_t second = child;

        child = first;
        kill(child, SIGCONT);
        assert_int_equal(reap(SIGTERM), 0);
        child = second;
        finish_batch();
    }
    verify_image();
    tear_down();
}

TEST(the_process_has_no_rights_left)
{
    if ( geteuid() )
        skip();
    set_up();
    assert_string_equal(status_of_child("Uid"), "65534\t65534\t65534\t65534");
    assert_string_equal(status_of_child("Groups"), " ");
    assert_string_equal(status_of_child("CapEff"), "0000000000000000");
    assert_string_equal(status_of_child("CapPrm"), "0000000000000000");
    assert_string_equal(status_of_child("NoNewPrivs"), "1");
    assert_string_equal(status_of_child("Seccomp"), "2");
    tear_down();
}

TESTS(
    RUN(the_process_has_no_rights_left),
    RUN(data_goes_to_the_image_and_back),
    RUN(nothing_is_lost_when_the_process_is_killed),
    RUN(an_orderly_end_leaves_the_device_to_a_successor_that_waits_for_the_image),
)
