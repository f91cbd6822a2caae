/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads xl.conf: KEY=VALUE lines, a value being a string in either quotes, a number, or a
 * list of them.  What cannot be read is warned about with its line, and left out: a slip in
 * this file must not keep domains from being managed.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "xlconf.h"

#define MAX_SETTINGS 64
#define MAX_SIZE (256 << 10)
#define MAX_CPUS 8192

struct setting { char *key, *value; };

static struct setting settings[MAX_SETTINGS];
static unsigned int nr_settings;
static bool was_read;
static char *masks[3];

static const char *const known[] = {
    "autoballoon", "blkdev_start", "claim_mode", "colo.default.proxyscript", "defaultbridge",
    "domid_policy", "lockfile", "max_grant_frames", "max_grant_version", "max_maptrack_frames",
    "output_format", "remus.default.netbufscript", "run_hotplug_scripts",
    "vif.default.backend", "vif.default.bridge", "vif.default.gatewaydev", "vif.default.script",
    "vifscript", "vm.cpumask", "vm.hvm.cpumask", "vm.pv.cpumask",
};

static bool is_known(const char *key)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(known[i], key))
            return true;
    return false;
}

static char *trimmed(char *s)
{
    char *end;

    while (isspace((unsigned char)*s))
        s++;
    end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = 0;
    return s;
}

/* Cut a comment off, but not inside quotes. */
static void uncomment(char *s)
{
    char quote = 0;

    for (; *s; s++) {
        if (quote) {
            quote = *s == quote ? 0 : quote;
        } else if (*s == '"' || *s == '\'') {
            quote = *s;
        } else if (*s == '#') {
            *s = 0;
            return;
        }
    }
}

/* The value in place: quotes off; a list becomes its items joined by commas. */
static bool read_value(char *v)
{
    size_t len = strlen(v);
    char *out = v, quote = 0;
    bool list = *v == '[';

    if (!len || (list && v[len - 1] != ']'))
        return false;
    if (!list && *v != '"' && *v != '\'') {
        if (strspn(v, "0123456789xXabcdefABCDEF") != len || !isdigit((unsigned char)*v))
            return false;
        return true;
    }
    if (list)
        v[len - 1] = 0;
    for (char *p = list ? v + 1 : v; *p; p++) {
        if (quote && *p == quote)
            quote = 0;
        else if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
        else if (quote || !isspace((unsigned char)*p))
            *out++ = *p;
    }
    *out = 0;
    return !quote;
}

static void read_line(const char *path, unsigned int number, char *s)
{
    char *key, *value, *eq;

    uncomment(s);
    s = trimmed(s);
    if (!*s)
        return;
    eq = strchr(s, '=');
    if (!eq) {
        xl_warn("%s:%u: not KEY=VALUE; ignored", path, number);
        return;
    }
    *eq = 0;
    key = trimmed(s);
    value = trimmed(eq + 1);
    if (!read_value(value)) {
        xl_warn("%s:%u: the value of %s is neither a string in quotes, a number nor a list; "
                "ignored", path, number, key);
        return;
    }
    if (!is_known(key)) {
        xl_warn("%s:%u: %s is not known; ignored", path, number, key);
        return;
    }
    if (nr_settings < MAX_SETTINGS)
        settings[nr_settings++] = (struct setting){ key, value };
}

/* A list may go over several lines: make one of them. */
static void join_lists(char *s)
{
    char quote = 0;
    int depth = 0;

    for (; *s; s++) {
        if (quote) {
            quote = *s == quote || *s == '\n' ? 0 : quote;
        } else if (*s == '#') {
            for (; s[1] && s[1] != '\n'; s++)
                *s = depth ? ' ' : *s;
            *s = depth ? ' ' : *s;
        } else if (*s == '"' || *s == '\'') {
            quote = *s;
        } else if (*s == '[') {
            depth++;
        } else if (*s == ']' && depth) {
            depth--;
        } else if (*s == '\n' && depth) {
            *s = '\v';          /* a blank that still counts as a line */
        }
    }
}

