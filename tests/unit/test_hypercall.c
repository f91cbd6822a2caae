/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dispatcher: numbers, arguments, continuation, multicalls, and copying for op tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/bits.h"
#include "core/preempt.h"
#include "cpu/pcpu.h"
#include "hcall/hypercall.h"
#include "hvm/hvm.h"

/* Guest memory: one array; addresses start where no host pointer is taken for one. */
#define GUEST   0x10000UL
static uint8_t mem[4096];
static struct pcpu cpu;
static struct domain dom;
static struct vcpu vcpu = { .domain = &dom };

static uint64_t seen[4];
static unsigned int nr_calls_seen;
static long answer;
static int preempt_in;              /* calls of preempt_needed until it is true; -1: never */
static int restarts;                /* answers -XEN_ERESTART so often, with argument 0 + 1 */

struct pcpu *this_pcpu(void) { return &cpu; }
void preempt_reset(void) { }
bool preempt_needed(void) { return preempt_in >= 0 && preempt_in-- == 0; }
void cont_set_arg(struct vcpu *v, unsigned int i, uint64_t value)
{
    v->cont_args[i] = value;
    v->cont_args_set |= BIT(i);
}

bool guest_range_ok(guest_ptr_t va, uint64_t len) { return range_ok(va, len, 1UL << 47); }

/* The domain with the caller's own id, or domain 1, which only the control domain may act on. */
static struct domain other;
static int nr_puts;
int domain_get_remote(domid_t id, struct domain **d)
{
    *d = id == DOMID_SELF ? &dom : &other;
    return *d == &dom || dom.is_privileged ? 0 : -XEN_EPERM;
}
void domain_put(struct domain *d) { nr_puts++; }

static bool is_64bit = true;
bool hvm_is_64bit(struct vcpu *v) { return is_64bit; }
void hvm_hypercall_done(struct vcpu *v) { v->regs.rip += 3; }
static uint8_t *at(guest_ptr_t va, size_t len)
{
    return va >= GUEST && range_ok(va - GUEST, len, sizeof(mem)) ? mem + (va - GUEST) : NULL;
}
bool copy_from_guest(void *dst, guest_ptr_t src, size_t len)
{
    return at(src, len) && memcpy(dst, at(src, len), len);
}
bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len)
{
    return at(dst, len) && memcpy(at(dst, len), src, len);
}

static long record(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
    const uint64_t a[] = { a1, a2, a3, a4 };

    memcpy(seen, a, sizeof(seen));
    nr_calls_seen++;
    if ( restarts ) {
        restarts--;
        cont_set_arg(&vcpu, 0, a1 + 1);
        return -XEN_ERESTART;
    }
    return answer;
}

#define HANDLER(name) \
    long hc_##name(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) \
    { return record(a1, a2, a3, a4); }
HANDLER(set_trap_table) HANDLER(mmu_update) HANDLER(set_gdt) HANDLER(stack_switch)
HANDLER(set_callbacks) HANDLER(fpu_taskswitch) HANDLER(platform_op)
HANDLER(set_debugreg) HANDLER(get_debugreg) HANDLER(update_descriptor) HANDLER(memory_op)
HANDLER(update_va_mapping) HANDLER(set_timer_op)
HANDLER(xen_version) HANDLER(console_io) HANDLER(grant_table_op)
HANDLER(vm_assist) HANDLER(iret) HANDLER(vcpu_op)
HANDLER(set_segment_base) HANDLER(mmuext_op) HANDLER(nmi_op) HANDLER(sched_op)
HANDLER(callback_op) HANDLER(event_channel_op) HANDLER(physdev_op) HANDLER(sysctl)
HANDLER(domctl) HANDLER(hvm_op) HANDLER(dm_op)
void hypercall_compat(struct vcpu *v) { v->regs.rax = -XEN_ENOSYS; }

static int setup(void **state)
{
    memset(mem, 0, sizeof(mem));
    memset(&vcpu.regs, 0, sizeof(vcpu.regs));
    cpu.curr = &vcpu;
    vcpu.cont_args_set = 0;
    vcpu.regs.rip = 0x1002;
    dom.is_privileged = false;
    nr_calls_seen = 0;
    answer = 0;
    preempt_in = -1;
    restarts = 0;
    return 0;
}

static void a_number_that_is_not_served_is_enosys(void **state)
{
    static const uint64_t nrs[] = { 11, __HYPERVISOR_tmem_op, 43, 56, 57, 1UL << 32, ~0UL };

    for ( size_t i = 0; i < ARRAY_SIZE(nrs); i++ ) {
        vcpu.regs.rax = nrs[i];
        hypercall(&vcpu);
        assert_int_equal(vcpu.regs.rax, -XEN_ENOSYS);
    }
    assert_int_equal(nr_calls_seen, 0);
    assert_int_equal(vcpu.regs.rip, 0x1002);
}

