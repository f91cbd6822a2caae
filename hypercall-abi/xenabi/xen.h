/* SPDX-License-Identifier: MIT */
/*
 * Core of the guest ABI: domain ids, virtual interrupts, page-table calls, multicalls, and the
 * pages that a PV guest shares with the hypervisor.  Hypercall numbers are in hypercalls.h.
 */
#ifndef XENABI_XEN_H
#define XENABI_XEN_H

#include <xenabi/arch-x86.h>
#include <xenabi/hypercalls.h>
#include <xenabi/types.h>

/* Domain ids.  Ordinary domains are below DOMID_FIRST_RESERVED. */
#define DOMID_FIRST_RESERVED    0x7ff0U
#define DOMID_SELF              0x7ff0U     /* the caller */
#define DOMID_IO                0x7ff1U     /* owner of MMIO frames */
#define DOMID_XEN               0x7ff2U     /* owner of frames the hypervisor shows to tools */
#define DOMID_COW               0x7ff3U
#define DOMID_INVALID           0x7ff4U
#define DOMID_IDLE              0x7fffU
#define DOMID_MASK              0x7fffU

/* Virtual interrupts: V per vCPU, G one for the host (dom0's, unless given away). */
#define VIRQ_TIMER          0   /* V: a timer ran out */
#define VIRQ_DEBUG          1   /* V: dump your state */
#define VIRQ_CONSOLE        2   /* G: input on the host's console */
#define VIRQ_DOM_EXC        3   /* G: some domain shut down, crashed or died */
#define VIRQ_TBUF           4   /* G */
#define VIRQ_DEBUGGER       6   /* G */
#define VIRQ_XENOPROF       7   /* V */
#define VIRQ_CON_RING       8   /* G: the log ring got new text */
#define VIRQ_PCPU_STATE     9   /* G: a physical CPU came or went */
#define VIRQ_MEM_EVENT      10  /* G */
#define VIRQ_ARGO           11  /* G */
#define VIRQ_ENOMEM         12  /* G: the heap runs low */
#define VIRQ_XENPMU         13  /* V */
#define VIRQ_ARCH_0         16
#define VIRQ_ARCH_1         17
#define VIRQ_ARCH_2         18
#define VIRQ_ARCH_3         19
#define VIRQ_ARCH_4         20
#define VIRQ_ARCH_5         21
#define VIRQ_ARCH_6         22
#define VIRQ_ARCH_7         23
#define VIRQ_MCA            VIRQ_ARCH_0     /* G: machine check */
#define NR_VIRQS            24

/* Kind of an mmu_update request: the two low bits of its ptr. */
#define MMU_NORMAL_PT_UPDATE        0   /* ptr: machine address of the entry to write */
#define MMU_MACHPHYS_UPDATE         1   /* ptr: machine address in the frame; val: its PFN */
#define MMU_PT_UPDATE_PRESERVE_AD   2   /* as 0, keeping the entry's accessed and dirty bits */
#define MMU_PT_UPDATE_NO_TRANSLATE  3   /* as 0, val is never translated */

#define MMUEXT_PIN_L1_TABLE         0
#define MMUEXT_PIN_L2_TABLE         1
#define MMUEXT_PIN_L3_TABLE         2
#define MMUEXT_PIN_L4_TABLE         3
#define MMUEXT_UNPIN_TABLE          4
#define MMUEXT_NEW_BASEPTR          5
#define MMUEXT_TLB_FLUSH_LOCAL      6
#define MMUEXT_INVLPG_LOCAL         7
#define MMUEXT_TLB_FLUSH_MULTI      8
#define MMUEXT_INVLPG_MULTI         9
#define MMUEXT_TLB_FLUSH_ALL        10
#define MMUEXT_INVLPG_ALL           11
#define MMUEXT_FLUSH_CACHE          12
#define MMUEXT_SET_LDT              13
#define MMUEXT_NEW_USER_BASEPTR     15
#define MMUEXT_CLEAR_PAGE           16
#define MMUEXT_COPY_PAGE            17
#define MMUEXT_FLUSH_CACHE_GLOBAL   18
#define MMUEXT_MARK_SUPER           19
#define MMUEXT_UNMARK_SUPER         20

