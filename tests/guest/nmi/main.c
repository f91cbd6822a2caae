/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NMIs that a guest sends itself with VCPUOP_send_nmi: none without a handler, one at a
 * time, and the next only after the first one's iret, also when sent from the handler.
 * timing: 1
 */
#include "test.h"
#include <xenabi/callback.h>
#include <xenabi/nmi.h>
#include <xenabi/vcpu.h>

extern const char trap_stubs[];

static volatile unsigned int hits, depth, deepest;
static volatile unsigned int resend;

static bool on_nmi(struct trap_frame *f)
{
    if ( f->vector != 2 )
        return false;
    hits++;
    if ( ++depth > deepest )
        deepest = depth;
    if ( resend ) {
        resend--;
        EQ(hc_vcpu_op(VCPUOP_send_nmi, 0, 0), 0);
        hc_xen_version(0, 0);
    }
    depth--;
    return true;
}

void test_main(void)
{
    struct xennmi_callback cb = { .handler_address = (uint64_t)trap_stubs + 2 * 32 };

    trap_hook = on_nmi;
    EQ(hc_nmi_op(XENNMI_register_callback, HC_PTR(&cb)), 0);
    EQ(hc_vcpu_op(VCPUOP_send_nmi, 0, 0), 0);
    EQ_ROW("delivered", hits, 1);
    EQ(hc_vcpu_op(VCPUOP_send_nmi, 0, 0), 0);
    EQ_ROW("and again after the iret", hits, 2);
    resend = 3;
    EQ(hc_vcpu_op(VCPUOP_send_nmi, 0, 0), 0);
    hc_xen_version(0, 0);
    EQ_ROW("from the handler itself", hits, 6);
    EQ_ROW("never nested", deepest, 1);
    EQ(hc_vcpu_op(VCPUOP_send_nmi, 1000, 0), -XEN_ENOENT);
    cb.handler_address = 0x8000000000000000ul;
    EQ_ROW("non-canonical", hc_nmi_op(XENNMI_register_callback, HC_PTR(&cb)) < 0, 1);
    EQ(hc_nmi_op(XENNMI_register_callback, BAD_PTR), -XEN_EFAULT);
    EQ(hc_nmi_op(XENNMI_unregister_callback, 0), 0);
    EQ(hc_nmi_op(99, 0), -XEN_ENOSYS);
    EQ(hc_xen_version(0, 0), (4 << 16) | 17);
}
