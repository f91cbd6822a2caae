/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of CPUs as text.  Numbers and ranges add CPUs, "node:" and "nodes:" those of NUMA
 * nodes, "^" takes away, in the order written; "all" and "none" are what they say.
 */
#include "cpuset.h"

#include "cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX  65535       /* no machine has so many CPUs or nodes */

struct parse {
    const char *p;
    const struct cpuset_host *host;     /* NULL: only the syntax */
    uint8_t *set;
    char *why;
    size_t size;
};

static int wrong(struct parse *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct parse *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->why, s->size, fmt, ap);
    va_end(ap);
    return -EINVAL;
}

static void blanks(struct parse *s)
{
    while ( isspace((unsigned char)*s->p) )
        s->p++;
}

static bool word(struct parse *s, const char *w)
{
    if ( strncmp(s->p, w, strlen(w)) )
        return false;
    s->p += strlen(w);
    return true;
}

static int number(struct parse *s, unsigned int *n)
{
    const char *start = s->p;

    *n = 0;
    while ( isdigit((unsigned char)*s->p) ) {
        *n = *n * 10 + (*s->p - '0');
        if ( *n > NUMBER_MAX ) {
            s->p = start;
            return wrong(s, "number above %u", NUMBER_MAX);
        }
        s->p++;
    }
    if ( s->p == start )
        return wrong(s, "expected a number, a range such as 0-3, all, none, node:N or nodes:N-M");
    return 0;
}

static int range(struct parse *s, unsigned int *first, unsigned int *last)
{
    const char *start = s->p;
    int rc = number(s, first);

    if ( rc )
        return rc;
    *last = *first;
    blanks(s);
    if ( *s->p != '-' )
        return 0;
    s->p++;
    blanks(s);
    rc = number(s, last);
    if ( !rc && *last < *first ) {
        s->p = start;
        return wrong(s, "range %u-%u goes backwards", *first, *last);
    }
    return rc;
}

static void change(struct parse *s, unsigned int cpu, bool add)
{
    if ( add )
        s->set[cpu / 8] |= 1 << (cpu % 8);
    else
        s->set[cpu / 8] &= ~(1 << (cpu % 8));
}

static int change_nodes(struct parse *s, unsigned int first, unsigned int last, bool add,
                        const char *start)
{
    bool any = false;

    for ( unsigned int cpu = 0; cpu < s->host->nr_cpus; cpu++ ) {
        uint32_t node = s->host->node ? s->host->node[cpu] : 0;

        if ( node < first || node > last )
            continue;
        any = true;
        change(s, cpu, add);
    }
    if ( any )
        return 0;
    s->p = start;
    return wrong(s, "this host has no CPUs on node %u", first);
}

/* One element, without its ^. */
static int element(struct parse *s, bool add)
{
    const char *start = s->p;
    unsigned int first, last;
    bool nodes;
    int rc;

    if ( word(s, "none") )
        return 0;
    if ( word(s, "all") ) {
        for ( unsigned int cpu = 0; s->host && cpu < s->host->nr_cpus; cpu++ )
            change(s, cpu, add);
        return 0;
    }
    nodes = word(s, "nodes:") || word(s, "node:");
    blanks(s);
    rc = range(s, &first, &last);
    if ( rc || !s->host )
        return rc;
    if ( nodes )
        return change_nodes(s, first, last, add, start);
    if ( first >= s->host->nr_cpus ) {
        s->p = start;
        return wrong(s, "this host has no CPU %u: it has %u", first, s->host->nr_cpus);
    }
    for ( unsigned int cpu = first; cpu <= last && cpu < s->host->nr_cpus; cpu++ )
        change(s, cpu, add);
    return 0;
}

static int elements(struct parse *s)
{
    for ( ;; ) {
        bool add = true;
        int rc;

        blanks(s);
        if ( *s->p == '^' ) {
            add = false;
            s->p++;
            blanks(s);
        }
        rc = element(s, add);
        if ( rc )
            return rc;
        blanks(s);
        if ( !*s->p )
            return 0;
        if ( *s->p != ',' )
            return wrong(s, "expected ',' before the next CPU");
        s->p++;
        blanks(s);
        if ( !*s->p )
            return 0;
    }
}

unsigned int cpuset_count(const uint8_t *set, unsigned int nr_cpus)
{
    unsigned int n = 0;

    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        n += cpuset_has(set, cpu);
    return n;
}

int cpuset_parse(const char *text, const struct cpuset_host *host, uint8_t *set,
                 size_t *offset, char *why, size_t size)
{
    struct parse s = { text, host, set, why, size };
    int rc;

    if ( host )
        memset(set, 0, CPUSET_BYTES(host->nr_cpus));
    rc = elements(&s);
    if ( !rc && host && !cpuset_count(set, host->nr_cpus) && strcmp(text, "none") )
        rc = wrong(&s, "no CPU is left");
    if ( offset )
        *offset = s.p - text;
    return rc;
}

int cpuset_check(const char *text, size_t *offset, char *why, size_t size)
{
    return cpuset_parse(text, NULL, NULL, offset, why, size);
}

char *cpuset_text(const uint8_t *set, unsigned int nr_cpus)
{
    unsigned int count = cpuset_count(set, nr_cpus);
    char *text = NULL;

    if ( count == 0 || count == nr_cpus )
        return cfg_strdup(count ? "all" : "none");
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ ) {
        unsigned int last = cpu;

        if ( !cpuset_has(set, cpu) )
            continue;
        while ( last + 1 < nr_cpus && cpuset_has(set, last + 1) )
            last++;
        if ( last == cpu )
            cfg_replace(&text, cfg_sprintf("%s%s%u", text ? text : "", text ? "," : "", cpu));
        else
            cfg_replace(&text, cfg_sprintf("%s%s%u-%u", text ? text : "", text ? "," : "", cpu,
                                           last));
        cpu = last;
    }
    return text;
}
