/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-up: the order in which everything comes to life, as one list, and the memory map's way
 * from the boot loader to the heap.
 */
#include "boot/boot.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/string.h"
#include "boot/e820.h"
#include "boot/mb.h"
#include "core/host_console.h"
#include "core/sched.h"
#include "cpu/cpu.h"
#include "cpu/cpuid.h"
#include "cpu/pcpu.h"
#include "entry/entry.h"
#include "kern/clock.h"
#include "kern/cmdline.h"
#include "kern/console.h"
#include "kern/host.h"
#include "kern/timer.h"
#include "mem/boot_alloc.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "plat/acpi.h"
#include "plat/apic.h"
#include "plat/irq.h"
#include "plat/pci.h"
#include "plat/smp.h"
#include "plat/tlb.h"
#include "hvm/hvm.h"

#define LOW_MB          0x100000UL
#define MB2             0x200000UL
#define BDA_KBD_FLAGS   0x417

static struct boot_info info;
static struct e820_map map;

extern char _start[], _end[];
extern uint64_t hyp_l2_image[512];

/* Physical memory as head.S maps it: the first 4 GiB, where the direct map will be. */
static const void *phys_at(void *ctx, uint64_t addr, size_t len)
{
    return range_ok(addr, len, 1UL << 32) ? (const void *)(DIRECTMAP_BASE + addr) : NULL;
}

static void read_boot_info(uint32_t magic, uint64_t addr)
{
    const struct boot_phys phys = { phys_at, NULL };
    const char *why = "";

    if ( boot_info_parse(magic, addr, &phys, &info, &why) ) {
        cmdline_parse("");
        console_init_early();
        panic("boot loader's information cannot be used: %s\n", why);
    }
}

static void banner(void)
{
    log_info("Xenolith " XENOLITH_VERSION ", a hypervisor with Xen's interface (4.17)\n");
    log_info("loader: %s; command line: %s\n", info.loader, opt.raw);
    cmdline_report();
    if ( cpu.is_emulated_tcg )
        log_info("CPU is emulated by TCG: SMAP stays off, its IRET does not respect it\n");
}

/* --- Memory ----------------------------------------------------------------------------- */

static void copy_host_map(void)
{
    host.nr_e820 = min(map.nr, (uint32_t)HOST_E820_MAX);
    memcpy(host.e820, map.e, host.nr_e820 * sizeof(host.e820[0]));
    log_info("memory map from %s:\n", info.memory_is_efi ? "EFI" : "the firmware");
    for ( uint32_t i = 0; i < map.nr; i++ )
        log_info("  %#014lx-%#014lx %s\n", map.e[i].addr, map.e[i].addr + map.e[i].size - 1,
                 e820_type_name(map.e[i].type));
}

/* A page of low RAM for starting CPUs: as high as there is below the firmware's own. */
static void choose_trampoline(void)
{
    uint64_t addr;

    if ( e820_find(&map, PAGE_SIZE, PAGE_SIZE, 0x1000, 0x9f000, &addr) )
        log_warn("no RAM below 640 KiB: other processors cannot be started\n");
    else
        smp_trampoline_page = addr;
}

static bool has_memory(uint64_t start, uint64_t end)
{
    for ( uint32_t i = 0; i < map.nr; i++ ) {
        const struct xen_e820_entry *e = &map.e[i];

        if ( e->type != XEN_E820_RESERVED && e->addr < end && e->addr + e->size > start )
            return true;
    }
    return false;
}

/* The boot tables map all below 4 GiB: take out what is no memory, and execution everywhere. */
static void narrow_direct_map(void)
{
    const uint64_t *l3 = mfn_to_virt(paddr_to_mfn(hyp_l4[(DIRECTMAP_BASE >> 39) & 511] & PTE_ADDR));

    for ( unsigned int i = 0; i < 2048; i++ ) {
        uint64_t *l2 = mfn_to_virt(paddr_to_mfn(l3[i / 512] & PTE_ADDR));

        if ( i == 0 || has_memory(i * MB2, (i + 1) * MB2) )
            l2[i % 512] |= PTE_NX | PTE_G;
        else
            l2[i % 512] = 0;
    }
    hyp_l4[0] = 0;
    tlb_flush_local_global();
}

