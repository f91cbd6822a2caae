/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own page tables: L4 slots 256 to 271, shared by every address space. */
#pragma once

#include "mem/frame.h"
#include "cpu/regs.h"

/* Protections of hypervisor mappings: all global, never the guest's. */
#define MAP_RW      (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_G | PTE_NX)
#define MAP_RO      (PTE_P | PTE_A | PTE_G | PTE_NX)
#define MAP_RX      (PTE_P | PTE_A | PTE_G)
#define MAP_UC      (MAP_RW | PTE_PCD | PTE_PWT)

/*
 * Map @nr frames from @mfn at @va (4 KiB pages; 2 MiB ones where all is aligned and
 * @large).  0 or -XEN_ENOMEM (what was mapped stays).  Boot, or vmap's lock held.
 */
int must_check paging_map(uint64_t va, mfn_t mfn, uint64_t nr, uint64_t prot, bool large);
void paging_unmap(uint64_t va, uint64_t nr);    /* callers flush other CPUs */
/* The entry that maps @va in a 2 MiB page, or 0. */
uint64_t paging_large_entry(uint64_t va);

/* Map @size bytes of device memory at @pa, uncached; never undone.  NULL: no room. */
void *ioremap(paddr_t pa, size_t size);
/* Map @size bytes of anything at @pa, cached, read-only: for firmware tables during boot. */
const void *map_firmware(paddr_t pa, size_t size);

extern uint64_t hyp_l4[512];                    /* the idle address space */
extern mfn_t hyp_l4_mfn;

/* Fill slots 256..271 of a new L4 table @l4; @perdomain is the domain's own L3, or INVALID_MFN. */
void paging_init_l4(uint64_t *l4, mfn_t perdomain);
