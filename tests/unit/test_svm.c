/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AMD-V: what is missing is named, events go in by the right way and are given again, exits go where they belong. */
#include "cm.h"

#include "base/bits.h"
#include "base/fmt.h"
#include "core/p2m.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "cpu/pcpu.h"
#include "cpu/regs.h"
#include "hvm/svm.h"
#include "mem/heap.h"
#include "mem/slab.h"

/* --- The machine ------------------------------------------------------------------------------- */

#define NR_PAGES        16
#define NPT_ROOT        0x5000
#define NRIP            BIT(3)
#define FLUSH_BY_ASID   BIT(6)

struct fake_processor fp;
uint8_t *directmap;
struct frame *frame_table;
bool p2m_has_1g;
static struct pcpu pcpu;
static unsigned int nr_pages = 1;   /* 0 is no address */
static char said[160];          /* what was called last, or the crash's text */
static jmp_buf entered;
static paddr_t entered_vmcb, entered_host;
static uint8_t code[16];

struct pcpu *this_pcpu(void) { return &pcpu; }
void *heap_alloc_pages(unsigned int order)
{
    uint8_t *p = directmap + nr_pages * PAGE_SIZE;

    nr_pages += 1 << order;
    return nr_pages > NR_PAGES ? NULL : memset(p, 0, PAGE_SIZE << order);
}
void heap_free_pages(void *va, unsigned int order) { }
void *slab_alloc(size_t size) { return calloc(1, size); }
void slab_free(void *p) { free(p); }
uint64_t *fake_msr(uint32_t msr)
{
    return msr == MSR_EFER ? &fp.efer : msr == MSR_VM_CR ? &fp.vm_cr : &fp.hsave;
}
paddr_t p2m_root(const struct domain *d) { return NPT_ROOT; }

#define SAY(...) scnprintf(said, sizeof(said), __VA_ARGS__)
/* Whose text is an argument: that. */
void domain_crash(struct domain *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)va_arg(ap, struct vcpu *);
    SAY("crash: %s", strstr(fmt, "%s") ? va_arg(ap, const char *) : fmt);
    va_end(ap);
}
uint8_t vlapic_tpr(const struct vcpu *v) { return v->hvm->vlapic.regs[8][0]; }
void vlapic_set_tpr(struct vcpu *v, uint8_t tpr) { v->hvm->vlapic.regs[8][0] = tpr; }
bool hvm_fetch_insn(struct vcpu *v, uint8_t *bytes, unsigned int max)
{
    memcpy(bytes, code, max);
    return true;
}
unsigned int hvm_code_bytes(struct vcpu *v) { return 8; }
void hvm_inject(struct vcpu *v, uint8_t vector, int32_t error) { SAY("inject %u %d", vector, error); }
void hvm_advance(struct vcpu *v, unsigned int len) { SAY("advance %u", len); }
void hvm_exit_cpuid(struct vcpu *v, unsigned int len) { SAY("cpuid %u", len); }
void hvm_exit_hlt(struct vcpu *v, unsigned int len) { SAY("hlt %u", len); }
void hvm_exit_msr(struct vcpu *v, bool w, unsigned int len) { SAY("msr %u %u", w, len); }
void hvm_exit_cr_write(struct vcpu *v, unsigned int cr, uint64_t val, unsigned int len)
{
    SAY("cr%u %#lx %u", cr, val, len);
}
void hvm_exit_dr_access(struct vcpu *v, unsigned int len) { SAY("dr"); }
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
void svm_run(struct vcpu *v, paddr_t vmcb_pa, paddr_t host_vmcb_pa)
{
    entered_vmcb = vmcb_pa;
    entered_host = host_vmcb_pa;
    longjmp(entered, 1);
}

/* --- Fixtures ------------------------------------------------------------------------------------- */

static struct domain dom;
static struct hvm_vcpu h;
static struct vcpu vc;
static struct vmcb *vmcb;
static uint32_t apic[64][4];

