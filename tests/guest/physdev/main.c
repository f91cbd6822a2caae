/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domU: no
 *
 * physdev_op of the control domain: PIRQ queries and bad interrupt numbers.
 * The real Xen refuses numbers beyond the domain's PIRQs with -EINVAL.
 */
#include "test.h"
#include <xenabi/physdev.h>

static long map_gsi(int gsi, int pirq, int *out)
{
    struct physdev_map_pirq op = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = gsi, .pirq = pirq,
    };
    const long rc = hc_physdev_op(PHYSDEVOP_map_pirq, HC_PTR(&op));

    *out = op.pirq;
    return rc;
}

void test_main(void)
{
    struct physdev_irq_status_query q = { .irq = 9 };
    struct physdev_eoi eoi = { .irq = ~0u };
    struct physdev_unmap_pirq un = { .domid = DOMID_SELF, .pirq = -1 };
    int pirq;

    if ( !guest_is_dom0() )
        test_skip("needs the control domain");
    EQ(hc_physdev_op(PHYSDEVOP_irq_status_query, HC_PTR(&q)), 0);
    q.irq = ~0u;
    EQ(hc_physdev_op(PHYSDEVOP_irq_status_query, HC_PTR(&q)), -XEN_EINVAL);
    EQ(hc_physdev_op(PHYSDEVOP_eoi, HC_PTR(&eoi)), -XEN_EINVAL);
    EQ(hc_physdev_op(PHYSDEVOP_eoi, BAD_PTR), -XEN_EFAULT);

    EQ_ROW("GSI 20", map_gsi(20, 20, &pirq), 0);
    EQ(pirq, 20);
    struct evtchn_bind_pirq { uint32_t pirq, flags, port; } bind = { .pirq = 20 };

    EQ(event_op(2, &bind), 0);
    EQ_ROW("bound twice", event_op(2, &bind) < 0, 1);
    EQ(event_close(bind.port), 0);
    un.pirq = 20;
    EQ(hc_physdev_op(PHYSDEVOP_unmap_pirq, HC_PTR(&un)), 0);
    EQ_ROW("unmapped twice", hc_physdev_op(PHYSDEVOP_unmap_pirq, HC_PTR(&un)) < 0, 1);
    EQ_ROW("GSI beyond", map_gsi(100000, -1, &pirq) < 0, 1);
    EQ_ROW("negative GSI", map_gsi(-5, -1, &pirq) < 0, 1);
    EQ_ROW("PIRQ beyond", map_gsi(21, 100000, &pirq) < 0, 1);
    un.pirq = 100000;
    EQ(hc_physdev_op(PHYSDEVOP_unmap_pirq, HC_PTR(&un)) < 0, 1);
    un.pirq = -1;
    EQ(hc_physdev_op(PHYSDEVOP_unmap_pirq, HC_PTR(&un)) < 0, 1);

    struct physdev_apic apic = { .apic_physbase = 0xfec00000, .reg = 1 };

    EQ(hc_physdev_op(PHYSDEVOP_apic_read, HC_PTR(&apic)), 0);
    CHECK(apic.value != 0 && apic.value != ~0u);
    apic.apic_physbase = 0x12345000;
    EQ(hc_physdev_op(PHYSDEVOP_apic_read, HC_PTR(&apic)) < 0, 1);
    EQ(hc_physdev_op(PHYSDEVOP_map_pirq, BAD_PTR), -XEN_EFAULT);
}
