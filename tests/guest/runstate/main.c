/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run state and time areas that the hypervisor keeps up to date in guest
 * memory; areas that are not there cost the guest nothing but the updates.
 * timing: 1
 * pvh: yes
 */
#include "test.h"
#include <xenabi/sched.h>
#include <xenabi/vcpu.h>

static struct vcpu_runstate_info area;
static struct vcpu_time_info time_area;

static long runstate_at(uint64_t va)
{
    struct vcpu_register_runstate_memory_area op = { .addr.h = va };

    return hc_vcpu_op(VCPUOP_register_runstate_memory_area, 0, HC_PTR(&op));
}

static long time_at(uint64_t va)
{
    struct vcpu_register_time_memory_area op = { .addr.h = va };

    return hc_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, HC_PTR(&op));
}

static void nap(void)
{
    struct sched_poll op = { .timeout = clock_now() + 20000000 };

    EQ(hc_sched_op(SCHEDOP_poll, HC_PTR(&op)), 0);
}

void test_main(void)
{
    const long bad = guest_is_pv() ? -XEN_EFAULT : 0;       /* a hardware guest has all addresses */
    uint64_t blocked, running;

    EQ(runstate_at(HC_PTR(&area)), 0);
    EQ(area.state, RUNSTATE_running);
    blocked = area.time[RUNSTATE_blocked];
    running = area.time[RUNSTATE_running];
    nap();
    EQ(area.state, RUNSTATE_running);
    CHECK(area.time[RUNSTATE_blocked] >= blocked + 10000000);
    CHECK(area.time[RUNSTATE_running] >= running);
    CHECK(area.state_entry_time <= clock_now());

    EQ(hc_vm_assist(VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag), 0);
    nap();
    EQ_ROW("the update mark is gone after the update",
           !(area.state_entry_time & XEN_RUNSTATE_UPDATE), 1);
    EQ(runstate_at(BAD_PTR), bad);
    EQ_ROW("not there", runstate_at(HOLE_PTR) <= 0, 1);
    nap();
    EQ_ROW("crosses a page's end, into nothing", runstate_at(HOLE_PTR - 8) <= 0, 1);
    nap();
    EQ(runstate_at(HC_PTR(&area)), 0);

    EQ(time_at(HC_PTR(&time_area)), 0);
    nap();
    CHECK(time_area.version != 0 && !(time_area.version & 1));
    CHECK(time_area.tsc_to_system_mul == event_vcpu()->time.tsc_to_system_mul);
    EQ(time_at(BAD_PTR), bad);
    EQ(time_at(HOLE_PTR) <= 0, 1);
    nap();
}
