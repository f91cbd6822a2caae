/* SPDX-License-Identifier: MIT */
/*
 * What a 64-bit PV guest sees of the processor: selectors, register frames, the vCPU context,
 * hypervisor CPUID leaves, and the x86 parts of shared structures.
 */
#ifndef XENABI_ARCH_X86_H
#define XENABI_ARCH_X86_H

#include <xenabi/types.h>

/*
 * The hypervisor owns GDT pages 14 and 15 of every PV vCPU; the guest's own entries end before.
 * RPL 3 throughout: a 64-bit PV kernel runs in ring 3.
 */
#define FIRST_RESERVED_GDT_PAGE     14
#define FIRST_RESERVED_GDT_BYTE     (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY    (FIRST_RESERVED_GDT_BYTE / 8)

#define FLAT_RING3_CS32     0xe023
#define FLAT_RING3_CS64     0xe033
#define FLAT_RING3_DS32     0xe02b
#define FLAT_RING3_DS64     0x0000
#define FLAT_RING3_SS32     0xe02b
#define FLAT_RING3_SS64     0xe02b

#define FLAT_KERNEL_CS      FLAT_RING3_CS64
#define FLAT_KERNEL_CS64    FLAT_RING3_CS64
#define FLAT_KERNEL_DS      FLAT_RING3_DS64
#define FLAT_KERNEL_DS64    FLAT_RING3_DS64
#define FLAT_KERNEL_SS      FLAT_RING3_SS64
#define FLAT_KERNEL_SS64    FLAT_RING3_SS64
#define FLAT_USER_CS        FLAT_RING3_CS64
#define FLAT_USER_CS32      FLAT_RING3_CS32
#define FLAT_USER_CS64      FLAT_RING3_CS64
#define FLAT_USER_DS        FLAT_RING3_DS64
#define FLAT_USER_DS32      FLAT_RING3_DS32
#define FLAT_USER_DS64      FLAT_RING3_DS64
#define FLAT_USER_SS        FLAT_RING3_SS64
#define FLAT_USER_SS32      FLAT_RING3_SS32
#define FLAT_USER_SS64      FLAT_RING3_SS64

/* L4 slots 256..271 of every PV address space; the M2P table is read-only to the guest. */
#define HYPERVISOR_VIRT_START   0xffff800000000000UL
#define HYPERVISOR_VIRT_END     0xffff880000000000UL
#define MACH2PHYS_VIRT_START    0xffff800000000000UL
#define MACH2PHYS_VIRT_END      0xffff804000000000UL
#define MACH2PHYS_NR_ENTRIES    ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

#define XEN_HAVE_PV_GUEST_ENTRY 1
#define XEN_HAVE_PV_UPCALL_MASK 1
#define XEN_LEGACY_MAX_VCPUS    32      /* vCPUs with a slot in shared_info */

/* set_segment_base(which, base) */
#define SEGBASE_FS              0
#define SEGBASE_GS_USER         1       /* active after the next SWAPGS or exit to user */
#define SEGBASE_GS_KERNEL       2
#define SEGBASE_GS_USER_SEL     3       /* base[15:0] is a selector for user GS */

#ifndef __ASSEMBLER__

/* One entry of set_trap_table; an entry with address 0 ends the list. */
struct trap_info {
    uint8_t  vector;                    /* 0..255 */
    uint8_t  flags;                     /* bits 0-1: DPL; bit 2: mask events on entry */
    uint16_t cs;
    uint64_t address;
};
ABI_SIZE(trap_info, 16);

