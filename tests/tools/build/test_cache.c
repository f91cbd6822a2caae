/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening kernels through the cache: found again, corrupt, full, not writable, shared. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "build/image.h"
#include "common.h"
#include "make_image.h"

static uint8_t elf[IMAGE_ROOM], packed[IMAGE_ROOM];
static const struct sandbox_limits limits = {
    .cpu_seconds = 20, .wall_ms = 60000, .unpacked_max = IMAGE_ROOM, .memory_max = 64U << 20,
};
static char *folder, *store;

static int setup(void **state)
{
    folder = folder_make();
    store = strdup(in_folder(folder, "a/cache"));
    return 0;
}

static int teardown(void **state)
{
    folder_remove(folder);
    free(store);
    return 0;
}

static const char *put_kernel(const char *name, enum desc_packing packing, unsigned int salt)
{
    static char kept[16][300];
    static unsigned int next;
    size_t size = make_elf(elf, &image_plain);
    char *const path = kept[next++ % 16];

    snprintf(path, sizeof(kept[0]), "%s/%s", folder, name);

    elf[DATA_AT + 5] = (uint8_t)(salt | 1);
    elf[DATA_AT + 6] = (uint8_t)(salt >> 8);
    if ( packing != PACKING_NONE ) {
        size = make_packed(packed, packing, elf, size);
        file_write(path, packed, size);
    } else {
        file_write(path, elf, size);
    }
    file_age(path);
    return path;
}

/* The times of a file this young are not believed, so wait until they are. */
static void settle(void)
{
    usleep(3100000);
}

/* Open, load, compare, close.  from_cache: what is expected. */
static void use_within(const char *path, const char *cache, uint64_t max, bool from_cache)
{
    struct xn_ctx *ctx = xn_ctx_new();
    const size_t files = open_files();
    uint8_t data[0x10000];
    struct image *im;
    int rc;

    xn_set_log(ctx, XN_ERROR, NULL, NULL);
    rc = image_open_with(ctx, path, cache, parse_image, &limits, &im);
    if ( rc )
        fail_msg("%s", xn_why(ctx));
    im->cache.max_bytes = max;
    assert_int_equal(im->from_cache, from_cache);
    assert_int_equal(image_load(ctx, im, 0, data), 0);
    assert_memory_equal(data, elf + DATA_AT, sizeof(data));
    image_close(im);
    assert_int_equal(open_files(), files);
    xn_ctx_free(ctx);
}

static void use(const char *path, bool from_cache)
{
    use_within(path, store, CACHE_MAX_BYTES, from_cache);
}

