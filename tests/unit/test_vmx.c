/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VT-x: what is missing is named, state goes to the VMCS and comes back, exits go where they belong. */
#include "cm.h"

#include "base/bits.h"
#include "base/fmt.h"
#include "core/p2m.h"
#include "core/sched.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "hvm/vmcs.h"
#include "hvm/vmx.h"
#include "mem/heap.h"
#include "mem/slab.h"
#include "plat/irq.h"

/* --- The machine ------------------------------------------------------------------------------- */

#define EPTP    (0x5000 | 6 | 3 << 3 | 0x40)

struct fake_processor fp;
struct cpu_features cpu = { .phys_bits = 40 };
uint8_t *directmap;
struct frame *frame_table;
mfn_t hyp_l4_mfn = { 0x77 };
const uint8_t vmx_exit_stub[1];
static struct pcpu pcpu;
static struct tss *const fake_tss = (struct tss *)0x1234000;
static unsigned int nr_pages;
static char said[120];          /* what was called last, or the crash's text */
static jmp_buf entered;
static bool entered_launched;

struct pcpu *this_pcpu(void) { return &pcpu; }
void *heap_alloc_pages(unsigned int order)
{
    if ( order )                        /* the MSR bitmaps, which stay for good */
        return directmap + 14 * PAGE_SIZE;
    return nr_pages == 14 ? NULL : memset(directmap + nr_pages++ * PAGE_SIZE, 0, PAGE_SIZE);
}
void heap_free_pages(void *va, unsigned int order) { }
void *slab_alloc(size_t size) { return calloc(1, size); }
void slab_free(void *p) { free(p); }

struct fake_vmcs *fake_vmcs_at(paddr_t pa)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(fp.vmcs); i++ ) {
        if ( fp.vmcs[i].pa == pa || !fp.vmcs[i].pa ) {
            fp.vmcs[i].pa = pa;
            return &fp.vmcs[i];
        }
    }
    abort();
}

uint64_t *fake_msr(uint32_t msr)
{
    return (msr >> 31 ? fp.msr_high : fp.msr_low) + (msr & 0x1fff);
}

uint64_t cpu_base_cr4(void) { return CR4_PAE | CR4_MCE; }
void cpu_force_cr4(uint64_t bits) { fp.cr4 |= bits; }
void cpu_load_syscall_msrs(void) { wrmsr(MSR_LSTAR, 0xffff82d000000000); }
bool p2m_has_1g;
uint64_t p2m_dirty_bit;
paddr_t p2m_root(const struct domain *d) { return 0x5000; }
mfn_t p2m_lookup(const struct domain *d, uint64_t gfn, enum p2m_type *type) { *type = P2M_NONE; return INVALID_MFN; }

