/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside hvm/: a hardware vCPU, its virtual platform, and what a backend (vmx, svm) provides.
 *
 * Registers: v->regs holds the guest's general registers, RIP, RSP and RFLAGS whenever C code
 * runs for the vCPU; the backend copies them in and out.  Control registers, EFER and segments
 * live in struct hvm_vcpu or in the processor's control block; reach them through the functions here.
 */
#pragma once

#include <xenabi/hvm/ioreq.h>
#include <xenabi/hvm/params.h>

#include "core/vcpu.h"
#include "cpu/asm.h"
#include "cpu/spinlock.h"
#include "hvm/hvm.h"
#include "hvm/vlapic.h"

struct vioapic;
struct vpic;
struct vpit;
struct vhpet;
struct viridian;
struct ioreq_server;
struct ioreq_servers;

enum hvm_seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_GDTR, SEG_IDTR, SEG_NR };

/* @attr as in the VMCB: descriptor bits 40-47 in 0-7, bits 52-55 in 8-11 (APM vol 2 15.5.1). */
#define SEG_ATTR_P      0x080
#define SEG_ATTR_DPL    0x060
#define SEG_ATTR_L      0x200
#define SEG_ATTR_DB     0x400
#define SEG_ATTR_G      0x800
struct hvm_segment {
    uint16_t sel, attr;
    uint32_t limit;             /* in bytes, granularity applied */
    uint64_t base;
};

struct hvm_vcpu {
    /* As the guest reads them. */
    uint64_t cr0, cr2, cr3, cr4, efer;
    uint64_t tsc_offset, tsc_aux, tsc_adjust;
    uint64_t pat, mtrr_def, mtrr_fixed[11], mtrr_phys[16];
    uint64_t dr[4];             /* 0-3; loaded while dr_loaded */
    bool     dr_loaded;

    bool     is_started;        /* had its INIT/SIPI, VCPUOP_initialise or is the boot vCPU */
    bool     halted;            /* in HLT: wakes for what it could take */
    bool     nmi_pending;
    bool     init_pending;
    uint8_t  sipi_vector;       /* with sipi_pending */
    bool     sipi_pending;

    /* Event upcalls. */
    uint8_t  upcall_vector;     /* 0: by HVM_PARAM_CALLBACK_IRQ */
    uint8_t  irq_window;        /* asked of the backend: HVM_WINDOW_IRQ, or the class whose vector waits for the TPR */
    bool     nmi_window;

    /* An exception to be injected on the way in; consumed by the backend. */
    struct hvm_event {
        uint8_t  vector, type;  /* HVM_EVENT_* */
        bool     is_valid, has_error;
        uint32_t error;
        uint8_t  insn_len;      /* software interrupts */
    } event;

    struct vlapic vlapic;

    uint8_t  hypercall_len;     /* of the instruction that VCPU_WORK_HYPERCALL is about */

    /* I/O that the device model was asked for: hvm_io.c. */
    struct hvm_io {
        uint8_t  state;         /* HVM_IO_*; guarded by ioreq.c's lock while WAITING */
        uint64_t rip;           /* where the instruction stands */
        struct ioreq req;       /* what was asked, then with the answer */
        struct ioreq_server *server;
        uint8_t  insn_len;      /* of a plain IN or OUT that waits */
        bool     is_emulated;   /* what waits is an emulated instruction: hvm_emulate_again goes on */
        uint8_t  insn[16];      /* its bytes, read once */
        uint8_t  read[16];      /* what its present step has read, */
        uint8_t  nr_read, nr_written;   /* bytes of both that are done */
    } io;

    void    *backend;           /* struct svm_vcpu or vmx_vcpu */
};

#define HVM_IO_NONE     0
#define HVM_IO_WAITING  1       /* the device model has it, and the vCPU is paused for that */
#define HVM_IO_READY    2       /* the answer is in req.data */
#define HVM_IO_GONE     3       /* no answer will come */

