/* SPDX-License-Identifier: MIT */
/*
 * State of a hardware guest that the hypervisor holds, as gethvmcontext gives it: records, each
 * behind a struct hvm_save_descriptor, the header's first and END's last.  A record's instance is
 * the vCPU's number, or which of several devices.
 */
#ifndef XENABI_HVM_SAVE_H
#define XENABI_HVM_SAVE_H

#include <xenabi/types.h>

struct hvm_save_descriptor {
    uint16_t typecode;              /* HVM_SAVE_CODE_*, CPU_*_CODE */
    uint16_t instance;
    uint32_t length;                /* bytes that follow */
};
ABI_SIZE(hvm_save_descriptor, 8);

#define HVM_SAVE_CODE_END                   0   /* no bytes */
#define HVM_SAVE_CODE_HEADER                1   /* struct hvm_save_header */
#define HVM_SAVE_CODE_CPU                   2   /* struct hvm_hw_cpu */
#define HVM_SAVE_CODE_PIC                   3   /* hvm_hw_vpic; instance 0 master, 1 slave */
#define HVM_SAVE_CODE_IOAPIC                4   /* hvm_hw_vioapic */
#define HVM_SAVE_CODE_LAPIC                 5   /* hvm_hw_lapic */
#define HVM_SAVE_CODE_LAPIC_REGS            6   /* hvm_hw_lapic_regs */
#define HVM_SAVE_CODE_PCI_IRQ               7   /* hvm_hw_pci_irqs */
#define HVM_SAVE_CODE_ISA_IRQ               8   /* hvm_hw_isa_irqs */
#define HVM_SAVE_CODE_PCI_LINK              9   /* hvm_hw_pci_link */
#define HVM_SAVE_CODE_PIT                   10  /* hvm_hw_pit */
#define HVM_SAVE_CODE_RTC                   11  /* hvm_hw_rtc */
#define HVM_SAVE_CODE_HPET                  12  /* hvm_hw_hpet */
#define HVM_SAVE_CODE_PMTIMER               13  /* hvm_hw_pmtimer */
#define HVM_SAVE_CODE_MTRR                  14  /* hvm_hw_mtrr */
#define HVM_SAVE_CODE_VIRIDIAN_DOMAIN       15  /* hvm_viridian_domain_context */
#define HVM_SAVE_CODE_VIRIDIAN_VCPU         17  /* hvm_viridian_vcpu_context */
#define HVM_SAVE_CODE_VMCE_VCPU             18  /* hvm_vmce_vcpu: domctl.h */
#define HVM_SAVE_CODE_TSC_ADJUST            19  /* hvm_tsc_adjust */
#define CPU_XSAVE_CODE                      16  /* hvm_hw_cpu_xsave */
#define CPU_MSR_CODE                        20  /* hvm_msr */
#define HVM_SAVE_CODE_MAX                   20

#define HVM_FILE_MAGIC                      0x54381286
#define HVM_FILE_VERSION                    0x00000001

struct hvm_save_header {
    uint32_t magic;
    uint32_t version;
    uint64_t changeset;             /* of the hypervisor that wrote it */
    uint32_t cpuid;                 /* leaf 1, EAX */
    uint32_t gtsc_khz;
};
ABI_SIZE(hvm_save_header, 24);

#define XEN_X86_FPU_INITIALISED             1

