/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every instruction by which stores to a read-only L1 table are emulated leaves
 * memory, registers and flags as the same instruction does on plain memory.  An instruction
 * that is not emulated is a page fault and changes nothing.  (The real Xen emulates all.)
 */
#include "test.h"

#define TEST_VA 0x10000000000ul
#define FLAGS   0x8d5ul             /* OF SF ZF AF PF CF */
#define AF      0x10ul

struct regs { uint64_t rax, rcx, rdx, rdi, flags, ex; };

/* All with the operand at (%rdi), the source in RDX or RCX, and RAX as accumulator. */
#define OP(name, insns)                                                             \
    static void op_##name(struct regs *r)                                           \
    {                                                                               \
        asm volatile ( "push %[fl]; popf\n"                                         \
                       "1: " insns "\n2: pushf; pop %[fl]; cld\n"                   \
                       ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"  \
                       : "+a" (r->rax), "+c" (r->rcx), "+d" (r->rdx), "+D" (r->rdi), \
                         [fl] "+r" (r->flags) :: "memory", "cc" );                  \
    }

OP(mov64, "mov %%rdx, (%%rdi)")
OP(mov32, "mov %%edx, (%%rdi)")
OP(mov16, "mov %%dx, (%%rdi)")
OP(mov8, "mov %%dl, (%%rdi)")
OP(mov8h, "mov %%dh, (%%rdi)")
OP(movnti64, "movnti %%rdx, (%%rdi)")
OP(movnti32, "movnti %%edx, (%%rdi)")
OP(movi64, "movq $0, (%%rdi)")
OP(movi32, "movl $0x12000, (%%rdi)")
OP(movi8, "movb $0, 7(%%rdi)")
OP(stosq, "stosq")
OP(stosl, "stosl")
OP(std_stosq, "std; stosq")
OP(rep_stosq, "rep stosq")
OP(xchg64, "xchg %%rdx, (%%rdi)")
OP(xchg32, "xchg %%edx, (%%rdi)")
OP(cmpxchg_hit, "lock cmpxchg %%rdx, (%%rdi)")
OP(cmpxchg_miss, "not %%rax; lock cmpxchg %%rdx, (%%rdi)")
OP(cmpxchg32, "lock cmpxchg %%edx, (%%rdi)")
OP(or64, "or %%rdx, (%%rdi)")
OP(and64, "and %%rdx, (%%rdi)")
OP(xor64, "xor %%rdx, (%%rdi)")
OP(or8, "or %%dl, (%%rdi)")
OP(ori64, "orq $0x20, (%%rdi)")
OP(andi64, "andq $-3, (%%rdi)")
OP(andi32, "andl $0xfffff000, (%%rdi)")
OP(xori8, "xorb $0x40, (%%rdi)")
OP(bts64, "lock btsq $5, (%%rdi)")
OP(btr64, "lock btrq $1, (%%rdi)")
OP(btc64, "lock btcq $6, (%%rdi)")
OP(btr_reg, "lock btr %%rcx, (%%rdi)")
OP(add64, "add %%rdx, (%%rdi)")
OP(xadd64, "lock xadd %%rdx, (%%rdi)")
OP(inc64, "incq (%%rdi)")
OP(not64, "notq (%%rdi)")

static const struct op {
    const char *name;
    void (*run)(struct regs *r);
    bool required;              /* Linux changes page tables with it */
    uint64_t undefined;         /* flags that the processor may leave anyhow */
} ops[] = {
#define ROW(name, required, undefined) { #name, op_##name, required, undefined }
    ROW(mov64, true, 0), ROW(mov32, true, 0), ROW(mov16, false, 0), ROW(mov8, true, 0),
    ROW(mov8h, false, 0), ROW(movnti64, false, 0), ROW(movnti32, false, 0), ROW(movi64, true, 0),
    ROW(movi32, true, 0), ROW(movi8, true, 0), ROW(stosq, true, 0), ROW(stosl, false, 0),
    ROW(std_stosq, false, 0), ROW(rep_stosq, true, 0), ROW(xchg64, true, 0), ROW(xchg32, false, 0),
    ROW(cmpxchg_hit, true, 0), ROW(cmpxchg_miss, true, 0), ROW(cmpxchg32, false, 0),
    ROW(or64, true, AF), ROW(and64, true, AF), ROW(xor64, true, AF), ROW(or8, true, AF),
    ROW(ori64, true, AF), ROW(andi64, true, AF), ROW(andi32, true, AF), ROW(xori8, true, AF),
    ROW(bts64, true, FLAGS & ~0x41ul), ROW(btr64, true, FLAGS & ~0x41ul),
    ROW(btc64, true, FLAGS & ~0x41ul), ROW(btr_reg, true, FLAGS & ~0x41ul), ROW(add64, false, 0),
    ROW(xadd64, false, 0), ROW(inc64, false, 0), ROW(not64, false, 0),
};

static uint64_t plain[512] __attribute__((aligned(4096)));
static uint64_t *l1, frame;

/* The whole table as a mapping of the same frame could have it: few bits differ. */
static void one(const struct op *op, uint64_t old, uint64_t src, uint64_t flags)
{
    const struct regs in = { .rax = old, .rcx = 1, .rdx = src, .flags = 0x202 | flags };
    struct regs a = in, b = in;

    for ( unsigned int i = 0; i < 8; i++ )
        plain[i] = 0;
    plain[3] = old;
    EQ(mem_set_entry(&l1[3], old), 0);
    a.rdi = HC_PTR(&plain[3]);
    b.rdi = HC_PTR(&l1[3]);
    op->run(&a);

    const unsigned int before = trap_count;

    op->run(&b);
    if ( trap_count != before ) {
        EQ_ROW(op->name, trap_last.vector, TRAP_PF);
        EQ_ROW(op->name, l1[3], old);
        if ( op->required )
            EQ_ROW(op->name, 0, 1);
        return;
    }
    for ( unsigned int i = 2; i < 5; i++ )
        EQ_ROW(op->name, l1[i], plain[i]);
    EQ_ROW(op->name, b.rax, a.rax);
    EQ_ROW(op->name, b.rcx, a.rcx);
    EQ_ROW(op->name, b.rdx, a.rdx);
    EQ_ROW(op->name, b.rdi - HC_PTR(l1), a.rdi - HC_PTR(plain));
    EQ_ROW(op->name, b.flags & FLAGS & ~op->undefined, a.flags & FLAGS & ~op->undefined);
}

void test_main(void)
{
    void *data = mem_alloc_page();
    uint64_t values[4];

    frame = mem_va_to_mfn(data);
    /* Entries that stay valid under each of the operations: not present, or the same frame. */
    values[0] = 0;
    values[1] = 0x7000000000000ul;
    values[2] = mem_make_pte(frame, PTE_RO_PAGE) & ~PTE_P;
    values[3] = 0x40;
    EQ(mem_map(TEST_VA, frame, PTE_RO_PAGE), 0);
    l1 = mem_entry(mem_root(), TEST_VA, 1);
    EQ(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
    for ( unsigned int o = 0; o < ARRAY_SIZE(ops); o++ )
        for ( unsigned int i = 0; i < 4; i++ )
            for ( unsigned int j = 0; j < 4; j++ )
                for ( unsigned int k = 0; k < 2; k++ )
                    one(&ops[o], values[i], values[j], k ? FLAGS : 0);
    EQ(mem_set_entry(&l1[3], 0), 0);

    /* And with entries that map something: references follow. */
    EQ(mem_set_entry(&l1[4], mem_make_pte(frame, PTE_RW_PAGE)), 0);
    struct regs r = { .rdi = HC_PTR(&l1[4]), .flags = 0x202 };

    op_btr64(&r);
    EQ_ROW("read-only by btr", l1[4] & PTE_RW, 0);
    r.rdx = 0;
    op_xchg64(&r);
    EQ_ROW("unmapped by xchg", l1[4], 0);
    EQ_ROW("what was there", (r.rdx & PTE_FRAME) >> 12, frame);
    EQ(mem_make_readonly(data), 0);
    EQ_ROW("no writable reference is left", mem_pin(1, frame), 0);
    EQ(mem_unpin(frame), 0);
}
