/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of libxl's JSON that only HVM and PVH guests have: "type.hvm", "type.pvh".
 */
#include "json_member.h"

#include <stdlib.h>
#include <string.h>

static const char *const bioses[] = { "rombios", "seabios", "ovmf", NULL };

static bool is_word(const char *const *words, const char *word)
{
    for ( ; *words; words++ )
        if ( !strcmp(*words, word) )
            return true;
    return false;
}

static void keep(struct xn_domain_config *c, const char *key, const char *value)
{
    cfg_add_setting(c, key, cfg_strdup(value), (struct cfg_pos){ 0, 0 });
}

/* firmware= is a path or the word for a BIOS, which bios= also is. */
static void write_firmware(struct writer *w)
{
    const struct xn_setting *firmware = xn_config_setting(w->c, "firmware");
    const struct xn_setting *bios = xn_config_setting(w->c, "bios");

    if ( firmware && !strcmp(firmware->value, "uefi") )
        jo_text(w->o, "bios", "ovmf");
    else if ( firmware && is_word(bioses, firmware->value) )
        jo_text(w->o, "bios", firmware->value);
    else if ( firmware && strcmp(firmware->value, "bios") )
        jo_text(w->o, "firmware", firmware->value);
    if ( bios && !firmware )
        jo_text(w->o, "bios", bios->value);
}

static void read_firmware(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;

    if ( json_get_text(o, "firmware", &text) )
        keep(c, "firmware", text);
    if ( json_get_text(o, "bios", &text) )
        keep(c, "bios", text);
}

static const char *const enlightenments[] = {
    "base", "freq", "time_ref_count", "reference_tsc", "hcall_remote_tlb_flush", "apic_assist",
    "crash_ctl", "synic", "stimer", "hcall_ipi", "ex_processor_masks", "no_vp_limit",
    "cpu_hotplug", NULL
};

/* Numbers of the groups in a list that have the sign ('!' or none), "all" is 64 of them. */
static void write_groups(struct json_out *o, const char *name, const char *joined, bool off)
{
    uint64_t set = 0;

    for ( const char *p = joined; *p; p += *p != '\0' ) {
        size_t n = strcspn(p, (char[]){ CFG_JOIN, 0 });
        const char *word = p + (*p == '!');

        for ( unsigned int i = 0; enlightenments[i]; i++ )
            if ( strlen(enlightenments[i]) == n - (*p == '!') &&
                !strncmp(enlightenments[i], word, n - (*p == '!')) ) {
                if ( (*p == '!') == off )
                    set |= 1ull << i;
                else if ( !off )
                    set &= ~(1ull << i);
            }
        if ( !off && n == 3 && !strncmp(p, "all", 3) )
            set = ~0ull;
        p += n;
    }
    if ( !set )
        return;
    jo_open(o, name, '[');
    for ( unsigned int i = 0; i < 64; i++ )
        if ( set >> i & 1 )
            jo_number(o, NULL, i);
    jo_close(o, ']');
}

static void write_viridian(struct writer *w)
{
    const struct xn_setting *s = xn_config_setting(w->c, "viridian");

    if ( !s )
        return;
    if ( !s->list )
        jo_defbool(w->o, "viridian", strtol(s->value, NULL, 0) != 0);
    else if ( !strcmp(s->value, "defaults") )
        jo_defbool(w->o, "viridian", true);
    else {
        write_groups(w->o, "viridian_enable", s->value, false);
        write_groups(w->o, "viridian_disable", s->value, true);
    }
}

static char *read_groups(struct json_object *o, const char *name, const char *sign, char *text)
{
    struct json_object *list = json_get(o, name, json_type_array);
    size_t count = list ? json_object_array_length(list) : 0;

    /* More than there are names for: all, but for those that are off. */
    if ( count > 13 && !*sign )
        return cfg_strdup("all");
    for ( size_t i = 0; i < count && i < 64; i++ ) {
        int64_t n = json_object_get_int64(json_object_array_get_idx(list, i));
        char *old = text;

        if ( n < 0 || n > 12 )
            continue;
        text = old ? cfg_sprintf("%s%c%s%s", old, CFG_JOIN, sign, enlightenments[n]) :
               cfg_sprintf("%s%s", sign, enlightenments[n]);
        free(old);
    }
    return text;
}

static void read_viridian(struct xn_domain_config *c, struct json_object *o)
{
    char *text;
    bool on;

    if ( json_get_flag(o, "viridian", &on) )
        keep(c, "viridian", on ? "1" : "0");
    text = read_groups(o, "viridian_enable", "", NULL);
    text = read_groups(o, "viridian_disable", "!", text);
    if ( !text )
        return;
    cfg_add_setting(c, "viridian", text, (struct cfg_pos){ 0, 0 });
    c->settings[c->nr_settings - 1].list = true;
}

