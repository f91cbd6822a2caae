/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's own nodes in the store, as stock libxl keeps them: /local/domain/ID, /vm/UUID and
 * /libxl/ID.  Devices are not here (device/).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "domain/dom.h"
#include "domain/machine.h"

/* What the guest may write, of its own directory. */
static const char *const guest_nodes[] = {
    "device/suspend/event-channel", "control/shutdown", "control/feature-poweroff",
    "control/feature-reboot", "control/feature-suspend", "control/sysrq", "data", "drivers",
    "feature", "attr", "error",
};

static void vm_nodes(struct store_batch *b, struct store_perms perms, const char *uuid,
                     const struct xn_domain_config *c)
{
    struct timespec now;
    char text[40];

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(text, sizeof(text), "%lld.%02ld", (long long)now.tv_sec, now.tv_nsec / 10000000);
    store_dir(b, perms, "/vm/%s", uuid);
    store_put(b, uuid, "/vm/%s/uuid", uuid);
    store_put(b, c->name, "/vm/%s/name", uuid);
    store_put(b, c->type == XN_TYPE_HVM ? "hvm" : "linux", "/vm/%s/image/ostype", uuid);
    if ( c->kernel )
        store_put(b, c->kernel, "/vm/%s/image/kernel", uuid);
    if ( c->ramdisk )
        store_put(b, c->ramdisk, "/vm/%s/image/ramdisk", uuid);
    if ( c->cmdline )
        store_put(b, c->cmdline, "/vm/%s/image/cmdline", uuid);
    store_put(b, text, "/vm/%s/start_time", uuid);
}

/* What hvmloader reads. */
static void firmware_nodes(struct store_batch *b, uint32_t domid,
                           const struct xn_domain_config *c)
{
    static const char *const flags[] = { "acpi", "acpi_s3", "acpi_s4", "acpi_laptop_slate" };
    const struct store_perms own = { domid, domid };
    const char *genid = machine_text(c, "ms_vm_genid");
    uint64_t number[2];
    char dir[32], text[48];

    snprintf(dir, sizeof(dir), "/local/domain/%u", domid);
    store_put(b, machine_bios(c), "%s/hvmloader/bios", dir);
    store_put(b, "0", "%s/hvmloader/allow-memory-relocate", dir);
    store_dir(b, own, "%s/hvmloader/generation-id-address", dir);
    for ( size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++ )
        store_put(b, machine_number(c, flags[i], i < 3) ? "1" : "0", "%s/platform/%s", dir,
                  flags[i]);
    store_dir(b, own, "%s/control/feature-s3", dir);
    store_dir(b, own, "%s/control/feature-s4", dir);
    if ( genid && !strcmp(genid, "generate") ) {
        uuid_generate_random((unsigned char *)number);
        snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)number[0],
                 (unsigned long long)number[1]);
        store_put(b, text, "%s/platform/generation-id", dir);
    }
}

void dom_nodes(struct store_batch *b, uint32_t domid, const struct xn_domain_config *c)
{
    const struct store_perms own = { domid, domid }, read = { 0, domid };
    char dir[32], uuid[37], vm[44];

    snprintf(dir, sizeof(dir), "/local/domain/%u", domid);
    dom_uuid_text(c->uuid, uuid);
    snprintf(vm, sizeof(vm), "/vm/%s", uuid);
    store_remove(b, "%s", dir);
    store_dir(b, read, "%s", dir);
    store_put(b, vm, "%s/vm", dir);
    store_put(b, c->name, "%s/name", dir);
    store_put_number(b, domid, "%s/domid", dir);
    for ( long i = 0; i < c->maxvcpus; i++ )
        store_put(b, i < c->vcpus ? "online" : "offline", "%s/cpu/%ld/availability", dir, i);
    store_put_number(b, c->maxmem_kib, "%s/memory/static-max", dir);
    store_put_number(b, c->memory_kib - machine_video_kib(c), "%s/memory/target", dir);
    store_put_number(b, machine_video_kib(c), "%s/memory/videoram", dir);
    if ( c->type == XN_TYPE_HVM )
        firmware_nodes(b, domid, c);
    for ( size_t i = 0; i < sizeof(guest_nodes) / sizeof(guest_nodes[0]); i++ )
        store_dir(b, own, "%s/%s", dir, guest_nodes[i]);
    store_put(b, "1", "%s/control/platform-feature-multiprocessor-suspend", dir);
    store_put(b, "1", "%s/control/platform-feature-xs_reset_watches", dir);
    vm_nodes(b, read, uuid, c);
    store_remove(b, "/libxl/%u", domid);
    store_put(b, xn_type_name(c->type), "/libxl/%u/type", domid);
    store_put(b, "qemu_xen", "/libxl/%u/dm-version", domid);
    console_nodes(domid, b);
}

void dom_ring_nodes(struct store_batch *b, uint32_t domid, uint32_t store_port,
                    uint64_t store_mfn, uint32_t console_port, uint64_t console_mfn)
{
    store_put_number(b, store_port, "/local/domain/%u/store/port", domid);
    store_put_number(b, store_mfn, "/local/domain/%u/store/ring-ref", domid);
    store_put_number(b, console_port, "/local/domain/%u/console/port", domid);
    store_put_number(b, console_mfn, "/local/domain/%u/console/ring-ref", domid);
}

void dom_nodes_remove(struct store_batch *b, uint32_t domid, const char *uuid)
{
    store_remove(b, "/local/domain/%u", domid);
    store_remove(b, "/libxl/%u", domid);
    if ( uuid )
        store_remove(b, "/vm/%s", uuid);
}
