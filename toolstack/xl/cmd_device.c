/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices, network interfaces and channels of running domains: lists, attach, detach.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "xl.h"

/* Lists. */

static const char *kind_word(const struct xn_device *d)
{
    return d->kind == XN_DEVICE_VBD ? "vdev" : d->kind == XN_DEVICE_VIF ? "bridge" : "channel";
}

static void json_device(struct json *j, const struct xn_device *d)
{
    char mac[18];

    json_open(j, NULL, '{');
    json_uint(j, "domid", d->frontend);
    json_uint(j, "backend_domid", d->backend);
    json_uint(j, "devid", d->devid);
    if ( *d->name )
        json_string(j, kind_word(d), d->name);
    if ( d->kind == XN_DEVICE_VIF ) {
        snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", d->mac[0], d->mac[1],
                 d->mac[2], d->mac[3], d->mac[4], d->mac[5]);
        json_string(j, "mac", mac);
        json_int(j, "tx_ring_ref", d->tx_ring_ref);
        json_int(j, "rx_ring_ref", d->rx_ring_ref);
    } else {
        json_int(j, "ring_ref", d->ring_ref);
    }
    json_int(j, "state", d->state);
    json_int(j, "event_channel", d->event_channel);
    json_string(j, "frontend_path", d->frontend_path);
    json_string(j, "backend_path", d->backend_path);
    json_close(j);
}

static void print_vbd(const struct xn_device *d)
{
    printf("%-5u %-3u %-6u %-5d %-6ld %-8ld %-30s\n", d->devid, d->backend, d->frontend, d->state,
           d->event_channel, d->ring_ref, d->backend_path);
}

static void print_vif(const struct xn_device *d)
{
    printf("%-3u %-2u %02x:%02x:%02x:%02x:%02x:%02x%6u %5d %6ld %5ld/%-11ld %-30s\n", d->devid,
           d->backend, d->mac[0], d->mac[1], d->mac[2], d->mac[3], d->mac[4], d->mac[5], d->devid,
           d->state, d->event_channel, d->tx_ring_ref, d->rx_ring_ref, d->backend_path);
}

static void print_channel(const struct xn_device *d)
{
    printf("%-3u %-2u %-5d %-6ld %-8ld %-10s\n", d->devid, d->backend, d->state,
           d->event_channel, d->ring_ref, d->name);
}

/* The lists go on after a domain that is not there, and fail at the end. */
static int list(int argc, char **argv, enum xn_device_kind kind, const char *header,
                void (*print)(const struct xn_device *d))
{
    bool json = false;
    struct json j;
    int c, rc = XL_OK;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        json |= c == OPT_JSON;
    json_init(&j, stdout);
    if ( json )
        json_open(&j, NULL, '[');
    else
        printf("%s\n", header);
    for ( int i = optind; i < argc; i++ ) {
        struct xn_device *devices;
        uint32_t domid;
        size_t n;

        if ( xl_find(argv[i], &domid) ) {
            rc = XL_FAILED;
            continue;
        }
        if ( xn_device_list(xl_ctx(), domid, kind, &devices, &n) ) {
            rc = xl_failed(argv[i], "%s", xl.command->name);
            continue;
        }
        for ( size_t d = 0; d < n; d++ ) {
            if ( kind == XN_DEVICE_CONSOLE && !devices[d].devid )
                continue;               /* the console itself is no channel */
            if ( json )
                json_device(&j, &devices[d]);
            else
                print(&devices[d]);
        }
        free(devices);
    }
    if ( json )
        json_close(&j);
    return rc;
}

int cmd_block_list(int argc, char **argv)
{
    return list(argc, argv, XN_DEVICE_VBD,
                "Vdev  BE  handle state evt-ch ring-ref BE-path                       ",
                print_vbd);
}

int cmd_network_list(int argc, char **argv)
{
    return list(argc, argv, XN_DEVICE_VIF,
                "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path"
                "                       ", print_vif);
}

int cmd_channel_list(int argc, char **argv)
{
    return list(argc, argv, XN_DEVICE_CONSOLE,
                "Idx BE state evt-ch ring-ref connection                               ",
                print_channel);
}

