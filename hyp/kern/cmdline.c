/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot options' table and parser.  It runs before there is a console: what is
 * wrong is written down and comes out in cmdline_report.  What an option means is
 * its user's business; here only its form is checked.
 */
#include "kern/cmdline.h"

#include "base/fmt.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/string.h"

#define CONRING_MIN     0x4000UL
#define CONRING_MAX     0x100000UL

struct options opt ro_after_init = {
    .console = "vga,com1",
    .loglvl = "info",
    .guest_loglvl = "warning",
    .x2apic = true,
    .smap = true,
    .smep = true,
    .conring_size = 0x10000,
    .reboot_delay = 5,
};

static char problems[1024];
static size_t problems_len;

struct option {
    const char *name;
    int       (*parse)(const struct option *o, const char *val);    /* val: "" if none was given */
    void       *var;
    uint64_t    size;           /* bytes that var has, or the value that is accepted */
};

static void printf_like(1, 2) add_problem(const char *fmt, ...)
{
    va_list ap;

    if ( problems_len >= sizeof(problems) - 1 )
        return;

    va_start(ap, fmt);
    problems_len += vsnprintf(problems + problems_len, sizeof(problems) - problems_len, fmt, ap);
    va_end(ap);
    problems_len = min(problems_len, sizeof(problems) - 1);
}

/* 1, 0, or -1 if @s is no truth value.  An option without a value is on. */
static int parse_truth(const char *s)
{
    static const struct { char name[8]; bool truth; } words[] = {
        { "", true }, { "1", true }, { "on", true }, { "yes", true }, { "true", true }, { "enable", true },
        { "0", false }, { "off", false }, { "no", false }, { "false", false }, { "disable", false },
    };

    for ( size_t i = 0; i < ARRAY_SIZE(words); i++ )
        if ( strcmp(s, words[i].name) == 0 )
            return words[i].truth;
    return -1;
}

static int opt_bool(const struct option *o, const char *val)
{
    const int truth = parse_truth(val);

    if ( truth < 0 )
        return -XEN_EINVAL;
    *(bool *)o->var = truth;
    return 0;
}

static int opt_u32(const struct option *o, const char *val)
{
    uint64_t n;

    if ( parse_u64(val, 0, NULL, &n) || n > UINT32_MAX )
        return -XEN_EINVAL;
    *(uint32_t *)o->var = n;
    return 0;
}

static int opt_string(const struct option *o, const char *val)
{
    if ( strlen(val) >= o->size )
        return -XEN_E2BIG;
    strlcpy(o->var, val, o->size);
    return 0;
}

/* One dom0_mem amount, "[-]SIZE"; a bare number is KiB. */
static int parse_amount(const char **s, uint64_t *bytes, bool *minus)
{
    const bool neg = **s == '-';

    if ( parse_size(*s + neg, 1024, s, bytes) || (*bytes == 0 && !neg) )
        return -XEN_EINVAL;
    *minus = neg;
    return 0;
}

static int opt_dom0_mem(const struct option *o, const char *val)
{
    struct options new = opt;
    int rc;

    do {
        if ( strncmp(val, "min:", 4) == 0 ) {
            val += 4;
            rc = parse_amount(&val, &new.dom0_mem.min, &new.dom0_mem.min_minus);
            new.dom0_mem.min_given = true;
        } else if ( strncmp(val, "max:", 4) == 0 ) {
            val += 4;
            rc = parse_amount(&val, &new.dom0_mem.max, &new.dom0_mem.max_minus);
            new.dom0_mem.max_given = true;
        } else {
            rc = parse_amount(&val, &new.dom0_mem.size, &new.dom0_mem.minus);
            new.dom0_mem.given = true;
        }
        if ( rc )
            return rc;
    } while ( *val++ == ',' );

    if ( val[-1] != '\0' )
        return -XEN_EINVAL;
    opt.dom0_mem = new.dom0_mem;
    return 0;
}

/* "N" or "MIN-MAX". */
static int opt_dom0_max_vcpus(const struct option *o, const char *val)
{
    uint64_t low, high;

    if ( parse_u64(val, 0, &val, &low) )
        return -XEN_EINVAL;
    high = low;
    if ( *val == '-' && parse_u64(val + 1, 0, &val, &high) )
        return -XEN_EINVAL;
    if ( *val != '\0' || low == 0 || high < low || high > UINT32_MAX )
        return -XEN_EINVAL;

    opt.dom0_max_vcpus_min = low;
    opt.dom0_max_vcpus = high;
    return 0;
}

static int opt_conring_size(const struct option *o, const char *val)
{
    uint64_t size;

    if ( parse_size(val, 1024, NULL, &size) || size == 0 )
        return -XEN_EINVAL;
    size = min(max(size, CONRING_MIN), CONRING_MAX);
    opt.conring_size = BIT(highest_bit(size));
    return 0;
}

static int opt_sched(const struct option *o, const char *val)
{
    if ( strcmp(val, "credit2") )
        add_problem("option sched=%s: there is one scheduler, credit2, and it is used\n", val);
    return 0;
}

