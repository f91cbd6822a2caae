/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pirqs: mapping, binding, EOI and teardown, on a fake interrupt controller that counts. */
#include "cm.h"

#include <xenabi/physdev.h>

#include "base/errno.h"
#include "core/evtchn.h"
#include "core/page.h"
#include "core/pirq.h"
#include "core/vcpu.h"
#include "mem/slab.h"
#include "plat/irq.h"
#include "plat/pci.h"

#define NR_GSI  24
#define NR_IRQS 64

static struct {
    irq_handler_fn *fn;
    void *arg;
    bool  masked, waits;
    unsigned int cpu;
} irqs[NR_IRQS];
static struct { bool live, masked; uint32_t irq; struct pci_sbdf sbdf; unsigned int entry; } msis[8];
static unsigned int nr_slabs, nr_pages, nr_sent, last_port;
static int msi_result;
static uint64_t page[512];

/* The fake machine. */

unsigned int irq_nr_gsi(void) { return NR_GSI; }
bool irq_is_level(unsigned int irq) { return irq >= 16 && irq < NR_GSI; }
void irq_gsi_mode(unsigned int gsi, bool *l, bool *low) { *l = *low = irq_is_level(gsi); }
void irq_mask(unsigned int irq) { irqs[irq].masked = true; }
void irq_unmask(unsigned int irq) { irqs[irq].masked = irqs[irq].waits = false; }
void irq_done(unsigned int irq) { irqs[irq].waits = false; }
void irq_free(unsigned int irq) { irqs[irq].fn = NULL; }
int irq_request_gsi(unsigned int gsi, bool level, bool low, irq_handler_fn *fn, void *arg, unsigned int cpu)
{
    if ( irqs[gsi].fn )
        return -XEN_EBUSY;
    irqs[gsi].fn = fn;
    irqs[gsi].arg = arg;
    irqs[gsi].cpu = cpu;
    irqs[gsi].masked = irqs[gsi].waits = false;
    return 0;
}
int irq_alloc_msi(irq_handler_fn *fn, void *arg, unsigned int cpu, struct msi_msg *msg)
{
    for ( unsigned int irq = NR_GSI; irq < NR_IRQS; irq++ ) {
        if ( !irqs[irq].fn ) {
            irqs[irq].fn = fn;
            irqs[irq].arg = arg;
            *msg = (struct msi_msg){ 0xfee00000, irq };
            return irq;
        }
    }
    return -XEN_ENOSPC;
}
int irq_set_cpu(unsigned int irq, unsigned int cpu, struct msi_msg *msg)
{
    irqs[irq].cpu = cpu;
    *msg = (struct msi_msg){ 0xfee00000 | cpu << 12, irq };
    return 0;
}
int msi_setup(struct pci_sbdf d, unsigned int entry, paddr_t base, const struct msi_msg *msg, struct msi_desc **out)
{
    if ( msi_result )
        return msi_result;
    for ( unsigned int i = 0; i < 8; i++ ) {
        if ( !msis[i].live ) {
            msis[i].live = msis[i].masked = true;
            msis[i].irq = msg->data;
            msis[i].sbdf = d;
            msis[i].entry = entry;
            *out = (void *)&msis[i];
            return 0;
        }
    }
    return -XEN_ENOSPC;
}
#define FAKE_MSI(m) (msis[((char *)(m) - (char *)msis) / sizeof(msis[0])])
void msi_teardown(struct msi_desc *m) { FAKE_MSI(m).live = false; }
void msi_write(struct msi_desc *m, const struct msi_msg *msg) { }
void msi_mask(struct msi_desc *m) { FAKE_MSI(m).masked = true; }
void msi_unmask(struct msi_desc *m) { FAKE_MSI(m).masked = false; }
void evtchn_send_pirq(struct domain *d, evtchn_port_t port) { nr_sent++; last_port = port; }
bool page_hold(struct domain *d, mfn_t mfn, bool writable) { nr_pages += mfn.n == 5; return mfn.n == 5; }
void page_unhold(struct domain *d, mfn_t mfn, bool writable) { nr_pages--; }
uint8_t *directmap;
void *slab_alloc(size_t size) { nr_slabs++; return calloc(1, size); }
void slab_free(void *p) { nr_slabs -= !!p; free(p); }
void spin_lock(struct lock *l) { assert_int_equal(l->owner, 0); l->owner = 1; }
void spin_unlock(struct lock *l) { assert_int_equal(l->owner, 1); l->owner = 0; }

/* What the controller does when the line fires; false: it could not. */
static bool fire(unsigned int irq)
{
    if ( !irqs[irq].fn || irqs[irq].masked || irqs[irq].waits )
        return false;
    irqs[irq].waits = irqs[irq].fn(irqs[irq].arg) && irq_is_level(irq);
    return true;
}

static struct domain dom_control, dom_user;
static struct vcpu vcpu0 = { .processor = 3 }, *vcpus[1] = { &vcpu0 };

