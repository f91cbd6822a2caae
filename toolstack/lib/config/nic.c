/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interface specifications: xl-network-configuration(5).
 */
#include "cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_INTERVAL_US 50000
#define BRIDGE_MAX          15          /* Linux: IFNAMSIZ - 1 */

static const char *const nic_keys[] = {
    "mac", "bridge", "gatewaydev", "type", "model", "vifname", "script", "ip", "backend",
    "backendtype", "rate", "devid", "mtu", "vlan", "trusted", "untrusted", "netdev", "accel", NULL
};

/* Digits, then a unit of the table: the number times the unit's factor over per. */
struct unit { const char *name; uint64_t factor, per; };

static const char *quantity(const char *p, const struct unit *units, uint64_t *result)
{
    uint64_t n = 0;

    if ( !isdigit((unsigned char)*p) )
        return NULL;
    for ( ; isdigit((unsigned char)*p); p++ ) {
        if ( n > 1000000000 )
            return NULL;
        n = n * 10 + (*p - '0');
    }
    for ( ; units->name; units++ )
        if ( !strncmp(p, units->name, strlen(units->name)) ) {
            *result = n * units->factor / units->per;
            return p + strlen(units->name);
        }
    return NULL;
}

/* "10Mb/s", "1MB/s@20ms" */
static void set_rate(struct xn_nic *n, struct cfg_spec *s, const char *value, const char *where)
{
    static const struct unit rates[] = {
        { "GB/s", 1000000000, 1 }, { "MB/s", 1000000, 1 }, { "KB/s", 1000, 1 }, { "B/s", 1, 1 },
        { "Gb/s", 1000000000, 8 }, { "Mb/s", 1000000, 8 }, { "Kb/s", 1000, 8 }, { "b/s", 1, 8 },
        { NULL, 0, 0 }
    };
    static const struct unit times[] = {
        { "us", 1, 1 }, { "ms", 1000, 1 }, { "s", 1000000, 1 }, { "", 1000000, 1 }, { NULL, 0, 0 }
    };
    uint64_t interval = DEFAULT_INTERVAL_US, rate = 0;
    const char *p = quantity(value, rates, &rate);

    if ( p && *p == '@' )
        p = quantity(p + 1, times, &interval);
    if ( !p || *p ) {
        cfg_spec_find(s, XN_ERROR, where, "'%s' is not a rate: expected for example 10Mb/s, "
                      "250KB/s or 1MB/s@20ms", value);
        return;
    }
    if ( rate == 0 || interval == 0 || interval > UINT32_MAX ||
        (unsigned __int128)rate * interval / 1000000 > INT64_MAX ) {
        cfg_spec_find(s, XN_ERROR, where, "rate '%s' is out of range: the rate is above zero, the "
                      "interval from 1us to 4294s", value);
        return;
    }
    n->rate_bytes = (unsigned __int128)rate * interval / 1000000;
    n->rate_interval_us = interval;
    if ( n->rate_bytes == 0 )
        cfg_spec_find(s, XN_WARN, where, "rate '%s' is less than a byte in each interval: there "
                      "is no limit", value);
}

static void set_number(struct cfg_spec *s, const struct cfg_field *field, long min, long max,
                       long *where)
{
    long n;

    if ( cfg_parse_long(field->value, &n) || n < min || n > max )
        cfg_spec_find(s, XN_ERROR, field->value_start, "%s '%s' is not a number from %ld to %ld",
                      field->key, field->value, min, max);
    else
        *where = n;
}

static void set_mac(struct xn_nic *n, struct cfg_spec *s, const struct cfg_field *field)
{
    if ( !cfg_parse_mac(field->value, n->mac) ) {
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a MAC address: expected six "
                      "pairs of hexadecimal digits as in 00:16:3e:12:34:56", field->value);
        return;
    }
    if ( n->mac[0] & 1 )
        cfg_spec_find(s, XN_ERROR, field->value_start, "MAC address %s is a multicast address: "
                      "the first byte must be even", field->value);
    n->has_mac = true;
}

/* The name of a Linux network interface. */
static void set_ifname(struct cfg_spec *s, const struct cfg_field *field, char **where)
{
    const char *v = field->value;

    if ( strlen(v) > BRIDGE_MAX || strpbrk(v, "/ \t:") )
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a network interface's name: "
                      "at most %d characters, none of them '/', ':' or a blank", v, BRIDGE_MAX);
    else
        cfg_replace(where, *v ? cfg_strdup(v) : NULL);
}

