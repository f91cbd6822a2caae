/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpu_op: which vCPUs there are, hostile contexts, moving vcpu_info.
 * The real Xen answers -ENOENT for a vCPU that is not there, and refuses a
 * context with bad selectors, addresses or page tables.
 * timing: 1
 */
#include "test.h"
#include <xenabi/arch-x86.h>
#include <xenabi/vcpu.h>

static struct vcpu_guest_context c;

static long register_info(uint64_t mfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info op = { .mfn = mfn, .offset = offset };

    return hc_vcpu_op(VCPUOP_register_vcpu_info, 0, HC_PTR(&op));
}

void test_main(void)
{
    EQ(hc_vcpu_op(VCPUOP_is_up, 0, 0), 1);
    EQ(hc_vcpu_op(VCPUOP_is_up, 1, 0), -XEN_ENOENT);
    EQ(hc_vcpu_op(VCPUOP_is_up, 8192, 0), -XEN_ENOENT);
    EQ(hc_vcpu_op(VCPUOP_is_up, ~0u, 0), -XEN_ENOENT);
    EQ(hc_vcpu_op(VCPUOP_up, 1, 0), -XEN_ENOENT);
    EQ(hc_vcpu_op(VCPUOP_initialise, 1, HC_PTR(&c)), -XEN_ENOENT);
    EQ_ROW("ourselves again", hc_vcpu_op(VCPUOP_initialise, 0, HC_PTR(&c)) < 0, 1);
    EQ(hc_vcpu_op(VCPUOP_initialise, 0, BAD_PTR), -XEN_EFAULT);
    EQ_ROW("up is up", hc_vcpu_op(VCPUOP_up, 0, 0), 0);

    EQ(hc_vcpu_op(VCPUOP_get_runstate_info, 0, BAD_PTR), -XEN_EFAULT);
    struct vcpu_runstate_info rs = { 0 };

    EQ(hc_vcpu_op(VCPUOP_get_runstate_info, 0, HC_PTR(&rs)), 0);
    EQ(rs.state, RUNSTATE_running);
    CHECK(rs.time[RUNSTATE_running] > 0);

    char *page = mem_alloc_page();
    const uint64_t mfn = mem_va_to_mfn(page);

    EQ(register_info(mfn, 4096 - 63) < 0, 1);
    EQ(register_info(mfn, ~0u) < 0, 1);
    EQ(register_info(0xffffffffful, 0), -XEN_EINVAL);
    EQ_ROW("not ours", register_info(0x100, 0) < 0, 1);
    EQ_ROW("a page table", register_info(mem_va_to_mfn(mem_root()), 0), -XEN_EINVAL);
    EQ(register_info(mfn, 128), 0);

    const struct vcpu_info *vi = (void *)(page + 128);

    CHECK(vi->time.version != 0);
    EQ_ROW("twice", register_info(mfn, 256) < 0, 1);
    EQ_ROW("events go to the new place", vi->evtchn_upcall_pending, 1);
}
