/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * callback_op and set_trap_table refuse what cannot be an entry point.
 * The real Xen wants canonical addresses and known types, and answers the
 * number of what it cannot do with -ENOSYS or -EINVAL.
 */
#include "test.h"
#include <xenabi/callback.h>

static long reg(uint16_t type, uint16_t flags, uint64_t address)
{
    struct callback_register cb = { .type = type, .flags = flags, .address = address };

    return hc_callback_op(CALLBACKOP_register, HC_PTR(&cb));
}

static long unreg(uint16_t type)
{
    struct callback_unregister cb = { .type = type };

    return hc_callback_op(CALLBACKOP_unregister, HC_PTR(&cb));
}

static volatile unsigned int hits;

static void on_event(uint32_t port)
{
    (void)port;
    hits++;
}

static void masking(void)
{
    const long port = event_bind_ipi(0);

    hits = 0;
    CHECK(port > 0);
    event_set_handler(port, on_event);
    EQ(event_unmask(port), 0);
    EQ(event_send(port), 0);
    EQ_ROW("events off: nothing delivered", hits, 0);
    events_on();
    EQ_ROW("events on: delivered", hits, 1);
    EQ(event_send(port), 0);
    EQ_ROW("delivered at once", hits, 2);
    EQ_ROW("delivery on again after the handler", event_vcpu()->evtchn_upcall_mask, 0);
    events_off();
    EQ(event_close(port), 0);
}

static void bad_tables(void)
{
    struct trap_info bad[2] = { { .vector = 6, .cs = 0xe033, .address = 0x8000000000000000ul } };

    EQ_ROW("non-canonical handler", hc_set_trap_table(HC_PTR(bad)), -XEN_EINVAL);
    EQ(hc_set_trap_table(BAD_PTR), -XEN_EFAULT);
    EQ(hc_set_trap_table(HOLE_PTR), -XEN_EFAULT);
    trap_init();
}

void test_main(void)
{
    static const uint64_t bad = 0x8000000000000000ul;

    EQ(reg(CALLBACKTYPE_event, 0, bad), -XEN_EINVAL);
    EQ(reg(CALLBACKTYPE_failsafe, 0, bad), -XEN_EINVAL);
    EQ(reg(CALLBACKTYPE_syscall, 0, bad), -XEN_EINVAL);
    EQ(reg(CALLBACKTYPE_sysenter_deprecated, 0, 0), -XEN_ENOSYS);
    EQ(reg(6, 0, 0), -XEN_ENOSYS);
    EQ(reg(99, 0, 0), -XEN_ENOSYS);
    EQ(unreg(CALLBACKTYPE_event), -XEN_EINVAL);
    EQ(unreg(CALLBACKTYPE_failsafe), -XEN_EINVAL);
    EQ(unreg(CALLBACKTYPE_syscall), -XEN_EINVAL);
    EQ(unreg(99), -XEN_ENOSYS);
    EQ(hc_callback_op(CALLBACKOP_register, BAD_PTR), -XEN_EFAULT);
    EQ(hc_callback_op(CALLBACKOP_unregister, BAD_PTR), -XEN_EFAULT);
    EQ(hc_callback_op(2, 0), -XEN_ENOSYS);

    trap_init();
    masking();
    bad_tables();
    masking();
}
