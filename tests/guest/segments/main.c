/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segment bases: set_segment_base, and the FSGSBASE instructions.
 * The real Xen refuses non-canonical bases with -EINVAL and gives the three
 * bases back unchanged over hypercalls and changes of mode.
 */
#include "test.h"
#include "user.h"
#include <xenabi/arch-x86.h>

USER_CODE_BLOB(u_bases, "mov %gs:0, %rax; mov %fs:0, %rbx; ud2");

static uint64_t cell_a = 0xa, cell_b = 0xb, cell_c = 0xc;

static uint64_t gs_read(void)
{
    uint64_t v;

    asm volatile ( "mov %%gs:0, %0" : "=r" (v) :: "memory" );
    return v;
}

static uint64_t fs_read(void)
{
    uint64_t v;

    asm volatile ( "mov %%fs:0, %0" : "=r" (v) :: "memory" );
    return v;
}

static bool has_fsgsbase(void)
{
    uint32_t a = 7, b, c = 0, d;

    asm volatile ( XEN_CPUID : "+a" (a), "=b" (b), "+c" (c), "=d" (d) );
    return b & 1;
}

static void hostile(void)
{
    static const uint64_t bad[] = {
        0x0000800000000000ul, 0x8000000000000000ul, 0x7ffffffffffffffful, 0xffff7ffffffffffful,
    };

    for ( unsigned int which = SEGBASE_FS; which <= SEGBASE_GS_KERNEL; which++ ) {
        for ( unsigned int i = 0; i < ARRAY_SIZE(bad); i++ )
            EQ_ROW("non-canonical base", hc_set_segment_base(which, bad[i]), -XEN_EINVAL);
    }
    EQ(hc_set_segment_base(4, 0), -XEN_EINVAL);
    EQ(hc_set_segment_base(~0u, 0), -XEN_EINVAL);
}

static void user_bases(void)
{
    uint64_t *data = user_setup();
    struct trap_frame *f;

    data[0] = 0x1111;
    data[8] = 0x2222;
    EQ(hc_set_segment_base(SEGBASE_GS_USER, USER_DATA), 0);
    EQ(hc_set_segment_base(SEGBASE_FS, USER_DATA + 64), 0);
    f = user_run(u_bases, u_bases_end - u_bases, 0);
    EQ(f->vector, TRAP_UD);
    EQ_ROW("user GS", f->rax, 0x1111);
    EQ_ROW("FS", f->rbx, 0x2222);
    EQ_ROW("kernel GS is back", gs_read(), 0xa);
}

void test_main(void)
{
    uint64_t v;

    EQ(hc_set_segment_base(SEGBASE_GS_KERNEL, (uint64_t)&cell_a), 0);
    EQ(hc_set_segment_base(SEGBASE_FS, (uint64_t)&cell_b), 0);
    EQ(gs_read(), 0xa);
    EQ(fs_read(), 0xb);
    EQ(hc_set_segment_base(SEGBASE_GS_USER, (uint64_t)&cell_c), 0);
    EQ_ROW("the user's base is not ours", gs_read(), 0xa);
    hostile();
    EQ_ROW("after refusals", gs_read(), 0xa);
    EQ_ROW("after refusals", fs_read(), 0xb);

    EQ(hc_set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
    EQ_ROW("after the selector", gs_read(), 0xa);
    EQ(hc_set_segment_base(SEGBASE_GS_USER_SEL, 0xfff8), 0);
    EQ_ROW("after a bad selector", gs_read(), 0xa);

    if ( has_fsgsbase() ) {
        /* The instructions are on by the guest's own CR4 bit, as on a processor. */
        asm volatile ( "mov %%cr4, %0" : "=r" (v) );
        asm volatile ( "mov %0, %%cr4" :: "r" (v | (1ul << 16)) : "memory" );
        asm volatile ( "wrfsbase %0; wrgsbase %1" :: "r" (&cell_c), "r" (&cell_b) : "memory" );
        EQ(fs_read(), 0xc);
        EQ(gs_read(), 0xb);
        hc_sched_op(0, 0);
        asm volatile ( "rdfsbase %0" : "=r" (v) );
        EQ(v, (uint64_t)&cell_c);
        asm volatile ( "rdgsbase %0" : "=r" (v) );
        EQ(v, (uint64_t)&cell_b);
        asm volatile ( "wrgsbase %0" :: "r" (&cell_a) : "memory" );
    }
    user_bases();
}
