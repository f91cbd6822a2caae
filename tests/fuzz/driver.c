/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plain substitute for libFuzzer where clang's runtime is missing: takes the same options
 * (as far as it knows them), loads the corpus, and runs random mutations of it until time
 * is up.  The input at work is in a file, so that a crash leaves it behind.
 */
#include "fuzz.h"

#undef snprintf
int snprintf(char *buf, size_t size, const char *fmt, ...);

#include <dirent.h>
#include <sys/mman.h>
#include <time.h>
#include <fcntl.h>
#include <unistd.h>

#define SEEDS_MAX 512
#define LEN_MAX   65536

static struct {
    uint8_t *p;
    size_t len;
} seeds[SEEDS_MAX];
static size_t nr_seeds;
static uint64_t state = 88172645463325252;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void load(const char *path)
{
    FILE *f = fopen(path, "rb");

    if ( !f || nr_seeds >= SEEDS_MAX )
        return;
    seeds[nr_seeds].p = malloc(LEN_MAX);
    seeds[nr_seeds].len = fread(seeds[nr_seeds].p, 1, LEN_MAX, f);
    nr_seeds++;
    fclose(f);
}

static void load_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char name[1024];

    while ( d && (e = readdir(d)) )
        if ( e->d_name[0] != '.' ) {
            sprintf(name, "%.500s/%.500s", path, e->d_name);
            load(name);
        }
    if ( d )
        closedir(d);
}

/* Some changes of @p in place; returns the new length. */
static size_t mutate(uint8_t *p, size_t len)
{
    static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff };

    for ( int n = 1 + next_random() % 6; n; n-- ) {
        const size_t at = len ? next_random() % len : 0;

        switch ( len ? next_random() % 5 : 3 ) {
        case 0:
            p[at] ^= 1 << next_random() % 8;
            break;
        case 1:
            p[at] = odd[next_random() % sizeof(odd)];
            break;
        case 2:
            len = at;
            break;
        case 3:
            if ( len < LEN_MAX )
                p[len++] = next_random();
            break;
        default:
            memmove(p + at, p + next_random() % len / 2, (len - at) / 2);
        }
    }
    return len;
}

static void run_one(const uint8_t *p, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);     /* so that overreads are seen */

    memcpy(exact, p, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

int main(int argc, char **argv)
{
    long seconds = 10, runs = 0;
    char path[1024] = "crash";
    uint8_t *work;
    int fd;

    for ( int i = 1; i < argc; i++ ) {
        if ( !strncmp(argv[i], "-max_total_time=", 16) )
            seconds = atol(argv[i] + 16);
        else if ( !strncmp(argv[i], "-artifact_prefix=", 17) )
            snprintf(path, sizeof(path), "%scrash", argv[i] + 17);
        else if ( argv[i][0] != '-' )
            load_folder(argv[i]);
    }

    /* The first page counts the bytes; the rest is the input. */
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
    if ( fd < 0 || ftruncate(fd, 4096 + LEN_MAX) != 0 )
        return 2;
    work = mmap(NULL, 4096 + LEN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if ( work == MAP_FAILED )
        return 2;

    for ( size_t i = 0; i < nr_seeds; i++ )
        run_one(seeds[i].p, seeds[i].len);

    for ( const time_t end = time(NULL) + seconds; time(NULL) < end; runs++ ) {
        size_t len = 0;

        if ( nr_seeds ) {
            const size_t s = next_random() % nr_seeds;

            len = seeds[s].len;
            memcpy(work + 4096, seeds[s].p, len);
        }
        len = mutate(work + 4096, len);
        sprintf((char *)work, "%zu bytes from offset 4096\n", len);
        run_one(work + 4096, len);
    }
    unlink(path);
    printf("%ld runs over %zu seeds\n", runs, nr_seeds);
    return 0;
}
