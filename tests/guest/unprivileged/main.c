/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an unprivileged domain may not do to the control domain or the host:
 * every call is refused, mostly with -EPERM or -ESRCH on the real Xen, and
 * changes nothing.
 */
#include "test.h"
#include <guest/grant.h>
#include <xenabi/domctl.h>
#include <xenabi/event_channel.h>
#include <xenabi/memory.h>
#include <xenabi/physdev.h>
#include <xenabi/platform.h>
#include <xenabi/sched.h>
#include <xenabi/sysctl.h>

#define REFUSED(call) EQ_ROW(#call, (call) < 0, 1)

static void control(void)
{
    static const uint32_t domctls[] = {
        XEN_DOMCTL_createdomain, XEN_DOMCTL_destroydomain, XEN_DOMCTL_pausedomain,
        XEN_DOMCTL_unpausedomain, XEN_DOMCTL_getdomaininfo, XEN_DOMCTL_setvcpucontext,
        XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_max_mem, XEN_DOMCTL_iomem_permission,
        XEN_DOMCTL_ioport_permission,
    };
    static struct xen_domctl d;
    static struct xen_sysctl s = { .interface_version = XEN_SYSCTL_INTERFACE_VERSION };
    static struct xen_platform_op p = { .interface_version = XENPF_INTERFACE_VERSION };

    for ( unsigned int i = 0; i < ARRAY_SIZE(domctls); i++ ) {
        d = (struct xen_domctl){ .cmd = domctls[i], .domain = 0,
                                 .interface_version = XEN_DOMCTL_INTERFACE_VERSION };
        REFUSED(hc_domctl(HC_PTR(&d)));
        d.domain = test_domid();
        REFUSED(hc_domctl(HC_PTR(&d)));
    }
    for ( s.cmd = 1; s.cmd < 30; s.cmd++ )
        REFUSED(hc_sysctl(HC_PTR(&s)));
    for ( p.cmd = 1; p.cmd < 70; p.cmd++ )
        REFUSED(hc_platform_op(HC_PTR(&p)));
    REFUSED(hc_kexec_op(0, HC_PTR(&p)));
    struct sched_remote_shutdown r = { .domain_id = 0, .reason = SHUTDOWN_crash };

    REFUSED(hc_sched_op(SCHEDOP_remote_shutdown, HC_PTR(&r)));
}

static void memory(void)
{
    char *page = mem_alloc_page();
    uint64_t ext = mem_va_to_mfn(page);
    struct xen_memory_reservation r = { .extent_start = HC_PTR(&ext), .nr_extents = 1 };
    struct xen_memory_domain d = { .domid = 0 };
    struct mmu_update u;
    unsigned int taken = 0;

    EQ(hc_memory_op(XENMEM_decrease_reservation, HC_PTR(&r)) <= 0, 1);
    EQ(hc_memory_op(XENMEM_populate_physmap, HC_PTR(&r)) <= 0, 1);
    REFUSED(hc_memory_op(XENMEM_claim_pages, HC_PTR(&r)));
    REFUSED(hc_memory_op(XENMEM_current_reservation, HC_PTR(&d)));

    /* Frames all over the machine, as our own and as dom0's. */
    EQ(mem_map(0x10000000000ul, ext, PTE_RW_PAGE), 0);
    u.ptr = mem_entry_maddr(mem_entry(mem_root(), 0x10000000000ul, 1));
    for ( uint64_t mfn = 0; mfn < 0x40000; mfn += 251 ) {
        if ( mem_mfn_to_pfn(mfn) != ~0ul )
            continue;
        u.val = mem_make_pte(mfn, PTE_RO_PAGE);
        taken += hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF) == 0;
        taken += hc_mmu_update(HC_PTR(&u), 1, 0, 0) == 0;
        taken += hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_IO) == 0;
        taken += hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_XEN) == 0;
    }
    EQ_ROW("frames of others", taken, 0);
    u.val = mem_make_pte(0xfee00, PTE_RW_PAGE);
    REFUSED(hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF));
    u.val = mem_make_pte(0xb8, PTE_RW_PAGE);
    REFUSED(hc_mmu_update(HC_PTR(&u), 1, 0, DOMID_SELF));
}

static void devices(void)
{
    struct physdev_set_iopl iopl = { .iopl = 3 };
    struct physdev_map_pirq map = { .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 4,
                                    .pirq = 4 };
    struct physdev_apic apic = { .apic_physbase = 0xfec00000, .reg = 1 };
    uint64_t ex;
    uint32_t value;

    hc_physdev_op(PHYSDEVOP_set_iopl, HC_PTR(&iopl));
    /* The keyboard's status: a fault, or all ones. */
    asm volatile ( "1: inb %%dx, %%al\n mov %%eax, %%ecx\n xor %%eax, %%eax\n2:\n"
                   ".pushsection .extable, \"a\"\n .quad 1b, 2b\n .popsection"
                   : "=a" (ex), "=c" (value) : "d" (0x64), "0" (0ul) : "memory" );
    EQ_ROW("a port, even with IOPL 3", ex == TRAP_SEEN(TRAP_GP, 0) || (value & 0xff) == 0xff, 1);
    REFUSED(hc_physdev_op(PHYSDEVOP_map_pirq, HC_PTR(&map)));
    REFUSED(hc_physdev_op(PHYSDEVOP_apic_read, HC_PTR(&apic)));
    REFUSED(hc_physdev_op(PHYSDEVOP_apic_write, HC_PTR(&apic)));
    REFUSED(hc_console_io(CONSOLEIO_read, 1, HC_PTR(&ex)));
}

static void events_and_grants(void)
{
    struct evtchn_status st = { .dom = 0, .port = 1 };
    struct evtchn_reset reset = { .dom = 0 };
    struct gnttab_query_size q = { .dom = 0 };
    struct gnttab_setup_table t = { .dom = 0, .nr_frames = 1 };

    REFUSED(event_alloc_unbound(0, test_domid()));
    REFUSED(event_op(EVTCHNOP_status, &st));
    REFUSED(event_op(EVTCHNOP_reset, &reset));
    for ( uint32_t port = 1; port < 200; port++ )
        EQ_ROW("a port of dom0's", event_bind_interdomain(0, port) < 0, 1);
    EQ_ROW("size of dom0's table", hc_grant_table_op(GNTTABOP_query_size, HC_PTR(&q), 1) ||
           q.status, 1);
    EQ_ROW("dom0's table", hc_grant_table_op(GNTTABOP_setup_table, HC_PTR(&t), 1) || t.status, 1);
    for ( uint32_t ref = 0; ref < 64; ref++ ) {
        uint32_t h;

        EQ_ROW("a grant of dom0's", grant_map(0, ref, 0x10000000000ul, GNTMAP_host_map, &h) < 0, 1);
    }
}

void test_main(void)
{
    if ( guest_is_dom0() )
        test_skip("for unprivileged domains");
    control();
    memory();
    devices();
    events_and_grants();
}
