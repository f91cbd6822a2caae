/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hardware guest's state as records: round trips, what the tools' first boot needs, bad fields. */
#include "cm.h"

#include "base/bits.h"
#include "base/errno.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/msr.h"
#include "cpu/regs.h"
#include "cpu/xstate.h"
#include "hvm/hvm_save.h"
#include "kern/clock.h"

#define CPUS 3      /* the last is not created */

static struct domain dom;
static struct hvm_domain hdom;
static struct vcpu vcpus[CPUS];
static struct vcpu *vcpu_list[CPUS];
static struct hvm_vcpu hvcpus[CPUS];
static uint32_t apic_pages[CPUS][256][4];
static struct hvm_segment segs[CPUS][SEG_NR];
static uint64_t msr_values[CPUS][16], dr7[CPUS];
static unsigned int nr_updates, nr_kicks, count_left;
static uint64_t deadline_left;
static struct cpu_policy policy;
static uint8_t areas[CPUS][4096] aligned_to(64);
static char last_line[256];
static uint8_t buf[65536] aligned_to(16);

struct cpu_features cpu = { .rdtscp = true };
uint64_t xstate_host_mask = 7;
uint32_t xstate_size(uint64_t xcr0) { return 832; }
void xstate_reset(void *area) { memset(area, 0, 832); }
bool xstate_xcr0_valid(uint64_t xcr0) { return (xcr0 & 1) && !(xcr0 & ~7UL); }
void xstate_import_fxsave(void *area, const uint8_t fx[512]) { xstate_reset(area); memcpy(area, fx, 416); }
void xstate_export_fxsave(const void *area, uint8_t fx[512]) { memcpy(fx, area, 512); }
uint32_t clock_tsc_khz(void) { return 2500000; }
bool guest_xcr0_valid(const struct domain *d, uint64_t xcr0) { return xstate_xcr0_valid(xcr0); }
const struct cpu_policy *guest_cpu_policy(const struct domain *d) { return &policy; }
void hvm_kick(struct vcpu *v) { nr_kicks++; }
uint32_t vlapic_read(struct vcpu *v, uint32_t offset) { CHECK_EQ(offset, 0x390); return 777; }
int vlapic_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val)
{
    *val = msr == 0x839 ? 888 : 0x123456789;
    return 0;
}
void vlapic_timer_resume(struct vcpu *v, uint32_t count, uint64_t deadline)
{
    count_left = count;
    deadline_left = deadline;
}

static unsigned int msr_slot(uint32_t msr)
{
    static const uint32_t known[] = { MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_KERNEL_GS_BASE,
                                      MSR_LSTAR, MSR_STAR, MSR_CSTAR, MSR_SFMASK };
    for ( unsigned int i = 0; i < ARRAY_SIZE(known); i++ )
        if ( known[i] == msr )
            return i;
    fail();
    return 0;
}
static void update_control(struct vcpu *v) { nr_updates++; }
static void get_segment(struct vcpu *v, enum hvm_seg s, struct hvm_segment *out) { *out = segs[v->id][s]; }
static void set_segment(struct vcpu *v, enum hvm_seg s, const struct hvm_segment *in) { segs[v->id][s] = *in; }
static bool access_msr(struct vcpu *v, uint32_t msr, uint64_t *val, bool is_write)
{
    uint64_t *const at = &msr_values[v->id][msr_slot(msr)];

    if ( is_write )
        *at = *val;
    else
        *val = *at;
    return true;
}
static uint64_t get_dr7(struct vcpu *v) { return dr7[v->id]; }
static void set_dr7(struct vcpu *v, uint64_t val) { dr7[v->id] = val; }
static const struct hvm_backend fake_backend = {
    .update_control = update_control, .get_segment = get_segment, .set_segment = set_segment,
    .access_msr = access_msr, .get_dr7 = get_dr7, .set_dr7 = set_dr7,
};
const struct hvm_backend *hvm_backend = &fake_backend;

static void sink(enum log_level level, const struct domain *guest, const char *text)
{
    last_line[0] = 0;
    strncat(last_line, text, sizeof(last_line) - 1);
}

