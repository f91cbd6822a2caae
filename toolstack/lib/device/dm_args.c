/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device model's command line, from the domain's configuration.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/dm.h"
#include "device/qmp.h"

#define LIST_SEPARATOR '\x1f'
#define IDE_DISKS   4
#define SCSI_DISKS  7
#define USUAL_HOLE  256             /* MiB below 4 GiB */
#define DM_KERNEL   "/proc/self/fd/0"

struct list {
    char **args;
    size_t nr;
    const struct dm_request *r;
};

/* The library ends a program without memory for a few bytes of text (config/cfg.h), as here. */
static void add(struct list *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct list *l, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    l->args = realloc(l->args, (l->nr + 2) * sizeof(*l->args));
    if ( !l->args || vasprintf(&text, fmt, ap) < 0 )
        abort();
    va_end(ap);
    l->args[l->nr++] = text;
    l->args[l->nr] = NULL;
}

void dm_args_free(char **args)
{
    for ( size_t i = 0; args && args[i]; i++ )
        free(args[i]);
    free(args);
}

static const char *text_of(const struct list *l, const char *key)
{
    const struct xn_setting *s = xn_config_setting(l->r->c, key);

    return s && *s->value ? s->value : NULL;
}

static long number_of(const struct list *l, const char *key, long otherwise)
{
    const char *text = text_of(l, key);

    return text ? strtol(text, NULL, 0) : otherwise;
}

/* Inside of an option a comma is written twice. */
static char *escaped(const char *text)
{
    char *to = malloc(2 * strlen(text) + 1), *p = to;

    if ( !to )
        abort();
    for ( ; *text; text++ ) {
        *p++ = *text;
        if ( *text == ',' )
            *p++ = ',';
    }
    *p = 0;
    return to;
}

/* A key's elements, one after the other: option (may be NULL), element. */
static void add_each(struct list *l, const char *option, const char *key)
{
    const char *p = text_of(l, key);

    while ( p && *p ) {
        const size_t n = strcspn(p, (char[]){ LIST_SEPARATOR, 0 });

        if ( option )
            add(l, "%s", option);
        add(l, "%.*s", (int)n, p);
        p += n + (p[n] != 0);
    }
}

static void add_base(struct list *l)
{
    const struct dm_request *r = l->r;
    char path[QMP_PATH_MAX], most[48] = "", *name = escaped(r->c->name);
    const long hole = number_of(l, "mmio_hole", 0);

    qmp_path(r->domid, path);
    add(l, DM_PROGRAM);
    add(l, "-xen-domid");
    add(l, "%u", r->domid);
    if ( r->restricted ) {
        add(l, "-xen-domid-restrict");
        add(l, "-chroot");
        add(l, "/run/xen/xen-root-%u", r->domid);
        add(l, "-runas");
        add(l, "%u:%u", DM_FIRST_UID + r->domid, DM_FIRST_UID + r->domid);
    }
    add(l, "-no-shutdown");
    add(l, "-chardev");
    add(l, "socket,id=libxl-cmd,path=%s,server=on,wait=off", path);
    add(l, "-mon");
    add(l, "chardev=libxl-cmd,mode=control");
    add(l, "-nodefaults");
    add(l, "-no-user-config");
    add(l, "-name");
    add(l, "%s", name);
    free(name);
    add(l, "-machine");
    if ( hole > USUAL_HOLE )
        snprintf(most, sizeof(most), ",max-ram-below-4g=%ldM", 4096 - hole);
    add(l, "%s,suppress-vmdesc=on%s",
        number_of(l, "xen_platform_pci", 1) ? "xenfv" : "pc,accel=xen", most);
    add(l, "-m");
    add(l, "%llu", (unsigned long long)r->ram_mib);
    add(l, "-smp");
    add(l, "%ld,maxcpus=%ld", r->c->vcpus, r->c->maxvcpus);
}

static void add_screen(struct list *l)
{
    const char *vga = text_of(l, "vga"), *listen = text_of(l, "vnclisten");
    const long display = number_of(l, "vncdisplay", 0);
    const bool std = vga ? !strcmp(vga, "stdvga") : number_of(l, "stdvga", 0) != 0;

    if ( !vga || strcmp(vga, "none") ) {
        add(l, "-device");
        add(l, "%s,vgamem_mb=%llu", std ? "VGA" : "cirrus-vga",
            (unsigned long long)l->r->video_mib);
    }
    add(l, "-display");
    add(l, "none");
    add(l, "-vnc");
    if ( !number_of(l, "vnc", 1) || number_of(l, "nographic", 0) )
        add(l, "none");
    else if ( listen && strchr(listen, ':') )
        add(l, "%s%s", listen, text_of(l, "vncpasswd") ? ",password=on" : "");
    else
        add(l, "%s:%ld%s%s", listen ? listen : "127.0.0.1", display,
            number_of(l, "vncunused", 1) ? ",to=99" : "",
            text_of(l, "vncpasswd") ? ",password=on" : "");
    if ( text_of(l, "keymap") ) {
        add(l, "-k");
        add(l, "%s", text_of(l, "keymap"));
    }
}

static void add_boot(struct list *l)
{
    const struct xn_domain_config *c = l->r->c;
    const char *boot = text_of(l, "boot");

    if ( c->kernel ) {
        add(l, "-kernel");
        add(l, "%s", l->r->kernel_fd < 0 ? c->kernel : DM_KERNEL);
    }
    if ( c->kernel && c->ramdisk && l->r->kernel_fd < 0 ) {
        add(l, "-initrd");
        add(l, "%s", c->ramdisk);
    }
    if ( c->kernel && c->cmdline ) {
        add(l, "-append");
        add(l, "%s", c->cmdline);
    }
    add(l, "-boot");
    add(l, "order=%s", boot ? boot : "cda");
    if ( !number_of(l, "acpi", 1) )
        add(l, "-no-acpi");
}

