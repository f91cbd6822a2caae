/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permission lists: the table that makes equal ones the same, rights, wire form.
 */
#include "perms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NR_BUCKETS 256

static struct perms *bucket[NR_BUCKETS];

static struct perms **bucket_of(const struct perm *e, uint32_t nr)
{
    return &bucket[hash_block(1, e, nr * sizeof(*e)) % NR_BUCKETS];
}

struct perms *perms_get(const struct perm *e, uint32_t nr)
{
    struct perms **head = bucket_of(e, nr), *p;

    for ( p = *head; p; p = p->next )
        if ( p->nr == nr && !memcmp(p->e, e, nr * sizeof(*e)) )
            return perms_ref(p);
    p = xalloc(sizeof(*p) + nr * sizeof(*e));
    p->refs = 1;
    p->nr = nr;
    memcpy(p->e, e, nr * sizeof(*e));
    p->next = *head;
    *head = p;
    return p;
}

struct perms *perms_ref(struct perms *p)
{
    p->refs++;
    return p;
}

void perms_unref(struct perms *p)
{
    struct perms **at;

    if ( !p || --p->refs )
        return;
    for ( at = bucket_of(p->e, p->nr); *at != p; at = &(*at)->next )
        ;
    *at = p->next;
    free(p);
}

unsigned int perms_rights(const struct perms *p, uint16_t domid, uint16_t target)
{
    unsigned int rights = 0;
    bool listed = false;

    for ( uint32_t i = 0; i < p->nr; i++ ) {
        const struct perm *e = &p->e[i];

        if ( (e->rights & PERM_IGNORE) || (e->domid != domid && e->domid != target) )
            continue;
        if ( i == 0 )
            return PERM_ALL;
        rights |= e->rights & (PERM_READ | PERM_WRITE);
        listed = listed || e->domid == domid;
    }
    if ( !listed )
        rights |= p->e[0].rights & (PERM_READ | PERM_WRITE);
    return rights;
}

struct perms *perms_with_owner(const struct perms *p, uint16_t owner)
{
    struct perm e[PERMS_MAX];

    memcpy(e, p->e, p->nr * sizeof(*e));
    e[0].domid = owner;
    e[0].rights &= ~PERM_IGNORE;
    return perms_get(e, p->nr);
}

struct perms *perms_without(struct perms *p, uint16_t domid)
{
    struct perm e[PERMS_MAX];
    uint32_t n = 0;

    if ( p->e[0].domid == domid )
        return NULL;
    for ( uint32_t i = 0; i < p->nr; i++ )
        if ( i == 0 || p->e[i].domid != domid )
            e[n++] = p->e[i];
    return perms_get(e, n);
}

bool perms_mention(const struct perms *p, uint16_t domid)
{
    for ( uint32_t i = 0; i < p->nr; i++ )
        if ( p->e[i].domid == domid )
            return true;
    return false;
}

bool perms_valid(const struct perm *e, uint32_t nr)
{
    for ( uint32_t i = 0; i < nr; i++ )
        if ( e[i].domid >= MAX_DOMID )
            return false;
    return nr > 0;
}

static int parse_one(const char *s, struct perm *e)
{
    unsigned long id = 0;

    switch ( s[0] ) {
    case 'n': e->rights = 0; break;
    case 'r': e->rights = PERM_READ; break;
    case 'w': e->rights = PERM_WRITE; break;
    case 'b': e->rights = PERM_READ | PERM_WRITE; break;
    default: return -EINVAL;
    }
    if ( !s[1] )
        return -EINVAL;
    for ( s++; *s; s++ ) {
        if ( *s < '0' || *s > '9' )
            return -EINVAL;
        id = id * 10 + (*s - '0');
        if ( id >= MAX_DOMID )
            return -EINVAL;
    }
    e->domid = id;
    return 0;
}

int perms_parse(const char *s, uint32_t len, struct perm *e, uint32_t max)
{
    const char *end = s + len;
    uint32_t n = 0;

    if ( !len || end[-1] )
        return -EINVAL;
    for ( ; s < end; s += strlen(s) + 1, n++ ) {
        if ( n == max || parse_one(s, &e[n]) )
            return -EINVAL;
    }
    return n;
}

void perms_format(const struct perms *p, struct buf *out)
{
    static const char letter[] = "nrwb";

    for ( uint32_t i = 0; i < p->nr; i++ ) {
        char s[16];
        const int n = snprintf(s, sizeof(s), "%c%u", letter[p->e[i].rights & 3], p->e[i].domid);

        buf_add(out, s, n + 1);
    }
}
