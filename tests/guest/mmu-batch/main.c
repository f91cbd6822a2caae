/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmu_update in batches: how many were done, where it stops, and the kinds
 * of update.  On the real Xen "done" counts the requests before the bad one,
 * and is written also when the call fails.
 */
#include "test.h"

#define TEST_VA 0x10000000000ul
#define NR      600

static struct mmu_update u[NR];
static uint64_t *l1;
static uint32_t done;

static void batches(void)
{
    const uint64_t base = mem_va_to_mfn(l1) << 12, mfn = mem_va_to_mfn(mem_alloc_page());

    for ( unsigned int i = 0; i < 512; i++ )
        u[i] = (struct mmu_update){ base + i * 8, mem_make_pte(mfn, PTE_RO_PAGE) };
    EQ(hc_mmu_update(HC_PTR(u), 512, HC_PTR(&done), DOMID_SELF), 0);
    EQ(done, 512);
    for ( unsigned int i = 0; i < 512; i++ ) {
        if ( (l1[i] & PTE_FRAME) >> 12 != mfn )
            EQ_ROW("entry", i, ~0u);
        u[i].val = 0;
    }
    u[100].val = mem_make_pte(0xffffffffful, PTE_RO_PAGE);
    done = 7;
    EQ(hc_mmu_update(HC_PTR(u), 512, HC_PTR(&done), DOMID_SELF) < 0, 1);
    EQ_ROW("those before the bad one", done, 100);
    EQ(l1[99], 0);
    CHECK(l1[101] != 0);
    EQ_ROW("without a counter", hc_mmu_update(HC_PTR(u), 100, 0, DOMID_SELF), 0);
    u[100].val = 0;
    EQ(hc_mmu_update(HC_PTR(u), 512, HC_PTR(&done), DOMID_SELF), 0);
    EQ_ROW("none", hc_mmu_update(HC_PTR(u), 0, HC_PTR(&done), DOMID_SELF), 0);
    EQ(done, 0);
    EQ(hc_mmu_update(BAD_PTR, 1, HC_PTR(&done), DOMID_SELF), -XEN_EFAULT);
    EQ(hc_mmu_update(HOLE_PTR, 1, HC_PTR(&done), DOMID_SELF), -XEN_EFAULT);
    EQ(done, 0);
    EQ(hc_mmu_update(HC_PTR(u), 1, HC_PTR(&done), 0x7ff4) < 0, 1);
    EQ(hc_mmu_update(HC_PTR(u), 1, HC_PTR(&done), 77), -XEN_ESRCH);
    /* 2^31 marks a continuation of the hypervisor's own. */
    EQ(hc_mmu_update(HC_PTR(u), 0x80000000u, HC_PTR(&done), DOMID_SELF) <= 0, 1);
}

static void kinds(void)
{
    void *page = mem_alloc_page();
    const uint64_t mfn = mem_va_to_mfn(page), pfn = mem_va_to_pfn(page);
    const uint64_t at = (mem_va_to_mfn(l1) << 12) | 8;

    u[0] = (struct mmu_update){ at, mem_make_pte(mfn, PTE_P | PTE_RW | PTE_US) };
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF), 0);
    EQ(try_write((void *)(TEST_VA + 4096), 5), 0);
    EQ_ROW("accessed and dirty", l1[1] & (PTE_A | PTE_D), PTE_A | PTE_D);
    u[0].ptr |= MMU_PT_UPDATE_PRESERVE_AD;
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF), 0);
    EQ_ROW("kept", l1[1] & (PTE_A | PTE_D), PTE_A | PTE_D);
    u[0].ptr &= ~3ul;
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF), 0);
    EQ_ROW("not kept", l1[1] & (PTE_A | PTE_D), 0);
    u[0].val = 0;
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF), 0);

    u[0] = (struct mmu_update){ (mfn << 12) | MMU_MACHPHYS_UPDATE, 0x4321 };
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF), 0);
    EQ(((const volatile uint64_t *)M2P_BASE)[mfn], 0x4321);
    u[0].val = pfn;
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF), 0);
    EQ(mem_mfn_to_pfn(mfn), pfn);
    u[0].ptr = (0xffffffffful << 12) | MMU_MACHPHYS_UPDATE;
    EQ(hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF) < 0, 1);
    u[0].ptr = (0x100ul << 12) | MMU_MACHPHYS_UPDATE;
    EQ_ROW("M2P of a frame not ours", hc_mmu_update(HC_PTR(u), 1, 0, DOMID_SELF) < 0, 1);
}

static void extended(void)
{
    struct mmuext_op ops[3] = {
        { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
        { .cmd = 99 },
        { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
    };
    uint8_t vcpus[8] = { 1 };

    done = 7;
    EQ(hc_mmuext_op(HC_PTR(ops), 3, HC_PTR(&done), DOMID_SELF), -XEN_ENOSYS);
    EQ(done, 1);
    EQ(hc_mmuext_op(HC_PTR(ops), 1, HC_PTR(&done), DOMID_SELF), 0);
    EQ(hc_mmuext_op(BAD_PTR, 1, HC_PTR(&done), DOMID_SELF), -XEN_EFAULT);
    EQ(mem_mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    EQ(mem_mmuext(MMUEXT_INVLPG_ALL, TEST_VA, 0), 0);
    EQ(mem_mmuext(MMUEXT_INVLPG_LOCAL, 0x8000000000000000ul, 0), 0);
    EQ(mem_mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, HC_PTR(vcpus)), 0);
    EQ(mem_mmuext(MMUEXT_INVLPG_MULTI, TEST_VA, HC_PTR(vcpus)), 0);
    EQ(mem_mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, BAD_PTR) < 0, 1);

    char *a = mem_alloc_page(), *b = mem_alloc_page();

    a[5] = 9;
    EQ(mem_mmuext(MMUEXT_COPY_PAGE, mem_va_to_mfn(b), mem_va_to_mfn(a)), 0);
    EQ(b[5], 9);
    EQ(mem_mmuext(MMUEXT_CLEAR_PAGE, mem_va_to_mfn(b), 0), 0);
    EQ(b[5], 0);
    EQ_ROW("clear a page table", mem_mmuext(MMUEXT_CLEAR_PAGE, mem_va_to_mfn(l1), 0) < 0, 1);
    EQ_ROW("copy over a page table",
           mem_mmuext(MMUEXT_COPY_PAGE, mem_va_to_mfn(l1), mem_va_to_mfn(a)) < 0, 1);
    EQ_ROW("copy from nobody", mem_mmuext(MMUEXT_COPY_PAGE, mem_va_to_mfn(b), 0xffffffffful) < 0,
           1);
}

void test_main(void)
{
    EQ(mem_map(TEST_VA, mem_va_to_mfn(mem_alloc_page()), PTE_RO_PAGE), 0);
    l1 = mem_entry(mem_root(), TEST_VA, 1);
    batches();
    kinds();
    extended();
}
