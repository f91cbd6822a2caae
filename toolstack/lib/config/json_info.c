/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * c_info and b_info of libxl's JSON: tables of their members, in the order that libxl writes
 * them, each with the field or the xl.cfg key that it stands for.
 */
#include "json_member.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#define AT(field)   .offset = offsetof(struct xn_domain_config, field)

/* c_info */

static void write_type(struct writer *w)
{
    jo_text(w->o, "type", xn_type_name(w->c->type));
}

static void read_type(struct xn_domain_config *c, struct json_object *o)
{
    const char *type;

    if ( json_get_text(o, "type", &type) )
        c->type = !strcmp(type, "hvm") ? XN_TYPE_HVM : !strcmp(type, "pvh") ? XN_TYPE_PVH :
                  XN_TYPE_PV;
}

static void write_identity(struct writer *w)
{
    char uuid[37];

    if ( w->c->completed )
        jo_number(w->o, "domid", UINT32_MAX);
    if ( !w->c->has_uuid )
        return;
    uuid_unparse_lower(w->c->uuid, uuid);
    jo_text(w->o, "uuid", uuid);
}

static void read_identity(struct xn_domain_config *c, struct json_object *o)
{
    const char *uuid;
    int64_t n;

    c->completed = json_get_number(o, "domid", &n);
    if ( json_get_text(o, "uuid", &uuid) && !uuid_parse(uuid, c->uuid) )
        c->has_uuid = true;
}

static void write_label(struct writer *w)
{
    /* Of both labels the one for the building comes first, the other is exec_ssid_label. */
    const char *label = w->c->init_seclabel ? w->c->init_seclabel : w->c->seclabel;

    if ( label )
        jo_text(w->o, "ssid_label", label);
}

static void read_label(struct xn_domain_config *c, struct json_object *o)
{
    const char *label;

    if ( json_get_text(o, "ssid_label", &label) )
        cfg_replace(&c->seclabel, cfg_strdup(label));
}

static void write_exec_label(struct writer *w)
{
    if ( w->c->init_seclabel && w->c->seclabel )
        jo_text(w->o, "exec_ssid_label", w->c->seclabel);
}

static void read_exec_label(struct xn_domain_config *c, struct json_object *o)
{
    const char *label;

    if ( !json_get_text(o, "exec_ssid_label", &label) )
        return;
    c->init_seclabel = c->seclabel;
    c->seclabel = cfg_strdup(label);
}

static const struct member c_info[] = {
    { "type", CALL, .write = write_type, .read = read_type },
    { "hap", S_DEFBOOL, .key = "hap" },
    { "oos", S_DEFBOOL, .key = "oos" },
    { "ssid_label", CALL, .write = write_label, .read = read_label },
    { "name", F_TEXT, AT(name) },
    { "uuid", CALL, .write = write_identity, .read = read_identity },
    { "pool_name", F_TEXT, AT(pool) },
    { "run_hotplug_scripts", F_DEFBOOL, AT(run_hotplug_scripts) },
    { "driver_domain", F_DEFBOOL, AT(driver_domain) },
    { "passthrough", S_WORD, .key = "passthrough" },
    { "xend_suspend_evtchn_compat", S_DEFBOOL, .key = "xend_suspend_evtchn_compat" },
    { .name = NULL }
};

/* b_info */

static void write_vcpus(struct writer *w)
{
    const struct xn_domain_config *c = w->c;
    long most = c->maxvcpus != XN_UNSET ? c->maxvcpus : c->vcpus;

    if ( most != XN_UNSET )
        jo_signed(w->o, "max_vcpus", most);
    if ( c->vcpus == XN_UNSET )
        return;
    jo_open(w->o, "avail_vcpus", '[');
    for ( long i = 0; i < c->vcpus; i++ )
        jo_signed(w->o, NULL, i);
    jo_close(w->o, ']');
}

static void read_vcpus(struct xn_domain_config *c, struct json_object *o)
{
    struct json_object *avail = json_get(o, "avail_vcpus", json_type_array);
    int64_t n;

    if ( json_get_number(o, "max_vcpus", &n) && n > 0 && n <= 8192 )
        c->maxvcpus = n;
    if ( avail && json_object_array_length(avail) > 0 && json_object_array_length(avail) <= 8192 )
        c->vcpus = json_object_array_length(avail);
}

