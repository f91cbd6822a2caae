/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PV page tables against a reference: random guests change, pin, switch and give away their
 * tables, with preemption anywhere, and after each step all references and types are counted
 * anew from the tables' contents.  That count is the model: it knows the rule of
 * pv_pagetype.c's first comment and nothing of how it is kept.
 */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "core/guest_access.h"
#include "core/guest_ops.h"
#include "core/page.h"
#include "core/preempt.h"
#include "cpu/cpu.h"
#include "mem/paging.h"
#include "pv/pv_mm.h"
#include "world.h"

#define NR_RAM      48
#define NR_STEPS    6000
#define IO_MFN      (1UL << 20)
#define HYP_ENTRY   0xdead000UL     /* what the hypervisor's slots hold: no entry of the guest's */

struct cpu_features cpu = { .phys_bits = 40 };
struct domain *dom_io, *dom_xen;

static mfn_t ram[2][NR_RAM];
static uint64_t seed;
static struct { uint64_t arg[6]; bool set; } cont;

/* What pv_mmu.c and pv_pagetype.c call.  Guest addresses are host addresses. */
bool guest_range_ok(guest_ptr_t va, uint64_t len) { return va < 1UL << 47; }
bool copy_from_guest(void *dst, guest_ptr_t src, size_t len) { return src && memcpy(dst, (void *)src, len); }
bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len) { return dst && memcpy((void *)dst, src, len); }
void tlb_flush_local(void) { }
void tlb_flush_one_cpus(const uint64_t *cpus, uint64_t va) { }
void tlb_init(void) { }
uint64_t pv_ldt_drop(struct vcpu *v) { return 0; }
void pv_load_ldt(struct vcpu *v) { }
uint32_t tlb_epoch;
struct domain *frame_domain(const struct frame *f) { return fake.dom[f->owner]; }
void cont_set_arg(struct vcpu *v, unsigned int i, uint64_t value)
{
    cont.arg[i] = value;
    cont.set = true;
}
void paging_init_l4(uint64_t *l4, mfn_t perdomain)
{
    for ( unsigned int i = L4_HYP_FIRST; i <= L4_HYP_LAST; i++ )
        l4[i] = HYP_ENTRY | PTE_P;
}

static void teardown_frame(struct domain *d, struct frame *f) { pt_teardown_later(d, f); }

/* --- The model ------------------------------------------------------------------ */

static uint32_t want_refs[FAKE_FRAMES], want_types[FAKE_FRAMES];

static bool is_table(const struct frame *f) { return f->type >= FT_L1 && f->type <= FT_L4; }

static void count_entry(const struct frame *table, unsigned int i, uint64_t e)
{
    const uint64_t mfn = pte_mfn(e).n;
    const struct frame *f = mfn_to_frame(MFN(mfn));

    if ( !(e & PTE_P) || (table->type == FT_L4 && i >= L4_HYP_FIRST && i <= L4_HYP_LAST) )
        return;
    assert_true(e & PTE_US);
    assert_false(e & PTE_G);
    if ( table->type == FT_L1 ) {
        if ( !mfn_valid(MFN(mfn)) ) {
            assert_int_equal(table->owner, 0);
            return;
        }
        if ( e & PTE_RW ) {
            assert_int_equal(f->type, FT_WRITABLE);
            want_types[mfn]++;
        }
        assert_true(f->owner == table->owner || table->owner == 0);
    } else {
        assert_false(e & PTE_PSE);
        assert_true(mfn_valid(MFN(mfn)));
        assert_int_equal(f->owner, table->owner);
        assert_int_equal(f->type, table->type - 1);
        want_types[mfn]++;
    }
    want_refs[mfn]++;
}

static void count_table(const struct frame *f)
{
    const uint64_t *t = frame_map(frame_to_mfn(f));
    unsigned int n = 0;

    if ( !is_table(f) )
        return;
    if ( f->flags & FF_PARTIAL ) {
        assert_int_equal(f->type_refs, 0);
        assert_true(f->partial_idx <= 512);
        n = f->partial_idx;
    } else if ( f->type_refs ) {
        assert_true(f->flags & FF_VALIDATED);
        n = 512;
        if ( f->type == FT_L4 )
            assert_int_equal(t[L4_HYP_FIRST], HYP_ENTRY | PTE_P);
    }
    for ( unsigned int i = 0; i < n; i++ )
        count_entry(f, i, t[i]);
}

