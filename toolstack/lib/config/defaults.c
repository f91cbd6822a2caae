/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.conf(5): what holds for every domain unless its own configuration says otherwise.
 */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(field)   .offset = offsetof(struct xn_defaults, field)
#define KEY(key, what, ...)  { .name = key, .kind = CFG_K_##what, __VA_ARGS__ }
#define OLD(key, text)  { .name = key, .kind = CFG_K_TEXT, .service = CFG_OLD, .note = text }

static const char *const formats[] = { "json", "sxp", NULL };
static const char *const policies[] = { "xen", "random", NULL };

static const struct cfg_key conf_keys[] = {
    KEY("domid_policy", WORD, AT(domid_policy), .words = policies),
    KEY("autoballoon", TEXT, AT(autoballoon)),
    KEY("run_hotplug_scripts", BOOL, AT(run_hotplug_scripts)),
    KEY("lockfile", TEXT, AT(lockfile)),
    KEY("max_grant_frames", LONG, AT(max_grant_frames), .min = 1, .max = INT32_MAX),
    KEY("max_maptrack_frames", LONG, AT(max_maptrack_frames), .max = INT32_MAX),
    KEY("max_grant_version", LONG, AT(max_grant_version), .max = 2),
    KEY("vif.default.script", TEXT, AT(vif_script)),
    KEY("vif.default.bridge", TEXT, AT(vif_bridge)),
    KEY("vif.default.backend", TEXT, AT(vif_backend)),
    KEY("vif.default.gatewaydev", TEXT, AT(vif_gateway)),
    KEY("vifscript", TEXT, AT(vif_script), .note = "vif.default.script"),
    KEY("defaultbridge", TEXT, AT(vif_bridge), .note = "vif.default.bridge"),
    OLD("remus.default.netbufscript", "Remus is not served"),
    OLD("colo.default.proxyscript", "COLO is not served"),
    KEY("output_format", WORD, AT(output_format), .words = formats),
    KEY("blkdev_start", TEXT, AT(blkdev_start)),
    KEY("claim_mode", BOOL, AT(claim_mode)),
    KEY("vm.cpumask", TEXT, AT(cpumask)),
    KEY("vm.pv.cpumask", TEXT, AT(cpumask_pv)),
    KEY("vm.hvm.cpumask", TEXT, AT(cpumask_hvm)),
    { .name = NULL },
};

#define NR_KEYS (sizeof(conf_keys) / sizeof(conf_keys[0]))

void xn_defaults_init(struct xn_defaults *d)
{
    memset(d, 0, sizeof(*d));
    d->run_hotplug_scripts = d->claim_mode = 1;
    d->max_grant_frames = d->max_maptrack_frames = d->max_grant_version = XN_UNSET;
    d->lockfile = cfg_strdup("/var/lock/xl");
    d->output_format = cfg_strdup("json");
    d->autoballoon = cfg_strdup("auto");
    d->domid_policy = cfg_strdup("xen");
}

void xn_defaults_free(struct xn_defaults *d)
{
    for ( size_t i = 0; i < NR_KEYS; i++ )
        if ( conf_keys[i].name && conf_keys[i].service != CFG_OLD &&
            (conf_keys[i].kind == CFG_K_TEXT || conf_keys[i].kind == CFG_K_WORD) )
            cfg_replace((char **)((char *)d + conf_keys[i].offset), NULL);
}

static const struct cfg_key *find(const char *name, const char **near)
{
    const char *words[NR_KEYS];

    for ( size_t i = 0; i < NR_KEYS; i++ ) {
        words[i] = conf_keys[i].name;
        if ( words[i] && !strcmp(words[i], name) )
            return &conf_keys[i];
    }
    *near = cfg_nearest(name, words);
    return NULL;
}

/* "on", "off", "auto", or a number as the other booleans have it. */
static void check_autoballoon(struct xn_defaults *d, struct xn_findings *f, struct cfg_pos at)
{
    long n;

    if ( !strcmp(d->autoballoon, "on") || !strcmp(d->autoballoon, "off") ||
        !strcmp(d->autoballoon, "auto") )
        return;
    if ( cfg_parse_long(d->autoballoon, &n) )
        cfg_find(f, XN_ERROR, at, "autoballoon is \"on\", \"off\" or \"auto\": '%.40s' is not",
                 d->autoballoon);
    else
        cfg_replace(&d->autoballoon, cfg_strdup(n ? "on" : "off"));
}

static void set(struct xn_defaults *d, struct xn_findings *f, const struct cfg_entry *e)
{
    const char *near = NULL;
    const struct cfg_key *key = find(e->key, &near);

    if ( !key ) {
        cfg_find(f, XN_WARN, e->at, "unknown key '%.60s' is ignored%s%s%s", e->key,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    } else if ( cfg_good_value(f, key, e->value) ) {
        if ( key->service == CFG_OLD ) {
            cfg_find(f, XN_WARN, e->at, "%s has no effect: %s", key->name, key->note);
            return;
        }
        if ( key->note )
            cfg_find(f, XN_WARN, e->at, "%s is deprecated: write %s", key->name, key->note);
        cfg_store(d, key, e->value);
        if ( !strcmp(key->name, "autoballoon") )
            check_autoballoon(d, f, e->value->at);
    }
}

void xn_defaults_parse(struct xn_defaults *d, struct xn_findings *f, const char *text,
                       size_t length)
{
    struct cfg_entries entries = { 0 };

    cfg_read(&entries, f, text, length);
    cfg_merge(&entries, f);
    for ( size_t i = 0; i < entries.count; i++ )
        set(d, f, &entries.list[i]);
    cfg_entries_free(&entries);
}

int xn_defaults_load(struct xn_ctx *ctx, struct xn_defaults *d, struct xn_findings *f,
                     const char *path)
{
    size_t length;
    char *text;
    int rc;

    xn_defaults_init(d);
    rc = cfg_read_file(ctx, path ? path : XN_DEFAULTS_PATH, &text, &length);
    if ( rc == -ENOENT && !path ) {
        xn_clear_error(ctx);
        return 0;
    }
    if ( rc )
        return rc;
    xn_defaults_parse(d, f, text, length);
    free(text);
    return f->errors ? xn_fail(ctx, EINVAL, "%s: %zu errors", path ? path : XN_DEFAULTS_PATH,
                               f->errors) : 0;
}

static void fill(char **where, const char *value)
{
    if ( !*where && value )
        *where = cfg_strdup(value);
}

void xn_defaults_apply(const struct xn_defaults *d, struct xn_domain_config *c)
{
    for ( size_t i = 0; i < c->nr_nics; i++ ) {
        struct xn_nic *n = &c->nics[i];

        fill(&n->bridge, d->vif_bridge);
        fill(&n->script, d->vif_script);
        fill(&n->backend_domain, d->vif_backend);
        fill(&n->gateway, d->vif_gateway);
    }
    fill(&c->blkdev_start, d->blkdev_start);
    if ( c->claim == XN_UNSET )
        c->claim = d->claim_mode;
    if ( c->run_hotplug_scripts == XN_UNSET )
        c->run_hotplug_scripts = d->run_hotplug_scripts;
    if ( c->max_grant_frames == XN_UNSET )
        c->max_grant_frames = d->max_grant_frames;
    if ( c->max_maptrack_frames == XN_UNSET )
        c->max_maptrack_frames = d->max_maptrack_frames;
    if ( c->max_grant_version == XN_UNSET )
        c->max_grant_version = d->max_grant_version;
}
