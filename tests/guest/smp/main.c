/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpus: 2
 *
 * A second vCPU: bring-up from a context, IPIs both ways, page-table flushes
 * that reach it, its clock, down and up again.  Hostile contexts are refused
 * with -EINVAL by the real Xen, and the vCPU can still be set up rightly.
 * In a hardware guest by INIT and start-up IPIs, with page tables that are its own business.
 * pvh: yes
 * timing: 1
 */
#include "test.h"
#include <xenabi/arch-x86.h>
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>

static char stack[SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));
static volatile unsigned int stage, got_ipi[2];
static volatile uint64_t other_time, other_value, other_trap;
static volatile char *shared_page;
static uint32_t to_0, to_1;

static void on_ipi(uint32_t port)
{
    (void)port;
    got_ipi[smp_id()]++;
}

static void wait_stage(unsigned int s)
{
    const uint64_t limit = clock_now() + 5000000000ul;

    while ( stage != s && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ_ROW("stage", stage, s);
}

static void second(void *arg)
{
    TRY(other_trap, "ud2");
    other_value = (uint64_t)arg + smp_id();
    other_time = clock_now();
    stage = 1;
    events_on();
    while ( stage == 1 )
        asm volatile ( "pause" );
    other_value = shared_page[0];
    stage = 3;
    while ( stage == 3 )
        asm volatile ( "pause" );
    other_value = shared_page[0];
    stage = 5;
    event_send(to_0);
    smp_stop();
}

static void hostile(void)
{
    static struct vcpu_guest_context c;

    c.flags = VGCF_in_kernel;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = FLAT_KERNEL_SS;
    c.kernel_ss = FLAT_KERNEL_SS;
    EQ_ROW("no page table", hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_EINVAL);
    c.ctrlreg[3] = mem_va_to_mfn(stack) << 12;
    EQ_ROW("data as page table", hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_EINVAL);
    c.ctrlreg[3] = mem_va_to_mfn(mem_root()) << 12;
    c.user_regs.rip = 0x8000000000000000ul;
    EQ_ROW("bad RIP", hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_EINVAL);
    c.user_regs.rip = 0;
    c.gdt_ents = 9000;
    EQ_ROW("bad GDT", hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_EINVAL);
    c.gdt_ents = 0;
    c.ldt_ents = 9000;
    EQ_ROW("bad LDT", hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_EINVAL);
    c.ldt_ents = 0;
    c.event_callback_eip = 0x8000000000000000ul;
    EQ_ROW("bad callback", hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_EINVAL);
    EQ_ROW("up without a context", hc_vcpu_op(VCPUOP_up, 1, 0) < 0, 1);
}

void test_main(void)
{
    char *a = mem_alloc_page(), *b = mem_alloc_page();
    const uint64_t ma = mem_va_to_mfn(a);

    if ( smp_count() < 2 )
        test_error("needs two vCPUs");
    EQ(hc_vcpu_op(VCPUOP_is_up, 1, 0), 0);
    if ( guest_is_pv() )
        hostile();

    to_0 = event_bind_ipi(0);
    to_1 = event_bind_ipi(1);
    event_set_handler(to_0, on_ipi);
    event_set_handler(to_1, on_ipi);
    event_unmask(to_0);
    event_unmask(to_1);
    a[0] = 'a';
    b[0] = 'b';
    shared_page = a;

    const uint64_t before = clock_now();

    EQ(smp_start(1, second, (void *)41, stack), 0);
    wait_stage(1);
    EQ(other_value, 42);
    EQ_ROW("its trap table", other_trap, TRAP_SEEN(TRAP_UD, 0));
    EQ_ROW("one clock", other_time >= before && other_time <= clock_now(), 1);
    EQ(hc_vcpu_op(VCPUOP_is_up, 1, 0), 1);
    EQ_ROW("initialised twice", hc_vcpu_op(VCPUOP_initialise, 1, BAD_PTR) < 0, 1);

    EQ(event_send(to_1), 0);
    const uint64_t limit = clock_now() + 2000000000ul;

    while ( !got_ipi[1] && clock_now() < limit )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ_ROW("IPI to a running vCPU", got_ipi[1], 1);

    stage = 2;
    wait_stage(3);
    EQ(other_value, 'a');
    /* The other vCPU has this page in its TLB by now: the flush must reach it. */
    if ( guest_is_pv() )
        EQ(hc_update_va_mapping((uint64_t)a, mem_make_pte(mem_va_to_mfn(b), PTE_RW_PAGE),
                                UVMF_INVLPG | UVMF_ALL), 0);
    else
        a[0] = 'b';
    stage = 4;
    events_on();
    wait_stage(5);
    EQ_ROW("sees the new page", other_value, 'b');
    const uint64_t end = clock_now() + 2000000000ul;

    while ( (!got_ipi[0] || hc_vcpu_op(VCPUOP_is_up, 1, 0) != 0) && clock_now() < end )
        hc_sched_op(SCHEDOP_yield, 0);
    EQ(got_ipi[0], 1);
    EQ_ROW("down", hc_vcpu_op(VCPUOP_is_up, 1, 0), 0);
    events_off();
    if ( guest_is_pv() )
        EQ(mem_set_va(a, mem_make_pte(ma, PTE_RW_PAGE)), 0);
    EQ_ROW("up again, where it went down", hc_vcpu_op(VCPUOP_up, 1, 0), 0);
}
