/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices in libxl's JSON: members that have their default value are not written.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

static void text_if(struct json_out *o, const char *key, const char *value)
{
    if ( value )
        jo_text(o, key, value);
}

static void defbool_if(struct json_out *o, const char *key, long value)
{
    if ( value != XN_UNSET )
        jo_defbool(o, key, value);
}

static void number_if(struct json_out *o, const char *key, uint64_t value)
{
    if ( value )
        jo_number(o, key, value);
}

static void true_if(struct json_out *o, const char *key, bool value)
{
    if ( value )
        jo_bool(o, key, true);
}

static void get_text(struct json_object *o, const char *key, char **where)
{
    const char *text;

    if ( json_get_text(o, key, &text) )
        cfg_replace(where, cfg_strdup(text));
}

static void get_defbool(struct json_object *o, const char *key, long *where)
{
    bool on;

    if ( json_get_flag(o, key, &on) )
        *where = on;
}

static bool get_flag(struct json_object *o, const char *key)
{
    bool on = false;

    json_get_flag(o, key, &on);
    return on;
}

static uint64_t get_number(struct json_object *o, const char *key, uint64_t max)
{
    int64_t n;

    return json_get_number(o, key, &n) && n >= 0 && (uint64_t)n <= max ? n : 0;
}

/* COLO's parameters are kept as one text "colo-host=h,...". */
static const struct { const char *word, *member; bool number; } colo_words[] = {
    { "colo-host", "colo_host", false }, { "colo-port", "colo_port", true },
    { "colo-export", "colo_export", false }, { "active-disk", "active_disk", false },
    { "hidden-disk", "hidden_disk", false },
};

static void write_colo(struct json_out *o, const char *colo)
{
    jo_defbool(o, "colo_enable", true);
    for ( size_t i = 0; i < sizeof(colo_words) / sizeof(colo_words[0]); i++ ) {
        const char *at = strstr(colo, colo_words[i].word);
        char *value;

        if ( !at )
            continue;
        at += strlen(colo_words[i].word) + 1;
        value = cfg_strndup(at, strcspn(at, ","));
        if ( colo_words[i].number )
            jo_signed(o, colo_words[i].member, strtol(value, NULL, 0));
        else
            jo_text(o, colo_words[i].member, value);
        free(value);
    }
}

static char *read_colo(struct json_object *o)
{
    char *colo = cfg_strdup("");

    for ( size_t i = 0; i < sizeof(colo_words) / sizeof(colo_words[0]); i++ ) {
        const char *text;
        int64_t n;

        if ( json_get_text(o, colo_words[i].member, &text) )
            cfg_replace(&colo, cfg_sprintf("%s%s%s=%s", colo, *colo ? "," : "",
                                           colo_words[i].word, text));
        else if ( json_get_number(o, colo_words[i].member, &n) )
            cfg_replace(&colo, cfg_sprintf("%s%s%s=%ld", colo, *colo ? "," : "",
                                           colo_words[i].word, (long)n));
    }
    return colo;
}

static void write_disk(struct json_out *o, const struct xn_disk *d, bool completed)
{
    text_if(o, "backend_domname", d->backend_domain);
    text_if(o, "pdev_path", d->target);
    text_if(o, "vdev", d->vdev);
    if ( d->backend != XN_DISK_ANY )
        jo_text(o, "backend", xn_disk_backend_name(d->backend));
    jo_text(o, "format", xn_disk_format_name(d->format));
    text_if(o, "script", d->script);
    number_if(o, "removable", d->removable);
    number_if(o, "readwrite", !d->readonly);
    number_if(o, "is_cdrom", d->cdrom);
    true_if(o, "direct_io_safe", d->direct_io_safe);
    if ( d->discard_set )
        jo_defbool(o, "discard_enable", d->discard);
    if ( d->specification_set )
        jo_text(o, "specification", d->is_virtio ? "virtio" : "xen");
    if ( d->colo )
        write_colo(o, d->colo);
    if ( completed && !d->hotplugged )
        jo_defbool(o, "colo_restore_enable", false);
    defbool_if(o, "trusted", d->trusted);
}

