/* SPDX-License-Identifier: MIT */
/*
 * domctl: creation and control of domains by the tools.  Interface version 0x15 (Xen 4.17).
 *
 * Numbers of all operations are here; structures only of those that PV guests' life needs.
 */
#ifndef XENABI_DOMCTL_H
#define XENABI_DOMCTL_H

#include <xenabi/arch-x86.h>
#include <xenabi/memory.h>
#include <xenabi/types.h>
#include <xenabi/xen.h>

#define XEN_DOMCTL_INTERFACE_VERSION        0x00000015

#define XEN_DOMCTL_createdomain             1
#define XEN_DOMCTL_destroydomain            2
#define XEN_DOMCTL_pausedomain              3
#define XEN_DOMCTL_unpausedomain            4
#define XEN_DOMCTL_getdomaininfo            5   /* of the first domain with an id >= domain */
#define XEN_DOMCTL_setvcpuaffinity          9
#define XEN_DOMCTL_shadow_op                10
#define XEN_DOMCTL_max_mem                  11
#define XEN_DOMCTL_setvcpucontext           12
#define XEN_DOMCTL_getvcpucontext           13
#define XEN_DOMCTL_getvcpuinfo              14
#define XEN_DOMCTL_max_vcpus                15
#define XEN_DOMCTL_scheduler_op             16
#define XEN_DOMCTL_setdomainhandle          17
#define XEN_DOMCTL_setdebugging             18
#define XEN_DOMCTL_irq_permission           19
#define XEN_DOMCTL_iomem_permission         20
#define XEN_DOMCTL_ioport_permission        21
#define XEN_DOMCTL_hypercall_init           22
#define XEN_DOMCTL_settimeoffset            24
#define XEN_DOMCTL_getvcpuaffinity          25
#define XEN_DOMCTL_real_mode_area           26
#define XEN_DOMCTL_resumedomain             27
#define XEN_DOMCTL_sendtrigger              28
#define XEN_DOMCTL_subscribe                29
#define XEN_DOMCTL_gethvmcontext            33
#define XEN_DOMCTL_sethvmcontext            34
#define XEN_DOMCTL_set_address_size         35
#define XEN_DOMCTL_get_address_size         36
#define XEN_DOMCTL_assign_device            37
#define XEN_DOMCTL_bind_pt_irq              38
#define XEN_DOMCTL_memory_mapping           39
#define XEN_DOMCTL_ioport_mapping           40
#define XEN_DOMCTL_set_ext_vcpucontext      42
#define XEN_DOMCTL_get_ext_vcpucontext      43
#define XEN_DOMCTL_set_opt_feature          44
#define XEN_DOMCTL_test_assign_device       45
#define XEN_DOMCTL_set_target               46
#define XEN_DOMCTL_deassign_device          47
#define XEN_DOMCTL_unbind_pt_irq            48
#define XEN_DOMCTL_get_device_group         50
#define XEN_DOMCTL_debug_op                 54
#define XEN_DOMCTL_gethvmcontext_partial    55
#define XEN_DOMCTL_vm_event_op              56
#define XEN_DOMCTL_mem_sharing_op           57
#define XEN_DOMCTL_gettscinfo               59
#define XEN_DOMCTL_settscinfo               60
#define XEN_DOMCTL_getpageframeinfo3        61
#define XEN_DOMCTL_setvcpuextstate          62
#define XEN_DOMCTL_getvcpuextstate          63
#define XEN_DOMCTL_set_access_required      64
#define XEN_DOMCTL_audit_p2m                65
#define XEN_DOMCTL_set_virq_handler         66
#define XEN_DOMCTL_set_broken_page_p2m      67
#define XEN_DOMCTL_setnodeaffinity          68
#define XEN_DOMCTL_getnodeaffinity          69
#define XEN_DOMCTL_cacheflush               71
#define XEN_DOMCTL_get_vcpu_msrs            72
#define XEN_DOMCTL_set_vcpu_msrs            73
#define XEN_DOMCTL_setvnumainfo             74
#define XEN_DOMCTL_psr_cmt_op               75
#define XEN_DOMCTL_monitor_op               77
#define XEN_DOMCTL_psr_alloc                78
#define XEN_DOMCTL_soft_reset               79
#define XEN_DOMCTL_vuart_op                 81
#define XEN_DOMCTL_get_cpu_policy           82
#define XEN_DOMCTL_set_cpu_policy           83
#define XEN_DOMCTL_vmtrace_op               84
#define XEN_DOMCTL_get_paging_mempool_size  85
#define XEN_DOMCTL_set_paging_mempool_size  86
#define XEN_DOMCTL_gdbsx_guestmemio         1000
#define XEN_DOMCTL_gdbsx_pausevcpu          1001
#define XEN_DOMCTL_gdbsx_unpausevcpu        1002
#define XEN_DOMCTL_gdbsx_domstatus          1003

