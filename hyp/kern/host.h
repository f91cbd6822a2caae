/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about the machine that boot/ learnt from firmware and loader, and that dom0 may
 * ask for later.  boot/ fills it in before dom0 runs; immutable from then on.
 */
#pragma once

#include <xenabi/memory.h>

#include "base/types.h"

#define HOST_E820_MAX   128

struct host_info {
    struct xen_e820_entry e820[HOST_E820_MAX];  /* sorted, no overlaps */
    uint32_t nr_e820;

    bool     kbd_flags_known;
    uint8_t  kbd_shift_flags;           /* BIOS data area 0x417 */

    /* The EFI system table, if the loader passed one on (UEFI 2.9, 4.3). */
    struct {
        bool     present;
        uint32_t version;               /* of the table's header */
        uint64_t config_table;          /* physical address */
        uint32_t nr_config;             /* entries */
        uint32_t vendor_revision;
        uint16_t vendor[64];            /* UTF-16, NUL-terminated */
    } efi;
};

extern struct host_info host;
