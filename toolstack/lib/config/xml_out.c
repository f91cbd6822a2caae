/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing libvirt's domain XML.  What that language cannot say is left out with a warning;
 * devices are xml_out_devices.c's.
 */
#include "xml.h"

#include <errno.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

static const xmlChar *xs(const char *s)
{
    return (const xmlChar *)s;
}

void xo_open(struct xml_out *o, const char *name)
{
    xmlTextWriterStartElement(o->w, xs(name));
}

void xo_close(struct xml_out *o)
{
    xmlTextWriterEndElement(o->w);
}

void xo_attr(struct xml_out *o, const char *name, const char *value)
{
    xmlTextWriterWriteAttribute(o->w, xs(name), xs(value));
}

void xo_attr_number(struct xml_out *o, const char *name, unsigned long long value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", value);
    xo_attr(o, name, text);
}

void xo_text(struct xml_out *o, const char *name, const char *value)
{
    xmlTextWriterWriteElement(o->w, xs(name), xs(value));
}

void xo_empty(struct xml_out *o, const char *name, const char *attr, const char *value)
{
    xo_open(o, name);
    if ( attr )
        xo_attr(o, attr, value);
    xo_close(o);
}

void xo_lost(struct xml_out *o, const char *what, const char *value)
{
    xn_log(o->ctx, XN_WARN, "libvirt's XML cannot say %s%s%s: left out", what, value ? "=" : "",
           value ? value : "");
}

/* XML 1.0 has no control characters, and libvirt's is UTF-8. */
static bool writable(const char *text)
{
    for ( const char *p = text; *p; p++ )
        if ( (unsigned char)*p < ' ' && !strchr("\t\n\r", *p) )
            return false;
    return xmlCheckUTF8(xs(text));
}

static void text_if(struct xml_out *o, const char *name, const char *value)
{
    if ( value && !writable(value) )
        xo_lost(o, name, "(with characters that XML has not)");
    else if ( value )
        xo_text(o, name, value);
}

static void memory(struct xml_out *o, const char *name, uint64_t kib)
{
    xo_open(o, name);
    xo_attr(o, "unit", "KiB");
    xmlTextWriterWriteFormatString(o->w, "%llu", (unsigned long long)kib);
    xo_close(o);
}

static void write_memory(struct xml_out *o, const struct xn_domain_config *c)
{
    uint64_t most = c->maxmem_kib ? c->maxmem_kib : c->memory_kib;

    memory(o, "memory", most);
    memory(o, "currentMemory", c->memory_kib ? c->memory_kib : most);
}

/* A set of CPUs in XML's form, NULL if it has none: malloc'd. */
static char *cpuset(struct xml_out *o, const char *text)
{
    char *out = cfg_strdup(text), *to = out;

    if ( !strcmp(text, "all") ) {
        free(out);
        return NULL;
    }
    if ( strspn(text, "0123456789,-^ \t") != strlen(text) ) {
        xo_lost(o, "cpus", text);
        free(out);
        return NULL;
    }
    for ( const char *from = text; *from; from++ )
        if ( *from != ' ' && *from != '\t' )
            *to++ = *from;
    while ( to > out && to[-1] == ',' )
        to--;
    *to = '\0';
    return out;
}

static void write_vcpus(struct xml_out *o, const struct xn_domain_config *c)
{
    long vcpus = c->vcpus != XN_UNSET ? c->vcpus : 1;
    long most = c->maxvcpus != XN_UNSET ? c->maxvcpus : vcpus;
    char *set = c->affinity_for_all && c->nr_affinity && c->affinity[0].hard ?
                cpuset(o, c->affinity[0].hard) : NULL;

    if ( c->vcpus == XN_UNSET && c->maxvcpus == XN_UNSET && !set )
        return;
    xo_open(o, "vcpu");
    xo_attr(o, "placement", "static");
    if ( set )
        xo_attr(o, "cpuset", set);
    if ( vcpus != most )
        xo_attr_number(o, "current", vcpus);
    xmlTextWriterWriteFormatString(o->w, "%ld", most);
    xo_close(o);
    free(set);
}

