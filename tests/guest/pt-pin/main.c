/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pinning: a table is validated once and stays a table until it is unpinned.
 * The real Xen refuses to pin what is mapped writable, twice, or at a wrong
 * level, and to unpin what is not pinned.
 */
#include "test.h"

static uint64_t *page;
static uint64_t mfn;

static void hostile_contents(void)
{
    static const char *const names[] = { "", "L1", "L2", "L3", "L4" };

    for ( unsigned int level = 1; level <= 4; level++ ) {
        EQ(mem_make_writable(page), 0);
        memset(page, 0, PAGE_SIZE);
        page[7] = mem_make_pte(0xffffffffful, PTE_TABLE);
        EQ(mem_make_readonly(page), 0);
        EQ_ROW(names[level], mem_pin(level, mfn) < 0, 1);
        EQ_ROW("and can be written again", mem_make_writable(page), 0);

        memset(page, 0, PAGE_SIZE);
        page[511] = mem_make_pte(mem_va_to_mfn(mem_root()), PTE_TABLE);
        EQ(mem_make_readonly(page), 0);
        EQ_ROW(names[level], mem_pin(level, mfn) < 0, 1);
        EQ_ROW("and can be written again", mem_make_writable(page), 0);

        /* An entry that leads to the table itself. */
        memset(page, 0, PAGE_SIZE);
        page[3] = mem_make_pte(mfn, PTE_TABLE);
        EQ(mem_make_readonly(page), 0);
        EQ_ROW(names[level], mem_pin(level, mfn) < 0, 1);
        EQ_ROW("and can be written again", mem_make_writable(page), 0);
        memset(page, 0, PAGE_SIZE);
    }
}

static void levels(void)
{
    for ( unsigned int level = 1; level <= 4; level++ ) {
        EQ_ROW("writable mapping exists", mem_pin(level, mfn) < 0, 1);
        EQ(mem_make_readonly(page), 0);
        EQ(mem_pin(level, mfn), 0);
        EQ_ROW("twice", mem_pin(level, mfn), -XEN_EINVAL);
        EQ_ROW("as another level", mem_pin(level == 1 ? 2 : 1, mfn) < 0, 1);
        EQ_ROW("made writable while pinned", mem_make_writable(page) < 0, 1);
        /* Writes to an L1 may be emulated (pt-write); higher tables fault. */
        if ( level > 1 )
            EQ_ROW("write", try_write(page, 0), TRAP_SEEN(TRAP_PF, 3));
        EQ(mem_unpin(mfn), 0);
        EQ_ROW("unpinned twice", mem_unpin(mfn), -XEN_EINVAL);
        EQ(mem_make_writable(page), 0);
        EQ(try_write(page, 0), 0);
    }
}

static void hypervisor_slots(void)
{
    /* What the guest puts there before pinning does not count. */
    memset(page, 0, PAGE_SIZE);
    page[260] = mem_make_pte(mem_va_to_mfn(page), PTE_TABLE);
    EQ(mem_make_readonly(page), 0);

    const long rc = mem_pin(4, mfn);

    if ( rc == 0 ) {
        EQ_ROW("the hypervisor's value, not ours", (page[260] & PTE_FRAME) >> 12 != mfn, 1);
        EQ(mem_unpin(mfn), 0);
    }
    EQ(mem_make_writable(page), 0);
    memset(page, 0, PAGE_SIZE);
}

static void tree(void)
{
    uint64_t *l1 = mem_alloc_page(), *l2 = mem_alloc_page(), *l3 = mem_alloc_page();
    void *data = mem_alloc_page();

    l1[0] = mem_make_pte(mem_va_to_mfn(data), PTE_RW_PAGE);
    l1[1] = mem_make_pte(mem_va_to_mfn(l1), PTE_RO_PAGE);
    l2[0] = mem_make_pte(mem_va_to_mfn(l1), PTE_TABLE);
    l3[0] = mem_make_pte(mem_va_to_mfn(l2), PTE_TABLE);
    l3[5] = mem_make_pte(mem_va_to_mfn(l2), PTE_TABLE);
    EQ(mem_make_readonly(l1), 0);
    EQ(mem_make_readonly(l2), 0);
    EQ_ROW("an L3 that is still writable", mem_pin(3, mem_va_to_mfn(l3)) < 0, 1);
    EQ(mem_make_readonly(l3), 0);
    EQ_ROW("a tree with one L2 in two places", mem_pin(3, mem_va_to_mfn(l3)), 0);
    EQ_ROW("a table under it", mem_make_writable(l1) < 0, 1);
    EQ_ROW("its data page", mem_make_readonly(data), 0);
    EQ_ROW("the data page cannot be a table", mem_pin(1, mem_va_to_mfn(data)) < 0, 1);
    EQ(mem_unpin(mem_va_to_mfn(l3)), 0);
    EQ_ROW("all are free again", mem_make_writable(l1), 0);
    EQ(mem_make_writable(l2), 0);
    EQ(mem_make_writable(l3), 0);
    EQ_ROW("now it can be one", mem_pin(1, mem_va_to_mfn(data)), 0);
    EQ(mem_unpin(mem_va_to_mfn(data)), 0);
}

void test_main(void)
{
    page = mem_alloc_page();
    mfn = mem_va_to_mfn(page);
    levels();
    hostile_contents();
    hypervisor_slots();
    tree();
    EQ_ROW("no such frame", mem_pin(1, 0xffffffffful), -XEN_EINVAL);
    EQ_ROW("all ones", mem_pin(4, ~0ul), -XEN_EINVAL);
    EQ_ROW("somebody else's", mem_pin(1, 0x100) < 0, 1);
    EQ_ROW("unpin nobody's", mem_unpin(0xffffffffful), -XEN_EINVAL);
    EQ_ROW("unpin a data page", mem_unpin(mfn), -XEN_EINVAL);
    EQ_ROW("unknown operation", mem_mmuext(99, 0, 0), -XEN_ENOSYS);
    EQ_ROW("superpage marks", mem_mmuext(MMUEXT_MARK_SUPER, mfn, 0) < 0, 1);
}
