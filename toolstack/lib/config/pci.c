/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices and channels: xl-pci-configuration(5), xen-pv-channel(7).
 */
#include "cfg.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* At most so many hexadecimal digits; NULL if there are none or too many. */
static const char *hex(const char *p, int most, unsigned long max, unsigned long *n)
{
    const char *start = p;

    *n = 0;
    for ( ; isxdigit((unsigned char)*p); p++ ) {
        if ( p - start == most )
            return NULL;
        *n = *n * 16 + (isdigit((unsigned char)*p) ? *p - '0' : tolower(*p) - 'a' + 10);
    }
    return p > start && *n <= max ? p : NULL;
}

/* [DDDD:]BB:SS.F[@VSLOT], F may be '*'. */
static bool parse_bdf(struct xn_pci *d, const char *p)
{
    unsigned long domain = 0, bus, device, function = 0, vslot;
    const char *colon = strchr(p, ':');

    if ( colon && strchr(colon + 1, ':') ) {
        p = hex(p, 4, 0xffff, &domain);
        if ( !p || *p++ != ':' )
            return false;
    }
    p = hex(p, 2, 0xff, &bus);
    if ( !p || *p++ != ':' )
        return false;
    p = hex(p, 2, 0x1f, &device);
    if ( !p || *p++ != '.' )
        return false;
    d->all_functions = *p == '*';
    p = d->all_functions ? p + 1 : hex(p, 1, 7, &function);
    if ( p && *p == '@' ) {
        p = hex(p + 1, 2, 0x1f, &vslot);
        d->vslot = p ? (long)vslot : XN_UNSET;
    }
    if ( !p || *p )
        return false;
    d->domain = domain;
    d->bus = bus;
    d->device = device;
    d->function = function;
    d->has_bdf = true;
    return true;
}

static void set_bdf(struct xn_pci *d, struct cfg_spec *s, const struct cfg_field *field)
{
    if ( d->has_bdf )
        cfg_spec_find(s, XN_ERROR, field->start, "the device's address is given twice");
    else if ( !parse_bdf(d, field->value) )
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a PCI address: expected "
                      "[DDDD:]BB:SS.F in hexadecimal, with at most @1f behind", field->value);
}

static void set_flag(struct cfg_spec *s, const struct cfg_field *field, bool *flag)
{
    long n = 0;

    if ( *field->value && cfg_parse_long(field->value, &n) )
        cfg_spec_find(s, XN_ERROR, field->value_start, "%s '%s' is not 0 or 1", field->key,
                      field->value);
    *flag = n != 0;
}

static void set_vslot(struct xn_pci *d, struct cfg_spec *s, const struct cfg_field *field)
{
    const char *v = field->value;
    unsigned long n;

    if ( v[0] == '0' && (v[1] == 'x' || v[1] == 'X') )
        v += 2;
    v = hex(v, 2, 0x1f, &n);
    if ( !v || *v )
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a slot: expected 0 to 1f in "
                      "hexadecimal", field->value);
    else if ( d->vslot != XN_UNSET )
        cfg_spec_find(s, XN_ERROR, field->start, "the slot is given twice");
    else
        d->vslot = n;
}

