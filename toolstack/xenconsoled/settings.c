/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: the options of Debian's xenconsoled, and our own.
 */
#include "settings.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

struct settings settings = {
    .log_dir = "/var/log/xen/console",
    .run_dir = "/run/xenconsoled",
    .log_size = 16 << 20,
    .log_count = 4,
    .replay = 64 << 10,
    .keep_ended = 600,
    .rate = 2 << 20,
};

enum { OPT_LOG = 256, OPT_LOG_DIR, OPT_PID_FILE, OPT_REPLACE, OPT_LOG_SIZE, OPT_LOG_COUNT,
       OPT_REPLAY, OPT_RUN_DIR, OPT_KEEP_ENDED, OPT_RATE };

static const struct option options[] = {
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { "verbose", no_argument, NULL, 'v' },
    { "interactive", no_argument, NULL, 'i' },
    { "log", required_argument, NULL, OPT_LOG },
    { "log-dir", required_argument, NULL, OPT_LOG_DIR },
    { "pid-file", required_argument, NULL, OPT_PID_FILE },
    { "timestamp", required_argument, NULL, 't' },
    { "overflow-data", required_argument, NULL, 'o' },
    { "replace-escape", no_argument, NULL, OPT_REPLACE },
    { "log-size", required_argument, NULL, OPT_LOG_SIZE },
    { "log-count", required_argument, NULL, OPT_LOG_COUNT },
    { "replay", required_argument, NULL, OPT_REPLAY },
    { "run-dir", required_argument, NULL, OPT_RUN_DIR },
    { "keep-ended", required_argument, NULL, OPT_KEEP_ENDED },
    { "rate", required_argument, NULL, OPT_RATE },
    { NULL, 0, NULL, 0 },
};

static void print_help(const char *program)
{
    printf("Usage: %s [OPTION]...\n"
           "Serve the consoles of all domains: terminals, logs and viewers (xl console).\n\n"
           "  -h, --help                this text\n"
           "  -V, --version             the version\n"
           "  -v, --verbose             report more\n"
           "  -i, --interactive         stay in the foreground, report on stderr\n"
           "  --log=none|guest|hv|all   what to log (none)\n"
           "  --log-dir=DIR             where (%s)\n"
           "  -t, --timestamp=none|guest|hv|all  put the time in front of logged lines (none)\n"
           "  --replace-escape          log a dot for each ESC character\n"
           "  --log-size=SIZE           rotate a log file of this size; 0: never (16M)\n"
           "  --log-count=N             keep N rotated files of each log (4)\n"
           "  -o, --overflow-data=discard|keep  when a terminal's reader is slow: drop the\n"
           "                            oldest output, or make the guest wait (discard)\n"
           "  --replay=SIZE             recent output kept for viewers, a console (64k)\n"
           "  --keep-ended=SECONDS      how long after a domain's end (600)\n"
           "  --rate=SIZE               output taken from one guest in a second (2M)\n"
           "  --pid-file=FILE           write the process number to FILE\n"
           "  --run-dir=DIR             socket and state (%s)\n"
           "SIZE is in bytes, or has k, M or G at its end.  SIGHUP reopens the log files.\n",
           program, settings.log_dir, settings.run_dir);
}

/* none, guest, hv or all. */
static bool parse_what(const char *text, bool *guest, bool *hv)
{
    const bool all = !strcmp(text, "all");

    *guest = all || !strcmp(text, "guest");
    *hv = all || !strcmp(text, "hv");
    return *guest || *hv || !strcmp(text, "none");
}

static bool parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *const units = "kMG";
    char digits[24];
    const size_t n = strlen(text);
    const char *unit = n ? strchr(units, text[n - 1]) : NULL;

    if ( !n || n >= sizeof(digits) )
        return false;
    copy_text(digits, sizeof(digits), text);
    if ( unit && *unit )
        digits[n - 1] = 0;
    if ( !parse_number(digits, UINT64_MAX >> 30, value) )
        return false;
    if ( unit && *unit )
        *value <<= 10 * (unit - units + 1);
    return *value >= min && *value <= max;
}

static bool parse_overflow(const char *text)
{
    settings.keep = !strcmp(text, "keep");
    return settings.keep || !strcmp(text, "discard");
}

/* Options with values; false: a bad one. */
static bool take_value(int opt, const char *text)
{
    uint64_t v;

    switch ( opt ) {
    case OPT_LOG:
        return parse_what(text, &settings.log_guest, &settings.log_hv);
    case 't':
        return parse_what(text, &settings.stamp_guest, &settings.stamp_hv);
    case 'o':
        return parse_overflow(text);
    case OPT_LOG_DIR:
        settings.log_dir = text;
        return *text;
    case OPT_PID_FILE:
        settings.pid_file = text;
        return *text;
    case OPT_RUN_DIR:
        settings.run_dir = text;
        return *text && strlen(text) < 80;
    case OPT_LOG_SIZE:
        return parse_size(text, 0, 1ULL << 40, &settings.log_size);
    case OPT_RATE:
        return parse_size(text, 1024, 1ULL << 32, &settings.rate);
    }
    if ( opt == OPT_REPLAY && parse_size(text, 4096, 16 << 20, &v) )
        settings.replay = (size_t)v;
    else if ( opt == OPT_LOG_COUNT && parse_number(text, 1000, &v) )
        settings.log_count = (unsigned int)v;
    else if ( opt == OPT_KEEP_ENDED && parse_number(text, 1000000, &v) )
        settings.keep_ended = (unsigned int)v;
    else
        return false;
    return true;
}

static const char *name_of(int opt)
{
    for ( const struct option *o = options; o->name; o++ )
        if ( o->val == opt )
            return o->name;
    return "";
}

int settings_parse(int argc, char **argv)
{
    int opt;

    while ( (opt = getopt_long(argc, argv, "hVvit:o:", options, NULL)) != -1 ) {
        switch ( opt ) {
        case 'h':
            print_help(argv[0]);
            return 0;
        case 'V':
            printf("xenconsoled (Xenolith) %s\n", VERSION);
            return 0;
        case 'v':
            say_up_to(LOG_DEBUG);
            break;
        case 'i':
            settings.foreground = true;
            break;
        case OPT_REPLACE:
            settings.replace_escape = true;
            break;
        case '?':
            fprintf(stderr, "Try '%s --help'.\n", argv[0]);
            return EINVAL;
        default:
            if ( !take_value(opt, optarg) ) {
                fprintf(stderr, "%s: --%s: '%s' is not a value for it; see --help\n", argv[0],
                        name_of(opt), optarg);
                return EINVAL;
            }
        }
    }
    if ( optind < argc ) {
        fprintf(stderr, "%s: what is '%s'? There are only options; see --help\n", argv[0],
                argv[optind]);
        return EINVAL;
    }
    return -1;
}