/* A processor that has all that we use. */
static void processor(void)
{
    fp = (struct fake_processor){ .ext_c = BIT(2), .ext_d = BIT(26), .svm_d = BIT(0) | NRIP | FLUSH_BY_ASID };
}

/* A vCPU that has just left its guest, where nothing is blocked. */
static struct vcpu *running(void)
{
    const char *missing;

    processor();
    assert_true(svm_probe(&missing));
    h = (struct hvm_vcpu){ .vlapic.regs = apic };
    memset(apic, 0, sizeof(apic));
    pcpu = (struct pcpu){ .curr = &vc };
    vc = (struct vcpu){ .hvm = &h, .domain = &dom, .regs = { .rip = 0x1000, .rflags = FLAGS_IF | FLAGS_MBS } };
    CHECK_EQ(svm_cpu_up(), 0);
    CHECK_EQ(svm_backend.vcpu_create(&vc), 0);
    vmcb = ((struct svm_vcpu *)h.backend)->vmcb;
    svm_backend.switch_to(&vc);
    return &vc;
}

static void done(void)
{
    svm_backend.vcpu_free(&vc);
    nr_pages = 9;                       /* the bitmaps stay */
}

static void enter(struct vcpu *v)
{
    if ( !setjmp(entered) )
        svm_backend.enter(v);
}

/* The guest ran, took its virtual interrupt if it was asked to and could, and left. */
static void leave(struct vcpu *v, uint64_t exit_code, bool takes_irq)
{
    if ( takes_irq )
        vmcb->vintr &= ~SVM_VINTR_IRQ;
    vmcb->exit_code = exit_code;
    vmcb->next_rip = vmcb->rip + 4;
    said[0] = 0;
    svm_exit(v);
}

static void give(uint8_t type, uint8_t vector)
{
    h.event = (struct hvm_event){ .vector = vector, .type = type, .is_valid = true };
}

static void ask(uint8_t irq, bool nmi)
{
    h.irq_window = irq;
    h.nmi_window = nmi;
    svm_backend.want_window(&vc);
}

#define VECTOR(vintr)   ((uint8_t)((vintr) >> 32))

/* --- Finding it ---------------------------------------------------------------------------------------- */

TEST(what_is_missing_is_named)
{
    const char *missing = "kept";

    processor();
    fp.ext_c = 0;
    assert_false(svm_probe(&missing));
    CHECK_STR(missing, "kept");
    processor();
    fp.vm_cr = VM_CR_SVMDIS;
    assert_false(svm_probe(&missing));
    assert_non_null(strstr(missing, "switched off in the firmware"));
    processor();
    fp.svm_d = 0;
    assert_false(svm_probe(&missing));
    assert_non_null(strstr(missing, "nested paging"));
    processor();
    assert_true(svm_probe(&missing));
    assert_true(p2m_has_1g);
    fp.ext_d = 0;
    assert_true(svm_probe(&missing));
    assert_false(p2m_has_1g);
}

TEST(it_is_switched_on_and_the_guest_reaches_its_own_msrs_alone)
{
    const struct { uint32_t msr; unsigned int bits; } rows[] = {
        { MSR_STAR, 0 }, { MSR_LSTAR, 0 }, { MSR_GS_BASE, 0 }, { MSR_KERNEL_GS_BASE, 0 }, { MSR_SYSENTER_EIP, 0 },
        { MSR_EFER, 3 }, { MSR_TSC, 3 }, { MSR_APIC_BASE, 3 }, { MSR_VM_HSAVE_PA, 3 },
    };
    struct vcpu *v = running();
    const uint8_t *msrpm = directmap + vmcb->msrpm, *iopm = directmap + vmcb->iopm;

    assert_true(fp.efer & EFER_SVME);
    assert_true(fp.hsave && fp.saved && fp.hsave != fp.saved);
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        const unsigned int base = rows[i].msr >= 0xc0010000 ? 0x1000 : rows[i].msr >= 0xc0000000 ? 0x800 : 0;
        const unsigned int bit = (rows[i].msr & 0x1fff) * 2;

        CHECK_EQ(msrpm[base + bit / 8] >> bit % 8 & 3, rows[i].bits);
    }
    for ( unsigned int i = 0; i < 0x2001; i++ )
        CHECK_EQ(iopm[i], 0xff);
    assert_true(vmcb->asid != 0);       /* the host's */
    CHECK_EQ(vmcb->ncr3, NPT_ROOT);
    enter(v);
    CHECK_EQ(entered_vmcb, mfn_to_paddr(virt_to_mfn(vmcb)));
    CHECK_EQ(entered_host, fp.saved);
    done();
}

