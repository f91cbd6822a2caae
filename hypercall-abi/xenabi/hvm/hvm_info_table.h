/* SPDX-License-Identifier: MIT */
/*
 * What the builder of an HVM guest tells its firmware, at a fixed place in guest memory.
 */
#ifndef XENABI_HVM_HVM_INFO_TABLE_H
#define XENABI_HVM_HVM_INFO_TABLE_H

#include <xenabi/types.h>

#define HVM_INFO_PFN                        0x09f
#define HVM_INFO_OFFSET                     0x800
#define HVM_INFO_PADDR                      ((HVM_INFO_PFN << 12) + HVM_INFO_OFFSET)

#define HVM_MAX_VCPUS                       128

struct hvm_info_table {
    char     signature[8];          /* "HVM INFO" */
    uint32_t length;                /* bytes */
    uint8_t  checksum;              /* makes all bytes add up to 0 */
    uint8_t  apic_mode;             /* make tables that describe the APICs */
    uint32_t nr_vcpus;
    uint32_t low_mem_pgend;         /* frame behind RAM below 4 GiB */
    uint32_t reserved_mem_pgstart;  /* from here to 4 GiB: special pages */
    uint32_t high_mem_pgend;        /* frame behind RAM above 4 GiB, 0: none */
    uint8_t  vcpu_online[16];       /* bitmap: there at boot */
};
ABI_SIZE(hvm_info_table, 48);

#endif