static int opt_iommu(const struct option *o, const char *val)
{
    if ( parse_truth(val) != 0 )
        add_problem("option iommu=%s: IOMMUs are not supported yet, none is used\n", val);
    return 0;
}

/* "keep" leaves the log on the screen; text modes are what firmware set up anyway. */
static int opt_vga(const struct option *o, const char *val)
{
    const size_t len = strlen(val);

    if ( len >= 4 && strcmp(val + len - 4, "keep") == 0 )
        opt.vga_keep = true;
    else if ( strcmp(val, "current") && strcmp(val, "text-80x25") && strcmp(val, "ask") )
        add_problem("option vga=%s: only text-80x25 is supported\n", val);
    return 0;
}

/* True already, whatever it says: we never call the BIOS; boot loaders add a placeholder. */
static int opt_nothing(const struct option *o, const char *val) { return 0; }

static const struct option options[] = {
    { "dom0_mem",       opt_dom0_mem,       NULL, 0 },
    { "dom0_max_vcpus", opt_dom0_max_vcpus, NULL, 0 },
    { "dom0_vcpus_pin", opt_bool,           &opt.dom0_vcpus_pin, 0 },
    { "console",        opt_string,         opt.console, sizeof(opt.console) },
    { "com1",           opt_string,         opt.com[0], sizeof(opt.com[0]) },
    { "com2",           opt_string,         opt.com[1], sizeof(opt.com[1]) },
    { "loglvl",         opt_string,         opt.loglvl, sizeof(opt.loglvl) },
    { "guest_loglvl",   opt_string,         opt.guest_loglvl, sizeof(opt.guest_loglvl) },
    { "maxcpus",        opt_u32,            &opt.maxcpus, 0 },
    { "noreboot",       opt_bool,           &opt.noreboot, 0 },
    { "reboot_delay",   opt_u32,            &opt.reboot_delay, 0 },
    { "conring_size",   opt_conring_size,   NULL, 0 },
    { "sched",          opt_sched,          NULL, 0 },
    { "iommu",          opt_iommu,          NULL, 0 },
    { "vga",            opt_vga,            NULL, 0 },
    { "x2apic",         opt_bool,           &opt.x2apic, 0 },
    { "smap",           opt_bool,           &opt.smap, 0 },
    { "smep",           opt_bool,           &opt.smep, 0 },
    { "no-real-mode",   opt_nothing,        NULL, 0 },
    { "edd",            opt_nothing,        NULL, 0 },
    { "placeholder",    opt_nothing,        NULL, 0 },
};

static const struct option *find_option(const char *name)
{
    for ( size_t i = 0; i < ARRAY_SIZE(options); i++ )
        if ( strcmp(options[i].name, name) == 0 )
            return &options[i];
    return NULL;
}

/* @word is one option, in a buffer that may be changed. */
static void parse_word(char *word)
{
    char *eq = strchr(word, '=');
    const char *val = eq ? eq + 1 : "";
    const struct option *o;
    int rc;

    if ( eq )
        *eq = '\0';

    o = find_option(word);
    if ( !o && !eq && strncmp(word, "no-", 3) == 0 ) {
        o = find_option(word + 3);
        val = "no";
        if ( o && o->parse != opt_bool && o->parse != opt_iommu )
            o = NULL;
    }

    if ( !o ) {
        add_problem("unknown option \"%s\" is ignored\n", word);
        return;
    }

    rc = o->parse(o, val);
    if ( rc )
        add_problem("option %s: bad value \"%s\" is ignored\n", o->name, val);
}

/* The first word may be the image's own path: boot loaders differ. */
static const char *skip_image_name(const char *s)
{
    const char *p;
    bool is_path = false;

    while ( *s == ' ' || *s == '\t' )
        s++;
    for ( p = s; *p && *p != ' ' && *p != '\t' && *p != '='; p++ )
        is_path |= *p == '/';
    if ( *p == '=' || !is_path )
        return s;
    while ( *p == ' ' || *p == '\t' )
        p++;
    return p;
}

void cmdline_parse(const char *s)
{
    static char copy[sizeof(opt.raw)];
    char *p = copy;

    problems[0] = '\0';
    problems_len = 0;
    s = skip_image_name(s);
    if ( strlcpy(opt.raw, s, sizeof(opt.raw)) >= sizeof(opt.raw) )
        add_problem("the command line is longer than %zu bytes: the rest is ignored\n",
                    sizeof(opt.raw) - 1);
    memcpy(copy, opt.raw, sizeof(copy));

    while ( *p ) {
        char *word = p;

        while ( *p && *p != ' ' && *p != '\t' )
            p++;
        if ( *p )
            *p++ = '\0';
        if ( strcmp(word, "--") == 0 ) {
            add_problem("options after \"--\" are ignored: put dom0's on its module line\n");
            break;
        }
        if ( *word )
            parse_word(word);
    }
}

void cmdline_report(void)
{
    const char *p = problems;

    log_info("command line: %s\n", opt.raw);
    while ( *p ) {
        const char *end = strchr(p, '\n');

        if ( !end )
            end = p + strlen(p);
        log_warn("%.*s\n", (int)(end - p), p);
        p = *end ? end + 1 : end;
    }
}
