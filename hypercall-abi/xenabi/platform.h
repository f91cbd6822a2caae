/* SPDX-License-Identifier: MIT */
/*
 * platform_op: what dom0's kernel does to the machine through the hypervisor.
 */
#ifndef XENABI_PLATFORM_H
#define XENABI_PLATFORM_H

#include <xenabi/types.h>

#define XENPF_INTERFACE_VERSION         0x03000001

#define XENPF_settime32                 17
#define XENPF_add_memtype               31
#define XENPF_del_memtype               32
#define XENPF_read_memtype              33
#define XENPF_microcode_update          35
#define XENPF_platform_quirk            39
#define XENPF_get_cpu_version           48
#define XENPF_efi_runtime_call          49
#define XENPF_firmware_info             50
#define XENPF_enter_acpi_sleep          51
#define XENPF_change_freq               52
#define XENPF_getidletime               53
#define XENPF_set_processor_pminfo      54
#define XENPF_get_cpuinfo               55
#define XENPF_cpu_online                56
#define XENPF_cpu_offline               57
#define XENPF_cpu_hotadd                58
#define XENPF_mem_hotadd                59
#define XENPF_core_parking              60
#define XENPF_resource_op               61
#define XENPF_settime64                 62
#define XENPF_get_symbol                63

/* firmware_info.type, and for EFI_INFO its index */
#define XEN_FW_DISK_INFO                1
#define XEN_FW_DISK_MBR_SIGNATURE       2
#define XEN_FW_VBEDDC_INFO              3
#define XEN_FW_EFI_INFO                 4
#define XEN_FW_KBD_SHIFT_FLAGS          5
#define XEN_FW_EFI_VERSION              0
#define XEN_FW_EFI_CONFIG_TABLE         1
#define XEN_FW_EFI_VENDOR               2
#define XEN_FW_EFI_MEM_INFO             3
#define XEN_FW_EFI_RT_VERSION           4
#define XEN_FW_EFI_PCI_ROM              5
#define XEN_FW_EFI_APPLE_PROPERTIES     6

#define XEN_EFI_get_time                        1
#define XEN_EFI_set_time                        2
#define XEN_EFI_get_wakeup_time                 3
#define XEN_EFI_set_wakeup_time                 4
#define XEN_EFI_get_next_high_monotonic_count   5
#define XEN_EFI_get_variable                    6
#define XEN_EFI_set_variable                    7
#define XEN_EFI_get_next_variable_name          8
#define XEN_EFI_query_variable_info             9
#define XEN_EFI_query_capsule_capabilities      10
#define XEN_EFI_update_capsule                  11

#define XENPF_ACPI_SLEEP_EXTENDED       1

#define XEN_PM_CX                       0
#define XEN_PM_PX                       1
#define XEN_PM_TX                       2
#define XEN_PM_PDC                      3
#define XEN_PROCESSOR_PM_CX             1
#define XEN_PROCESSOR_PM_PX             2
#define XEN_PROCESSOR_PM_TX             4
#define XEN_PX_PCT                      1
#define XEN_PX_PSS                      2
#define XEN_PX_PPC                      4
#define XEN_PX_PSD                      8

#define XEN_PCPU_FLAGS_ONLINE           1
#define XEN_PCPU_FLAGS_INVALID          2

#define XEN_CORE_PARKING_SET            1
#define XEN_CORE_PARKING_GET            2

#define XEN_RESOURCE_OP_MSR_READ        0
#define XEN_RESOURCE_OP_MSR_WRITE       1

/* Wall clock: secs.nsecs was the UTC time at system_time. */
struct xenpf_settime32 {
    uint32_t secs;
    uint32_t nsecs;
    uint64_t system_time;           /* ns */
};
ABI_SIZE(xenpf_settime32, 16);

struct xenpf_settime64 {
    uint64_t secs;
    uint32_t nsecs;
    uint32_t mbz;
    uint64_t system_time;           /* ns */
};
ABI_SIZE(xenpf_settime64, 24);

struct xenpf_add_memtype {
    xen_pfn_t mfn;
    uint64_t  nr_mfns;
    uint32_t  type;
    uint32_t  handle;
    uint32_t  reg;
};
ABI_SIZE(xenpf_add_memtype, 32);

struct xenpf_del_memtype {
    uint32_t handle;
    uint32_t reg;
};
ABI_SIZE(xenpf_del_memtype, 8);

struct xenpf_read_memtype {
    uint32_t  reg;                  /* IN  variable MTRR */
    xen_pfn_t mfn;
    uint64_t  nr_mfns;
    uint32_t  type;
};
ABI_SIZE(xenpf_read_memtype, 32);

struct xenpf_microcode_update {
    guest_ptr_t data;
    uint32_t    length;             /* bytes */
};
ABI_SIZE(xenpf_microcode_update, 16);