/* Registers as the tools and the hypervisor exchange them. */
struct cpu_user_regs {
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    uint64_t rbp;
    uint64_t rbx;
    uint64_t r11;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    uint64_t rax;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rsi;
    uint64_t rdi;
    uint32_t error_code;                /* hypervisor's own */
    uint32_t entry_vector;              /* hypervisor's own */
    uint64_t rip;
    uint16_t cs;
    uint16_t _pad0[1];
    uint8_t  saved_upcall_mask;         /* event mask at entry; rflags.IF shows its inverse */
    uint8_t  _pad1[3];
    uint64_t rflags;
    uint64_t rsp;
    uint16_t ss;
    uint16_t _pad2[3];
    uint16_t es;
    uint16_t _pad3[3];
    uint16_t ds;
    uint16_t _pad4[3];
    uint16_t fs;
    uint16_t _pad5[3];
    uint16_t gs;
    uint16_t _pad6[3];
};
ABI_SIZE(cpu_user_regs, 200);
ABI_OFFSET(cpu_user_regs, rax, 80);
ABI_OFFSET(cpu_user_regs, rip, 128);
ABI_OFFSET(cpu_user_regs, ss, 160);

/* What lies on the guest kernel's stack at the iret hypercall, from RSP upwards. */
struct iret_context {
    uint64_t rax;
    uint64_t r11;
    uint64_t rcx;
    uint64_t flags;                     /* VGCF_in_syscall: r11 and rcx are not wanted back */
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};
ABI_SIZE(iret_context, 72);

/* vcpu_guest_context.flags */
#define VGCF_I387_VALID                 (1 << 0)
#define VGCF_IN_KERNEL                  (1 << 2)
#define VGCF_i387_valid                 (1 << 0)
#define VGCF_in_kernel                  (1 << 2)
#define VGCF_failsafe_disables_events   (1 << 3)
#define VGCF_syscall_disables_events    (1 << 4)
#define VGCF_online                     (1 << 5)
/* iret_context.flags */
#define VGCF_in_syscall                 (1 << 8)
#define VGCF_IN_SYSCALL                 VGCF_in_syscall

/* VCPUOP_initialise, XEN_DOMCTL_{get,set}vcpucontext.  See abi of PV start of day in xen.h. */
struct vcpu_guest_context {
    uint8_t  fpu_ctxt[512];             /* FXSAVE image */
    uint64_t flags;                     /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];    /* indexed by vector */
    uint64_t ldt_base;                  /* linear address */
    uint64_t ldt_ents;                  /* descriptors, 0..8192 */
    uint64_t gdt_frames[16];            /* MFNs */
    uint64_t gdt_ents;                  /* descriptors */
    uint64_t kernel_ss;
    uint64_t kernel_sp;
    uint64_t ctrlreg[8];                /* CR0..CR7; [1] is the user page table in CR3 format */
    uint64_t debugreg[8];
    uint64_t event_callback_eip;
    uint64_t failsafe_callback_eip;
    uint64_t syscall_callback_eip;
    uint64_t vm_assist;                 /* bitmap of VMASST_TYPE_* */
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};
ABI_SIZE(vcpu_guest_context, 5168);
ABI_OFFSET(vcpu_guest_context, user_regs, 520);
ABI_OFFSET(vcpu_guest_context, trap_ctxt, 720);
ABI_OFFSET(vcpu_guest_context, ctrlreg, 4984);
ABI_OFFSET(vcpu_guest_context, fs_base, 5144);

struct arch_vcpu_info {
    uint64_t cr2;                       /* fault address of the last page fault delivered */
    uint64_t pad;
};
ABI_SIZE(arch_vcpu_info, 16);

/* Filled in by the guest, for the tools' use. */
struct arch_shared_info {
    uint64_t  max_pfn;                  /* entries in the p2m list */
    xen_pfn_t pfn_to_mfn_frame_list_list;   /* 0: not yet there; ~0: use p2m_vaddr */
    uint64_t  nmi_reason;               /* XEN_NMIREASON_*, written by the hypervisor */
    uint64_t  p2m_cr3;                  /* 0: the three fields here are not valid */
    uint64_t  p2m_vaddr;
    uint64_t  p2m_generation;           /* odd while the mapping of the list changes */
};
ABI_SIZE(arch_shared_info, 48);