/* createdomain.flags */
#define XEN_DOMCTL_CDF_hvm              (1U << 0)
#define XEN_DOMCTL_CDF_hap              (1U << 1)
#define XEN_DOMCTL_CDF_s3_integrity     (1U << 2)
#define XEN_DOMCTL_CDF_oos_off          (1U << 3)
#define XEN_DOMCTL_CDF_xs_domain        (1U << 4)
#define XEN_DOMCTL_CDF_iommu            (1U << 5)
#define XEN_DOMCTL_CDF_nested_virt      (1U << 6)
#define XEN_DOMCTL_CDF_vpmu             (1U << 7)
#define XEN_DOMCTL_CDF_MAX              XEN_DOMCTL_CDF_vpmu

#define XEN_DOMCTL_IOMMU_no_sharept     (1U << 0)
#define XEN_DOMCTL_IOMMU_MAX            XEN_DOMCTL_IOMMU_no_sharept

#define XEN_DOMCTL_GRANT_version_mask   0xf
#define XEN_DOMCTL_GRANT_version(v)     ((v) & XEN_DOMCTL_GRANT_version_mask)

/* getdomaininfo.flags */
#define XEN_DOMINF_dying                (1U << 0)
#define XEN_DOMINF_hvm_guest            (1U << 1)
#define XEN_DOMINF_shutdown             (1U << 2)
#define XEN_DOMINF_paused               (1U << 3)   /* by the tools */
#define XEN_DOMINF_blocked              (1U << 4)   /* every vCPU that is up */
#define XEN_DOMINF_running              (1U << 5)
#define XEN_DOMINF_debugged             (1U << 6)
#define XEN_DOMINF_xs_domain            (1U << 7)
#define XEN_DOMINF_hap                  (1U << 8)
#define XEN_DOMINF_shutdownmask         255         /* SHUTDOWN_*, after the shift */
#define XEN_DOMINF_shutdownshift        16
#define XEN_INVALID_MAX_VCPU_ID         (~0U)

/* getpageframeinfo3: a type in bits 28..31 of each entry. */
#define XEN_DOMCTL_PFINFO_LTAB_SHIFT    28
#define XEN_DOMCTL_PFINFO_NOTAB         (0x0U << 28)
#define XEN_DOMCTL_PFINFO_L1TAB         (0x1U << 28)
#define XEN_DOMCTL_PFINFO_L2TAB         (0x2U << 28)
#define XEN_DOMCTL_PFINFO_L3TAB         (0x3U << 28)
#define XEN_DOMCTL_PFINFO_L4TAB         (0x4U << 28)
#define XEN_DOMCTL_PFINFO_LTABTYPE_MASK (0x7U << 28)
#define XEN_DOMCTL_PFINFO_LPINTAB       (0x1U << 31)
#define XEN_DOMCTL_PFINFO_XTAB          (0xfU << 28)    /* no such page */
#define XEN_DOMCTL_PFINFO_XALLOC        (0xeU << 28)
#define XEN_DOMCTL_PFINFO_BROKEN        (0xdU << 28)
#define XEN_DOMCTL_PFINFO_LTAB_MASK     (0xfU << 28)

#define XEN_DOMCTL_SHADOW_OP_OFF                0
#define XEN_DOMCTL_SHADOW_OP_ENABLE_TEST        1
#define XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY    2
#define XEN_DOMCTL_SHADOW_OP_CLEAN              11
#define XEN_DOMCTL_SHADOW_OP_PEEK               12
#define XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION     30
#define XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION     31
#define XEN_DOMCTL_SHADOW_OP_ENABLE             32
#define XEN_DOMCTL_SHADOW_ENABLE_REFCOUNT       (1 << 1)
#define XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY      (1 << 2)
#define XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE      (1 << 3)
#define XEN_DOMCTL_SHADOW_ENABLE_EXTERNAL       (1 << 4)
#define XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL        (1 << 0)

