/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the devices of libvirt's domain XML.
 */
#include "xml.h"

#include <stdlib.h>
#include <string.h>

static void take_attr(xmlNode *node, const char *name, char **where)
{
    char *text = xi_attr(node, name);

    if ( text && *text )
        cfg_replace(where, text);
    else
        free(text);
}

/* Disks. */

static void read_driver(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_disk *d = data;
    char *type = xi_attr(node, "type"), *name = xi_attr(node, "name");
    bool known = !type || !strcmp(type, "aio");

    for ( enum xn_disk_format f = XN_FORMAT_RAW; type && f < XN_FORMAT_EMPTY; f++ )
        if ( !strcmp(type, xn_disk_format_name(f)) ||
            (f == XN_FORMAT_VHD && !strcmp(type, "vpc")) ) {
            d->format = f;
            known = true;
        }
    if ( !known )
        xi_find(in, XN_ERROR, node, "<driver>: the format '%.40s' is not served: expected raw, "
                "qcow2 or vpc", type);
    if ( name && !strcmp(name, "phy") )
        d->backend = XN_DISK_PHY;
    else if ( name && !strncmp(name, "tap", 3) )
        d->backend = XN_DISK_TAP;
    else if ( name && !strcmp(name, "qemu") )
        d->backend = XN_DISK_QDISK;
    else if ( name && strcmp(name, "file") )
        xi_find(in, XN_WARN, node, "<driver>: the name '%.40s' is not known: ignored", name);
    d->discard_set = xi_is(node, "discard", "unmap") || xi_is(node, "discard", "ignore");
    d->discard = xi_is(node, "discard", "unmap");
    free(type);
    free(name);
}

static void read_source(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_disk *d = data;

    take_attr(node, "file", &d->target);
    take_attr(node, "dev", &d->target);
}

static void read_target(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_disk *d = data;
    uint32_t number;

    take_attr(node, "dev", &d->vdev);
    if ( !d->vdev || xn_vdev_number(d->vdev, &number) )
        xi_find(in, XN_ERROR, node, "<target>: '%.40s' is not a device name: expected xvda or the "
                "like", d->vdev ? d->vdev : "");
}

static void read_readonly(struct xml_in *in, xmlNode *node, void *data)
{
    ((struct xn_disk *)data)->readonly = true;
}

static void read_disk_backend(struct xml_in *in, xmlNode *node, void *data)
{
    take_attr(node, "name", &((struct xn_disk *)data)->backend_domain);
}

static void read_disk(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "driver", read_driver }, { "source", read_source }, { "target", read_target },
        { "readonly", read_readonly }, { "backenddomain", read_disk_backend },
        { "address", NULL }, { "alias", NULL }, { "backingStore", NULL }, { NULL, NULL }
    };
    struct xn_domain_config *c = in->l.c;
    struct xn_disk *d;

    if ( !xi_is(node, "type", "file") && !xi_is(node, "type", "block") &&
        xmlHasProp(node, (const xmlChar *)"type") ) {
        xi_find(in, XN_ERROR, node, "<disk>: only type='file' and type='block' are served");
        return;
    }
    c->disks = cfg_grow(c->disks, c->nr_disks, sizeof(*c->disks));
    d = &c->disks[c->nr_disks++];
    xn_disk_init(d);
    d->line = xmlGetLineNo(node);
    d->column = 1;
    d->cdrom = xi_is(node, "device", "cdrom");
    if ( xi_is(node, "device", "floppy") || xi_is(node, "device", "lun") )
        xi_find(in, XN_ERROR, node, "<disk>: only device='disk' and device='cdrom' are served");
    xi_children(in, node, table, d);
    if ( !d->vdev )
        xi_find(in, XN_ERROR, node, "<disk> has no <target dev='...'/>");
    if ( !d->target && !d->cdrom )
        xi_find(in, XN_ERROR, node, "<disk> has no <source>: only a cdrom can be empty");
    if ( !d->target )
        d->format = XN_FORMAT_EMPTY;
    d->removable = d->cdrom;
    d->readonly |= d->cdrom;
}