/* --- Events ----------------------------------------------------------------------------------------------- */

TEST(an_interrupt_is_given_as_a_virtual_one)
{
    struct vcpu *v = running();

    leave(v, SVM_EXIT_HLT, false);
    give(HVM_EVENT_EXTINT, 0x51);
    enter(v);
    CHECK_EQ(vmcb->vintr & SVM_VINTR_NOW, SVM_VINTR_NOW);
    CHECK_EQ(VECTOR(vmcb->vintr), 0x51);
    CHECK_EQ(vmcb->event_inj, 0);
    assert_false(h.event.is_valid);
    CHECK_EQ(vmcb->clean, SVM_CLEAN_ALL & ~SVM_CLEAN_TPR);
    assert_false(vmcb->intercept1 & SVM_I1_VINTR);
    leave(v, SVM_EXIT_HLT, true);       /* taken: that is all */
    assert_false(h.event.is_valid);
    enter(v);
    assert_false(vmcb->vintr & SVM_VINTR_IRQ);
    CHECK_EQ(vmcb->event_inj, 0);
    CHECK_EQ(vmcb->clean, SVM_CLEAN_ALL);
    done();
}

TEST(an_interrupt_that_was_not_taken_is_given_again)
{
    struct vcpu *v = running();

    give(HVM_EVENT_EXTINT, 0x51);
    enter(v);
    leave(v, SVM_EXIT_INTR, false);     /* one of the host's came first */
    CHECK_EQ(fp.nr_windows, 1);
    assert_true(h.event.is_valid);
    CHECK_EQ(h.event.type, HVM_EVENT_EXTINT);
    CHECK_EQ(h.event.vector, 0x51);
    assert_false(vmcb->vintr & SVM_VINTR_IRQ);
    enter(v);
    assert_true(vmcb->vintr & SVM_VINTR_IRQ);
    CHECK_EQ(VECTOR(vmcb->vintr), 0x51);
    /* Taken, but its delivery met a page that is not there. */
    vmcb->exit_int_info = HVM_EVENT_VALID | 0x51;
    leave(v, SVM_EXIT_NPF, true);
    assert_true(h.event.is_valid);
    enter(v);
    assert_true(vmcb->vintr & SVM_VINTR_IRQ);
    CHECK_EQ(VECTOR(vmcb->vintr), 0x51);
    done();
}

TEST(an_interrupt_beside_a_window_is_injected)
{
    struct vcpu *v = running();

    ask(HVM_WINDOW_IRQ, false);
    give(HVM_EVENT_EXTINT, 0x51);
    enter(v);
    CHECK_EQ(vmcb->event_inj, HVM_EVENT_VALID | 0x51);
    assert_true(vmcb->intercept1 & SVM_I1_VINTR);
    leave(v, SVM_EXIT_VINTR, false);    /* what stands in V_IRQ is the window, no interrupt */
    assert_false(h.event.is_valid);
    CHECK_EQ(vmcb->event_inj, 0);
    done();
}

TEST(other_events_are_injected)
{
    struct vcpu *v = running();

    h.event = (struct hvm_event){ .vector = 14, .type = HVM_EVENT_EXCEPTION, .is_valid = true, .has_error = true,
                                  .error = 0x12345 };
    enter(v);
    CHECK_EQ(vmcb->event_inj, HVM_EVENT_VALID | HVM_EVENT_HAS_ERROR | 3 << 8 | 14 | 0x12345UL << 32);
    assert_false(vmcb->vintr & SVM_VINTR_IRQ);
    leave(v, SVM_EXIT_HLT, false);
    give(HVM_EVENT_EXCEPTION, 6);
    enter(v);
    CHECK_EQ(vmcb->event_inj, HVM_EVENT_VALID | 3 << 8 | 6);
    done();
}

