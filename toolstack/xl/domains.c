/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding domains for commands, and how tables show their names and states.
 */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

int xl_find(const char *name_or_id, uint32_t *domid)
{
    struct xn_ctx *ctx = xl_ctx();

    if ( xn_domain_find(ctx, name_or_id, domid) ) {
        xl_failed(name_or_id, "%s", xl.command->name);
        return XL_FAILED;
    }
    return XL_OK;
}

/* Names of all domains, read in one exchange when all are listed. */
static struct {
    struct xn_domain *domains;
    char **names;
    size_t n;
} known;

static void learn_names(const struct xn_domain *list, size_t n)
{
    known.domains = xl_alloc((n + 1) * sizeof(*list));
    known.names = xl_alloc((n + 1) * sizeof(*known.names));
    memcpy(known.domains, list, n * sizeof(*list));
    if ( xn_domain_names(xl_ctx(), list, n, known.names) )
        xl_warn("%s", xn_why(xl_ctx()));
    known.n = n;
}

void xl_forget_names(void)
{
    for ( size_t i = 0; i < known.n; i++ )
        free(known.names[i]);
    free(known.names);
    free(known.domains);
    memset(&known, 0, sizeof(known));
}

char *xl_name(uint32_t domid)
{
    for ( size_t i = 0; i < known.n; i++ )
        if ( known.domains[i].domid == domid )
            return known.names[i] ? xl_strdup(known.names[i]) : NULL;
    return xn_domain_name(xl_ctx(), domid);
}

char *xl_shown_name(uint32_t domid)
{
    char *name = xl_name(domid);

    if ( !name || !*name ) {
        free(name);
        return xl_strdup("(null)");
    }
    for ( char *p = name; *p; p++ )
        if ( (unsigned char)*p <= ' ' || *p == 0x7f )
            *p = '_';
    return name;
}

/* The reason's letter is the fifth: '-' for power-off, 'c' for a crash. */
void xl_state_letters(const struct xn_domain *d, char letters[7])
{
    static const char reasons[] = "-rscwS";
    char reason = '-';

    if ( d->shutdown )
        reason = d->shutdown_reason < sizeof(reasons) - 1 ? reasons[d->shutdown_reason] : '?';
    letters[0] = d->running ? 'r' : '-';
    letters[1] = d->blocked ? 'b' : '-';
    letters[2] = d->paused ? 'p' : '-';
    letters[3] = d->shutdown ? 's' : '-';
    letters[4] = reason;
    letters[5] = d->dying ? 'd' : '-';
    letters[6] = 0;
}

void xl_uuid_text(const uint8_t uuid[16], char text[37])
{
    char *p = text;

    for ( int i = 0; i < 16; i++ ) {
        if ( i == 4 || i == 6 || i == 8 || i == 10 )
            *p++ = '-';
        p += sprintf(p, "%02x", uuid[i]);
    }
}

int xl_domains(char **names, int count, struct xn_domain **list, size_t *n)
{
    struct xn_ctx *ctx = xl_ctx();

    if ( !count ) {
        if ( xn_domain_list(ctx, list, n) )
            return xl_failed(NULL, "%s", xl.command->name);
        learn_names(*list, *n);
        return XL_OK;
    }
    *list = xl_alloc((size_t)count * sizeof(**list));
    for ( *n = 0; *n < (size_t)count; ++*n ) {
        uint32_t domid;
        int rc = xl_find(names[*n], &domid);

        if ( !rc && xn_domain_info(ctx, domid, &(*list)[*n]) )
            rc = xl_failed(names[*n], "%s", xl.command->name);
        if ( rc ) {
            free(*list);
            return rc;
        }
    }
    return XL_OK;
}