struct xenpf_efi_time {
    uint16_t year;
    uint8_t  month;
    uint8_t  day;
    uint8_t  hour;
    uint8_t  min;
    uint8_t  sec;
    uint32_t ns;
    int16_t  tz;
    uint8_t  daylight;
};
ABI_SIZE(xenpf_efi_time, 16);

struct xenpf_efi_guid {
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t  data4[8];
};
ABI_SIZE(xenpf_efi_guid, 16);

struct xenpf_efi_runtime_call {
    uint32_t    function;           /* XEN_EFI_* */
    uint32_t    misc;
    xen_ulong_t status;             /* OUT EFI status */
    union {
        struct {
            struct xenpf_efi_time time;
            uint32_t resolution;
            uint32_t accuracy;
        } get_time;
        struct xenpf_efi_time set_time;
        struct xenpf_efi_time get_wakeup_time;
        struct xenpf_efi_time set_wakeup_time;
        struct {
            guest_ptr_t name;       /* UTF-16 */
            xen_ulong_t size;
            guest_ptr_t data;
            struct xenpf_efi_guid vendor_guid;
        } get_variable;
        struct {
            guest_ptr_t name;
            xen_ulong_t size;
            guest_ptr_t data;
            struct xenpf_efi_guid vendor_guid;
        } set_variable;
        struct {
            xen_ulong_t size;
            guest_ptr_t name;
            struct xenpf_efi_guid vendor_guid;
        } get_next_variable_name;
        struct {
            uint32_t attr;
            uint64_t max_store_size;
            uint64_t remain_store_size;
            uint64_t max_size;
        } query_variable_info;
    } u;
};
ABI_SIZE(xenpf_efi_runtime_call, 56);

struct xenpf_firmware_info {
    uint32_t type;                  /* XEN_FW_* */
    uint32_t index;
    union {
        struct {
            uint8_t     device;     /* BIOS drive number */
            uint8_t     version;
            uint16_t    interface_support;
            uint16_t    legacy_max_cylinder;
            uint8_t     legacy_max_head;
            uint8_t     legacy_sectors_per_track;
            guest_ptr_t edd_params;
        } disk_info;
        struct {
            uint8_t  device;
            uint32_t mbr_signature;
        } disk_mbr_signature;
        struct {
            uint8_t     capabilities;
            uint8_t     edid_transfer_time;
            guest_ptr_t edid;       /* 128 bytes */
        } vbeddc_info;
        union {
            uint32_t version;
            struct {
                uint64_t addr;
                uint32_t nent;
            } cfg;
            struct {
                uint32_t    revision;
                uint32_t    bufsz;  /* bytes */
                guest_ptr_t name;   /* UTF-16 */
            } vendor;
            struct {
                uint64_t addr;
                uint64_t size;
                uint64_t attr;
                uint32_t type;
            } mem;
            struct {
                uint16_t    segment;
                uint8_t     bus;
                uint8_t     devfn;
                uint16_t    vendor;
                uint16_t    devid;
                uint64_t    address;
                xen_ulong_t size;
            } pci_rom;
            struct {
                uint64_t    address;
                xen_ulong_t size;
            } apple_properties;
        } efi_info;
        uint8_t kbd_shift_flags;
    } u;
};
ABI_SIZE(xenpf_firmware_info, 40);

struct xenpf_enter_acpi_sleep {
    uint16_t val_a;                 /* PM1a control, or sleep type A */
    uint16_t val_b;
    uint32_t sleep_state;           /* n of Sn */
    uint32_t flags;                 /* XENPF_ACPI_SLEEP_* */
};
ABI_SIZE(xenpf_enter_acpi_sleep, 12);

struct xenpf_change_freq {
    uint32_t flags;
    uint32_t cpu;
    uint64_t freq;                  /* Hz */
};
ABI_SIZE(xenpf_change_freq, 16);

struct xenpf_getidletime {
    guest_ptr_t cpumap_bitmap;
    uint32_t    cpumap_nr_cpus;
    guest_ptr_t idletime;           /* uint64_t, ns */
    uint64_t    now;
};
ABI_SIZE(xenpf_getidletime, 32);

struct xen_power_register {
    uint32_t space_id;
    uint32_t bit_width;
    uint32_t bit_offset;
    uint32_t access_size;
    uint64_t address;
};
ABI_SIZE(xen_power_register, 24);

struct xen_processor_csd {
    uint32_t domain;
    uint32_t coord_type;
    uint32_t num;
};
ABI_SIZE(xen_processor_csd, 12);

struct xen_processor_cx {
    struct xen_power_register reg;
    uint8_t     type;               /* n of Cn */
    uint32_t    latency;
    uint32_t    power;
    uint32_t    dpcnt;
    guest_ptr_t dp;                 /* struct xen_processor_csd */
};
ABI_SIZE(xen_processor_cx, 48);

struct xen_processor_power {
    uint32_t    count;
    uint32_t    flags;
    guest_ptr_t states;             /* struct xen_processor_cx */
};
ABI_SIZE(xen_processor_power, 16);