static void read_disk(struct xn_disk *d, struct json_object *o)
{
    const char *text;
    bool on;

    xn_disk_init(d);
    get_text(o, "backend_domname", &d->backend_domain);
    get_text(o, "pdev_path", &d->target);
    get_text(o, "vdev", &d->vdev);
    get_text(o, "script", &d->script);
    if ( json_get_text(o, "backend", &text) )
        for ( enum xn_disk_backend b = XN_DISK_ANY; b <= XN_DISK_XENOLITH; b++ )
            if ( !strcmp(text, xn_disk_backend_name(b)) )
                d->backend = b;
    if ( json_get_text(o, "format", &text) )
        for ( enum xn_disk_format f = XN_FORMAT_RAW; f <= XN_FORMAT_EMPTY; f++ )
            if ( !strcmp(text, xn_disk_format_name(f)) )
                d->format = f;
    d->removable = get_flag(o, "removable");
    d->readonly = !get_flag(o, "readwrite");
    d->cdrom = get_flag(o, "is_cdrom");
    d->direct_io_safe = get_flag(o, "direct_io_safe");
    if ( json_get_flag(o, "discard_enable", &on) ) {
        d->discard_set = true;
        d->discard = on;
    }
    if ( json_get_text(o, "specification", &text) ) {
        d->specification_set = true;
        d->is_virtio = !strcmp(text, "virtio");
    }
    if ( get_flag(o, "colo_enable") )
        d->colo = read_colo(o);
    d->hotplugged = !json_get_flag(o, "colo_restore_enable", &on);
    get_defbool(o, "trusted", &d->trusted);
}

static void write_nic(struct json_out *o, const struct xn_nic *n, bool completed)
{
    char mac[18];

    text_if(o, "backend_domname", n->backend_domain);
    if ( n->devid != XN_UNSET )
        jo_signed(o, "devid", n->devid);
    number_if(o, "mtu", n->mtu == XN_UNSET ? 0 : n->mtu);
    text_if(o, "model", n->model);
    if ( n->has_mac ) {
        snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", n->mac[0], n->mac[1],
                 n->mac[2], n->mac[3], n->mac[4], n->mac[5]);
        jo_text(o, "mac", mac);
    }
    text_if(o, "ip", n->ip);
    text_if(o, "bridge", n->bridge);
    text_if(o, "ifname", n->ifname);
    text_if(o, "script", n->script);
    if ( n->type )
        jo_text(o, "nictype", !strcmp(n->type, "ioemu") ? "vif_ioemu" : "vif");
    else if ( completed )
        jo_text(o, "nictype", "vif");
    number_if(o, "rate_bytes_per_interval", n->rate_bytes);
    number_if(o, "rate_interval_usecs", n->rate_interval_us);
    text_if(o, "gatewaydev", n->gateway);
    defbool_if(o, "trusted", n->trusted);
    /* Not libxl's, which leaves them alone. */
    text_if(o, "vlan", n->vlan);
    text_if(o, "backendtype", n->by_process ? "xenolith" : NULL);
}

static void read_nic(struct xn_nic *n, struct json_object *o)
{
    const char *text;
    int64_t number;

    xn_nic_init(n);
    get_text(o, "backend_domname", &n->backend_domain);
    if ( json_get_number(o, "devid", &number) )
        n->devid = number;
    if ( json_get_number(o, "mtu", &number) && number > 0 && number <= 65535 )
        n->mtu = number;
    get_text(o, "model", &n->model);
    n->has_mac = json_get_text(o, "mac", &text) && cfg_parse_mac(text, n->mac);
    get_text(o, "ip", &n->ip);
    get_text(o, "bridge", &n->bridge);
    get_text(o, "ifname", &n->ifname);
    get_text(o, "script", &n->script);
    get_text(o, "gatewaydev", &n->gateway);
    n->by_process = json_get_text(o, "backendtype", &text) && !strcmp(text, "xenolith");
    get_text(o, "vlan", &n->vlan);
    if ( json_get_text(o, "nictype", &text) )
        n->type = cfg_strdup(!strcmp(text, "vif_ioemu") ? "ioemu" : "vif");
    n->rate_bytes = get_number(o, "rate_bytes_per_interval", INT64_MAX);
    n->rate_interval_us = get_number(o, "rate_interval_usecs", UINT32_MAX);
    get_defbool(o, "trusted", &n->trusted);
}

