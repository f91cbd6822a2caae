/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times commands in dom0, by its own clock (under -icount that is instructions):
 *
 *   stopwatch [-n TIMES] [-u FILE TEXT] COMMAND...
 *
 * Runs the command TIMES times, its output thrown away, and prints "stopwatch: NS RC": the
 * nanoseconds of one run, and the first exit status that was not 0.  -u: the time ends only
 * when TEXT is in FILE (60 s at most).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static int run(char **argv)
{
    pid_t pid = fork();
    int status, null;

    if ( pid == 0 ) {
        null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    if ( pid < 0 || waitpid(pid, &status, 0) != pid )
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int appears(const char *file, const char *text)
{
    static char buf[1 << 20];
    double end = now_ns() + 60e9;

    while ( now_ns() < end ) {
        int fd = open(file, O_RDONLY);
        ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof(buf) - 1);

        if ( fd >= 0 )
            close(fd);
        if ( n > 0 ) {
            buf[n] = 0;
            if ( memmem(buf, n, text, strlen(text)) )
                return 0;
        }
        usleep(1000);
    }
    return 1;
}

int main(int argc, char **argv)
{
    const char *file = NULL, *text = NULL;
    int times = 1, rc = 0, i = 1;
    double start;

    while ( i < argc && argv[i][0] == '-' ) {
        if ( !strcmp(argv[i], "-n") && i + 1 < argc ) {
            times = atoi(argv[i + 1]);
            i += 2;
        } else if ( !strcmp(argv[i], "-u") && i + 2 < argc ) {
            file = argv[i + 1];
            text = argv[i + 2];
            i += 3;
        } else {
            break;
        }
    }
    if ( i >= argc || times < 1 ) {
        fprintf(stderr, "usage: stopwatch [-n TIMES] [-u FILE TEXT] COMMAND...\n");
        return 2;
    }
    start = now_ns();
    for ( int k = 0; k < times; k++ ) {
        int r = run(argv + i);

        rc = rc ? rc : r;
    }
    if ( file && appears(file, text) )
        rc = rc ? rc : 1;
    printf("stopwatch: %.0f %d\n", (now_ns() - start) / times, rc);
    return rc != 0;
}
