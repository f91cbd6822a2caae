/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of the builder that reads a kernel image: what the confined child runs (sandbox.c).
 * Untrusted input, so: no files, no context, nothing but two buffers.
 */
#ifndef BUILD_PARSE_H
#define BUILD_PARSE_H

#include "build/desc.h"

/* Where to unpack, and how far one got (for a progress bar in another process). */
struct parse_output {
    uint8_t *unpacked;
    size_t room;
    volatile uint64_t *progress;        /* bytes of input consumed; may be NULL */
};

/*
 * Read a kernel: bzImage, ELF, or ELF packed as a whole.  0: d describes it, with
 * SOURCE_UNPACKED if out->unpacked was needed; it still has to pass desc_check and
 * desc_check_use.  -EINVAL: e says what is wrong.
 */
int parse_image(const uint8_t *file, size_t size, const struct parse_output *out,
                struct image_desc *d, struct image_error *e);

/* parse.c: which packing these bytes start with; PACKING_NONE if none is known. */
enum desc_packing parse_packing(const uint8_t *p, size_t size);
bool parse_is_elf(const uint8_t *p, size_t size);

/* unpack.c: unpack all of in; *got: bytes written. */
int parse_unpack(enum desc_packing packing, const uint8_t *in, size_t size,
                 const struct parse_output *out, size_t *got, struct image_error *e);

/* elf.c: fill d from an ELF file in memory. */
int parse_elf(const uint8_t *elf, size_t size, struct image_desc *d, struct image_error *e);

/* notes.c: the Xen notes of an ELF file. */
struct elf_notes {
    struct image_desc *d;
    unsigned int found;                 /* OUT how many of Xen's there were */
};

/* Read one block of notes (PT_NOTE or SHT_NOTE). */
int parse_notes(const uint8_t *notes, size_t size, struct elf_notes *n, struct image_error *e);

#endif