#define SAY(...) scnprintf(said, sizeof(said), __VA_ARGS__)
void domain_crash(struct domain *d, const char *fmt, ...) { SAY("crash: %s", fmt); }
void sched_yield(struct vcpu *v) { SAY("yield"); }
void irq_dispatch(uint8_t vector) { SAY("irq %#x", vector); }
uint8_t vlapic_tpr(const struct vcpu *v) { return v->hvm->vlapic.regs[8][0]; }
bool vlapic_mmio_at(const struct vcpu *v, uint64_t gpa) { return gpa == 0xfee00000 && v->hvm->vlapic.base; }
void vlapic_write(struct vcpu *v, uint32_t offset, uint32_t value) { SAY("apic %#x %#x", offset, value); }
bool hvm_virtual_irqs;
static uint32_t changes;        /* what vlapic_changes tells once */
uint32_t vlapic_changes(struct vcpu *v, uint16_t *status)
{
    const uint32_t now = changes;

    changes = v->hvm->vlapic.changed = 0;
    *status = 0x3141;
    return now;
}
void vioapic_eoi(struct domain *d, uint8_t vector) { SAY("eoi %#x", vector); }
static int nr_locked;
void spin_lock(struct lock *l) { nr_locked++; }
void spin_unlock(struct lock *l) { nr_locked--; }
static uint64_t apic_gfn;
int p2m_set(struct domain *d, uint64_t gfn, mfn_t mfn, unsigned int order, enum p2m_type type)
{
    CHECK_EQ(nr_locked, 1);
    apic_gfn = type == P2M_APIC && !order ? gfn : 0;
    return 0;
}
bool hvm_read_phys(struct domain *d, uint64_t gpa, void *dst, size_t len) { memset(dst, 0xff, len); return true; }
unsigned int hvm_code_bytes(struct vcpu *v)
{
    struct hvm_segment cs;

    vmx_backend.get_segment(v, SEG_CS, &cs);
    return cs.attr & SEG_ATTR_L ? 8 : 4;
}
void hvm_inject(struct vcpu *v, uint8_t vector, int32_t error)
{
    SAY("inject %u %d", vector, error);
    v->hvm->event = (struct hvm_event){ .vector = vector, .type = HVM_EVENT_EXCEPTION, .is_valid = true };
}
void hvm_advance(struct vcpu *v, unsigned int len) { SAY("advance %u", len); }
void hvm_exit_cpuid(struct vcpu *v, unsigned int len) { SAY("cpuid %u", len); }
void hvm_exit_hlt(struct vcpu *v, unsigned int len) { SAY("hlt %u", len); }
void hvm_exit_msr(struct vcpu *v, bool w, unsigned int len) { SAY("msr %u %u", w, len); }
void hvm_exit_cr_write(struct vcpu *v, unsigned int cr, uint64_t val, unsigned int len)
{
    SAY("cr%u %#lx %u", cr, val, len);
}
void hvm_exit_dr_access(struct vcpu *v, unsigned int len) { SAY("dr"); v->hvm->dr_loaded = true; }
void hvm_exit_xsetbv(struct vcpu *v, unsigned int len) { SAY("xsetbv %u", len); }
void hvm_exit_hypercall(struct vcpu *v, unsigned int len) { SAY("hypercall %u", len); }
void hvm_exit_page(struct vcpu *v, uint64_t gpa, bool w, bool x, bool walk)
{
    SAY("page %#lx %u%u%u", gpa, w, x, walk);
}
void hvm_exit_io(struct vcpu *v, uint16_t port, unsigned int bytes, bool w, bool s, unsigned int len)
{
    SAY("io %#x %u %u%u %u", port, bytes, w, s, len);
}
void hvm_exit_triple_fault(struct vcpu *v, unsigned int len) { SAY("triple"); }
void hvm_exit_nothing(struct vcpu *v, unsigned int len) { }
void hvm_exit_undefined(struct vcpu *v, unsigned int len) { SAY("undefined"); }
void hvm_exit_refused(struct vcpu *v, unsigned int len) { SAY("refused"); }
void vmx_enter_guest(struct vcpu *v, bool is_launched) { entered_launched = is_launched; longjmp(entered, 1); }

/* --- Fixtures ------------------------------------------------------------------------------------- */

static struct hvm_domain hd;
static struct domain dom = { .hvm = &hd };
static struct hvm_vcpu hv[2];
static struct vcpu vc[2];

/* A processor that can all that we want, and must nothing. */
static void processor(void)
{
    memset(&fp, 0, sizeof(fp));
    nr_pages = 0;
    fp.cpuid1_c = BIT(5);
    fp.cr4 = CR4_PAE | CR4_VMXE;
    fp.msr_low[MSR_FEATURE_CONTROL] = FEATURE_LOCKED | FEATURE_VMX;
    fp.msr_low[MSR_VMX_BASIC] = BIT(55) | 0x12;
    for ( unsigned int i = 0; i < 4; i++ )
        fp.msr_low[MSR_VMX_TRUE_PINBASED + i] = 0xffffffffUL << 32;
    fp.msr_low[MSR_VMX_PROCBASED2] = 0xffffffffUL << 32;
    fp.msr_low[MSR_VMX_EPT_VPID_CAP] = BIT(6) | BIT(14) | BIT(16) | BIT(20) | BIT(21) | BIT(25) | BIT(26);
    fp.msr_low[MSR_VMX_CR0_FIXED0] = 0x80000021;
    fp.msr_low[MSR_VMX_CR0_FIXED0 + 1] = 0xffffffff;
    fp.msr_low[MSR_VMX_CR0_FIXED0 + 2] = CR4_VMXE;
    fp.msr_low[MSR_VMX_CR0_FIXED0 + 3] = 0xffffffff;
}

/* Two vCPUs, the first of which runs in long mode. */
static struct vcpu *running(void)
{
    const char *missing = NULL;
    struct hvm_segment cs = { 8, 0xa9b, 0xffffffff, 0 };

