/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checking a kernel's description.  The child that wrote it parsed untrusted input, so it may
 * hold anything.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xenabi/arch-x86.h>
#include <xenabi/features.h>

#include "build/desc.h"

/* What a PV guest of ours may insist on. */
#define OFFERED ((1ULL << XENFEAT_writable_page_tables) | (1ULL << XENFEAT_pae_pgdir_above_4gb) | \
                 (1ULL << XENFEAT_mmu_pt_update_preserve_ad) | (1ULL << XENFEAT_highmem_assist) | \
                 (1ULL << XENFEAT_gnttab_map_avail_bits) | \
                 (1ULL << XENFEAT_memory_op_vnode_supported))

_Static_assert(sizeof(struct image_desc) <= DESC_ROOM, "a description fits its room");

int image_refuse(struct image_error *e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return -EINVAL;
}

const char *desc_packing_name(uint32_t packing)
{
    static const char *const names[PACKING_COUNT] = {
        "uncompressed", "gzip", "xz", "lzma", "zstd", "lz4", "bzip2", "lzo",
    };

    return packing < PACKING_COUNT ? names[packing] : "unknown";
}

const char *desc_feature_name(unsigned int feature)
{
    static const char *const names[] = {
        "writable_page_tables", "writable_descriptor_tables", "auto_translated_physmap",
        "supervisor_mode_kernel", "pae_pgdir_above_4gb", "mmu_pt_update_preserve_ad",
        "highmem_assist", "gnttab_map_avail_bits", "hvm_callback_vector", "hvm_safe_pvclock",
        "hvm_pirqs", "dom0", "grant_map_identity", "memory_op_vnode_supported",
        "ARM_SMCCC_supported", "linux_rsdp_unrestricted", "not_direct_mapped", "direct_mapped",
    };

    return feature < sizeof(names) / sizeof(names[0]) ? names[feature] : NULL;
}

/* True if [start, start + len) lies inside [0, limit).  Safe for any values. */
static bool range_ok(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}

static int check_segment(const struct image_desc *d, uint32_t i, uint64_t source_size,
                         struct image_error *e)
{
    const struct desc_segment *s = &d->segment[i];

    if ( !s->memsz || s->filesz > s->memsz )
        return image_refuse(e, "segment %u has %#llx bytes in memory and %#llx in the file", i,
                            (unsigned long long)s->memsz, (unsigned long long)s->filesz);
    if ( !range_ok(s->offset, s->filesz, source_size) )
        return image_refuse(e, "segment %u ends beyond the end of the file (truncated?)", i);
    if ( !range_ok(s->gpa, s->memsz, DESC_MAX_GPA) ||
         !range_ok(s->gpa, s->memsz, d->end_gpa) || s->gpa < d->start_gpa )
        return image_refuse(e, "segment %u is outside of the kernel's address range", i);
    for ( uint32_t k = 0; k < i; k++ ) {
        const struct desc_segment *o = &d->segment[k];

        if ( s->gpa < o->gpa + o->memsz && o->gpa < s->gpa + s->memsz )
            return image_refuse(e, "segments %u and %u overlap", k, i);
    }
    return 0;
}

static bool in_a_segment(const struct image_desc *d, uint64_t gpa)
{
    for ( uint32_t i = 0; i < d->nr_segments; i++ )
        if ( gpa >= d->segment[i].gpa && gpa - d->segment[i].gpa < d->segment[i].memsz )
            return true;
    return false;
}

/* Where a PV guest may have its own mappings, with @len bytes from @va on. */
static bool va_ok(uint64_t va, uint64_t len)
{
    if ( len > -va && va )
        return false;                               /* wraps round */
    if ( va < 0x0000800000000000ULL )
        return range_ok(va, len, 0x0000800000000000ULL);
    return va >= HYPERVISOR_VIRT_END;
}

