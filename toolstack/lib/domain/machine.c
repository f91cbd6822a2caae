/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PV, PVH or HVM: what differs in creating them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenabi/hvm/params.h>

#include "ctx/hvm.h"
#include "domain/dom.h"
#include "domain/machine.h"
#include "xenolith/host.h"

#define VIDEO_STD_KIB       (16 << 10)
#define VIDEO_CIRRUS_KIB    (8 << 10)
#define NIC_ROM_KIB         1024        /* its boot firmware is in the guest's memory */
#define SHIM                "xen-shim"
#define SHIM_ARGS           "pv-shim console=xen,pv"
#define SEABIOS             "/usr/share/seabios/bios-256k.bin"
#define OVMF                "/usr/share/ovmf/OVMF.fd"

const char *machine_text(const struct xn_domain_config *c, const char *key)
{
    const struct xn_setting *s = xn_config_setting(c, key);

    return s && *s->value ? s->value : NULL;
}

long machine_number(const struct xn_domain_config *c, const char *key, long otherwise)
{
    const char *text = machine_text(c, key);

    return text ? strtol(text, NULL, 0) : otherwise;
}

/* Keys that must keep this value. */
static const struct fixed {
    const char *key;
    long value;
    const char *why;
} fixed[] = {
    { "nestedhvm", 0, "guests cannot be hosts of hardware guests themselves" },
    { "hap", 1, "guests' memory is translated by the processor only" },
    { "altp2mhvm", 0, "guests have one memory map" },
    { "spice", 0, "a screen is reached by VNC" },
    { "sdl", 0, "a screen is reached by VNC" },
    { "gfx_passthru", 0, "PCI devices are not passed through" },
    { "device_model_stubdomain_override", 0, "the device model runs in dom0" },
};

static int check_host(struct xn_ctx *ctx)
{
    const uint32_t need = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap;
    struct xn_host host;
    int rc = xn_host_info(ctx, &host);

    if ( rc || (host.capabilities & need) == need )
        return rc;
    rc = xn_fail(ctx, ENOTSUP, "this host has no hardware virtualisation with nested paging");
    xn_remedy(ctx, "it may be switched off in its firmware (VT-x and EPT, or AMD-V); "
              "type=\"pv\" needs none");
    return rc;
}

/* The shim's command line. */
static int shim_args(const struct xn_domain_config *c, char args[MACHINE_ARGS])
{
    const char *own = machine_text(c, "pvshim_cmdline"), *extra = machine_text(c, "pvshim_extra");

    return snprintf(args, MACHINE_ARGS, "%s%s%s", own ? own : SHIM_ARGS, extra ? " " : "",
                    extra ? extra : "");
}

static int check_shim(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    char args[MACHINE_ARGS];
    int rc;

    if ( shim_args(c, args) >= MACHINE_ARGS )
        return xn_fail(ctx, EINVAL, "pvshim_cmdline= and pvshim_extra= are longer than %d bytes",
                       MACHINE_ARGS - 1);
    if ( !access(machine_image(c), R_OK) )
        return 0;
    rc = xn_fail(ctx, errno, "the PV shim %s: %s", machine_image(c), strerror(errno));
    if ( errno == ENOENT )
        xn_remedy(ctx, "install the package xen-utils-4.17, or name a file with pvshim_path=");
    return rc;
}

static int check_firmware(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    const char *word = machine_text(c, "bios"), *path = machine_module(c);
    int rc;

    if ( word && !strcmp(word, "rombios") )
        return xn_fail(ctx, ENOTSUP, "bios=\"rombios\" is not served: write seabios or ovmf");
    if ( !access(path, R_OK) )
        return 0;
    rc = xn_fail(ctx, errno, "firmware %s: %s", path, strerror(errno));
    if ( errno == ENOENT )
        xn_remedy(ctx, "install the package seabios or ovmf, or name a file with "
                  "bios_path_override=");
    return rc;
}