static void write_pins(struct xml_out *o, const struct xn_domain_config *c)
{
    for ( size_t i = 0; i < c->nr_affinity; i++ ) {
        char *set = c->affinity[i].hard && !c->affinity_for_all ?
                    cpuset(o, c->affinity[i].hard) : NULL;

        if ( c->affinity[i].soft )
            xo_lost(o, "cpus_soft", c->affinity[i].soft);
        if ( !set )
            continue;
        xo_open(o, "vcpupin");
        xo_attr_number(o, "vcpu", i);
        xo_attr(o, "cpuset", set);
        xo_close(o);
        free(set);
    }
}

/* Weight as shares, cap as a quota of a period of 100 ms. */
static void write_cputune(struct xml_out *o, const struct xn_domain_config *c)
{
    if ( c->sched.weight == XN_UNSET && c->sched.cap <= 0 && !c->nr_affinity )
        return;
    xo_open(o, "cputune");
    if ( c->sched.weight != XN_UNSET ) {
        xo_open(o, "shares");
        xmlTextWriterWriteFormatString(o->w, "%ld", c->sched.weight);
        xo_close(o);
    }
    if ( c->sched.cap > 0 ) {
        xo_text(o, "global_period", "100000");
        xo_open(o, "global_quota");
        xmlTextWriterWriteFormatString(o->w, "%ld", c->sched.cap * 1000);
        xo_close(o);
    }
    write_pins(o, c);
    xo_close(o);
}

static void write_bootloader(struct xml_out *o, const struct xn_domain_config *c)
{
    char *args = NULL;

    if ( !c->bootloader )
        return;
    text_if(o, "bootloader", c->bootloader);
    for ( size_t i = 0; i < c->nr_bootloader_args; i++ )
        cfg_replace(&args, cfg_sprintf("%s%s%s", args ? args : "", args ? " " : "",
                                       c->bootloader_args[i]));
    text_if(o, "bootloader_args", args);
    free(args);
}

static void write_path(struct xml_out *o, const char *name, const char *path)
{
    if ( path && *path && *path != '/' )
        xo_lost(o, name, path);
    else if ( path && *path )
        text_if(o, name, path);
}

static void write_os(struct xml_out *o, const struct xn_domain_config *c)
{
    static const char *const machines[] = { "xenpv", "xenpvh", "xenfv" };
    static const char *const types[] = { "linux", "xenpvh", "hvm" };

    xo_open(o, "os");
    xo_open(o, "type");
    xo_attr(o, "arch", "x86_64");
    xo_attr(o, "machine", machines[c->type]);
    xmlTextWriterWriteString(o->w, xs(types[c->type]));
    xo_close(o);
    write_path(o, "kernel", c->kernel);
    write_path(o, "initrd", c->ramdisk);
    text_if(o, "cmdline", c->cmdline);
    if ( c->type == XN_TYPE_HVM && !c->kernel )
        xo_empty(o, "boot", "dev", "hd");
    xo_close(o);
}

static void write_features(struct xml_out *o, const struct xn_domain_config *c)
{
    static const char *const flags[] = { "acpi", "apic", "pae" };

    /* In xl.cfg they are on unless turned off, in XML off unless turned on. */
    xo_open(o, "features");
    for ( size_t i = 0; i < 3; i++ ) {
        const struct xn_setting *s = xn_config_setting(c, flags[i]);

        if ( c->type == XN_TYPE_HVM && (!s || strtol(s->value, NULL, 0)) )
            xo_empty(o, flags[i], NULL, NULL);
    }
    if ( c->e820_host != XN_UNSET ) {
        xo_open(o, "xen");
        xo_empty(o, "e820_host", "state", c->e820_host ? "on" : "off");
        xo_close(o);
    }
    xo_close(o);
}

static void write_clock(struct xml_out *o, const struct xn_domain_config *c)
{
    const char *mode = !c->tsc_mode ? NULL : !strcmp(c->tsc_mode, "native") ? "native" :
                       !strcmp(c->tsc_mode, "always_emulate") ? "emulate" :
                       !strcmp(c->tsc_mode, "native_paravirt") ? "paravirt" : NULL;

    xo_open(o, "clock");
    if ( c->rtc_offset != XN_UNSET && c->rtc_offset ) {
        char text[24];

        snprintf(text, sizeof(text), "%ld", c->rtc_offset);
        xo_attr(o, "offset", "variable");
        xo_attr(o, "adjustment", text);
        xo_attr(o, "basis", c->localtime == 1 ? "localtime" : "utc");
    } else {
        xo_attr(o, "offset", c->localtime == 1 ? "localtime" : "utc");
    }
    if ( mode ) {
        xo_open(o, "timer");
        xo_attr(o, "name", "tsc");
        xo_attr(o, "mode", mode);
        xo_close(o);
    }
    xo_close(o);
}

