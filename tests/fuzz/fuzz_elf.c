/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: ELF kernels and their notes; what is accepted must be safe to load. */
#include "fuzz.h"

#include "boot/elf.h"

#define HYP_START 0xffff800000000000UL
#define HYP_END   0xffff880000000000UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct elf_image image;
    static struct elf_notes notes;
    struct elf_plan plan;
    const char *why = NULL;

    if ( elf_parse(data, len, &image, &why) ) {
        MUST(why);
        return 0;
    }
    MUST(image.nr_segments > 0 && image.paddr_start < image.paddr_end);
    for ( uint32_t i = 0; i < image.nr_segments; i++ ) {
        const struct elf_segment *s = &image.segment[i];

        MUST(range_ok(s->file_offset, s->file_len, len) && s->file_len <= s->mem_len);
        MUST(s->paddr >= image.paddr_start && s->paddr + s->mem_len <= image.paddr_end);
    }

    if ( elf_read_notes(&image, &notes, &why) ) {
        MUST(why);
        return 0;
    }
    MUST(notes.has && strlen(notes.guest_os) < ELF_NOTE_TEXT);
    if ( elf_plan_pv(&image, &notes, HYP_START, HYP_END, &plan, &why) ) {
        MUST(why);
        return 0;
    }
    MUST(plan.virt_start < plan.virt_end);
    MUST(plan.virt_end <= HYP_START || plan.virt_start >= HYP_END);
    MUST(notes.entry >= plan.virt_start && notes.entry < plan.virt_end);
    return 0;
}
