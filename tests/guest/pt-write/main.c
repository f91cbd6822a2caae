/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain writes to a read-only L1 table are emulated once the guest has turned
 * "writable_pagetables" on: checked as mmu_update would.  A write the real
 * Xen does not like, or to an upper table, stays a page fault.
 */
#include "test.h"

#define TEST_VA 0x10000000000ul

void test_main(void)
{
    char *data = mem_alloc_page();
    const uint64_t mfn = mem_va_to_mfn(data);
    uint64_t *l1, v, ex, old;

    EQ(mem_map(TEST_VA, mfn, PTE_RW_PAGE), 0);
    l1 = mem_entry(mem_root(), TEST_VA, 1);
    EQ(hc_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables), 0);
    /* With the assist off the real Xen emulates all the same. */
    ex = try_write(&l1[1], mem_make_pte(mfn, PTE_RO_PAGE));
    EQ_ROW("off", ex == 0 || ex == TRAP_SEEN(TRAP_PF, 3), 1);
    EQ(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);

    EQ_ROW("mov of 8 bytes", try_write(&l1[1], mem_make_pte(mfn, PTE_RO_PAGE)), 0);
    EQ((l1[1] & PTE_FRAME) >> 12, mfn);
    data[0] = 'x';
    EQ(*(volatile char *)(TEST_VA + 4096), 'x');
    EQ_ROW("clear", try_write(&l1[1], 0), 0);
    EQ(l1[1], 0);

    v = mem_make_pte(mfn, PTE_RW_PAGE);
    asm volatile ( "1: xchg %1, (%2)\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex), "+r" (v) : "r" (&l1[2]), "0" (0ul) : "memory" );
    EQ_ROW("xchg", ex == 0 || ex == TRAP_SEEN(TRAP_PF, 3), 1);

    old = read_once(l1[2]);
    asm volatile ( "lock cmpxchg %2, %1" : "+a" (old), "+m" (l1[2]) : "r" (0ul) : "memory", "cc" );
    EQ_ROW("lock cmpxchg", l1[2], 0);

    TRY(ex, "movl $0, (%%rcx)", "c" (&l1[3]));
    EQ_ROW("4 bytes of a clear entry", ex == 0 || ex == TRAP_SEEN(TRAP_PF, 3), 1);

    EQ_ROW("a page table, writable", try_write(&l1[1], mem_make_pte(mem_va_to_mfn(l1),
           PTE_RW_PAGE)), TRAP_SEEN(TRAP_PF, 3));
    EQ(l1[1], 0);
    EQ_ROW("nobody's frame", try_write(&l1[1], mem_make_pte(0xffffffffful, PTE_RW_PAGE)),
           TRAP_SEEN(TRAP_PF, 3));
    EQ(l1[1], 0);
    EQ_ROW("an L2 entry", try_write(mem_entry(mem_root(), TEST_VA, 2), 0), TRAP_SEEN(TRAP_PF, 3));
    EQ_ROW("an L4 entry", try_write(&((uint64_t *)mem_root())[300], 0), TRAP_SEEN(TRAP_PF, 3));
}