static void count_base(uint64_t cr3)
{
    const uint64_t mfn = cr3 >> PAGE_SHIFT;

    if ( !mfn )
        return;
    assert_int_equal(mfn_to_frame(MFN(mfn))->type, FT_L4);
    want_refs[mfn]++;
    want_types[mfn]++;
}

static void check_all(void)
{
    memset(want_refs, 0, sizeof(want_refs));
    memset(want_types, 0, sizeof(want_types));
    for ( uint64_t m = 0; m < FAKE_FRAMES; m++ ) {
        const struct frame *f = mfn_to_frame(MFN(m));

        if ( f->owner > 1 )
            continue;
        want_refs[m] += !!(f->flags & (FF_ALLOCATED | FF_XENHEAP)) + !!(f->flags & FF_PINNED) + !!f->aux;
        want_types[m] += !!(f->flags & FF_PINNED);
        count_table(f);
    }
    for ( unsigned int d = 0; d < 2; d++ ) {
        for ( unsigned int v = 0; fake.dom[d] && v < FAKE_VCPUS; v++ ) {
            count_base(fake.dom[d]->vcpu[v]->pv.kernel_cr3);
            count_base(fake.dom[d]->vcpu[v]->pv.user_cr3);
        }
    }
    for ( uint64_t m = 0; m < FAKE_FRAMES; m++ ) {
        const struct frame *f = mfn_to_frame(MFN(m));

        if ( f->owner > 1 )
            continue;
        if ( f->refs != want_refs[m] || f->type_refs != want_types[m] )
            fail_msg("frame %lu of d%u: %u refs, counted %u; type %u: %u, counted %u; flags %#x", m,
                     f->owner, f->refs, want_refs[m], f->type, f->type_refs, want_types[m], f->flags);
    }
}

/* --- Random guests ----------------------------------------------------------------- */

static uint64_t rnd(uint64_t n) { return next_random(&seed) % n; }

/* Frames are meant for a level by their number, so that trees come about; sometimes not. */
static unsigned int level_of(unsigned int i)
{
    return i < 3 ? 4 : i < 6 ? 3 : i < 11 ? 2 : i < 20 ? 1 : 0;
}

static mfn_t pick(unsigned int d, unsigned int level)
{
    static const uint8_t first[] = { 20, 11, 6, 3, 0 }, nr[] = { NR_RAM - 20, 9, 5, 3, 3 };

    return ram[d][rnd(10) == 0 ? rnd(NR_RAM) : first[level] + rnd(nr[level])];
}

static unsigned int random_index(void)
{
    static const uint16_t odd[] = { 255, 256, 260, 271, 272, 511 };

    return rnd(8) == 0 ? odd[rnd(ARRAY_SIZE(odd))] : rnd(12);
}

/* An entry for a table of @level. */
static uint64_t random_entry(unsigned int d, unsigned int level)
{
    uint64_t e = PTE_P | (rnd(2) ? PTE_RW : 0) | (rnd(2) ? PTE_US : 0) | (rnd(4) ? 0 : PTE_G) |
                 (rnd(4) ? 0 : PTE_A) | (rnd(16) ? 0 : PTE_PSE) | (rnd(16) ? 0 : PTE_PWT);

    switch ( rnd(24) ) {
    case 0: return 0;
    case 1: return next_random(&seed);
    case 2: return e | IO_MFN << PAGE_SHIFT;
    case 3: return e | rnd(FAKE_FRAMES) << PAGE_SHIFT;
    case 4: return e & ~PTE_P;
    default: return e | mfn_to_paddr(pick(d, level > 1 ? level - 1 : rnd(3) ? 0 : rnd(5)));
    }
}

/* Plain stores, as through a writable mapping that came and went: not to what is a table. */
static void guest_store(unsigned int d)
{
    const unsigned int i = rnd(NR_RAM), level = level_of(i);
    struct frame *f = mfn_to_frame(ram[d][i]);

    if ( f->flags & FF_PARTIAL || (f->type_refs && f->type != FT_WRITABLE) )
        return;
    for ( unsigned int n = rnd(8); n; n-- )
        ((uint64_t *)frame_map(ram[d][i]))[random_index()] = rnd(8) ? random_entry(d, level) : 0;
    if ( rnd(4) == 0 )
        memset(frame_map(ram[d][i]), 0, PAGE_SIZE);
}