/* Attach. */

/* The operands from first on, joined: "a" "b" as "a,b". */
static char *joined(int argc, char **argv, int first)
{
    size_t size = 1;
    char *text;

    for ( int i = first; i < argc; i++ )
        size += strlen(argv[i]) + 1;
    text = xl_alloc(size);
    for ( int i = first; i < argc; i++ ) {
        if ( i > first )
            strcat(text, ",");
        strcat(text, argv[i]);
    }
    return text;
}

/* In a specification typed by hand a warning (an unknown word) is most likely a slip. */
static bool good_specification(struct xn_findings *f, int rc, const char *name, const char *spec)
{
    bool good = !rc;

    for ( size_t i = 0; i < f->count; i++ ) {
        if ( f->list[i].level > XN_WARN )
            continue;
        xl_error("%s: %s: %s: %s", name, xl.command->name, spec, f->list[i].text);
        good = false;
    }
    xn_findings_free(f);
    return good;
}

/* Parses the text, then attaches it or says what would be: an exit status. */
typedef int attach_fn(const char *name, uint32_t domid, const char *spec);

static int attach_disk(const char *name, uint32_t domid, const char *spec)
{
    struct xn_findings f = { 0 };
    struct xn_disk disk;
    int rc = XL_OK;

    xn_disk_init(&disk);
    if ( !good_specification(&f, xn_config_parse_disk(&disk, &f, spec), name, spec) )
        rc = XL_FAILED;
    else if ( xl.dry_run )
        printf("domain %u would get disk %s: %s, %s\n", domid, disk.vdev,
               disk.target ? disk.target : "(empty)", disk.readonly ? "read-only" : "writable");
    else if ( xn_disk_attach(xl_ctx(), domid, &disk) )
        rc = xl_failed(name, "%s", xl.command->name);
    xn_disk_free(&disk);
    return rc;
}

static int attach_nic(const char *name, uint32_t domid, const char *spec)
{
    struct xn_findings f = { 0 };
    struct xn_nic nic;
    int rc = XL_OK;

    xn_nic_init(&nic);
    if ( good_specification(&f, xn_config_parse_nic(&nic, &f, spec), name, spec) )
        xl_default_nic(&nic);
    else
        rc = XL_FAILED;
    if ( !rc && xl.dry_run )
        printf("domain %u would get a network interface on %s\n", domid,
               nic.bridge ? nic.bridge : "xenbr0");
    else if ( !rc && xn_nic_attach(xl_ctx(), domid, &nic) )
        rc = xl_failed(name, "%s", xl.command->name);
    xn_nic_free(&nic);
    return rc;
}

static int attach(int argc, char **argv, attach_fn *fn)
{
    const char *name;
    uint32_t domid;
    char *spec;
    int rc;

    xl_no_options(argc, argv);
    name = argv[optind];
    if ( xl_find(name, &domid) )
        return XL_FAILED;
    spec = joined(argc, argv, optind + 1);
    rc = fn(name, domid, spec);
    free(spec);
    return rc;
}

int cmd_block_attach(int argc, char **argv)
{
    return attach(argc, argv, attach_disk);
}

int cmd_network_attach(int argc, char **argv)
{
    return attach(argc, argv, attach_nic);
}

/* Detach. */

static int detach(int argc, char **argv, const char *what,
                  int (*take)(struct xn_ctx *ctx, uint32_t domid, const char *spec, bool force))
{
    bool force = false;
    uint32_t domid;
    int c;

    while ( (c = xl_getopt(argc, argv)) != -1 )
        force |= c == 'f';
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( xl.dry_run ) {
        printf("domain %u would lose %s %s%s\n", domid, what, argv[optind + 1],
               force ? ", without being asked" : "");
        return XL_OK;
    }
    if ( take(xl_ctx(), domid, argv[optind + 1], force) )
        return xl_failed(argv[optind], "%s", xl.command->name);
    return XL_OK;
}

int cmd_block_detach(int argc, char **argv)
{
    return detach(argc, argv, "disk", xn_disk_detach);
}

int cmd_network_detach(int argc, char **argv)
{
    return detach(argc, argv, "network interface", xn_nic_detach);
}
