/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One of two guests that deal with each other; hostile.py starts both and looks on.
 *
 *   role=1 peer=N             lends pages to domain N, offers it a port, then waits
 *   role=2 peer=N port=P      maps, reads, writes and copies what N lent, and tells it;
 *                             hold=1: keeps the mappings until it is destroyed
 *   role=3 peer=N [port=P]    event storm with N, by its port if given
 *   role=4                    spins on all vCPUs, on the first one in user mode
 */
#include "test.h"
#include "user.h"
#include <guest/grant.h>
#include <xenabi/sched.h>

#define NR          16
#define FIRST_REF   8
#define MAP_VA      0x10000000000ul
#define MARK(i)     (0x1d0000u + (i))


USER_CODE_BLOB(u_spin, "1: jmp 1b");

static uint16_t peer;
static char stacks[8][SMP_STACK_SIZE] __attribute__((aligned(SMP_STACK_SIZE)));

static void __attribute__((noreturn)) wait_forever(void)
{
    for ( ; ; )
        event_poll(0, clock_now() + 1000000000ul);
}

static void lend(void)
{
    uint64_t *page[NR];
    long port;

    EQ(grant_init(), 0);
    for ( unsigned int i = 0; i < NR; i++ ) {
        page[i] = mem_alloc_page();
        page[i][0] = MARK(i);
        EQ(grant_give(peer, mem_va_to_mfn(page[i]), i & 1), FIRST_REF + i);
    }
    port = event_alloc_unbound(DOMID_SELF, peer);
    CHECK(port > 0);
    console_printf("LENT port=%ld\n", port);
    while ( !event_pending(port) )
        event_poll(port, clock_now() + 1000000000ul);
    for ( unsigned int i = 0; i < NR; i += 2 )
        EQ_ROW("what the borrower wrote", page[i][1], MARK(i) * 3);
    for ( unsigned int i = 1; i < NR; i += 2 )
        EQ_ROW("a read-only page", page[i][1], 0);
    console_printf("SEEN in use %d\n", !grant_end(FIRST_REF));
    test_end();
}

static void copy_from_peer(unsigned int i)
{
    uint64_t *to = mem_alloc_page();
    struct gnttab_copy c = {
        .source = { .u.ref = FIRST_REF + i, .domid = peer },
        .dest = { .u.gmfn = mem_va_to_pfn(to), .domid = DOMID_SELF },
        .len = 64, .flags = GNTCOPY_source_gref,
    };

    EQ(hc_grant_table_op(GNTTABOP_copy, HC_PTR(&c), 1), 0);
    if ( c.status != GNTST_okay ) {     /* a paravirtual guest names its frames by machine number */
        c.dest.u.gmfn = mem_va_to_mfn(to);
        EQ(hc_grant_table_op(GNTTABOP_copy, HC_PTR(&c), 1), 0);
    }
    EQ(c.status, GNTST_okay);
    EQ(to[0], MARK(i));
    mem_free_page(to);
}

static void borrow(uint32_t port, bool hold)
{
    uint32_t handle[NR], more;
    uint64_t ex;

    for ( unsigned int i = 0; i < NR; i++ ) {
        uint64_t *p = (uint64_t *)(MAP_VA + i * PAGE_SIZE);

        EQ(mem_map((uint64_t)p, 0, 0), 0);
        if ( i & 1 )
            EQ_ROW("read-only, mapped writable", grant_map(peer, FIRST_REF + i, (uint64_t)p,
                   GNTMAP_host_map, &more) < 0, 1);
        EQ(grant_map(peer, FIRST_REF + i, (uint64_t)p, GNTMAP_host_map | (i & 1 ? GNTMAP_readonly : 0),
                     &handle[i]), GNTST_okay);
        EQ(p[0], MARK(i));
        ex = try_write(&p[1], MARK(i) * 3);
        /* A hardware guest's store has no effect. */
        EQ_ROW("write", ex, i & 1 && guest_is_pv() ? TRAP_SEEN(TRAP_PF, 3) : 0);
        copy_from_peer(i);
    }
    EQ_ROW("not lent", grant_map(peer, FIRST_REF + NR, MAP_VA, GNTMAP_host_map, &more) < 0, 1);
    if ( guest_is_pv() )
        EQ_ROW("a foreign frame by its number",
               mem_pin(1, (*mem_entry(mem_root(), MAP_VA, 1) & PTE_FRAME) >> 12) < 0, 1);

    const long mine = event_bind_interdomain(peer, port);

    CHECK(mine > 0);
    EQ(event_send(mine), 0);
    console_printf("BORROWED\n");
    if ( hold )
        wait_forever();
    event_poll(0, clock_now() + 2000000000ul);
    for ( unsigned int i = 0; i < NR; i++ )
        EQ(grant_unmap(MAP_VA + i * PAGE_SIZE, handle[i]), GNTST_okay);
    if ( guest_is_pv() )
        EQ(try_read((void *)MAP_VA, &ex), TRAP_SEEN(TRAP_PF, 0));
    else
        EQ_ROW("nothing is there", try_read((void *)MAP_VA, &ex) || ex != ~0ul, 0);
    test_end();
}

static void storm(uint32_t remote)
{
    const long port = remote ? event_bind_interdomain(peer, remote) : event_alloc_unbound(DOMID_SELF, peer);

    if ( port <= 0 )
        test_error("no port");
    console_printf("STORM port=%ld\n", port);
    for ( ; ; ) {
        for ( unsigned int i = 0; i < 100; i++ )
            event_send(port);
        event_clear(port);
    }
}

static void spin(void *arg)
{
    (void)arg;
    for ( ; ; )
        ;
}

static void spin_all(void)
{
    const unsigned int nr = smp_count();

    user_setup();
    for ( unsigned int i = 1; i < nr && i < ARRAY_SIZE(stacks); i++ )
        EQ(smp_start(i, spin, NULL, stacks[i]), 0);
    console_printf("SPIN\n");
    user_run(u_spin, u_spin_end - u_spin, 0);
    test_error("user mode came back");
}

void test_main(void)
{
    peer = test_option("peer", 0);
    switch ( test_option("role", 0) ) {
    case 1: lend(); break;
    case 2: borrow(test_option("port", 0), test_option("hold", 0)); break;
    case 3: storm(test_option("port", 0)); break;
    case 4: spin_all(); break;
    default: test_skip("hostile.py starts it");
    }
}
