/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NEW_BASEPTR and NEW_USER_BASEPTR take L4 tables only.
 * The real Xen refuses the rest with -EINVAL and keeps the old tables.
 */
#include "test.h"

void test_main(void)
{
    uint64_t *old = mem_root(), *copy = mem_alloc_page();
    void *data = mem_alloc_page();
    const uint64_t data_mfn = mem_va_to_mfn(data), l1_mfn =
        mem_va_to_mfn(mem_entry(old, (uint64_t)data, 1));
    uint64_t cr3;

    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, data_mfn, 0) < 0, 1);
    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, l1_mfn, 0) < 0, 1);
    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, 0xffffffffful, 0), -XEN_EINVAL);
    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, ~0ul, 0), -XEN_EINVAL);
    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, 0x100, 0) < 0, 1);
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, data_mfn, 0) < 0, 1);
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, l1_mfn, 0) < 0, 1);
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, ~0ul, 0), -XEN_EINVAL);
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);

    for ( unsigned int i = 0; i < 512; i++ )
        copy[i] = i >= 256 && i < 272 ? 0 : old[i];
    EQ(mem_make_readonly(copy), 0);
    /* The tables below are now in two trees; our own page is read-only in both. */
    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, mem_va_to_mfn(copy), 0), 0);
    asm volatile ( "mov %%cr3, %0" : "=r" (cr3) );
    EQ(cr3 >> 12, mem_va_to_mfn(copy));
    CHECK(copy[256] & PTE_P);
    EQ_ROW("the same again", mem_mmuext(MMUEXT_NEW_BASEPTR, mem_va_to_mfn(copy), 0), 0);
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, mem_va_to_mfn(old), 0), 0);
    EQ(mem_mmuext(MMUEXT_NEW_BASEPTR, mem_va_to_mfn(old), 0), 0);
    EQ(mem_mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    EQ_ROW("the copy is free again", mem_make_writable(copy), 0);
    EQ_ROW("the first L4 stays pinned", mem_make_writable(old) < 0, 1);
}