/* Interfaces. */

static void read_mac(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_nic *n = data;
    char *text = xi_attr(node, "address");

    n->has_mac = text && cfg_parse_mac(text, n->mac) && !(n->mac[0] & 1);
    if ( !n->has_mac )
        xi_find(in, XN_ERROR, node, "<mac>: '%.40s' is not a MAC address", text ? text : "");
    free(text);
}

static void read_bridge(struct xml_in *in, xmlNode *node, void *data)
{
    take_attr(node, "bridge", &((struct xn_nic *)data)->bridge);
}

static void read_ip(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_nic *n = data;
    char *address = xi_attr(node, "address"), *prefix = xi_attr(node, "prefix");

    if ( address )
        cfg_replace(&n->ip, cfg_sprintf("%s%s%s%s%s", n->ip ? n->ip : "", n->ip ? " " : "",
                                        address, prefix ? "/" : "", prefix ? prefix : ""));
    free(address);
    free(prefix);
}

static void read_script(struct xml_in *in, xmlNode *node, void *data)
{
    take_attr(node, "path", &((struct xn_nic *)data)->script);
}

static void read_nic_backend(struct xml_in *in, xmlNode *node, void *data)
{
    take_attr(node, "name", &((struct xn_nic *)data)->backend_domain);
}

static void read_nic_target(struct xml_in *in, xmlNode *node, void *data)
{
    take_attr(node, "dev", &((struct xn_nic *)data)->ifname);
}

static void read_model(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_nic *n = data;

    if ( xi_is(node, "type", "netfront") )
        cfg_replace(&n->type, cfg_strdup("vif"));
    else
        take_attr(node, "type", &n->model);
}

static void read_mtu(struct xml_in *in, xmlNode *node, void *data)
{
    xi_number(in, node, "size", 68, 65535, &((struct xn_nic *)data)->mtu);
}

/* As in xl.cfg the credit comes every 50 ms. */
static void read_outbound(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_nic *n = data;
    long kib;

    if ( !xi_number(in, node, "average", 1, UINT32_MAX, &kib) )
        return;
    n->rate_interval_us = 50000;
    n->rate_bytes = (uint64_t)kib * 1024 / 20;
    if ( xmlHasProp(node, (const xmlChar *)"peak") || xmlHasProp(node, (const xmlChar *)"burst") )
        xi_find(in, XN_WARN, node, "<outbound>: only average is served");
}

static void read_bandwidth(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = { { "outbound", read_outbound }, { NULL, NULL } };

    xi_children(in, node, table, data);
}

static void read_interface(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "mac", read_mac }, { "source", read_bridge }, { "ip", read_ip },
        { "script", read_script }, { "backenddomain", read_nic_backend },
        { "target", read_nic_target }, { "model", read_model }, { "mtu", read_mtu },
        { "bandwidth", read_bandwidth }, { "address", NULL }, { "alias", NULL }, { NULL, NULL }
    };
    struct xn_domain_config *c = in->l.c;
    struct xn_nic *n;

    if ( !xi_is(node, "type", "bridge") && !xi_is(node, "type", "ethernet") ) {
        xi_find(in, XN_ERROR, node, "<interface>: only type='bridge' and type='ethernet' are "
                "served");
        return;
    }
    c->nics = cfg_grow(c->nics, c->nr_nics, sizeof(*c->nics));
    n = &c->nics[c->nr_nics];
    xn_nic_init(n);
    n->devid = c->nr_nics++;
    n->line = xmlGetLineNo(node);
    n->column = 1;
    xi_children(in, node, table, n);
}

/* Channels. */

static void read_channel_source(struct xml_in *in, xmlNode *node, void *data)
{
    take_attr(node, "path", &((struct xn_channel *)data)->path);
}