static void write_affinity(struct writer *w)
{
    json_write_affinity(w->o, w->ctx, w->c);
}

static void write_tsc(struct writer *w)
{
    if ( w->c->tsc_mode && strcmp(w->c->tsc_mode, "default") )
        jo_text(w->o, "tsc_mode", w->c->tsc_mode);
}

static void read_tsc(struct xn_domain_config *c, struct json_object *o)
{
    const char *mode;

    if ( json_get_text(o, "tsc_mode", &mode) )
        cfg_replace(&c->tsc_mode, cfg_strdup(mode));
}

static void write_memory(struct writer *w)
{
    const struct xn_domain_config *c = w->c;
    uint64_t most = c->maxmem_kib ? c->maxmem_kib : c->memory_kib;

    if ( most )
        jo_number(w->o, "max_memkb", most);
    if ( c->memory_kib )
        jo_number(w->o, "target_memkb", c->memory_kib);
    if ( c->completed && c->type == XN_TYPE_PV )
        jo_number(w->o, "video_memkb", 0);
}

static void read_memory(struct xn_domain_config *c, struct json_object *o)
{
    int64_t n;

    if ( json_get_number(o, "max_memkb", &n) && n > 0 )
        c->maxmem_kib = n;
    if ( json_get_number(o, "target_memkb", &n) && n > 0 )
        c->memory_kib = n;
    if ( c->maxmem_kib == c->memory_kib )
        c->maxmem_kib = 0;
}

static void write_args(struct writer *w)
{
    if ( !w->c->nr_bootloader_args )
        return;
    jo_open(w->o, "bootloader_args", '[');
    for ( size_t i = 0; i < w->c->nr_bootloader_args; i++ )
        jo_text(w->o, NULL, w->c->bootloader_args[i]);
    jo_close(w->o, ']');
}

static void read_args(struct xn_domain_config *c, struct json_object *o)
{
    struct json_object *args = json_get(o, "bootloader_args", json_type_array);

    for ( size_t i = 0; args && i < json_object_array_length(args); i++ ) {
        const char *arg = json_object_get_string(json_object_array_get_idx(args, i));

        if ( !arg )
            continue;
        c->bootloader_args = cfg_grow(c->bootloader_args, c->nr_bootloader_args, sizeof(char *));
        c->bootloader_args[c->nr_bootloader_args++] = cfg_strdup(arg);
    }
}

static void write_msr(struct writer *w)
{
    const struct xn_setting *s = xn_config_setting(w->c, "msr_relaxed");

    if ( s )
        jo_defbool(w->o, "msr_relaxed", strtol(s->value, NULL, 0) != 0);
    else if ( w->c->completed )
        jo_defbool(w->o, "msr_relaxed", false);
}

static void read_msr(struct xn_domain_config *c, struct json_object *o)
{
    bool on;

    if ( json_get_flag(o, "msr_relaxed", &on) && on )
        cfg_add_setting(c, "msr_relaxed", cfg_strdup("1"), (struct cfg_pos){ 0, 0 });
}

/* PV guests with devices passed through get the host's memory map. */
static void write_e820(struct writer *w)
{
    if ( w->c->nr_pcis )
        jo_defbool(w->o, "e820_host", true);
    else if ( w->c->e820_host != XN_UNSET )
        jo_defbool(w->o, "e820_host", w->c->e820_host);
}

static void read_e820(struct xn_domain_config *c, struct json_object *o)
{
    bool on;

    if ( json_get_flag(o, "e820_host", &on) )
        c->e820_host = on;
}

static const struct member sched_params[] = {
    { "sched", F_TEXT, AT(scheduler) },
    { "weight", F_NUMBER, AT(sched.weight) },
    { "cap", F_NUMBER, AT(sched.cap) },
    { "period", S_NUMBER, .key = "period", .omitted = -1 },
    { "extratime", S_NUMBER, .key = "extratime", .omitted = -1 },
    { "slice", S_NUMBER, .key = "slice", .omitted = -1 },
    { "latency", S_NUMBER, .key = "latency", .omitted = -1 },
    { .name = NULL }
};

