/* SPDX-License-Identifier: MIT */
/* The ELF notes that tell the hypervisor and the tools how to load this guest. */
#include <stdint.h>
#include <xenabi/elfnote.h>
#include "mem.h"
#include "start.h"

#define NOTE __attribute__((used, aligned(4), section(".note.Xen")))

#define NOTE_TEXT(id, type, str)                                            \
    static const struct {                                                   \
        uint32_t namesz, descsz, kind;                                      \
        char name[4];                                                       \
        char desc[(sizeof(str) + 3) & ~3ul];                                \
    } note_##id NOTE = { 4, sizeof(str), type, "Xen", str }

#define NOTE_NUM(id, type, num)                                             \
    static const struct __attribute__((packed)) {                           \
        uint32_t namesz, descsz, kind;                                      \
        char name[4];                                                       \
        uint64_t desc;                                                      \
    } note_##id NOTE = { 4, 8, type, "Xen", num }

NOTE_TEXT(os, XEN_ELFNOTE_GUEST_OS, "pvguest");
NOTE_TEXT(loader, XEN_ELFNOTE_LOADER, "generic");
NOTE_TEXT(version, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
NOTE_TEXT(pae, XEN_ELFNOTE_PAE_MODE, "yes");
NOTE_TEXT(features, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb");
NOTE_NUM(base, XEN_ELFNOTE_VIRT_BASE, GUEST_BASE);
NOTE_NUM(offset, XEN_ELFNOTE_PADDR_OFFSET, 0);
NOTE_NUM(entry, XEN_ELFNOTE_ENTRY, (uint64_t)_start);
NOTE_NUM(pvh_entry, XEN_ELFNOTE_PHYS32_ENTRY, (uint64_t)pvh_start - GUEST_BASE);
/* Features a control domain must name to be accepted as one. */
NOTE_NUM(supported, XEN_ELFNOTE_SUPPORTED_FEATURES, 1u << 11);