static void write_pci(struct json_out *o, const struct xn_pci *p, enum xn_type type)
{
    number_if(o, "func", p->function);
    number_if(o, "dev", p->device);
    number_if(o, "bus", p->bus);
    number_if(o, "domain", p->domain);
    if ( p->vslot != XN_UNSET )
        number_if(o, "vdevfn", p->vslot << 3);
    if ( p->has_bdf )
        jo_number(o, "vfunc_mask", p->all_functions ? UINT32_MAX : 1);
    true_if(o, "msitranslate", p->msitranslate);
    true_if(o, "power_mgmt", p->power_mgmt);
    true_if(o, "permissive", p->permissive);
    true_if(o, "seize", p->seize);
    if ( p->rdm_policy || type != XN_TYPE_HVM )
        jo_text(o, "rdm_policy", p->rdm_policy ? p->rdm_policy : "strict");
    text_if(o, "name", p->name);
}

static void read_pci(struct xn_pci *p, struct json_object *o)
{
    int64_t mask;

    xn_pci_init(p);
    p->function = get_number(o, "func", 7);
    p->device = get_number(o, "dev", 31);
    p->bus = get_number(o, "bus", 255);
    p->domain = get_number(o, "domain", 65535);
    if ( get_number(o, "vdevfn", 255) )
        p->vslot = get_number(o, "vdevfn", 255) >> 3;
    p->has_bdf = json_get_number(o, "vfunc_mask", &mask);
    p->all_functions = p->has_bdf && mask == UINT32_MAX;
    p->msitranslate = get_flag(o, "msitranslate");
    p->power_mgmt = get_flag(o, "power_mgmt");
    p->permissive = get_flag(o, "permissive");
    p->seize = get_flag(o, "seize");
    get_text(o, "rdm_policy", &p->rdm_policy);
    get_text(o, "name", &p->name);
}

static void write_channel(struct json_out *o, const struct xn_channel *ch, size_t devid)
{
    text_if(o, "backend_domname", ch->backend_domain);
    jo_number(o, "devid", devid);
    text_if(o, "name", ch->name);
    jo_open(o, ch->type == XN_CHANNEL_PTY ? "connection.pty" : "connection.socket", '{');
    if ( ch->type == XN_CHANNEL_SOCKET )
        text_if(o, "path", ch->path);
    jo_close(o, '}');
}

static void read_channel(struct xn_channel *ch, struct json_object *o)
{
    struct json_object *socket = json_get(o, "connection.socket", json_type_object);

    memset(ch, 0, sizeof(*ch));
    get_text(o, "backend_domname", &ch->backend_domain);
    get_text(o, "name", &ch->name);
    ch->type = socket ? XN_CHANNEL_SOCKET : XN_CHANNEL_PTY;
    get_text(socket, "path", &ch->path);
}

#define WRITE(name, count, call) do {                       \
        if ( count )                                          \
            jo_open(o, name, '[');                        \
        for ( size_t i = 0; i < (count); i++ ) {              \
            jo_open(o, NULL, '{');                        \
            call;                                           \
            jo_close(o, '}');                             \
        }                                                   \
        if ( count )                                          \
            jo_close(o, ']');                             \
    } while ( 0 )

void json_write_devices(struct json_out *o, const struct xn_domain_config *c)
{
    WRITE("disks", c->nr_disks, write_disk(o, &c->disks[i], c->completed));
    WRITE("nics", c->nr_nics, write_nic(o, &c->nics[i], c->completed));
    WRITE("pcidevs", c->nr_pcis, write_pci(o, &c->pcis[i], c->type));
    WRITE("channels", c->nr_channels, write_channel(o, &c->channels[i], i));
}

#define DEVICES_MAX 4096

#define READ(name, list, count, call) do {                                              \
        struct json_object *all = json_get(config, name, json_type_array);              \
                                                                                        \
        for ( size_t i = 0; all && i < json_object_array_length(all) && i < DEVICES_MAX; i++ ) { \
            struct json_object *o = json_object_array_get_idx(all, i);                  \
                                                                                        \
            if ( !json_object_is_type(o, json_type_object) )                              \
                continue;                                                               \
            c->list = cfg_grow(c->list, c->count, sizeof(*c->list));                    \
            call(&c->list[c->count++], o);                                              \
        }                                                                               \
    } while ( 0 )

void json_read_devices(struct xn_domain_config *c, struct json_object *config)
{
    READ("disks", disks, nr_disks, read_disk);
    READ("nics", nics, nr_nics, read_nic);
    READ("pcidevs", pcis, nr_pcis, read_pci);
    READ("channels", channels, nr_channels, read_channel);
}
