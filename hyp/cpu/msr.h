/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model-specific registers (SDM vol 4; APM vol 2 appendix A). */
#pragma once

#define MSR_TSC                 0x00000010
#define MSR_APIC_BASE           0x0000001b
#define   APIC_BASE_BSP           0x100
#define   APIC_BASE_X2APIC        0x400
#define   APIC_BASE_ENABLE        0x800
#define MSR_FEATURE_CONTROL     0x0000003a
#define   FEATURE_LOCKED          0x1
#define   FEATURE_VMX             0x4
#define MSR_TSC_ADJUST          0x0000003b
#define MSR_UCODE_REV           0x0000008b
#define MSR_PLATFORM_INFO       0x000000ce
#define MSR_ARCH_CAPS           0x0000010a
#define MSR_MISC_FEATURES       0x00000140
#define MSR_SYSENTER_CS         0x00000174
#define MSR_SYSENTER_ESP        0x00000175
#define MSR_SYSENTER_EIP        0x00000176
#define MSR_MCG_CAP             0x00000179
#define MSR_MCG_STATUS          0x0000017a
#define MSR_MISC_ENABLE         0x000001a0
#define MSR_PAT                 0x00000277
#define MSR_VMX_BASIC           0x00000480
#define MSR_VMX_CR0_FIXED0      0x00000486  /* then CR0_FIXED1, CR4_FIXED0, CR4_FIXED1 */
#define MSR_VMX_PROCBASED2      0x0000048b
#define MSR_VMX_EPT_VPID_CAP    0x0000048c
#define MSR_VMX_TRUE_PINBASED   0x0000048d  /* then PROCBASED, EXIT, ENTRY */
#define MSR_TSC_DEADLINE        0x000006e0
#define MSR_X2APIC_FIRST        0x00000800
#define MSR_EFER                0xc0000080
#define   EFER_SCE                0x001
#define   EFER_LME                0x100
#define   EFER_LMA                0x400
#define   EFER_NX                 0x800
#define   EFER_SVME               0x1000
#define MSR_INT_PENDING         0xc0010055
#define MSR_VM_CR               0xc0010114
#define   VM_CR_SVMDIS            0x10
#define MSR_VM_HSAVE_PA         0xc0010117
#define MSR_STAR                0xc0000081
#define MSR_LSTAR               0xc0000082
#define MSR_CSTAR               0xc0000083
#define MSR_SFMASK              0xc0000084
#define MSR_FS_BASE             0xc0000100
#define MSR_GS_BASE             0xc0000101
#define MSR_KERNEL_GS_BASE      0xc0000102
#define MSR_TSC_AUX             0xc0000103
#define MSR_K8_SYSCFG           0xc0010010
#define MSR_K8_HWCR             0xc0010015
#define   HWCR_TSC_FREQ_SEL       0x1000000
#define MSR_LFENCE_CFG          0xc0011029      /* AMD DE_CFG */
#define   LFENCE_SERIALISES       0x2
#define MSR_HYPERCALL_PAGE      0x40000000      /* ours: XEN_CPUID_FIRST_LEAF + 2 tells it */

/* The reset value of PAT, and the ABI's: WB WT UC- UC WC WP UC UC. */
#define PAT_ABI                 0x050100070406ULL