static int setup(void **state_)
{
    log_set_sink(sink);
    last_line[0] = 0;
    memset(&policy, 0, sizeof(policy));
    policy.basic[0].a = 13;
    policy.basic[1].d = 0x078bfbff;                             /* VME to SSE2 */
    policy.basic[1].c = 1U << 26 | 1U << 17;                    /* XSAVE, PCID */
    policy.feat[0].b = 1 | 1U << 7 | 1U << 20;                  /* FSGSBASE, SMEP, SMAP */
    policy.ext[0].a = 0x80000008;
    policy.ext[1].d = 1U << 29 | 1U << 20 | 1U << 11;           /* LM, NX, SYSCALL */
    policy.ext[8].a = 39;
    memset(hvcpus, 0, sizeof(hvcpus));
    memset(vcpus, 0, sizeof(vcpus));
    memset(segs, 0, sizeof(segs));
    memset(msr_values, 0, sizeof(msr_values));
    memset(areas, 0, sizeof(areas));
    memset(&hdom, 0, sizeof(hdom));
    dom = (struct domain){ .id = 5, .max_vcpus = CPUS, .vcpu = vcpu_list, .hvm = &hdom };
    for ( unsigned int i = 0; i < CPUS; i++ ) {
        vcpus[i].id = i;
        vcpus[i].domain = &dom;
        vcpus[i].hvm = &hvcpus[i];
        vcpus[i].xsave = areas[i];
        vcpus[i].xcr0 = 1;
        hvcpus[i].vlapic.regs = apic_pages[i];
        hvcpus[i].vlapic.base = VLAPIC_DEFAULT_BASE | APIC_BASE_ENABLE;
        hvcpus[i].pat = 0x0007040600070406ULL;
        vcpu_list[i] = i < CPUS - 1 ? &vcpus[i] : NULL;
    }
    nr_updates = nr_kicks = count_left = deadline_left = 0;
    return 0;
}

struct stream {
    struct hvm_save_descriptor hd;
    struct hvm_save_header h;
    struct hvm_save_descriptor cd;
    struct hvm_hw_cpu c;
    struct hvm_save_descriptor end;
};

/* A kernel in 64-bit mode. */
static struct stream long_mode(void)
{
    struct stream s = {
        .hd = { HVM_SAVE_CODE_HEADER, 0, sizeof(s.h) },
        .h = { .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION },
        .cd = { HVM_SAVE_CODE_CPU, 0, sizeof(s.c) },
    };
    struct hvm_hw_cpu *c = &s.c;

    c->rax = 1, c->rbx = 2, c->r15 = 15, c->rsp = 0xffff888000001000, c->rip = 0xffffffff81000000;
    c->rflags = 0x246;
    c->cr0 = 0x80050033, c->cr2 = 0x1234, c->cr3 = 0x1000, c->cr4 = 0x3006f0, c->msr_efer = 0xd01;
    c->cs_sel = 0x10, c->cs_arbytes = 0xa9b, c->cs_limit = ~0U;
    c->ss_sel = 0x18, c->ss_arbytes = 0xc93, c->ss_limit = ~0U;
    c->gs_base = 0xffff88803fc00000, c->gs_arbytes = 0xc93, c->gs_limit = ~0U;
    c->tr_sel = 0x40, c->tr_arbytes = 0x8b, c->tr_limit = 0x206f, c->tr_base = 0xfffffe0000003000;
    c->gdtr_base = 0xfffffe0000001000, c->gdtr_limit = 0x7f;
    c->idtr_base = 0xfffffe0000000000, c->idtr_limit = 0xfff;
    c->msr_lstar = 0xffffffff81a00000, c->msr_star = 0x23001000000000, c->shadow_gs = 0x7f0000000000;
    c->msr_syscall_mask = 0x47700, c->msr_tsc_aux = 7, c->tsc = 1000000;
    c->dr0 = 0x400000, c->dr7 = 0x403;
    c->pending_event = 0x80000b0e, c->error_code = 2;
    c->flags = XEN_X86_FPU_INITIALISED;
    c->fpu_regs[24] = 0x80;
    return s;
}

static const struct hvm_hw_cpu *find_cpu(const uint8_t *p, uint32_t size, unsigned int i)
{
    for ( uint32_t at = 0; at < size; ) {
        const struct hvm_save_descriptor *desc = (const void *)(p + at);

        if ( desc->typecode == HVM_SAVE_CODE_CPU && desc->instance == i )
            return (const void *)(desc + 1);
        at += sizeof(*desc) + desc->length;
    }
    return NULL;
}