static void second_time_it_comes_from_the_cache(void **state)
{
    const char *path = put_kernel("k", PACKING_XZ, 1);
    struct stat st;

    use(path, false);
    assert_int_equal(files_in(store, "k-"), 1);
    assert_int_equal(stat(store, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    use(path, true);                                /* by its hash: the file is too young */
    use(put_kernel("copy", PACKING_XZ, 1), true);   /* the same kernel elsewhere */
    use(put_kernel("k", PACKING_XZ, 2), false);     /* another one in its place */
    use(path, true);
    assert_int_equal(files_in(store, "k-"), 2);
    assert_int_equal(files_in(store, "tmp-"), 0);
}

static int never(const uint8_t *f, size_t n, const struct parse_output *o, struct image_desc *d,
                 struct image_error *e)
{
    return image_refuse(e, "the parser was asked");
}

static void settled_files_are_known_by_their_times(void **state)
{
    const char *path = put_kernel("k", PACKING_GZIP, 1), *plain = put_kernel("plain", PACKING_NONE, 1);
    struct xn_ctx *ctx = xn_ctx_new();
    struct image *im;

    settle();
    use(path, false);
    use(plain, false);
    assert_int_equal(files_in(store, "n-"), 2);
    use(path, true);
    /* Neither is parsed again. */
    assert_int_equal(image_open_with(ctx, plain, store, never, &limits, &im), 0);
    image_close(im);
    assert_int_equal(image_open_with(ctx, path, store, never, &limits, &im), 0);
    image_close(im);
    /* Touched: the plain one is. */
    file_age(plain);
    assert_int_equal(image_open_with(ctx, plain, store, never, &limits, &im), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "the parser was asked"));
    xn_ctx_free(ctx);
}

/* Change one byte of the only file that begins with prefix, or cut it. */
static void damage(const char *prefix, off_t at, bool cut)
{
    char command[600];
    FILE *f;
    char name[256] = "";
    uint8_t c;
    int fd;

    snprintf(command, sizeof(command), "ls %s | grep '^%s'", store, prefix);
    f = popen(command, "r");
    assert_non_null(fgets(name, sizeof(name), f));
    pclose(f);
    name[strcspn(name, "\n")] = '\0';
    fd = open(in_folder(store, name), O_RDWR);
    assert_true(fd >= 0);
    if ( cut ) {
        assert_int_equal(ftruncate(fd, at), 0);
    } else {
        assert_int_equal(pread(fd, &c, 1, at), 1);
        c ^= 0x10;
        assert_int_equal(pwrite(fd, &c, 1, at), 1);
    }
    close(fd);
}

static void corrupt_entries_are_dropped_and_made_again(void **state)
{
    const off_t places[] = { 0, 9, 30, 64, 400, 1000, 4096, 4096 + 0xffff };
    const char *path = put_kernel("k", PACKING_ZSTD, 1);

    use(path, false);
    for ( size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++ ) {
        damage("k-", places[i], false);
        use(path, places[i] >= 4096);               /* a bad segment is found on loading */
        assert_int_equal(files_in(store, "k-"), 1);
        use(path, true);
    }
    for ( off_t size = 0; size < 0x12000; size += 5000 ) {
        damage("k-", size, true);
        use(path, false);
        use(path, true);
    }
}

static void corrupt_notes_are_dropped(void **state)
{
    const char *path = put_kernel("k", PACKING_ZSTD, 1);

    settle();
    use(path, false);
    for ( off_t at = 0; at < 1200; at += 37 ) {
        assert_int_equal(files_in(store, "n-"), 1);
        damage("n-", at, false);
        use(path, true);
    }
    damage("n-", 10, true);
    use(path, true);
}

static void it_keeps_to_its_limit_and_drops_the_oldest(void **state)
{
    const uint64_t max = 5 * 0x12000;
    char name[16];

    for ( unsigned int i = 0; i < 9; i++ ) {
        snprintf(name, sizeof(name), "k%u", i);
        use_within(put_kernel(name, PACKING_LZ4, i * 2), store, max, false);
        use_within(put_kernel("k0", PACKING_LZ4, 0), store, max, true);     /* in use: stays */
        assert_true(files_in(store, "k-") <= 5);
    }
    assert_true(files_in(store, "k-") >= 3);
    use_within(put_kernel("k0", PACKING_LZ4, 0), store, max, true);
    use_within(put_kernel("k1", PACKING_LZ4, 2), store, max, false);
    /* Larger than all of it: not kept, no harm. */
    use_within(put_kernel("big", PACKING_LZ4, 200), store, 4096, false);
}

static void a_cache_that_cannot_be_used_is_no_failure(void **state)
{
    const char *path = put_kernel("k", PACKING_LZMA, 1);
    char *no_folder = strdup(in_folder(folder, "k/below-a-file"));

    use_within(path, "", CACHE_MAX_BYTES, false);
    use_within(path, "/proc/no/such", CACHE_MAX_BYTES, false);
    use_within(path, no_folder, CACHE_MAX_BYTES, false);
    use(path, false);
    /* Others could have written there. */
    assert_int_equal(chmod(store, 0777), 0);
    use(path, false);
    assert_int_equal(chmod(store, 0700), 0);
    use(path, true);
    if ( !geteuid() ) {
        assert_int_equal(chown(store, 65534, 65534), 0);
        use(path, false);
        assert_int_equal(chown(store, 0, 0), 0);
    }
    free(no_folder);
}

/* /dev/full cannot be a folder; a tiny tmpfs can be filled, where we may mount one. */
static void a_full_disk_leaves_nothing_half_written(void **state)
{
    char *small = strdup(in_folder(folder, "small")), command[700];
    char *cache = NULL;

    mkdir(small, 0700);
    snprintf(command, sizeof(command), "mount -t tmpfs -o size=40k none %s 2>/dev/null", small);
    if ( system(command) ) {
        free(small);
        skip();
    }
    cache = strdup(in_folder(small, "cache"));
    use_within(put_kernel("k", PACKING_XZ, 1), cache, CACHE_MAX_BYTES, false);
    use_within(put_kernel("k", PACKING_XZ, 1), cache, CACHE_MAX_BYTES, false);
    assert_int_equal(files_in(cache, ""), 0);
    snprintf(command, sizeof(command), "umount %s", small);
    assert_int_equal(system(command), 0);
    free(cache);
    free(small);
}

static void many_at_once_do_not_disturb_each_other(void **state)
{
    enum { PROCESSES = 8, ROUNDS = 12, KERNELS = 4 };
    int status, bad = 0;

    for ( unsigned int k = 0; k < KERNELS; k++ ) {
        char name[16];

        snprintf(name, sizeof(name), "k%u", k);
        put_kernel(name, PACKING_GZIP, k * 2);
    }
    for ( unsigned int p = 0; p < PROCESSES; p++ ) {
        if ( fork() )
            continue;
        for ( unsigned int i = 0; i < ROUNDS; i++ ) {
            const unsigned int k = (p + i) % KERNELS;
            struct xn_ctx *ctx = xn_ctx_new();
            static uint8_t data[0x10000];
            struct image *im;
            char name[16];

            snprintf(name, sizeof(name), "k%u", k);
            if ( image_open_with(ctx, in_folder(folder, name), store, parse_image, &limits, &im) ||
                 image_load(ctx, im, 0, data) || data[5] != (uint8_t)(k * 2 | 1) )
                _exit(1);
            im->cache.max_bytes = 2 * 0x12000;      /* they throw out each other's */
            image_close(im);
            xn_ctx_free(ctx);
        }
        _exit(0);
    }
    for ( unsigned int p = 0; p < PROCESSES; p++ ) {
        wait(&status);
        bad += status != 0;
    }
    assert_int_equal(bad, 0);
    assert_int_equal(files_in(store, "tmp-"), 0);
}

static void bad_files_are_named(void **state)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct image *im;

    file_write(in_folder(folder, "empty"), "", 0);
    file_write(in_folder(folder, "text"), "hello", 5);
    assert_int_equal(mkfifo(in_folder(folder, "fifo"), 0600), 0);
    assert_int_equal(image_open_with(ctx, in_folder(folder, "none"), store, parse_image, &limits,
                                     &im), -ENOENT);
    assert_non_null(strstr(xn_why(ctx), "/none: No such file or directory"));
    assert_null(im);
    assert_int_equal(image_open_with(ctx, in_folder(folder, "empty"), store, parse_image, &limits,
                                     &im), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "/empty: is empty"));
    assert_int_equal(image_open_with(ctx, folder, store, parse_image, &limits, &im), -EISDIR);
    assert_int_equal(image_open_with(ctx, in_folder(folder, "fifo"), store, parse_image, &limits,
                                     &im), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "not a regular file"));
    assert_int_equal(image_open_with(ctx, in_folder(folder, "text"), store, parse_image, &limits,
                                     &im), -EINVAL);
    assert_non_null(strstr(xn_why(ctx), "not a kernel"));
    assert_int_equal(files_in(store, ""), 0);
    xn_ctx_free(ctx);
}