int machine_check(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    int rc;

    if ( c->type == XN_TYPE_PV )
        return 0;
    for ( size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++ )
        if ( machine_number(c, fixed[i].key, fixed[i].value) != fixed[i].value )
            return xn_fail(ctx, ENOTSUP, "%s=%s is not served: %s", fixed[i].key,
                           machine_text(c, fixed[i].key), fixed[i].why);
    rc = check_host(ctx);
    if ( !rc && c->type == XN_TYPE_HVM )
        rc = check_firmware(ctx, c);
    if ( !rc && machine_is_shim(c) )
        rc = check_shim(ctx, c);
    return rc;
}

uint64_t machine_video_kib(const struct xn_domain_config *c)
{
    const char *vga = machine_text(c, "vga");
    const long mib = machine_number(c, "videoram", -1);
    uint64_t least = VIDEO_CIRRUS_KIB;

    if ( c->type != XN_TYPE_HVM || (vga && !strcmp(vga, "none")) )
        return 0;
    if ( vga ? strcmp(vga, "cirrus") : machine_number(c, "stdvga", 0) )
        least = VIDEO_STD_KIB;
    return mib > 0 && (uint64_t)mib << 10 > least ? (uint64_t)mib << 10 : least;
}

uint64_t machine_ram_kib(const struct xn_domain_config *c)
{
    const uint64_t video = machine_video_kib(c);

    if ( c->type == XN_TYPE_PV )
        return c->memory_kib;
    return c->maxmem_kib > video ? c->maxmem_kib - video : 0;
}

uint64_t machine_overhead_kib(const struct xn_domain_config *c)
{
    if ( c->type == XN_TYPE_PV )
        return 0;
    return machine_slack_kib(c) + build_hw_paging_kib(machine_ram_kib(c), (uint32_t)c->maxvcpus);
}

uint64_t machine_slack_kib(const struct xn_domain_config *c)
{
    return DOM_MAXMEM_SLACK + (c->type == XN_TYPE_HVM ? NIC_ROM_KIB * (c->nr_nics + 1) : 0);
}

enum desc_use machine_use(const struct xn_domain_config *c)
{
    return c->type == XN_TYPE_HVM ? USE_FIRMWARE : c->type == XN_TYPE_PVH ? USE_PVH : USE_PV;
}

bool machine_is_shim(const struct xn_domain_config *c)
{
    return c->type == XN_TYPE_PVH && machine_number(c, "pvshim", 0);
}

const char *machine_image(const struct xn_domain_config *c)
{
    const char *path = machine_text(c, "firmware_override");

    if ( machine_is_shim(c) )
        return machine_text(c, "pvshim_path") ? machine_text(c, "pvshim_path") : MACHINE_BOOT SHIM;
    if ( c->type != XN_TYPE_HVM )
        return c->kernel;
    return path ? path : MACHINE_HVMLOADER;
}

const char *machine_bios(const struct xn_domain_config *c)
{
    const char *word = machine_text(c, "firmware");

    if ( !word || !strcmp(word, "bios") )
        word = machine_text(c, "bios");
    return word && (!strcmp(word, "ovmf") || !strcmp(word, "uefi")) ? "ovmf" : "seabios";
}

const char *machine_module(const struct xn_domain_config *c)
{
    const char *path = machine_text(c, "bios_path_override");

    if ( c->type != XN_TYPE_HVM )
        return c->ramdisk;
    if ( path )
        return path;
    return !strcmp(machine_bios(c), "ovmf") ? OVMF : SEABIOS;
}

void machine_fill_create(const struct xn_domain_config *c, struct xen_domctl_createdomain *d)
{
    if ( c->type == XN_TYPE_PV )
        return;
    d->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    d->arch.emulation_flags = c->type == XN_TYPE_PVH ? XEN_X86_EMU_LAPIC :
                              XEN_X86_EMU_ALL & ~XEN_X86_EMU_VPCI;
    if ( machine_number(c, "msr_relaxed", 0) )
        d->arch.misc_flags = XEN_X86_MSR_RELAXED;
}

/* The index of a key's word. */
static uint64_t word_index(const struct xn_domain_config *c, const char *key,
                           const char *const *words, uint64_t otherwise)
{
    const char *text = machine_text(c, key);

    for ( uint64_t i = 0; text && words[i]; i++ )
        if ( !strcmp(words[i], text) )
            return i;
    return otherwise;
}