static void memory_init(void)
{
    const struct xen_e820_entry *e;

    if ( e820_sanitise(&info.memory, &map) )
        log_warn("memory map: too many entries, the highest are not used\n");
    copy_host_map();
    choose_trampoline();
    for ( e = map.e; e < map.e + map.nr; e++ )
        if ( e->type == XEN_E820_RAM && e->addr + e->size > LOW_MB )
            boot_alloc_add(max(e->addr, LOW_MB), e->addr + e->size);
    boot_alloc_remove(IMAGE_PHYS, (uintptr_t)_end - IMAGE_VIRT + IMAGE_PHYS);
    for ( uint32_t i = 0; i < info.nr_modules; i++ )
        boot_alloc_remove(info.modules[i].start, info.modules[i].end);

    for ( e = map.e; e < map.e + map.nr; e++ )
        if ( e->type == XEN_E820_RAM && e->addr + e->size > LOW_MB )
            mem_map_ram(max(e->addr, LOW_MB), e->addr + e->size);
    mem_map_holes();
    hyp_l4_mfn = MFN(((uintptr_t)hyp_l4 - IMAGE_VIRT + IMAGE_PHYS) >> PAGE_SHIFT);
    paging_protect_image();
    narrow_direct_map();
    boot_alloc_finish();
    log_info("RAM: %lu MiB, %lu MiB free\n", e820_ram_bytes(&map) >> 20, heap_nr_free() >> 8);
}

/* --- Firmware ---------------------------------------------------------------------------- */

/* UEFI 2.9 4.3: what dom0 asks for to find its tables. */
static void efi_init(void)
{
    const uint8_t *t;
    uint64_t vendor;
    const uint16_t *name;

    if ( !info.efi_system_table )
        return;
    t = phys_at(NULL, info.efi_system_table, 120);
    if ( !t ) {
        log_warn("the EFI system table is above 4 GiB and is not used\n");
        return;
    }
    host.efi.present = true;
    memcpy(&host.efi.version, t + 8, 4);
    memcpy(&vendor, t + 24, 8);
    memcpy(&host.efi.vendor_revision, t + 32, 4);
    host.efi.nr_config = t[104] | t[105] << 8;
    memcpy(&host.efi.config_table, t + 112, 8);
    name = phys_at(NULL, vendor, sizeof(host.efi.vendor));
    for ( unsigned int i = 0; name && i + 1 < ARRAY_SIZE(host.efi.vendor) && name[i]; i++ )
        host.efi.vendor[i] = name[i];
}

static void firmware_init(void)
{
    const uint8_t *kbd = phys_at(NULL, BDA_KBD_FLAGS, 1);

    efi_init();
    if ( !host.efi.present ) {
        host.kbd_flags_known = true;
        host.kbd_shift_flags = *kbd;
    }
}

static void acpi_start(void)
{
    paddr_t rsdp = 0;

    if ( info.rsdp_len )
        rsdp = (uintptr_t)info.rsdp - IMAGE_VIRT + IMAGE_PHYS;
    if ( acpi_init(rsdp) )
        log_warn("no ACPI tables: one processor, legacy interrupts only\n");
}

/* ---------------------------------------------------------------------------------------------- */

void noreturn boot_main(uint32_t magic, uint64_t info_addr)
{
    this_pcpu()->id = 0;
    read_boot_info(magic, info_addr);
    cmdline_parse(info.cmdline);
    cpu_probe(opt.smap, opt.smep);
    cpu_init();
    console_init_early();
    banner();

    firmware_init();
    memory_init();
    cpuid_init();
    acpi_start();
    clock_init();
    apic_init();
    irq_init();
    tlb_init();
    timer_init_cpu(0);
    sched_init();
    sched_init_cpu(0);
    this_pcpu()->online = true;
    domain_init();
    pci_init();
    console_init();
    host_console_init();
    smp_init(opt.maxcpus ? opt.maxcpus : NR_CPUS);
    hvm_init();
    log_info("%u processor%s, TSC %u kHz, %s\n", nr_cpus, nr_cpus == 1 ? "" : "s", clock_tsc_khz(),
             apic_is_x2apic() ? "x2APIC" : "xAPIC");

    if ( !opt.vga_keep )
        console_end_vga();
    dom0_start(&info);
    exit_discarding_boot();
}
