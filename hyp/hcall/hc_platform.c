/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * platform_op: what dom0's kernel does to the machine through us: wall clock, firmware's
 * answers, physical CPUs, sleep.  What Linux takes without answers "not there" plainly.
 */
#include <xenabi/platform.h>

#include "core/shared_info.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"
#include "kern/clock.h"
#include "kern/host.h"
#include "plat/acpi.h"

#define NS_PER_S    1000000000U

typedef int platform_fn(struct xen_platform_op *op);

static int pf_settime64(struct xen_platform_op *op)
{
    const struct xenpf_settime64 *const t = &op->u.settime64;
    struct domain *d;

    if ( t->mbz || t->nsecs >= NS_PER_S )
        return -XEN_EINVAL;
    clock_set_wall(t->secs, t->nsecs, t->system_time);
    for_each_domain ( d )
        time_update_wallclock(d);
    return 0;
}

static int efi_vendor(struct xenpf_firmware_info *f)
{
    const uint32_t room = f->u.efi_info.vendor.bufsz / sizeof(host.efi.vendor[0]);
    uint32_t len = 0;

    while ( len < ARRAY_SIZE(host.efi.vendor) && host.efi.vendor[len] )
        len++;
    f->u.efi_info.vendor.revision = host.efi.vendor_revision;
    if ( !room )
        return 0;
    len = min(len, room - 1);
    if ( !copy_to_guest(f->u.efi_info.vendor.name, host.efi.vendor,
                        len * sizeof(host.efi.vendor[0])) ||
         !clear_guest(f->u.efi_info.vendor.name + len * sizeof(host.efi.vendor[0]),
                      sizeof(host.efi.vendor[0])) )
        return -XEN_EFAULT;
    return 0;
}

static int efi_info(struct xenpf_firmware_info *f)
{
    if ( !host.efi.present )
        return -XEN_EOPNOTSUPP;
    switch ( f->index ) {
    case XEN_FW_EFI_VERSION:
        f->u.efi_info.version = host.efi.version;
        return 0;
    case XEN_FW_EFI_CONFIG_TABLE:
        f->u.efi_info.cfg.addr = host.efi.config_table;
        f->u.efi_info.cfg.nent = host.efi.nr_config;
        return 0;
    case XEN_FW_EFI_VENDOR:
        return efi_vendor(f);
    default:
        return -XEN_EINVAL;
    }
}

static int pf_firmware_info(struct xen_platform_op *op)
{
    struct xenpf_firmware_info *const f = &op->u.firmware_info;

    switch ( f->type ) {
    /* Nobody has asked the BIOS about its disks: the list is empty. */
    case XEN_FW_DISK_INFO: case XEN_FW_DISK_MBR_SIGNATURE:
        return -XEN_ENOENT;
    case XEN_FW_VBEDDC_INFO:
        return -XEN_ESRCH;
    case XEN_FW_EFI_INFO:
        return efi_info(f);
    case XEN_FW_KBD_SHIFT_FLAGS:
        if ( f->index )
            return -XEN_ESRCH;
        if ( !host.kbd_flags_known )
            return -XEN_ENOENT;
        f->u.kbd_shift_flags = host.kbd_shift_flags;
        return 0;
    default: return -XEN_EINVAL;
    }
}

static int pf_enter_acpi_sleep(struct xen_platform_op *op)
{
    const struct xenpf_enter_acpi_sleep *const s = &op->u.enter_acpi_sleep;

    if ( s->flags )
        return -XEN_EOPNOTSUPP;         /* hardware-reduced ACPI */
    return acpi_enter_sleep(s->val_a, s->val_b, s->sleep_state);
}

static int pf_get_cpuinfo(struct xen_platform_op *op)
{
    struct xenpf_pcpuinfo *const c = &op->u.pcpu_info;

    c->max_present = nr_cpus - 1;
    if ( c->xen_cpuid >= nr_cpus ) {
        c->flags = XEN_PCPU_FLAGS_INVALID;
        return 0;
    }
    c->flags = pcpu_get(c->xen_cpuid)->online ? XEN_PCPU_FLAGS_ONLINE : 0;
    c->apic_id = pcpu_get(c->xen_cpuid)->apic_id;
    c->acpi_id = pcpu_get(c->xen_cpuid)->acpi_id;
    return 0;
}

static int pf_unsupported(struct xen_platform_op *op) { return -XEN_EOPNOTSUPP; }

#define PLATFORM_OP(name)   [XENPF_##name] = pf_##name
#define NOT_HERE(name)      [XENPF_##name] = pf_unsupported

static platform_fn *const ops[] = {
    PLATFORM_OP(settime64),     PLATFORM_OP(firmware_info), PLATFORM_OP(enter_acpi_sleep),
    PLATFORM_OP(get_cpuinfo),   NOT_HERE(core_parking),
    NOT_HERE(cpu_online),       NOT_HERE(cpu_offline),      NOT_HERE(cpu_hotadd),
    NOT_HERE(mem_hotadd),       NOT_HERE(microcode_update), NOT_HERE(efi_runtime_call),
    NOT_HERE(resource_op),
};

long hc_platform_op(uint64_t uop, uint64_t a2, uint64_t a3, uint64_t a4)
{
    struct xen_platform_op op;
    int rc;

    if ( !copy_from_guest(&op, uop, sizeof(op)) )
        return -XEN_EFAULT;
    if ( op.interface_version != XENPF_INTERFACE_VERSION )
        return -XEN_EACCES;
    if ( !perm_allows(current->domain, PERM_HARDWARE) )
        return -XEN_EPERM;
    if ( op.cmd >= ARRAY_SIZE(ops) || !ops[op.cmd] )
        return -XEN_ENOSYS;

    rc = ops[op.cmd](&op);
    if ( !rc && !copy_to_guest(uop, &op, sizeof(op)) )
        rc = -XEN_EFAULT;
    return rc;
}