/* Repeat a preempted call as the guest would; now and then it never comes back to it. */
static void repeat(long (*fn)(uint64_t, uint64_t, uint64_t, uint64_t), void *reqs, uint64_t nr, uint64_t foreign)
{
    uint64_t a = (uint64_t)reqs;
    uint32_t done = 0;

    for ( ; ; ) {
        long rc;

        cont.set = false;
        fake.preempt_in = rnd(3) ? -1 : (int)rnd(12);
        rc = fn(a, nr, (uint64_t)&done, foreign);
        check_all();
        if ( rc != -XEN_ERESTART || rnd(12) == 0 )
            return;
        assert_true(cont.set);
        a = cont.arg[0];
        nr = cont.arg[1];
    }
}

static void do_update(unsigned int d)
{
    const unsigned int nr = 1 + rnd(6);
    struct mmu_update u[6];
    unsigned int of = d, frames = d;
    uint64_t foreign = DOMID_SELF;

    if ( d == 0 && rnd(4) == 0 ) {
        frames = 1;
        foreign = 1;
        if ( rnd(2) ) {
            of = 1;
            foreign |= 2 << 16;
        }
    } else if ( rnd(16) == 0 ) {
        foreign = rnd(2) ? DOMID_IO : 1 - d;
    }
    for ( unsigned int i = 0; i < nr; i++ ) {
        const unsigned int level = rnd(5);

        u[i].ptr = (mfn_to_paddr(pick(of, level)) + random_index() * 8) | (rnd(4) ? 0 : rnd(4));
        u[i].val = random_entry(frames, level);
        if ( (u[i].ptr & 7) == MMU_MACHPHYS_UPDATE )
            u[i].val = rnd(1000);
    }
    repeat(pv_mmu_update, u, nr, foreign);
}

static void do_mmuext(unsigned int d)
{
    static const uint8_t cmds[] = {
        MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE,
        MMUEXT_UNPIN_TABLE, MMUEXT_UNPIN_TABLE, MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR,
        MMUEXT_CLEAR_PAGE, MMUEXT_COPY_PAGE,
    };
    const unsigned int nr = 1 + rnd(3);
    struct mmuext_op ops[3] = { 0 };

    for ( unsigned int i = 0; i < nr; i++ ) {
        const unsigned int c = rnd(ARRAY_SIZE(cmds));

        ops[i].cmd = cmds[c];
        ops[i].arg1.mfn = pick(d, c < 4 ? c + 1 : c == 6 || c == 7 ? 4 : rnd(5)).n;
        ops[i].arg2.src_mfn = pick(d, rnd(5)).n;
        if ( cmds[c] == MMUEXT_NEW_USER_BASEPTR && rnd(3) == 0 )
            ops[i].arg1.mfn = 0;
    }
    repeat(pv_mmuext_op, ops, nr, DOMID_SELF);
}

static void do_va(unsigned int d)
{
    uint64_t va = 0;

    if ( !current->pv.kernel_cr3 )
        return;
    for ( unsigned int i = 0; i < 4; i++ )
        va = va << 9 | rnd(12);
    (void)!pv_update_va_mapping(va << PAGE_SHIFT, random_entry(d, 1), 0);
    check_all();
}

static bool teardown_some(struct domain *d)
{
    bool done;

    spin_lock(&d->mm_lock);
    done = pt_teardown_some(d);
    spin_unlock(&d->mm_lock);
    return done;
}

/* Give a frame back as decrease_reservation does, and take another for it. */
static void do_exchange(unsigned int d)
{
    const unsigned int i = rnd(NR_RAM);
    struct domain *dom = fake.dom[d];
    struct frame *f = mfn_to_frame(ram[d][i]);

    spin_lock(&dom->mm_lock);
    if ( f->owner == d && !(f->flags & FF_PINNED) )
        (void)!page_drop_allocation(dom, f);
    spin_unlock(&dom->mm_lock);
    check_all();
    if ( f->owner != d || !(f->flags & FF_ALLOCATED) )
        ram[d][i] = fake_ram(d);
}