static const struct member pv[] = {
    { "e820_host", CALL, .write = write_e820, .read = read_e820 },
    { .name = NULL }
};

static const struct member arch_arm[] = {
    { "gic_version", S_WORD, .key = "gic_version" },
    { "vuart", S_WORD, .key = "vuart" },
    { .name = NULL }
};

static const struct member arch_x86[] = {
    { "msr_relaxed", CALL, .write = write_msr, .read = read_msr },
    { .name = NULL }
};

static const struct member b_info[] = {
    { "max_vcpus", CALL, .write = write_vcpus, .read = read_vcpus },
    { "vcpu_hard_affinity", CALL, .write = write_affinity, .read = json_read_affinity },
    { "tsc_mode", CALL, .write = write_tsc, .read = read_tsc },
    { "max_memkb", CALL, .write = write_memory, .read = read_memory },
    { "video_memkb", S_MIB, .key = "videoram" },
    { "shadow_memkb", S_MIB, .key = "shadow_memory" },
    { "rtc_timeoffset", F_NUMBER, AT(rtc_offset), .zero_omitted = true },
    { "exec_ssid_label", CALL, .write = write_exec_label, .read = read_exec_label },
    { "localtime", F_DEFBOOL, AT(localtime) },
    { "disable_migrate", F_DEFBOOL, AT(nomigrate) },
    { "cpuid", CALL, .write = json_write_cpuid, .read = json_read_cpuid },
    { "blkdev_start", F_TEXT, AT(blkdev_start) },
    { "max_grant_frames", F_NUMBER, AT(max_grant_frames) },
    { "max_maptrack_frames", F_NUMBER, AT(max_maptrack_frames) },
    { "max_grant_version", F_NUMBER, AT(max_grant_version) },
    { "device_model_version", S_WORD, .key = "device_model_version" },
    { "device_model_stubdomain", S_DEFBOOL, .key = "device_model_stubdomain_override" },
    { "stubdomain_memkb", S_MIB, .key = "stubdomain_memory" },
    { "stubdomain_kernel", S_TEXT, .key = "stubdomain_kernel" },
    { "stubdomain_cmdline", S_TEXT, .key = "stubdomain_cmdline" },
    { "stubdomain_ramdisk", S_TEXT, .key = "stubdomain_ramdisk" },
    { "device_model", S_TEXT, .key = "device_model_override" },
    { "device_model_ssid_label", S_TEXT, .key = "device_model_stubdomain_seclabel" },
    { "device_model_user", S_TEXT, .key = "device_model_user" },
    { "extra", S_LIST, .key = "device_model_args" },
    { "extra_pv", S_LIST, .key = "device_model_args_pv" },
    { "extra_hvm", S_LIST, .key = "device_model_args_hvm" },
    { "sched_params", OBJECT, .members = sched_params },
    { "claim_mode", F_DEFBOOL, AT(claim) },
    { "event_channels", F_NUMBER, AT(max_event_channels) },
    { "kernel", F_TEXT, AT(kernel) },
    { "cmdline", F_TEXT, AT(cmdline) },
    { "ramdisk", F_TEXT, AT(ramdisk) },
    { "acpi", S_DEFBOOL, .key = "acpi" },
    { "bootloader", F_TEXT, AT(bootloader) },
    { "bootloader_args", CALL, .write = write_args, .read = read_args },
    { "timer_mode", S_WORD, .key = "timer_mode", .types = JSON_HVM | JSON_PVH },
    { "nested_hvm", S_DEFBOOL, .key = "nestedhvm" },
    { "apic", S_DEFBOOL, .key = "apic", .types = JSON_HVM },
    { "dm_restrict", S_DEFBOOL, .key = "dm_restrict" },
    { "type.hvm", OBJECT, .members = json_hvm, .types = JSON_HVM },
    { "type.pv", OBJECT, .members = pv, .types = JSON_PV },
    { "type.pvh", OBJECT, .members = json_pvh, .types = JSON_PVH },
    { "arch_arm", OBJECT, .members = arch_arm },
    { "arch_x86", OBJECT, .members = arch_x86 },
    { "altp2m", S_WORD, .key = "altp2m" },
    { "vmtrace_buf_kb", S_NUMBER, .key = "vmtrace_buf_kb" },
    { "vpmu", S_DEFBOOL, .key = "vpmu" },
    { .name = NULL }
};

