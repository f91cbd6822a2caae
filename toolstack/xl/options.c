/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options and operands of a command, checked against its row of the table.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "xl.h"

#define MAX_OPTIONS 24

static struct option longs[MAX_OPTIONS + 2];
static char shorts[3 * MAX_OPTIONS + 4];
static const struct xl_command *prepared;

static void prepare(const struct xl_command *c)
{
    const struct xl_option *o = c->options;
    unsigned int n = 0;
    char *s = shorts;

    *s++ = ':';
    *s++ = 'h';
    longs[n++] = (struct option){ "help", no_argument, NULL, OPT_HELP };
    for ( ; o && o->letter && n < MAX_OPTIONS; o++ ) {
        if ( o->name )
            longs[n++] = (struct option){ o->name, o->value ? required_argument : no_argument,
                                          NULL, o->letter };
        if ( o->letter < OPT_JSON ) {
            *s++ = (char)o->letter;
            if ( o->value )
                *s++ = ':';
        }
    }
    *s = 0;
    memset(&longs[n], 0, sizeof(longs[n]));
    opterr = 0;
    optind = 0;         /* start afresh, also inside an argument */
    prepared = c;
}

static void __attribute__((noreturn)) usage_error(void)
{
    fprintf(stderr, "\n");
    xl_usage(xl.command, stderr);
    exit(XL_USAGE);
}

static void check_operands(int argc)
{
    const struct xl_command *c = xl.command;
    int n = argc - optind;

    if ( n >= c->min && (c->max < 0 || n <= c->max) )
        return;
    xl_error("%s: %d operand%s given, it takes %s%d", c->name, n, n == 1 ? "" : "s",
             c->max == c->min ? "" : n < c->min ? "at least " : "at most ",
             n < c->min ? c->min : c->max);
    usage_error();
}

int xl_getopt(int argc, char **argv)
{
    const struct xl_command *c = xl.command;
    int letter;

    if ( prepared != c )
        prepare(c);
    letter = getopt_long(argc, argv, shorts, longs, NULL);
    if ( letter == 'h' || letter == OPT_HELP ) {
        xl_usage(c, stdout);
        exit(XL_OK);
    }
    if ( letter == ':' || letter == '?' ) {
        const char *what = argv[optind - 1];

        if ( optopt && optopt < OPT_JSON )
            xl_error("%s: option -%c %s", c->name, optopt,
                     letter == ':' ? "needs a value" : "is not known");
        else
            xl_error("%s: option %s %s", c->name, what,
                     letter == ':' ? "needs a value" : "is not known");
        usage_error();
    }
    if ( letter == -1 )
        check_operands(argc);
    return letter;
}

void xl_no_options(int argc, char **argv)
{
    while ( xl_getopt(argc, argv) != -1 )
        ;
}

bool xl_number(const char *text, long min, long max, long *value)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if ( errno || end == text || *end || v < min || v > max )
        return false;
    *value = v;
    return true;
}

bool xl_size_kib(const char *text, uint64_t *kib)
{
    unsigned long long v;
    char *end;
    int shift;      /* of the unit, against bytes */

    errno = 0;
    if ( *text < '0' || *text > '9' )
        return false;
    v = strtoull(text, &end, 10);
    switch ( *end ) {
    case 0: case 'm': case 'M':
        shift = 20;
        break;
    case 'b': case 'B':
        shift = 0;
        break;
    case 'k': case 'K':
        shift = 10;
        break;
    case 'g': case 'G':
        shift = 30;
        break;
    case 't': case 'T':
        shift = 40;
        break;
    default:
        return false;
    }
    if ( errno || (*end && end[1]) || v > UINT64_MAX >> shift )
        return false;
    *kib = (v << shift) >> 10;
    return true;
}
