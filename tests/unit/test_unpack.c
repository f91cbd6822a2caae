/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests of boot/unpack: what the real tools packed comes out again, whatever is
 * damaged is refused, and no byte outside the buffers is touched (by the sanitizer).
 */
#include "cm.h"

#include "base/errno.h"
#include "boot/unpack/bcj_x86.h"
#include "boot/unpack/bzimage.h"
#include "boot/unpack/unpack.h"
#include "boot/unpack/unpack_job.h"

static int live_blocks;

static void *host_alloc(void *ctx, size_t bytes)
{
    live_blocks++;
    assert_true(bytes <= 256 << 10);
    return malloc(bytes);
}

static void host_free(void *ctx, void *p, size_t bytes)
{
    live_blocks--;
    free(p);
}

static const struct unpack_alloc mem = { host_alloc, host_free, NULL };

static void *no_alloc(void *ctx, size_t bytes)
{
    return NULL;
}

struct buffer {
    uint8_t *p;
    size_t len;
};

static const struct tool {
    const char *name, *command;
    bool is_checked;                    /* the format has a checksum of the contents */
} tools[] = {
    { "gzip", "gzip -1nc", true },
    { "gzip", "gzip -9nc", true },
    { "xz", "xz -6 --check=crc32 -c", true },
    { "xz", "xz -0 --check=crc64 -c", true },
    { "xz", "xz -T2 --block-size=20000 --check=crc32 -c", true },
    { "xz", "xz --check=crc32 --x86 --lzma2=preset=6,dict=1MiB -c", true },
    { "xz", "xz --x86=start=4096 --block-size=30000 --lzma2=lc=4,lp=0,pb=0 -c", true },
    { "xz", "xz --check=none --lzma2=lc=0,lp=4,pb=4 -c", false },
    { "zstd", "zstd -q -1 -c", true },
    { "zstd", "zstd -q -19 -c", true },
    { "zstd", "zstd -q --ultra -22 --no-check -c", false },
    { "zstd", "zstd -q --fast=9 -c", true },
    { "lz4", "lz4 -q -l -1 -c", false },
    { "lz4", "lz4 -q -l -9 -c", false },
};

static struct buffer read_all(FILE *f)
{
    struct buffer b = { NULL, 0 };
    size_t room = 0, n;

    do {
        if ( b.len + 65536 > room )
            b.p = realloc(b.p, room += 1 << 20);
        n = fread(b.p + b.len, 1, 65536, f);
        b.len += n;
    } while ( n );
    b.p = realloc(b.p, b.len ? b.len : 1);      /* exact, so that overreads are seen */
    return b;
}

/* NULL if the tool is not installed. */
static struct buffer pack(const struct tool *t, struct buffer in)
{
    char path[] = "/tmp/test_unpack.XXXXXX", command[256];
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");
    struct buffer b;

    assert_int_equal(fwrite(in.p, 1, in.len, f), in.len);
    fclose(f);
    sprintf(command, "%s < %s", t->command, path);
    f = popen(command, "r");
    b = read_all(f);
    if ( pclose(f) != 0 ) {
        free(b.p);
        b.p = NULL;
    }
    remove(path);
    return b;
}

static int64_t unpack_buffer(struct buffer in, struct buffer out)
{
    const char *why = NULL;
    const int64_t n = unpack(in.p, in.len, out.p, out.len, &mem, &why);

    CHECK_EQ(live_blocks, 0);
    assert_true(n >= 0 || why != NULL);
    if ( n < 0 && getenv("VERBOSE") )
        print_message("%s\n", why);
    return n;
}

/* Contents of many kinds: text, code, runs, noise, every distance. */
static struct buffer make_input(unsigned int kind)
{
    struct buffer b = { malloc(1 << 20), 0 };
    uint64_t seed = kind * 77 + 1;
    FILE *f;