static void arguments_come_in_abi_order_and_the_result_in_rax(void **state)
{
    vcpu.regs = (struct cpu_frame){ .rax = __HYPERVISOR_vcpu_op, .rdi = 1, .rsi = 2, .rdx = 3,
                                    .r10 = 4, .r8 = 5, .r9 = 6, .rip = 0x1002 };
    answer = 77;
    hypercall(&vcpu);
    for ( unsigned int i = 0; i < 4; i++ )
        assert_int_equal(seen[i], i + 1);
    assert_int_equal(vcpu.regs.rax, 77);
    assert_int_equal(vcpu.regs.rip, 0x1002);
}

static void a_restart_repeats_the_instruction_with_changed_arguments(void **state)
{
    vcpu.regs.rax = __HYPERVISOR_memory_op;
    vcpu.regs.rdi = 40;
    vcpu.regs.rsi = 9;
    restarts = 1;
    hypercall(&vcpu);
    assert_int_equal(vcpu.regs.rip, 0x1000);
    assert_int_equal(vcpu.regs.rax, __HYPERVISOR_memory_op);
    assert_int_equal(vcpu.regs.rdi, 41);
    assert_int_equal(vcpu.regs.rsi, 9);
    hypercall(&vcpu);
    assert_int_equal(seen[0], 41);
    assert_int_equal(vcpu.regs.rax, 0);
}

static void iret_may_leave_any_value_in_rax(void **state)
{
    vcpu.regs.rax = __HYPERVISOR_iret;
    answer = -XEN_ERESTART;
    hypercall(&vcpu);
    assert_int_equal(vcpu.regs.rip, 0x1002);
    assert_int_equal(vcpu.regs.rax, -XEN_ERESTART);
}

static struct multicall_entry *entries(void)
{
    return (struct multicall_entry *)mem;
}

static long multicall(uint64_t addr, uint64_t nr)
{
    vcpu.regs.rax = __HYPERVISOR_multicall;
    vcpu.regs.rdi = addr;
    vcpu.regs.rsi = nr;
    hypercall(&vcpu);
    return vcpu.regs.rax;
}

static void multicall_runs_entries_and_stores_results(void **state)
{
    entries()[0] = (struct multicall_entry){ .op = __HYPERVISOR_stack_switch, .args = { 5, 6 } };
    entries()[1] = (struct multicall_entry){ .op = 1234 };
    answer = 3;
    assert_int_equal(multicall(GUEST, 2), 0);
    assert_int_equal(entries()[0].result, 3);
    assert_int_equal(entries()[1].result, -XEN_ENOSYS);
    assert_int_equal(seen[1], 6);
}

static void multicall_refuses_itself_and_iret_inside(void **state)
{
    entries()[0].op = __HYPERVISOR_multicall;
    entries()[1].op = __HYPERVISOR_iret;
    assert_int_equal(multicall(GUEST, 2), 0);
    assert_int_equal(entries()[0].result, -XEN_EINVAL);
    assert_int_equal(entries()[1].result, -XEN_EINVAL);
    assert_int_equal(nr_calls_seen, 0);
}

static void multicall_bad_addresses_are_efault(void **state)
{
    assert_int_equal(multicall(0x100, 1), -XEN_EFAULT);
    assert_int_equal(multicall(~0UL - 63, 1), -XEN_EFAULT);
    assert_int_equal(multicall(1UL << 47, 0xffffffff), -XEN_EFAULT);
    assert_int_equal(multicall(GUEST + sizeof(mem) - 64, 2), -XEN_EFAULT);
    assert_int_equal(nr_calls_seen, 1);
    /* The count is 32 bits wide in the ABI. */
    assert_int_equal(multicall(0, 1UL << 32), 0);
}

static void multicall_stops_between_entries_and_goes_on(void **state)
{
    for ( unsigned int i = 0; i < 4; i++ )
        entries()[i].op = __HYPERVISOR_stack_switch;
    preempt_in = 1;
    multicall(GUEST, 4);
    assert_int_equal(nr_calls_seen, 2);
    assert_int_equal(vcpu.regs.rip, 0x1000);
    assert_int_equal(vcpu.regs.rdi, GUEST + 2 * 64);
    assert_int_equal(vcpu.regs.rsi, 2);
    hypercall(&vcpu);
    assert_int_equal(nr_calls_seen, 4);
    assert_int_equal(vcpu.regs.rax, 0);
}

static void multicall_entry_that_restarts_keeps_its_progress_in_the_entry(void **state)
{
    entries()[0].op = __HYPERVISOR_stack_switch;
    entries()[1] = (struct multicall_entry){ .op = __HYPERVISOR_memory_op, .args = { 7, 8 } };
    preempt_in = -1;
    multicall(GUEST, 1);
    restarts = 1;
    multicall(GUEST + 64, 1);
    assert_int_equal(entries()[1].args[0], 8);
    assert_int_equal(entries()[1].args[1], 8);
    assert_int_equal(vcpu.regs.rdi, GUEST + 64);
    assert_int_equal(vcpu.regs.rsi, 1);
    assert_int_equal(vcpu.regs.rip, 0x1000);
    assert_int_equal(vcpu.regs.rax, __HYPERVISOR_multicall);
}