/* update_va_mapping flags: what to flush, or'ed with where (or with a vCPU bitmap's address). */
#define UVMF_NONE               0UL
#define UVMF_TLB_FLUSH          1UL
#define UVMF_INVLPG             2UL
#define UVMF_FLUSHTYPE_MASK     3UL
#define UVMF_MULTI              0UL
#define UVMF_LOCAL              0UL     /* a MULTI with no bitmap */
#define UVMF_ALL                4UL

#define CONSOLEIO_write         0
#define CONSOLEIO_read          1

#define VMASST_CMD_enable       0
#define VMASST_CMD_disable      1
#define VMASST_TYPE_4gb_segments            0
#define VMASST_TYPE_4gb_segments_notify     1
#define VMASST_TYPE_writable_pagetables     2
#define VMASST_TYPE_pae_extended_cr3        3
#define VMASST_TYPE_architectural_iopl      4
#define VMASST_TYPE_runstate_update_flag    5
#define VMASST_TYPE_m2p_strict              32

/* start_info.flags */
#define SIF_PRIVILEGED          (1 << 0)
#define SIF_INITDOMAIN          (1 << 1)
#define SIF_MULTIBOOT_MOD       (1 << 2)    /* mod_start is a xen_multiboot_mod_list */
#define SIF_MOD_START_PFN       (1 << 3)    /* mod_start is a PFN, and not mapped */
#define SIF_VIRT_P2M_4TOOLS     (1 << 4)    /* tools can follow arch_shared_info.p2m_vaddr */
#define SIF_PM_MASK             (0xff << 8)

#define MAX_GUEST_CMDLINE       1024

/* pvclock flags: vcpu_time_info.flags */
#define XEN_PVCLOCK_TSC_STABLE_BIT  (1 << 0)
#define XEN_PVCLOCK_GUEST_STOPPED   (1 << 1)

/* dom0_vga_console_info.video_type */
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB    0x23
#define XEN_VGATYPE_EFI_LFB     0x70

#ifndef __ASSEMBLER__

struct mmu_update {
    uint64_t ptr;                   /* machine address | MMU_* */
    uint64_t val;
};
ABI_SIZE(mmu_update, 16);

struct mmuext_op {
    uint32_t cmd;                   /* MMUEXT_* */
    union {
        xen_pfn_t mfn;              /* PIN, UNPIN, BASEPTR, CLEAR, COPY (destination) */
        uint64_t  linear_addr;      /* INVLPG_*, SET_LDT */
    } arg1;
    union {
        uint32_t    nr_ents;        /* SET_LDT: descriptors, at most 8192 */
        guest_ptr_t vcpumask;       /* *_MULTI: bitmap of vCPUs */
        xen_pfn_t   src_mfn;        /* COPY_PAGE */
    } arg2;
};
ABI_SIZE(mmuext_op, 24);

struct multicall_entry {
    xen_ulong_t op;                 /* hypercall number */
    xen_ulong_t result;             /* OUT */
    xen_ulong_t args[6];
};
ABI_SIZE(multicall_entry, 64);

/*
 * The guest's clock, now = system_time + (((tsc - tsc_timestamp) << tsc_shift) * mul >> 32), with
 * a right shift when tsc_shift is negative.  The writer makes version odd, changes, makes it even.
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;           /* ns since host boot, at tsc_timestamp */
    uint32_t tsc_to_system_mul;
    int8_t   tsc_shift;
    uint8_t  flags;                 /* XEN_PVCLOCK_* */
    uint8_t  pad1[2];
};
ABI_SIZE(vcpu_time_info, 32);