    switch ( kind ) {
    case 0:
        b.p[0] = 'x';
        b.len = 1;
        break;
    case 1:                                     /* a program, for the branch filter */
        f = fopen("/proc/self/exe", "rb");
        b.len = fread(b.p, 1, 300000, f);
        fclose(f);
        break;
    case 2:                                     /* opcode bytes side by side */
        for ( ; b.len < 60000; b.len++ )
            b.p[b.len] = "\xe8\xe9\x00\xff\x01"[next_random(&seed) % 5];
        break;
    case 3:
        memset(b.p, 0, b.len = 200000);
        break;
    case 4:
        for ( ; b.len < 150000; b.len++ )
            b.p[b.len] = next_random(&seed);
        break;
    default:                                    /* noise, runs and copies mixed */
        while ( b.len < 250000 ) {
            const size_t n = next_random(&seed) % 700 + 1;
            const uint64_t what = next_random(&seed) % 3;
            const size_t from = next_random(&seed) % (b.len + 1);

            for ( size_t i = 0; i < n; i++, b.len++ )
                b.p[b.len] = what == 0 ? next_random(&seed) >> 60 :
                             what == 1 ? n : from + i < b.len ? b.p[from + i] : 0;
        }
    }
    b.p = realloc(b.p, b.len);
    return b;
}

#define NR_INPUTS 6

TEST(what_the_tools_pack_comes_out_again)
{
    int nr_missing = 0;

    for ( unsigned int kind = 0; kind < NR_INPUTS; kind++ ) {
        const struct buffer in = make_input(kind);

        for ( size_t t = 0; t < ARRAY_SIZE(tools); t++ ) {
            struct buffer squeezed = pack(&tools[t], in), out = { malloc(in.len), in.len };

            if ( squeezed.p ) {
                CHECK_STR(unpack_format(squeezed.p, squeezed.len), tools[t].name);
                if ( unpack_buffer(squeezed, out) != (int64_t)in.len ||
                     memcmp(out.p, in.p, in.len) != 0 )
                    fail_msg("%s of input %u came out wrong", tools[t].command, kind);

                /* One byte too little room. */
                out.len--;
                CHECK_EQ(unpack_buffer(squeezed, out), -XEN_ENOSPC);
            } else {
                nr_missing++;
                print_message("not there: %s\n", tools[t].command);
            }
            free(squeezed.p);
            free(out.p);
        }
        free(in.p);
    }
    assert_true(nr_missing < (int)ARRAY_SIZE(tools) * NR_INPUTS / 2);
}

TEST(bytes_after_the_stream_do_not_matter)
{
    const struct buffer in = make_input(5);

    for ( size_t t = 0; t < ARRAY_SIZE(tools); t++ ) {
        struct buffer squeezed = pack(&tools[t], in), out = { malloc(in.len), in.len };

        if ( squeezed.p ) {
            squeezed.p = realloc(squeezed.p, squeezed.len + 4);
            memcpy(squeezed.p + squeezed.len, "\x12\x34\x56\x00", 4);
            squeezed.len += 4;
            CHECK_EQ(unpack_buffer(squeezed, out), in.len);
        }
        free(squeezed.p);
        free(out.p);
    }
    free(in.p);
}

/* A small input whose every truncation can be tried. */
static struct buffer make_small(void)
{
    struct buffer b = make_input(5);

    b.len = 3000;
    b.p = realloc(b.p, b.len);
    return b;
}

TEST(every_truncation_is_refused)
{
    const struct buffer in = make_small();

    for ( size_t t = 0; t < ARRAY_SIZE(tools); t++ ) {
        struct buffer squeezed = pack(&tools[t], in), out = { malloc(in.len), in.len };

        for ( size_t len = 0; squeezed.p && len < squeezed.len; len++ ) {
            struct buffer cut = { malloc(len ? len : 1), len };

            memcpy(cut.p, squeezed.p, len);
            if ( unpack_buffer(cut, out) >= 0 )
                fail_msg("%s: %zu of %zu bytes were enough", tools[t].command, len, squeezed.len);
            free(cut.p);
        }
        free(squeezed.p);
        free(out.p);
    }
    free(in.p);
}

TEST(damage_never_passes_as_the_contents)
{
    const struct buffer in = make_small();
    uint64_t seed = 99;

    for ( size_t t = 0; t < ARRAY_SIZE(tools); t++ ) {
        struct buffer squeezed = pack(&tools[t], in), out = { malloc(in.len), in.len };

        for ( size_t round = 0; squeezed.p && round < 3000; round++ ) {
            const size_t at = next_random(&seed) % squeezed.len;
            const uint8_t bit = 1 << next_random(&seed) % 8;

            squeezed.p[at] ^= bit;
            if ( unpack_buffer(squeezed, out) >= 0 && tools[t].is_checked &&
                 memcmp(out.p, in.p, in.len) != 0 )
                fail_msg("%s: flipped bit at %zu went unnoticed", tools[t].command, at);
            squeezed.p[at] ^= bit;
        }
        free(squeezed.p);
        free(out.p);
    }
    free(in.p);
}

