/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory_op: giving pages back and getting them again, exchange, the M2P
 * lists, memory maps, limits, and hostile extents.  The result counts the
 * extents that were done; the real Xen answers as encoded here.
 */
#include "test.h"
#include <xenabi/memory.h>

static struct xen_memory_reservation r;
static uint64_t ext[16];

static long reserve(unsigned int cmd, uint64_t nr, uint32_t order, uint32_t flags, uint16_t dom)
{
    r = (struct xen_memory_reservation){
        .extent_start = HC_PTR(ext), .nr_extents = nr, .extent_order = order,
        .mem_flags = flags, .domid = dom,
    };
    return hc_memory_op(cmd, HC_PTR(&r));
}

static long current(void)
{
    struct xen_memory_domain d = { .domid = DOMID_SELF };

    return hc_memory_op(XENMEM_current_reservation, HC_PTR(&d));
}

static void reservation(void)
{
    const long before = current();
    const uint64_t pfn = mem_alloc_pfn();

    CHECK(pfn != 0);
    ext[0] = mem_pfn_to_mfn(pfn);
    EQ(reserve(XENMEM_decrease_reservation, 1, 0, 0, DOMID_SELF), 1);
    EQ(current(), before - 1);
    EQ_ROW("twice", reserve(XENMEM_decrease_reservation, 1, 0, 0, DOMID_SELF), 0);
    ext[0] = pfn;
    EQ(reserve(XENMEM_populate_physmap, 1, 0, 0, DOMID_SELF), 1);
    EQ(current(), before);
    EQ_ROW("the M2P knows it", ((const volatile uint64_t *)M2P_BASE)[ext[0]], pfn);

    const uint64_t mfn = ext[0];
    void *va = mem_alloc_page();
    const uint64_t own = mem_va_to_mfn(va);

    EQ(mem_set_va(va, mem_make_pte(mfn, PTE_RW_PAGE)), 0);
    EQ_ROW("scrubbed", *(volatile uint64_t *)va, 0);
    ext[0] = mfn;
    EQ_ROW("a mapped page goes when its map goes",
           reserve(XENMEM_decrease_reservation, 1, 0, 0, DOMID_SELF) >= 0, 1);
    EQ(mem_set_va(va, mem_make_pte(own, PTE_RW_PAGE)), 0);
    ext[0] = pfn;
    EQ(reserve(XENMEM_populate_physmap, 1, 0, 0, DOMID_SELF), 1);

    ext[0] = 0xffffffffful;
    EQ_ROW("nobody's", reserve(XENMEM_decrease_reservation, 1, 0, 0, DOMID_SELF), 0);
    ext[0] = 0x100;
    EQ_ROW("not ours", reserve(XENMEM_decrease_reservation, 1, 0, 0, DOMID_SELF), 0);
}

static void limits(void)
{
    struct xen_memory_domain d = { .domid = DOMID_SELF };
    const long now = current(), max = hc_memory_op(XENMEM_maximum_reservation, HC_PTR(&d));

    console_printf("now %ld of %ld pages\n", now, max);
    CHECK(now > 0 && max >= now);
    EQ_ROW("maximum_gpfn", hc_memory_op(XENMEM_maximum_gpfn, HC_PTR(&d)) >= 0, 1);
    CHECK(hc_memory_op(XENMEM_maximum_ram_page, 0) > 0);
    d.domid = 77;
    EQ(hc_memory_op(XENMEM_current_reservation, HC_PTR(&d)), -XEN_ESRCH);
    EQ(hc_memory_op(XENMEM_current_reservation, BAD_PTR), -XEN_EFAULT);

    ext[0] = 1;
    EQ_ROW("order too big", reserve(XENMEM_populate_physmap, 1, 64, 0, DOMID_SELF) <= 0, 1);
    EQ_ROW("order too big", reserve(XENMEM_decrease_reservation, 1, 64, 0, DOMID_SELF) <= 0, 1);
    EQ_ROW("order beyond sense", reserve(XENMEM_populate_physmap, 1, ~0u, 0, DOMID_SELF) <= 0, 1);
    EQ_ROW("too many extents", reserve(XENMEM_populate_physmap, ~0ul, 0, 0, DOMID_SELF) <= 0, 1);
    EQ_ROW("too many extents", reserve(XENMEM_decrease_reservation, 1ul << 58, 0, 0, DOMID_SELF) <=
           0, 1);
    EQ_ROW("no such domain", reserve(XENMEM_populate_physmap, 1, 0, 0, 77) <= 0, 1);
    EQ_ROW("none", reserve(XENMEM_populate_physmap, 0, 0, 0, DOMID_SELF), 0);
    EQ_ROW("PoD", reserve(XENMEM_populate_physmap, 1, 0, XENMEMF_populate_on_demand, DOMID_SELF) <=
           0, 1);
    EQ_ROW("arguments not ours", hc_memory_op(XENMEM_populate_physmap, BAD_PTR) <= 0, 1);
    r = (struct xen_memory_reservation){ .extent_start = BAD_PTR, .nr_extents = 1,
                                         .domid = DOMID_SELF };
    EQ_ROW("array not ours", hc_memory_op(XENMEM_populate_physmap, HC_PTR(&r)) <= 0, 1);
    r = (struct xen_memory_reservation){ .extent_start = HOLE_PTR, .nr_extents = 1,
                                         .domid = DOMID_SELF };
    EQ_ROW("array not there", hc_memory_op(XENMEM_decrease_reservation, HC_PTR(&r)) <= 0, 1);
    EQ_ROW("nothing was lost", current(), now);
}