static void read_channel_target(struct xml_in *in, xmlNode *node, void *data)
{
    if ( !xi_is(node, "type", "xen") )
        xi_find(in, XN_ERROR, node, "<channel>: only <target type='xen'/> is served");
    take_attr(node, "name", &((struct xn_channel *)data)->name);
}

static void read_channel(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "source", read_channel_source }, { "target", read_channel_target },
        { "address", NULL }, { "alias", NULL }, { NULL, NULL }
    };
    struct xn_domain_config *c = in->l.c;
    struct xn_channel *ch;

    if ( !xi_is(node, "type", "pty") && !xi_is(node, "type", "unix") ) {
        xi_find(in, XN_ERROR, node, "<channel>: only type='pty' and type='unix' are served");
        return;
    }
    c->channels = cfg_grow(c->channels, c->nr_channels, sizeof(*c->channels));
    ch = &c->channels[c->nr_channels++];
    memset(ch, 0, sizeof(*ch));
    ch->type = xi_is(node, "type", "pty") ? XN_CHANNEL_PTY : XN_CHANNEL_SOCKET;
    ch->line = xmlGetLineNo(node);
    ch->column = 1;
    xi_children(in, node, table, ch);
    if ( ch->type == XN_CHANNEL_SOCKET && (!ch->path || *ch->path != '/') )
        xi_find(in, XN_ERROR, node, "<channel type='unix'> needs <source mode='bind' "
                "path='/...'/>");
}

/* PCI devices. */

static void read_address(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_pci *p = data;
    long domain = 0, bus = 0, slot = 0, function = 0;

    xi_number(in, node, "domain", 0, 0xffff, &domain);
    xi_number(in, node, "bus", 0, 0xff, &bus);
    xi_number(in, node, "slot", 0, 0x1f, &slot);
    xi_number(in, node, "function", 0, 7, &function);
    p->domain = domain;
    p->bus = bus;
    p->device = slot;
    p->function = function;
    p->has_bdf = true;
}

static void read_pci_source(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = { { "address", read_address }, { NULL, NULL } };

    ((struct xn_pci *)data)->permissive = xi_is(node, "writeFiltering", "no");
    xi_children(in, node, table, data);
}

static void read_hostdev(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "source", read_pci_source }, { "driver", NULL }, { "address", NULL },
        { "alias", NULL }, { NULL, NULL }
    };
    struct xn_domain_config *c = in->l.c;
    struct xn_pci *p;

    if ( !xi_is(node, "type", "pci") ) {
        xi_find(in, XN_ERROR, node, "<hostdev>: only type='pci' is known");
        return;
    }
    c->pcis = cfg_grow(c->pcis, c->nr_pcis, sizeof(*c->pcis));
    p = &c->pcis[c->nr_pcis++];
    xn_pci_init(p);
    p->line = xmlGetLineNo(node);
    p->column = 1;
    p->seize = xi_is(node, "managed", "yes");
    xi_children(in, node, table, p);
    if ( !p->has_bdf )
        xi_find(in, XN_ERROR, node, "<hostdev> has no <source><address .../></source>");
    cfg_add_unserved(c, "pci");
}

static void read_controller(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_domain_config *c = in->l.c;

    if ( !xi_is(node, "type", "xenbus") ) {
        xi_find(in, XN_WARN, node, "<controller> other than xenbus has no meaning here: ignored");
        return;
    }
    xi_number(in, node, "maxGrantFrames", 1, INT32_MAX, &c->max_grant_frames);
    xi_number(in, node, "maxEventChannels", 1, INT32_MAX, &c->max_event_channels);
}

void xml_read_devices(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "disk", read_disk }, { "interface", read_interface }, { "channel", read_channel },
        { "hostdev", read_hostdev }, { "controller", read_controller }, { "console", NULL },
        { "memballoon", NULL }, { "emulator", NULL }, { NULL, NULL }
    };

    xi_children(in, node, table, NULL);
}