void xl_conf_parse(const char *path, char *text)
{
    unsigned int number = 1, first;

    nr_settings = 0;
    was_read = true;
    join_lists(text);
    while (text) {
        char *end = strchr(text, '\n');

        if (end)
            *end = 0;
        first = number++;
        for (const char *p = text; (p = strchr(p, '\v')); p++)
            number++;
        read_line(path, first, text);
        text = end ? end + 1 : NULL;
    }
}

static void read_file(void)
{
    FILE *f = fopen(XL_CONF_PATH, "re");
    char *text;
    size_t n;

    was_read = true;
    if (!f) {
        if (errno != ENOENT)
            xl_warn("%s: %s; the defaults hold", XL_CONF_PATH, strerror(errno));
        return;
    }
    text = xl_alloc(MAX_SIZE + 1);
    n = fread(text, 1, MAX_SIZE, f);
    if (ferror(f) || n == MAX_SIZE)
        xl_warn("%s: %s; the defaults hold", XL_CONF_PATH,
                n == MAX_SIZE ? "too long" : strerror(errno));
    else
        xl_conf_parse(XL_CONF_PATH, text);      /* the settings point into it: kept */
    fclose(f);
}

const char *xl_conf(const char *key)
{
    if (!was_read)
        read_file();
    for (unsigned int i = nr_settings; i-- > 0;)
        if (!strcmp(settings[i].key, key))
            return settings[i].value;
    return NULL;
}

bool xl_conf_true(const char *key, bool otherwise)
{
    const char *v = xl_conf(key);

    return v ? strtol(v, NULL, 0) != 0 : otherwise;
}

bool xl_wants_sxp(void)
{
    const char *v;

    if (xl.xm)
        return true;
    v = xl_conf("output_format");
    return v && !strcmp(v, "sxp");
}

/* Add or take away "2", "0-3", "^1" or "all" in a set of MAX_CPUS bits. */
static bool apply_range(uint8_t *bits, const char *item)
{
    bool clear = *item == '^';
    unsigned long first, last;
    char *end;

    item += clear;
    if (!strcmp(item, "all")) {
        first = 0;
        last = MAX_CPUS - 1;
    } else {
        if (!isdigit((unsigned char)*item))
            return false;
        first = last = strtoul(item, &end, 10);
        if (*end == '-' && isdigit((unsigned char)end[1]))
            last = strtoul(end + 1, &end, 10);
        if (*end || first > last || last >= MAX_CPUS)
            return false;
    }
    for (unsigned long i = first; i <= last; i++)
        bits[i / 8] = clear ? bits[i / 8] & ~(1U << i % 8) : bits[i / 8] | 1U << i % 8;
    return true;
}

static bool read_set(const char *text, uint8_t *bits)
{
    char *copy = xl_strdup(text), *rest = copy, *item;
    bool good = true;

    memset(bits, 0, MAX_CPUS / 8);
    if (*text == '^')
        memset(bits, 0xff, MAX_CPUS / 8);
    while (good && (item = strsep(&rest, ",")))
        good = apply_range(bits, trimmed(item));
    free(copy);
    return good;
}

char *xl_intersect_cpus(const char *a, const char *b)
{
    uint8_t left[MAX_CPUS / 8], right[MAX_CPUS / 8];
    bool any = false;

    if (!strncmp(a, "node", 4) || strstr(a, ",node"))
        return xl_strdup(a);            /* NUMA nodes: the library knows their CPUs */
    if (!read_set(a, left) || !read_set(b, right)) {
        xl_error("%s: not a set of CPUs like 0-3,^2", read_set(a, left) ? b : a);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(left); i++) {
        left[i] &= right[i];
        any |= left[i] != 0;
    }
    if (!any) {
        xl_error("CPUs %s: none of them is in the mask of %s, %s; "
                 "--ignore-global-affinity-masks leaves that out", a, XL_CONF_PATH, b);
        return NULL;
    }
    return show_set(left, MAX_CPUS, NULL);
}

const char *xl_conf_cpumask(enum xn_type type)
{
    const char *all = xl_conf("vm.cpumask");
    const char *own = xl_conf(type == XN_TYPE_PV ? "vm.pv.cpumask" : "vm.hvm.cpumask");

    if (!all || !own)
        return all ? all : own;
    if (!masks[type])
        masks[type] = xl_intersect_cpus(own, all);
    return masks[type] ? masks[type] : own;
}