/* Both flags are touched only on the CPU that runs the vCPU: no locked access is needed there. */
struct vcpu_info {
    uint8_t     evtchn_upcall_pending;  /* set by the hypervisor, cleared by the guest */
    uint8_t     evtchn_upcall_mask;     /* set by the guest and on upcall; cleared by block */
    xen_ulong_t evtchn_pending_sel;     /* 2-level: words of evtchn_pending to look at */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};
ABI_SIZE(vcpu_info, 64);
ABI_OFFSET(vcpu_info, time, 32);

struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[64];     /* 2-level: one bit per port */
    xen_ulong_t evtchn_mask[64];
    uint32_t wc_version;                /* seqcount for the wall clock at system time 0 */
    uint32_t wc_sec;                    /* UTC, low 32 bits */
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};
ABI_SIZE(shared_info, 3136);
ABI_OFFSET(shared_info, evtchn_pending, 2048);
ABI_OFFSET(shared_info, wc_version, 3072);
ABI_OFFSET(shared_info, arch, 3088);

/*
 * Start of day: RSI points here.  The first part is filled in on boot and on resume, the part
 * from pt_base on at boot only.
 */
struct start_info {
    char      magic[32];                /* "xen-3.0-x86_64", NUL-padded; dom0: ...64p */
    uint64_t  nr_pages;
    uint64_t  shared_info;              /* machine address */
    uint32_t  flags;                    /* SIF_* */
    xen_pfn_t store_mfn;
    uint32_t  store_evtchn;
    union {
        struct {
            xen_pfn_t mfn;              /* console ring page */
            uint32_t  evtchn;
        } domU;
        struct {
            uint32_t info_off;          /* of dom0_vga_console_info, from start_info; 0: none */
            uint32_t info_size;         /* bytes */
        } dom0;
    } console;
    uint64_t  pt_base;                  /* virtual address of the L4 */
    uint64_t  nr_pt_frames;
    uint64_t  mfn_list;                 /* virtual address of the p2m list */
    uint64_t  mod_start;                /* initrd: virtual address, or PFN by SIF_MOD_START_PFN */
    uint64_t  mod_len;                  /* bytes */
    int8_t    cmd_line[MAX_GUEST_CMDLINE];  /* NUL-terminated */
    uint64_t  first_p2m_pfn;            /* PFNs of the p2m list and its page tables */
    uint64_t  nr_p2m_frames;
};
ABI_SIZE(start_info, 1168);
ABI_OFFSET(start_info, console, 72);
ABI_OFFSET(start_info, cmd_line, 128);
ABI_OFFSET(start_info, first_p2m_pfn, 1152);

struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end;                   /* last byte, inclusive */
    uint32_t cmdline;
    uint32_t pad;
};
ABI_SIZE(xen_multiboot_mod_list, 16);

struct dom0_vga_console_info {
    uint8_t video_type;                 /* XEN_VGATYPE_* */
    union {
        struct {
            uint16_t font_height;       /* pixels */
            uint16_t cursor_x;
            uint16_t cursor_y;
            uint16_t rows;              /* characters */
            uint16_t columns;
        } text_mode_3;
        struct {
            uint16_t width;             /* pixels */
            uint16_t height;
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;          /* physical address, low half */
            uint32_t lfb_size;          /* 64 KiB units */
            uint8_t  red_pos;
            uint8_t  red_size;
            uint8_t  green_pos;
            uint8_t  green_size;
            uint8_t  blue_pos;
            uint8_t  blue_size;
            uint8_t  rsvd_pos;
            uint8_t  rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base;      /* physical address, high half */
        } vesa_lfb;
    } u;
};
ABI_SIZE(dom0_vga_console_info, 40);

/* A bitmap in the tools' memory. */
struct xenctl_bitmap {
    guest_ptr_t bitmap;                 /* bytes, bit 0 of byte 0 first */
    uint32_t    nr_bits;
};
ABI_SIZE(xenctl_bitmap, 16);

#endif /* !__ASSEMBLER__ */
#endif
