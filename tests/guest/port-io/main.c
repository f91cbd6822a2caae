/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domU: no
 *
 * Port I/O of the control domain's kernel, and iopl.  On the real Xen IOPL
 * starts at 0, when even the kernel's port access faults; with IOPL 1 the
 * kernel may use the ports the domain owns, user mode only with IOPL 3; ports
 * that the hypervisor keeps for itself read as all ones.
 */
#include "test.h"
#include "user.h"
#include <xenabi/physdev.h>

USER_CODE_BLOB(u_in, "mov $0x71, %edx; in %dx, %al; ud2");

static uint64_t inb(uint16_t port, uint8_t *v)
{
    uint64_t bad;
    uint32_t got;

    asm volatile ( "1: inb %%dx, %%al\n mov %%eax, %%ebx\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (bad), "=b" (got) : "d" (port), "0" (0ul), "1" (0) : "memory" );
    *v = got;
    return bad;
}

static uint64_t outb(uint16_t port, uint8_t v)
{
    uint64_t bad;

    asm volatile ( "1: outb %%al, %%dx\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (bad) : "d" (port), "0" ((uint64_t)v) : "memory" );
    return bad;
}

static long set_iopl(uint32_t iopl)
{
    struct physdev_set_iopl op = { .iopl = iopl };

    return hc_physdev_op(PHYSDEVOP_set_iopl, HC_PTR(&op));
}

static void strings(void)
{
    char buf[4] = { 0x11, 0x22, 0x33, 0x44 };
    void *di = buf;
    uint64_t n = 4, bad;

    /* CMOS index port by OUTSB, then the data port by INSB. */
    asm volatile ( "1: rep insb\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (bad), "+D" (di), "+c" (n) : "d" (0x71), "0" (0ul) : "memory" );
    EQ(bad, 0);
    EQ(n, 0);
    EQ((uint64_t)di, (uint64_t)buf + 4);
    CHECK(buf[0] == buf[3]);
}

void test_main(void)
{
    uint8_t v;

    if ( !guest_is_dom0() )
        test_skip("an unprivileged domain owns no ports");
    user_setup();
    EQ(set_iopl(4), -XEN_EINVAL);
    EQ(set_iopl(0), 0);
    console_printf("IOPL 0: in gives %#lx\n", inb(0x71, &v));
    EQ(set_iopl(1), 0);
    EQ(outb(0x70, 0x0f), 0);
    EQ(inb(0x71, &v), 0);
    strings();
    EQ_ROW("PIC ports are kept", inb(0x20, &v), 0);
    EQ(v, 0xff);
    EQ_ROW("PIT ports", inb(0x40, &v), 0);
    EQ(user_run(u_in, u_in_end - u_in, 0)->vector, TRAP_GP);
    EQ(set_iopl(3), 0);
    EQ(user_run(u_in, u_in_end - u_in, 0)->vector, TRAP_UD);
    EQ(set_iopl(1), 0);

    struct physdev_set_iobitmap none = { .bitmap = 0, .nr_ports = 0 };

    EQ(hc_physdev_op(PHYSDEVOP_set_iobitmap, HC_PTR(&none)), 0);
    none.nr_ports = 65537;
    EQ(hc_physdev_op(PHYSDEVOP_set_iobitmap, HC_PTR(&none)), -XEN_EINVAL);
}
