/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen_version: who we say we are.  The version is that of the Xen whose ABI this is: tools
 * choose their own version by it.  Our name is in the free-text fields.
 */
#include <xenabi/version.h>

#include "base/string.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"
#include "hvm/hvm.h"
#include "kern/cmdline.h"

#define ABI_MAJOR       4
#define ABI_MINOR       17

/* Kinds of guests; the tools compare the words literally. */
#define CAPS_PV         "xen-3.0-x86_64 "
#define CAPS_HVM        "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "

/* Copy a string into the guest's fixed-size array, filled up with zeros. */
static long put_string(guest_ptr_t to, const char *s, size_t size)
{
    char buf[HC_ARG_MAX];
    const size_t len = strnlen(s, min(size, sizeof(buf)) - 1);

    memcpy(buf, s, len);
    buf[len] = 0;
    if ( !copy_to_guest(to, buf, len + 1) || !clear_guest(to + len + 1, size - len - 1) )
        return -XEN_EFAULT;
    return 0;
}

static long ver_extraversion(struct vcpu *v, guest_ptr_t arg)
{
    return put_string(arg, ".7-xenolith", sizeof(xen_extraversion_t));
}

static long ver_compile_info(struct vcpu *v, guest_ptr_t arg)
{
    /* No builder, host or date: the same source gives the same image. */
    const struct xen_compile_info info = { .compiler = "gcc " __VERSION__ };

    return copy_to_guest(arg, &info, sizeof(info)) ? 0 : -XEN_EFAULT;
}

static long ver_capabilities(struct vcpu *v, guest_ptr_t arg)
{
    return put_string(arg, hvm_available ? CAPS_PV CAPS_HVM : CAPS_PV, sizeof(xen_capabilities_info_t));
}

static long ver_changeset(struct vcpu *v, guest_ptr_t arg)
{
    return put_string(arg, "xenolith " XENOLITH_VERSION, sizeof(xen_changeset_info_t));
}

static long ver_platform(struct vcpu *v, guest_ptr_t arg)
{
    const struct xen_platform_parameters p = { .virt_start = HYPERVISOR_VIRT_START };

    return copy_to_guest(arg, &p, sizeof(p)) ? 0 : -XEN_EFAULT;
}

static uint32_t features_of(const struct domain *d)
{
    uint32_t f;

    if ( d->p2m )
        return BIT(XENFEAT_writable_page_tables) | BIT(XENFEAT_auto_translated_physmap) |
               BIT(XENFEAT_hvm_callback_vector) | BIT(XENFEAT_hvm_safe_pvclock) |
               BIT(XENFEAT_memory_op_vnode_supported) | BIT(XENFEAT_not_direct_mapped);
    f = BIT(XENFEAT_mmu_pt_update_preserve_ad) | BIT(XENFEAT_highmem_assist) |
                 BIT(XENFEAT_gnttab_map_avail_bits) | BIT(XENFEAT_memory_op_vnode_supported) |
                 BIT(XENFEAT_direct_mapped);

    if ( read_once(d->vm_assist) & BIT(VMASST_TYPE_pae_extended_cr3) )
        f |= BIT(XENFEAT_pae_pgdir_above_4gb);
    if ( d->is_privileged )
        f |= BIT(XENFEAT_dom0);
    return f;
}

static long ver_features(struct vcpu *v, guest_ptr_t arg)
{
    struct xen_feature_info fi;

    if ( !copy_from_guest(&fi, arg, sizeof(fi)) )
        return -XEN_EFAULT;
    if ( fi.submap_idx >= XENFEAT_NR_SUBMAPS )
        return -XEN_EINVAL;
    fi.submap = features_of(v->domain);
    return copy_to_guest(arg, &fi, sizeof(fi)) ? 0 : -XEN_EFAULT;
}

static long ver_pagesize(struct vcpu *v, guest_ptr_t arg)
{
    /* A null argument is the only one the ABI gives a meaning. */
    return arg ? -XEN_EINVAL : (long)PAGE_SIZE;
}

static long ver_handle(struct vcpu *v, guest_ptr_t arg)
{
    return copy_to_guest(arg, v->domain->handle, sizeof(v->domain->handle)) ? 0 : -XEN_EFAULT;
}

static long ver_commandline(struct vcpu *v, guest_ptr_t arg)
{
    const char *const s = v->domain->is_privileged ? opt.raw : "<denied>";
    const size_t len = strnlen(s, sizeof(xen_commandline_t) - 1);

    if ( !copy_to_guest(arg, s, len) || !clear_guest(arg + len, sizeof(xen_commandline_t) - len) )
        return -XEN_EFAULT;
    return 0;
}

static long ver_build_id(struct vcpu *v, guest_ptr_t arg)
{
    return v->domain->is_privileged ? -XEN_ENODATA : -XEN_EPERM;
}

static long (*const ver_ops[])(struct vcpu *v, guest_ptr_t arg) = {
    [XENVER_extraversion]        = ver_extraversion,
    [XENVER_compile_info]        = ver_compile_info,
    [XENVER_capabilities]        = ver_capabilities,
    [XENVER_changeset]           = ver_changeset,
    [XENVER_platform_parameters] = ver_platform,
    [XENVER_get_features]        = ver_features,
    [XENVER_pagesize]            = ver_pagesize,
    [XENVER_guest_handle]        = ver_handle,
    [XENVER_commandline]         = ver_commandline,
    [XENVER_build_id]            = ver_build_id,
};

long hc_xen_version(uint64_t cmd, uint64_t arg, uint64_t a3, uint64_t a4)
{
    const uint32_t c = cmd;

    /* Linux makes this call to have pending events delivered: it is on a hot path. */
    if ( likely(c == XENVER_version) )
        return ABI_MAJOR << 16 | ABI_MINOR;
    if ( c >= ARRAY_SIZE(ver_ops) )
        return -XEN_ENOSYS;
    return ver_ops[c](current, arg);
}
