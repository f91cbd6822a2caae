/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control-register, flag, page-table and exception bits (SDM vol 3A ch. 2, 4, 6; APM vol 2). */
#pragma once

#define CR0_PE          0x00000001
#define CR0_MP          0x00000002
#define CR0_EM          0x00000004
#define CR0_TS          0x00000008
#define CR0_ET          0x00000010
#define CR0_NE          0x00000020
#define CR0_WP          0x00010000
#define CR0_AM          0x00040000
#define CR0_NW          0x20000000
#define CR0_CD          0x40000000
#define CR0_PG          0x80000000

#define CR4_VME         0x00000001
#define CR4_PVI         0x00000002
#define CR4_TSD         0x00000004
#define CR4_DE          0x00000008
#define CR4_PSE         0x00000010
#define CR4_PAE         0x00000020
#define CR4_MCE         0x00000040
#define CR4_PGE         0x00000080
#define CR4_PCE         0x00000100
#define CR4_OSFXSR      0x00000200
#define CR4_OSXMMEXCPT  0x00000400
#define CR4_UMIP        0x00000800
#define CR4_VMXE        0x00002000
#define CR4_FSGSBASE    0x00010000
#define CR4_PCIDE       0x00020000
#define CR4_OSXSAVE     0x00040000
#define CR4_SMEP        0x00100000
#define CR4_SMAP        0x00200000
#define CR4_PKE         0x00400000

#define FLAGS_MBS       0x00000002      /* always one */
#define FLAGS_TF        0x00000100
#define FLAGS_IF        0x00000200
#define FLAGS_DF        0x00000400
#define FLAGS_IOPL      0x00003000
#define FLAGS_NT        0x00004000
#define FLAGS_RF        0x00010000
#define FLAGS_VM        0x00020000
#define FLAGS_AC        0x00040000
#define FLAGS_VIF       0x00080000
#define FLAGS_VIP       0x00100000

#define PTE_P           0x001UL
#define PTE_RW          0x002UL
#define PTE_US          0x004UL
#define PTE_PWT         0x008UL
#define PTE_PCD         0x010UL
#define PTE_A           0x020UL
#define PTE_D           0x040UL
#define PTE_PSE         0x080UL         /* L2, L3: large page; L1: PAT */
#define PTE_PAT         0x080UL
#define PTE_G           0x100UL
#define PTE_AVAIL       0xe00UL
#define PTE_NX          (1UL << 63)
#define PTE_ADDR        0x000ffffffffff000UL

#define VEC_DE          0
#define VEC_DB          1
#define VEC_NMI         2
#define VEC_BP          3
#define VEC_OF          4
#define VEC_BR          5
#define VEC_UD          6
#define VEC_NM          7
#define VEC_DF          8
#define VEC_TS          10
#define VEC_NP          11
#define VEC_SS          12
#define VEC_GP          13
#define VEC_PF          14
#define VEC_MF          16
#define VEC_AC          17
#define VEC_MC          18
#define VEC_XM          19
#define VEC_INT80       0x80            /* never a device's */

#define PF_PRESENT      0x01
#define PF_WRITE        0x02
#define PF_USER         0x04
#define PF_RSVD         0x08
#define PF_INSN         0x10

#define DR6_DEFAULT     0xffff0ff0UL
#define DR7_DEFAULT     0x00000400UL

/*
 * Selectors.  The guest-visible ones are the ABI's (FLAT_RING3_*, arch-x86 in
 * hypercall-abi); ours live in the same reserved page of every GDT.
 */
#define HYP_CS          0xe008
#define HYP_DS          0xe010
#define GUEST_CS32      0xe023
#define GUEST_DS        0xe02b
#define GUEST_CS64      0xe033
#define TSS_SELECTOR    0xe040
#define LDT_SELECTOR    0xe050
#define GDT_RESERVED_PAGE       14      /* of the 16 pages that a GDT may span */
#define GDT_RESERVED_BYTE       (GDT_RESERVED_PAGE * 4096)
