/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading an ELF kernel: its loadable segments and its notes (ELF-64 and ELF-32 object file format).
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
    bool wide;                  /* ELF-64 */
    Elf64_Ehdr h;
};

static bool range_ok(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}

/* The header of either class in the form of the larger one. */
static void read_header(struct elf *f)
{
    Elf64_Ehdr *h = &f->h;
    Elf32_Ehdr n;

    if ( f->wide ) {
        memcpy(h, f->data, sizeof(*h));
        return;
    }
    memcpy(&n, f->data, sizeof(n));
    h->e_machine = n.e_machine;
    h->e_type = n.e_type;
    h->e_entry = n.e_entry;
    h->e_phoff = n.e_phoff;
    h->e_phnum = n.e_phnum;
    h->e_phentsize = n.e_phentsize;
    h->e_shnum = 0;                                 /* its notes are in a PT_NOTE */
}

static int check_header(struct elf *f, struct image_error *e)
{
    const unsigned char *id = f->data;
    const Elf64_Ehdr *h = &f->h;
    size_t phdr_size;
    unsigned int machine;

    if ( f->size < EI_NIDENT )
        return image_refuse(e, "a truncated ELF file");
    f->wide = id[EI_CLASS] == ELFCLASS64;
    machine = f->wide ? EM_X86_64 : EM_386;
    phdr_size = f->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if ( (!f->wide && id[EI_CLASS] != ELFCLASS32) || id[EI_DATA] != ELFDATA2LSB )
        return image_refuse(e, "an ELF file for another kind of machine");
    if ( f->size < (f->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)) )
        return image_refuse(e, "a truncated ELF file: %zu bytes", f->size);
    read_header(f);
    if ( h->e_machine != machine )
        return image_refuse(e, "an ELF file for machine %u: want x86-64 (%u)", h->e_machine,
                            EM_X86_64);
    if ( h->e_type != ET_EXEC && h->e_type != ET_DYN )
        return image_refuse(e, "an ELF file, but not an executable one (type %u)", h->e_type);
    if ( !h->e_phnum || h->e_phnum > MAX_PHDRS || h->e_phentsize != phdr_size )
        return image_refuse(e, "an ELF file with %u program headers of %u bytes", h->e_phnum,
                            h->e_phentsize);
    if ( !range_ok(h->e_phoff, h->e_phnum * phdr_size, f->size) )
        return image_refuse(e, "a truncated ELF file: its program headers are beyond its end");
    return 0;
}

static Elf64_Phdr phdr(const struct elf *f, unsigned int i)
{
    Elf64_Phdr p = { 0 };
    Elf32_Phdr n;

    if ( f->wide ) {
        memcpy(&p, f->data + f->h.e_phoff + i * sizeof(p), sizeof(p));
        return p;
    }
    memcpy(&n, f->data + f->h.e_phoff + i * sizeof(n), sizeof(n));
    p.p_type = n.p_type;
    p.p_offset = n.p_offset;
    p.p_paddr = n.p_paddr;
    p.p_filesz = n.p_filesz;
    p.p_memsz = n.p_memsz;
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
    if ( n->found )
        n->d->notes |= NOTE_ANY;
    return rc;
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

    d->is_64bit = f.wide;
    if ( !rc )
        rc = all_notes(&f, &n, e);
    d->start_gpa = ~0ULL;
    for ( unsigned int i = 0; !rc && i < f.h.e_phnum; i++ ) {
        const Elf64_Phdr p = phdr(&f, i);

        if ( p.p_type == PT_LOAD && p.p_memsz )
            rc = add_segment(&f, &p, d->paddr_offset, d, e);
    }
    if ( rc )
        return rc;
    if ( !d->nr_segments )
        return image_refuse(e, "an ELF file with nothing to load");
    if ( !(d->notes & NOTE_ENTRY) )
        d->entry = f.h.e_entry;
    return 0;
}