    processor();
    assert_true(vmx_probe(&missing));
    CHECK_EQ(vmx_cpu_up(), 0);
    memset(hv, 0, sizeof(hv));
    pcpu = (struct pcpu){ .tss = fake_tss, .gdt_base = 0xffff82d000002000 };
    for ( unsigned int i = 0; i < 2; i++ ) {
        vc[i] = (struct vcpu){ .id = i, .hvm = &hv[i], .domain = &dom };
        hv[i].vlapic.regs = heap_alloc_page();
        CHECK_EQ(vmx_backend.vcpu_create(&vc[i]), 0);
        hv[i].cr0 = CR0_PE | CR0_PG | CR0_ET;
        hv[i].cr4 = CR4_PAE;
        hv[i].efer = EFER_LME;
        hv[i].dr_loaded = true;
        vmx_backend.update_control(&vc[i]);
        vmx_backend.set_segment(&vc[i], SEG_CS, &cs);
    }
    assert_null(fp.loaded);
    pcpu.curr = &vc[0];
    vmx_backend.switch_to(&vc[0]);
    said[0] = 0;
    return &vc[0];
}

static void done(void)
{
    pcpu.curr = NULL;
    vmx_backend.switch_from(&vc[0]);
    vmx_backend.vcpu_free(&vc[0]);
    vmx_backend.vcpu_free(&vc[1]);
}

static uint64_t *f(uint32_t field) { return &fp.loaded->field[field]; }

static void enter(struct vcpu *v)
{
    if ( !setjmp(entered) )
        vmx_backend.enter(v);
}

static void leave(struct vcpu *v, uint32_t reason, uint64_t qualification)
{
    *f(EXIT_REASON) = reason;
    *f(EXIT_QUALIFICATION) = qualification;
    *f(EXIT_INSN_LEN) = 3;
    *f(ENTRY_EVENT) = 0;
    said[0] = 0;
    vmx_exit(v);
}

/* --- Finding it ---------------------------------------------------------------------------------------- */

TEST(what_is_missing_is_named)
{
    const struct { uint32_t msr; uint64_t value; const char *says; } rows[] = {
        { MSR_FEATURE_CONTROL, FEATURE_LOCKED, "switched off in the firmware" },
        { MSR_VMX_BASIC, 0, "TRUE capability" },
        { MSR_VMX_PROCBASED2, ~(BIT(32 + 7) | 0xffffffff), "unrestricted guest" },
        { MSR_VMX_TRUE_PINBASED, ~(BIT(32 + 5) | 0xffffffff), "virtual NMIs" },
        { MSR_VMX_TRUE_PINBASED + 3, 0, "loading debug controls" },
        { MSR_VMX_EPT_VPID_CAP, BIT(6), "write-back EPT" },
    };
    const char *missing;

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        processor();
        fp.msr_low[rows[i].msr] = rows[i].value;
        missing = NULL;
        assert_false(vmx_probe(&missing));
        assert_non_null(missing);
        assert_non_null(strstr(missing, rows[i].says));
    }
    processor();
    fp.cpuid1_c = 0;
    missing = "kept";
    assert_false(vmx_probe(&missing));
    CHECK_STR(missing, "kept");
    processor();
    fp.msr_low[MSR_VMX_PROCBASED2] = (BIT(1) | BIT(7)) << 32;       /* no optional ones */
    assert_true(vmx_probe(&missing));
    CHECK_EQ(vmx_controls[CTL_PROC2], BIT(1) | BIT(7));
    CHECK_EQ(p2m_dirty_bit, 0x200);
    fp.msr_low[MSR_VMX_EPT_VPID_CAP] &= ~BIT(21);
    assert_true(vmx_probe(&missing));
    CHECK_EQ(p2m_dirty_bit, 0);
}

TEST(the_feature_register_is_locked_on_and_control_registers_are_checked)
{
    processor();
    fp.msr_low[MSR_FEATURE_CONTROL] = 0;
    CHECK_EQ(vmx_cpu_up(), 0);
    CHECK_EQ(fp.msr_low[MSR_FEATURE_CONTROL], FEATURE_LOCKED | FEATURE_VMX);
    assert_true(fp.vmx_on);
    processor();
    fp.msr_low[MSR_VMX_CR0_FIXED0 + 3] = CR4_VMXE;
    assert_int_not_equal(vmx_cpu_up(), 0);
    assert_false(fp.vmx_on);
}

/* --- State ---------------------------------------------------------------------------------------------- */

