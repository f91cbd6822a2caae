/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limit: 60
 *
 * Random hypercalls: seed=N and rounds=N choose the run, multi=N makes them in
 * multicalls of N.  The hypervisor must
 * answer each and go on; the real Xen does.  Left out are the calls by which
 * a guest may rightly hurt itself: iret, shutdown, sleep, taking its own vCPU
 * down, new entry points, and unmapping the buffers in use here.
 *
 * run: seed=1
 * run: seed=2
 * run: seed=3
 * run: seed=4
 * run: seed=5 multi=7
 * run: seed=6 multi=64
 */
#include "test.h"

#define ROUNDS 20000

static uint64_t state;
static uint64_t *buf, *buf2;

static uint64_t argument(void)
{
    const uint64_t r = random_next(&state);
    static const uint64_t odd[] = {
        0, 1, ~0ul, 0x7fffffff, 0x80000000, 1ul << 63, BAD_PTR, HOLE_PTR, 0xffff82d040000000ul,
        DOMID_SELF, 0x7ff1, 0x7ff2, 0x0000800000000000ul, 0xfffffffffffff000ul,
    };

    switch ( r % 6 ) {
    case 0:
        return odd[(r >> 8) % ARRAY_SIZE(odd)];
    case 1:
        return (r >> 8) % 64;
    case 2:
        return HC_PTR(buf) + (r >> 8) % 512 * 8;
    case 3:
        return HC_PTR(buf2) + (r >> 8) % 4096;
    case 4:
        return (r >> 8) & 0xffffffff;
    default:
        return random_next(&state);
    }
}

static bool harmful(uint64_t nr, const uint64_t *a)
{
    switch ( nr ) {
    case __HYPERVISOR_set_trap_table:
    case __HYPERVISOR_set_callbacks:
    case __HYPERVISOR_callback_op:
    case __HYPERVISOR_iret:
    case __HYPERVISOR_multicall:
    case __HYPERVISOR_console_io:
    case __HYPERVISOR_kexec_op:         /* loading an image of random addresses is dom0's right */
        return true;
    case __HYPERVISOR_sched_op:
    case __HYPERVISOR_sched_op_compat:
        return (uint32_t)a[0] != 0;
    case __HYPERVISOR_vcpu_op:
        return (uint32_t)a[0] <= 2;
    case __HYPERVISOR_update_va_mapping:
    case __HYPERVISOR_update_va_mapping_otherdomain:
        return a[0] >= GUEST_BASE;
    }
    return false;
}

static void fill(void)
{
    for ( unsigned int i = 0; i < 512; i++ ) {
        buf[i] = argument();
        buf2[i] = random_next(&state);
    }
}

static bool ignore_debug(struct trap_frame *f)
{
    return f->vector == TRAP_DB;
}

static unsigned int answers[3];

static void count(long rc)
{
    answers[rc == 0 ? 0 : rc == -XEN_ENOSYS ? 1 : 2]++;
}

/* Alone, or as soon as there are @multi of them. */
static void call(uint64_t nr, const uint64_t *a, uint64_t multi)
{
    static struct multicall_entry entries[64];
    static unsigned int n;

    if ( !multi ) {
        count(hypercall(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
        return;
    }
    entries[n].op = nr;
    memcpy(entries[n].args, a, sizeof(entries[n].args));
    if ( ++n < multi && n < ARRAY_SIZE(entries) )
        return;
    EQ(hc_multicall(HC_PTR(entries), n), 0);
    for ( unsigned int i = 0; i < n; i++ )
        count(entries[i].result);
    n = 0;
}

void test_main(void)
{
    const uint64_t rounds = test_option("rounds", ROUNDS), multi = test_option("multi", 0);

    state = test_option("seed", 1) * 0x9e3779b97f4a7c15ull + 1;
    buf = mem_alloc_page();
    buf2 = mem_alloc_page();
    trap_hook = ignore_debug;
    for ( uint64_t i = 0; i < rounds; i++ ) {
        uint64_t nr = random_next(&state) % 60, a[6];

        if ( i % 16 == 0 )
            fill();
        for ( unsigned int j = 0; j < 6; j++ )
            a[j] = argument();
        if ( harmful(nr, a) )
            continue;

        call(nr, a, multi);
    }
    hc_set_debugreg(7, 0);
    trap_hook = NULL;
    console_printf("%u done, %u unknown, %u refused or counted\n", answers[0], answers[1],
                   answers[2]);
    CHECK(answers[1] > 0 && answers[2] > 0);
    EQ(hc_xen_version(0, 0), (4 << 16) | 17);
    EQ(mem_map(0x10000000000ul, mem_va_to_mfn(mem_alloc_page()), PTE_RW_PAGE), 0);
}