struct xen_pct_register {
    uint8_t  descriptor;
    uint16_t length;
    uint8_t  space_id;
    uint8_t  bit_width;
    uint8_t  bit_offset;
    uint8_t  reserved;
    uint64_t address;
};
ABI_SIZE(xen_pct_register, 16);

struct xen_psd_package {
    uint64_t num_entries;
    uint64_t revision;
    uint64_t domain;
    uint64_t coord_type;
    uint64_t num_processors;
};
ABI_SIZE(xen_psd_package, 40);

struct xen_processor_performance {
    uint32_t    flags;              /* XEN_PX_* */
    uint32_t    platform_limit;
    struct xen_pct_register control_register;
    struct xen_pct_register status_register;
    uint32_t    state_count;
    guest_ptr_t states;
    struct xen_psd_package domain_info;
    uint32_t    shared_type;
};
ABI_SIZE(xen_processor_performance, 104);

struct xenpf_set_processor_pminfo {
    uint32_t id;                    /* ACPI processor id */
    uint32_t type;                  /* XEN_PM_* */
    union {
        struct xen_processor_power       power;
        struct xen_processor_performance perf;
        guest_ptr_t                      pdc;   /* uint32_t: revision, count, words */
    } u;
};
ABI_SIZE(xenpf_set_processor_pminfo, 112);

struct xenpf_pcpuinfo {
    uint32_t xen_cpuid;             /* IN */
    uint32_t max_present;
    uint32_t flags;                 /* XEN_PCPU_FLAGS_* */
    uint32_t apic_id;
    uint32_t acpi_id;
};
ABI_SIZE(xenpf_pcpuinfo, 20);

struct xenpf_pcpu_version {
    uint32_t xen_cpuid;             /* IN */
    uint32_t max_present;
    char     vendor_id[12];
    uint32_t family;
    uint32_t model;
    uint32_t stepping;
};
ABI_SIZE(xenpf_pcpu_version, 32);

struct xenpf_cpu_ol {
    uint32_t cpuid;
};
ABI_SIZE(xenpf_cpu_ol, 4);

struct xenpf_cpu_hotadd {
    uint32_t apic_id;
    uint32_t acpi_id;
    uint32_t pxm;
};
ABI_SIZE(xenpf_cpu_hotadd, 12);

struct xenpf_mem_hotadd {
    uint64_t spfn;
    uint64_t epfn;
    uint32_t pxm;
    uint32_t flags;
};
ABI_SIZE(xenpf_mem_hotadd, 24);

struct xenpf_core_parking {
    uint32_t type;                  /* XEN_CORE_PARKING_* */
    uint32_t idle_nums;
};
ABI_SIZE(xenpf_core_parking, 8);

struct xenpf_resource_entry {
    union {
        uint32_t cmd;               /* IN  XEN_RESOURCE_OP_* */
        int32_t  ret;               /* OUT */
    } u;
    uint32_t rsvd;
    uint64_t idx;
    uint64_t val;
};
ABI_SIZE(xenpf_resource_entry, 24);

struct xenpf_resource_op {
    uint32_t    nr_entries;
    uint32_t    cpu;
    guest_ptr_t entries;            /* struct xenpf_resource_entry */
};
ABI_SIZE(xenpf_resource_op, 16);

struct xenpf_symdata {
    uint32_t    namelen;            /* IN room; OUT length */
    uint32_t    symnum;             /* IN, OUT next; unchanged at the end */
    guest_ptr_t name;
    uint64_t    address;
    char        type;
};
ABI_SIZE(xenpf_symdata, 32);

struct xen_platform_op {
    uint32_t cmd;                   /* XENPF_* */
    uint32_t interface_version;     /* XENPF_INTERFACE_VERSION */
    union {
        struct xenpf_settime32              settime32;
        struct xenpf_settime64              settime64;
        struct xenpf_add_memtype            add_memtype;
        struct xenpf_del_memtype            del_memtype;
        struct xenpf_read_memtype           read_memtype;
        struct xenpf_microcode_update       microcode;
        struct xenpf_efi_runtime_call       efi_runtime_call;
        struct xenpf_firmware_info          firmware_info;
        struct xenpf_enter_acpi_sleep       enter_acpi_sleep;
        struct xenpf_change_freq            change_freq;
        struct xenpf_getidletime            getidletime;
        struct xenpf_set_processor_pminfo   set_pminfo;
        struct xenpf_pcpuinfo               pcpu_info;
        struct xenpf_pcpu_version           pcpu_version;
        struct xenpf_cpu_ol                 cpu_ol;
        struct xenpf_cpu_hotadd             cpu_add;
        struct xenpf_mem_hotadd             mem_add;
        struct xenpf_core_parking           core_parking;
        struct xenpf_resource_op            resource_op;
        struct xenpf_symdata                symdata;
        uint8_t                             pad[128];
    } u;
};
ABI_SIZE(xen_platform_op, 136);
ABI_OFFSET(xen_platform_op, u, 8);

#endif