TEST(what_an_exit_cut_short_is_given_again_but_for_what_runs_again)
{
    const struct { uint64_t info; bool again; uint8_t vector, type; bool has_error; uint32_t error; } rows[] = {
        { 0, false, 0, 0, false, 0 },
        { HVM_EVENT_VALID | 0x30, true, 0x30, HVM_EVENT_EXTINT, false, 0 },
        { HVM_EVENT_VALID | 2 << 8 | 2, true, 2, HVM_EVENT_NMI, false, 0 },
        { HVM_EVENT_VALID | 3 << 8 | 6, true, 6, HVM_EVENT_EXCEPTION, false, 0 },
        { HVM_EVENT_VALID | HVM_EVENT_HAS_ERROR | 3 << 8 | 13 | 0x18UL << 32, true, 13, HVM_EVENT_EXCEPTION, true,
          0x18 },
        { HVM_EVENT_VALID | 4 << 8 | 0x80, false, 0, 0, false, 0 },     /* INT n */
        { HVM_EVENT_VALID | 3 << 8 | 3, false, 0, 0, false, 0 },        /* INT3 */
        { HVM_EVENT_VALID | 3 << 8 | 4, false, 0, 0, false, 0 },        /* INTO */
        { 3 << 8 | 6, false, 0, 0, false, 0 },                          /* not valid */
    };
    struct vcpu *v = running();

    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        h.event.is_valid = false;
        vmcb->exit_int_info = rows[i].info;
        leave(v, SVM_EXIT_NPF, false);
        CHECK_EQ(h.event.is_valid, rows[i].again);
        if ( !rows[i].again )
            continue;
        CHECK_EQ(h.event.vector, rows[i].vector);
        CHECK_EQ(h.event.type, rows[i].type);
        CHECK_EQ(h.event.has_error, rows[i].has_error);
        if ( rows[i].has_error )
            CHECK_EQ(h.event.error, rows[i].error);
    }
    done();
}

TEST(windows_are_asked_for)
{
    struct vcpu *v = running();
    const uint32_t plain = vmcb->intercept1;

    ask(HVM_WINDOW_IRQ, false);
    CHECK_EQ(vmcb->intercept1 ^ plain, SVM_I1_VINTR);
    CHECK_EQ(vmcb->vintr & SVM_VINTR_NOW, SVM_VINTR_NOW);       /* whatever the TPR */
    CHECK_EQ(vmcb->clean, 0);
    leave(v, SVM_EXIT_VINTR, false);
    CHECK_STR(said, "");
    assert_false(h.event.is_valid);     /* nothing was to be delivered */
    ask(0, false);
    CHECK_EQ(vmcb->intercept1, plain);
    assert_false(vmcb->vintr & SVM_VINTR_IRQ);
    CHECK_EQ(vmcb->intercept_cr, SVM_CR_WRITE(4));
    ask(5, false);                      /* a vector of class 5 waits for the TPR: by a write of CR8 */
    CHECK_EQ(vmcb->intercept1, plain);
    CHECK_EQ(vmcb->intercept_cr, SVM_CR_WRITE(4) | SVM_CR_WRITE(8));
    ask(0, true);
    CHECK_EQ(vmcb->intercept1 ^ plain, SVM_I1_VINTR);
    done();
}

