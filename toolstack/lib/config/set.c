/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting one key of xl.cfg: the keys whose value is more than text, number or word.  Values
 * come checked for their kind.
 */
#include "keys.h"

#include "cpuset.h"

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

void cfg_set_type(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    if ( !strcmp(v->text, "hvm") )
        l->c->type = XN_TYPE_HVM;
    else if ( !strcmp(v->text, "pvh") )
        l->c->type = XN_TYPE_PVH;
    else
        l->c->type = XN_TYPE_PV;
}

#define NAME_MAX_BYTES  128

const char *cfg_bad_name(const char *name)
{
    size_t n = strlen(name);

    if ( !n )
        return "is empty";
    if ( n > NAME_MAX_BYTES )
        return "is longer than 128 bytes";
    if ( strspn(name, "0123456789") == n )
        return "is a number, which stands for a domain's id";
    if ( !strcmp(name, ".") || !strcmp(name, "..") )
        return "is a directory's";
    for ( ; *name; name++ ) {
        if ( *name == '/' )
            return "has a '/', which is not allowed: it is part of file names";
        if ( (unsigned char)*name <= ' ' || *name == 0x7f )
            return "has a blank or control character: what reads xl list could not tell it apart";
    }
    return NULL;
}

void cfg_set_name(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    const char *why = cfg_bad_name(v->text);

    cfg_replace(&l->c->name, cfg_strdup(v->text));
    if ( why )
        cfg_find(l->f, XN_ERROR, v->at, "the name '%.140s' %s", v->text, why);
}

void cfg_set_uuid(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    if ( uuid_parse(v->text, l->c->uuid) )
        cfg_find(l->f, XN_ERROR, v->at, "'%.60s' is not a UUID: expected "
                 "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal", v->text);
    else
        l->c->has_uuid = true;
}

void cfg_set_memory(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    l->c->memory_kib = strtoull(v->text, NULL, 0) << 10;
}

void cfg_set_maxmem(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    l->maxmem_at = v->at;
    l->c->maxmem_kib = strtoull(v->text, NULL, 0) << 10;
}

void cfg_set_vcpus(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    *(long *)((char *)l->c + key->offset) = strtol(v->text, NULL, 0);
    l->vcpus_at = v->at;
}

static bool good_cpus(struct cfg_load *l, const struct cfg_key *key, const struct cfg_value *v)
{
    char why[120];
    size_t offset;

    if ( !cpuset_check(v->text, &offset, why, sizeof(why)) )
        return true;
    cfg_find(l->f, XN_ERROR, cfg_value_pos(v, offset), "%s '%.60s': %s", key->name, v->text, why);
    return false;
}

static struct xn_affinity *affinity_of(struct xn_domain_config *c, size_t vcpu)
{
    while ( c->nr_affinity <= vcpu ) {
        c->affinity = cfg_grow(c->affinity, c->nr_affinity, sizeof(*c->affinity));
        c->nr_affinity++;
    }
    return &c->affinity[vcpu];
}

/* cpus= and cpus_soft=: a text for all vCPUs, or a list with one for each. */
void cfg_set_cpus(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    bool soft = !strcmp(key->name, "cpus_soft");

    if ( soft || v->kind == CFG_LIST )
        l->c->numa_placement = 0;
    if ( v->kind != CFG_LIST ) {
        if ( *v->text && good_cpus(l, key, v) )
            cfg_replace(soft ? &l->soft_all : &l->hard_all, cfg_strdup(v->text));
        return;
    }
    for ( size_t i = 0; i < v->count; i++ ) {
        struct xn_affinity *a;

        if ( !good_cpus(l, key, v->items[i]) )
            continue;
        a = affinity_of(l->c, i);
        cfg_replace(soft ? &a->soft : &a->hard, cfg_strdup(v->items[i]->text));
    }
}

static const char *const action_names[] = {
    [XN_ACTION_DESTROY] = "destroy", [XN_ACTION_RESTART] = "restart",
    [XN_ACTION_RENAME_RESTART] = "rename-restart", [XN_ACTION_PRESERVE] = "preserve",
    [XN_ACTION_COREDUMP_DESTROY] = "coredump-destroy",
    [XN_ACTION_COREDUMP_RESTART] = "coredump-restart", [XN_ACTION_SOFT_RESET] = "soft-reset", NULL
};

