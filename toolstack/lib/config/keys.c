/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every key of xl.cfg(5), in its order: what its value is, which guests it is for, whether it
 * is served and where the value goes.
 */
#include "keys.h"

#include <stddef.h>
#include <string.h>

#define AT(field)   .offset = offsetof(struct xn_domain_config, field)
#define RANGE(low, high)    .min = (low), .max = (high)
#define MEMORY_MAX  (16l << 20)         /* MiB: 16 TiB */

static const char *const types[] = { "pv", "pvh", "hvm", NULL };
static const char *const builders[] = { "generic", "pvh", "hvm", "pv", NULL };
static const char *const tsc_modes[] = { "default", "always_emulate", "native",
                                         "native_paravirt", NULL };
static const char *const timer_modes[] = {
    "delay_for_missed_ticks", "no_delay_for_missed_ticks", "no_missed_ticks_pending",
    "one_missed_tick_pending", NULL
};
static const char *const passthroughs[] = { "default", "disabled", "enabled", "sync_pt",
                                            "share_pt", NULL };
static const char *const bioses[] = { "rombios", "seabios", "ovmf", NULL };
static const char *const hdtypes[] = { "ide", "ahci", NULL };
static const char *const vgas[] = { "cirrus", "stdvga", "none", "qxl", NULL };
static const char *const altp2ms[] = { "disabled", "mixed", "external", "limited", NULL };
static const char *const models[] = { "qemu-xen", "qemu-xen-traditional", NULL };
static const char *const gics[] = { "v2", "v3", "default", NULL };
static const char *const tees[] = { "none", "optee", NULL };
static const char *const vuarts[] = { "sbsa_uart", NULL };
static const char *const vendors[] = { "none", "xenserver", NULL };

