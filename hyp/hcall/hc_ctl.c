/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies that domctl and sysctl have in common: bitmaps and CPU policies. */
#include "hcall/hc_ctl.h"

#include "base/bitmap.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"

int ctl_bitmap_get(uint64_t *map, unsigned int nr, const struct xenctl_bitmap *from)
{
    uint8_t byte;

    bitmap_zero(map, nr);
    for ( unsigned int i = 0; i < nr && i < from->nr_bits; i++ ) {
        if ( i % 8 == 0 && !copy_from_guest(&byte, from->bitmap + i / 8, 1) )
            return -XEN_EFAULT;
        if ( byte >> (i % 8) & 1 )
            bitmap_set(map, i);
    }
    return 0;
}

int ctl_bitmap_put(const struct xenctl_bitmap *to, const uint64_t *map, unsigned int nr)
{
    const uint64_t bytes = DIV_ROUND_UP((uint64_t)to->nr_bits, 8);
    uint64_t i;

    for ( i = 0; i < bytes && i * 8 < nr; i++ ) {
        uint8_t byte = 0;

        for ( unsigned int b = 0; b < 8; b++ )
            if ( i * 8 + b < nr && i * 8 + b < to->nr_bits && bitmap_test(map, i * 8 + b) )
                byte |= 1U << b;
        if ( !copy_to_guest(to->bitmap + i, &byte, 1) )
            return -XEN_EFAULT;
    }
    return bytes == i || clear_guest(to->bitmap + i, bytes - i) ? 0 : -XEN_EFAULT;
}

int ctl_policy_put(const struct cpu_policy *p, guest_ptr_t leaves, uint32_t *nr_leaves,
                   guest_ptr_t msrs, uint32_t *nr_msrs)
{
    const struct xen_msr_entry msr = { .idx = MSR_PLATFORM_INFO, .val = p->platform_info };
    struct xen_cpuid_leaf leaf;
    uint32_t i;

    for ( i = 0; leaves && cpuid_serialise(p, i, &leaf); i++ ) {
        if ( i >= *nr_leaves )
            return -XEN_ENOBUFS;
        if ( !copy_to_guest_index(leaves, i, &leaf, sizeof(leaf)) )
            return -XEN_EFAULT;
    }
    *nr_leaves = leaves ? i : CPUID_MAX_LEAVES;

    if ( msrs && *nr_msrs < CPUID_MAX_MSRS )
        return -XEN_ENOBUFS;
    if ( msrs && !copy_to_guest(msrs, &msr, sizeof(msr)) )
        return -XEN_EFAULT;
    *nr_msrs = CPUID_MAX_MSRS;
    return 0;
}