#define XEN_VCPUAFFINITY_HARD           (1U << 0)
#define XEN_VCPUAFFINITY_SOFT           (1U << 1)
#define XEN_VCPUAFFINITY_FORCE          (1U << 2)

#define XEN_SCHEDULER_CREDIT            5
#define XEN_SCHEDULER_CREDIT2           6
#define XEN_SCHEDULER_ARINC653          7
#define XEN_SCHEDULER_RTDS              8
#define XEN_SCHEDULER_NULL              9

#define XEN_DOMCTL_SCHEDOP_putinfo      0
#define XEN_DOMCTL_SCHEDOP_getinfo      1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo  2
#define XEN_DOMCTL_SCHEDOP_getvcpuinfo  3
#define XEN_DOMCTL_SCHEDRT_extra        (1U << 0)

#define XEN_DOMCTL_SENDTRIGGER_NMI      0
#define XEN_DOMCTL_SENDTRIGGER_RESET    1
#define XEN_DOMCTL_SENDTRIGGER_INIT     2
#define XEN_DOMCTL_SENDTRIGGER_POWER    3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP    4

#define XEN_DOMCTL_DEV_PCI              0
#define XEN_DOMCTL_DEV_DT               1
#define XEN_DOMCTL_DEV_RDM_RELAXED      1

#define DPCI_ADD_MAPPING                1
#define DPCI_REMOVE_MAPPING             0

#define XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF     0
#define XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON      1

struct xen_domctl_createdomain {
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t flags;                 /* XEN_DOMCTL_CDF_* */
    uint32_t iommu_opts;            /* XEN_DOMCTL_IOMMU_* */
    uint32_t max_vcpus;
    uint32_t max_evtchn_port;       /* highest port, inclusive */
    int32_t  max_grant_frames;      /* < 0: default */
    int32_t  max_maptrack_frames;   /* < 0: default */
    uint32_t grant_opts;            /* XEN_DOMCTL_GRANT_version */
    uint32_t vmtrace_size;          /* bytes per vCPU */
    uint32_t cpupool_id;
    struct xen_arch_domainconfig arch;
};
ABI_SIZE(xen_domctl_createdomain, 64);

struct xen_domctl_getdomaininfo {
    domid_t  domain;
    uint16_t pad1;
    uint32_t flags;                 /* XEN_DOMINF_* */
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t outstanding_pages;     /* claimed, not yet allocated */
    uint64_t shr_pages;
    uint64_t paged_pages;
    uint64_t shared_info_frame;     /* MFN, for PV */
    uint64_t cpu_time;              /* ns, all vCPUs */
    uint32_t nr_online_vcpus;
    uint32_t max_vcpu_id;
    uint32_t ssidref;
    xen_domain_handle_t handle;
    uint32_t cpupool;
    uint8_t  gpaddr_bits;
    uint8_t  pad2[7];
    struct xen_arch_domainconfig arch_config;
};
ABI_SIZE(xen_domctl_getdomaininfo, 112);

struct xen_domctl_getpageframeinfo3 {
    uint64_t    num;                /* at most 1024 */
    guest_ptr_t array;              /* xen_pfn_t: GFNs in, XEN_DOMCTL_PFINFO_* out */
};
ABI_SIZE(xen_domctl_getpageframeinfo3, 16);

struct xen_domctl_shadow_op_stats {
    uint32_t fault_count;
    uint32_t dirty_count;
};
ABI_SIZE(xen_domctl_shadow_op_stats, 8);

struct xen_domctl_shadow_op {
    uint32_t    op;                 /* XEN_DOMCTL_SHADOW_OP_* */
    uint32_t    mode;
    uint32_t    mb;                 /* MiB */
    guest_ptr_t dirty_bitmap;
    uint64_t    pages;              /* bits in dirty_bitmap */
    struct xen_domctl_shadow_op_stats stats;
};
ABI_SIZE(xen_domctl_shadow_op, 40);

struct xen_domctl_max_mem {
    uint64_t max_memkb;             /* KiB */
};
ABI_SIZE(xen_domctl_max_mem, 8);

