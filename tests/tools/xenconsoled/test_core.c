/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ring, history and log file by themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"
#include "logfile.h"
#include "ring.h"
#include "settings.h"
#include "util.h"

static char dir[64];

static int make_dir(void **state)
{
    strcpy(dir, "/tmp/xc-core-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* Every pair of indexes from the edges: no more than is there, never outside. */
static void ring_survives_any_indexes(void **state)
{
    static const uint32_t edges[] = { 0, 1, 1023, 1024, 1025, 2047, 2048, 2049, 0x7fffffff,
                                      0x80000000, 0xfffff800, 0xffffffff };
    struct xencons_interface *r = malloc(sizeof(*r));
    char buf[2048];

    memset(r, 'x', sizeof(*r));
    for ( size_t i = 0; i < 144; i++ ) {
        const uint32_t cons = edges[i / 12], prod = edges[i % 12];
        uint32_t next;
        size_t n, room;
        bool broken;

        r->out_cons = r->in_cons = cons;
        r->out_prod = r->in_prod = prod;
        n = ring_peek(r, buf, sizeof(buf), &next, &broken);
        assert_int_equal(broken, prod - cons > 2048);
        assert_int_equal(n, broken ? 0 : prod - cons);
        assert_int_equal(next, prod);
        room = ring_room(r, &broken);
        assert_int_equal(broken, prod - cons > 1024);
        assert_int_equal(room, broken ? 1024 : 1024 - (prod - cons));
        memset(buf, 'y', sizeof(buf));
        ring_put(r, buf, room);
        assert_int_equal(r->in_prod - r->in_cons, 1024);
    }
    free(r);
}

static void ring_gives_no_more_than_asked(void **state)
{
    struct xencons_interface r = { .out = "hello", .out_prod = 5 };
    char buf[8] = "--------";
    uint32_t next;
    bool broken;

    assert_int_equal(ring_peek(&r, buf, 2, &next, &broken), 2);
    assert_memory_equal(buf, "he------", 8);
    assert_int_equal(next, 2);
    assert_int_equal(r.out_cons, 0);
}

static const uint8_t uuid[16] = { 1, 2, 3 }, other[16] = { 9 };

static void history_keeps_the_newest(void **state)
{
    struct history h;
    uint64_t pos = 0, lost;
    char buf[64];

    assert_int_equal(history_open(&h, dir, 1, 0, uuid, 16), 0);
    assert_true(h.saved);
    for ( int i = 0; i < 10; i++ )
        history_put(&h, "0123456789", 10);
    assert_int_equal(history_head(&h), 100);
    assert_int_equal(history_tail(&h), 84);
    assert_int_equal(history_get(&h, &pos, buf, sizeof(buf), &lost), 16);
    assert_int_equal(lost, 84);
    assert_memory_equal(buf, "4567890123456789", 16);
    assert_int_equal(pos, 100);
    assert_int_equal(history_get(&h, &pos, buf, sizeof(buf), &lost), 0);
    pos = 1000;                         /* from a viewer: beyond the end */
    assert_int_equal(history_get(&h, &pos, buf, sizeof(buf), &lost), 0);
    assert_int_equal(pos, 100);
    history_put(&h, "abcdefghijklmnopqrstuvwxyz", 26);  /* more than it holds */
    pos = 0;
    assert_int_equal(history_get(&h, &pos, buf, sizeof(buf), &lost), 16);
    assert_memory_equal(buf, "klmnopqrstuvwxyz", 16);
    history_close(&h, true);
    assert_int_equal(access(h.path, F_OK), -1);
}

static void history_is_found_again(void **state)
{
    struct history h;
    uint64_t pos = 0, lost;
    char buf[64];

    assert_int_equal(history_open(&h, dir, 1, 0, uuid, 4096), 0);
    history_put(&h, "hello", 5);
    history_close(&h, false);
    assert_int_equal(history_open(&h, dir, 1, 0, uuid, 4096), 0);
    assert_int_equal(history_get(&h, &pos, buf, sizeof(buf), &lost), 5);
    history_close(&h, false);
    assert_int_equal(history_load(&h, h.path), 0);
    assert_int_equal(history_head(&h), 5);
    history_close(&h, false);
    assert_int_equal(history_open(&h, dir, 1, 0, other, 4096), 0);     /* another domain */
    assert_int_equal(history_head(&h), 0);
    history_put(&h, "hello", 5);
    history_close(&h, false);
    assert_int_equal(history_open(&h, dir, 1, 0, other, 8192), 0);     /* another size */
    assert_int_equal(history_head(&h), 0);
    history_close(&h, true);
}

/* Each byte of the header spoilt in turn: refused or usable, nothing read outside. */
static void damaged_history_is_harmless(void **state)
{
    struct history h;
    char buf[8192], path[128];

    for ( size_t at = 0; at < sizeof(struct history_file); at++ ) {
        uint64_t pos = 0, lost;
        int fd;

        assert_int_equal(history_open(&h, dir, 5, 0, uuid, 4096), 0);
        history_put(&h, "hello", 5);
        strcpy(path, h.path);
        history_close(&h, false);
        fd = open(path, O_RDWR);
        assert_int_equal(pwrite(fd, "\xff", 1, (off_t)at), 1);
        close(fd);
        if ( history_load(&h, path) == 0 ) {
            history_get(&h, &pos, buf, sizeof(buf), &lost);
            history_put(&h, buf, 100);
            history_close(&h, false);
        }
        unlink(path);
    }
}

static void history_without_space_is_in_memory(void **state)
{
    struct history h;
    uint64_t pos = 0, lost;
    char buf[8];

    assert_int_equal(history_open(&h, "/nonexistent", 1, 0, uuid, 4096), 0);
    assert_false(h.saved);
    history_put(&h, "hello", 5);
    assert_int_equal(history_get(&h, &pos, buf, sizeof(buf), &lost), 5);
    history_close(&h, true);
}

static void log_appends_and_cuts(void **state)
{
    struct logfile l = { .fd = -1 };
    char path[96];
    struct stat st;

    snprintf(path, sizeof(path), "%s/log", dir);
    assert_int_equal(logfile_open(&l, path, false), 0);
    assert_true(logfile_write(&l, "one\n", 4));
    logfile_close(&l);
    assert_int_equal(logfile_open(&l, path, false), 0);
    assert_int_equal(l.size, 4);
    assert_true(logfile_write(&l, "two\n", 4));
    logfile_cut(&l, 6);
    logfile_cut(&l, 100);               /* not longer than it is */
    logfile_close(&l);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 6);
    assert_int_equal(st.st_mode & 07777 & 0027, 0);
    assert_false(logfile_write(&l, "x", 1));
}

static void numbers_are_whole(void **state)
{
    static const struct { const char *text; bool ok; uint64_t value; } rows[] = {
        { "0", true, 0 }, { "42", true, 42 }, { "100", true, 100 }, { "101", false, 0 },
        { "", false, 0 }, { "-1", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 },
        { "0x1", false, 0 }, { "18446744073709551616", false, 0 },
        { "184467440737095516160000", false, 0 }, { "+1", false, 0 },
    };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ ) {
        uint64_t v = 0;

        assert_int_equal(parse_number(rows[i].text, 100, &v), rows[i].ok);
        if ( rows[i].ok )
            assert_int_equal(v, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_survives_any_indexes),
        cmocka_unit_test(ring_gives_no_more_than_asked),
        cmocka_unit_test(history_keeps_the_newest),
        cmocka_unit_test(history_is_found_again),
        cmocka_unit_test(damaged_history_is_harmless),
        cmocka_unit_test(history_without_space_is_in_memory),
        cmocka_unit_test(log_appends_and_cuts),
        cmocka_unit_test(numbers_are_whole),
    };

    umask(027);
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
