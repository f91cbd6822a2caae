/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel images made to measure, good ones and bad ones. */
#ifndef MAKE_IMAGE_H
#define MAKE_IMAGE_H

#include "build/parse.h"

#define IMAGE_ROOM  (1U << 20)
#define NOTES_AT    0x200           /* where the notes lie in the file ... */
#define DATA_AT     0x1000          /* ... and the segment's bytes */

/* What to leave out or put in. */
struct image_spec {
    const char *features;           /* NULL: no such note */
    uint64_t virt_base, gpa, entry, filesz, memsz;
    uint64_t init_p2m, hypercall_page;
    bool no_notes, only_phys32, phys32, mod_start_pfn, no_entry, sections_only;
    const char *xen_version, *loader;
};

/* A good kernel at 1 MiB: 64 KiB of file, 128 KiB of memory. */
extern const struct image_spec image_plain;

/* An ELF file in image, which has IMAGE_ROOM bytes; its size. */
size_t make_elf(uint8_t *image, const struct image_spec *s);

/* The same bytes packed; the size. */
size_t make_packed(uint8_t *to, enum desc_packing packing, const uint8_t *from, size_t size);

/* A bzImage around a payload; the size. */
size_t make_bzimage(uint8_t *to, const uint8_t *payload, size_t size);

#endif
