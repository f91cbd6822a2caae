/* SPDX-License-Identifier: MIT */
/*
 * PVH start of day: EBX points to struct hvm_start_info.  All addresses are physical.
 */
#ifndef XENABI_HVM_START_INFO_H
#define XENABI_HVM_START_INFO_H

#include <xenabi/types.h>

#define XEN_HVM_START_MAGIC_VALUE       0x336ec578

#define XEN_HVM_MEMMAP_TYPE_RAM         1
#define XEN_HVM_MEMMAP_TYPE_RESERVED    2
#define XEN_HVM_MEMMAP_TYPE_ACPI        3
#define XEN_HVM_MEMMAP_TYPE_NVS         4
#define XEN_HVM_MEMMAP_TYPE_UNUSABLE    5
#define XEN_HVM_MEMMAP_TYPE_DISABLED    6
#define XEN_HVM_MEMMAP_TYPE_PMEM        7

struct hvm_start_info {
    uint32_t magic;                 /* XEN_HVM_START_MAGIC_VALUE */
    uint32_t version;               /* 1: the memory map's fields are there */
    uint32_t flags;                 /* SIF_* */
    uint32_t nr_modules;
    uint64_t modlist_paddr;         /* struct hvm_modlist_entry */
    uint64_t cmdline_paddr;
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr;          /* struct hvm_memmap_table_entry */
    uint32_t memmap_entries;
    uint32_t reserved;
};
ABI_SIZE(hvm_start_info, 56);

struct hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size;                  /* bytes */
    uint64_t cmdline_paddr;
    uint64_t reserved;
};
ABI_SIZE(hvm_modlist_entry, 32);

struct hvm_memmap_table_entry {
    uint64_t addr;
    uint64_t size;                  /* bytes */
    uint32_t type;                  /* XEN_HVM_MEMMAP_TYPE_* */
    uint32_t reserved;
};
ABI_SIZE(hvm_memmap_table_entry, 24);

#endif
