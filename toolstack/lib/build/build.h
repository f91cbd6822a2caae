/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The domain builder, seen from domain/: turns a kernel image into the memory and the first
 * vCPU of a domain that exists, is paused and has no memory yet.
 *
 * Who calls: domain/create.c.  May call: ctx/.
 */
#ifndef XENOLITH_BUILD_H
#define XENOLITH_BUILD_H

#include "build/desc.h"
#include "build/hw_layout.h"
#include "xenolith/config.h"
#include "xenolith/ctx.h"

/* A kernel image, examined and unpacked in a confined child (or found in the cache). */
struct image;

/*
 * Open the kernel (bzImage or ELF) of path: unpacked, its ELF and notes parsed, fit for this
 * use.  Nothing of a domain is needed, so create.c does this first, and -n does only this.
 * -EINVAL says what is wrong with the file.
 */
int image_open(struct xn_ctx *ctx, const char *path, enum desc_use use, struct image **image);
/* Keeps what was unpacked in the cache, which takes a moment: call it once the guest runs. */
void image_close(struct image *image);
/* What it is, for a log: "Linux 2.6, xz, 35 MiB". */
void image_describe(const struct image *image, char *text, size_t size);

struct pv_build {
    uint32_t domid;
    struct image *image;
    const char *ramdisk_path, *cmdline;     /* may be NULL */
    uint64_t memory_kib, maxmem_kib;        /* maxmem 0: as memory */
    uint32_t nr_vcpus;
    uint16_t store_domid, console_domid;    /* who serves them: 0 */
    uint32_t store_port, console_port;      /* the guest's ends, allocated by the caller */
    uint64_t nodes;                         /* NUMA nodes to take memory from; 0: any */
    uint64_t store_mfn, console_mfn;        /* OUT */
};

/*
 * Memory (with its map), page tables, p2m, start_info, grants for the store and console rings,
 * vCPU 0.  Before it: createdomain, max_vcpus, max_mem, node affinity.  -ENOMEM says how much is
 * missing and who has it.  On failure the caller destroys the domain.
 */
int build_pv(struct xn_ctx *ctx, struct pv_build *b);

/*
 * A guest that the hardware virtualises: PVH with its ramdisk as module, or HVM, whose kernel is
 * hvmloader (image) with its firmware as module, or a PV guest in a PVH one, whose kernel is the
 * shim (image) with the PV kernel and its ramdisk as modules.
 */
struct hw_build {
    uint32_t domid;
    struct image *image;
    enum desc_use use;                      /* USE_PVH or USE_FIRMWARE */
    const char *cmdline;                    /* may be NULL */
    struct {
        const char *what, *path;            /* what: for messages; path NULL: none */
        const char *cmdline;                /* may be NULL */
    } module[HW_MODULES];
    const char *kernel_path, *ramdisk_path; /* HVM: for the firmware to start; may be NULL */
    uint64_t memory_kib;                    /* RAM, without a screen's */
    uint64_t hole_bytes;                    /* below 4 GiB, for devices; 0: what is usual */
    uint32_t nr_vcpus, online;              /* at most, and from the start */
    bool apic_mode;                         /* HVM: firmware tells of APICs */
    bool no_acpi;                           /* PVH: no tables */
    uint16_t store_domid, console_domid;
    uint32_t store_port, console_port;
    uint64_t nodes;
    uint64_t store_gfn, console_gfn;        /* OUT */
    int stub_fd;                            /* OUT: what the device model takes for the kernel, or -1 */
};

/* As build_pv.  Before it also: the parameters that configure the domain (HVM_PARAM_*). */
int build_hw(struct xn_ctx *ctx, struct hw_build *b);
/* Check without a domain that build_hw would find everything good but the memory. */
int build_hw_check(struct xn_ctx *ctx, const struct hw_build *b);
/* KiB that the hypervisor needs besides, for tables. */
uint64_t build_hw_paging_kib(uint64_t memory_kib, uint32_t nr_vcpus);

/*
 * Check without a domain that build_pv would find this kernel and ramdisk good.  With a
 * hypervisor at hand, also that there is memory; build_check_memory does that alone.
 */
int build_pv_check(struct xn_ctx *ctx, const struct image *image, const char *ramdisk_path,
                   uint64_t memory_kib);
/* room.c: -ENOMEM with how much is missing and who has it, if less than this is free. */
int build_check_memory(struct xn_ctx *ctx, uint64_t memory_kib);

#endif