TEST(control_registers_have_what_vt_x_wants_and_shadows_what_the_guest_wrote)
{
    struct vcpu *v = running();

    assert_true(hv[0].efer & EFER_LMA);
    assert_true(*f(ENTRY_CONTROLS) & ENTRY_IA32E);
    hv[0].cr0 = CR0_CD | CR0_NW | CR0_ET;
    vmx_backend.update_control(v);
    CHECK_EQ(*f(GUEST_CR0), CR0_NE | CR0_ET);
    CHECK_EQ(*f(CR0_SHADOW), CR0_CD | CR0_NW | CR0_ET);
    CHECK_EQ(*f(GUEST_CR4), CR4_PAE | CR4_VMXE | CR4_MCE);
    CHECK_EQ(*f(CR4_SHADOW), CR4_PAE);
    CHECK_EQ(hv[0].efer, EFER_LME);
    assert_false(*f(ENTRY_CONTROLS) & ENTRY_IA32E);
    hv[0].cr0 = CR0_PE | CR0_PG;
    hv[0].efer = 0;
    hv[0].cr3 = ~0UL;
    vmx_backend.update_control(v);
    CHECK_EQ(*f(GUEST_CR3), BIT(40) - 1);
    CHECK_EQ(*f(GUEST_PDPTE(3)), 0xfffffffe19 & (BIT(40) - 1) & ~0x1e6UL);    /* no reserved bit */
    done();
}

TEST(segments_come_back_and_are_made_acceptable)
{
    const struct { enum hvm_seg seg; struct hvm_segment in, out; uint32_t access; } rows[] = {
        { SEG_CS, { 0xf000, 0x9b, 0xffff, 0xffff0000 }, { 0xf000, 0x9b, 0xffff, 0xffff0000 }, 0x9b },
        { SEG_DS, { 0x10, 0xc92, 0xffffffff, 0 }, { 0x10, 0xc93, 0xffffffff, 0 }, 0xc093 },
        { SEG_ES, { 0, 0, 0, 0 }, { 0, 1, 0, 0 }, 0x10001 },
        { SEG_SS, { 0x2b, 0x4f3, 0x12345678, 5 }, { 0x2b, 0xcf3, 0x12345fff, 5 }, 0xc0f3 },
        { SEG_TR, { 0x40, 0, 0x67, 9 }, { 0x40, 0x8b, 0x67, 9 }, 0x8b },
        { SEG_LDTR, { 0, 0x82, 0xffff, 0 }, { 0, 0x82, 0xffff, 0 }, 0x82 },
        { SEG_GDTR, { 7, 7, 0x12345, 0x1000 }, { 0, 0, 0x2345, 0x1000 }, 0 },
    };

    running();
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        for ( unsigned int n = 0; n < 2; n++ ) {        /* of the one that runs, and the paused one */
            struct hvm_segment s;

            vmx_backend.set_segment(&vc[n], rows[i].seg, &rows[i].in);
            vmx_backend.get_segment(&vc[n], rows[i].seg, &s);
            CHECK_EQ(s.sel, rows[i].out.sel);
            CHECK_EQ(s.attr, rows[i].out.attr);
            CHECK_EQ(s.limit, rows[i].out.limit);
            CHECK_EQ(s.base, rows[i].out.base);
        }
        if ( rows[i].seg < SEG_GDTR )
            CHECK_EQ(*f(GUEST_ACCESS(rows[i].seg)), rows[i].access);
    }
    done();
}

TEST(a_paused_vcpu_s_vmcs_is_put_back)
{
    struct vcpu *v = running();
    struct fake_vmcs *own = fp.loaded;

    vmx_backend.set_dr7(&vc[1], 0x1);
    assert_ptr_equal(fp.loaded, own);
    CHECK_EQ(vmx_backend.get_dr7(&vc[1]), 0x401);
    CHECK_EQ(vmx_backend.get_dr7(v), 0x400);
    assert_ptr_equal(fp.loaded, own);
    enter(v);
    assert_false(entered_launched);
    enter(v);
    assert_true(entered_launched);
    pcpu.curr = NULL;
    vmx_backend.switch_from(v);
    assert_null(fp.loaded);
    assert_false(own->is_loaded);
    pcpu.curr = v;
    vmx_backend.switch_to(v);
    enter(v);
    assert_false(entered_launched);
    done();
}