TEST(nmis_wait_for_the_iret)
{
    struct vcpu *v = running();

    CHECK_EQ(svm_backend.blocked(v), 0);
    give(HVM_EVENT_NMI, VEC_NMI);
    enter(v);
    CHECK_EQ(vmcb->event_inj, HVM_EVENT_VALID | 2 << 8 | 2);
    CHECK_EQ(svm_backend.blocked(v), HVM_BLOCKED_NMI);
    assert_true(vmcb->intercept1 & SVM_I1_IRET);
    leave(v, SVM_EXIT_HLT, false);
    ask(0, true);                       /* the next one: no window helps before the IRET */
    assert_false(vmcb->intercept1 & SVM_I1_VINTR);
    leave(v, SVM_EXIT_IRET, false);
    assert_false(vmcb->intercept1 & SVM_I1_IRET);
    assert_false(h.nmi_window);         /* to be asked for anew */
    CHECK_EQ(svm_backend.blocked(v), HVM_BLOCKED_IRQ | HVM_BLOCKED_NMI);    /* until the IRET is done */
    ask(0, true);
    assert_true(vmcb->intercept1 & SVM_I1_VINTR);
    svm_backend.skip_shadow(v);
    CHECK_EQ(svm_backend.blocked(v), 0);
    v->regs.rflags = FLAGS_MBS;
    CHECK_EQ(svm_backend.blocked(v), HVM_BLOCKED_IRQ);
    done();
}

/* --- State ---------------------------------------------------------------------------------------------- */

TEST(translations_are_flushed_when_it_is_asked)
{
    struct vcpu *v = running();

    for ( unsigned int by_asid = 0; by_asid < 2; by_asid++ ) {
        const char *missing;

        fp.svm_d = BIT(0) | NRIP | (by_asid ? FLUSH_BY_ASID : 0);
        assert_true(svm_probe(&missing));
        pcpu.hvm_flush = true;
        enter(v);
        CHECK_EQ(vmcb->tlb_control, by_asid ? SVM_TLB_FLUSH_ASID : SVM_TLB_FLUSH_ALL);
        assert_false(pcpu.hvm_flush);
        leave(v, SVM_EXIT_HLT, false);
        enter(v);
        CHECK_EQ(vmcb->tlb_control, 0);
    }
    done();
}

TEST(what_was_changed_is_not_called_clean)
{
    struct hvm_segment seg = { 8, 0xc93, 0xffffffff, 0 };
    struct vcpu *v = running();

    CHECK_EQ(vmcb->clean, 0);           /* another vCPU may have run here */
    leave(v, SVM_EXIT_HLT, false);
    CHECK_EQ(vmcb->clean, SVM_CLEAN_ALL);
    apic[8][0] = 0x70;
    enter(v);
    CHECK_EQ(vmcb->vintr & 0xf, 7);
    CHECK_EQ(vmcb->clean, SVM_CLEAN_ALL & ~SVM_CLEAN_TPR);
    leave(v, SVM_EXIT_HLT, false);
    h.cr3 = 0x123000;
    svm_backend.update_control(v);
    CHECK_EQ(vmcb->cr3, 0x123000);
    CHECK_EQ(vmcb->clean, 0);
    leave(v, SVM_EXIT_HLT, false);
    svm_backend.set_segment(v, SEG_DS, &seg);
    CHECK_EQ(vmcb->clean, 0);
    leave(v, SVM_EXIT_HLT, false);
    svm_backend.set_dr7(v, 0x401);
    CHECK_EQ(vmcb->clean, 0);
    leave(v, SVM_EXIT_DR + 7, false);   /* debug registers are the guest's from now */
    CHECK_STR(said, "dr");
    CHECK_EQ(vmcb->intercept_dr, 0);
    CHECK_EQ(vmcb->clean, 0);
    leave(v, SVM_EXIT_HLT, false);
    svm_backend.intercept_dr(v);
    CHECK_EQ(vmcb->intercept_dr, 0xffffffff);
    CHECK_EQ(vmcb->clean, 0);
    done();
}