static void exchange(void)
{
    const uint64_t pfns[4] = { mem_alloc_pfn(), mem_alloc_pfn(), mem_alloc_pfn(), mem_alloc_pfn() };
    uint64_t in[4], out[4] = { pfns[0], pfns[1], pfns[2], pfns[3] };
    struct xen_memory_exchange x = {
        .in = { .extent_start = HC_PTR(in), .nr_extents = 4, .domid = DOMID_SELF },
        .out = { .extent_start = HC_PTR(out), .nr_extents = 1, .extent_order = 2,
                 .mem_flags = XENMEMF_address_bits(32), .domid = DOMID_SELF },
    };
    const long before = current();

    for ( unsigned int i = 0; i < 4; i++ )
        in[i] = mem_pfn_to_mfn(pfns[i]);
    EQ(hc_memory_op(XENMEM_exchange, HC_PTR(&x)), 0);
    EQ(x.nr_exchanged, 4);
    EQ_ROW("aligned and contiguous", out[0] & 3, 0);
    EQ_ROW("below 4 GiB", out[0] < (1ul << 20), 1);
    EQ_ROW("the M2P knows it", ((const volatile uint64_t *)M2P_BASE)[out[0]], pfns[0]);
    EQ(current(), before);

    x.nr_exchanged = 0;
    x.out.extent_order = 3;
    EQ_ROW("sums that differ", hc_memory_op(XENMEM_exchange, HC_PTR(&x)), -XEN_EINVAL);
    x.out.extent_order = 2;
    x.nr_exchanged = 5;
    EQ_ROW("more done than there are", hc_memory_op(XENMEM_exchange, HC_PTR(&x)), -XEN_EINVAL);
    x.nr_exchanged = 0;
    x.in.domid = 77;
    EQ_ROW("another domain", hc_memory_op(XENMEM_exchange, HC_PTR(&x)) < 0, 1);
    x.in.domid = DOMID_SELF;
    x.in.extent_start = BAD_PTR;
    EQ_ROW("array not ours", hc_memory_op(XENMEM_exchange, HC_PTR(&x)) < 0, 1);
    x.in.extent_start = HC_PTR(in);
    x.out.extent_start = BAD_PTR;
    EQ_ROW("array not ours", hc_memory_op(XENMEM_exchange, HC_PTR(&x)) < 0, 1);
    /* An offset chosen to reach the hypervisor's memory from a good handle. */
    x.out.extent_start = HC_PTR(out);
    x.nr_exchanged = 3ul << 60;
    EQ_ROW("huge offset", hc_memory_op(XENMEM_exchange, HC_PTR(&x)) < 0, 1);
    EQ(hc_memory_op(XENMEM_exchange, BAD_PTR), -XEN_EFAULT);
    EQ(current(), before);
}

static void maps(void)
{
    struct xen_machphys_mapping m = { 0 };
    uint64_t list[16] = { 0 };
    struct xen_machphys_mfn_list l = { .max_extents = 16, .extent_start = HC_PTR(list) };
    static struct xen_e820_entry e[64];
    struct xen_memory_map map = { .nr_entries = 64, .buffer = HC_PTR(e) };
    uint64_t ram = 0;

    EQ(hc_memory_op(XENMEM_machphys_mapping, HC_PTR(&m)), 0);
    EQ(m.v_start, 0xffff800000000000ul);
    EQ(m.v_end, 0xffff804000000000ul);
    EQ(hc_memory_op(XENMEM_machphys_mfn_list, HC_PTR(&l)), 0);
    CHECK(l.nr_extents >= 1 && list[0] != 0);
    l.extent_start = BAD_PTR;
    EQ(hc_memory_op(XENMEM_machphys_mfn_list, HC_PTR(&l)), -XEN_EFAULT);

    if ( guest_is_dom0() ) {
        EQ(hc_memory_op(XENMEM_machine_memory_map, HC_PTR(&map)), 0);
        CHECK(map.nr_entries > 0 && map.nr_entries < 64);
        for ( unsigned int i = 0; i < map.nr_entries && i < 64; i++ ) {
            if ( e[i].type == XEN_E820_RAM )
                ram += e[i].size;
        }
        CHECK(ram > 64ul << 20);
        map.buffer = BAD_PTR;
        EQ(hc_memory_op(XENMEM_machine_memory_map, HC_PTR(&map)), -XEN_EFAULT);
        map = (struct xen_memory_map){ .nr_entries = 0, .buffer = HC_PTR(e) };
        EQ_ROW("no room", hc_memory_op(XENMEM_machine_memory_map, HC_PTR(&map)) <= 0, 1);
        map = (struct xen_memory_map){ .nr_entries = 64, .buffer = HC_PTR(e) };
        EQ_ROW("nobody set a map for dom0", hc_memory_op(XENMEM_memory_map, HC_PTR(&map)),
               -XEN_ENOSYS);
    } else {
        EQ(hc_memory_op(XENMEM_memory_map, HC_PTR(&map)), 0);
        EQ(hc_memory_op(XENMEM_machine_memory_map, HC_PTR(&map)), -XEN_EPERM);
    }
}

static void claims(void)
{
    const long rc = reserve(XENMEM_claim_pages, 1, 0, 0, DOMID_SELF);

    console_printf("claim for ourselves: %ld\n", rc);
    r = (struct xen_memory_reservation){ .nr_extents = 1, .domid = 77 };
    EQ(hc_memory_op(XENMEM_claim_pages, HC_PTR(&r)) < 0, 1);
    EQ(hc_memory_op(XENMEM_add_to_physmap, BAD_PTR), -XEN_EFAULT);
}

void test_main(void)
{
    reservation();
    limits();
    exchange();
    maps();
    claims();
}
