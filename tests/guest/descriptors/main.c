/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptor tables: set_gdt, update_descriptor, SET_LDT.  On the real Xen
 * a frame used as a table loses its writable mappings; descriptors of system
 * kind, gates included, and code or data of DPL below 3 are refused or made
 * harmless, and the last two of the 16 GDT pages stay the hypervisor's.
 */
#include "test.h"

#define DATA3   0x00cff3000000ffffull       /* flat data, DPL 3 */
#define DATA0   0x00cf93000000ffffull       /* flat data, DPL 0 */
#define CODE0   0x00af9b000000ffffull       /* 64-bit code, DPL 0 */
#define TSS     0x0000890000000067ull
#define LDT     0x0000820000000067ull
#define CALLG   0x0000ec0000000000ull       /* call gate, DPL 3 */

static uint64_t gdt_frame;
static uint64_t *gdt;

static long update(unsigned int i, uint64_t desc)
{
    return hc_update_descriptor((gdt_frame << 12) + i * 8, desc);
}

static uint64_t load_fs(unsigned int sel)
{
    uint64_t ex;

    TRY(ex, "mov %%ecx, %%fs", "c" (sel));
    return ex;
}

/* Refused, or taken with DPL 3 (gates: not present, or to the kernel's flat code only). */
static void privileged(const char *name, uint64_t desc)
{
    const long rc = update(3, desc);

    console_printf("%s: rc %ld, now %#lx\n", name, rc, gdt[3]);
    if ( rc == 0 )
        EQ_ROW(name, !(gdt[3] & (1ul << 47)) || !(gdt[3] & (1ul << 44)) ||
                     ((gdt[3] >> 45) & 3) == 3, 1);
    EQ(update(3, 0), 0);
}

static void gdt_tests(void)
{
    uint64_t f[16] = { gdt_frame };
    uint64_t ex;

    gdt[1] = DATA3;
    EQ_ROW("writable frame", hc_set_gdt(HC_PTR(f), 512), -XEN_EINVAL);
    EQ(mem_make_readonly(gdt), 0);
    EQ(hc_set_gdt(HC_PTR(f), 512), 0);
    EQ(load_fs(0x0b), 0);
    EQ_ROW("writable mapping of a GDT page", mem_make_writable(gdt) < 0, 1);
    EQ_ROW("write through the read-only mapping", try_write(&gdt[2], DATA3),
           TRAP_SEEN(TRAP_PF, 3));

    EQ(update(2, DATA3), 0);
    EQ(gdt[2], DATA3);
    EQ(load_fs(0x13), 0);
    EQ(update(3, 0), 0);
    EQ_ROW("TSS", update(3, TSS), -XEN_EINVAL);
    EQ_ROW("LDT descriptor", update(3, LDT), -XEN_EINVAL);
    privileged("call gate to nowhere", CALLG);
    privileged("DPL 0 data", DATA0);
    privileged("DPL 0 code", CODE0);
    EQ_ROW("not 8-byte aligned", hc_update_descriptor((gdt_frame << 12) + 12, DATA3), -XEN_EINVAL);
    EQ_ROW("a frame of nobody", hc_update_descriptor(0xffffffffful << 12, DATA3), -XEN_EINVAL);
    EQ_ROW("a page table", hc_update_descriptor(mem_va_to_mfn(mem_root()) << 12, 0), -XEN_EINVAL);
    EQ(update(2, 0), 0);
    ex = load_fs(0x13);
    EQ_ROW("removed descriptor", ex, TRAP_SEEN(TRAP_GP, 0x10));
    load_fs(0);

    EQ_ROW("too many entries", hc_set_gdt(HC_PTR(f), 14 * 512 + 1), -XEN_EINVAL);
    EQ(hc_set_gdt(BAD_PTR, 1), -XEN_EFAULT);
    f[0] = mem_va_to_mfn(mem_root());
    EQ_ROW("a page table as GDT", hc_set_gdt(HC_PTR(f), 512), -XEN_EINVAL);
    f[0] = 0xffffffffful;
    EQ_ROW("a frame of nobody as GDT", hc_set_gdt(HC_PTR(f), 512), -XEN_EINVAL);
    EQ_ROW("the old GDT still stands", load_fs(0x0b), 0);
    load_fs(0);
    EQ(hc_set_gdt(0, 0), 0);
    EQ(load_fs(0x0b), TRAP_SEEN(TRAP_GP, 0x08));
    EQ(mem_make_writable(gdt), 0);
    EQ_ROW("writable again", try_write(&gdt[2], 0), 0);
}

static void ldt_tests(void)
{
    uint64_t *ldt = mem_alloc_page();

    ldt[0] = DATA3;
    ldt[1] = CALLG;
    EQ(mem_make_readonly(ldt), 0);
    EQ(mem_mmuext(MMUEXT_SET_LDT, (uint64_t)ldt, 512), 0);
    EQ_ROW("LDT selector", load_fs(0x07), 0);
    load_fs(0);
    EQ_ROW("beyond the limit", load_fs(512 * 8 + 7), TRAP_SEEN(TRAP_GP, 512 * 8 + 4));
    EQ_ROW("not aligned", mem_mmuext(MMUEXT_SET_LDT, (uint64_t)ldt + 8, 5), -XEN_EINVAL);
    EQ_ROW("too long", mem_mmuext(MMUEXT_SET_LDT, (uint64_t)ldt, 8193), -XEN_EINVAL);
    /* The hypervisor's own memory: refused now, or no use later. */
    const long rc = mem_mmuext(MMUEXT_SET_LDT, 0xffff82d040000000ul, 512);
    const uint64_t ex = load_fs(0x07);

    console_printf("hypervisor's memory as LDT: rc %ld, then %#lx\n", rc, ex);
    EQ_ROW("hypervisor's memory as LDT", rc < 0 || ex, 1);
    EQ(mem_mmuext(MMUEXT_SET_LDT, 0, 0), 0);
    EQ(load_fs(0x07), TRAP_SEEN(TRAP_GP, 0x04));

    /* An LDT where nothing is mapped: the fault is the guest's, with the LDT bit in the code. */
    EQ(mem_mmuext(MMUEXT_SET_LDT, HOLE_PTR, 512), 0);
    CHECK(load_fs(0x07) != 0);
    EQ(mem_mmuext(MMUEXT_SET_LDT, 0, 0), 0);
}

void test_main(void)
{
    gdt = mem_alloc_page();
    gdt_frame = mem_va_to_mfn(gdt);
    gdt_tests();
    ldt_tests();
}