TEST(msrs_are_the_guest_s_while_it_runs)
{
    struct vcpu *v = running();
    uint64_t val;

    assert_true(vmx_backend.access_msr(v, MSR_LSTAR, &(uint64_t){ 0x1111 }, true));
    CHECK_EQ(rdmsr(MSR_LSTAR), 0x1111);
    /* Not canonical. */
    assert_true(vmx_backend.access_msr(&vc[1], MSR_LSTAR, &(uint64_t){ 0x0000900000002222 }, true));
    assert_true(vmx_backend.access_msr(&vc[1], MSR_LSTAR, &val, false));
    CHECK_EQ(val, 0xffff900000002222);
    assert_true(vmx_backend.access_msr(&vc[1], MSR_GS_BASE, &(uint64_t){ 0x33 }, true));
    assert_true(vmx_backend.access_msr(&vc[1], MSR_GS_BASE, &val, false));
    CHECK_EQ(val, 0x33);
    assert_false(vmx_backend.access_msr(v, MSR_EFER, &val, false));
    pcpu.curr = &vc[1];
    vmx_backend.switch_from(v);
    CHECK_EQ(rdmsr(MSR_LSTAR), 0xffff82d000000000);
    vmx_backend.switch_to(&vc[1]);
    CHECK_EQ(rdmsr(MSR_LSTAR), 0xffff900000002222);
    assert_true(vmx_backend.access_msr(v, MSR_LSTAR, &val, false));
    CHECK_EQ(val, 0x1111);
    vmx_backend.switch_from(&vc[1]);
    pcpu.curr = v;
    vmx_backend.switch_to(v);
    done();
}

/* --- In --------------------------------------------------------------------------------------------------- */

TEST(events_are_encoded)
{
    const struct { struct hvm_event e; uint64_t cr0; uint32_t word; } rows[] = {
        { { 0x40, HVM_EVENT_EXTINT, true, false, 0, 0 }, CR0_PE, 0x80000040 },
        { { 2, HVM_EVENT_NMI, true, false, 0, 0 }, CR0_PE, 0x80000202 },
        { { 14, HVM_EVENT_EXCEPTION, true, true, 6, 0 }, CR0_PE, 0x80000b0e },
        { { 13, HVM_EVENT_EXCEPTION, true, true, 0, 0 }, 0, 0x8000030d },      /* real mode: no error code */
        { { 0x80, HVM_EVENT_SOFT_INT, true, false, 0, 2 }, CR0_PE, 0x80000480 },
        { { 3, HVM_EVENT_SOFT_EXC, true, false, 0, 1 }, CR0_PE, 0x80000603 },
    };
    struct vcpu *v = running();

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        hv[0].cr0 = rows[i].cr0;
        hv[0].event = rows[i].e;
        *f(GUEST_INTERRUPTIBILITY) = BLOCKED_BY_NMI;
        enter(v);
        CHECK_EQ((uint32_t)*f(ENTRY_EVENT), rows[i].word);
        CHECK_EQ(hv[0].event.is_valid, false);
        CHECK_EQ(*f(GUEST_INTERRUPTIBILITY), rows[i].e.type == HVM_EVENT_NMI ? 0 : BLOCKED_BY_NMI);
        if ( rows[i].e.insn_len )
            CHECK_EQ(*f(ENTRY_INSN_LEN), rows[i].e.insn_len);
    }
    done();
}

TEST(entry_writes_what_the_processor_accepts)
{
    const struct { uint64_t rip, flags, written_rip, written_flags; bool is_gp; } rows[] = {
        { 0x1000, 0x246, 0x1000, 0x246, false },
        { 0x00007fffffffffff, 0, 0x00007fffffffffff, 2, false },
        { 0x0000800000000000, ~0UL, 0xffff800000000000, 0x3f7fd7, true },
        { 0xffffffff81000000, 2, 0xffffffff81000000, 2, false },
    };
    struct vcpu *v = running();

    pcpu.hvm_flush = true;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        said[0] = 0;
        v->regs.rip = rows[i].rip;
        v->regs.rflags = rows[i].flags;
        hv[0].cr2 = i;
        enter(v);
        CHECK_EQ(*f(GUEST_RIP), rows[i].written_rip);
        CHECK_EQ(*f(GUEST_RFLAGS), rows[i].written_flags);
        CHECK_STR(said, rows[i].is_gp ? "inject 13 0" : "");
        CHECK_EQ(fp.cr2, i);
        CHECK_EQ(fp.flushed_eptp, i ? 0 : EPTP);
        fp.flushed_eptp = 0;
    }
    hv[0].efer = 0;                     /* 32 bits: RIP wraps */
    v->regs.rip = 0x100000002;
    enter(v);
    CHECK_EQ(*f(GUEST_RIP), 2);
    done();
}

