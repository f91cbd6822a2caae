/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few knobs, and the layout of the hypervisor's virtual addresses.
 *
 * L4 slots 256 to 271 are the hypervisor's in every address space (ABI):
 *
 *   256  0xffff800000000000  machine-to-phys table, read-only for guests (ABI)
 *   260  0xffff820000000000  this domain's slot: descriptor tables of its vCPUs
 *   261  0xffff828000000000  frame table
 *        0xffff82a000000000  machine-to-phys table, our writable view
 *        0xffff82c000000000  device and scattered mappings (vmap)
 *        0xffff82d080000000  image (physically at 2 MiB)
 *        0xffff82d0a0000000  per-CPU blocks (cpu/pcpu.h)
 *   262  0xffff830000000000  direct map of all RAM, 5 TiB at most
 */
#pragma once

#define NR_CPUS             128     /* physical processors */
#define MAX_VCPUS           128     /* of one domain */
#define MAX_DOMID           0x7fef

#define HYP_VIRT_START      0xffff800000000000
#define HYP_VIRT_END        0xffff880000000000
#define L4_HYP_FIRST        256
#define L4_HYP_LAST         271

#define M2P_RO_BASE         0xffff800000000000
#define PERDOMAIN_BASE      0xffff820000000000
#define FRAME_TABLE_BASE    0xffff828000000000
#define M2P_RW_BASE         0xffff82a000000000
#define VMAP_BASE           0xffff82c000000000
#define VMAP_END            0xffff82d000000000
#define IMAGE_VIRT          0xffff82d080000000
#define IMAGE_PHYS          0x200000
#define PCPU_BASE           0xffff82d0a0000000
#define DIRECTMAP_BASE      0xffff830000000000
#define DIRECTMAP_END       0xffff880000000000

#define PCPU_STRIDE         0x10000
#define PCPU_STACK_PAGES    4

/* Each vCPU has 32 pages in its domain's slot: 16 for the GDT, 16 for the LDT. */
#define PERDOMAIN_VCPU_PAGES 32