/* In both vendors' control blocks: vector, type << 8, HAS_ERROR, VALID. */
#define HVM_EVENT_HAS_ERROR (1U << 11)
#define HVM_EVENT_VALID     (1U << 31)
#define HVM_EVENT_EXTINT    0
#define HVM_EVENT_NMI       2
#define HVM_EVENT_EXCEPTION 3
#define HVM_EVENT_SOFT_INT  4
#define HVM_EVENT_SOFT_EXC  6   /* INT3, INTO: VT-x tells them apart */

struct hvm_domain {
    uint64_t params[HVM_NR_PARAMS];
    uint32_t emulation;         /* XEN_X86_EMU_* */
    struct lock irq_lock;       /* rank VIRQ: lines, vpic, vioapic (V) */
    uint8_t  gsi_level[64];     /* V  how many sources assert each line */
    uint64_t pci_intx[2];       /* V  bit dev * 4 + pin: the device asserts INTA .. INTD */
    uint8_t  pci_link_irq[4];   /* V  ISA interrupt that PCI link A..D is routed to; 0: none */
    uint8_t  pci_link_level[4]; /* V  how many sources assert it */
    uint64_t isa_level;         /* V  bit: the device model asserts this ISA interrupt */
    uint64_t callback_via;      /* V  HVM_PARAM_CALLBACK_IRQ whose line is asserted; 0: none */
    struct vioapic *vioapic;
    struct vpic *vpic;
    struct vpit *vpit;
    struct vhpet *vhpet;
    struct viridian *viridian;  /* NULL unless HVM_PARAM_VIRIDIAN was set */
    struct ioreq_servers *servers;  /* D  once there is a device model: ioreq.c */
    void    *apic_page;         /* VT-x's: where the guest sees its local APICs */
};

/* What VT-x and AMD-V do differently.  All with @v current or paused. */
struct hvm_backend {
    const char *name;
    int  (*vcpu_create)(struct vcpu *v);        /* reset state: real mode at 0xfffffff0 */
    void (*vcpu_free)(struct vcpu *v);
    void (*switch_from)(struct vcpu *v);
    void (*switch_to)(struct vcpu *v);
    void (*intercept_dr)(struct vcpu *v);       /* its debug registers are not loaded any more */
    /* hv->cr0, cr3, cr4, efer, pat or tsc_offset have changed. */
    void (*update_control)(struct vcpu *v);
    void (*get_segment)(struct vcpu *v, enum hvm_seg seg, struct hvm_segment *s);
    void (*set_segment)(struct vcpu *v, enum hvm_seg seg, const struct hvm_segment *s);
    /* MSRs that the hardware holds for the guest (SYSCALL, SYSENTER, FS/GS bases).  False: not such a one. */
    bool (*access_msr)(struct vcpu *v, uint32_t msr, uint64_t *val, bool is_write);
    /* 0, or the HVM_BLOCKED_* that keep this kind of event out now. */
    unsigned int (*blocked)(struct vcpu *v);
    void (*skip_shadow)(struct vcpu *v);        /* an instruction was emulated: STI/MOV SS no longer shadow */
    void (*want_window)(struct vcpu *v);        /* irq_window or nmi_window is new: exit when such can be taken */
    uint64_t (*get_dr7)(struct vcpu *v);
    void (*set_dr7)(struct vcpu *v, uint64_t dr7);
    void (*dump)(struct vcpu *v);
    void noreturn (*enter)(struct vcpu *v);
};
extern const struct hvm_backend *hvm_backend;
#define HVM_BLOCKED_IRQ     1   /* IF clear, or a shadow */
#define HVM_BLOCKED_NMI     2
#define HVM_WINDOW_IRQ      0x1f    /* whatever the TPR is */

/*
 * NULL if a guest with @d's CPU policy may have these together, else the register that is wrong
 * (hvm_control.c).  EFER.LMA must agree with LME and CR0.PG.
 */