static int check_addresses(const struct image_desc *d, struct image_error *e)
{
    const unsigned long long base = d->virt_base;

    if ( d->virt_base & 0x3fffff )
        return image_refuse(e, "its VIRT_BASE %#llx is not a multiple of 4 MiB", base);
    if ( !va_ok(d->virt_base, d->end_gpa) || d->virt_base + d->end_gpa > -(8ULL << 20) )
        return image_refuse(e, "its address range, from %#llx with %#llx bytes, is not a guest's",
                            base, (unsigned long long)d->end_gpa);
    if ( !in_a_segment(d, desc_gpa(d, d->entry)) )
        return image_refuse(e, "its entry point %#llx is in none of its segments",
                            (unsigned long long)d->entry);
    if ( (d->notes & NOTE_HYPERCALL_PAGE) &&
         ((d->hypercall_page & 0xfff) || !in_a_segment(d, desc_gpa(d, d->hypercall_page))) )
        return image_refuse(e, "its hypercall page %#llx is not a page of its own",
                            (unsigned long long)d->hypercall_page);
    if ( d->notes & NOTE_INIT_P2M ) {
        if ( (d->init_p2m & 0x1fffff) || !va_ok(d->init_p2m, 1ULL << 39) )
            return image_refuse(e, "its INIT_P2M address %#llx is not a guest's",
                                (unsigned long long)d->init_p2m);
    }
    return 0;
}

int desc_check(const struct image_desc *d, uint64_t source_size, struct image_error *e)
{
    int rc = 0;

    if ( d->magic != DESC_MAGIC || d->packing >= PACKING_COUNT || d->source >= SOURCE_COUNT ||
         d->bzimage > 1 || d->is_64bit > 1 || (d->notes & ~(uint32_t)NOTE_ALL) ||
         strnlen(d->guest_os, DESC_TEXT) == DESC_TEXT ||
         strnlen(d->guest_version, DESC_TEXT) == DESC_TEXT )
        return image_refuse(e, "the description of the kernel is garbage");
    if ( !d->nr_segments || d->nr_segments > DESC_SEGMENTS )
        return image_refuse(e, "the kernel has %u segments", d->nr_segments);
    if ( d->start_gpa >= d->end_gpa || d->end_gpa > DESC_MAX_GPA )
        return image_refuse(e, "the kernel's address range is empty or too large");
    for ( uint32_t i = 0; !rc && i < d->nr_segments; i++ )
        rc = check_segment(d, i, source_size, e);
    return rc;
}

/* What a PV kernel must have. */
static int check_pv(const struct image_desc *d, struct image_error *e)
{
    const uint64_t missing = d->required & ~OFFERED;

    if ( !d->is_64bit )
        return image_refuse(e, "a 32-bit kernel: PV guests are served in 64-bit only");
    if ( !(d->notes & NOTE_ANY) && (d->notes & NOTE_PHYS32_ENTRY) )
        return image_refuse(e, "the kernel has no entry for PV guests, only one for PVH: "
                            "try type=\"pvh\"");
    if ( !(d->notes & NOTE_ANY) )
        return image_refuse(e, "the kernel has no Xen notes: it was built without support for "
                            "Xen PV guests (Linux: CONFIG_XEN_PV)");
    if ( (d->notes & NOTE_PHYS32_ENTRY) && !(d->notes & NOTE_ENTRY) )
        return image_refuse(e, "the kernel has no entry for PV guests (Linux: CONFIG_XEN_PV), "
                            "only one for PVH: try type=\"pvh\"");
    for ( unsigned int i = 0; i < 64; i++ )
        if ( missing & (1ULL << i) )
            return image_refuse(e, "the kernel insists on %s, which PV guests do not get here",
                                desc_feature_name(i) ? desc_feature_name(i) : "a feature");
    return check_addresses(d, e);
}

/* Loaded where it is linked, entered with 32 bits and without paging. */
static int check_physical(const struct image_desc *d, enum desc_use use, struct image_error *e)
{
    if ( use == USE_PVH && !(d->notes & NOTE_PHYS32_ENTRY) )
        return image_refuse(e, "the kernel has no entry for PVH guests (Linux: CONFIG_PVH)%s",
                            d->notes & NOTE_ENTRY ? ", only one for PV: try type=\"pv\"" : "");
    if ( d->paddr_offset )
        return image_refuse(e, "its physical addresses are virtual ones (PADDR_OFFSET %#llx)",
                            (unsigned long long)d->paddr_offset);
    if ( desc_start(d, use) > UINT32_MAX || !in_a_segment(d, desc_start(d, use)) )
        return image_refuse(e, "its entry point %#llx is in none of its segments",
                            (unsigned long long)desc_start(d, use));
    return 0;
}

int desc_check_use(const struct image_desc *d, enum desc_use use, struct image_error *e)
{
    return use == USE_PV ? check_pv(d, e) : check_physical(d, use, e);
}