TEST(registers_go_in_and_come_back)
{
    struct vcpu *v = running();

    v->regs.rip = 0x1111;
    v->regs.rsp = 0x2222;
    v->regs.rax = 0x3333;
    enter(v);
    CHECK_EQ(vmcb->rip, 0x1111);
    CHECK_EQ(vmcb->rsp, 0x2222);
    CHECK_EQ(vmcb->rax, 0x3333);
    CHECK_EQ(vmcb->rflags, FLAGS_IF | FLAGS_MBS);
    vmcb->rax = 0x4444;
    vmcb->cr2 = 0x5555;
    vmcb->cr3 = 0x6000;
    vmcb->efer = EFER_SVME | EFER_LMA;
    vmcb->vintr = (vmcb->vintr & ~0xfUL) | 9;
    leave(v, SVM_EXIT_HLT, false);
    CHECK_EQ(v->regs.rax, 0x4444);
    CHECK_EQ(h.cr2, 0x5555);
    CHECK_EQ(h.cr3, 0x6000);
    CHECK_EQ(h.efer, EFER_LMA);
    CHECK_EQ(apic[8][0], 0x90);
    done();
}

TEST(segments_and_msrs_come_back)
{
    struct hvm_segment ss = { 0x2b, 0xcf3, 0xffffffff, 5 }, back;
    struct vcpu *v = running();
    uint64_t val = 0;

    for ( unsigned int s = 0; s < SEG_NR; s++ ) {
        ss.sel = 0x20 + s;
        svm_backend.set_segment(v, s, &ss);
    }
    for ( unsigned int s = 0; s < SEG_NR; s++ ) {
        svm_backend.get_segment(v, s, &back);
        CHECK_EQ(back.sel, 0x20 + s);
        CHECK_EQ(back.base, 5);
    }
    CHECK_EQ(vmcb->cpl, 3);
    assert_true(svm_backend.access_msr(v, MSR_LSTAR, &(uint64_t){ 0x77 }, true));
    CHECK_EQ(vmcb->lstar, 0x77);
    assert_true(svm_backend.access_msr(v, MSR_LSTAR, &val, false));
    CHECK_EQ(val, 0x77);
    assert_false(svm_backend.access_msr(v, MSR_EFER, &val, false));
    assert_false(svm_backend.access_msr(v, MSR_EFER, &(uint64_t){ 0 }, true));
    CHECK_EQ(val, 0x77);
    done();
}

/* --- Exits ---------------------------------------------------------------------------------------------- */

TEST(exits_go_where_they_belong)
{
    const struct { uint64_t code, info1, info2; const char *says, *plain; } rows[] = {
        { SVM_EXIT_CPUID, 0, 0, "cpuid 4", "cpuid 2" }, { SVM_EXIT_HLT, 0, 0, "hlt 4", "hlt 1" },
        { SVM_EXIT_INVD, 0, 0, "advance 4", "advance 2" }, { SVM_EXIT_WBINVD, 0, 0, "advance 4", "advance 2" },
        { SVM_EXIT_MSR, 0, 0, "msr 0 4", "msr 0 2" }, { SVM_EXIT_MSR, 1, 0, "msr 1 4", "msr 1 2" },
        { SVM_EXIT_VMMCALL, 0, 0, "hypercall 4", "hypercall 3" }, { SVM_EXIT_XSETBV, 0, 0, "xsetbv 4", "xsetbv 3" },
        /* OUT 0x3f8 of a byte; IN 0xcfc of four; REP INSW 0x1f0 */
        { SVM_EXIT_IOIO, 0x3f80010, 0x1001, "io 0x3f8 1 10 1", NULL },
        { SVM_EXIT_IOIO, 0xcfc0041, 0x1002, "io 0xcfc 4 00 2", NULL },
        { SVM_EXIT_IOIO, 0x1f0002d, 0x1002, "io 0x1f0 2 01 2", NULL },
        { SVM_EXIT_NPF, 4, 0xfee00300, "page 0xfee00300 000", NULL },
        { SVM_EXIT_NPF, 6, 0xfee00300, "page 0xfee00300 100", NULL },
        { SVM_EXIT_NPF, 0x14, 0xfee00300, "page 0xfee00300 010", NULL },
        { SVM_EXIT_NPF, BIT(33) | 4, 0xfee00300, "page 0xfee00300 001", NULL },
        { SVM_EXIT_EXCEPTION + VEC_DB, 0, 0, "inject 1 -1", NULL },
        { SVM_EXIT_EXCEPTION + VEC_AC, 0, 0, "inject 17 0", NULL },
        { SVM_EXIT_SHUTDOWN, 0, 0, "triple", NULL }, { SVM_EXIT_RDPMC, 0, 0, "refused", NULL },
        { SVM_EXIT_INVLPGA, 0, 0, "undefined", NULL }, { SVM_EXIT_VMRUN, 0, 0, "undefined", NULL },
        { SVM_EXIT_VMRUN + 2, 0, 0, "undefined", NULL }, { SVM_EXIT_SKINIT, 0, 0, "undefined", NULL },
        { SVM_EXIT_MONITOR, 0, 0, "undefined", NULL }, { SVM_EXIT_MWAIT, 0, 0, "undefined", NULL },
        { SVM_EXIT_MWAIT_COND, 0, 0, "undefined", NULL },
        { SVM_EXIT_NMI, 0, 0, "", NULL }, { SVM_EXIT_INIT, 0, 0, "", NULL },
        { SVM_EXIT_DR, 0, 0, "dr", NULL }, { SVM_EXIT_DR + 31, 0, 0, "dr", NULL },
        { SVM_EXIT_INVALID, 0, 0, "crash: the processor refuses this state, exit", NULL },
        { 0x06e, 0, 0, "crash: unexpected exit", NULL },        /* RDTSC: not asked for */
        { 0x401, 0, 0, "crash: unexpected exit", NULL },
    };
    struct vcpu *v = running();

    for ( unsigned int nrip = 0; nrip < 2; nrip++ ) {
        const char *missing;

        fp.svm_d = BIT(0) | (nrip ? NRIP : 0);
        assert_true(svm_probe(&missing));
        for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
            vmcb->info1 = rows[i].info1;
            vmcb->info2 = rows[i].info2;
            vmcb->rip = 0x1000;
            leave(v, rows[i].code, false);
            CHECK_STR(said, !nrip && rows[i].plain ? rows[i].plain : rows[i].says);
        }
    }
    done();
}