static void write_members(struct writer *w, const struct member *m, struct json_object *rest);

void json_write_list(struct json_out *o, const char *name, const char *joined)
{
    jo_open(o, name, '[');
    for ( const char *p = joined;; p++ ) {
        const char *end = strchrnul(p, CFG_JOIN);
        char *item = cfg_strndup(p, end - p);

        jo_text(o, NULL, item);
        free(item);
        p = end;
        if ( !*p )
            break;
    }
    jo_close(o, ']');
}

static void write_word(struct json_out *o, const char *name, const char *value)
{
    char *word = cfg_strdup(value);

    for ( char *p = word; *p; p++ )
        if ( *p == '-' )
            *p = '_';
    /* What is the default in libxl is not written. */
    if ( strcmp(word, "default") && strcmp(word, "disabled") )
        jo_text(o, name, word);
    else if ( !strcmp(name, "passthrough") && !strcmp(word, "disabled") )
        jo_text(o, name, word);
    free(word);
}

static void write_setting(struct writer *w, const struct member *m)
{
    const struct xn_setting *s = xn_config_setting(w->c, m->key);
    long n;

    if ( !s )
        return;
    n = strtol(s->value, NULL, 0);
    switch ( m->kind ) {
    case S_TEXT: jo_text(w->o, m->name, s->value); break;
    case S_WORD: write_word(w->o, m->name, s->value); break;
    case S_LIST: json_write_list(w->o, m->name, s->value); break;
    case S_DEFBOOL: jo_defbool(w->o, m->name, n != 0); break;
    case S_MIB: jo_signed(w->o, m->name, n * 1024); break;
    default:
        if ( n != m->omitted )
            jo_signed(w->o, m->name, n);
    }
}

static void write_field(struct writer *w, const struct member *m)
{
    const void *where = (const char *)w->c + m->offset;
    long n = *(const long *)where;

    if ( m->kind == F_TEXT ) {
        if ( *(char *const *)where )
            jo_text(w->o, m->name, *(char *const *)where);
    } else if ( n == XN_UNSET || (n == 0 && m->zero_omitted) ) {
        return;
    } else if ( m->kind == F_DEFBOOL ) {
        jo_defbool(w->o, m->name, n);
    } else {
        jo_signed(w->o, m->name, n);
    }
}

static void write_member(struct writer *w, const struct member *m, struct json_object *rest)
{
    switch ( m->kind ) {
    case F_TEXT:
    case F_NUMBER:
    case F_DEFBOOL:
        write_field(w, m);
        break;
    case CALL:
        m->write(w);
        break;
    case OBJECT:
        jo_open(w->o, m->name, '{');
        write_members(w, m->members, json_get(rest, m->name, json_type_object));
        jo_close(w->o, '}');
        break;
    default:
        write_setting(w, m);
    }
}

static bool is_object(const struct member *m, const char *name)
{
    for ( ; m->name; m++ )
        if ( m->kind == OBJECT && !strcmp(m->name, name) )
            return true;
    return false;
}

static void write_members(struct writer *w, const struct member *table, struct json_object *rest)
{
    unsigned int type = w->c->type == XN_TYPE_HVM ? JSON_HVM : w->c->type == XN_TYPE_PVH ?
                        JSON_PVH : JSON_PV;

    for ( const struct member *m = table; m->name; m++ )
        if ( !m->types || (m->types & type) )
            write_member(w, m, rest);
    if ( !rest )
        return;
    json_object_object_foreach(rest, name, value)
        if ( !is_object(table, name) )
            jo_value(w->o, name, value);
}

void json_write_info(struct json_out *o, struct xn_ctx *ctx, const struct xn_domain_config *c,
                     struct json_object *rest)
{
    struct writer w = { o, ctx, c };