TEST(odd_requests_get_an_answer)
{
    static const struct unpack_alloc none = { no_alloc, host_free, NULL };
    const char *why = "";
    uint8_t out[10];

    CHECK_EQ(unpack("BZh91AY", 7, out, 10, &mem, &why), -XEN_EINVAL);
    assert_non_null(strstr(why, "unknown compression"));
    CHECK_EQ(unpack("", 0, out, 10, &mem, &why), -XEN_EINVAL);
    CHECK_EQ(unpack("\x1f\x8b\x08", 3, out, 10, &none, &why), -XEN_ENOMEM);
    CHECK_EQ(unpack("\xfd" "7zXZ\0\0\x0a\xe1\xfb\x0c\xa1", 12, out, 10, &mem, &why),
             -XEN_EOPNOTSUPP);
    assert_non_null(strstr(why, "checks"));
    assert_null(unpack_format("\x28\xb5\x2f", 3));
}

/* A branch filter stream whose operand search would never end. */
TEST(branch_filter_always_ends)
{
    uint8_t b[4096];
    uint64_t seed = 4;

    for ( int round = 0; round < 2000; round++ ) {
        for ( size_t i = 0; i < sizeof(b); i++ )
            b[i] = "\xe8\xe9\x00\xff"[next_random(&seed) % 4];
        const uint32_t start = -(uint32_t)(next_random(&seed) % 4096);

        bcj_x86_decode(b, sizeof(b), start);
    }
}

static void make_bzimage(uint8_t *p, size_t len)
{
    memset(p, 0, len);
    p[0x1f1] = 1;
    p[0x1fe] = 0x55;
    p[0x1ff] = 0xaa;
    memcpy(p + 0x202, "HdrS", 4);
    p[0x206] = 0x0f;
    p[0x207] = 0x02;
    put_le32(p + 0x248, 0x100);
    put_le32(p + 0x24c, len - 1024 - 0x100);
    put_le32(p + len - 4, 123456);
}

TEST(bzimage_payload_is_found_and_checked)
{
    enum { LEN = 2048 };
    static const struct { uint32_t at, value; const char *text; } rows[] = {
        { 0x248, LEN, "truncated" }, { 0x248, 0xffffffff, "truncated" },
        { 0x24c, 0xffffffff, "truncated" }, { 0x24c, 769, "truncated" },
        { 0x24c, 7, "no payload" }, { LEN - 4, 0, "impossible size" },
        { LEN - 4, 0xffffffff, "impossible size" }, { 0x206, 0x207, "too old" },
        { 0x202, 0, "not a bzImage" },
    };
    uint8_t *p = malloc(LEN);
    const char *why = "";
    struct bzimage b;

    make_bzimage(p, LEN);
    CHECK_EQ(bzimage_find(p, LEN, &b, &why), 0);
    assert_ptr_equal(b.payload, p + 1024 + 0x100);
    CHECK_EQ(b.payload_len, LEN - 1024 - 0x100);
    CHECK_EQ(b.unpacked_len, 123456);
    assert_false(b.is_plain);
    for ( size_t i = 0; i < ARRAY_SIZE(rows); i++ ) {
        make_bzimage(p, LEN);
        put_le32(p + rows[i].at, rows[i].value);
        CHECK_EQ(bzimage_find(p, LEN, &b, &why), -XEN_EINVAL);
        if ( !strstr(why, rows[i].text) )
            fail_msg("\"%s\" does not say \"%s\"", why, rows[i].text);
    }
    make_bzimage(p, LEN);
    memcpy(p + 1024 + 0x100, "\177ELF", 4);
    CHECK_EQ(bzimage_find(p, LEN, &b, &why), 0);
    assert_true(b.is_plain);
    CHECK_EQ(b.unpacked_len, b.payload_len);
    assert_false(bzimage_is(p, 0x24f));
    free(p);
}

TESTS(RUN(what_the_tools_pack_comes_out_again), RUN(bytes_after_the_stream_do_not_matter),
      RUN(every_truncation_is_refused), RUN(damage_never_passes_as_the_contents),
      RUN(odd_requests_get_an_answer), RUN(branch_filter_always_ends),
      RUN(bzimage_payload_is_found_and_checked))
