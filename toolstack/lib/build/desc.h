/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is to know of a kernel image: flat data with no pointer, written by the child that
 * parses the image (parse.h), believed by nobody before desc_check, kept in the cache.
 *
 * Everything here is pure: no context, no file, no hypercall.
 */
#ifndef BUILD_DESC_H
#define BUILD_DESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESC_MAGIC      0x32637365646e7878ULL       /* "xxndesc2" */
#define DESC_ROOM       4096                        /* bytes at the head of the child's output */
#define DESC_SEGMENTS   32
#define DESC_TEXT       64

/* Guest-physical space that a kernel may take: far beyond any, and no sum overflows. */
#define DESC_MAX_GPA    (1ULL << 40)

enum desc_packing {
    PACKING_NONE, PACKING_GZIP, PACKING_XZ, PACKING_LZMA, PACKING_ZSTD, PACKING_LZ4,
    PACKING_BZIP2, PACKING_LZO, PACKING_COUNT,
};

/* Where the segments' offsets lead. */
enum desc_source {
    SOURCE_FILE,                /* the kernel's own file: an ELF file that is not packed */
    SOURCE_UNPACKED,            /* what the child unpacked */
    SOURCE_COUNT,
};

/* The notes that were there, in desc.notes. */
enum desc_note {
    NOTE_HYPERCALL_PAGE = 1 << 0, NOTE_INIT_P2M = 1 << 1, NOTE_MOD_START_PFN = 1 << 2,
    NOTE_PHYS32_ENTRY = 1 << 3, NOTE_VIRT_BASE = 1 << 4, NOTE_ENTRY = 1 << 5,
    NOTE_ANY = 1 << 6,                  /* one that PV guests have */
    NOTE_ALL = (1 << 7) - 1,
};

/* What an image is to be used as: each wants something else of it. */
enum desc_use {
    USE_PV,                     /* 64-bit, with Xen's notes */
    USE_PVH,                    /* with an entry point for 32-bit protected mode */
    USE_FIRMWARE,               /* hvmloader: entered at its ELF entry point */
};

/* memsz bytes at gpa: filesz from the source, then zeros. */
struct desc_segment {
    uint64_t offset, filesz, gpa, memsz;
};

struct image_desc {
    uint64_t magic;
    uint32_t packing, source;
    uint32_t bzimage;                   /* 1: it came in Linux's boot format */
    uint32_t is_64bit;                  /* 1: not for 32-bit processors */
    uint32_t nr_segments, pad;
    uint64_t unpacked_bytes;            /* SOURCE_UNPACKED: bytes after the first DESC_ROOM */

    uint64_t virt_base;                 /* guest-physical 0 is mapped here */
    uint64_t entry, hypercall_page, init_p2m;       /* virtual addresses */
    uint64_t phys32_entry;              /* physical */
    uint64_t paddr_offset;              /* segments are linked at their gpa plus this */
    uint32_t notes, suspend_cancel;
    uint64_t required, supported;       /* bitmaps of XENFEAT_* */
    uint64_t start_gpa, end_gpa;        /* of all segments */

    struct desc_segment segment[DESC_SEGMENTS];
    char guest_os[DESC_TEXT], guest_version[DESC_TEXT];
};

/* Why an image is not good, in words for its user. */
struct image_error {
    char text[384];
};

/* Put the reason in e.  Always -EINVAL. */
int image_refuse(struct image_error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Whether a description can be worked with: every number is in range, every segment lies in
 * its source of source_size bytes and in the address space, none overlaps.  Then, with
 * desc_check_use, whether it is an image for this use, with its entry where a segment is.  What
 * passes both cannot lead a builder anywhere it should not go.
 */
int desc_check(const struct image_desc *d, uint64_t source_size, struct image_error *e);
int desc_check_use(const struct image_desc *d, enum desc_use use, struct image_error *e);

/* The physical address where a guest begins that is not PV. */
static inline uint64_t desc_start(const struct image_desc *d, enum desc_use use)
{
    return use == USE_PVH ? d->phys32_entry : d->entry;
}

/* The guest-physical address of a virtual one of the kernel's mapping. */
static inline uint64_t desc_gpa(const struct image_desc *d, uint64_t va)
{
    return va - d->virt_base;
}

const char *desc_packing_name(uint32_t packing);

/* Name of an XENFEAT_* as kernels spell it, or NULL. */
const char *desc_feature_name(unsigned int feature);

#endif
