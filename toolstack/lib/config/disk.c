/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk specifications: xl-disk-configuration(5), with the deprecated forms
 * "phy:/dev/x,xvda,w" and "file:/x.iso,hdc:cdrom,r".
 */
#include "cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Parameters that may be given once. */
enum { TARGET, FORMAT, VDEV, ACCESS, DEVTYPE, BACKEND, BACKENDTYPE, SCRIPT, SPECIFICATION,
       NR_ONCE };

static const char *const param_names[] = {
    "target", "format", "vdev", "access", "devtype", "backend", "backendtype", "script",
    "specification",
};

static const char *const known_words[] = {
    "target", "format", "vdev", "access", "devtype", "backend", "backendtype", "script",
    "specification", "cdrom", "direct-io-safe", "discard", "no-discard", "trusted", "untrusted",
    "colo", "colo-host", "colo-port", "colo-export", "active-disk", "hidden-disk", NULL
};

static const char *const formats[] = {
    [XN_FORMAT_RAW] = "raw", [XN_FORMAT_QCOW] = "qcow", [XN_FORMAT_QCOW2] = "qcow2",
    [XN_FORMAT_VHD] = "vhd", [XN_FORMAT_QED] = "qed", [XN_FORMAT_EMPTY] = "empty", NULL
};

static const char *const backends[] = {
    [XN_DISK_ANY] = "", [XN_DISK_PHY] = "phy", [XN_DISK_TAP] = "tap",
    [XN_DISK_QDISK] = "qdisk", [XN_DISK_STANDALONE] = "standalone",
    [XN_DISK_XENOLITH] = "xenolith", NULL
};

struct disk_parse {
    struct cfg_spec spec;
    struct xn_disk *d;
    bool old;                   /* began with a deprecated prefix */
    bool has_format, has_access, given[NR_ONCE];
    unsigned int next;          /* position that the next bare word has */
};

const char *xn_disk_format_name(enum xn_disk_format f)
{
    return formats[f];
}

const char *xn_disk_backend_name(enum xn_disk_backend b)
{
    return backends[b];
}

static int word_index(const char *const *words, const char *word)
{
    for ( int i = 0; words[i]; i++ )
        if ( !strcmp(words[i], word) )
            return i;
    return -1;
}

static void set_target(struct disk_parse *p, const char *value)
{
    cfg_replace(&p->d->target, cfg_strdup(value));
}

static void set_format(struct disk_parse *p, const char *value, const char *where)
{
    int format = *value ? word_index(formats, value) : XN_FORMAT_RAW;
    uint32_t number;

    if ( format >= 0 ) {
        p->d->format = format;
        p->has_format = *value;
    } else if ( !xn_vdev_number(value, &number) ) {
        cfg_spec_find(&p->spec, XN_ERROR, where, "expected a format (raw, qcow2, vhd ...), found "
                      "the device name '%s': write TARGET,raw,%s or give TARGET a prefix such as "
                      "phy: or file:", value, value);
    } else {
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not a format: expected raw, qcow, qcow2, "
                      "vhd or qed", value);
    }
}

static void set_vdev(struct disk_parse *p, const char *value, const char *where)
{
    const char *colon;
    uint32_t number;
    int rc;

    if ( p->old && !strncmp(value, "ioemu:", 6) )
        value += 6;
    colon = p->old ? strchr(value, ':') : NULL;
    if ( colon && !strcmp(colon, ":cdrom") )
        p->d->cdrom = true;
    else if ( colon && strcmp(colon, ":disk") )
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not a device type: expected cdrom or "
                      "disk", colon + 1);
    cfg_replace(&p->d->vdev, colon ? cfg_strndup(value, colon - value) : cfg_strdup(value));
    if ( !*p->d->vdev )
        return;
    rc = xn_vdev_number(p->d->vdev, &number);
    if ( rc == -ERANGE )
        cfg_spec_find(&p->spec, XN_ERROR, where, "device name '%s' is out of range: hd has disks "
                      "a to d, sd a to p, with at most 15 partitions; use xvd", p->d->vdev);
    else if ( rc )
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not a device name: expected xvda, hda, "
                      "sda or the like", p->d->vdev);
}