/* viridian=: a truth, or groups with those left out marked. */
static uint64_t viridian(const struct xn_domain_config *c)
{
    static const char *const groups[] = {
        "base", "freq", "time_ref_count", "reference_tsc", "hcall_remote_tlb_flush",
        "apic_assist", "crash_ctl", "synic", "stimer", "hcall_ipi", "ex_processor_masks",
        "no_vp_limit", "cpu_hotplug", NULL
    };
    const uint64_t usual = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6;
    const struct xn_setting *s = xn_config_setting(c, "viridian");
    uint64_t set = 0, bit;

    if ( !s )
        return 0;
    if ( !s->list )
        return strtol(s->value, NULL, 0) ? 1 | 1 << 2 | 1 << 5 | 1 << 6 : 0;
    for ( const char *p = s->value; *p; p += strcspn(p, "\x1f"), p += *p != 0 ) {
        const bool off = *p == '!';
        const size_t n = strcspn(p + off, "\x1f");

        bit = 0;
        if ( n == 3 && !strncmp(p + off, "all", n) )
            bit = (1 << 13) - 1;
        if ( n == 8 && !strncmp(p + off, "defaults", n) )
            bit = usual;
        for ( unsigned int i = 0; groups[i]; i++ )
            if ( strlen(groups[i]) == n && !strncmp(groups[i], p + off, n) )
                bit = 1ULL << i;
        set = off ? set & ~bit : set | bit;
    }
    if ( !(set & 1) )
        return 0;
    return set & 2 ? set & ~2ULL : set | 2;     /* the parameter's bit says that freq is not */
}

static int set_params(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c)
{
    static const char *const timer_modes[] = {
        "delay_for_missed_ticks", "no_delay_for_missed_ticks", "no_missed_ticks_pending",
        "one_missed_tick_pending", NULL
    };
    const struct {
        uint32_t index;
        uint64_t value;
        bool firmware;
    } params[] = {
        { HVM_PARAM_TIMER_MODE,
          word_index(c, "timer_mode", timer_modes, HVMPTM_no_delay_for_missed_ticks), false },
        { HVM_PARAM_HPET_ENABLED, machine_number(c, "hpet", 1) != 0, true },
        { HVM_PARAM_VPT_ALIGN, machine_number(c, "vpt_align", 1) != 0, true },
        { HVM_PARAM_VIRIDIAN, viridian(c), true },
    };
    int rc = 0;

    for ( size_t i = 0; !rc && i < sizeof(params) / sizeof(params[0]); i++ )
        if ( (c->type == XN_TYPE_HVM || !params[i].firmware) &&
             (params[i].value || params[i].index != HVM_PARAM_VIRIDIAN) )
            rc = hc_set_hvm_param(ctx, domid, params[i].index, params[i].value);
    return rc;
}

int machine_configure(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c)
{
    const int rc = cpuid_apply(ctx, domid, c);

    return rc || c->type == XN_TYPE_PV ? rc : set_params(ctx, domid, c);
}

void machine_fill_build(const struct xn_domain_config *c, struct image *image,
                        struct hw_build *b, char args[MACHINE_ARGS])
{
    const bool firmware = c->type == XN_TYPE_HVM, shim = machine_is_shim(c);
    const bool bios = firmware && !strcmp(machine_bios(c), "seabios");

    if ( shim )
        shim_args(c, args);
    *b = (struct hw_build){
        .image = image, .use = machine_use(c), .cmdline = shim ? args : firmware ? NULL : c->cmdline,
        .module = {
            { "kernel", shim ? c->kernel : NULL, c->cmdline },
            { firmware ? "firmware" : "ramdisk", machine_module(c), firmware ? "firmware" : NULL },
        },
        .kernel_path = bios ? c->kernel : NULL, .ramdisk_path = bios ? c->ramdisk : NULL,
        .stub_fd = -1,
        .memory_kib = machine_ram_kib(c),
        .hole_bytes = (uint64_t)machine_number(c, "mmio_hole", 0) << 20,
        .nr_vcpus = (uint32_t)c->maxvcpus, .online = (uint32_t)c->vcpus,
        .apic_mode = machine_number(c, "apic", 1) != 0,
        .no_acpi = machine_number(c, "acpi", 1) == 0,
    };
}