TEST(a_cpu_record_comes_back_as_it_was)
{
    struct stream s = long_mode();
    uint32_t size, most;
    const struct hvm_hw_cpu *c;

    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), 0);
    assert_true(hvcpus[0].is_started);
    CHECK_EQ(vcpus[0].flags, VCPUF_UP | VCPUF_INITIALISED);
    CHECK_EQ(vcpus[0].regs.rip, 0xffffffff81000000);
    CHECK_EQ(hvcpus[0].efer, 0xd01);
    CHECK_EQ(hvcpus[0].event.vector, 14);
    CHECK_EQ(hvcpus[0].event.type, HVM_EVENT_EXCEPTION);
    CHECK_EQ(hvcpus[0].event.error, 2);
    CHECK_EQ(nr_updates, 1);

    CHECK_EQ(hvm_save(&dom, NULL, &most), 0);
    size = most;
    CHECK_EQ(hvm_save(&dom, buf, &size), 0);
    assert_true(size <= most);
    c = find_cpu(buf, size, 0);
    assert_non_null(c);
    assert_true(c->tsc >= 1000000 && c->tsc < 1000000 + (1UL << 40));
    s.c.tsc = c->tsc;
    s.c.dr6 = DR6_DEFAULT;
    assert_memory_equal(c, &s.c, sizeof(s.c));
    assert_null(find_cpu(buf, size, 1));        /* never started */

    size = 100;
    CHECK_EQ(hvm_save(&dom, buf, &size), -XEN_ENOSPC);
}

TEST(the_domain_builders_first_context_is_taken)
{
    /* 32-bit flat, as PVH begins: nearly all is zero. */
    struct stream s = long_mode();

    memset(&s.c, 0, sizeof(s.c));
    s.c.cr0 = 0x11;
    s.c.rbx = 0x5000, s.c.rip = 0x1000200;
    s.c.cs_limit = s.c.ds_limit = s.c.es_limit = s.c.ss_limit = ~0U;
    s.c.cs_arbytes = 0xc9b;
    s.c.ds_arbytes = s.c.es_arbytes = s.c.ss_arbytes = 0xc93;
    s.c.tr_limit = 0x67, s.c.tr_arbytes = 0x8b;
    hvcpus[0].tsc_offset = 77;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), 0);
    CHECK_EQ(vcpus[0].regs.rflags, 2);
    CHECK_EQ(hvcpus[0].tsc_offset, 77);
    CHECK_EQ(dr7[0], 0x400);
    CHECK_EQ(segs[0][SEG_CS].attr, 0xc9b);
    CHECK_EQ(segs[0][SEG_TR].limit, 0x67);
}