/* serial and usbdevice: a text, or a list under another name. */
static void write_one(struct writer *w, const char *key)
{
    const struct xn_setting *s = xn_config_setting(w->c, key);

    if ( s && !s->list )
        jo_text(w->o, key, s->value);
}

static void write_many(struct writer *w, const char *key, const char *name)
{
    const struct xn_setting *s = xn_config_setting(w->c, key);

    if ( s && s->list )
        json_write_list(w->o, name, s->value);
}

static void write_serial(struct writer *w)
{
    write_one(w, "serial");
}

static void write_serials(struct writer *w)
{
    write_many(w, "serial", "serial_list");
}

static void read_serial(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;

    if ( json_get_text(o, "serial", &text) )
        keep(c, "serial", text);
}

static void read_serials(struct xn_domain_config *c, struct json_object *o)
{
    json_read_list(c, o, "serial_list", "serial");
}

static void write_usbdevice(struct writer *w)
{
    write_one(w, "usbdevice");
}

static void write_usbdevices(struct writer *w)
{
    write_many(w, "usbdevice", "usbdevice_list");
}

static void read_usbdevice(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;

    if ( json_get_text(o, "usbdevice", &text) )
        keep(c, "usbdevice", text);
}

static void read_usbdevices(struct xn_domain_config *c, struct json_object *o)
{
    json_read_list(c, o, "usbdevice_list", "usbdevice");
}

/* vga=, or stdvga= of old. */
static void write_vga(struct writer *w)
{
    const struct xn_setting *vga = xn_config_setting(w->c, "vga");
    const struct xn_setting *std = xn_config_setting(w->c, "stdvga");

    if ( vga )
        jo_text(w->o, "kind", !strcmp(vga->value, "stdvga") ? "std" : vga->value);
    else if ( std )
        jo_text(w->o, "kind", strtol(std->value, NULL, 0) ? "std" : "cirrus");
}

static void read_vga(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;

    if ( json_get_text(o, "kind", &text) )
        keep(c, "vga", !strcmp(text, "std") ? "stdvga" : text);
}

/* gfx_passthru= is a boolean or the kind of card. */
static void write_gfx(struct writer *w)
{
    const struct xn_setting *s = xn_config_setting(w->c, "gfx_passthru");
    long n;

    if ( !s )
        return;
    if ( !cfg_parse_long(s->value, &n) ) {
        jo_defbool(w->o, "gfx_passthru", n != 0);
        return;
    }
    jo_defbool(w->o, "gfx_passthru", true);
    if ( strcmp(s->value, "default") )
        jo_text(w->o, "gfx_passthru_kind", s->value);
}

static void read_gfx(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;
    bool on;

    if ( json_get_text(o, "gfx_passthru_kind", &text) )
        keep(c, "gfx_passthru", text);
    else if ( json_get_flag(o, "gfx_passthru", &on) )
        keep(c, "gfx_passthru", on ? "1" : "0");
}

/* A word, left out where it is libxl's default. */
static void write_vendor(struct writer *w)
{
    const struct xn_setting *s = xn_config_setting(w->c, "vendor_device");

    if ( s && strcmp(s->value, "none") )
        jo_text(w->o, "vendor_device", s->value);
}

static void read_vendor(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;

    if ( json_get_text(o, "vendor_device", &text) )
        keep(c, "vendor_device", text);
}

static void write_hdtype(struct writer *w)
{
    const struct xn_setting *s = xn_config_setting(w->c, "hdtype");

    if ( s && strcmp(s->value, "ide") )
        jo_text(w->o, "hdtype", s->value);
}

static void read_hdtype(struct xn_domain_config *c, struct json_object *o)
{
    const char *text;

    if ( json_get_text(o, "hdtype", &text) )
        keep(c, "hdtype", text);
}

/* The one capability that there is, "lmce", is bit 0. */
static void write_mca(struct writer *w)
{
    const struct xn_setting *s = xn_config_setting(w->c, "mca_caps");

    if ( s && strstr(s->value, "lmce") )
        jo_number(w->o, "mca_caps", 1);
}

static void read_mca(struct xn_domain_config *c, struct json_object *o)
{
    int64_t n;

    if ( !json_get_number(o, "mca_caps", &n) || !(n & 1) )
        return;
    keep(c, "mca_caps", "lmce");
    c->settings[c->nr_settings - 1].list = true;
}

static const struct member vga[] = {
    { "kind", CALL, .write = write_vga, .read = read_vga },
    { .name = NULL }
};