static void checksum_is_the_same_in_parts_and_finds_changes(void **state)
{
    static uint8_t data[10000];
    const size_t parts[] = { 32, 64, 96, 4096, 9984 };

    for ( size_t i = 0; i < sizeof(data); i++ )
        data[i] = (uint8_t)(i * 31 >> 2);
    for ( size_t size = 0; size <= sizeof(data); size += size < 200 ? 1 : 1957 ) {
        const uint64_t sum = cache_sum(data, size);

        for ( size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++ ) {
            struct cache_summer s = { .length = 0 };

            for ( size_t at = 0; at < size; at += parts[k] )
                cache_sum_add(&s, data + at, size - at < parts[k] ? size - at : parts[k]);
            assert_true(cache_sum_end(&s) == sum);
        }
        if ( size < sizeof(data) )
            assert_true(cache_sum(data, size + 1) != sum);
        for ( size_t at = 0; at < size; at += 13 ) {
            data[at] ^= 0x40;
            assert_true(cache_sum(data, size) != sum);
            data[at] ^= 0x40;
        }
    }
}

/* A kernel larger than the pieces that it is written in. */
static void a_kernel_of_many_pieces_comes_back(void **state)
{
    struct image_spec s = image_plain;
    struct xn_ctx *ctx = xn_ctx_new();
    static uint8_t data[0x3f123];
    size_t size;

    s.filesz = sizeof(data);
    s.memsz = 0x50000;
    size = make_packed(packed, PACKING_LZ4, elf, make_elf(elf, &s));
    file_write(in_folder(folder, "big"), packed, size);
    for ( unsigned int i = 0; i < 3; i++ ) {
        struct image *im;

        assert_int_equal(image_open_with(ctx, in_folder(folder, "big"), store, parse_image, &limits,
                                         &im), 0);
        assert_int_equal(im->from_cache, i > 0);
        memset(data, 0, sizeof(data));
        assert_int_equal(image_load(ctx, im, 0, data), 0);
        assert_int_equal(im->from_cache, i > 0);        /* not found corrupt */
        assert_memory_equal(data, elf + DATA_AT, sizeof(data));
        image_close(im);
    }
    xn_ctx_free(ctx);
}

