/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptor tables.  The hypervisor's descriptors stand in one page per CPU, which is
 * page 14 of whatever GDT is loaded: behind a guest's own entries, or behind nothing.
 */
#include "cpu/desc.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "mem/slab.h"
#include "mem/heap.h"
#include "base/assert.h"

#define IST_NMI     1
#define IST_DF      2
#define IST_MC      3
#define IST_DB      4

struct idt_gate { uint64_t lo, hi; };

static struct idt_gate idt[256] aligned_to(4096) ro_after_init;
static uint64_t boot_gdt_page[512] aligned_to(4096);
static struct tss boot_tss;

extern const uint8_t trap_stubs[];

static void idt_set(unsigned int vec, unsigned int dpl, unsigned int ist)
{
    const uint64_t addr = (uintptr_t)trap_stubs + vec * 16;

    idt[vec].lo = (addr & 0xffff) | (uint64_t)HYP_CS << 16 | (uint64_t)ist << 32 |
                  (uint64_t)(0x8e | dpl << 5) << 40 | ((addr >> 16) & 0xffff) << 48;
    idt[vec].hi = addr >> 32;
}

static void idt_init(void)
{
    for ( unsigned int vec = 0; vec < 256; vec++ )
        idt_set(vec, 0, 0);
    idt_set(VEC_BP, 3, 0);
    idt_set(VEC_OF, 3, 0);
    idt_set(VEC_INT80, 3, 0);               /* Linux's old system call: no detour by #GP */
    idt_set(VEC_NMI, 0, IST_NMI);
    idt_set(VEC_DF, 0, IST_DF);
    idt_set(VEC_MC, 0, IST_MC);
    idt_set(VEC_DB, 0, IST_DB);
}

/* Entries by selector, relative to the reserved page (selector 0xe000). */
static void gdt_fill(uint64_t *g, const struct tss *tss)
{
    const uint64_t base = (uintptr_t)tss;

    g[(HYP_CS - 0xe000) / 8] = 0x00af9b000000ffff;
    g[(HYP_DS - 0xe000) / 8] = 0x00cf93000000ffff;
    g[(GUEST_CS32 - 0xe000) / 8] = 0x00cffb000000ffff;
    g[(GUEST_DS - 0xe000) / 8] = 0x00cff3000000ffff;
    g[(GUEST_CS64 - 0xe000) / 8] = 0x00affb000000ffff;
    g[(TSS_SELECTOR - 0xe000) / 8] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
                                     0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    g[(TSS_SELECTOR - 0xe000) / 8 + 1] = base >> 32;
}

void desc_load_gdt(uint64_t base)
{
    struct pcpu *p = this_pcpu();
    const struct desc_ptr ptr = { GDT_RESERVED_BYTE + PAGE_SIZE - 1, base };

    if ( p->gdt_base == base )
        return;
    p->gdt_base = base;
    lgdt(&ptr);
}

void desc_load_gdt_idle(void) { desc_load_gdt((uintptr_t)this_pcpu()->gdt_page - GDT_RESERVED_BYTE); }

void desc_load_ldt(uint64_t base, uint32_t entries)
{
    struct pcpu *p = this_pcpu();
    uint64_t *g = (uint64_t *)p->gdt_page + (LDT_SELECTOR - 0xe000) / 8;

    if ( !entries ) {
        if ( p->ldt_entries )
            lldt(0);
        p->ldt_entries = 0;
        return;
    }
    g[0] = (entries * 8 - 1) | (base & 0xffffff) << 16 | 0x82ULL << 40 | (base >> 24 & 0xff) << 56;
    g[1] = base >> 32;
    lldt(LDT_SELECTOR);
    p->ldt_entries = entries;
}

/* CPU 0 comes before the heap: its tables are in the image. */
static void tables_choose(struct pcpu *p)
{
    if ( p->id == 0 ) {
        idt_init();
        p->gdt_page = boot_gdt_page;
        p->tss = &boot_tss;
        p->gdt_mfn = MFN(((uintptr_t)boot_gdt_page - IMAGE_VIRT + IMAGE_PHYS) >> PAGE_SHIFT);
        return;
    }
    p->gdt_page = heap_alloc_page();
    p->tss = slab_new(struct tss);
    if ( !p->gdt_page || !p->tss )
        panic("CPU %u: no memory for descriptor tables\n", p->id);
    p->gdt_mfn = virt_to_mfn(p->gdt_page);
}

void desc_init_cpu(void)
{
    struct pcpu *p = this_pcpu();
    const uint64_t block = PCPU_BASE + (uint64_t)p->id * PCPU_STRIDE;
    const struct desc_ptr idt_ptr = { sizeof(idt) - 1, (uintptr_t)idt };

    tables_choose(p);
    p->tss->ist[IST_NMI - 1] = block + 0x2000;
    p->tss->ist[IST_DF - 1] = block + 0x4000;
    p->tss->ist[IST_MC - 1] = block + 0x6000;
    p->tss->ist[IST_DB - 1] = block + 0x8000;
    p->tss->iomap_base = sizeof(struct tss);        /* no bitmap: every port traps */
    gdt_fill(p->gdt_page, p->tss);
    p->gdt_base = 0;
    desc_load_gdt_idle();
    load_segments();
    ltr(TSS_SELECTOR);
    lldt(0);
    lidt(&idt_ptr);
}
