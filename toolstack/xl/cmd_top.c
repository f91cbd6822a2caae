/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl top: its options, and samples as plain text or JSON.  xentop is the same by another name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

#define MIN_DELAY 0.1
#define MAX_DELAY 86400

static bool parse_delay(const char *text, double *delay)
{
    char *end;
    const double value = strtod(text, &end);

    *delay = value;
    return end != text && !*end && value >= MIN_DELAY && value <= MAX_DELAY;
}

static int parse_option(int opt, struct top_options *o)
{
    switch ( opt ) {
    case 'b': o->batch = true; break;
    case 'n': o->nets = true; break;
    case 'x': o->vbds = true; break;
    case 'v': o->vcpus = true; break;
    case 'r': o->headers = true; break;
    case 'f': o->full_name = true; break;
    case 'z': o->dom0_first = true; break;
    case OPT_JSON: o->json = o->batch = true; break;
    case 'd':
        if ( !parse_delay(optarg, &o->delay) )
            return xl_error("top: -d: '%s' is no number of seconds from %g to %d", optarg,
                            MIN_DELAY, MAX_DELAY);
        break;
    case 'i':
        if ( !xl_number(optarg, 1, INT32_MAX, &o->iterations) )
            return xl_error("top: -i: '%s' is no number of samples", optarg);
        break;
    default: break;
    }
    return 0;
}

static void print_line(void *data, const char *line, bool is_header)
{
    puts(line);
}

/* Sleep; a reader that went away ends it early. */
static void pause_for(double seconds)
{
    const struct timespec t = {
        .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
    };

    nanosleep(&t, NULL);
}

static int run_batch(const struct top_options *o)
{
    struct top_sample last = { 0 };
    int status = XL_OK;

    for ( long i = 0; !o->iterations || i < o->iterations; i++ ) {
        struct top_sample s = { 0 };

        if ( i )
            pause_for(o->delay);
        if ( top_take(&s, i ? &last : NULL, o->vcpus || o->json) ) {
            status = xl_failed(NULL, "top");
            break;
        }
        top_sort(&s, o);
        if ( o->json )
            top_json(&s);
        else
            top_lines(&s, o, print_line, NULL);
        top_free(&last);
        last = s;
        if ( fflush(stdout) ) {
            status = XL_FAILED;         /* nobody reads any more */
            break;
        }
    }
    top_free(&last);
    return status;
}

int cmd_top(int argc, char **argv)
{
    struct top_options o = { .delay = 3, .sort = TOP_NAME };
    int opt;

    while ( (opt = xl_getopt(argc, argv)) != -1 ) {
        if ( opt == 'V' ) {
            printf("xl top (Xenolith) %s\n", VERSION);
            return XL_OK;
        }
        if ( parse_option(opt, &o) )
            return XL_USAGE;
    }
    return o.batch ? run_batch(&o) : top_screen(&o);
}
