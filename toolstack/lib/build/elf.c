/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an ELF kernel: its loadable segments and its notes (ELF-64 object file format).
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "build/parse.h"

#define MAX_PHDRS   256
#define MAX_SHDRS   4096

struct elf {
    const uint8_t *data;
    size_t size;
    Elf64_Ehdr h;
};

static bool range_ok(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}

static int check_header(struct elf *f, struct image_error *e)
{
    const unsigned char *id = f->data;
    Elf64_Ehdr *h = &f->h;

    if ( f->size < EI_NIDENT )
        return image_refuse(e, "a truncated ELF file");
    if ( id[EI_CLASS] == ELFCLASS32 )
        return image_refuse(e, "a 32-bit kernel: PV guests are served in 64-bit only");
    if ( id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != ELFDATA2LSB )
        return image_refuse(e, "an ELF file for another kind of machine");
    if ( f->size < sizeof(*h) )
        return image_refuse(e, "a truncated ELF file: %zu bytes", f->size);
    memcpy(h, f->data, sizeof(*h));
    if ( h->e_machine != EM_X86_64 )
        return image_refuse(e, "an ELF file for machine %u: want x86-64 (%u)", h->e_machine,
                            EM_X86_64);
    if ( h->e_type != ET_EXEC && h->e_type != ET_DYN )
        return image_refuse(e, "an ELF file, but not an executable one (type %u)", h->e_type);
    if ( !h->e_phnum || h->e_phnum > MAX_PHDRS || h->e_phentsize != sizeof(Elf64_Phdr) )
        return image_refuse(e, "an ELF file with %u program headers of %u bytes", h->e_phnum,
                            h->e_phentsize);
    if ( !range_ok(h->e_phoff, h->e_phnum * sizeof(Elf64_Phdr), f->size) )
        return image_refuse(e, "a truncated ELF file: its program headers are beyond its end");
    return 0;
}

static Elf64_Phdr phdr(const struct elf *f, unsigned int i)
{
    Elf64_Phdr p;

    memcpy(&p, f->data + f->h.e_phoff + i * sizeof(p), sizeof(p));
    return p;
}

/* Sections of notes, for a kernel linked without a PT_NOTE. */
static int notes_of_sections(const struct elf *f, struct elf_notes *n, struct image_error *e)
{
    const Elf64_Ehdr *h = &f->h;
    int rc = 0;

    if ( h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shnum > MAX_SHDRS ||
         !range_ok(h->e_shoff, h->e_shnum * sizeof(Elf64_Shdr), f->size) )
        return 0;
    for ( unsigned int i = 0; !rc && i < h->e_shnum; i++ ) {
        Elf64_Shdr s;

        memcpy(&s, f->data + h->e_shoff + i * sizeof(s), sizeof(s));
        if ( s.sh_type == SHT_NOTE && range_ok(s.sh_offset, s.sh_size, f->size) )
            rc = parse_notes(f->data + s.sh_offset, s.sh_size, n, e);
    }
    return rc;
}

static int all_notes(const struct elf *f, struct elf_notes *n, struct image_error *e)
{
    int rc = 0;

    for ( unsigned int i = 0; !rc && i < f->h.e_phnum; i++ ) {
        const Elf64_Phdr p = phdr(f, i);

        if ( p.p_type != PT_NOTE )
            continue;
        if ( !range_ok(p.p_offset, p.p_filesz, f->size) )
            return image_refuse(e, "a truncated ELF file: its notes are beyond its end");
        rc = parse_notes(f->data + p.p_offset, p.p_filesz, n, e);
    }
    if ( !rc && !n->found )
        rc = notes_of_sections(f, n, e);
    return rc ? rc : parse_notes_check(n, e);
}

static int add_segment(const struct elf *f, const Elf64_Phdr *p, uint64_t paddr_offset,
                       struct image_desc *d, struct image_error *e)
{
    struct desc_segment s = {
        .offset = p->p_offset, .filesz = p->p_filesz, .memsz = p->p_memsz,
        .gpa = p->p_paddr - paddr_offset,
    };

    if ( !range_ok(s.offset, s.filesz, f->size) )
        return image_refuse(e, "a truncated ELF file: %zu bytes, but a segment ends at %#llx",
                            f->size, (unsigned long long)(s.offset + s.filesz));
    if ( s.filesz > s.memsz || !range_ok(s.gpa, s.memsz, DESC_MAX_GPA) )
        return image_refuse(e, "an ELF file with a segment of %#llx bytes at %#llx",
                            (unsigned long long)s.memsz, (unsigned long long)s.gpa);
    if ( d->nr_segments == DESC_SEGMENTS )
        return image_refuse(e, "an ELF file with more than %u segments to load", DESC_SEGMENTS);
    d->segment[d->nr_segments++] = s;
    if ( s.gpa < d->start_gpa )
        d->start_gpa = s.gpa;
    if ( s.gpa + s.memsz > d->end_gpa )
        d->end_gpa = s.gpa + s.memsz;
    return 0;
}

int parse_elf(const uint8_t *data, size_t size, struct image_desc *d, struct image_error *e)
{
    struct elf f = { .data = data, .size = size };
    struct elf_notes n = { .d = d };
    int rc = check_header(&f, e);

    if ( !rc )
        rc = all_notes(&f, &n, e);
    d->start_gpa = ~0ULL;
    for ( unsigned int i = 0; !rc && i < f.h.e_phnum; i++ ) {
        const Elf64_Phdr p = phdr(&f, i);

        if ( p.p_type == PT_LOAD && p.p_memsz )
            rc = add_segment(&f, &p, n.paddr_offset, d, e);
    }
    if ( rc )
        return rc;
    if ( !d->nr_segments )
        return image_refuse(e, "an ELF file with nothing to load");
    if ( !(d->notes & NOTE_ENTRY) )
        d->entry = f.h.e_entry;
    return 0;
}