TEST(tpr_is_shared_and_its_fall_exits_only_if_something_waits)
{
    struct vcpu *v = running();

    hv[0].vlapic.regs[8][0] = 0x50;
    enter(v);
    CHECK_EQ(*f(VIRTUAL_APIC_PAGE), mfn_to_paddr(virt_to_mfn(hv[0].vlapic.regs)));
    CHECK_EQ(*f(TPR_THRESHOLD), 0);
    hv[0].irq_window = 5;
    vmx_backend.want_window(v);
    enter(v);
    CHECK_EQ(*f(TPR_THRESHOLD), 5);
    CHECK_EQ(*f(PROC_CONTROLS) & PROC_IRQ_WINDOW, 0);
    done();
}

TEST(either_all_of_the_apics_page_is_used_or_none_of_it)
{
    const struct { unsigned int lacks; uint32_t has; } rows[] = {
        { 31, 0x311 }, { 0, 0 }, { 8, 0 }, { 9, 0x101 }, { 4, 0x301 },
    };
    const char *missing;

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        processor();
        fp.msr_low[MSR_VMX_PROCBASED2] &= ~BIT(32 + rows[i].lacks);
        assert_true(vmx_probe(&missing));
        CHECK_EQ(vmx_controls[CTL_PROC2] & 0x311, rows[i].has);
        CHECK_EQ(hvm_virtual_irqs, rows[i].has >> 9);
    }
}

static void tell(uint32_t what)
{
    changes = hv[0].vlapic.changed = what;
}

TEST(the_processor_is_told_what_it_delivers)
{
    struct vcpu *v = running();
    const uint8_t *map;

    hv[0].vlapic.regs[0x18 + 2][0] = 0x11;
    hv[0].vlapic.regs[0x18 + 3][0] = 0x80000000;
    *f(GUEST_INTERRUPT_STATUS) = 0;
    enter(v);
    CHECK_EQ(*f(GUEST_INTERRUPT_STATUS), 0);    /* nothing is new */
    tell(1);
    enter(v);
    CHECK_EQ(*f(GUEST_INTERRUPT_STATUS), 0x3141);
    CHECK_EQ(*f(EOI_EXITS(1)), 0);
    tell(VLAPIC_MODE);
    enter(v);
    CHECK_EQ(*f(EOI_EXITS(0)), 0);
    CHECK_EQ(*f(EOI_EXITS(1)), 0x8000000000000011);
    CHECK_EQ(*f(PROC2_CONTROLS) & 0x311, 0x301);
    map = directmap + *f(MSR_BITMAP);
    for ( unsigned int i = 0; i < 0x100; i++ )          /* no register of the x2APIC, which would be the host's */
        CHECK_EQ(map[0x100 + i % 32] & map[0x900 + i % 32], 0xff);

    hv[0].vlapic.base = 0xfee00000 | APIC_BASE_ENABLE | APIC_BASE_X2APIC;
    tell(VLAPIC_MODE);
    enter(v);
    CHECK_EQ(*f(PROC2_CONTROLS) & 0x311, 0x310);
    map = directmap + *f(MSR_BITMAP);
    for ( unsigned int msr = 0x800; msr < 0x900; msr++ ) {
        CHECK_EQ(map[msr / 8] >> msr % 8 & 1, 1);
        CHECK_EQ(map[2048 + msr / 8] >> msr % 8 & 1, msr != 0x808 && msr != 0x80b && msr != 0x83f);
    }
    CHECK_EQ(map[3072 + 0x82 / 8] >> 0x82 % 8 & 1, 0);     /* LSTAR is the guest's as ever */

    leave(v, 45, 0x51);
    CHECK_STR(said, "");                        /* no I/O APIC */
    hd.vioapic = (struct vioapic *)&hd;
    leave(v, 45, 0x51);
    CHECK_STR(said, "eoi 0x51");
    hd.vioapic = NULL;

    hvm_virtual_irqs = false;
    tell(VLAPIC_MODE);
    enter(v);
    CHECK_EQ(changes, VLAPIC_MODE);             /* nobody asked */
    changes = 0;
    done();
}