const char *xn_action_name(enum xn_action a)
{
    return a <= XN_ACTION_SOFT_RESET ? action_names[a] : "unknown";
}

bool xn_action_from_name(const char *name, enum xn_action *a)
{
    for ( int i = 0; action_names[i]; i++ )
        if ( !strcmp(action_names[i], name) ) {
            *a = i;
            return true;
        }
    return false;
}

void cfg_set_action(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    enum xn_action *a = (enum xn_action *)((char *)l->c + key->offset);
    const char *near;

    if ( xn_action_from_name(v->text, a) )
        return;
    near = cfg_nearest(v->text, action_names);
    if ( near )
        cfg_find(l->f, XN_ERROR, v->at, "unknown action '%.40s' for %s; did you mean '%s'?",
                 v->text, key->name, near);
    else
        cfg_find(l->f, XN_ERROR, v->at, "unknown action '%.40s' for %s: expected destroy, restart, "
                 "rename-restart, preserve, coredump-destroy, coredump-restart or soft-reset",
                 v->text, key->name);
}

void cfg_set_cmdline(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    char **where = *key->name == 'r' ? &l->root : *key->name == 'e' ? &l->extra : &l->cmdline;

    cfg_replace(where, cfg_strdup(v->text));
    if ( *key->name != 'c' )
        l->ignored_at = v->at;
}

static void add_arg(struct xn_domain_config *c, const char *text, size_t length)
{
    c->bootloader_args = cfg_grow(c->bootloader_args, c->nr_bootloader_args, sizeof(char *));
    c->bootloader_args[c->nr_bootloader_args++] = cfg_strndup(text, length);
}

/* bootloader_args: a list, or (deprecated) a text whose words are the arguments. */
void cfg_set_args(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    if ( v->kind == CFG_LIST ) {
        for ( size_t i = 0; i < v->count; i++ )
            add_arg(l->c, v->items[i]->text, strlen(v->items[i]->text));
        return;
    }
    cfg_find(l->f, XN_WARN, v->at, "bootloader_args as one string is deprecated: write a list "
             "[\"...\", \"...\"]");
    for ( const char *p = v->text; *p; ) {
        size_t n = strcspn(p, " \t\n");

        if ( n )
            add_arg(l->c, p, n);
        p += n + strspn(p + n, " \t\n");
    }
}

void cfg_set_disk(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    struct xn_domain_config *c = l->c;

    for ( size_t i = 0; i < v->count; i++ ) {
        c->disks = cfg_grow(c->disks, c->nr_disks, sizeof(*c->disks));
        cfg_parse_disk(&c->disks[c->nr_disks++], l->f, v->items[i]->text, v->items[i]);
    }
}

void cfg_set_vif(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    struct xn_domain_config *c = l->c;

    for ( size_t i = 0; i < v->count; i++ ) {
        struct xn_nic *n;

        c->nics = cfg_grow(c->nics, c->nr_nics, sizeof(*c->nics));
        n = &c->nics[c->nr_nics++];
        cfg_parse_nic(n, l->f, v->items[i]->text, v->items[i]);
        if ( n->devid == XN_UNSET )
            n->devid = i;
    }
}

void cfg_set_pci_default(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    bool on = strtol(v->text, NULL, 0) != 0;

    switch ( key->name[4] ) {
    case 'p':
        if ( key->name[5] == 'e' )
            l->pci_defaults.permissive = on;
        else
            l->pci_defaults.power_mgmt = on;
        break;
    case 'm':
        l->pci_defaults.msitranslate = on;
        break;
    default:
        l->pci_defaults.seize = on;
    }
}

void cfg_set_pci(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    struct xn_domain_config *c = l->c;

    for ( size_t i = 0; i < v->count; i++ ) {
        c->pcis = cfg_grow(c->pcis, c->nr_pcis, sizeof(*c->pcis));
        c->pcis[c->nr_pcis] = l->pci_defaults;
        cfg_parse_pci(&c->pcis[c->nr_pcis++], l->f, v->items[i]->text, v->items[i]);
    }
}

void cfg_set_channel(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    struct xn_domain_config *c = l->c;

    for ( size_t i = 0; i < v->count; i++ ) {
        c->channels = cfg_grow(c->channels, c->nr_channels, sizeof(*c->channels));
        cfg_parse_channel(&c->channels[c->nr_channels++], l->f, v->items[i]->text, v->items[i]);
    }
}
