/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing the devices of libvirt's domain XML.
 */
#include "xml.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static void attr_if(struct xml_out *o, const char *name, const char *value)
{
    if ( value && *value )
        xo_attr(o, name, value);
}

static void write_driver(struct xml_out *o, const struct xn_disk *d)
{
    static const char *const names[] = {
        [XN_DISK_PHY] = "phy", [XN_DISK_TAP] = "tap", [XN_DISK_QDISK] = "qemu",
        [XN_DISK_XENOLITH] = NULL,
    };

    xo_open(o, "driver");
    attr_if(o, "name", names[d->backend]);
    if ( d->format == XN_FORMAT_VHD )
        xo_attr(o, "type", "vpc");
    else if ( d->format != XN_FORMAT_EMPTY )
        xo_attr(o, "type", xn_disk_format_name(d->format));
    if ( d->discard_set )
        xo_attr(o, "discard", d->discard ? "unmap" : "ignore");
    xo_close(o);
}

/* "xvda" for names that XML does not take ("d0", "51712"); the caller frees it. */
static char *target_name(const struct xn_disk *d)
{
    char disk[8] = { 0 };
    uint32_t n;

    if ( !d->vdev )
        return NULL;
    if ( !strncmp(d->vdev, "xvd", 3) || !strncmp(d->vdev, "hd", 2) || !strncmp(d->vdev, "sd", 2) )
        return cfg_strdup(d->vdev);
    if ( xn_vdev_number(d->vdev, &n) || n >> 8 != 202 )
        return NULL;
    disk[0] = 'a' + (n >> 4 & 15);
    return n & 15 ? cfg_sprintf("xvd%s%u", disk, n & 15) : cfg_sprintf("xvd%s", disk);
}

static void disk_lost(struct xml_out *o, const struct xn_disk *d)
{
    if ( d->direct_io_safe )
        xo_lost(o, "a disk's direct-io-safe", NULL);
    if ( d->backend == XN_DISK_XENOLITH )
        xo_lost(o, "a disk's back end", "xenolith");
    if ( d->is_virtio )
        xo_lost(o, "a disk's specification", "virtio");
    if ( d->trusted != XN_UNSET )
        xo_lost(o, "a disk's trust", d->trusted ? "trusted" : "untrusted");
    if ( d->colo )
        xo_lost(o, "a disk's COLO parameters", NULL);
}

static void write_disk(struct xml_out *o, const struct xn_disk *d)
{
    bool has_source = d->target && *d->target;
    bool block = has_source && (*d->target != '/' || !strncmp(d->target, "/dev/", 5));
    char *target = target_name(d), *source = NULL;

    if ( !target || d->script ) {
        xo_lost(o, d->script ? "a disk with a script" : "a disk", d->vdev ? d->vdev : "");
        free(target);
        return;
    }
    xo_open(o, "disk");
    xo_attr(o, "type", block ? "block" : "file");
    xo_attr(o, "device", d->cdrom ? "cdrom" : "disk");
    write_driver(o, d);
    if ( has_source ) {
        source = *d->target == '/' ? cfg_strdup(d->target) : cfg_sprintf("/dev/%s", d->target);
        xo_empty(o, "source", block ? "dev" : "file", source);
        free(source);
    }
    xo_open(o, "target");
    xo_attr(o, "dev", target);
    xo_attr(o, "bus", *target == 'x' ? "xen" : *target == 'h' ? "ide" : "scsi");
    xo_close(o);
    if ( d->backend_domain )
        xo_empty(o, "backenddomain", "name", d->backend_domain);
    if ( d->readonly )
        xo_empty(o, "readonly", NULL, NULL);
    xo_close(o);
    disk_lost(o, d);
    free(target);
}

/* The addresses of ip=, separated by blanks, some with /PREFIX. */
static void write_ips(struct xml_out *o, const char *ips)
{
    for ( const char *p = ips; *p; p += strspn(p, " \t") ) {
        size_t n = strcspn(p, " \t");
        char *ip = cfg_strndup(p, n), *slash = strchr(ip, '/');
        struct in6_addr buffer;
        bool v4, v6;

        if ( slash )
            *slash = '\0';
        v4 = inet_pton(AF_INET, ip, &buffer) == 1;
        v6 = !v4 && inet_pton(AF_INET6, ip, &buffer) == 1;
        if ( v4 || v6 ) {
            xo_open(o, "ip");
            xo_attr(o, "address", ip);
            xo_attr(o, "family", v4 ? "ipv4" : "ipv6");
            if ( slash )
                xo_attr_number(o, "prefix", strtoul(slash + 1, NULL, 10) & 127);
            xo_close(o);
        } else {
            xo_lost(o, "a vif's ip", ip);
        }
        free(ip);
        p += n;
    }
}

/* XML counts in KiB a second. */
static void write_rate(struct xml_out *o, const struct xn_nic *n)
{
    unsigned __int128 rate = (unsigned __int128)n->rate_bytes * 1000000;
    uint64_t kib;

    if ( !n->rate_bytes || !n->rate_interval_us )
        return;
    kib = (rate / n->rate_interval_us + 512) / 1024;
    if ( !kib || kib > UINT32_MAX ) {
        xo_lost(o, "a vif's rate", NULL);
        return;
    }
    if ( (unsigned __int128)kib * 1024 * n->rate_interval_us != rate )
        xn_log(o->ctx, XN_WARN, "libvirt's XML has whole KiB a second: a vif's rate is rounded "
               "to %lu of them", kib);
    xo_open(o, "bandwidth");
    xo_open(o, "outbound");
    xo_attr_number(o, "average", kib);
    xo_close(o);
    xo_close(o);
}