#define KEY(key, what, who, how, ...) \
    { .name = key, .kind = CFG_K_##what, .types = CFG_##who, .service = CFG_##how, __VA_ARGS__ }
#define CFG_HVM_PVH     (CFG_HVM | CFG_PVH)

const struct cfg_key cfg_keys[] = {
    KEY("name", TEXT, ANY, SERVED, .set = cfg_set_name),
    KEY("type", WORD, ANY, SERVED, .words = types, .set = cfg_set_type),
    KEY("builder", WORD, ANY, SERVED, .words = builders, .set = cfg_set_type),

    /* CPUs */
    KEY("pool", TEXT, ANY, SERVED, AT(pool)),
    KEY("vcpus", LONG, ANY, SERVED, AT(vcpus), RANGE(1, 4096), .set = cfg_set_vcpus),
    KEY("maxvcpus", LONG, ANY, SERVED, AT(maxvcpus), RANGE(1, 4096), .set = cfg_set_vcpus),
    KEY("cpus", TEXT_OR_LIST, ANY, SERVED, .set = cfg_set_cpus),
    KEY("cpus_soft", TEXT_OR_LIST, ANY, SERVED, .set = cfg_set_cpus),
    KEY("cpu", TEXT, ANY, OLD, .note = "write cpus=\"...\""),
    KEY("cpu_weight", LONG, ANY, SERVED, AT(sched.weight), RANGE(1, 65535)),
    KEY("cap", LONG, ANY, SERVED, AT(sched.cap), RANGE(0, 65535)),
    KEY("cpu_cap", LONG, ANY, OLD, .max = 65535, .note = "write cap=..."),
    KEY("period", LONG, ANY, HARMLESS, .max = INT32_MAX),
    KEY("slice", LONG, ANY, HARMLESS, .max = INT32_MAX),
    KEY("latency", LONG, ANY, HARMLESS, .max = INT32_MAX),
    KEY("extratime", LONG, ANY, HARMLESS, .max = INT32_MAX),

    /* Memory */
    KEY("memory", LONG, ANY, SERVED, .min = 1, .max = MEMORY_MAX, .set = cfg_set_memory),
    KEY("maxmem", LONG, ANY, SERVED, .min = 1, .max = MEMORY_MAX, .set = cfg_set_maxmem),
    KEY("vnuma", NESTED, ANY, REFUSED),
    KEY("claim", BOOL, ANY, OLD, .note = "write claim_mode=... into xl.conf"),
    KEY("claim_mode", BOOL, ANY, OLD, .note = "it belongs into xl.conf"),

    /* Events */
    KEY("on_poweroff", TEXT, ANY, SERVED, AT(on_poweroff), .set = cfg_set_action),
    KEY("on_reboot", TEXT, ANY, SERVED, AT(on_reboot), .set = cfg_set_action),
    KEY("on_watchdog", TEXT, ANY, SERVED, AT(on_watchdog), .set = cfg_set_action),
    KEY("on_crash", TEXT, ANY, SERVED, AT(on_crash), .set = cfg_set_action),
    KEY("on_soft_reset", TEXT, ANY, SERVED, AT(on_soft_reset), .set = cfg_set_action),

    /* What is booted */
    KEY("kernel", TEXT, ANY, SERVED, AT(kernel)),
    KEY("ramdisk", TEXT, ANY, SERVED, AT(ramdisk)),
    KEY("cmdline", TEXT, ANY, SERVED, .set = cfg_set_cmdline),
    KEY("root", TEXT, ANY, SERVED, .set = cfg_set_cmdline),
    KEY("extra", TEXT, ANY, SERVED, .set = cfg_set_cmdline),
    KEY("firmware", TEXT, ANY, REFUSED, .served = CFG_HVM),
    KEY("bootloader", TEXT, ANY, REFUSED, AT(bootloader)),
    KEY("bootloader_args", TEXT_OR_LIST, ANY, SERVED, .set = cfg_set_args),
    KEY("bootargs", TEXT_OR_LIST, ANY, OLD, .note = "write bootloader_args=[...]"),
    KEY("pvshim", BOOL, PVH, KEPT),
    KEY("pvshim_path", TEXT, PVH, KEPT),
    KEY("pvshim_cmdline", TEXT, PVH, KEPT),
    KEY("pvshim_extra", TEXT, PVH, KEPT),

    /* Other options */
    KEY("uuid", TEXT, ANY, SERVED, .set = cfg_set_uuid),
    KEY("seclabel", TEXT, ANY, HARMLESS, AT(seclabel)),
    KEY("init_seclabel", TEXT, ANY, HARMLESS, AT(init_seclabel)),
    KEY("max_grant_frames", LONG, ANY, SERVED, AT(max_grant_frames), RANGE(1, INT32_MAX)),
    KEY("max_maptrack_frames", LONG, ANY, SERVED, AT(max_maptrack_frames), RANGE(0, INT32_MAX)),
    KEY("max_grant_version", LONG, ANY, SERVED, AT(max_grant_version), RANGE(0, 2)),
    KEY("max_event_channels", LONG, ANY, SERVED, AT(max_event_channels), RANGE(1, INT32_MAX)),
    KEY("nomigrate", BOOL, ANY, SERVED, AT(nomigrate)),
    KEY("driver_domain", BOOL, ANY, REFUSED, AT(driver_domain)),
    KEY("device_tree", TEXT, ARM, KEPT),
    KEY("passthrough", WORD, ANY, HARMLESS, .words = passthroughs),
    KEY("xend_suspend_evtchn_compat", BOOL, ANY, HARMLESS),
    KEY("vmtrace_buf_kb", LONG, ANY, HARMLESS, .max = INT32_MAX),
    KEY("vpmu", BOOL, ARM, KEPT),

    /* Devices */
    KEY("disk", LIST, ANY, SERVED, .set = cfg_set_disk),
    KEY("vif", LIST, ANY, SERVED, .set = cfg_set_vif),
    KEY("vif2", LIST, ANY, OLD, .note = "netchannel2 is gone: write vif=[...]"),
    KEY("channel", LIST, ANY, SERVED, .set = cfg_set_channel),
    KEY("pci", LIST, ANY, REFUSED, .set = cfg_set_pci),
    KEY("pci_permissive", BOOL, ANY, SERVED, .set = cfg_set_pci_default),
    KEY("pci_msitranslate", BOOL, ANY, SERVED, .set = cfg_set_pci_default),
    KEY("pci_seize", BOOL, ANY, SERVED, .set = cfg_set_pci_default),
    KEY("pci_power_mgmt", BOOL, ANY, SERVED, .set = cfg_set_pci_default),
    KEY("vtpm", LIST, ANY, REFUSED),
    KEY("p9", LIST, ANY, REFUSED),
    KEY("pvcalls", LIST, ANY, REFUSED),
    KEY("vfb", LIST, ANY, REFUSED),
    KEY("vkb", LIST, ANY, REFUSED),
    KEY("vdispl", LIST, ANY, REFUSED),
    KEY("vsnd", NESTED, ANY, REFUSED),
    KEY("usbctrl", LIST, ANY, REFUSED),
    KEY("usbdev", LIST, ANY, REFUSED),
    KEY("dtdev", LIST, ARM, KEPT),
    KEY("ioports", LIST, ANY, REFUSED),
    KEY("iomem", LIST, ANY, REFUSED),
    KEY("irqs", LIST, ANY, REFUSED),
    KEY("rdm", TEXT, HVM, KEPT),
    KEY("rdm_mem_boundary", LONG, HVM, KEPT, .max = MEMORY_MAX),
    KEY("gfx_passthru", TEXT, HVM, KEPT),
    KEY("e820_host", BOOL, PV, HARMLESS, AT(e820_host)),

    /* Time */
    KEY("tsc_mode", WORD_OR_LONG, ANY, SERVED, AT(tsc_mode), .words = tsc_modes),
    KEY("localtime", BOOL, ANY, SERVED, AT(localtime)),
    KEY("rtc_timeoffset", LONG, ANY, SERVED, AT(rtc_offset), RANGE(INT32_MIN, INT32_MAX)),
    KEY("timer_mode", WORD_OR_LONG, HVM_PVH, KEPT, .words = timer_modes),
    KEY("vpt_align", BOOL, HVM, KEPT),

    /* Firmware and processor of HVM and PVH */
    KEY("cpuid", TEXT_OR_LIST, ANY, SERVED, .set = cfg_set_cpuid),
    KEY("boot", TEXT, HVM, KEPT),
    KEY("hdtype", WORD, HVM, KEPT, .words = hdtypes),
    KEY("hap", BOOL, HVM_PVH, KEPT),
    KEY("oos", BOOL, HVM_PVH, KEPT),
    KEY("shadow_memory", LONG, HVM_PVH, KEPT, .max = MEMORY_MAX),
    KEY("bios", WORD, HVM, KEPT, .words = bioses),
    KEY("bios_path_override", TEXT, HVM, KEPT),
    KEY("pae", BOOL, HVM, KEPT),
    KEY("acpi", BOOL, HVM_PVH, KEPT),
    KEY("acpi_s3", BOOL, HVM, KEPT),
    KEY("acpi_s4", BOOL, HVM, KEPT),
    KEY("acpi_laptop_slate", BOOL, HVM, KEPT),
    KEY("apic", BOOL, HVM_PVH, KEPT),
    KEY("nx", BOOL, HVM, KEPT),
    KEY("hpet", BOOL, HVM, KEPT),
    KEY("altp2m", WORD_OR_LONG, HVM_PVH, KEPT, .words = altp2ms),
    KEY("altp2mhvm", BOOL, HVM, KEPT),
    KEY("nestedhvm", BOOL, HVM_PVH, KEPT),
    KEY("acpi_firmware", TEXT, HVM, KEPT),
    KEY("smbios_firmware", TEXT, HVM, KEPT),
    KEY("smbios", LIST, HVM, KEPT),
    KEY("ms_vm_genid", TEXT, HVM, KEPT),
    KEY("mmio_hole", LONG, HVM, KEPT, .max = MEMORY_MAX),
    KEY("xen_platform_pci", BOOL, HVM, KEPT),
    KEY("viridian", TEXT_OR_LIST, HVM, KEPT),
    KEY("mca_caps", LIST, HVM, KEPT),
    KEY("msr_relaxed", BOOL, ANY, HARMLESS),
    KEY("suppress_spurious_page_faults", BOOL, ANY, OLD, .note = "it has no effect any more"),

    /* Graphics, sound and input of HVM */
    KEY("videoram", LONG, HVM, KEPT, .max = 4096),
    KEY("stdvga", BOOL, HVM, KEPT),
    KEY("vga", WORD, HVM, KEPT, .words = vgas),
    KEY("vnc", BOOL, HVM, KEPT),
    KEY("vnclisten", TEXT, HVM, KEPT),
    KEY("vncdisplay", LONG, HVM, KEPT, .max = 59635),
    KEY("vncunused", BOOL, HVM, KEPT),
    KEY("vncpasswd", TEXT, HVM, KEPT),
    KEY("keymap", TEXT, HVM, KEPT),
    KEY("sdl", BOOL, HVM, KEPT),
    KEY("display", TEXT, HVM, KEPT),
    KEY("xauthority", TEXT, HVM, KEPT),
    KEY("opengl", BOOL, HVM, KEPT),
    KEY("nographic", BOOL, HVM, KEPT),
    KEY("spice", BOOL, HVM, KEPT),
    KEY("spicehost", TEXT, HVM, KEPT),
    KEY("spiceport", LONG, HVM, KEPT, .max = 65535),
    KEY("spicetls_port", LONG, HVM, KEPT, .max = 65535),
    KEY("spicedisable_ticketing", BOOL, HVM, KEPT),
    KEY("spicepasswd", TEXT, HVM, KEPT),
    KEY("spiceagent_mouse", BOOL, HVM, KEPT),
    KEY("spicevdagent", BOOL, HVM, KEPT),
    KEY("spice_clipboard_sharing", BOOL, HVM, KEPT),
    KEY("spiceusbredirection", LONG, HVM, KEPT, .max = 4),
    KEY("spice_image_compression", TEXT, HVM, KEPT),
    KEY("spice_streaming_video", TEXT, HVM, KEPT),
    KEY("serial", TEXT_OR_LIST, HVM, KEPT),
    KEY("soundhw", TEXT, HVM, KEPT),
    KEY("vkb_device", BOOL, HVM, KEPT),
    KEY("usb", BOOL, HVM, KEPT),
    KEY("usbversion", LONG, HVM, KEPT, .max = 3),
    KEY("usbdevice", TEXT_OR_LIST, HVM, KEPT),
    KEY("vendor_device", WORD, HVM, KEPT, .words = vendors),

    /* Device model */
    KEY("device_model", TEXT, ANY, OLD, .note = "write device_model_override=\"...\" if it has "
        "to be another than the default"),
    KEY("device_model_version", WORD, ANY, KEPT, .words = models),
    KEY("device_model_override", TEXT, ANY, KEPT),
    KEY("device_model_stubdomain_override", BOOL, ANY, KEPT),
    KEY("device_model_stubdomain_seclabel", TEXT, ANY, KEPT),
    KEY("stubdomain_kernel", TEXT, HVM, KEPT),
    KEY("stubdomain_cmdline", TEXT, HVM, KEPT),
    KEY("stubdomain_ramdisk", TEXT, HVM, KEPT),
    KEY("stubdomain_memory", LONG, HVM, KEPT, .max = MEMORY_MAX),
    KEY("device_model_args", LIST, ANY, KEPT),
    KEY("device_model_args_pv", LIST, PV, KEPT),
    KEY("device_model_args_hvm", LIST, HVM, KEPT),
    KEY("device_model_user", TEXT, HVM, KEPT),
    KEY("dm_restrict", BOOL, HVM, KEPT),
    KEY("firmware_override", TEXT, HVM, KEPT),

    /* ARM */
    KEY("gic_version", WORD, ARM, KEPT, .words = gics),
    KEY("vuart", WORD, ARM, KEPT, .words = vuarts),
    KEY("tee", WORD, ARM, KEPT, .words = tees),
    { .name = NULL },
};

const struct cfg_key *cfg_key_find(const char *name)
{
    for ( const struct cfg_key *key = cfg_keys; key->name; key++ )
        if ( !strcmp(key->name, name) )
            return key;
    return NULL;
}

const char *cfg_key_nearest(const char *name)
{
    const char *words[sizeof(cfg_keys) / sizeof(cfg_keys[0])];
    size_t n = 0;

    for ( const struct cfg_key *key = cfg_keys; key->name; key++ )
        words[n++] = key->name;
    words[n] = NULL;
    return cfg_nearest(name, words);
}