static void set_pci_field(struct xn_pci *d, struct cfg_spec *s, const struct cfg_field *field)
{
    static const char *const keys[] = { "bdf", "vslot", "permissive", "msitranslate", "seize",
                                        "power_mgmt", "rdm_policy", "name", NULL };
    const char *key = field->key, *near;

    if ( !key || !strcmp(key, "bdf") )
        set_bdf(d, s, field);
    else if ( !strcmp(key, "vslot") )
        set_vslot(d, s, field);
    else if ( !strcmp(key, "permissive") )
        set_flag(s, field, &d->permissive);
    else if ( !strcmp(key, "msitranslate") )
        set_flag(s, field, &d->msitranslate);
    else if ( !strcmp(key, "seize") )
        set_flag(s, field, &d->seize);
    else if ( !strcmp(key, "power_mgmt") )
        set_flag(s, field, &d->power_mgmt);
    else if ( !strcmp(key, "name") )
        cfg_replace(&d->name, cfg_strdup(field->value));
    else if ( !strcmp(key, "rdm_policy") ) {
        if ( strcmp(field->value, "strict") && strcmp(field->value, "relaxed") )
            cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a policy: expected strict "
                          "or relaxed", field->value);
        cfg_replace(&d->rdm_policy, cfg_strdup(field->value));
    } else {
        near = cfg_nearest(key, keys);
        cfg_spec_find(s, XN_ERROR, field->start, "unknown parameter '%s'%s%s%s", key,
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
}

void xn_pci_init(struct xn_pci *p)
{
    memset(p, 0, sizeof(*p));
    p->vslot = XN_UNSET;
}

/* Over what p has already (the configuration's pci_permissive and its like). */
int cfg_parse_pci(struct xn_pci *p, struct xn_findings *f, const char *text,
                  const struct cfg_value *value)
{
    struct cfg_spec s = cfg_spec_of("pci", text, value, f);
    struct cfg_field field;

    p->line = value ? value->at.line : 0;
    p->column = value ? value->at.column : 0;
    while ( cfg_field_next(&text, &field) ) {
        set_pci_field(p, &s, &field);
        cfg_field_free(&field);
    }
    if ( !cfg_spec_failed(&s) && p->has_bdf == (p->name != NULL) )
        cfg_spec_find(&s, XN_ERROR, NULL, "expected either a device's address or name=");
    return cfg_spec_failed(&s) ? -EINVAL : 0;
}

int xn_config_parse_pci(struct xn_pci *p, struct xn_findings *f, const char *text)
{
    xn_pci_init(p);
    return cfg_parse_pci(p, f, text, NULL);
}

void xn_pci_free(struct xn_pci *p)
{
    free(p->rdm_policy);
    free(p->name);
    xn_pci_init(p);
}

/* Channels. */

static void set_connection(struct xn_channel *ch, struct cfg_spec *s,
                           const struct cfg_field *field)
{
    if ( !strcmp(field->value, "pty") )
        ch->type = XN_CHANNEL_PTY;
    else if ( !strcmp(field->value, "socket") )
        ch->type = XN_CHANNEL_SOCKET;
    else
        cfg_spec_find(s, XN_ERROR, field->value_start, "'%s' is not a connection: expected pty or "
                      "socket", field->value);
}

static void set_channel_field(struct xn_channel *ch, struct cfg_spec *s,
                              const struct cfg_field *field, bool *connected)
{
    static const char *const keys[] = { "connection", "name", "path", "backend", NULL };
    const char *key = field->key ? field->key : field->value, *near;

    if ( field->key && !strcmp(key, "connection") ) {
        set_connection(ch, s, field);
        *connected = true;
    } else if ( field->key && !strcmp(key, "name") )
        cfg_replace(&ch->name, cfg_strdup(field->value));
    else if ( field->key && !strcmp(key, "path") )
        cfg_replace(&ch->path, cfg_strdup(field->value));
    else if ( field->key && !strcmp(key, "backend") )
        cfg_replace(&ch->backend_domain, cfg_strdup(field->value));
    else if ( *key ) {
        near = cfg_nearest(key, keys);
        cfg_spec_find(s, XN_WARN, field->start, "unknown parameter '%s' is ignored%s%s%s", key,
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
}

int cfg_parse_channel(struct xn_channel *ch, struct xn_findings *f, const char *text,
                      const struct cfg_value *value)
{
    struct cfg_spec s = cfg_spec_of("channel", text, value, f);
    struct cfg_field field;
    bool connected = false;

    memset(ch, 0, sizeof(*ch));
    ch->line = value ? value->at.line : 0;
    ch->column = value ? value->at.column : 0;
    while ( cfg_field_next(&text, &field) ) {
        set_channel_field(ch, &s, &field, &connected);
        cfg_field_free(&field);
    }
    if ( !connected )
        cfg_spec_find(&s, XN_ERROR, NULL, "expected connection=pty or connection=socket");
    else if ( ch->type == XN_CHANNEL_SOCKET && (!ch->path || *ch->path != '/') &&
             !cfg_spec_failed(&s) )
        cfg_spec_find(&s, XN_ERROR, NULL, "connection=socket needs path=/AN/ABSOLUTE/PATH");
    return cfg_spec_failed(&s) ? -EINVAL : 0;
}

int xn_config_parse_channel(struct xn_channel *ch, struct xn_findings *f, const char *text)
{
    return cfg_parse_channel(ch, f, text, NULL);
}

void xn_channel_free(struct xn_channel *ch)
{
    free(ch->name);
    free(ch->path);
    free(ch->backend_domain);
    memset(ch, 0, sizeof(*ch));
}