const char *hvm_bad_control(const struct domain *d, uint64_t cr0, uint64_t cr3, uint64_t cr4, uint64_t efer);
bool hvm_pat_valid(uint64_t pat);
unsigned int hvm_cpl(struct vcpu *v);
/* Bytes of the current code segment's default operand: 2, 4 or 8. */
unsigned int hvm_code_bytes(struct vcpu *v);

/* --- Exits: the backend decodes its reason and calls one of these (hvm_vcpu.c) --------------- */

/* Every one that completes an instruction advances RIP by @len, which others do not look at. */
typedef void hvm_exit_fn(struct vcpu *v, unsigned int len);
void hvm_advance(struct vcpu *v, unsigned int len);
void hvm_exit_cpuid(struct vcpu *v, unsigned int len);
void hvm_exit_hlt(struct vcpu *v, unsigned int len);
void hvm_exit_nothing(struct vcpu *v, unsigned int len);        /* the way back looks at what waits */
void hvm_exit_undefined(struct vcpu *v, unsigned int len);      /* #UD */
void hvm_exit_refused(struct vcpu *v, unsigned int len);        /* #GP */
void hvm_exit_msr(struct vcpu *v, bool is_write, unsigned int len);
void hvm_exit_cr_write(struct vcpu *v, unsigned int cr, uint64_t value, unsigned int len);
void hvm_exit_dr_access(struct vcpu *v, unsigned int len);      /* loads the guest's; the instruction runs again */
void hvm_exit_xsetbv(struct vcpu *v, unsigned int len);
void hvm_exit_hypercall(struct vcpu *v, unsigned int len);
/* Guest-physical fault at @gpa; the instruction is at RIP.  @is_walk: on its own page tables. */
void hvm_exit_page(struct vcpu *v, uint64_t gpa, bool is_write, bool is_fetch, bool is_walk);
/* Port access.  @is_string: INS/OUTS, decoded from memory. */
void hvm_exit_io(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write, bool is_string, unsigned int len);
void hvm_exit_triple_fault(struct vcpu *v, unsigned int len);

/* hvm_msr.c.  0, or -XEN_EPERM: #GP. */
int must_check hvm_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val);
int must_check hvm_write_msr(struct vcpu *v, uint32_t msr, uint64_t val);
void hvm_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out);

/* An event as the control blocks have it, and back. */
static inline uint32_t hvm_event_word(const struct hvm_event *e)
{
    return HVM_EVENT_VALID | e->vector | (uint32_t)e->type << 8 | (e->has_error ? HVM_EVENT_HAS_ERROR : 0);
}

static inline struct hvm_event hvm_event_of(uint32_t word, uint32_t error)
{
    return (struct hvm_event){
        .vector = word, .type = word >> 8 & 7, .is_valid = word & HVM_EVENT_VALID,
        .has_error = word & HVM_EVENT_HAS_ERROR, .error = word & HVM_EVENT_HAS_ERROR ? error : 0,
    };
}

void hvm_inject(struct vcpu *v, uint8_t vector, int32_t error);     /* @error -1: none.  Merges into #DF */
void hvm_inject_pf(struct vcpu *v, uint64_t cr2, uint32_t error);

/* Real-mode start at @vector << 12, as by SIPI. */
void hvm_start_at(struct vcpu *v, uint8_t vector);
void hvm_reset(struct vcpu *v);                 /* registers as after INIT (SDM vol 3A table 9-1) */

/* INIT and start-up IPIs for @v, from any CPU. */
void hvm_signal_init(struct vcpu *v);
void hvm_signal_sipi(struct vcpu *v, uint8_t vector);

/* An interrupt may have become deliverable on @v.  Any context. */
void hvm_kick(struct vcpu *v);
bool hvm_callback_pending(const struct vcpu *v);
void hvm_deliver(struct vcpu *v);               /* guest_ops: work bits, on the way back */