TEST(bad_fields_are_named)
{
    static const struct {
        size_t offset;
        uint64_t val;
        uint8_t bytes;
        const char *name;
    } bad[] = {
#define F(f, v, n) { offsetof(struct hvm_hw_cpu, f), v, sizeof(((struct hvm_hw_cpu *)0)->f), n }
        F(cr0, 0x80050032, "CR0"), F(cr0, 0x180050033, "CR0"), F(cr0, 0xa0050033, "CR0"), F(cr0, 0x33, "EFER"),
        F(cr4, 0x6d0, "CR4"), F(cr4, 0x3026f0, "CR4"), F(cr4, ~0ULL, "CR4"), F(cr4, 0x4006f0, "CR4"),
        F(msr_efer, 0x501 | 0x1000, "EFER"), F(msr_efer, 0x101, "EFER"), F(msr_efer, 0x400, "EFER"),
        F(cr3, 1ULL << 39, "CR3"), F(cr3, ~0ULL, "CR3"),
        F(rip, 0x800000000000, "RIP"), F(rflags, 0x20246, "RFLAGS"), F(rflags, 1ULL << 32, "RFLAGS"),
        F(rflags, 0x8246, "RFLAGS"),
        F(msr_tsc_aux, 1ULL << 32, "TSC_AUX"),
        F(msr_lstar, 1ULL << 63, "msr_lstar"), F(shadow_gs, 1ULL << 47, "shadow_gs"),
        F(sysenter_eip, 1ULL << 47, "sysenter_eip"),
        F(cs_arbytes, 0xe9b, "CS"), F(cs_arbytes, 0xa93 | 0x60, "CS"),
        F(cs_arbytes, 0xa91, "CS"), F(cs_arbytes, 0xa8b, "CS"), F(cs_arbytes, 0xafb, "CS"),
        F(cs_arbytes, 0x2a9b, "CS"), F(cs_arbytes, 0xa0b, "CS"), F(cs_base, 1ULL << 32, "CS"), F(cs_sel, 0x10000, "CS"),
        F(ss_arbytes, 0xc9b, "SS"), F(ss_arbytes, 0xc92, "SS"), F(ds_arbytes, 0xc99, "DS"),
        F(gs_base, 1ULL << 47, "GS"), F(gs_limit, 0xfff00000, "GS"), F(gs_arbytes, 0x493, "GS"),
        F(tr_arbytes, 0x83, "TR"), F(tr_arbytes, 0, "TR"), F(tr_sel, 0x44, "TR"), F(ldtr_arbytes, 0x8b, "LDTR"),
        F(gdtr_limit, 0x10000, "GDTR"), F(idtr_base, 1ULL << 63, "IDTR"),
        F(pending_event, 0x80000120, "pending_event"), F(pending_event, 0x80000203, "pending_event"),
        F(pending_event, 0x80000320, "pending_event"), F(pending_event, 0x80000820, "pending_event"),
#undef F
    };

    for ( size_t i = 0; i < ARRAY_SIZE(bad); i++ ) {
        struct stream s = long_mode();
        char want[64] = "bad ";

        memcpy((uint8_t *)&s.c + bad[i].offset, &bad[i].val, bad[i].bytes);
        last_line[0] = 0;
        strcat(strcat(want, bad[i].name), " (");
        CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
        if ( !strstr(last_line, want) )
            fail_msg("row %zu: %s", i, last_line);
        assert_false(hvcpus[0].is_started);
        CHECK_EQ(nr_updates, 0);
    }
}

TEST(virtual_8086_mode_has_its_own_segments)
{
    struct stream s = long_mode();
    struct hvm_hw_cpu *c = &s.c;

    c->msr_efer = 0, c->cr0 = 0x11, c->cr4 = 0, c->rip = 0x100, c->rflags = 0x20202;
    c->gs_base = 0, c->gdtr_base = c->idtr_base = 0, c->tr_base = 0;
    c->cs_sel = 0x1000, c->cs_base = 0x10000;
    c->ss_sel = 0;
    c->cs_arbytes = c->ds_arbytes = c->es_arbytes = c->fs_arbytes = c->gs_arbytes = c->ss_arbytes = 0xf3;
    c->cs_limit = c->ds_limit = c->es_limit = c->fs_limit = c->gs_limit = c->ss_limit = 0xffff;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), 0);
    c->cs_base = 0x20000;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
}

TEST(damaged_streams_are_refused)
{
    struct stream s = long_mode();

    for ( uint32_t n = 0; n < sizeof(s); n++ )
        CHECK_EQ(hvm_load(&dom, &s, n), -XEN_EINVAL);
    s.h.magic++;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    s = long_mode();
    s.hd.typecode = HVM_SAVE_CODE_CPU;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    s = long_mode();
    s.cd.instance = 2;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    s.cd.instance = 0xffff;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    s = long_mode();
    s.cd.length = ~0U;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    s.cd.length = sizeof(s.c) - 8;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    s.cd.typecode = 21;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
}

TEST(random_streams_hurt_nothing)
{
    static uint8_t damaged[65536] aligned_to(16);
    struct stream s = long_mode();
    uint64_t seed = 99;
    uint32_t size;

    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), 0);
    hvcpus[1].is_started = true;
    size = sizeof(buf);
    CHECK_EQ(hvm_save(&dom, buf, &size), 0);
    CHECK_EQ(hvm_load(&dom, buf, size), -XEN_EINVAL);   /* number 1 has no CS */
    hvcpus[1].is_started = false;
    size = sizeof(buf);
    CHECK_EQ(hvm_save(&dom, buf, &size), 0);
    CHECK_EQ(hvm_load(&dom, buf, size), 0);
    for ( unsigned int n = 0; n < 20000; n++ ) {
        memcpy(damaged, buf, size);
        for ( unsigned int k = next_random(&seed) % 4; k < 4; k++ )
            damaged[next_random(&seed) % size] = next_random(&seed);
        (void)!hvm_load(&dom, damaged, size);
    }
}