static void set_access(struct disk_parse *p, const char *value, const char *where)
{
    p->has_access = *value;
    if ( !strcmp(value, "r") || !strcmp(value, "ro") )
        p->d->readonly = true;
    else if ( !*value || !strcmp(value, "w") || !strcmp(value, "rw") )
        p->d->readonly = false;
    else if ( !strcmp(value, "w!") )
        cfg_spec_find(&p->spec, XN_ERROR, where, "access 'w!' (shared writing) is not served: "
                      "expected r or w");
    else
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not an access: expected r, ro, w or rw",
                      value);
}

static void set_specification(struct disk_parse *p, const char *value, const char *where)
{
    p->d->is_virtio = !strcmp(value, "virtio");
    p->d->specification_set = true;
    if ( !p->d->is_virtio && strcmp(value, "xen") )
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not a specification: expected xen or "
                      "virtio", value);
}

static void set_backend_type(struct disk_parse *p, const char *value, const char *where)
{
    int backend = word_index(backends, value);

    if ( backend >= 0 )
        p->d->backend = backend;
    else
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not a backend type: expected phy, qdisk, "
                      "tap, standalone or xenolith", value);
}

static void set_devtype(struct disk_parse *p, const char *value, const char *where)
{
    if ( !strcmp(value, "cdrom") )
        p->d->cdrom = true;
    else if ( *value && strcmp(value, "disk") )
        cfg_spec_find(&p->spec, XN_ERROR, where, "'%s' is not a device type: expected cdrom or "
                      "disk", value);
}

static void set_param(struct disk_parse *p, unsigned int what, const char *value,
                      const char *where)
{
    /* A target may be given by name when its position was left empty. */
    if ( p->given[what] && !(what == TARGET && p->d->target && !*p->d->target) ) {
        cfg_spec_find(&p->spec, XN_ERROR, where, "%s is given twice", param_names[what]);
        return;
    }
    p->given[what] = true;
    switch ( what ) {
    case TARGET: set_target(p, value); break;
    case FORMAT: set_format(p, value, where); break;
    case VDEV: set_vdev(p, value, where); break;
    case ACCESS: set_access(p, value, where); break;
    case DEVTYPE: set_devtype(p, value, where); break;
    case BACKEND: cfg_replace(&p->d->backend_domain, cfg_strdup(value)); break;
    case BACKENDTYPE: set_backend_type(p, value, where); break;
    case SCRIPT: cfg_replace(&p->d->script, cfg_strdup(value)); break;
    case SPECIFICATION: set_specification(p, value, where); break;
    }
}

/* A word without '=' that is not positional. */
static bool set_flag(struct disk_parse *p, const char *word)
{
    struct xn_disk *d = p->d;

    if ( !strcmp(word, "cdrom") )
        d->cdrom = true;
    else if ( !strcmp(word, "direct-io-safe") )
        d->direct_io_safe = true;
    else if ( !strcmp(word, "discard") || !strcmp(word, "no-discard") ) {
        d->discard_set = true;
        d->discard = *word == 'd';
    } else if ( !strcmp(word, "trusted") || !strcmp(word, "untrusted") )
        d->trusted = *word == 't';
    else if ( !strcmp(word, "colo") )
        cfg_replace(&d->colo, cfg_strdup(d->colo ? d->colo : ""));
    else
        return false;
    return true;
}

/* colo-host and its like are kept as one text. */
static void set_colo(struct disk_parse *p, const struct cfg_field *field)
{
    char **colo = &p->d->colo;

    cfg_replace(colo, cfg_sprintf("%s%s%s=%s", *colo ? *colo : "", *colo && **colo ? "," : "",
                                  field->key, field->value));
}

