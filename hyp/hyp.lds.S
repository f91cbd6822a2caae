/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linked at IMAGE_VIRT, loaded at IMAGE_PHYS.  One segment, laid out in the file as in
 * memory, because multiboot 1's address fields (head.S) describe it so.  Parts begin on
 * page boundaries: paging_protect_image gives each its own protection.  All of boot/ is in
 * .init, whose pages become free memory before dom0 runs (boot_discard).
 */
#include "config.h"

ENTRY(boot_entry32)
PHDRS { image PT_LOAD FLAGS(7); }

boot_entry32 = boot_entry32_virt - IMAGE_VIRT + IMAGE_PHYS;
pcpu_base_sym = PCPU_BASE;

SECTIONS
{
    . = IMAGE_VIRT;
    _start = .;
    .text : AT(IMAGE_PHYS) {
        _stext = .;
        KEEP(*(.head))
        *(EXCLUDE_FILE(*/boot/?*.o) .text.hot EXCLUDE_FILE(*/boot/?*.o) .text EXCLUDE_FILE(*/boot/?*.o) .text.*)
        . = ALIGN(16);
        _etext = .;
    } :image
    . = ALIGN(4096);
    .rodata : AT(ADDR(.rodata) - IMAGE_VIRT + IMAGE_PHYS) {
        _srodata = .;
        *(EXCLUDE_FILE(*/boot/?*.o) .rodata EXCLUDE_FILE(*/boot/?*.o) .rodata.*)
        . = ALIGN(8);
        extable_start = .;  KEEP(*(.extable))  extable_end = .;
        smap_sites_start = .;  KEEP(*(.smap_sites))  smap_sites_end = .;
        . = ALIGN(16);
        KEEP(*(.symbols))
        . = ALIGN(4096);
        _erodata = .;
    } :image
    .data.ro_after_init : AT(ADDR(.data.ro_after_init) - IMAGE_VIRT + IMAGE_PHYS) {
        _sro_after_init = .;
        *(EXCLUDE_FILE(*/boot/?*.o) .data.rel.ro EXCLUDE_FILE(*/boot/?*.o) .data.rel.ro.* .got .got.plt)
        *(.data.ro_after_init)
        . = ALIGN(4096);
        _ero_after_init = .;
    } :image
    .init : AT(ADDR(.init) - IMAGE_VIRT + IMAGE_PHYS) {
        _sinit = .;
        *(.init.text)
        */boot/?*.o(.text .text.*)
        . = ALIGN(4096);
        _einittext = .;
        *(.init.data)
        */boot/?*.o(.rodata .rodata.* .data.rel.ro .data.rel.ro.* .data .data.*)
        . = ALIGN(4096);
        _einit = .;
    } :image
    .data : AT(ADDR(.data) - IMAGE_VIRT + IMAGE_PHYS) {
        _sdata = .;
        *(EXCLUDE_FILE(*/boot/?*.o) .data EXCLUDE_FILE(*/boot/?*.o) .data.*)
        . = ALIGN(4096);
        _edata = .;
    } :image
    .bss : AT(ADDR(.bss) - IMAGE_VIRT + IMAGE_PHYS) {
        *(.bss.page_aligned)
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
    } :image
    _end = .;
    ASSERT(_end - _start <= 0x600000, "the image must end below 8 MiB")
    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) }
}