/* XEN_DOMCTL_createdomain */
struct xen_arch_domainconfig {
    uint32_t emulation_flags;           /* XEN_X86_EMU_*; 0 for PV */
    uint32_t misc_flags;                /* XEN_X86_MSR_RELAXED */
};
ABI_SIZE(xen_arch_domainconfig, 8);

struct xen_cpuid_leaf {
    uint32_t leaf;
    uint32_t subleaf;                   /* XEN_CPUID_NO_SUBLEAF when the leaf has none */
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
};
ABI_SIZE(xen_cpuid_leaf, 24);

struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags;                     /* must be 0 */
    uint64_t val;
};
ABI_SIZE(xen_msr_entry, 16);

#endif /* !__ASSEMBLER__ */

#define XEN_X86_EMU_LAPIC       (1U << 0)
#define XEN_X86_EMU_HPET        (1U << 1)
#define XEN_X86_EMU_PM          (1U << 2)
#define XEN_X86_EMU_RTC         (1U << 3)
#define XEN_X86_EMU_IOAPIC      (1U << 4)
#define XEN_X86_EMU_PIC         (1U << 5)
#define XEN_X86_EMU_VGA         (1U << 6)
#define XEN_X86_EMU_IOMMU       (1U << 7)
#define XEN_X86_EMU_PIT         (1U << 8)
#define XEN_X86_EMU_USE_PIRQ    (1U << 9)
#define XEN_X86_EMU_VPCI        (1U << 10)
#define XEN_X86_EMU_ALL         0x7ffU

#define XEN_X86_MSR_RELAXED     (1U << 0)   /* unknown MSRs read as 0 instead of faulting */
#define XEN_X86_MISC_FLAGS_MAX  XEN_X86_MSR_RELAXED

#define XEN_CPUID_NO_SUBLEAF    0xffffffffU

/* Hypervisor CPUID leaves.  +0: EAX highest leaf, EBX/ECX/EDX "XenVMMXenVMM". */
#define XEN_CPUID_FIRST_LEAF        0x40000000
#define XEN_CPUID_LEAF(i)           (XEN_CPUID_FIRST_LEAF + (i))
#define XEN_CPUID_SIGNATURE_EBX     0x566e6558
#define XEN_CPUID_SIGNATURE_ECX     0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX     0x4d4d566e
#define XEN_CPUID_MAX_NUM_LEAVES    5

/* +2, ECX */
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD   (1U << 0)
/* +4, EAX: hardware guests only */
#define XEN_HVM_CPUID_APIC_ACCESS_VIRT      (1U << 0)
#define XEN_HVM_CPUID_X2APIC_VIRT           (1U << 1)
#define XEN_HVM_CPUID_IOMMU_MAPPINGS        (1U << 2)
#define XEN_HVM_CPUID_VCPU_ID_PRESENT       (1U << 3)
#define XEN_HVM_CPUID_DOMID_PRESENT         (1U << 4)
#define XEN_HVM_CPUID_EXT_DEST_ID           (1U << 5)
#define XEN_HVM_CPUID_UPCALL_VECTOR         (1U << 6)
/* +5, EBX: PV only */
#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK    0xffU

#define XEN_HVM_DEBUGCONS_IOPORT    0xe9

#ifndef __ASSEMBLER__
/* Bytes before CPUID that ask for the hypervisor's answer: ud2a, then 'x' 'e' 'n'. */
#define XEN_EMULATE_PREFIX  ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID           XEN_EMULATE_PREFIX "cpuid"
#endif

/* xenpmu_op commands */
#define XENPMU_mode_get         0
#define XENPMU_mode_set         1
#define XENPMU_feature_get      2
#define XENPMU_feature_set      3
#define XENPMU_init             4
#define XENPMU_finish           5
#define XENPMU_lvtpc_set        6
#define XENPMU_flush            7

#endif
