/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * update_va_mapping: one L1 entry by virtual address, with its flushes.
 * The real Xen answers -EINVAL where no L1 is, and for bad flags -ENOSYS.
 */
#include "test.h"

void test_main(void)
{
    char *a = mem_alloc_page(), *b = mem_alloc_page();
    const uint64_t va = (uint64_t)a, ma = mem_va_to_mfn(a), mb = mem_va_to_mfn(b);
    uint64_t vcpus = 1, v;

    b[0] = 'b';
    a[0] = 'a';
    static const uint64_t flags[] = {
        UVMF_NONE, UVMF_INVLPG, UVMF_TLB_FLUSH, UVMF_INVLPG | UVMF_ALL, UVMF_TLB_FLUSH | UVMF_ALL,
    };

    for ( unsigned int i = 0; i < ARRAY_SIZE(flags); i++ ) {
        EQ(hc_update_va_mapping(va, mem_make_pte(mb, PTE_RW_PAGE), flags[i]), 0);
        if ( flags[i] == UVMF_NONE )
            mem_flush();
        EQ(*(volatile char *)a, 'b');
        EQ(hc_update_va_mapping(va, mem_make_pte(ma, PTE_RW_PAGE), flags[i]), 0);
        if ( flags[i] == UVMF_NONE )
            mem_flush();
        EQ(*(volatile char *)a, 'a');
    }
    EQ(hc_update_va_mapping(va, mem_make_pte(mb, PTE_RW_PAGE), UVMF_INVLPG | HC_PTR(&vcpus)), 0);
    EQ(*(volatile char *)a, 'b');
    EQ(hc_update_va_mapping(va, mem_make_pte(ma, PTE_RW_PAGE), UVMF_TLB_FLUSH | HC_PTR(&vcpus)), 0);
    EQ(*(volatile char *)a, 'a');

    EQ(hc_update_va_mapping(va, 0, UVMF_INVLPG), 0);
    EQ(try_read(a, &v), TRAP_SEEN(TRAP_PF, 0));
    EQ(hc_update_va_mapping(va, mem_make_pte(ma, PTE_RW_PAGE), UVMF_INVLPG), 0);

    EQ_ROW("no tables there", hc_update_va_mapping(0x123456789000ul, mem_make_pte(ma, PTE_RW_PAGE),
                                                   UVMF_INVLPG) < 0, 1);
    EQ_ROW("hypervisor's address", hc_update_va_mapping(0xffff82d040000000ul, 0, UVMF_INVLPG) < 0,
           1);
    EQ_ROW("M2P address", hc_update_va_mapping(M2P_BASE, 0, UVMF_INVLPG) < 0, 1);
    EQ_ROW("non-canonical", hc_update_va_mapping(0x8000000000000000ul, 0, UVMF_INVLPG) < 0, 1);
    EQ_ROW("page table, writable", mem_make_writable(mem_root()) < 0, 1);
    EQ_ROW("bitmap that is not there", hc_update_va_mapping(va, mem_make_pte(ma, PTE_RW_PAGE),
                                                            UVMF_INVLPG | BAD_PTR) <= 0, 1);
    EQ(*(volatile char *)a, 'a');
}