TEST(the_apics_page_is_the_processors_and_its_writes_come_when_they_are_done)
{
    struct vcpu *v = running();

    CHECK_EQ(apic_gfn, 0xfee00);
    CHECK_EQ(*f(PROC2_CONTROLS) & 0x111, 0x101);
    CHECK_EQ(*f(APIC_ACCESS_PAGE), mfn_to_paddr(virt_to_mfn(hd.apic_page)));
    hv[0].vlapic.regs[0x38][0] = 1234;
    hv[0].vlapic.base = 0xfee00800;
    leave(v, 56, 0x380);
    CHECK_STR(said, "apic 0x380 0x4d2");
    said[0] = 0;
    hv[0].vlapic.base = 0;                  /* off, or in x2APIC mode */
    leave(v, 56, 0x380);
    CHECK_STR(said, "");
    leave(v, 44, 0x390);
    CHECK_STR(said, "page 0xfee00390 000");
    leave(v, 44, 0x1030);
    CHECK_STR(said, "page 0xfee00030 100");
    leave(v, 44, 0xf000);
    CHECK_STR(said, "page 0xfee00000 001");
    done();
}

/* --- Out ----------------------------------------------------------------------------------------------------- */

TEST(exits_go_where_they_belong)
{
    const struct { uint32_t reason; uint64_t qualification; const char *says; } rows[] = {
        { 2, 0, "triple" }, { 10, 0, "cpuid 3" }, { 12, 0, "hlt 3" }, { 13, 0, "advance 3" },
        { 15, 0, "refused" }, { 18, 0, "hypercall 3" }, { 19, 0, "undefined" }, { 27, 0, "undefined" },
        { 7, 0, "" }, { 8, 0, "" }, { 29, 0, "dr" }, { 31, 0, "msr 0 3" }, { 32, 0, "msr 1 3" },
        { 36, 0, "undefined" }, { 39, 0, "undefined" }, { 40, 0, "yield" }, { 50, 0, "undefined" },
        { 53, 0, "undefined" }, { 54, 0, "advance 3" }, { 55, 0, "xsetbv 3" }, { 59, 0, "undefined" },
        /* MOV to CR4 from RBX, to CR0 from R9; LMSW 3 */
        { 28, 0x304, "cr4 0xbbbbbbbbbbbb 3" }, { 28, 0x900, "cr0 0x99 3" }, { 28, 0x30030, "cr0 0x80000013 3" },
        /* OUT 0x3f8 of a byte; IN 0xcfc of four; REP INSW 0x1f0 */
        { 30, 0x3f80000, "io 0x3f8 1 10 3" }, { 30, 0xcfc000bUL, "io 0xcfc 4 00 3" },
        { 30, 0x1f00039, "io 0x1f0 2 01 3" },
        { 48, 0x181, "page 0xfee00300 000" }, { 48, 0x182, "page 0xfee00300 100" },
        { 48, 0x184, "page 0xfee00300 010" }, { 48, 0x081, "page 0xfee00300 001" },
        { 0x80000021, 0, "crash: %pv: VM entry failed: guest state is invalid, probably %s" },
        { 0x80000022, 1, "crash: %pv: VM entry failed: %s" },
        { 9, 0x40000018, "crash: %pv: hardware task switch to selector %#lx, which is not emulated" },
        { 3, 0, "crash: %pv: VM exit for reason %u, which was not asked for" },
        { 0xffff, 0, "crash: %pv: VM exit for reason %u, which was not asked for" },
    };
    struct vcpu *v = running();

    v->regs.rbx = 0xbbbbbbbbbbbb;
    v->regs.r9 = 0x99;
    *f(GUEST_PHYSICAL_ADDRESS) = 0xfee00300;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        leave(v, rows[i].reason, rows[i].qualification);
        CHECK_STR(said, rows[i].says);
    }
    done();
}

TEST(exceptions_and_interrupts)
{
    struct vcpu *v = running();

    *f(EXIT_EVENT) = 0x800000fb;
    leave(v, 1, 0);
    CHECK_STR(said, "irq 0xfb");
    *f(EXIT_EVENT) = 0x80000202;
    leave(v, 0, 0);
    CHECK_EQ(fp.nr_nmis, 1);
    *f(EXIT_EVENT) = 0x80000312;
    leave(v, 0, 0);
    CHECK_EQ(fp.nr_mcs, 1);
    *f(EXIT_EVENT) = 0x80000b11;
    *f(EXIT_EVENT_ERROR) = 0;
    leave(v, 0, 0);
    CHECK_STR(said, "inject 17 0");
    fp.dr[6] = DR6_DEFAULT;
    *f(EXIT_EVENT) = 0x80000301;
    *f(GUEST_DR7) = 0x2401;
    *f(GUEST_INTERRUPTIBILITY) = SHADOW_MOV_SS;
    *f(GUEST_RFLAGS) = FLAGS_TF;
    leave(v, 0, 0x4001);
    CHECK_STR(said, "inject 1 -1");
    CHECK_EQ(fp.dr[6], DR6_DEFAULT | 0x4001);
    CHECK_EQ(*f(GUEST_DR7), 0x401);
    CHECK_EQ(*f(GUEST_PENDING_DEBUG), 0x4000);
    *f(EXIT_EVENT) = 0x80000501;                /* INT1 */
    leave(v, 0, 0);
    CHECK_EQ(hv[0].event.type, 5);
    CHECK_EQ(hv[0].event.insn_len, 3);
    done();
}