static void step(void)
{
    const unsigned int d = rnd(3) == 0 ? 0 : 1;

    fake_run(d, rnd(FAKE_VCPUS));
    fake.preempt_in = -1;
    switch ( rnd(16) ) {
    case 0 ... 3: guest_store(d); break;
    case 4 ... 9: do_update(d); break;
    case 10 ... 12: do_mmuext(d); break;
    case 13: do_va(d); break;
    case 14: do_exchange(d); break;
    default:
        fake.preempt_in = rnd(6);
        teardown_some(fake.dom[d]);
        check_all();
        break;
    }
}

/* --- Life -------------------------------------------------------------------------------- */

/* What pv_relinquish does, with the model looking after each step. */
static void relinquish(unsigned int i)
{
    struct domain *d = fake.dom[i];

    for ( unsigned int v = 0; v < FAKE_VCPUS; v++ ) {
        uint64_t *base[] = { &d->vcpu[v]->pv.kernel_cr3, &d->vcpu[v]->pv.user_cr3 };

        for ( unsigned int b = 0; b < 2; b++ ) {
            const uint64_t old = *base[b];

            *base[b] = 0;
            fake.preempt_in = rnd(6);
            spin_lock(&d->mm_lock);
            if ( old )
                pt_put(d, paddr_to_mfn(old));
            spin_unlock(&d->mm_lock);
            check_all();
        }
    }
    spin_lock(&d->mm_lock);
    for ( uint32_t m = d->page_list; m != FRAME_NIL; ) {
        struct frame *f = mfn_to_frame(MFN(m));
        const bool pinned = f->flags & FF_PINNED;

        f->flags &= ~FF_PINNED;
        fake.preempt_in = rnd(6);
        if ( pinned )
            pt_type_put(d, f);
        if ( (f->flags & FF_PARTIAL) && f->type_refs == 0 )
            pt_teardown_later(d, f);
        m = f->next;
        if ( pinned )
            page_put(d, f);
    }
    spin_unlock(&d->mm_lock);
    check_all();
    do {
        fake.preempt_in = rnd(6);
    } while ( !teardown_some(d) );
    fake.preempt_in = -1;
    check_all();
}

static void world_up(uint64_t s)
{
    static const struct guest_ops ops = { .teardown_frame = teardown_frame };
    static struct domain io = { .id = DOMID_IO }, xen = { .id = DOMID_XEN };
    static struct range iomem[4];

    fake_init();
    seed = s * 0x9e3779b97f4a7c15UL + 1;
    dom_io = &io;
    dom_xen = &xen;
    atomic_set(&io.refs, 1);
    atomic_set(&xen.refs, 1);
    mfn_to_frame(MFN(0))->owner = DOMID_IO;
    for ( unsigned int d = 0; d < 2; d++ ) {
        fake.dom[d]->teardown = FRAME_NIL;
        fake.dom[d]->ops = &ops;
        for ( unsigned int i = 0; i < NR_RAM; i++ )
            ram[d][i] = fake_ram(d);
    }
    fake.dom[0]->iomem = (struct rangeset){ iomem, 0, ARRAY_SIZE(iomem), NULL };
    CHECK_EQ(rangeset_add(&fake.dom[0]->iomem, IO_MFN, IO_MFN), 0);
    CHECK_EQ(rangeset_add(&fake.dom[0]->iomem, 0, 0), 0);
}

static void world_down(void)
{
    relinquish(0);          /* it maps frames of the other */
    relinquish(1);
    for ( unsigned int d = 0; d < 2; d++ )
        for ( unsigned int i = 0; i < NR_RAM; i++ )
            assert_int_equal(mfn_to_frame(ram[d][i])->type_refs, 0);
    fake_exit();            /* fails on any frame that is not back */
}

