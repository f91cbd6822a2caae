/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Permission lists of nodes: who owns one, and what each domain may do with it.  Lists are
 * immutable and shared: equal lists are one object, so comparing two is comparing pointers.
 */
#ifndef XENSTORED_PERMS_H
#define XENSTORED_PERMS_H

#include "util.h"

#define PERM_READ   1u
#define PERM_WRITE  2u
#define PERM_OWNER  4u      /* in questions only */
#define PERM_IGNORE 8u      /* names a domain that was not there: gives nothing to anyone */
#define PERM_ALL    (PERM_READ | PERM_WRITE | PERM_OWNER)

#define DOMID_NONE  0xffffu
#define MAX_DOMID   0x7ff0u     /* one more than a domain can have */

/* Entry 0: the owner, and the rights of whoever is not listed. */
struct perm {
    uint16_t domid;
    uint16_t rights;
};

struct perms {
    struct perms *next;     /* in the table */
    uint32_t refs;
    uint32_t nr;
    struct perm e[];
};

struct perms *perms_get(const struct perm *e, uint32_t nr);     /* a new reference */
struct perms *perms_ref(struct perms *p);
void perms_unref(struct perms *p);

/* Rights (PERM_READ | ...) of @domid, which also has the rights of @target. */
unsigned int perms_rights(const struct perms *p, uint16_t domid, uint16_t target);
static inline uint16_t perms_owner(const struct perms *p) { return p->e[0].domid; }

/* The same list with another owner. */
struct perms *perms_with_owner(const struct perms *p, uint16_t owner);
/* The same list without @domid; NULL if it owns.  A new reference. */
struct perms *perms_without(struct perms *p, uint16_t domid);
bool perms_mention(const struct perms *p, uint16_t domid);

#define PERMS_MAX 683       /* of the shortest form "n0" with its NUL in one payload */

/* Can this be a list?  What comes from a file may not. */
bool perms_valid(const struct perm *e, uint32_t nr);

/* Wire form: "r0" NUL "w5" NUL ...  Number of entries, or -EINVAL. */
int must_check perms_parse(const char *s, uint32_t len, struct perm *e, uint32_t max);
void perms_format(const struct perms *p, struct buf *out);

#endif