TEST(the_local_apic_comes_back)
{
    struct vlapic *a = &hvcpus[1].vlapic;
    uint32_t size = sizeof(buf);
    struct hvm_hw_lapic l;

    a->regs[2][0] = 2 << 24;
    a->regs[0x3e0 / 16][0] = 0xb;
    a->regs[0xf0 / 16][0] = 0x1ff;
    a->regs[0x320 / 16][0] = 0x200ef;
    a->regs[0x380 / 16][0] = 12345;
    a->regs[0x200 / 16][0] = 0x50003, a->regs[0x170 / 16][0] = 1U << 31, a->regs[0x1a0 / 16][0] = 1;
    CHECK_EQ(hvm_save(&dom, buf, &size), 0);
    memset(a->regs, 0, PAGE_SIZE);
    a->regs[2][0] = 2 << 24;
    CHECK_EQ(hvm_load(&dom, buf, size), 0);
    CHECK_EQ(a->regs[0x3e0 / 16][0], 0xb);
    CHECK_EQ(a->regs[0x200 / 16][0], 0x50000);      /* vectors below 16 cannot be */
    CHECK_EQ(a->regs[0x170 / 16][0], 1U << 31);
    CHECK_EQ(a->regs[0x1a0 / 16][0], 1);
    CHECK_EQ(a->regs[2][0], 2 << 24);
    CHECK_EQ(a->regs[0x380 / 16][0], 12345);
    CHECK_EQ(count_left, 777);
    CHECK_EQ(deadline_left, 0x123456789);

    size = sizeof(l);
    CHECK_EQ(hvm_save_one(&dom, HVM_SAVE_CODE_LAPIC, 1, &l, &size), 0);
    CHECK_EQ(l.apic_base_msr, VLAPIC_DEFAULT_BASE | APIC_BASE_ENABLE);
    CHECK_EQ(hvm_save_one(&dom, HVM_SAVE_CODE_LAPIC, 2, &l, &size), -XEN_ENOENT);
    CHECK_EQ(hvm_save_one(&dom, HVM_SAVE_CODE_RTC, 0, &l, &size), -XEN_ENOENT);
    CHECK_EQ(hvm_save_one(&dom, HVM_SAVE_CODE_VMCE_VCPU, 0, &l, &size), -XEN_ENOENT);
    size = 8;
    CHECK_EQ(hvm_save_one(&dom, HVM_SAVE_CODE_LAPIC, 1, &l, &size), -XEN_ENOSPC);
    CHECK_EQ(hvm_save_one(&dom, HVM_SAVE_CODE_CPU, 0, NULL, &size), 0);
    CHECK_EQ(size, sizeof(struct hvm_hw_cpu));
}

TEST(memory_types_are_taken_when_pat_is_legal)
{
    struct {
        struct hvm_save_descriptor hd;
        struct hvm_save_header h;
        struct hvm_save_descriptor md;
        struct hvm_hw_mtrr m;
        struct hvm_save_descriptor end;
    } s = {
        .hd = { HVM_SAVE_CODE_HEADER, 0, sizeof(s.h) },
        .h = { .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION },
        .md = { HVM_SAVE_CODE_MTRR, 1, sizeof(s.m) },
        .m = { .msr_pat_cr = 0x0007040600070406ULL, .msr_mtrr_def_type = 0xc06, .msr_mtrr_fixed = { [10] = 6 },
               .msr_mtrr_var = { [15] = 0x800 } },
    };

    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), 0);
    CHECK_EQ(hvcpus[1].mtrr_def, 0xc06);
    CHECK_EQ(hvcpus[1].mtrr_fixed[10], 6);
    CHECK_EQ(hvcpus[1].mtrr_phys[15], 0x800);
    s.m.msr_pat_cr = 0x0007040600070402ULL;
    CHECK_EQ(hvm_load(&dom, &s, sizeof(s)), -XEN_EINVAL);
    assert_non_null(strstr(last_line, "bad PAT"));
}

#define T(name) cmocka_unit_test_setup(name, setup)
TESTS(T(a_cpu_record_comes_back_as_it_was), T(the_domain_builders_first_context_is_taken),
      T(bad_fields_are_named), T(virtual_8086_mode_has_its_own_segments), T(damaged_streams_are_refused),
      T(random_streams_hurt_nothing), T(the_local_apic_comes_back),
      T(memory_types_are_taken_when_pat_is_legal))
