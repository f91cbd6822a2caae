/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * User mode: its own page tables, entry by iret, and the ways back: SYSCALL
 * callback, INT 0x80, exceptions, each on the stack of stack_switch.  On the
 * real Xen a SYSCALL's frame has RIP after it, RCX and R11 as the user had
 * them lost, and CS with RPL 3; user code cannot call the hypervisor.
 */
#include <xenabi/physdev.h>

#include "test.h"
#include "user.h"

USER_CODE_BLOB(u_syscall, "mov $0x1234, %eax; mov $0x77, %r10d; syscall; ud2");
USER_CODE_BLOB(u_int80, "mov $0x4321, %eax; int $0x80; ud2");
USER_CODE_BLOB(u_write, "movq $55, (%rdi); ud2");
USER_CODE_BLOB(u_touch, "mov (%rdi), %rax; ud2");
USER_CODE_BLOB(u_hlt, "hlt");
USER_CODE_BLOB(u_cli, "cli; ud2");
USER_CODE_BLOB(u_bp, "int3; ud2");
USER_CODE_BLOB(u_port, "mov $0x80, %edx; in %dx, %al; ud2");
USER_CODE_BLOB(u_iret, "mov $23, %eax; xor %edi, %edi; syscall; ud2");
USER_CODE_BLOB(u_flags, "pushf; pop %rax; ud2");
USER_CODE_BLOB(u_mov_cr, "mov %cr3, %rax; ud2");

#define RUN(blob, arg) user_run(blob, blob##_end - blob, arg)

static void expect_trap(const char *name, const struct trap_frame *f, unsigned int vector,
                        uint64_t error)
{
    EQ_ROW(name, TRAP_SEEN(f->vector, f->error), TRAP_SEEN(vector, error));
    EQ_ROW("user mode shown as RPL 3", f->cs & 0xffff, USER_CS);
    EQ_ROW("SS", f->ss & 0xffff, USER_SS);
}

/* The control domain's kernel may let its user mode at single ports. */
static void io_bitmap(void)
{
    uint8_t *map = mem_alloc_page();
    struct physdev_set_iobitmap set = { .bitmap = (uint64_t)map, .nr_ports = 0x100 };

    if ( !(start_info->flags & SIF_PRIVILEGED) )
        return;
    memset(map, 0xff, 0x20);
    map[0x80 / 8] &= ~1;
    EQ(hc_physdev_op(PHYSDEVOP_set_iobitmap, HC_PTR(&set)), 0);
    expect_trap("in, by the bitmap, then #UD", RUN(u_port, 0), TRAP_UD, 0);
    map[0x80 / 8] |= 1;
    expect_trap("in, no longer", RUN(u_port, 0), TRAP_GP, 0);
}

void test_main(void)
{
    uint64_t *data = user_setup();
    struct trap_frame *f;

    f = RUN(u_syscall, 0);
    EQ(f->vector, TRAP_SYSCALL);
    EQ(f->rax, 0x1234);
    EQ(f->r10, 0x77);
    EQ(f->rip, USER_CODE + 13);
    EQ(f->rsp, USER_STACK);
    EQ(f->cs & 3, 3);
    EQ(f->rflags & 0x200, 0x200);

    f = RUN(u_int80, 0);
    EQ(f->vector, TRAP_INT80);
    EQ(f->rax, 0x4321);
    EQ(f->rip, USER_CODE + 7);
    EQ(f->cs & 0xffff, USER_CS);

    f = RUN(u_write, USER_DATA);
    expect_trap("write, then #UD", f, TRAP_UD, 0);
    EQ(data[0], 55);
    f = RUN(u_write, 0x700000);
    expect_trap("write to nothing", f, TRAP_PF, 6);
    EQ(trap_cr2(), 0x700000);
    f = RUN(u_touch, 0x700008);
    expect_trap("read of nothing", f, TRAP_PF, 4);
    EQ(trap_cr2(), 0x700008);
    f = RUN(u_touch, (uint64_t)start_info);
    expect_trap("kernel pages are not there", f, TRAP_PF, 4);
    f = RUN(u_touch, M2P_BASE);
    EQ_ROW("the M2P table is readable, or not there", f->vector == TRAP_UD || f->vector == TRAP_PF,
           1);
    f = RUN(u_touch, 0xffff82d040000000ul);
    EQ(f->vector, TRAP_PF);
    f = RUN(u_touch, 0x8000000000000000ul);
    expect_trap("non-canonical", f, TRAP_GP, 0);

    f = RUN(u_hlt, 0);
    expect_trap("hlt", f, TRAP_GP, 0);
    f = RUN(u_cli, 0);
    expect_trap("cli", f, TRAP_GP, 0);
    f = RUN(u_bp, 0);
    expect_trap("int3", f, TRAP_BP, 0);
    EQ(f->rip, USER_CODE + 1);
    f = RUN(u_port, 0);
    expect_trap("in", f, TRAP_GP, 0);
    io_bitmap();
    f = RUN(u_mov_cr, 0);
    expect_trap("mov from CR3", f, TRAP_GP, 0);
    f = RUN(u_iret, 0);
    EQ_ROW("hypercall numbers mean nothing in user mode", f->vector, TRAP_SYSCALL);
    EQ(f->rax, 23);
    f = RUN(u_flags, 0);
    EQ_ROW("flags of user mode: IF on, IOPL 0", f->rax & 0x3200, 0x200);
}
