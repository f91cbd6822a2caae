/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What dom0.c knows while it builds the control domain. */
#ifndef BOOT_DOM0_BUILD_H
#define BOOT_DOM0_BUILD_H

#include "boot/elf.h"
#include "core/domain.h"

struct dom0_build {
    struct domain   *d;
    const uint8_t   *file;              /* the kernel, an ELF file */
    size_t           file_len;
    void            *unpacked;          /* NULL if the module is the file */
    unsigned int     unpacked_order;
    struct elf_image elf;
    struct elf_notes notes;
    struct elf_plan  plan;

    mfn_t            initrd_mfn;        /* first frame of its module */
    uint64_t         initrd_len;        /* bytes, 0: none */
    bool             initrd_by_pfn, p2m_apart;

    uint64_t         nr_pages, max_pages;
    uint64_t        *p2m;               /* frame number by pseudo-physical one */

    /* Virtual addresses, page aligned. */
    uint64_t         virt_base, virt_end;       /* of the region that is mapped */
    uint64_t         initrd_va, p2m_va, start_info_va, pt_va, stack_va;
    uint64_t         nr_pt;
    /* Pseudo-physical frames. */
    uint64_t         region_pages, p2m_pfn, nr_p2m, initrd_pfn;
};

#endif