struct hvm_hw_cpu {
    uint8_t  fpu_regs[512];         /* as FXSAVE */
    uint64_t rax;
    uint64_t rbx;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rbp;
    uint64_t rsi;
    uint64_t rdi;
    uint64_t rsp;
    uint64_t r8;
    uint64_t r9;
    uint64_t r10;
    uint64_t r11;
    uint64_t r12;
    uint64_t r13;
    uint64_t r14;
    uint64_t r15;
    uint64_t rip;
    uint64_t rflags;
    uint64_t cr0;
    uint64_t cr2;
    uint64_t cr3;
    uint64_t cr4;
    uint64_t dr0;
    uint64_t dr1;
    uint64_t dr2;
    uint64_t dr3;
    uint64_t dr6;
    uint64_t dr7;
    uint32_t cs_sel;
    uint32_t ds_sel;
    uint32_t es_sel;
    uint32_t fs_sel;
    uint32_t gs_sel;
    uint32_t ss_sel;
    uint32_t tr_sel;
    uint32_t ldtr_sel;
    uint32_t cs_limit;
    uint32_t ds_limit;
    uint32_t es_limit;
    uint32_t fs_limit;
    uint32_t gs_limit;
    uint32_t ss_limit;
    uint32_t tr_limit;
    uint32_t ldtr_limit;
    uint32_t idtr_limit;
    uint32_t gdtr_limit;
    uint64_t cs_base;
    uint64_t ds_base;
    uint64_t es_base;
    uint64_t fs_base;
    uint64_t gs_base;
    uint64_t ss_base;
    uint64_t tr_base;
    uint64_t ldtr_base;
    uint64_t idtr_base;
    uint64_t gdtr_base;
    uint32_t cs_arbytes;
    uint32_t ds_arbytes;
    uint32_t es_arbytes;
    uint32_t fs_arbytes;
    uint32_t gs_arbytes;
    uint32_t ss_arbytes;
    uint32_t tr_arbytes;
    uint32_t ldtr_arbytes;
    uint64_t sysenter_cs;
    uint64_t sysenter_esp;
    uint64_t sysenter_eip;
    uint64_t shadow_gs;
    uint64_t msr_flags;             /* ignored */
    uint64_t msr_lstar;
    uint64_t msr_star;
    uint64_t msr_cstar;
    uint64_t msr_syscall_mask;
    uint64_t msr_efer;
    uint64_t msr_tsc_aux;
    uint64_t tsc;                   /* as the guest would read it */
    uint32_t pending_event;         /* as VM-entry interruption information: SDM vol 3C 24.8.3 */
    uint32_t error_code;
    uint32_t flags;                 /* XEN_X86_FPU_INITIALISED */
    uint32_t pad0;
};
ABI_SIZE(hvm_hw_cpu, 1032);

struct hvm_hw_vpic {
    uint8_t irr;
    uint8_t imr;
    uint8_t isr;
    uint8_t irq_base;               /* vector of its line 0 */
    uint8_t init_bits;              /* VPIC_INIT_*; line of highest priority in 4-7 */
    uint8_t mode_bits;              /* VPIC_MODE_* */
    uint8_t elcr;
    uint8_t int_output;
};
ABI_SIZE(hvm_hw_vpic, 8);

#define VPIC_INIT_STEP                      0x03    /* the next write to the odd port is ICW(n + 1); 0: none */
#define VPIC_INIT_ICW4                      0x04    /* ICW1 announced ICW4 */
#define VPIC_INIT_SINGLE                    0x08    /* ICW1: no ICW3 */
#define VPIC_INIT_PRIORITY_SHIFT            4

#define VPIC_MODE_READ_ISR                  0x01
#define VPIC_MODE_POLL                      0x02
#define VPIC_MODE_AUTO_EOI                  0x04
#define VPIC_MODE_ROTATE_AUTO_EOI           0x08
#define VPIC_MODE_FULLY_NESTED              0x10
#define VPIC_MODE_SPECIAL_MASK              0x20
#define VPIC_MODE_MASTER                    0x40

#define VIOAPIC_NUM_PINS                    48

struct hvm_hw_vioapic {
    uint64_t base_address;
    uint32_t ioregsel;
    uint32_t id;
    uint64_t redirtbl[VIOAPIC_NUM_PINS];    /* as the registers */
};
ABI_SIZE(hvm_hw_vioapic, 400);

struct hvm_hw_lapic {
    uint64_t apic_base_msr;
    uint32_t disabled;              /* 1: by the spurious vector register, 2: by the MSR */
    uint32_t timer_divisor;
    uint64_t tdt_msr;               /* TSC deadline */
};
ABI_SIZE(hvm_hw_lapic, 24);

struct hvm_hw_lapic_regs {
    uint8_t data[1024];             /* the first KiB of the register page */
};
ABI_SIZE(hvm_hw_lapic_regs, 1024);

struct hvm_hw_pci_irqs {
    uint64_t pad[2];                /* bit device * 4 + INTx: asserted */
};
ABI_SIZE(hvm_hw_pci_irqs, 16);

struct hvm_hw_isa_irqs {
    uint64_t pad[1];                /* bit line: asserted */
};
ABI_SIZE(hvm_hw_isa_irqs, 8);