struct xen_domctl_vcpucontext {
    uint32_t    vcpu;
    guest_ptr_t ctxt;               /* struct vcpu_guest_context */
};
ABI_SIZE(xen_domctl_vcpucontext, 16);

struct xen_domctl_getvcpuinfo {
    uint32_t vcpu;                  /* IN */
    uint8_t  online;
    uint8_t  blocked;
    uint8_t  running;
    uint64_t cpu_time;              /* ns */
    uint32_t cpu;                   /* where it runs, or ran last */
};
ABI_SIZE(xen_domctl_getvcpuinfo, 24);

struct xen_domctl_nodeaffinity {
    struct xenctl_bitmap nodemap;
};
ABI_SIZE(xen_domctl_nodeaffinity, 16);

struct xen_domctl_vcpuaffinity {
    uint32_t vcpu;
    uint32_t flags;                 /* XEN_VCPUAFFINITY_* */
    struct xenctl_bitmap cpumap_hard;
    struct xenctl_bitmap cpumap_soft;
};
ABI_SIZE(xen_domctl_vcpuaffinity, 40);

struct xen_domctl_max_vcpus {
    uint32_t max;
};
ABI_SIZE(xen_domctl_max_vcpus, 4);

struct xen_domctl_sched_credit {
    uint16_t weight;
    uint16_t cap;
};
ABI_SIZE(xen_domctl_sched_credit, 4);

struct xen_domctl_sched_credit2 {
    uint16_t weight;                /* 1..65535, default 256 */
    uint16_t cap;                   /* percent of one CPU; 0: none */
};
ABI_SIZE(xen_domctl_sched_credit2, 4);

struct xen_domctl_sched_rtds {
    uint32_t period;                /* microseconds */
    uint32_t budget;
    uint32_t flags;
};
ABI_SIZE(xen_domctl_sched_rtds, 12);

struct xen_domctl_schedparam_vcpu {
    union {
        struct xen_domctl_sched_credit  credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds    rtds;
    } u;
    uint32_t vcpuid;
};
ABI_SIZE(xen_domctl_schedparam_vcpu, 16);

struct xen_domctl_scheduler_op {
    uint32_t sched_id;              /* XEN_SCHEDULER_* */
    uint32_t cmd;                   /* XEN_DOMCTL_SCHEDOP_* */
    union {
        struct xen_domctl_sched_credit  credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds    rtds;
        struct {
            guest_ptr_t vcpus;      /* array of struct xen_domctl_schedparam_vcpu */
            uint32_t    nr_vcpus;
            uint32_t    padding;
        } v;
    } u;
};
ABI_SIZE(xen_domctl_scheduler_op, 24);

struct xen_domctl_setdomainhandle {
    xen_domain_handle_t handle;
};
ABI_SIZE(xen_domctl_setdomainhandle, 16);

struct xen_domctl_setdebugging {
    uint8_t enable;
};
ABI_SIZE(xen_domctl_setdebugging, 1);

struct xen_domctl_irq_permission {
    uint32_t pirq;
    uint8_t  allow_access;
    uint8_t  pad[3];
};
ABI_SIZE(xen_domctl_irq_permission, 8);

struct xen_domctl_iomem_permission {
    uint64_t first_mfn;
    uint64_t nr_mfns;
    uint8_t  allow_access;
};
ABI_SIZE(xen_domctl_iomem_permission, 24);

struct xen_domctl_ioport_permission {
    uint32_t first_port;
    uint32_t nr_ports;
    uint8_t  allow_access;
};
ABI_SIZE(xen_domctl_ioport_permission, 12);

struct xen_domctl_hypercall_init {
    uint64_t gmfn;                  /* page to fill with call stubs */
};
ABI_SIZE(xen_domctl_hypercall_init, 8);

struct xen_domctl_settimeoffset {
    int64_t time_offset_seconds;
};
ABI_SIZE(xen_domctl_settimeoffset, 8);

struct xen_domctl_hvmcontext {
    uint32_t    size;               /* IN room; OUT bytes */
    guest_ptr_t buffer;             /* null: ask for the size */
};
ABI_SIZE(xen_domctl_hvmcontext, 16);

struct xen_domctl_hvmcontext_partial {
    uint32_t    type;
    uint32_t    instance;
    uint64_t    bufsz;
    guest_ptr_t buffer;
};
ABI_SIZE(xen_domctl_hvmcontext_partial, 24);