    jo_open(o, "c_info", '{');
    write_members(&w, c_info, json_get(rest, "c_info", json_type_object));
    jo_close(o, '}');
    jo_open(o, "b_info", '{');
    write_members(&w, b_info, json_get(rest, "b_info", json_type_object));
    jo_close(o, '}');
}

/* Members that are written by what stands in the tables under another name. */
static const char *const beside[] = {
    "domid", "video_memkb", "avail_vcpus", "vcpu_soft_affinity", "numa_placement", "target_memkb", "bios",
    "viridian_enable", "viridian_disable", "gfx_passthru_kind", NULL
};

static void drop_members(const struct member *table, struct json_object *o)
{
    if ( !o )
        return;
    for ( size_t i = 0; beside[i]; i++ )
        json_object_object_del(o, beside[i]);
    for ( const struct member *m = table; m->name; m++ )
        if ( m->kind != OBJECT )
            json_object_object_del(o, m->name);
        else if ( json_get(o, m->name, json_type_object) )
            drop_members(m->members, json_get(o, m->name, json_type_object));
        else
            json_object_object_del(o, m->name);
}

void json_drop_known(struct json_object *config)
{
    drop_members(c_info, json_get(config, "c_info", json_type_object));
    drop_members(b_info, json_get(config, "b_info", json_type_object));
}

void json_read_list(struct xn_domain_config *c, struct json_object *o, const char *name,
                    const char *key)
{
    struct json_object *list = json_get(o, name, json_type_array);
    char *text = NULL;

    for ( size_t i = 0; list && i < json_object_array_length(list); i++ ) {
        const char *item = json_object_get_string(json_object_array_get_idx(list, i));

        if ( item )
            cfg_replace(&text, text ? cfg_sprintf("%s%c%s", text, CFG_JOIN, item) :
                        cfg_strdup(item));
    }
    if ( !text )
        return;
    cfg_add_setting(c, key, text, (struct cfg_pos){ 0, 0 });
    c->settings[c->nr_settings - 1].list = true;
}

static void read_setting(struct xn_domain_config *c, const struct member *m, struct json_object *o)
{
    const char *text;
    char *value = NULL;
    int64_t n;
    bool on;

    if ( m->kind == S_LIST )
        json_read_list(c, o, m->name, m->key);
    else if ( (m->kind == S_TEXT || m->kind == S_WORD) && json_get_text(o, m->name, &text) )
        value = cfg_strdup(text);
    else if ( m->kind == S_DEFBOOL && json_get_flag(o, m->name, &on) )
        value = cfg_strdup(on ? "1" : "0");
    else if ( (m->kind == S_NUMBER || m->kind == S_MIB) && json_get_number(o, m->name, &n) &&
             !(m->kind == S_MIB && n == 0) )
        value = cfg_sprintf("%" PRId64, m->kind == S_MIB ? n / 1024 : n);
    if ( value )
        cfg_add_setting(c, m->key, value, (struct cfg_pos){ 0, 0 });
}

static void read_field(struct xn_domain_config *c, const struct member *m, struct json_object *o)
{
    void *where = (char *)c + m->offset;
    const char *text;
    int64_t n;
    bool on;

    if ( m->kind == F_TEXT && json_get_text(o, m->name, &text) )
        cfg_replace(where, cfg_strdup(text));
    else if ( m->kind == F_DEFBOOL && json_get_flag(o, m->name, &on) )
        *(long *)where = on;
    else if ( m->kind == F_NUMBER && json_get_number(o, m->name, &n) )
        *(long *)where = n;
}

static void read_members(struct xn_domain_config *c, const struct member *m, struct json_object *o)
{
    for ( ; o && m->name; m++ )
        switch ( m->kind ) {
        case F_TEXT:
        case F_NUMBER:
        case F_DEFBOOL:
            read_field(c, m, o);
            break;
        case CALL:
            m->read(c, o);
            break;
        case OBJECT:
            read_members(c, m->members, json_get(o, m->name, json_type_object));
            break;
        default:
            read_setting(c, m, o);
        }
}

void json_read_info(struct xn_domain_config *c, struct json_object *config)
{
    read_members(c, c_info, json_get(config, "c_info", json_type_object));
    read_members(c, b_info, json_get(config, "b_info", json_type_object));
}