TEST(counts_hold_after_every_step_of_random_guests)
{
    unsigned int nr_tables[FT_L4 + 1] = { 0 };

    for ( unsigned int s = 1; s <= 12; s++ ) {
        world_up(s);
        for ( unsigned int i = 0; i < NR_STEPS; i++ ) {
            step();
            check_all();
            for ( unsigned int n = 0; n < NR_RAM; n++ )
                if ( mfn_to_frame(ram[1][n])->type_refs && mfn_to_frame(ram[1][n])->type <= FT_L4 )
                    nr_tables[mfn_to_frame(ram[1][n])->type]++;
        }
        world_down();
    }
    /* A walk that never gets far would prove little. */
    for ( unsigned int type = FT_L1; type <= FT_L4; type++ )
        assert_true(nr_tables[type] > NR_STEPS);
}

/* A tree: L4 - L3 - 2 L2 - 4 L1 with a writable mapping each; the L4's number. */
static mfn_t tree(unsigned int d)
{
    for ( unsigned int i = 0; i < 4; i++ ) {
        uint64_t *l1 = frame_map(ram[d][11 + i]), *l2 = frame_map(ram[d][6 + i / 2]);

        l1[i] = mfn_to_paddr(ram[d][20 + i]) | PTE_P | PTE_RW;
        l2[i] = mfn_to_paddr(ram[d][11 + i]) | PTE_P | PTE_RW;
    }
    for ( unsigned int i = 0; i < 2; i++ )
        ((uint64_t *)frame_map(ram[d][3]))[i] = mfn_to_paddr(ram[d][6 + i]) | PTE_P | PTE_RW;
    ((uint64_t *)frame_map(ram[d][0]))[5] = mfn_to_paddr(ram[d][3]) | PTE_P | PTE_RW;
    return ram[d][0];
}

TEST(pin_that_is_preempted_at_every_point_gets_done)
{
    mfn_t l4;
    int rc;

    world_up(1);
    l4 = tree(1);
    for ( int at = 0; at < 16; at++ ) {
        unsigned int tries = 0;

        do {
            fake.preempt_in = tries ? (int)rnd(3) : at;
            rc = pv_pin(fake.dom[1], l4, FT_L4);
            check_all();
            assert_true(++tries < 20);
        } while ( rc == -XEN_ERESTART );
        CHECK_EQ(rc, 0);
        CHECK_EQ(mfn_to_frame(ram[1][11])->type, FT_L1);
        CHECK_EQ(mfn_to_frame(ram[1][20])->type_refs, 1);
        spin_lock(&fake.dom[1]->mm_lock);
        mfn_to_frame(l4)->flags &= ~FF_PINNED;
        fake.preempt_in = at;
        pt_put(fake.dom[1], l4);
        spin_unlock(&fake.dom[1]->mm_lock);
        check_all();
        do {
            fake.preempt_in = 0;
        } while ( !teardown_some(fake.dom[1]) );
        check_all();
        CHECK_EQ(mfn_to_frame(ram[1][20])->type_refs, 0);
        CHECK_EQ(mfn_to_frame(ram[1][20])->refs, 1);
    }
    world_down();
}

TEST(domain_that_dies_within_a_validation_gives_all_back)
{
    for ( int at = 0; at < 10; at++ ) {
        world_up(at + 1);
        fake.preempt_in = at;
        (void)!pv_pin(fake.dom[1], tree(1), FT_L4);
        check_all();
        world_down();
    }
}

TEST(frame_given_back_within_a_validation_is_not_lost)
{
    for ( int at = 0; at < 10; at++ ) {
        world_up(at + 1);
        fake.preempt_in = at;
        (void)!pv_pin(fake.dom[1], tree(1), FT_L4);
        fake.preempt_in = -1;
        for ( unsigned int i = 0; i < 20; i++ ) {
            struct frame *f = mfn_to_frame(ram[1][i]);

            if ( f->flags & FF_PINNED )
                continue;
            spin_lock(&fake.dom[1]->mm_lock);
            assert_true(page_drop_allocation(fake.dom[1], f));
            spin_unlock(&fake.dom[1]->mm_lock);
            check_all();
            ram[1][i] = fake_ram(1);
        }
        world_down();
    }
}

TESTS(RUN(counts_hold_after_every_step_of_random_guests),
      RUN(pin_that_is_preempted_at_every_point_gets_done),
      RUN(domain_that_dies_within_a_validation_gives_all_back),
      RUN(frame_given_back_within_a_validation_is_not_lost))
