/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpus: 1
 *
 * FPU and vector registers survive hypercalls, sleep and user mode, and start
 * clean: nothing of the hypervisor or of another vCPU shows.  (One physical
 * CPU and the idle vCPU; two vCPUs that alternate are in fpu-switch.)
 */
#include "test.h"
#include "user.h"
#include <xenabi/sched.h>

USER_CODE_BLOB(u_xmm, "movq %xmm3, %rax; pcmpeqd %xmm3, %xmm3; ud2");

static uint64_t xmm3(void)
{
    uint64_t v;

    asm volatile ( ".byte 0x66, 0x48, 0x0f, 0x7e, 0xd8" : "=a" (v) );      /* movq %xmm3, %rax */
    return v;
}

static void set_xmm3(uint64_t v)
{
    asm volatile ( ".byte 0x66, 0x48, 0x0f, 0x6e, 0xd8" :: "a" (v) );      /* movq %rax, %xmm3 */
}

void test_main(void)
{
    uint16_t fcw = 0;
    uint32_t mxcsr = 0;

    asm volatile ( "fnstcw %0; stmxcsr %1" : "=m" (fcw), "=m" (mxcsr) );
    EQ_ROW("initial FCW", fcw, 0x37f);
    EQ_ROW("initial MXCSR", mxcsr, 0x1f80);
    EQ_ROW("registers start clear", xmm3(), 0);

    set_xmm3(0x1122334455667788ul);
    hc_sched_op(SCHEDOP_yield, 0);
    EQ(xmm3(), 0x1122334455667788ul);

    struct sched_poll op = { .timeout = clock_now() + 20000000 };

    EQ(hc_sched_op(SCHEDOP_poll, HC_PTR(&op)), 0);
    EQ_ROW("over sleep", xmm3(), 0x1122334455667788ul);

    user_setup();
    struct trap_frame *f = user_run(u_xmm, u_xmm_end - u_xmm, 0);

    EQ_ROW("one register file for both modes", f->rax, 0x1122334455667788ul);
    EQ(xmm3(), ~0ul);
}