static void hash_of_known_texts(void **state)
{
    static const struct {
        size_t size;
        const char *hex;
    } table[] = {       /* as Python's hashlib has them */
        { 0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8" },
        { 1, "ee155ace9c40292074cb6aff8c9ccdd273c81648ff1149ef36bcea6ebb8a3e25" },
        { 3, "9facd640130c81e7f318a8d5c660bc1b0f5d03861ffbd4cc1358e0e904593c28" },
        { 127, "f609ab2904b340cd075920018e0e3c6f6a90a3dae3edf03d3cccc0634a81ffe3" },
        { 128, "0702c64922fb7635a1b799668a7e89ba9c5fe55ed7bd2fdecb001544073afad9" },
        { 129, "490091b32bad7b3380c9e593d341bce9b73ff9d4ebcf0091ff932bdff7279897" },
        { 256, "3d0cb2693dfbac42af5a6cc960953fea8714aa39c4bcd054ef61d6b5e98ade4a" },
        { 300, "76ac22c0adfbff56677166e09da7f7efb0dcdd08d7289669c098e8ee9f5fc310" },
    };
    uint8_t text[300], digest[BLAKE2B_BYTES];
    char hex[2 * BLAKE2B_BYTES + 1];

    for ( size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++ ) {
        for ( size_t k = 0; k < table[i].size; k++ )
            text[k] = (uint8_t)(k * 7 + table[i].size);
        for ( size_t piece = 1; piece <= sizeof(text); piece++ ) {
            struct blake2b b;

            blake2b_init(&b);
            for ( size_t at = 0; at < table[i].size; at += piece )
                blake2b_add(&b, text + at,
                            table[i].size - at < piece ? table[i].size - at : piece);
            blake2b_end(&b, digest);
            for ( size_t k = 0; k < BLAKE2B_BYTES; k++ )
                sprintf(hex + 2 * k, "%02x", digest[k]);
            assert_string_equal(hex, table[i].hex);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_time_it_comes_from_the_cache),
        TEST(settled_files_are_known_by_their_times),
        TEST(corrupt_entries_are_dropped_and_made_again),
        TEST(corrupt_notes_are_dropped),
        TEST(it_keeps_to_its_limit_and_drops_the_oldest),
        TEST(a_cache_that_cannot_be_used_is_no_failure),
        TEST(a_full_disk_leaves_nothing_half_written),
        TEST(many_at_once_do_not_disturb_each_other),
        TEST(bad_files_are_named),
        cmocka_unit_test(checksum_is_the_same_in_parts_and_finds_changes),
        TEST(a_kernel_of_many_pieces_comes_back),
        cmocka_unit_test(hash_of_known_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
