/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading xl.cfg into struct xn_domain_config: entries are looked up in the table of keys,
 * checked for their kind and set.
 */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void xn_config_init(struct xn_domain_config *c)
{
    memset(c, 0, sizeof(*c));
    c->vcpus = c->maxvcpus = c->claim = XN_UNSET;
    c->sched.weight = c->sched.cap = XN_UNSET;
    c->max_grant_frames = c->max_maptrack_frames = XN_UNSET;
    c->max_grant_version = c->max_event_channels = XN_UNSET;
    c->rtc_offset = c->e820_host = c->localtime = XN_UNSET;
    c->nomigrate = c->driver_domain = c->run_hotplug_scripts = XN_UNSET;
    c->numa_placement = XN_UNSET;
    c->on_reboot = XN_ACTION_RESTART;
    c->on_soft_reset = XN_ACTION_SOFT_RESET;
}

static void free_texts(char **list, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(list[i]);
    free(list);
}

static void free_devices(struct xn_domain_config *c)
{
    for ( size_t i = 0; i < c->nr_disks; i++ )
        xn_disk_free(&c->disks[i]);
    for ( size_t i = 0; i < c->nr_nics; i++ )
        xn_nic_free(&c->nics[i]);
    for ( size_t i = 0; i < c->nr_pcis; i++ )
        xn_pci_free(&c->pcis[i]);
    for ( size_t i = 0; i < c->nr_channels; i++ )
        xn_channel_free(&c->channels[i]);
    free(c->disks);
    free(c->nics);
    free(c->pcis);
    free(c->channels);
}

void xn_config_free(struct xn_domain_config *c)
{
    char *const texts[] = { c->source, c->name, c->pool, c->seclabel, c->init_seclabel, c->nodes,
                            c->kernel, c->ramdisk, c->cmdline, c->bootloader, c->tsc_mode,
                            c->device_model_args, c->scheduler, c->blkdev_start,
                            c->json_rest };

    for ( size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++ )
        free(texts[i]);
    for ( size_t i = 0; i < c->nr_affinity; i++ ) {
        free(c->affinity[i].hard);
        free(c->affinity[i].soft);
    }
    free(c->affinity);
    for ( size_t i = 0; i < c->nr_settings; i++ ) {
        free(c->settings[i].key);
        free(c->settings[i].value);
    }
    free(c->settings);
    for ( size_t i = 0; i < c->nr_cpuids; i++ )
        for ( int r = 0; r < 4; r++ )
            free(c->cpuids[i].bits[r]);
    free(c->cpuids);
    free_texts(c->bootloader_args, c->nr_bootloader_args);
    free_texts(c->unserved, c->nr_unserved);
    free_devices(c);
    xn_config_init(c);
}

const char *xn_type_name(enum xn_type t)
{
    return t == XN_TYPE_HVM ? "hvm" : t == XN_TYPE_PVH ? "pvh" : "pv";
}

const struct xn_setting *xn_config_setting(const struct xn_domain_config *c, const char *key)
{
    for ( size_t i = 0; i < c->nr_settings; i++ )
        if ( !strcmp(c->settings[i].key, key) )
            return &c->settings[i];
    return NULL;
}

/* The value as one text, the elements of lists joined. */
static char *value_text(const struct cfg_value *v)
{
    char *text = NULL;

    if ( v->kind != CFG_LIST )
        return cfg_strdup(v->text);
    for ( size_t i = 0; i < v->count; i++ ) {
        char *item = value_text(v->items[i]);

        cfg_replace(&text, text ? cfg_sprintf("%s%c%s", text, CFG_JOIN, item) : cfg_strdup(item));
        free(item);
    }
    return text ? text : cfg_strdup("");
}

void cfg_add_setting(struct xn_domain_config *c, const char *key, char *value, struct cfg_pos at)
{
    c->settings = cfg_grow(c->settings, c->nr_settings, sizeof(*c->settings));
    c->settings[c->nr_settings++] = (struct xn_setting){ .key = cfg_strdup(key), .value = value,
                                                         .line = at.line, .column = at.column };
}

void cfg_add_unserved(struct xn_domain_config *c, const char *key)
{
    for ( size_t i = 0; i < c->nr_unserved; i++ )
        if ( !strcmp(c->unserved[i], key) )
            return;
    c->unserved = cfg_grow(c->unserved, c->nr_unserved, sizeof(char *));
    c->unserved[c->nr_unserved++] = cfg_strdup(key);
}

static unsigned int type_bit(enum xn_type t)
{
    return t == XN_TYPE_HVM ? CFG_HVM : t == XN_TYPE_PVH ? CFG_PVH : CFG_PV;
}