static void set_type(struct xn_nic *n, struct cfg_spec *s, const struct cfg_field *field)
{
    if ( strcmp(field->value, "vif") && strcmp(field->value, "ioemu") )
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a type: expected vif or ioemu",
                      field->value);
    else
        cfg_replace(&n->type, cfg_strdup(field->value));
}

/* bridge=, which for Open vSwitch may carry a VLAN ("br0.5:6") and so is not only a name. */
static void set_bridge(struct xn_nic *n, struct cfg_spec *s, const struct cfg_field *field)
{
    if ( strchr(field->value, '/') || strpbrk(field->value, " \t") )
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a bridge's name",
                      field->value);
    else
        cfg_replace(&n->bridge, *field->value ? cfg_strdup(field->value) : NULL);
}

static void set_backend(struct xn_nic *n, struct cfg_spec *s, const struct cfg_field *field)
{
    n->by_process = !strcmp(field->value, "xenolith");
    if ( !n->by_process )
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a network's back end: expected "
                      "xenolith, or no backendtype= for the kernel's", field->value);
}

static bool set_text(struct xn_nic *n, const struct cfg_field *field)
{
    char **where;

    if ( !strcmp(field->key, "ip") )
        where = &n->ip;
    else if ( !strcmp(field->key, "script") )
        where = &n->script;
    else if ( !strcmp(field->key, "model") )
        where = &n->model;
    else if ( !strcmp(field->key, "backend") )
        where = &n->backend_domain;
    else
        return false;
    cfg_replace(where, *field->value ? cfg_strdup(field->value) : NULL);
    return true;
}

static void unknown(struct cfg_spec *s, const struct cfg_field *field, const char *word)
{
    const char *near = cfg_nearest(word, nic_keys);

    cfg_spec_find(s, XN_WARN, field->start, "unknown parameter '%s' is ignored%s%s%s", word,
                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void set_field(struct xn_nic *n, struct cfg_spec *s, const struct cfg_field *field)
{
    const char *key = field->key;

    if ( !key ) {
        if ( !strcmp(field->value, "trusted") || !strcmp(field->value, "untrusted") )
            n->trusted = *field->value == 't';
        else if ( *field->value )
            unknown(s, field, field->value);
        return;
    }
    if ( set_text(n, field) )
        return;
    if ( !strcmp(key, "mac") )
        set_mac(n, s, field);
    else if ( !strcmp(key, "bridge") )
        set_bridge(n, s, field);
    else if ( !strcmp(key, "gatewaydev") || !strcmp(key, "netdev") )
        set_ifname(s, field, &n->gateway);
    else if ( !strcmp(key, "vifname") )
        set_ifname(s, field, &n->ifname);
    else if ( !strcmp(key, "type") )
        set_type(n, s, field);
    else if ( !strcmp(key, "rate") )
        set_rate(n, s, field->value, field->value_start);
    else if ( !strcmp(key, "devid") )
        set_number(s, field, 0, 65535, &n->devid);
    else if ( !strcmp(key, "mtu") )
        set_number(s, field, 68, 65535, &n->mtu);
    else if ( !strcmp(key, "vlan") )
        cfg_replace(&n->vlan, cfg_strdup(field->value));
    else if ( !strcmp(key, "backendtype") )
        set_backend(n, s, field);
    else if ( !strcmp(key, "accel") )
        cfg_spec_find(s, XN_WARN, field->start, "accel is not served: ignored");
    else
        unknown(s, field, key);
}

void xn_nic_init(struct xn_nic *n)
{
    memset(n, 0, sizeof(*n));
    n->mtu = n->devid = n->trusted = XN_UNSET;
}

int cfg_parse_nic(struct xn_nic *n, struct xn_findings *f, const char *text,
                  const struct cfg_value *value)
{
    struct cfg_spec s = cfg_spec_of("vif", text, value, f);
    struct cfg_field field;

    xn_nic_init(n);
    n->line = value ? value->at.line : 0;
    n->column = value ? value->at.column : 0;
    while ( cfg_field_next(&text, &field) ) {
        set_field(n, &s, &field);
        cfg_field_free(&field);
    }
    return cfg_spec_failed(&s) ? -EINVAL : 0;
}

int xn_config_parse_nic(struct xn_nic *n, struct xn_findings *f, const char *text)
{
    return cfg_parse_nic(n, f, text, NULL);
}

void xn_nic_free(struct xn_nic *n)
{
    free(n->bridge);
    free(n->gateway);
    free(n->ip);
    free(n->script);
    free(n->ifname);
    free(n->model);
    free(n->backend_domain);
    free(n->type);
    free(n->vlan);
    xn_nic_init(n);
}