static int setup(void **state)
{
    memset(irqs, 0, sizeof(irqs));
    memset(msis, 0, sizeof(msis));
    memset(page, 0, sizeof(page));
    directmap = (uint8_t *)page - 5 * PAGE_SIZE;
    nr_slabs = nr_pages = nr_sent = last_port = 0;
    msi_result = 0;
    dom_control = (struct domain){ .is_privileged = true, .max_vcpus = 1, .vcpu = vcpus };
    dom_user = (struct domain){ .id = 1, .max_vcpus = 1, .vcpu = vcpus };
    rangeset_init(&dom_user.irqs, NULL);
    return 0;
}

static int teardown(void **state)
{
    pirq_destroy_domain(&dom_control);
    pirq_destroy_domain(&dom_user);
    assert_int_equal(nr_slabs, 0);
    assert_int_equal(nr_pages, 0);
    for ( unsigned int i = 0; i < NR_IRQS; i++ )
        assert_null(irqs[i].fn);
    for ( unsigned int i = 0; i < 8; i++ )
        assert_false(msis[i].live);
    return 0;
}

static int map_gsi(struct domain *d, int gsi, int number)
{
    struct physdev_map_pirq a = { .type = MAP_PIRQ_TYPE_GSI, .index = gsi, .pirq = number };
    const int rc = pirq_map(d, &a);

    return rc ? rc : a.pirq;
}

static int map_msi(struct domain *d, int type, int bus, uint64_t table, int entry)
{
    struct physdev_map_pirq a = { .type = type, .index = -1, .pirq = -1, .bus = bus, .devfn = 8,
                                  .table_base = table, .entry_nr = entry };
    const int rc = pirq_map(d, &a);

    return rc ? rc : a.pirq;
}

static int bind(struct domain *d, uint32_t number, evtchn_port_t port)
{
    int rc;

    spin_lock(&d->evtchn_lock);
    rc = pirq_bind(d, number, port);
    spin_unlock(&d->evtchn_lock);
    return rc;
}

static void unbind(struct domain *d, uint32_t number, evtchn_port_t port)
{
    spin_lock(&d->evtchn_lock);
    pirq_unbind(d, number, port);
    spin_unlock(&d->evtchn_lock);
}

TEST(mapping_knows_its_limits)
{
    static const struct { int gsi, pirq, result; } rows[] = {
        { 4, 4, 4 }, { 4, 4, 4 }, { 5, -1, 5 }, { 23, 23, 23 }, { 24, 24, -XEN_EINVAL },
        { -1, 3, -XEN_EINVAL }, { 6, NR_PIRQS, -XEN_EINVAL }, { 6, NR_PIRQS - 1, NR_PIRQS - 1 },
        { 6, 4, -XEN_EEXIST }, { 0x7fffffff, 1, -XEN_EINVAL }, { 6, 0x7fffffff, -XEN_EINVAL },
    };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
        CHECK_EQ(map_gsi(&dom_control, rows[i].gsi, rows[i].pirq), rows[i].result);
}

TEST(a_guest_maps_only_what_it_was_given)
{
    static struct range storage[2];

    CHECK_EQ(map_gsi(&dom_user, 17, 17), -XEN_EPERM);
    dom_user.irqs = (struct rangeset){ storage, 0, 2, NULL };
    CHECK_EQ(rangeset_add(&dom_user.irqs, 17, 17), 0);
    CHECK_EQ(map_gsi(&dom_user, 17, 17), 17);
    CHECK_EQ(bind(&dom_user, 17, 9), 0);
    CHECK_EQ(bind(&dom_control, 17, 3), -XEN_EBUSY);
    CHECK_EQ(bind(&dom_user, 18, 9), -XEN_EINVAL);
}

TEST(level_line_waits_for_the_eoi)
{
    CHECK_EQ(map_gsi(&dom_control, 18, 18), 18);
    CHECK_EQ(bind(&dom_control, 18, 7), 0);
    CHECK_EQ(irqs[18].cpu, 3);
    assert_true(pirq_needs_eoi(&dom_control, 18));
    assert_true(fire(18));
    CHECK_EQ(last_port, 7);
    assert_false(fire(18));
    CHECK_EQ(pirq_eoi(&dom_control, 18), 0);
    assert_true(fire(18));
    CHECK_EQ(nr_sent, 2);
}

TEST(edge_line_does_not)
{
    CHECK_EQ(bind(&dom_control, 8, 7), 0);      /* dom0 need not map first */
    assert_false(pirq_needs_eoi(&dom_control, 8));
    assert_true(fire(8));
    assert_true(fire(8));
    CHECK_EQ(nr_sent, 2);
}

TEST(binding_twice_fails_and_rebinding_works)
{
    CHECK_EQ(bind(&dom_control, 18, 7), 0);
    CHECK_EQ(bind(&dom_control, 18, 8), -XEN_EEXIST);
    assert_true(fire(18));
    unbind(&dom_control, 18, 9);                /* not the port it has */
    CHECK_EQ(irqs[18].masked, false);
    unbind(&dom_control, 18, 7);
    assert_false(fire(18));
    CHECK_EQ(bind(&dom_control, 18, 8), 0);     /* the lost EOI does not matter */
    assert_true(fire(18));
    CHECK_EQ(last_port, 8);
}

