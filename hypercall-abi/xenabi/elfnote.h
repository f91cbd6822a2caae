/* SPDX-License-Identifier: MIT */
/*
 * ELF notes (owner "Xen") by which a kernel tells a domain builder how it wants to be started.
 */
#ifndef XENABI_ELFNOTE_H
#define XENABI_ELFNOTE_H

#define XEN_ELFNOTE_INFO                0   /* string: old __xen_guest format */
#define XEN_ELFNOTE_ENTRY               1   /* number: virtual entry point */
#define XEN_ELFNOTE_HYPERCALL_PAGE      2   /* number: virtual address of the page to fill */
#define XEN_ELFNOTE_VIRT_BASE           3   /* number: where the image is to be mapped */
#define XEN_ELFNOTE_PADDR_OFFSET        4   /* number: p_paddr minus guest physical address */
#define XEN_ELFNOTE_XEN_VERSION         5   /* string: "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS            6   /* string */
#define XEN_ELFNOTE_GUEST_VERSION       7   /* string */
#define XEN_ELFNOTE_LOADER              8   /* string: "generic" */
#define XEN_ELFNOTE_PAE_MODE            9   /* string */
#define XEN_ELFNOTE_FEATURES            10  /* string: a|b|!c, '!' means required */
#define XEN_ELFNOTE_BSD_SYMTAB          11  /* string */
#define XEN_ELFNOTE_HV_START_LOW        12  /* number */
#define XEN_ELFNOTE_L1_MFN_VALID        13  /* pairs: mask, value of a valid entry */
#define XEN_ELFNOTE_SUSPEND_CANCEL      14  /* number: guest copes with a cancelled suspend */
#define XEN_ELFNOTE_INIT_P2M            15  /* number: virtual address for the p2m list */
#define XEN_ELFNOTE_MOD_START_PFN       16  /* number: initrd need not be mapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES  17  /* number: bitmap of XENFEAT_* */
#define XEN_ELFNOTE_PHYS32_ENTRY        18  /* number: PVH entry point */
#define XEN_ELFNOTE_MAX                 XEN_ELFNOTE_PHYS32_ENTRY

#define XEN_ELFNOTE_CRASH_INFO                  0x1000001
#define XEN_ELFNOTE_CRASH_REGS                  0x1000002
#define XEN_ELFNOTE_DUMPCORE_NONE               0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER             0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION        0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION     0x2000003

#endif