struct xen_domctl_address_size {
    uint32_t size;                  /* bits: 64 */
};
ABI_SIZE(xen_domctl_address_size, 4);

struct xen_domctl_sendtrigger {
    uint32_t trigger;               /* XEN_DOMCTL_SENDTRIGGER_* */
    uint32_t vcpu;
};
ABI_SIZE(xen_domctl_sendtrigger, 8);

struct xen_domctl_assign_device {
    uint32_t dev;                   /* XEN_DOMCTL_DEV_* */
    uint32_t flags;
    union {
        struct {
            uint32_t machine_sbdf;
        } pci;
        struct {
            uint32_t    size;
            guest_ptr_t path;
        } dt;
    } u;
};
ABI_SIZE(xen_domctl_assign_device, 24);

struct xen_domctl_get_device_group {
    uint32_t    machine_sbdf;
    uint32_t    max_sdevs;
    uint32_t    num_sdevs;
    guest_ptr_t sdev_array;
};
ABI_SIZE(xen_domctl_get_device_group, 24);

struct xen_domctl_memory_mapping {
    uint64_t first_gfn;
    uint64_t first_mfn;
    uint64_t nr_mfns;
    uint32_t add_mapping;           /* DPCI_* */
    uint32_t padding;
};
ABI_SIZE(xen_domctl_memory_mapping, 32);

struct xen_domctl_ioport_mapping {
    uint32_t first_gport;
    uint32_t first_mport;
    uint32_t nr_ports;
    uint32_t add_mapping;
};
ABI_SIZE(xen_domctl_ioport_mapping, 16);

/* Machine check state of a vCPU, as it travels in ext_vcpucontext and in saved images. */
struct hvm_vmce_vcpu {
    uint64_t caps;
    uint64_t mci_ctl2_bank0;
    uint64_t mci_ctl2_bank1;
    uint64_t mcg_ext_ctl;
};
ABI_SIZE(hvm_vmce_vcpu, 32);

struct xen_domctl_ext_vcpucontext {
    uint32_t vcpu;
    uint32_t size;                  /* bytes of this struct that are valid */
    uint64_t syscall32_callback_eip;
    uint64_t sysenter_callback_eip;
    uint16_t syscall32_callback_cs;
    uint16_t sysenter_callback_cs;
    uint8_t  syscall32_disables_events;
    uint8_t  sysenter_disables_events;
    struct hvm_vmce_vcpu vmce;
};
ABI_SIZE(xen_domctl_ext_vcpucontext, 64);

struct xen_domctl_set_target {
    domid_t target;
};
ABI_SIZE(xen_domctl_set_target, 2);

struct xen_domctl_cpu_policy {
    uint32_t    nr_leaves;          /* IN room; OUT entries (needed, if the pointer is null) */
    uint32_t    nr_msrs;
    guest_ptr_t leaves;             /* struct xen_cpuid_leaf */
    guest_ptr_t msrs;               /* struct xen_msr_entry */
    uint32_t    err_leaf;           /* OUT of set: what was not acceptable, or ~0 */
    uint32_t    err_subleaf;
    uint32_t    err_msr;
};
ABI_SIZE(xen_domctl_cpu_policy, 40);

struct xen_domctl_subscribe {
    uint32_t port;                  /* event port to notify when the domain suspends */
};
ABI_SIZE(xen_domctl_subscribe, 4);

struct xen_domctl_debug_op {
    uint32_t op;
    uint32_t vcpu;
};
ABI_SIZE(xen_domctl_debug_op, 8);

struct xen_domctl_tsc_info {
    uint32_t tsc_mode;
    uint32_t gtsc_khz;
    uint32_t incarnation;
    uint32_t pad;
    uint64_t elapsed_nsec;
};
ABI_SIZE(xen_domctl_tsc_info, 24);

struct xen_domctl_set_virq_handler {
    uint32_t virq;
};
ABI_SIZE(xen_domctl_set_virq_handler, 4);

struct xen_domctl_vcpuextstate {
    uint32_t    vcpu;
    uint64_t    xfeature_mask;      /* OUT of get: XCR0 states the format may hold */
    uint64_t    size;               /* bytes; OUT when buffer is null */
    guest_ptr_t buffer;             /* XCR0, XCR0 accumulated, then an XSAVE image */
};
ABI_SIZE(xen_domctl_vcpuextstate, 32);

