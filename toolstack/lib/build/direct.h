/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Linux kernel (bzImage) that an HVM guest's firmware starts by itself, without a disk.
 *
 * The device model hands such files over a byte at a time.  So the kernel and its ramdisk are
 * put into the guest's memory here, and the device model gets a kernel of 20 KiB: the same
 * real-mode part, which asks the firmware for the memory map and the screen, and behind it a
 * few instructions that go on in the kernel that is there already.
 *
 * Linux, Documentation/x86/boot.rst: "The real-mode kernel header", "32-bit boot protocol".
 */
#ifndef BUILD_DIRECT_H
#define BUILD_DIRECT_H

#include "build/ramdisk.h"

struct direct {
    struct ramdisk kernel, ramdisk;     /* kernel.fd -1: it is left to the device model */
    uint32_t setup_bytes;               /* the real-mode part: the file's beginning */
    uint64_t kernel_gpa, ramdisk_gpa;   /* of the rest, and of the ramdisk */
};

#define DIRECT_NONE     { .kernel.fd = -1, .ramdisk.fd = -1 }
#define DIRECT_HEAD     0x268           /* bytes of a kernel that direct_place reads */
#define DIRECT_STUB     512             /* what takes the place of the rest */

/*
 * Where they go in a guest whose low memory ends at low_end, from the kernel's first bytes and
 * d's sizes.  false: not a bzImage that can be placed (2.10, Linux 2.6.31), or too large.
 */
bool direct_place(const uint8_t head[DIRECT_HEAD], uint64_t low_end, struct direct *d);

/* Open both; paths may be NULL.  direct_close it in any case. */
int direct_open(struct xn_ctx *ctx, const char *kernel, const char *ramdisk, uint64_t low_end,
                struct direct *d);
void direct_close(struct direct *d);

/* The file for the device model, open for reading, inherited by no program; or -errno. */
int direct_stub(struct xn_ctx *ctx, const struct direct *d);

#endif