static int op_rc;
static int op_double(struct vcpu *v, struct domain *d, void *arg)
{
    *(uint64_t *)arg *= 2;
    return op_rc;
}

static void op_tables_check_permission_copy_in_and_back(void **state)
{
    static const struct hc_op ops[] = {
        [1] = { op_double, 8, HC_COPY_BACK, PERM_ANY },
        [2] = { op_double, 8, HC_COPY_BACK_ERR, PERM_CONTROL },
        [3] = { op_double, 8, 0, PERM_ANY },
    };
    uint64_t *const x = (uint64_t *)mem;

    op_rc = 0;
    *x = 4;
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 0, GUEST), -XEN_ENOSYS);
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 4, GUEST), -XEN_ENOSYS);
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, ~0UL, GUEST), -XEN_ENOSYS);
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 1, 0), -XEN_EFAULT);
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 2, GUEST), -XEN_EPERM);
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 3, GUEST), 0);
    assert_int_equal(*x, 4);
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 1, GUEST), 0);
    assert_int_equal(*x, 8);
    op_rc = -XEN_EINVAL;
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 1, GUEST), -XEN_EINVAL);
    assert_int_equal(*x, 8);
    dom.is_privileged = true;
    assert_int_equal(hc_dispatch(&vcpu, ops, 4, 2, GUEST), -XEN_EINVAL);
    assert_int_equal(*x, 16);
}

static struct domain *named;
static int op_names_domain(struct vcpu *v, struct domain *d, void *arg)
{
    named = d;
    return 0;
}

static void op_tables_look_up_the_domain_that_is_named(void **state)
{
    static const struct hc_op ops[] = {
        { op_names_domain, 8, HC_DOMAIN, PERM_ANY }, { op_names_domain, 8, 0, PERM_ANY },
    };

    *(domid_t *)mem = 1;
    assert_int_equal(hc_dispatch(&vcpu, ops, 2, 0, GUEST), -XEN_EPERM);
    assert_null(named);
    assert_int_equal(nr_puts, 0);
    dom.is_privileged = true;
    assert_int_equal(hc_dispatch(&vcpu, ops, 2, 0, GUEST), 0);
    assert_ptr_equal(named, &other);
    assert_int_equal(hc_dispatch(&vcpu, ops, 2, 1, GUEST), 0);
    assert_ptr_equal(named, &dom);
    *(domid_t *)mem = DOMID_SELF;
    named = NULL;
    assert_int_equal(hc_dispatch(&vcpu, ops, 2, 0, GUEST), 0);
    assert_ptr_equal(named, &dom);
    assert_int_equal(nr_puts, 2);
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

static void hardware_guests_may_make_some_calls(void **state)
{
    static const uint64_t refused[] = {
        __HYPERVISOR_mmu_update, __HYPERVISOR_iret, __HYPERVISOR_set_gdt, __HYPERVISOR_multicall,
        __HYPERVISOR_update_va_mapping, __HYPERVISOR_set_trap_table, ~0UL,
    };

    for ( size_t i = 0; i < ARRAY_SIZE(refused); i++ ) {
        vcpu.regs.rip = 0x1000;
        vcpu.regs.rax = refused[i];
        hypercall_hvm(&vcpu);
        assert_int_equal(vcpu.regs.rax, -XEN_ENOSYS);
        assert_int_equal(vcpu.regs.rip, 0x1003);
    }
    assert_int_equal(nr_calls_seen, 0);
    vcpu.regs.rip = 0x1000;
    vcpu.regs.rax = __HYPERVISOR_memory_op;
    answer = 7;
    hypercall_hvm(&vcpu);
    assert_int_equal(vcpu.regs.rax, 7);
    assert_int_equal(vcpu.regs.rip, 0x1003);
    vcpu.regs.rip = 0x1000;
    vcpu.regs.rax = __HYPERVISOR_memory_op;
    restarts = 1;
    hypercall_hvm(&vcpu);
    assert_int_equal(vcpu.regs.rip, 0x1000);
    assert_int_equal(vcpu.regs.rax, __HYPERVISOR_memory_op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_that_is_not_served_is_enosys),
        TEST(arguments_come_in_abi_order_and_the_result_in_rax),
        TEST(a_restart_repeats_the_instruction_with_changed_arguments),
        TEST(iret_may_leave_any_value_in_rax),
        TEST(multicall_runs_entries_and_stores_results),
        TEST(multicall_refuses_itself_and_iret_inside),
        TEST(multicall_bad_addresses_are_efault),
        TEST(multicall_stops_between_entries_and_goes_on),
        TEST(multicall_entry_that_restarts_keeps_its_progress_in_the_entry),
        TEST(hardware_guests_may_make_some_calls),
        TEST(op_tables_check_permission_copy_in_and_back),
        TEST(op_tables_look_up_the_domain_that_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