TEST(a_write_of_cr4_or_cr8_is_decoded)
{
    const struct { uint8_t bytes[4]; unsigned int cr; const char *says; } rows[] = {
        { { 0x0f, 0x22, 0xe3 }, 4, "cr4 0xbbbb 3" },
        { { 0x44, 0x0f, 0x22, 0xc1 }, 8, "cr8 0xcccc 4" },
        { { 0x41, 0x0f, 0x22, 0xe1 }, 4, "cr4 0x99 4" },
        { { 0x0f, 0x20, 0xe3 }, 4, "crash: %pv: a write of CR%u at %#lx cannot be decoded" },
    };
    struct vcpu *v = running();

    v->regs.rbx = 0xbbbb;
    v->regs.rcx = 0xcccc;
    v->regs.r9 = 0x99;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rows); i++ ) {
        memset(code, 0x90, sizeof(code));
        memcpy(code, rows[i].bytes, sizeof(rows[i].bytes));
        leave(v, SVM_EXIT_CR_WRITE + rows[i].cr, false);
        CHECK_STR(said, rows[i].says);
    }
    done();
}

static int ram_init(void **state)
{
    directmap = aligned_alloc(PAGE_SIZE, NR_PAGES * PAGE_SIZE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_missing_is_named), RUN(it_is_switched_on_and_the_guest_reaches_its_own_msrs_alone),
        RUN(an_interrupt_is_given_as_a_virtual_one), RUN(an_interrupt_that_was_not_taken_is_given_again),
        RUN(an_interrupt_beside_a_window_is_injected), RUN(other_events_are_injected),
        RUN(what_an_exit_cut_short_is_given_again_but_for_what_runs_again), RUN(windows_are_asked_for),
        RUN(nmis_wait_for_the_iret), RUN(translations_are_flushed_when_it_is_asked),
        RUN(what_was_changed_is_not_called_clean), RUN(registers_go_in_and_come_back),
        RUN(segments_and_msrs_come_back), RUN(exits_go_where_they_belong), RUN(a_write_of_cr4_or_cr8_is_decoded),
    };

    return cmocka_run_group_tests(tests, ram_init, NULL);
}