struct xen_domctl_cacheflush {
    xen_pfn_t start_pfn;
    xen_pfn_t nr_pfns;
};
ABI_SIZE(xen_domctl_cacheflush, 16);

struct xen_domctl_paging_mempool {
    uint64_t size;                  /* bytes */
};
ABI_SIZE(xen_domctl_paging_mempool, 8);

struct xen_domctl_vcpu_msr {
    uint32_t index;
    uint32_t reserved;
    uint64_t value;
};
ABI_SIZE(xen_domctl_vcpu_msr, 16);

struct xen_domctl_vcpu_msrs {
    uint32_t    vcpu;
    uint32_t    msr_count;          /* IN room; OUT entries */
    guest_ptr_t msrs;               /* struct xen_domctl_vcpu_msr */
};
ABI_SIZE(xen_domctl_vcpu_msrs, 16);

struct xen_domctl_vnuma {
    uint32_t    nr_vnodes;
    uint32_t    nr_vmemranges;
    uint32_t    nr_vcpus;
    uint32_t    pad;
    guest_ptr_t vdistance;
    guest_ptr_t vcpu_to_vnode;
    guest_ptr_t vnode_to_pnode;
    guest_ptr_t vmemrange;
};
ABI_SIZE(xen_domctl_vnuma, 48);

struct xen_domctl {
    uint32_t cmd;                   /* XEN_DOMCTL_* */
    uint32_t interface_version;     /* XEN_DOMCTL_INTERFACE_VERSION */
    domid_t  domain;
    uint16_t _pad[3];
    union {
        struct xen_domctl_createdomain          createdomain;
        struct xen_domctl_getdomaininfo         getdomaininfo;
        struct xen_domctl_getpageframeinfo3     getpageframeinfo3;
        struct xen_domctl_nodeaffinity          nodeaffinity;
        struct xen_domctl_vcpuaffinity          vcpuaffinity;
        struct xen_domctl_shadow_op             shadow_op;
        struct xen_domctl_max_mem               max_mem;
        struct xen_domctl_vcpucontext           vcpucontext;
        struct xen_domctl_getvcpuinfo           getvcpuinfo;
        struct xen_domctl_max_vcpus             max_vcpus;
        struct xen_domctl_scheduler_op          scheduler_op;
        struct xen_domctl_setdomainhandle       setdomainhandle;
        struct xen_domctl_setdebugging          setdebugging;
        struct xen_domctl_irq_permission        irq_permission;
        struct xen_domctl_iomem_permission      iomem_permission;
        struct xen_domctl_ioport_permission     ioport_permission;
        struct xen_domctl_hypercall_init        hypercall_init;
        struct xen_domctl_settimeoffset         settimeoffset;
        struct xen_domctl_tsc_info              tsc_info;
        struct xen_domctl_hvmcontext            hvmcontext;
        struct xen_domctl_hvmcontext_partial    hvmcontext_partial;
        struct xen_domctl_address_size          address_size;
        struct xen_domctl_sendtrigger           sendtrigger;
        struct xen_domctl_get_device_group      get_device_group;
        struct xen_domctl_assign_device         assign_device;
        struct xen_domctl_memory_mapping        memory_mapping;
        struct xen_domctl_ioport_mapping        ioport_mapping;
        struct xen_domctl_ext_vcpucontext       ext_vcpucontext;
        struct xen_domctl_set_target            set_target;
        struct xen_domctl_subscribe             subscribe;
        struct xen_domctl_debug_op              debug_op;
        struct xen_domctl_cpu_policy            cpu_policy;
        struct xen_domctl_vcpuextstate          vcpuextstate;
        struct xen_domctl_vcpu_msrs             vcpu_msrs;
        struct xen_domctl_set_virq_handler      set_virq_handler;
        struct xen_domctl_cacheflush            cacheflush;
        struct xen_domctl_vnuma                 vnuma;
        struct xen_domctl_paging_mempool        paging_mempool;
        uint8_t                                 pad[128];
    } u;
};
ABI_SIZE(xen_domctl, 144);
ABI_OFFSET(xen_domctl, u, 16);

#endif
