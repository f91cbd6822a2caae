/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF kernels: segments and where they go.  Notes are in elf_notes.c. */
#include "boot/elf_format.h"

#define SPAN_MAX (1UL << 31)            /* the kernel half of the address space's top */

static int must_check check_header(const struct elf_image *e, const char **why)
{
    const uint8_t *h = e->data;

    if ( e->len < E_HEADER_BYTES || memcmp(h, "\177ELF", 4) != 0 )
        return elf_fail(why, "kernel is not an ELF file");
    if ( h[E_CLASS] != CLASS_64 || h[E_DATA] != DATA_LE ||
         get_le16(h + E_MACHINE) != MACHINE_X86_64 )
        return elf_fail(why, "kernel is not a 64-bit x86 ELF file");
    if ( get_le16(h + E_TYPE) != TYPE_EXEC && get_le16(h + E_TYPE) != TYPE_DYN )
        return elf_fail(why, "kernel is an ELF file, but not an executable");
    return 0;
}

/* Append the PT_LOAD at @ph, after checks against the file and the segments so far. */
static int must_check add_segment(struct elf_image *e, const uint8_t *ph, const char **why)
{
    const struct elf_segment s = {
        .paddr = get_le64(ph + P_PADDR), .file_offset = get_le64(ph + P_OFFSET),
        .file_len = get_le64(ph + P_FILESZ), .mem_len = get_le64(ph + P_MEMSZ),
    };

    if ( s.mem_len == 0 )
        return 0;
    if ( s.file_len > s.mem_len )
        return elf_fail(why, "kernel ELF: a segment is larger in the file than in memory");
    if ( !range_ok(s.file_offset, s.file_len, e->len) )
        return elf_fail(why, "kernel ELF is truncated (a segment lies beyond the file's end)");
    if ( !range_ok(s.paddr, s.mem_len, UINT64_MAX) )
        return elf_fail(why, "kernel ELF: a segment wraps around the address space");
    if ( e->nr_segments >= ELF_SEGMENTS_MAX )
        return elf_fail(why, "kernel ELF has more than 16 segments to load");

    for ( uint32_t i = 0; i < e->nr_segments; i++ ) {
        const struct elf_segment *o = &e->segment[i];

        if ( range_overlaps(s.paddr, s.paddr + s.mem_len, o->paddr, o->paddr + o->mem_len) )
            return elf_fail(why, "kernel ELF: segments overlap in memory");
    }
    e->segment[e->nr_segments++] = s;
    e->paddr_start = min(e->paddr_start, s.paddr);
    e->paddr_end = max(e->paddr_end, s.paddr + s.mem_len);
    return 0;
}

int elf_parse(const void *file, size_t len, struct elf_image *out, const char **why)
{
    *out = (struct elf_image){ .data = file, .len = len, .paddr_start = UINT64_MAX };

    int rc = check_header(out, why);

    if ( rc )
        return rc;
    out->entry = get_le64(out->data + E_ENTRY);

    for ( uint32_t i = 0; i < get_le16(out->data + E_PHNUM); i++ ) {
        const uint8_t *ph = elf_phdr(out, i);

        if ( !ph )
            return elf_fail(why, "kernel ELF is truncated (program headers)");
        if ( get_le32(ph + P_TYPE) == PT_LOAD ) {
            rc = add_segment(out, ph, why);
            if ( rc )
                return rc;
        }
    }
    if ( !out->nr_segments )
        return elf_fail(why, "kernel ELF has nothing to load");
    if ( out->paddr_end - out->paddr_start > SPAN_MAX )
        return elf_fail(why, "kernel ELF: segments span more than 2 GiB");
    return 0;
}

/* Is [start, start + len) canonical, not wrapping and clear of the hypervisor's part? */
static bool usable_virt(uint64_t start, uint64_t len, uint64_t hyp_start, uint64_t hyp_end)
{
    const uint64_t end = start + len;           /* may be 0: the very top */
    const uint64_t last = end - 1;

    if ( last < start || (int64_t)start >> 47 != (int64_t)last >> 47 ||
         ((int64_t)start >> 47 != 0 && (int64_t)start >> 47 != -1) )
        return false;
    return last < hyp_start || start >= hyp_end;
}

int elf_plan_pv(const struct elf_image *image, const struct elf_notes *notes,
                uint64_t hyp_start, uint64_t hyp_end, struct elf_plan *out, const char **why)
{
    const uint64_t len = image->paddr_end - image->paddr_start;
    const uint64_t phys = image->paddr_start - notes->paddr_offset;
    const uint64_t start = phys + notes->virt_base;

    if ( image->paddr_start < notes->paddr_offset || !range_ok(phys, len, BIT(52)) )
        return elf_fail(why, "kernel notes: PADDR_OFFSET does not fit the segments' addresses");
    if ( !usable_virt(start, len, hyp_start, hyp_end) || start + len < start ||
         notes->virt_base % PAGE_SIZE )
        return elf_fail(why, "kernel notes: VIRT_BASE puts the image where it cannot be");
    if ( !range_ok(notes->entry - start, 1, len) )
        return elf_fail(why, "kernel notes: ENTRY is outside the image");

    if ( ELF_NOTE_PRESENT(notes, XEN_ELFNOTE_HYPERCALL_PAGE) &&
         (notes->hypercall_page % PAGE_SIZE ||
          !range_ok(notes->hypercall_page - start, PAGE_SIZE, ALIGN_UP(len, PAGE_SIZE))) )
        return elf_fail(why, "kernel notes: HYPERCALL_PAGE is not a page of the image");
    if ( ELF_NOTE_PRESENT(notes, XEN_ELFNOTE_INIT_P2M) &&
         (notes->init_p2m % PAGE_SIZE ||
          !usable_virt(notes->init_p2m, PAGE_SIZE, hyp_start, hyp_end)) )
        return elf_fail(why, "kernel notes: INIT_P2M is no usable page address");
    if ( ELF_NOTE_PRESENT(notes, XEN_ELFNOTE_HV_START_LOW) && notes->hv_start_low > hyp_start )
        return elf_fail(why, "kernel notes: HV_START_LOW wants part of the hypervisor's addresses");

    out->virt_base = notes->virt_base;
    out->virt_start = start;
    out->virt_end = start + len;
    return 0;
}
