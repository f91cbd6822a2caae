/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is made of the table of commands: help, a command's usage, and with
 * `xl help --format=` the manual's list of commands and the tables of the shells' completion.
 */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

static const char *const groups[] = {
    [XL_LIFE] = "Life of a domain", [XL_QUERY] = "Domains and the host",
    [XL_TUNE] = "Memory, CPUs and scheduling", [XL_DEVICE] = "Devices", [XL_OTHER] = "Others",
};
#define NR_GROUPS (sizeof(groups) / sizeof(groups[0]))

static void option_names(const struct xl_option *o, char *out, size_t size)
{
    char letter[4] = "";

    if ( o->letter < OPT_JSON )
        snprintf(letter, sizeof(letter), "-%c", o->letter);
    snprintf(out, size, "%s%s%s%s%s%s", letter, *letter && o->name ? ", " : "",
             o->name ? "--" : "", o->name ? o->name : "",
             o->value ? (o->name ? "=" : " ") : "", o->value ? o->value : "");
}

void xl_usage(const struct xl_command *c, FILE *out)
{
    const struct xl_option *o;

    fprintf(out, "Usage: %s [-v%stT] %s%s%s\n\n%s.\n", xl.program,
            c->flags & XL_DRY_RUN ? "N" : "", c->name, *c->operands ? " " : "", c->operands,
            c->summary);
    if ( c->flags & XL_UNSERVED )
        fprintf(out, "This version does not serve it.\n");
    if ( c->details )
        fprintf(out, "\n%s\n", c->details);
    fprintf(out, "\nOptions:\n\n");
    for ( o = c->options; o && o->letter; o++ ) {
        char names[64];

        option_names(o, names, sizeof(names));
        if ( strlen(names) > 25 )
            fprintf(out, "  %s\n  %-25s %s\n", names, "", o->help);
        else
            fprintf(out, "  %-25s %s\n", names, o->help);
    }
    fprintf(out, "  %-25s %s\n", "-h, --help", "This text.");
}

/* Names alone, in lines of up to 79 characters. */
static void help_unserved(FILE *out)
{
    size_t column = 0;

    for ( unsigned int i = 0; i < xl_nr_commands; i++ ) {
        size_t len = strlen(xl_commands[i].name) + 1;

        if ( !(xl_commands[i].flags & XL_UNSERVED) )
            continue;
        if ( column && column + len > 79 ) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, " %s", xl_commands[i].name);
        column += len;
    }
    fputc('\n', out);
}

void xl_help_all(FILE *out)
{
    fprintf(out, "Usage: %s [-vNftT] <command> [options] [operands]\n\n"
            "  -v  say more (twice: all there is)   -N  dry run: change nothing\n"
            "  -t  progress also without a terminal -T  time and pid before each message\n"
            "  -f  insist (destroy)\n\n"
            "A command may be cut to its first letters as long as only one begins so.\n"
            "xl help <command> explains one.\n", xl.program);
    for ( size_t g = 0; g < NR_GROUPS; g++ ) {
        fprintf(out, "\n%s:\n", groups[g]);
        for ( unsigned int i = 0; i < xl_nr_commands; i++ ) {
            const struct xl_command *c = &xl_commands[i];

            if ( c->group == g && !(c->flags & (XL_HIDDEN | XL_UNSERVED)) )
                fprintf(out, " %-19s %s\n", c->name, c->summary);
        }
    }
    fprintf(out, "\nKnown, but not served by this version:\n");
    help_unserved(out);
}

/* roff: no line may begin with a dot or quote, and '-' must be a minus. */
static void roff(const char *s)
{
    for ( ; *s; s++ ) {
        if ( *s == '\n' )
            printf("\n.br\n");
        else if ( *s == '-' )
            printf("\\-");
        else if ( *s == '\\' )
            printf("\\e");
        else
            putchar(*s);
    }
}

static void format_man_command(const struct xl_command *c)
{
    const struct xl_option *o;
    char names[64];

    printf(".TP\n\\fB");
    roff(c->name);
    printf("\\fR ");
    roff(c->operands);
    printf("\n");
    roff(c->summary);
    printf(".\n");
    if ( c->details ) {
        printf(".br\n");
        roff(c->details);
        printf("\n");
    }
    if ( !c->options )
        return;
    printf(".RS\n");
    for ( o = c->options; o->letter; o++ ) {
        option_names(o, names, sizeof(names));
        printf(".TP\n\\fB");
        roff(names);
        printf("\\fR\n");
        roff(o->help);
        printf("\n");
    }
    printf(".RE\n");
}

static void format_man(void)
{
    for ( size_t g = 0; g < NR_GROUPS; g++ ) {
        printf(".SS %s\n", groups[g]);
        for ( unsigned int i = 0; i < xl_nr_commands; i++ ) {
            const struct xl_command *c = &xl_commands[i];

            if ( c->group == g && !(c->flags & (XL_HIDDEN | XL_UNSERVED)) )
                format_man_command(c);
        }
    }
    printf(".SS Known, but not served by this version\n");
    for ( unsigned int i = 0; i < xl_nr_commands; i++ ) {
        if ( !(xl_commands[i].flags & XL_UNSERVED) )
            continue;
        roff(xl_commands[i].name);
        printf("\n");
    }
}

static const char *const operand_words[] = {
    [XL_NOTHING] = "nothing", [XL_DOMAIN] = "domain", [XL_DOMAINS] = "domains",
    [XL_FILE] = "file", [XL_DOMAIN_FILE] = "domain-file", [XL_POOL] = "pool",
    [XL_COMMAND] = "command",
};

/* One line a command: name|kind of operand|option=needs-a-value|...; for both shells. */
static void format_completion(void)
{
    for ( unsigned int i = 0; i < xl_nr_commands; i++ ) {
        const struct xl_command *c = &xl_commands[i];
        const struct xl_option *o;

        if ( c->flags & (XL_HIDDEN | XL_UNSERVED) )
            continue;
        printf("%s|%s|--help", c->name, operand_words[c->completes]);
        for ( o = c->options; o && o->letter; o++ ) {
            if ( o->letter < OPT_JSON )
                printf("|-%c%s", o->letter, o->value ? "=" : "");
            if ( o->name )
                printf("|--%s%s", o->name, o->value ? "=" : "");
        }
        printf("\n");
    }
}

static void format_names(void)
{
    for ( unsigned int i = 0; i < xl_nr_commands; i++ )
        if ( !(xl_commands[i].flags & (XL_HIDDEN | XL_UNSERVED)) )
            printf("%s\n", xl_commands[i].name);
}

int cmd_help(int argc, char **argv)
{
    const char *format = NULL;
    bool several;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        if ( c == OPT_FORMAT )
            format = optarg;
    if ( format ) {
        if ( !strcmp(format, "man") )
            format_man();
        else if ( !strcmp(format, "completion") )
            format_completion();
        else if ( !strcmp(format, "names") )
            format_names();
        else
            return xl_error("help: --format=%s: names, man or completion", format);
    } else if ( optind == argc ) {
        xl_help_all(stdout);
    } else {
        const struct xl_command *of = xl_lookup(argv[optind], &several);

        if ( !of )
            return xl_error("help: %s: no such command; xl help lists them", argv[optind]);
        xl_usage(of, stdout);
    }
    return XL_OK;
}

int cmd_unserved(int argc, char **argv)
{
    for ( int i = 1; i < argc; i++ ) {
        if ( !strcmp(argv[i], "-h") || !strcmp(argv[i], "--help") ) {
            xl_usage(xl.command, stdout);
            return XL_OK;
        }
    }
    return xl_error("%s: not served by this version", xl.command->name);
}