static void write_action(struct xml_out *o, const char *name, enum xn_action a, bool coredump)
{
    if ( a == XN_ACTION_SOFT_RESET || (!coredump && a >= XN_ACTION_COREDUMP_DESTROY) )
        xo_lost(o, name, xn_action_name(a));
    else
        xo_text(o, name, xn_action_name(a));
}

static void write_events(struct xml_out *o, const struct xn_domain_config *c)
{
    write_action(o, "on_poweroff", c->on_poweroff, false);
    write_action(o, "on_reboot", c->on_reboot, false);
    write_action(o, "on_crash", c->on_crash, true);
    if ( c->on_watchdog != XN_ACTION_DESTROY )
        xo_lost(o, "on_watchdog", xn_action_name(c->on_watchdog));
    if ( c->on_soft_reset != XN_ACTION_SOFT_RESET )
        xo_lost(o, "on_soft_reset", xn_action_name(c->on_soft_reset));
}

static void write_seclabel(struct xml_out *o, const struct xn_domain_config *c)
{
    if ( c->init_seclabel )
        xo_lost(o, "init_seclabel", c->init_seclabel);
    if ( !c->seclabel )
        return;
    xo_open(o, "seclabel");
    xo_attr(o, "type", "static");
    xo_attr(o, "model", "flask");
    xo_attr(o, "relabel", "no");
    text_if(o, "label", c->seclabel);
    xo_close(o);
}

/* Keys that end here; those that have an element of their own are not in the list. */
static void warn_rest(struct xml_out *o, const struct xn_domain_config *c)
{
    static const char *const written[] = {
        "name", "type", "builder", "uuid", "memory", "maxmem", "vcpus", "maxvcpus", "cpus",
        "cpus_soft", "cpu_weight", "cap", "kernel", "ramdisk", "cmdline", "root", "extra",
        "bootloader", "bootloader_args", "on_poweroff", "on_reboot", "on_crash", "on_watchdog",
        "on_soft_reset", "disk", "vif", "channel", "pci", "seclabel", "init_seclabel",
        "localtime", "rtc_timeoffset", "tsc_mode", "e820_host", "max_grant_frames",
        "max_event_channels", NULL
    };

    for ( size_t i = 0; i < c->nr_settings; i++ ) {
        const char *key = c->settings[i].key;
        bool known = c->type == XN_TYPE_HVM && (!strcmp(key, "acpi") || !strcmp(key, "apic") ||
                                                !strcmp(key, "pae"));

        for ( size_t n = 0; written[n]; n++ )
            known |= !strcmp(written[n], key);
        if ( !known )
            xo_lost(o, key, NULL);
    }
}

static void write_domain(struct xml_out *o, const struct xn_domain_config *c)
{
    char uuid[37];

    xo_open(o, "domain");
    xo_attr(o, "type", "xen");
    xo_text(o, "name", c->name ? c->name : "");
    if ( c->has_uuid ) {
        uuid_unparse_lower(c->uuid, uuid);
        xo_text(o, "uuid", uuid);
    }
    write_memory(o, c);
    write_vcpus(o, c);
    write_cputune(o, c);
    write_bootloader(o, c);
    write_os(o, c);
    write_features(o, c);
    write_clock(o, c);
    write_events(o, c);
    xo_open(o, "devices");
    xml_write_devices(o, c);
    xo_close(o);
    write_seclabel(o, c);
    xo_close(o);
    warn_rest(o, c);
}

int xn_config_to_xml(struct xn_ctx *ctx, const struct xn_domain_config *c, char **xml)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    struct xml_out o = { ctx, buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL };

    *xml = NULL;
    if ( !o.w ) {
        xmlBufferFree(buffer);
        return xn_fail(ctx, ENOMEM, "out of memory");
    }
    xmlTextWriterSetIndent(o.w, 1);
    xmlTextWriterSetIndentString(o.w, xs("  "));
    write_domain(&o, c);
    xmlTextWriterEndDocument(o.w);
    xmlFreeTextWriter(o.w);
    *xml = cfg_strdup((const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return 0;
}
