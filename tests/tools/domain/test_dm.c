/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device model's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device/dm.h"

#define SET(k, v)    { .key = (char *)k, .value = (char *)v }
#define LISTED(k, v) { .key = (char *)k, .value = (char *)v, .list = true }

/* All arguments with a blank between them. */
static const char *line(struct xn_domain_config *c, struct xn_setting *settings, size_t nr,
                        bool restricted)
{
    static char text[8192];
    struct dm_request r = {
        .kernel_fd = -1,
        .domid = 7, .c = c, .ram_mib = 504, .video_mib = 8, .restricted = restricted,
    };
    char **args;
    size_t at = 0;

    c->settings = settings;
    c->nr_settings = nr;
    args = dm_args(&r);
    for ( size_t i = 0; args[i]; i++ )
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", args[i]);
    dm_args_free(args);
    return text;
}

#define SAYS(text, part) \
    do { if ( !strstr(text, part) ) fail_msg("no '%s' in %s", part, text); } while ( 0 )
#define NOT(text, part) \
    do { if ( strstr(text, part) ) fail_msg("'%s' in %s", part, text); } while ( 0 )

static void defaults(void **state)
{
    struct xn_domain_config c = { .name = (char *)"a,b", .vcpus = 1, .maxvcpus = 2 };
    const char *t = line(&c, NULL, 0, true);

    SAYS(t, "-xen-domid 7 -xen-domid-restrict -chroot /run/xen/xen-root-7 -runas 1879048199:");
    SAYS(t, "-name a,,b ");
    SAYS(t, "-machine xenfv,suppress-vmdesc=on -m 504 -smp 1,maxcpus=2 ");
    SAYS(t, "-device cirrus-vga,vgamem_mb=8 -display none -vnc 127.0.0.1:0,to=99 ");
    SAYS(t, "-boot order=cda ");
    SAYS(t, "-nodefaults -no-user-config ");
    NOT(t, "-kernel");
    NOT(line(&c, NULL, 0, false), "-runas");
}

static void keys(void **state)
{
    struct xn_setting s[] = {
        SET("vga", "stdvga"), SET("vncpasswd", "x"),
        SET("vncunused", "0"), SET("vncdisplay", "3"),
        LISTED("serial", "pty\x1f" "file:/x"), SET("usb", "1"),
        SET("usbdevice", "tablet"), SET("boot", "dc"),
        SET("xen_platform_pci", "0"), SET("mmio_hole", "1024"),
        SET("soundhw", "ac97"), SET("acpi", "0"),
        LISTED("device_model_args", "-d\x1f" "x"),
    };
    struct xn_domain_config c = {
        .name = (char *)"g", .vcpus = 1, .maxvcpus = 1, .kernel = (char *)"/k",
        .ramdisk = (char *)"/r", .cmdline = (char *)"a b",
    };
    const char *t = line(&c, s, sizeof(s) / sizeof(s[0]), true);

    SAYS(t, "-machine pc,accel=xen,suppress-vmdesc=on,max-ram-below-4g=3072M ");
    SAYS(t, "-device VGA,vgamem_mb=8 ");
    SAYS(t, "-vnc 127.0.0.1:3,password=on ");
    SAYS(t, "-serial pty -serial file:/x ");
    SAYS(t, "-kernel /k -initrd /r -append a b -boot order=dc -no-acpi ");
    SAYS(t, "-usb -usbdevice tablet -device AC97 ");
    SAYS(t, "-d x ");
}

static void devices(void **state)
{
    struct xn_disk disks[] = {
        { .vdev = (char *)"xvda", .target = (char *)"/a,b" },
        { .vdev = (char *)"hdb", .target = (char *)"/ro", .readonly = true },
        { .vdev = (char *)"hdc", .cdrom = true },
        { .vdev = (char *)"sdb", .target = (char *)"/s" },
        { .vdev = (char *)"xvdz", .target = (char *)"/far" },
        { .vdev = (char *)"hda1", .target = (char *)"/part" },
        { .vdev = (char *)"hdd", .cdrom = true, .target = (char *)"/iso" },
    };
    struct xn_nic nics[] = {
        { .mac = { 0, 0x16, 0x3e, 1, 2, 3 }, .devid = 0 },
        { .devid = 1, .type = (char *)"vif" }, { .devid = 2, .model = (char *)"e1000" },
    };
    struct xn_setting ahci = SET("hdtype", "ahci");
    struct xn_domain_config c = {
        .name = (char *)"g", .vcpus = 1, .maxvcpus = 1, .disks = disks, .nr_disks = 7,
        .nics = nics, .nr_nics = 3,
    };
    const char *t = line(&c, NULL, 0, true);

    SAYS(t, "-drive if=ide,index=0,media=disk,file=/a,,b,format=raw,cache=writeback ");
    SAYS(t, "-drive if=ide,index=2,readonly=on,media=cdrom,id=ide-5632 ");
    SAYS(t, "-drive if=ide,index=3,readonly=on,media=cdrom,id=ide-5696,file=/iso,format=raw ");
    SAYS(t, "-device lsi53c895a,id=scsi0 ");
    SAYS(t, "-device scsi-hd,bus=scsi0.0,scsi-id=1,drive=disk1 ");
    SAYS(t, "-device rtl8139,id=nic0,netdev=net0,mac=00:16:3e:01:02:03 ");
    SAYS(t, "ifname=vif7.0-emu,script=no,downscript=no ");
    SAYS(t, "-device e1000,id=nic2,");
    NOT(t, "nic1");
    NOT(t, "/ro");
    NOT(t, "/far");
    NOT(t, "/part");
    SAYS(line(&c, &ahci, 1, true), "-device ide-hd,bus=ahci0.0,unit=0,drive=disk0 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults), cmocka_unit_test(keys), cmocka_unit_test(devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