static void add_usb(struct list *l)
{
    const long version = number_of(l, "usbversion", 1);

    if ( !number_of(l, "usb", 0) && !text_of(l, "usbdevice") )
        return;
    if ( version == 1 ) {
        add(l, "-usb");
    } else {
        add(l, "-device");
        add(l, version == 2 ? "usb-ehci,id=ehci" : "nec-usb-xhci,id=xhci");
    }
    add_each(l, "-usbdevice", "usbdevice");
}

static void add_sound(struct list *l)
{
    const char *name = text_of(l, "soundhw");

    if ( !name )
        return;
    add(l, "-device");
    if ( !strcmp(name, "hda") ) {
        add(l, "intel-hda");
        name = "hda-duplex";
        add(l, "-device");
    }
    add(l, "%s", !strcmp(name, "ac97") ? "AC97" : !strcmp(name, "es1370") ? "ES1370" : name);
}

bool dm_has_nic(const struct xn_nic *n)
{
    return !n->type || strcmp(n->type, "vif");
}

static void add_nic(struct list *l, const struct xn_nic *n)
{
    const uint8_t *m = n->mac;

    if ( !dm_has_nic(n) )
        return;
    add(l, "-device");
    add(l, "%s,id=nic%ld,netdev=net%ld,mac=%02x:%02x:%02x:%02x:%02x:%02x",
        n->model ? n->model : "rtl8139", n->devid, n->devid, m[0], m[1], m[2], m[3], m[4], m[5]);
    add(l, "-netdev");
    add(l, "type=tap,id=net%ld,ifname=vif%u.%ld-emu,script=no,downscript=no", n->devid,
        l->r->domid, n->devid);
}

bool dm_disk_place(const struct xn_disk *d, bool *scsi, unsigned int *index)
{
    const char *p = d->vdev;

    if ( !p )
        return false;
    *scsi = !strncmp(p, "sd", 2);
    p += !strncmp(p, "xvd", 3) ? 3 : 2;
    if ( *p < 'a' || *p > 'z' || p[1] )
        return false;                               /* a partition, or far behind */
    *index = (unsigned int)(*p - 'a');
    return *index < (*scsi ? SCSI_DISKS : IDE_DISKS);
}

void dm_drive_name(const struct xn_disk *d, char name[32])
{
    uint32_t number = 0;

    (void)xn_vdev_number(d->vdev, &number);
    snprintf(name, 32, "ide-%u", number);
}

static void add_cdrom(struct list *l, const struct xn_disk *d, unsigned int index)
{
    char name[32], *file;

    dm_drive_name(d, name);
    add(l, "-drive");
    if ( d->target && *d->target ) {
        file = escaped(d->target);
        add(l, "if=ide,index=%u,readonly=on,media=cdrom,id=%s,file=%s,format=raw", index, name,
            file);
        free(file);
    } else {
        add(l, "if=ide,index=%u,readonly=on,media=cdrom,id=%s", index, name);
    }
}

/* The same disk as the back end's: the guest's drivers take one of both (xen unplug). */
static void add_disk(struct list *l, const struct xn_disk *d, bool ahci)
{
    unsigned int index;
    bool scsi;
    char *file;

    if ( !dm_disk_place(d, &scsi, &index) )
        return;
    if ( d->cdrom ) {
        add_cdrom(l, d, index);
        return;
    }
    if ( d->readonly || !d->target || d->script || d->backend_domain )
        return;
    file = escaped(d->target);
    add(l, "-drive");
    if ( scsi ) {
        add(l, "if=none,id=disk%u,file=%s,format=raw,cache=writeback", index, file);
        add(l, "-device");
        add(l, "scsi-hd,bus=scsi0.0,scsi-id=%u,drive=disk%u", index, index);
    } else if ( ahci ) {
        add(l, "if=none,id=disk%u,file=%s,format=raw,cache=writeback", index, file);
        add(l, "-device");
        add(l, "ide-hd,bus=ahci0.%u,unit=0,drive=disk%u", index, index);
    } else {
        add(l, "if=ide,index=%u,media=disk,file=%s,format=raw,cache=writeback", index, file);
    }
    free(file);
}

static void add_disks(struct list *l)
{
    const struct xn_domain_config *c = l->r->c;
    const char *type = text_of(l, "hdtype");
    const bool ahci = type && !strcmp(type, "ahci");
    bool any_scsi = false, scsi;
    unsigned int index;

    for ( size_t i = 0; i < c->nr_disks; i++ )
        any_scsi |= dm_disk_place(&c->disks[i], &scsi, &index) && scsi;
    if ( any_scsi ) {
        add(l, "-device");
        add(l, "lsi53c895a,id=scsi0");
    }
    if ( ahci ) {
        add(l, "-device");
        add(l, "ahci,id=ahci0");
    }
    for ( size_t i = 0; i < c->nr_disks; i++ )
        add_disk(l, &c->disks[i], ahci);
}

char **dm_args(const struct dm_request *r)
{
    struct list l = { .r = r };

    add_base(&l);
    add_screen(&l);
    add_each(&l, "-serial", "serial");
    add_boot(&l);
    add_usb(&l);
    add_sound(&l);
    for ( size_t i = 0; i < r->c->nr_nics; i++ )
        add_nic(&l, &r->c->nics[i]);
    add_disks(&l);
    add_each(&l, NULL, "device_model_args");
    add_each(&l, NULL, "device_model_args_hvm");
    return l.args;
}