/* --- Translation (hvm_walk.c) ----------------------------------------------------------------- */

#define WALK_WRITE  0x2         /* as in a page fault's error code */
#define WALK_USER   0x4
#define WALK_FETCH  0x10
#define WALK_SYSTEM 0x100       /* implicit supervisor access: descriptor tables */
/* The @max bytes at RIP, fewer at the end of what is mapped (then 0s).  False: a fault was injected. */
bool must_check hvm_fetch_insn(struct vcpu *v, uint8_t *bytes, unsigned int max);
/* Linear @va to guest-physical.  True; or false and the page fault's error code in *@pf_error. */
bool must_check hvm_walk(struct vcpu *v, uint64_t va, unsigned int flags, uint64_t *gpa, uint32_t *pf_error);
/* By guest-physical address, over frames of RAM only.  False: some of it is no (writable) RAM. */
bool must_check hvm_read_phys(struct domain *d, uint64_t gpa, void *dst, size_t len);
bool must_check hvm_write_phys(struct domain *d, uint64_t gpa, const void *src, size_t len);

/* --- I/O (hvm_io.c) ------------------------------------------------------------------------------ */

enum hvm_io_result { IO_DONE, IO_WAIT, IO_UNHANDLED };
/*
 * One access of 1, 2, 4 or 8 bytes.  IO_DONE: a read's value is in *@data.  IO_WAIT: the device model
 * has it; the vCPU does not run until it answers, then the instruction is run again and
 * finds the answer here.  IO_UNHANDLED (nobody claims it) is for the caller: ones are read.
 */
enum hvm_io_result hvm_port_access(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write, uint64_t *data);
enum hvm_io_result hvm_mmio_access(struct vcpu *v, uint64_t gpa, unsigned int bytes, bool is_write, uint64_t *data);
/*
 * The accesses of a string instruction, within one page of the device model's memory if to that.  IO_UNHANDLED: they
 * must be done one by one.
 */
enum hvm_io_result hvm_io_string(struct vcpu *v, const struct ioreq *req);
/* VCPU_WORK_IO: the device model has answered; goes on with the instruction. */
void hvm_io_resume(struct vcpu *v);
/* The instruction at RIP touches memory that is not RAM: emulate it (emul.c).  @gpa, @is_write: of the fault. */
void hvm_emulate_mmio(struct vcpu *v, uint64_t gpa, bool is_write);
/* INS or OUTS at RIP. */
void hvm_emulate_string_io(struct vcpu *v, uint16_t port, unsigned int bytes, bool is_write);
/* The device model has answered an access of an emulated instruction (io.is_emulated): go on with that. */
void hvm_emulate_again(struct vcpu *v);

/* --- Interrupts (hvm_irq.c) ------------------------------------------------------------------------ */

/* Once hvm->emulation is known: makes the controllers that it asks for.  0, -XEN_ENOMEM. */
int must_check hvm_irq_init(struct domain *d);
void hvm_irq_free(struct domain *d);

/* Line @gsi (0-15 also the PIC's): sources add up.  Any context; takes irq_lock.  0 is the same as 2. */
void hvm_gsi_set(struct domain *d, unsigned int gsi, bool on);
/*
 * HVM_PARAM_CALLBACK_IRQ by a line follows evtchn_upcall_pending of vCPU 0, @v.  To be called before
 * hvm_irq_pending whenever @v is about to be entered, and after the parameter was set.
 */
void hvm_callback_line(struct vcpu *v);

/* The processor delivers the local APIC's interrupts by itself: they are none of the following functions' business. */
extern bool hvm_virtual_irqs;
/* The next thing to be taken by @v: -1 none, else a vector; acknowledged only by hvm_irq_ack. */
int hvm_irq_pending(struct vcpu *v);
/* The vector to inject now; an ExtINT comes from the PIC.  -1: it went away. */
int hvm_irq_ack(struct vcpu *v);