TEST(an_interrupt_that_races_with_unbind_masks_itself)
{
    CHECK_EQ(bind(&dom_control, 18, 7), 0);
    unbind(&dom_control, 18, 7);
    irqs[18].masked = false;
    assert_true(fire(18));
    CHECK_EQ(nr_sent, 0);
    assert_true(irqs[18].masked);
}

TEST(msi_is_masked_until_bound)
{
    const int number = map_msi(&dom_control, MAP_PIRQ_TYPE_MSI_SEG, 1 << 16 | 2, 0xfe000000, 3);

    CHECK_EQ(number, NR_PIRQS - 1);
    CHECK_EQ(msis[0].sbdf.segment, 1);
    CHECK_EQ(msis[0].sbdf.bus, 2);
    CHECK_EQ(msis[0].entry, 3);
    assert_true(msis[0].masked);
    CHECK_EQ(bind(&dom_control, number, 5), 0);
    assert_false(msis[0].masked);
    assert_false(pirq_needs_eoi(&dom_control, number));
    assert_true(fire(msis[0].irq));
    assert_true(fire(msis[0].irq));
    CHECK_EQ(nr_sent, 2);
    CHECK_EQ(pirq_unmap(&dom_control, number), 0);
    assert_false(msis[0].live);
    CHECK_EQ(pirq_unmap(&dom_control, number), -XEN_EINVAL);
    CHECK_EQ(map_msi(&dom_control, MAP_PIRQ_TYPE_MSI, 0, 0, 0), NR_PIRQS - 1);
}

TEST(failed_msi_setup_leaves_nothing)
{
    msi_result = -XEN_ENODEV;
    CHECK_EQ(map_msi(&dom_control, MAP_PIRQ_TYPE_MSI_SEG, 0, 0, 0), -XEN_ENODEV);
    assert_null(irqs[NR_GSI].fn);
    msi_result = 0;
    CHECK_EQ(map_msi(&dom_control, MAP_PIRQ_TYPE_MSI_SEG, 0, 0, 0), NR_PIRQS - 1);
}

TEST(several_vectors_are_refused_with_the_number_that_works)
{
    struct physdev_map_pirq a = { .type = MAP_PIRQ_TYPE_MULTI_MSI, .pirq = -1, .entry_nr = 4 };

    CHECK_EQ(pirq_map(&dom_control, &a), -XEN_EOPNOTSUPP);
    CHECK_EQ(a.entry_nr, 1);
    CHECK_EQ(pirq_map(&dom_control, &a), 0);
    a.type = MAP_PIRQ_TYPE_UNKNOWN;
    CHECK_EQ(pirq_map(&dom_control, &a), -XEN_EINVAL);
}

TEST(eoi_map_tells_level_lines)
{
    CHECK_EQ(bind(&dom_control, 18, 7), 0);
    CHECK_EQ(pirq_set_eoi_map(&dom_control, 6), -XEN_EINVAL);
    CHECK_EQ(pirq_set_eoi_map(&dom_control, 5), 0);
    CHECK_EQ(pirq_set_eoi_map(&dom_control, 5), -XEN_EBUSY);
    CHECK_EQ(nr_pages, 1);
    CHECK_EQ(page[0], 1UL << 18);
    CHECK_EQ(bind(&dom_control, 19, 8), 0);
    CHECK_EQ(bind(&dom_control, 3, 9), 0);
    CHECK_EQ(page[0], 3UL << 18);
    unbind(&dom_control, 18, 7);
    CHECK_EQ(page[0], 1UL << 19);
    CHECK_EQ(pirq_eoi(&dom_control, 19), 0);
}

TEST(eoi_of_nothing_is_an_error)
{
    static const uint32_t numbers[] = { 0, 18, NR_PIRQS - 1, NR_PIRQS, ~0U };

    for ( size_t i = 0; i < 5; i++ )
        CHECK_EQ(pirq_eoi(&dom_user, numbers[i]), -XEN_EINVAL);
    CHECK_EQ(pirq_unmap(&dom_user, -1), -XEN_EINVAL);
    CHECK_EQ(pirq_unmap(&dom_user, NR_PIRQS), -XEN_EINVAL);
}

TEST(a_number_can_be_mapped_once)
{
    struct physdev_map_pirq a = { .type = MAP_PIRQ_TYPE_MSI, .pirq = NR_PIRQS - 1 };

    CHECK_EQ(pirq_map(&dom_control, &a), 0);
    CHECK_EQ(pirq_map(&dom_control, &a), -XEN_EEXIST);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

TESTS(ROW(mapping_knows_its_limits), ROW(a_guest_maps_only_what_it_was_given),
      ROW(level_line_waits_for_the_eoi), ROW(edge_line_does_not),
      ROW(binding_twice_fails_and_rebinding_works),
      ROW(an_interrupt_that_races_with_unbind_masks_itself), ROW(msi_is_masked_until_bound),
      ROW(failed_msi_setup_leaves_nothing),
      ROW(several_vectors_are_refused_with_the_number_that_works), ROW(eoi_map_tells_level_lines),
      ROW(eoi_of_nothing_is_an_error), ROW(a_number_can_be_mapped_once))