static const struct member vnc[] = {
    { "enable", S_DEFBOOL, .key = "vnc" },
    { "listen", S_TEXT, .key = "vnclisten" },
    { "passwd", S_TEXT, .key = "vncpasswd" },
    { "display", S_NUMBER, .key = "vncdisplay" },
    { "findunused", S_DEFBOOL, .key = "vncunused" },
    { .name = NULL }
};

static const struct member sdl[] = {
    { "enable", S_DEFBOOL, .key = "sdl" },
    { "opengl", S_DEFBOOL, .key = "opengl" },
    { "display", S_TEXT, .key = "display" },
    { "xauthority", S_TEXT, .key = "xauthority" },
    { .name = NULL }
};

static const struct member spice[] = {
    { "enable", S_DEFBOOL, .key = "spice" },
    { "port", S_NUMBER, .key = "spiceport" },
    { "tls_port", S_NUMBER, .key = "spicetls_port" },
    { "host", S_TEXT, .key = "spicehost" },
    { "disable_ticketing", S_DEFBOOL, .key = "spicedisable_ticketing" },
    { "passwd", S_TEXT, .key = "spicepasswd" },
    { "agent_mouse", S_DEFBOOL, .key = "spiceagent_mouse" },
    { "vdagent", S_DEFBOOL, .key = "spicevdagent" },
    { "clipboard_sharing", S_DEFBOOL, .key = "spice_clipboard_sharing" },
    { "usbredirection", S_NUMBER, .key = "spiceusbredirection" },
    { "image_compression", S_TEXT, .key = "spice_image_compression" },
    { "streaming_video", S_TEXT, .key = "spice_streaming_video" },
    { .name = NULL }
};

static const struct member nothing[] = { { .name = NULL } };

const struct member json_hvm[] = {
    { "firmware", CALL, .write = write_firmware, .read = read_firmware },
    { "pae", S_DEFBOOL, .key = "pae" },
    { "acpi_s3", S_DEFBOOL, .key = "acpi_s3" },
    { "acpi_s4", S_DEFBOOL, .key = "acpi_s4" },
    { "acpi_laptop_slate", S_DEFBOOL, .key = "acpi_laptop_slate" },
    { "nx", S_DEFBOOL, .key = "nx" },
    { "viridian", CALL, .write = write_viridian, .read = read_viridian },
    { "hpet", S_DEFBOOL, .key = "hpet" },
    { "vpt_align", S_DEFBOOL, .key = "vpt_align" },
    { "mmio_hole_memkb", S_MIB, .key = "mmio_hole" },
    { "altp2m", S_DEFBOOL, .key = "altp2mhvm" },
    { "system_firmware", S_TEXT, .key = "bios_path_override" },
    { "smbios_firmware", S_TEXT, .key = "smbios_firmware" },
    { "acpi_firmware", S_TEXT, .key = "acpi_firmware" },
    { "hdtype", CALL, .write = write_hdtype, .read = read_hdtype },
    { "nographic", S_DEFBOOL, .key = "nographic" },
    { "vga", OBJECT, .members = vga },
    { "vnc", OBJECT, .members = vnc },
    { "keymap", S_TEXT, .key = "keymap" },
    { "sdl", OBJECT, .members = sdl },
    { "spice", OBJECT, .members = spice },
    { "gfx_passthru", CALL, .write = write_gfx, .read = read_gfx },
    { "serial", CALL, .write = write_serial, .read = read_serial },
    { "boot", S_TEXT, .key = "boot" },
    { "usb", S_DEFBOOL, .key = "usb" },
    { "usbversion", S_NUMBER, .key = "usbversion" },
    { "usbdevice", CALL, .write = write_usbdevice, .read = read_usbdevice },
    { "vkb_device", S_DEFBOOL, .key = "vkb_device" },
    { "soundhw", S_TEXT, .key = "soundhw" },
    { "xen_platform_pci", S_DEFBOOL, .key = "xen_platform_pci" },
    { "usbdevice_list", CALL, .write = write_usbdevices, .read = read_usbdevices },
    { "vendor_device", CALL, .write = write_vendor, .read = read_vendor },
    { "serial_list", CALL, .write = write_serials, .read = read_serials },
    { "rdm", OBJECT, .members = nothing },
    { "rdm_mem_boundary_memkb", S_MIB, .key = "rdm_mem_boundary" },
    { "mca_caps", CALL, .write = write_mca, .read = read_mca },
    { .name = NULL }
};

const struct member json_pvh[] = {
    { "pvshim", S_DEFBOOL, .key = "pvshim" },
    { "pvshim_path", S_TEXT, .key = "pvshim_path" },
    { "pvshim_cmdline", S_TEXT, .key = "pvshim_cmdline" },
    { "pvshim_extra", S_TEXT, .key = "pvshim_extra" },
    { .name = NULL }
};