TEST(an_interrupted_delivery_is_repeated)
{
    struct vcpu *v = running();

    *f(VECTORING_EVENT) = 0x80000b0e;
    *f(VECTORING_ERROR) = 2;
    leave(v, 48, 1);
    CHECK_EQ(hv[0].event.vector, 14);
    CHECK_EQ(hv[0].event.type, HVM_EVENT_EXCEPTION);
    CHECK_EQ(hv[0].event.error, 2);
    enter(v);
    CHECK_EQ((uint32_t)*f(ENTRY_EVENT), 0x80000b0e);
    CHECK_EQ(*f(ENTRY_EVENT_ERROR), 2);
    /* An IRET that faulted blocks NMIs again, unless an event was under way. */
    leave(v, 48, 0x1001);
    CHECK_EQ(*f(GUEST_INTERRUPTIBILITY), 0);
    *f(VECTORING_EVENT) = 0;
    leave(v, 48, 0x1001);
    CHECK_EQ(*f(GUEST_INTERRUPTIBILITY), BLOCKED_BY_NMI);
    CHECK_EQ(vmx_backend.blocked(v), HVM_BLOCKED_IRQ | HVM_BLOCKED_NMI);
    *f(GUEST_INTERRUPTIBILITY) = SHADOW_STI;
    v->regs.rflags = FLAGS_IF;
    CHECK_EQ(vmx_backend.blocked(v), HVM_BLOCKED_IRQ | HVM_BLOCKED_NMI);
    vmx_backend.skip_shadow(v);
    CHECK_EQ(vmx_backend.blocked(v), 0);
    done();
}

TEST(windows_are_asked_for)
{
    struct vcpu *v = running();
    const uint32_t plain = *f(PROC_CONTROLS);

    hv[0].irq_window = HVM_WINDOW_IRQ;
    hv[0].nmi_window = true;
    vmx_backend.want_window(v);
    CHECK_EQ(*f(PROC_CONTROLS) ^ plain, PROC_IRQ_WINDOW | PROC_NMI_WINDOW);
    CHECK_EQ(*f(TPR_THRESHOLD), 0);
    hv[0].nmi_window = false;
    hv[0].irq_window = 0;
    vmx_backend.want_window(v);
    CHECK_EQ(*f(PROC_CONTROLS), plain);
    hv[0].dr_loaded = true;
    enter(v);
    CHECK_EQ(*f(PROC_CONTROLS) & PROC_MOV_DR, 0);
    hv[0].dr_loaded = false;
    enter(v);
    CHECK_EQ(*f(PROC_CONTROLS) & PROC_MOV_DR, PROC_MOV_DR);
    done();
}

static int ram_init(void **state)
{
    directmap = aligned_alloc(PAGE_SIZE, 16 * PAGE_SIZE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_missing_is_named), RUN(the_feature_register_is_locked_on_and_control_registers_are_checked),
        RUN(control_registers_have_what_vt_x_wants_and_shadows_what_the_guest_wrote),
        RUN(segments_come_back_and_are_made_acceptable), RUN(a_paused_vcpu_s_vmcs_is_put_back),
        RUN(msrs_are_the_guest_s_while_it_runs), RUN(events_are_encoded),
        RUN(entry_writes_what_the_processor_accepts), RUN(tpr_is_shared_and_its_fall_exits_only_if_something_waits),
        RUN(either_all_of_the_apics_page_is_used_or_none_of_it),
        RUN(the_processor_is_told_what_it_delivers),
        RUN(the_apics_page_is_the_processors_and_its_writes_come_when_they_are_done),
        RUN(exits_go_where_they_belong), RUN(exceptions_and_interrupts), RUN(an_interrupted_delivery_is_repeated),
        RUN(windows_are_asked_for),
    };

    return cmocka_run_group_tests(tests, ram_init, NULL);
}
