/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader says, by multiboot 1 (0.6.96) or multiboot 2 (2.0), in one form.
 * Pure: memory is read through a callback, and the result points into itself only.
 */
#pragma once

#include <xenabi/xen.h>

#include "boot/e820.h"

#define MB1_LOADER_MAGIC    0x2badb002u
#define MB2_LOADER_MAGIC    0x36d76289u

#define BOOT_MODULES_MAX    16
#define BOOT_STRINGS_BYTES  8192

struct boot_module {
    uint64_t start, end;            /* physical, [start, end) */
    const char *cmdline;            /* without a file name in front */
};

struct boot_info {
    const char *loader;             /* "" if it did not say */
    const char *cmdline;            /* without a file name in front */
    struct boot_module modules[BOOT_MODULES_MAX];
    uint32_t nr_modules;
    struct e820_map memory;         /* as given: not sanitised */
    bool memory_is_efi;             /* made from the EFI memory map */
    struct dom0_vga_console_info video;     /* XEN_VGATYPE_VESA_LFB if it has set a frame buffer up, or 0 */
    uint64_t efi_system_table;      /* physical, of a 64-bit EFI; 0: none */
    uint8_t rsdp[36];               /* a copy */
    uint32_t rsdp_len;              /* 0: none given, 20: ACPI 1, 36: ACPI 2 and later */
    size_t strings_used;
    char strings[BOOT_STRINGS_BYTES];
};

/* @len bytes at physical @addr, or NULL where there is no memory to read. */
struct boot_phys {
    const void *(*at)(void *ctx, uint64_t addr, size_t len);
    void *ctx;
};

/*
 * Read what the loader left at @info; @magic is what it put into EAX.  @out is written
 * whole.  0; -XEN_EINVAL: nonsense, -XEN_ENOSPC: more than there is room for; both with
 * *@why set to a static text that names the part.
 */
int must_check boot_info_parse(uint32_t magic, uint64_t info, const struct boot_phys *phys,
                               struct boot_info *out, const char **why);
