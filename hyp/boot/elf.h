/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels as 64-bit ELF files: what to load where, and the Xen notes that say how the
 * kernel wants to be started.  Pure; the file is not trusted.
 */
#pragma once

#include <xenabi/elfnote.h>

#include "base/types.h"

#define ELF_SEGMENTS_MAX 16
#define ELF_NOTE_TEXT    32             /* bytes kept of a text note, with NUL */

struct elf_segment {
    uint64_t paddr;                     /* p_paddr */
    uint64_t file_offset, file_len;     /* bytes to copy, inside the file */
    uint64_t mem_len;                   /* >= file_len; the rest is zeroed */
};

struct elf_image {
    const uint8_t *data;
    size_t len;
    uint64_t entry;                     /* e_entry */
    struct elf_segment segment[ELF_SEGMENTS_MAX];   /* PT_LOAD with memory, no overlaps */
    uint32_t nr_segments;               /* at least 1 */
    uint64_t paddr_start, paddr_end;    /* what all of them span, [start, end) */
};

struct elf_notes {
    uint64_t has;                       /* bit XEN_ELFNOTE_x: that note is there */
    uint64_t entry;                     /* virtual; e_entry without a note */
    uint64_t virt_base, paddr_offset;
    uint64_t hypercall_page;            /* virtual; valid only if ELF_NOTE_PRESENT */
    uint64_t init_p2m;                  /* virtual; valid only if ELF_NOTE_PRESENT */
    uint64_t hv_start_low;
    uint64_t mod_start_pfn;             /* not 0: the initrd need not be mapped */
    char guest_os[ELF_NOTE_TEXT], guest_version[ELF_NOTE_TEXT];
};

#define ELF_NOTE_PRESENT(notes, type) (!!((notes)->has & BIT(type)))

/* Where a PV kernel goes in its own address space. */
struct elf_plan {
    uint64_t virt_base;                 /* of guest physical 0 */
    uint64_t virt_start, virt_end;      /* the image, [start, end) */
};

/* All three: 0, or -XEN_EINVAL with *@why set to a static text. */

int must_check elf_parse(const void *file, size_t len, struct elf_image *out, const char **why);

/* Needs at least one note of Xen's. */
int must_check elf_read_notes(const struct elf_image *image, struct elf_notes *out,
                              const char **why);

/* For a PV guest that may use addresses outside [hyp_start, hyp_end). */
int must_check elf_plan_pv(const struct elf_image *image, const struct elf_notes *notes,
                           uint64_t hyp_start, uint64_t hyp_end, struct elf_plan *out,
                           const char **why);

/* Guest virtual address of a segment under @plan. */
static inline uint64_t elf_segment_virt(const struct elf_image *image,
                                        const struct elf_plan *plan, uint32_t i)
{
    return plan->virt_start + (image->segment[i].paddr - image->paddr_start);
}