struct hvm_hw_pci_link {
    uint8_t route[4];               /* ISA interrupt of link A-D, 0: none */
    uint8_t pad0[4];
};
ABI_SIZE(hvm_hw_pci_link, 8);

struct hvm_hw_pit_channel {
    uint32_t count;                 /* up to 65536 */
    uint16_t latched_count;
    uint8_t  count_latched;
    uint8_t  status_latched;
    uint8_t  status;
    uint8_t  read_state;
    uint8_t  write_state;
    uint8_t  write_latch;
    uint8_t  rw_mode;
    uint8_t  mode;
    uint8_t  bcd;
    uint8_t  gate;
};
ABI_SIZE(hvm_hw_pit_channel, 16);

struct hvm_hw_pit {
    struct hvm_hw_pit_channel channels[3];
    uint32_t speaker_data_on;
    uint32_t pad0;
};
ABI_SIZE(hvm_hw_pit, 56);

#define RTC_CMOS_SIZE                       14

struct hvm_hw_rtc {
    uint8_t cmos_data[RTC_CMOS_SIZE];
    uint8_t cmos_index;
    uint8_t pad0;
    int64_t rtc_offset;             /* seconds from the host's time */
};
ABI_SIZE(hvm_hw_rtc, 24);

#define HPET_TIMER_NUM                      3

struct hvm_hw_hpet_timer {
    uint64_t config;
    uint64_t cmp;
    uint64_t fsb;
    uint64_t res4;
};
ABI_SIZE(hvm_hw_hpet_timer, 32);

struct hvm_hw_hpet {                /* the register page's first KiB, then the periods */
    uint64_t capability;
    uint64_t res0;
    uint64_t config;
    uint64_t res1;
    uint64_t isr;
    uint64_t res2[25];
    uint64_t mc64;                  /* main counter */
    uint64_t res3;
    struct hvm_hw_hpet_timer timers[HPET_TIMER_NUM];
    uint64_t res5[84];
    uint64_t period[HPET_TIMER_NUM];
};
ABI_SIZE(hvm_hw_hpet, 1048);

struct hvm_hw_pmtimer {
    uint32_t tmr_val;
    uint16_t pm1a_sts;
    uint16_t pm1a_en;
};
ABI_SIZE(hvm_hw_pmtimer, 8);

#define MTRR_VCNT                           8
#define NUM_FIXED_MSR                       11

struct hvm_hw_mtrr {
    uint64_t msr_pat_cr;
    uint64_t msr_mtrr_var[16];      /* base and mask of each */
    uint64_t msr_mtrr_fixed[NUM_FIXED_MSR];
    uint64_t msr_mtrr_cap;
    uint64_t msr_mtrr_def_type;
};
ABI_SIZE(hvm_hw_mtrr, 240);

struct hvm_hw_cpu_xsave {           /* the area goes on as XCR0 needs */
    uint64_t xfeature_mask;         /* ignored */
    uint64_t xcr0;
    uint64_t xcr0_accum;
    struct {
        struct {
            char x[512];
        } fpu_sse;
        struct {
            uint64_t xstate_bv;
            uint64_t xcomp_bv;
            uint64_t reserved[6];
        } xsave_hdr;
    } save_area;
};
ABI_SIZE(hvm_hw_cpu_xsave, 600);

struct hvm_viridian_domain_context {
    uint64_t hypercall_gpa;
    uint64_t guest_os_id;
    uint64_t time_ref_count;
    uint64_t reference_tsc;
};
ABI_SIZE(hvm_viridian_domain_context, 32);

struct hvm_viridian_vcpu_context {
    uint64_t vp_assist_msr;
    uint8_t  apic_assist_pending;
    uint8_t  _pad[7];
    uint64_t simp_msr;
    uint64_t sint_msr[16];
    uint64_t stimer_config_msr[4];
    uint64_t stimer_count_msr[4];
};
ABI_SIZE(hvm_viridian_vcpu_context, 216);

struct hvm_tsc_adjust {
    uint64_t tsc_adjust;
};
ABI_SIZE(hvm_tsc_adjust, 8);

struct hvm_one_msr {
    uint32_t index;
    uint32_t _rsvd;
    uint64_t val;
};
ABI_SIZE(hvm_one_msr, 16);

struct hvm_msr {
    uint32_t count;
    struct hvm_one_msr msr[];
};
ABI_SIZE(hvm_msr, 8);

#endif
