/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets, reasons, times, and domains' configurations as JSON: see show.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "show.h"

static bool bit(const uint8_t *bits, uint32_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

char *show_set(const uint8_t *bits, uint32_t nr, const char *all)
{
    char *text = xl_alloc((size_t)nr * 12 + 8), *p = text;
    uint32_t set = 0;

    for ( uint32_t i = 0; i < nr; i++ ) {
        uint32_t last = i;

        if ( !bit(bits, i) )
            continue;
        while ( last + 1 < nr && bit(bits, last + 1) )
            last++;
        set += last - i + 1;
        p += sprintf(p, "%s%u", p == text ? "" : ",", i);
        if ( last > i )
            p += sprintf(p, "-%u", last);
        i = last;
    }
    if ( set == nr && all )
        strcpy(text, all);
    else if ( !set )
        strcpy(text, "none");
    return text;
}

const char *show_reason(unsigned int reason)
{
    static const char *const names[] = {
        "poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset",
    };

    return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unknown";
}

void show_uptime(uint64_t seconds, char *text, size_t size)
{
    unsigned int days = (unsigned int)(seconds / 86400), h = seconds / 3600 % 24,
                 m = seconds / 60 % 60, s = seconds % 60;

    if ( days )
        snprintf(text, size, "%u day%s, %2u:%02u:%02u", days, days > 1 ? "s" : "", h, m, s);
    else
        snprintf(text, size, "%2u:%02u:%02u", h, m, s);
}

static void current_sched(const struct xn_domain *d, struct xn_domain_config *c)
{
    struct xn_cpupool *pools;
    size_t n;

    if ( xn_domain_get_sched(xl_ctx(), d->domid, &c->sched) ) {
        c->sched = (struct xn_timing){ XN_UNSET, XN_UNSET };
        return;
    }
    if ( xn_host_cpupools(xl_ctx(), &pools, &n) )
        return;
    for ( size_t i = 0; i < n && !c->scheduler; i++ )
        if ( pools[i].id == d->cpupool )
            c->scheduler = xl_strdup(xn_sched_name(pools[i].sched_id));
    xn_host_cpupools_free(pools, n);
}

/*
 * What is kept of a domain's configuration, brought up to date.  Nothing may be kept (domain 0,
 * domains of other tools): then it is only what the hypervisor and the store know.
 */
static int current_config(const struct xn_domain *d, struct xn_domain_config *c)
{
    struct xn_ctx *ctx = xl_ctx();
    uint64_t kib;
    int rc = xn_domain_config(ctx, d->domid, c);

    if ( rc == -ENOENT ) {
        xn_config_init(c);
        c->type = d->hvm ? XN_TYPE_HVM : XN_TYPE_PV;
        c->vcpus = d->online_vcpus;
        c->maxvcpus = d->max_vcpu_id + 1;
    } else if ( rc ) {
        return rc;
    }
    free(c->name);
    c->name = xl_name(d->domid);
    memcpy(c->uuid, d->uuid, sizeof(c->uuid));
    for ( int i = 0; i < 16; i++ )
        c->has_uuid |= d->uuid[i] != 0;
    if ( !xn_domain_target(ctx, d->domid, &kib) )
        c->memory_kib = kib;
    if ( !xn_domain_static_max(ctx, d->domid, &kib) )
        c->maxmem_kib = kib;
    else if ( !c->maxmem_kib )
        c->maxmem_kib = d->max_pages * 4;
    current_sched(d, c);
    xn_clear_error(ctx);
    return 0;
}

static int json_config(struct json *j, const struct xn_domain *d,
                       const struct xn_domain_config *c)
{
    char *text;

    if ( xn_config_to_json(xl_ctx(), c, &text) )
        return xl_failed(c->name, "%s", xl.command->name);
    json_open(j, NULL, '{');
    json_uint(j, "domid", d->domid);
    json_text(j, "config", text);
    json_close(j);
    free(text);
    return XL_OK;
}

int show_configs(const struct xn_domain *list, size_t n, bool sxp)
{
    struct json j;
    int rc = XL_OK;

    json_init(&j, stdout);
    if ( !sxp )
        json_open(&j, NULL, '[');
    for ( size_t i = 0; i < n && !rc; i++ ) {
        struct xn_domain_config c;

        if ( current_config(&list[i], &c) ) {
            struct xn_domain now;

            /* It may have gone since the list was made. */
            if ( xn_domain_info(xl_ctx(), list[i].domid, &now) == -ESRCH )
                continue;
            rc = xl_failed(NULL, "list: domain %u", list[i].domid);
            break;
        }
        if ( sxp )
            show_sxp(stdout, &c, &list[i]);
        else
            rc = json_config(&j, &list[i], &c);
        xn_config_free(&c);
    }
    while ( !sxp && j.depth )
        json_close(&j);
    return rc;
}

int show_config_on(FILE *out, const struct xn_domain_config *c)
{
    char *text;

    if ( xn_config_to_json(xl_ctx(), c, &text) )
        return xl_failed(c->name, "%s", xl.command->name);
    fprintf(out, "%s%s", text, *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
    free(text);
    return XL_OK;
}

int show_config(const struct xn_domain_config *c, bool sxp)
{
    if ( !sxp )
        return show_config_on(stdout, c);
    show_sxp(stdout, c, NULL);
    return XL_OK;
}