static void nic_lost(struct xml_out *o, const struct xn_nic *n, size_t index)
{
    if ( n->gateway )
        xo_lost(o, "a vif's gatewaydev", n->gateway);
    if ( n->trusted != XN_UNSET )
        xo_lost(o, "a vif's trust", n->trusted ? "trusted" : "untrusted");
    if ( n->devid != XN_UNSET && n->devid != (long)index )
        xo_lost(o, "a vif's devid", NULL);
    if ( n->vlan )
        xo_lost(o, "a vif's vlan", n->vlan);
    if ( n->by_process )
        xo_lost(o, "a vif's back end", "xenolith");
}

static void write_nic(struct xml_out *o, const struct xn_nic *n, size_t index)
{
    char mac[18];

    xo_open(o, "interface");
    xo_attr(o, "type", "bridge");
    if ( n->has_mac ) {
        snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", n->mac[0], n->mac[1],
                 n->mac[2], n->mac[3], n->mac[4], n->mac[5]);
        xo_empty(o, "mac", "address", mac);
    }
    if ( n->bridge )
        xo_empty(o, "source", "bridge", n->bridge);
    if ( n->ip )
        write_ips(o, n->ip);
    if ( n->script )
        xo_empty(o, "script", "path", n->script);
    if ( n->backend_domain )
        xo_empty(o, "backenddomain", "name", n->backend_domain);
    if ( n->ifname )
        xo_empty(o, "target", "dev", n->ifname);
    if ( n->type && !strcmp(n->type, "vif") )
        xo_empty(o, "model", "type", "netfront");
    else if ( n->model )
        xo_empty(o, "model", "type", n->model);
    if ( n->mtu != XN_UNSET ) {
        xo_open(o, "mtu");
        xo_attr_number(o, "size", n->mtu);
        xo_close(o);
    }
    write_rate(o, n);
    xo_close(o);
    nic_lost(o, n, index);
}

static void write_channel(struct xml_out *o, const struct xn_channel *ch)
{
    xo_open(o, "channel");
    xo_attr(o, "type", ch->type == XN_CHANNEL_PTY ? "pty" : "unix");
    if ( ch->type == XN_CHANNEL_SOCKET ) {
        xo_open(o, "source");
        xo_attr(o, "mode", "bind");
        attr_if(o, "path", ch->path);
        xo_close(o);
    }
    xo_open(o, "target");
    xo_attr(o, "type", "xen");
    attr_if(o, "name", ch->name);
    xo_close(o);
    xo_close(o);
    if ( ch->backend_domain )
        xo_lost(o, "a channel's backend", ch->backend_domain);
}

static void attr_hex(struct xml_out *o, const char *name, unsigned int value, int digits)
{
    char text[16];

    snprintf(text, sizeof(text), "0x%0*x", digits, value);
    xo_attr(o, name, text);
}

static void write_pci(struct xml_out *o, const struct xn_pci *p)
{
    if ( !p->has_bdf || p->all_functions ) {
        xo_lost(o, "a pci device without one address", p->name);
        return;
    }
    xo_open(o, "hostdev");
    xo_attr(o, "mode", "subsystem");
    xo_attr(o, "type", "pci");
    xo_attr(o, "managed", p->seize ? "yes" : "no");
    xo_open(o, "source");
    if ( p->permissive )
        xo_attr(o, "writeFiltering", "no");
    xo_open(o, "address");
    attr_hex(o, "domain", p->domain, 4);
    attr_hex(o, "bus", p->bus, 2);
    attr_hex(o, "slot", p->device, 2);
    attr_hex(o, "function", p->function, 1);
    xo_close(o);
    xo_close(o);
    xo_close(o);
    if ( p->vslot != XN_UNSET || p->msitranslate || p->power_mgmt || p->rdm_policy )
        xo_lost(o, "a pci device's vslot, msitranslate, power_mgmt or rdm_policy", NULL);
}

static void write_xenbus(struct xml_out *o, const struct xn_domain_config *c)
{
    if ( c->max_grant_frames == XN_UNSET && c->max_event_channels == XN_UNSET )
        return;
    xo_open(o, "controller");
    xo_attr(o, "type", "xenbus");
    xo_attr(o, "index", "0");
    if ( c->max_grant_frames != XN_UNSET )
        xo_attr_number(o, "maxGrantFrames", c->max_grant_frames);
    if ( c->max_event_channels != XN_UNSET )
        xo_attr_number(o, "maxEventChannels", c->max_event_channels);
    xo_close(o);
}

static void write_console(struct xml_out *o)
{
    xo_open(o, "console");
    xo_attr(o, "type", "pty");
    xo_open(o, "target");
    xo_attr(o, "type", "xen");
    xo_attr(o, "port", "0");
    xo_close(o);
    xo_close(o);
}

void xml_write_devices(struct xml_out *o, const struct xn_domain_config *c)
{
    for ( size_t i = 0; i < c->nr_disks; i++ )
        write_disk(o, &c->disks[i]);
    write_xenbus(o, c);
    for ( size_t i = 0; i < c->nr_nics; i++ )
        write_nic(o, &c->nics[i], i);
    write_console(o);
    for ( size_t i = 0; i < c->nr_channels; i++ )
        write_channel(o, &c->channels[i]);
    for ( size_t i = 0; i < c->nr_pcis; i++ )
        write_pci(o, &c->pcis[i]);
    xo_empty(o, "memballoon", "model", "xen");
}
