/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the ELF-64 format that elf.c and elf_notes.c read, as byte offsets. */
#pragma once

#include "base/le.h"
#include "base/string.h"
#include "boot/elf.h"

enum {                                  /* file header */
    E_CLASS = 4, E_DATA = 5, E_TYPE = 16, E_MACHINE = 18, E_ENTRY = 24, E_PHOFF = 32,
    E_SHOFF = 40, E_PHENTSIZE = 54, E_PHNUM = 56, E_SHENTSIZE = 58, E_SHNUM = 60,
    E_HEADER_BYTES = 64
};
enum {                                  /* program header */
    P_TYPE = 0, P_OFFSET = 8, P_PADDR = 24, P_FILESZ = 32, P_MEMSZ = 40, P_ALIGN = 48,
    P_BYTES = 56
};
enum {                                  /* section header */
    S_TYPE = 4, S_OFFSET = 24, S_SIZE = 32, S_ALIGN = 48, S_BYTES = 64
};

enum { PT_LOAD = 1, PT_NOTE = 4, SHT_NOTE = 7, CLASS_64 = 2, DATA_LE = 1, MACHINE_X86_64 = 62 };
enum { TYPE_EXEC = 2, TYPE_DYN = 3 };

/* Entry @i of the program (section) header table; NULL if it is not inside the file. */
static inline const uint8_t *elf_table_entry(const struct elf_image *e, unsigned int off_field,
                                             unsigned int size_field, unsigned int min_size,
                                             uint32_t i)
{
    const uint64_t off = get_le64(e->data + off_field), size = get_le16(e->data + size_field);

    if ( size < min_size || !range_ok(off, (uint64_t)(i + 1) * size, e->len) )
        return NULL;
    return e->data + off + i * size;
}

static inline const uint8_t *elf_phdr(const struct elf_image *e, uint32_t i)
{
    return elf_table_entry(e, E_PHOFF, E_PHENTSIZE, P_BYTES, i);
}

static inline const uint8_t *elf_shdr(const struct elf_image *e, uint32_t i)
{
    return elf_table_entry(e, E_SHOFF, E_SHENTSIZE, S_BYTES, i);
}

static inline int must_check elf_fail(const char **why, const char *text)
{
    *why = text;
    return -XEN_EINVAL;
}