static void keyword(struct disk_parse *p, const struct cfg_field *field)
{
    const char *near;

    for ( unsigned int i = 0; i < NR_ONCE; i++ )
        if ( !strcmp(field->key, param_names[i]) ) {
            set_param(p, i, field->value, field->value_start);
            return;
        }
    if ( !strncmp(field->key, "colo-", 5) || !strcmp(field->key, "active-disk") ||
        !strcmp(field->key, "hidden-disk") ) {
        set_colo(p, field);
        return;
    }
    near = cfg_nearest(field->key, known_words);
    cfg_spec_find(&p->spec, XN_ERROR, field->start, "unknown parameter '%s'%s%s%s", field->key,
                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void bare_word(struct disk_parse *p, const struct cfg_field *field)
{
    static const unsigned int new_order[] = { TARGET, FORMAT, VDEV, ACCESS };
    static const unsigned int old_order[] = { TARGET, VDEV, ACCESS };
    const unsigned int *order = p->old ? old_order : new_order;
    unsigned int most = p->old ? 3 : 4;
    const char *near;

    if ( set_flag(p, field->value) )
        return;
    while ( p->next < most && p->given[order[p->next]] )
        p->next++;
    if ( p->next < most ) {
        set_param(p, order[p->next++], field->value, field->start);
        return;
    }
    if ( !*field->value )
        return;
    near = cfg_nearest(field->value, known_words);
    cfg_spec_find(&p->spec, XN_ERROR, field->start, "'%s' is one parameter too many: expected "
                  "%s%s%s%s", field->value, p->old ? "TARGET,VDEV,ACCESS" :
                  "TARGET,FORMAT,VDEV,ACCESS", near ? "; did you mean '" : "", near ? near : "",
                  near ? "'?" : "");
}

/* Deprecated prefixes, any number of them: returns what is behind. */
static const char *old_prefixes(struct disk_parse *p, const char *text)
{
    static const char *const ignored[] = { "tapdisk", "tap2", "tap", "aio", "ioemu", "file", "phy",
                                           NULL };
    static const char *const scripts[] = { "iscsi", "nbd", "enbd", "drbd", NULL };

    for ( ;; ) {
        size_t n = strcspn(text, ":,=");
        char *prefix;
        int format;

        if ( text[n] != ':' )
            return text;
        prefix = cfg_strndup(text, n);
        format = word_index(formats, prefix);
        if ( word_index(scripts, prefix) >= 0 )
            set_param(p, SCRIPT, prefix, text);
        if ( format >= 0 && format != XN_FORMAT_EMPTY )
            set_param(p, FORMAT, prefix, text);
        else if ( word_index(ignored, prefix) < 0 && word_index(scripts, prefix) < 0 ) {
            free(prefix);
            return text;
        }
        if ( word_index(scripts, prefix) >= 0 )
            cfg_replace(&p->d->script, cfg_sprintf("block-%s", prefix));
        free(prefix);
        p->old = true;
        text += n + 1;
    }
}

/* What has to hold for the whole. */
static void finish(struct disk_parse *p)
{
    struct xn_disk *d = p->d;

    if ( !d->vdev || !*d->vdev )
        cfg_spec_find(&p->spec, XN_ERROR, NULL, "no device name: expected vdev=xvda or "
                      "TARGET,raw,xvda,rw");
    if ( d->cdrom ) {
        d->readonly = true;
        d->removable = true;
        if ( !d->target || !*d->target )
            d->format = XN_FORMAT_EMPTY;
    } else if ( (!d->target || !*d->target) && d->format != XN_FORMAT_EMPTY &&
               !cfg_spec_failed(&p->spec) ) {
        cfg_spec_find(&p->spec, XN_ERROR, NULL, "no target: only a cdrom can be empty");
    }
}

void xn_disk_init(struct xn_disk *d)
{
    memset(d, 0, sizeof(*d));
    d->trusted = XN_UNSET;
}

int cfg_parse_disk(struct xn_disk *d, struct xn_findings *f, const char *text,
                   const struct cfg_value *value)
{
    struct disk_parse p = { .spec = cfg_spec_of("disk", text, value, f), .d = d };
    struct cfg_field field;
    const char *at;

    xn_disk_init(d);
    d->line = value ? value->at.line : 0;
    d->column = value ? value->at.column : 0;
    at = old_prefixes(&p, text + strspn(text, " \t"));
    /* xend's empty cdrom: ",hdc:cdrom,r". */
    if ( *at == ',' && at[1 + strcspn(at + 1, ",=:")] == ':' )
        p.old = true;
    while ( cfg_field_next(&at, &field) ) {
        if ( field.key )
            keyword(&p, &field);
        else
            bare_word(&p, &field);
        cfg_field_free(&field);
    }
    finish(&p);
    return cfg_spec_failed(&p.spec) ? -EINVAL : 0;
}

int xn_config_parse_disk(struct xn_disk *d, struct xn_findings *f, const char *text)
{
    return cfg_parse_disk(d, f, text, NULL);
}

void xn_disk_free(struct xn_disk *d)
{
    free(d->target);
    free(d->vdev);
    free(d->backend_domain);
    free(d->script);
    free(d->colo);
    xn_disk_init(d);
}
