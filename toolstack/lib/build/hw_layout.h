/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where everything goes in the memory of a guest that the hardware virtualises, and the tables
 * that tell it.  Pure: numbers in, numbers out.
 *
 *     0 .. low_end            RAM (HVM: without the hole for VGA):
 *                             [..][kernel, hvmloader or PV shim][modules][start info]
 *     fc000000                PVH: ACPI tables, made here (acpi.c).  HVM: hvmloader's business
 *     feff0000 .. ff000000    pages shared with back ends and device models
 *     4 GiB .. high_end       the rest of RAM
 */
#ifndef BUILD_HW_LAYOUT_H
#define BUILD_HW_LAYOUT_H

#include <xenabi/memory.h>

#include "build/desc.h"

#define HW_RAM_LOW_MAX      0xf0000000ULL       /* devices' memory from here to 4 GiB */
#define HW_VGA_START        0xa0000ULL
#define HW_VGA_END          0xc0000ULL
#define HW_ACPI_GPA         0xfc000000ULL
#define HW_4GIB             (1ULL << 32)

/* Frames that others know by their place: libxl has them there. */
#define HW_IOREQ_GFN        0xfeff0ULL          /* HW_NR_IOREQ of them, for device models */
#define HW_NR_IOREQ         8
#define HW_SPECIAL_GFN      0xfeff8ULL
#define HW_BUFIOREQ_GFN     (HW_SPECIAL_GFN + 3)
#define HW_STORE_GFN        (HW_SPECIAL_GFN + 4)
#define HW_DEFAULT_IOREQ_GFN (HW_SPECIAL_GFN + 5)
#define HW_IDENT_PT_GFN     (HW_SPECIAL_GFN + 6)
#define HW_CONSOLE_GFN      (HW_SPECIAL_GFN + 7)
#define HW_SPECIAL_END      (HW_SPECIAL_GFN + 8)

#define HW_MAP_MAX          4
#define HW_MODULES          2
#define HW_RANGES           3
#define HW_MAX_VCPUS        4096

/* What is asked for. */
struct hw_request {
    enum desc_use use;              /* USE_PVH or USE_FIRMWARE (HVM) */
    uint64_t memory_kib;            /* RAM */
    uint64_t hole_bytes;            /* below 4 GiB; 0: what is usual */
    const char *cmdline;            /* may be NULL */
    struct {
        uint64_t bytes;
        const char *cmdline;        /* may be NULL */
    } module[HW_MODULES];           /* the first without bytes ends them */
    uint64_t acpi_bytes;            /* PVH */
};

struct hw_range {
    uint64_t first_gfn, end_gfn;
};

struct hw_layout {
    uint64_t low_end, high_end;     /* bytes; high_end HW_4GIB: nothing there */
    struct hw_range ram[HW_RANGES];
    unsigned int nr_ram;
    struct {
        uint64_t gpa, bytes;
    } module[HW_MODULES];
    unsigned int nr_modules;
    uint64_t info_gpa, info_bytes;
    uint64_t acpi_bytes;            /* whole pages */
    struct xen_e820_entry map[HW_MAP_MAX];
    unsigned int nr_map;
};

/* -EINVAL: e says what does not fit, and by how much. */
int hw_layout(const struct image_desc *d, const struct hw_request *r, struct hw_layout *l,
              struct image_error *e);

/* struct hvm_start_info with all it points to: l->info_bytes at to, for l->info_gpa. */
void hw_fill_start_info(const struct hw_layout *l, const struct hw_request *r, void *to);

/* HVM: struct hvm_info_table; online: how many of the vCPUs are there from the start. */
struct hvm_info_table;
void hw_fill_hvm_info(const struct hw_layout *l, uint32_t nr_vcpus, uint32_t online,
                      bool apic_mode, struct hvm_info_table *t);

#endif
