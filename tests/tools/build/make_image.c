/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel images made to measure. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <lzma.h>
#include <xenabi/elfnote.h>
#include <zlib.h>
#include <zstd.h>

#include "make_image.h"

#define BASE 0xffffffff80000000ULL

const struct image_spec image_plain = {
    .features = "!writable_page_tables|pae_pgdir_above_4gb", .virt_base = BASE, .gpa = 0x100000,
    .entry = BASE + 0x100010, .filesz = 0x10000, .memsz = 0x20000, .xen_version = "xen-3.0",
    .loader = "generic",
};

static void note(uint8_t **at, uint32_t type, const void *desc, size_t size)
{
    const Elf64_Nhdr h = { .n_namesz = 4, .n_descsz = (uint32_t)size, .n_type = type };

    memcpy(*at, &h, sizeof(h));
    memcpy(*at + sizeof(h), "Xen", 4);
    memcpy(*at + sizeof(h) + 4, desc, size);
    *at += sizeof(h) + 4 + ((size + 3) & ~3UL);
}

static void note_number(uint8_t **at, uint32_t type, uint64_t v)
{
    note(at, type, &v, 8);
}

static size_t notes(uint8_t *start, const struct image_spec *s)
{
    uint8_t *at = start;

    if ( s->no_notes )
        return 0;
    if ( s->phys32 || s->only_phys32 )
        note_number(&at, XEN_ELFNOTE_PHYS32_ENTRY, s->gpa);
    if ( s->only_phys32 )
        return (size_t)(at - start);
    note(&at, XEN_ELFNOTE_GUEST_OS, "test", 5);
    note(&at, XEN_ELFNOTE_XEN_VERSION, s->xen_version, strlen(s->xen_version) + 1);
    note(&at, XEN_ELFNOTE_LOADER, s->loader, strlen(s->loader) + 1);
    note_number(&at, XEN_ELFNOTE_VIRT_BASE, s->virt_base);
    if ( !s->no_entry )
        note_number(&at, XEN_ELFNOTE_ENTRY, s->entry);
    if ( s->features )
        note(&at, XEN_ELFNOTE_FEATURES, s->features, strlen(s->features));
    if ( s->init_p2m )
        note_number(&at, XEN_ELFNOTE_INIT_P2M, s->init_p2m);
    if ( s->hypercall_page )
        note_number(&at, XEN_ELFNOTE_HYPERCALL_PAGE, s->hypercall_page);
    if ( s->mod_start_pfn )
        note_number(&at, XEN_ELFNOTE_MOD_START_PFN, 1);
    return (size_t)(at - start);
}

size_t make_elf(uint8_t *image, const struct image_spec *s)
{
    Elf64_Ehdr h = {
        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
        .e_entry = s->entry, .e_phoff = sizeof(h), .e_ehsize = sizeof(h),
        .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = s->sections_only ? 1 : 2,
        .e_shentsize = sizeof(Elf64_Shdr),
    };
    Elf64_Phdr p[2] = {
        { .p_type = PT_LOAD, .p_offset = DATA_AT, .p_vaddr = s->virt_base + s->gpa,
          .p_paddr = s->gpa, .p_filesz = s->filesz, .p_memsz = s->memsz },
        { .p_type = PT_NOTE, .p_offset = NOTES_AT },
    };
    Elf64_Shdr sh = { .sh_type = SHT_NOTE, .sh_offset = NOTES_AT };

    memset(image, 0, DATA_AT);
    p[1].p_filesz = p[1].p_memsz = sh.sh_size = notes(image + NOTES_AT, s);
    if ( s->sections_only ) {
        h.e_shoff = 0x180;
        h.e_shnum = 1;
        memcpy(image + 0x180, &sh, sizeof(sh));
    }
    memcpy(image, &h, sizeof(h));
    memcpy(image + sizeof(h), p, h.e_phnum * sizeof(p[0]));
    for ( uint64_t i = 0; i < s->filesz; i++ )
        image[DATA_AT + i] = (uint8_t)(i * 7 + (i >> 8)) | 1;
    return DATA_AT + s->filesz;
}

static size_t pack_gzip(uint8_t *to, const uint8_t *from, size_t size)
{
    z_stream z = {
        .next_in = (Bytef *)from, .avail_in = (uInt)size, .next_out = to, .avail_out = IMAGE_ROOM,
    };

    deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

static size_t pack_lzma(uint8_t *to, const uint8_t *from, size_t size)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_options_lzma o;

    lzma_lzma_preset(&o, 6);
    if ( lzma_alone_encoder(&s, &o) != LZMA_OK )
        abort();
    s.next_in = from;
    s.avail_in = size;
    s.next_out = to;
    s.avail_out = IMAGE_ROOM;
    if ( lzma_code(&s, LZMA_FINISH) != LZMA_STREAM_END )
        abort();
    size = s.total_out;
    lzma_end(&s);
    return size;
}

size_t make_packed(uint8_t *to, enum desc_packing packing, const uint8_t *from, size_t size)
{
    const uint32_t legacy = 0x184c2102;
    size_t n = 0;

    switch ( packing ) {
    case PACKING_GZIP:
        return pack_gzip(to, from, size);
    case PACKING_LZMA:
        return pack_lzma(to, from, size);
    case PACKING_XZ:
        lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, from, size, to, &n, IMAGE_ROOM);
        return n;
    case PACKING_ZSTD:
        return ZSTD_compress(to, IMAGE_ROOM, from, size, 3);
    case PACKING_LZ4: {
        const int block = LZ4_compress_default((const char *)from, (char *)to + 8, (int)size,
                                               IMAGE_ROOM - 8);

        memcpy(to, &legacy, 4);
        memcpy(to + 4, &block, 4);
        return 8 + (size_t)block;
    }
    default:
        abort();
    }
}

size_t make_bzimage(uint8_t *to, const uint8_t *payload, size_t size)
{
    const uint32_t unpacked = 0x12345678, offset = 0x40, length = (uint32_t)size + 4;

    memset(to, 0, 1024 + offset);
    to[0x1f1] = 1;                                  /* setup sectors */
    memcpy(to + 0x1fe, "\x55\xaa", 2);
    memcpy(to + 0x202, "HdrS\x0f\x02", 6);
    memcpy(to + 0x248, &offset, 4);
    memcpy(to + 0x24c, &length, 4);
    memcpy(to + 1024 + offset, payload, size);
    memcpy(to + 1024 + offset + size, &unpacked, 4);
    return 1024 + offset + size + 4;
}
