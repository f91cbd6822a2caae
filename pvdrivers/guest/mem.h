/* SPDX-License-Identifier: MIT */
/*
 * Memory of a 64-bit guest.
 *
 * A PV guest's builder maps the image and what follows it at GUEST_BASE, page frame 0
 * first, up to a 4 MiB border.  The allocator hands out what is left of that,
 * and maps further frames behind it when that is used up (as far as 1 GiB);
 * mem_alloc_pfn gives frames that are not mapped anywhere.
 * Page tables are read-only to us: every change is a hypercall.
 * A hardware guest maps its first GiB itself, and its "mfn" is its own frame number.
 */
#ifndef GUEST_MEM_H
#define GUEST_MEM_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_BASE  0xffffffff80000000ul
#define M2P_BASE    0xffff800000000000ul  /* machine to pseudo-physical table, read-only */
#define PT_LEVELS   4

#define PTE_P       0x001ul
#define PTE_RW      0x002ul
#define PTE_US      0x004ul
#define PTE_PWT     0x008ul
#define PTE_PCD     0x010ul
#define PTE_A       0x020ul
#define PTE_D       0x040ul
#define PTE_PSE     0x080ul
#define PTE_G       0x100ul
#define PTE_NX      (1ul << 63)
#define PTE_FRAME   0x000ffffffffff000ul
#define PTE_RO_PAGE (PTE_P | PTE_US | PTE_A | PTE_D)
#define PTE_RW_PAGE (PTE_RO_PAGE | PTE_RW)
#define PTE_TABLE   PTE_RW_PAGE

void mem_init(void);

static inline uint64_t mem_va_to_pfn(const void *va) { return ((uint64_t)va - GUEST_BASE) >> 12; }
static inline void *mem_pfn_to_va(uint64_t pfn) { return (void *)(GUEST_BASE + (pfn << 12)); }
uint64_t mem_pfn_to_mfn(uint64_t pfn);
uint64_t mem_mfn_to_pfn(uint64_t mfn);      /* ~0 if the table says nothing useful */
uint64_t mem_va_to_mfn(const void *va);     /* for addresses of the initial mapping */
static inline uint64_t mem_make_pte(uint64_t mfn, uint64_t flags) { return (mfn << 12) | flags; }

void *mem_alloc_page(void);                 /* zeroed, mapped read-write; NULL when all are used */
void mem_free_page(void *va);
void *mem_alloc_pages(unsigned int nr);     /* the same, several next to each other */
void mem_free_pages(void *va, unsigned int nr);
uint64_t mem_alloc_pfn(void);               /* a populated frame without mapping; 0 when none */

/* The entry that maps @va at @level (1..4) in the address space with root @l4; NULL if absent. */
uint64_t *mem_entry(const void *l4, uint64_t va, unsigned int level);
void *mem_root(void);                       /* the kernel's L4, as mapped */

/* Machine address of a page-table entry, as mmu_update wants it. */
uint64_t mem_entry_maddr(const uint64_t *entry);

/* One entry by mmu_update (MMU_NORMAL_PT_UPDATE).  0 or -XEN_E*. */
long mem_set_entry(const uint64_t *entry, uint64_t value);
/* PV: change the mapping of an initial-region page with update_va_mapping.  0 or -XEN_E*. */
long mem_set_va(const void *va, uint64_t pte);
long mem_make_readonly(const void *va);
long mem_make_writable(const void *va);

/* Map one frame at any lower-half or unused address, making tables as needed.  0 or -XEN_E*. */
long mem_map(uint64_t va, uint64_t mfn, uint64_t flags);
long mem_map_in(void *l4, uint64_t va, uint64_t mfn, uint64_t flags);
/* PV: map @nr frames of another domain at @va.  Stops at the first error. */
long mem_map_foreign(uint64_t va, const uint64_t *mfns, unsigned int nr, uint16_t domid);

/* PV: */
long mem_pin(unsigned int level, uint64_t mfn);     /* MMUEXT_PIN_Lx_TABLE */
long mem_unpin(uint64_t mfn);
long mem_mmuext(uint32_t cmd, uint64_t arg1, uint64_t arg2);   /* one operation */
void mem_flush(void);                               /* this vCPU's TLB */

#endif