/* Say what a key will not do. */
static void check_service(struct cfg_load *l, const struct cfg_key *key, struct cfg_pos at,
                          const struct cfg_value *v)
{
    if ( key->service == CFG_OLD )
        cfg_find(l->f, XN_WARN, at, "%s has no effect: %s", key->name, key->note);
    else if ( !(key->types & type_bit(l->c->type)) )
        cfg_find(l->f, XN_WARN, at, "%s has no effect on a %s guest", key->name,
                 xn_type_name(l->c->type));
    else if ( key->service == CFG_HARMLESS && l->c->type == XN_TYPE_PV )
        cfg_find(l->f, XN_WARN, at, "%s is known but not served yet: it has no effect", key->name);
    else if ( key->service == CFG_REFUSED && !(key->served & type_bit(l->c->type)) &&
              (v->kind != CFG_LIST || v->count) )
        cfg_add_unserved(l->c, key->name);
}

static void set_entry(struct cfg_load *l, const struct cfg_entry *e)
{
    const struct cfg_key *key = cfg_key_find(e->key);
    const char *near;

    if ( !key ) {
        near = cfg_key_nearest(e->key);
        cfg_find(l->f, XN_WARN, e->at, "unknown key '%.60s' is ignored%s%s%s", e->key,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return;
    }
    if ( !cfg_good_value(l->f, key, e->value) )
        return;
    cfg_add_setting(l->c, key->name, value_text(e->value), e->at);
    l->c->settings[l->c->nr_settings - 1].list = e->value->kind == CFG_LIST;
    check_service(l, key, e->at, e->value);
    if ( key->set )
        key->set(l, key, e->value);
    else if ( key->offset )
        cfg_store(l->c, key, e->value);
}

/* Keys that others look at come first. */
static int rank(const struct cfg_entry *e)
{
    return !strcmp(e->key, "type") || !strcmp(e->key, "builder") ? 0 :
           !strncmp(e->key, "pci_", 4) ? 1 : 2;
}

static void check_types(struct cfg_load *l, const struct cfg_entries *e)
{
    const struct cfg_entry *type = NULL, *builder = NULL;

    for ( size_t i = 0; i < e->count; i++ ) {
        if ( !strcmp(e->list[i].key, "type") )
            type = &e->list[i];
        if ( !strcmp(e->list[i].key, "builder") )
            builder = &e->list[i];
    }
    if ( !type || !builder || type->value->kind != CFG_STRING ||
        builder->value->kind != CFG_STRING )
        return;
    if ( strcmp(type->value->text, builder->value->text) &&
        (strcmp(type->value->text, "pv") || strcmp(builder->value->text, "generic")) )
        cfg_find(l->f, XN_ERROR, builder->at, "type=\"%.20s\" and builder=\"%.20s\" contradict each "
                 "other: leave builder out", type->value->text, builder->value->text);
}

static void forget_place(struct cfg_value *v)
{
    v->at = (struct cfg_pos){ 0, 0 };
    v->plain = false;
    for ( size_t i = 0; i < v->count; i++ )
        forget_place(v->items[i]);
}

/* Lines of the command line: they have no place in the file. */
static void read_extra(struct cfg_entries *e, struct xn_findings *f, const char *extra)
{
    struct xn_findings own = { 0 };
    size_t first = e->count;

    cfg_read(e, &own, extra, strlen(extra));
    for ( size_t i = 0; i < own.count; i++ )
        cfg_find(f, own.list[i].level, (struct cfg_pos){ 0, 0 }, "on the command line, line %u "
                 "column %u: %s", own.list[i].line, own.list[i].column, own.list[i].text);
    xn_findings_free(&own);
    for ( size_t i = first; i < e->count; i++ ) {
        e->list[i].at = (struct cfg_pos){ 0, 0 };
        forget_place(e->list[i].value);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct xn_finding *x = a, *y = b;

    if ( x->line != y->line )
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

int xn_config_parse(struct xn_domain_config *c, struct xn_findings *f, const char *source,
                    const char *text, size_t length, const char *extra)
{
    struct cfg_entries entries = { 0 };
    struct cfg_load l = { .c = c, .f = f, .entries = &entries };

    xn_config_init(c);
    c->source = source ? cfg_strdup(source) : NULL;
    xn_pci_init(&l.pci_defaults);
    cfg_read(&entries, f, text, length);
    if ( extra )
        read_extra(&entries, f, extra);
    cfg_merge(&entries, f);
    check_types(&l, &entries);
    for ( int r = 0; r < 3; r++ )
        for ( size_t i = 0; i < entries.count; i++ )
            if ( rank(&entries.list[i]) == r )
                set_entry(&l, &entries.list[i]);
    cfg_finish(&l);
    /* Those about the whole (line 0) come first. */
    if ( f->count > 1 && f->count <= CFG_FINDINGS_MAX )
        qsort(f->list, f->count, sizeof(*f->list), by_place);
    cfg_entries_free(&entries);
    free(l.root);
    free(l.extra);
    free(l.cmdline);
    free(l.hard_all);
    free(l.soft_all);
    return f->errors ? -EINVAL : 0;
}
