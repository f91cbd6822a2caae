/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading libvirt's domain XML.  Elements that have no meaning here get a warning that names
 * them; devices are xml_in_devices.c's.
 *
 * The text is not trusted: nothing is fetched, no entity is expanded, a DOCTYPE is refused.
 */
#include "xml.h"

#include "cpuset.h"

#include <ctype.h>
#include <errno.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

static struct cfg_pos pos_of(xmlNode *node)
{
    long line = node ? xmlGetLineNo(node) : 0;

    return (struct cfg_pos){ line > 0 ? line : 1, 1 };
}

void xi_find(struct xml_in *in, enum xn_level level, xmlNode *node, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    if ( vasprintf(&text, fmt, ap) < 0 )
        text = NULL;
    va_end(ap);
    cfg_find(in->l.f, level, pos_of(node), "%s", text ? text : "out of memory");
    free(text);
}

static char *trimmed(xmlChar *s)
{
    char *p = (char *)s, *text;
    size_t n;

    if ( !p )
        return NULL;
    while ( isspace((unsigned char)*p) )
        p++;
    n = strlen(p);
    while ( n && isspace((unsigned char)p[n - 1]) )
        n--;
    text = cfg_strndup(p, n);
    xmlFree(s);
    return text;
}

char *xi_attr(xmlNode *node, const char *name)
{
    return trimmed(xmlGetNoNsProp(node, (const xmlChar *)name));
}

char *xi_text(xmlNode *node)
{
    char *text = trimmed(xmlNodeGetContent(node));

    return text ? text : cfg_strdup("");
}

bool xi_is(xmlNode *node, const char *name, const char *value)
{
    char *text = xi_attr(node, name);
    bool same = text && !strcmp(text, value);

    free(text);
    return same;
}

bool xi_number(struct xml_in *in, xmlNode *node, const char *name, long min, long max, long *n)
{
    char *text = xi_attr(node, name);
    bool good = text && !cfg_parse_long(text, n) && *n >= min && *n <= max;

    if ( text && !good )
        xi_find(in, XN_ERROR, node, "%s of <%s>: '%.40s' is not a number from %ld to %ld", name,
                (const char *)node->name, text, min, max);
    free(text);
    return good;
}

void xi_children(struct xml_in *in, xmlNode *node, const struct xml_element *table, void *data)
{
    for ( xmlNode *child = node->children; child; child = child->next ) {
        const struct xml_element *e;

        if ( child->type != XML_ELEMENT_NODE )
            continue;
        for ( e = table; e->name; e++ )
            if ( !strcmp(e->name, (const char *)child->name) )
                break;
        if ( !e->name )
            xi_find(in, XN_WARN, child, "<%.60s> in <%.60s> has no meaning here: ignored",
                    (const char *)child->name, (const char *)node->name);
        else if ( e->read )
            e->read(in, child, data);
    }
}

static void read_name(struct xml_in *in, xmlNode *node, void *data)
{
    const char *why;

    cfg_replace(&in->l.c->name, xi_text(node));
    why = cfg_bad_name(in->l.c->name);
    if ( why )
        xi_find(in, XN_ERROR, node, "the name '%.140s' %s", in->l.c->name, why);
}

static void read_uuid(struct xml_in *in, xmlNode *node, void *data)
{
    char *text = xi_text(node), dashed[37];
    const char *uuid = text;

    /* libvirt also takes it without dashes. */
    if ( strlen(text) == 32 ) {
        snprintf(dashed, sizeof(dashed), "%.8s-%.4s-%.4s-%.4s-%.12s", text, text + 8, text + 12,
                 text + 16, text + 20);
        uuid = dashed;
    }
    if ( uuid_parse(uuid, in->l.c->uuid) )
        xi_find(in, XN_ERROR, node, "'%.60s' is not a UUID", text);
    else
        in->l.c->has_uuid = true;
    free(text);
}

/* The factor of a unit, 0 if it is none: "KiB" is the default, "KB" is 1000. */
static uint64_t unit_bytes(const char *unit)
{
    static const char letters[] = "kmgtpe";
    uint64_t factor = 1;
    const char *at;
    bool decimal;

    if ( !unit )
        return 1024;
    if ( !strcasecmp(unit, "b") || !strcasecmp(unit, "bytes") || !strcasecmp(unit, "byte") )
        return 1;
    at = *unit ? strchr(letters, tolower((unsigned char)*unit)) : NULL;
    decimal = at && !strcasecmp(unit + 1, "b");
    if ( !at || (unit[1] && !decimal && strcasecmp(unit + 1, "ib")) )
        return 0;
    for ( long i = 0; i <= at - letters; i++ )
        factor *= decimal ? 1000 : 1024;
    return factor;
}

static void read_memory(struct xml_in *in, xmlNode *node, void *data)
{
    char *unit = xi_attr(node, "unit"), *text = xi_text(node);
    uint64_t factor = unit_bytes(unit);
    bool current = *node->name == 'c';
    long n = 0;

    if ( !factor )
        xi_find(in, XN_ERROR, node, "'%.20s' is not a unit: expected KiB, MiB or GiB", unit);
    else if ( cfg_parse_long(text, &n) || n <= 0 ||
             (unsigned __int128)n * factor > (unsigned __int128)16 << 40 )
        xi_find(in, XN_ERROR, node, "<%s>: '%.40s' is not an amount of memory from 1 KiB to 16 TiB",
                (const char *)node->name, text);
    else if ( (uint64_t)n * factor < 1024 )
        xi_find(in, XN_ERROR, node, "<%s>: less than 1 KiB", (const char *)node->name);
    else
        *(current ? &in->l.c->memory_kib : &in->l.c->maxmem_kib) = (uint64_t)n * factor / 1024;
    free(unit);
    free(text);
}

/* A set of CPUs for one vCPU, or for all. */
static void read_cpuset(struct xml_in *in, xmlNode *node, char **where)
{
    char *text = xi_attr(node, "cpuset"), why[120];

    if ( text && cpuset_check(text, NULL, why, sizeof(why)) )
        xi_find(in, XN_ERROR, node, "cpuset '%.60s': %s", text, why);
    else if ( text )
        cfg_replace(where, cfg_strdup(text));
    free(text);
}

static void read_vcpu(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_domain_config *c = in->l.c;
    char *text = xi_text(node);
    long most;

    if ( cfg_parse_long(text, &most) || most < 1 || most > 4096 ) {
        xi_find(in, XN_ERROR, node, "<vcpu>: '%.40s' is not a number from 1 to 4096", text);
    } else {
        c->vcpus = most;
        if ( xi_number(in, node, "current", 1, most, &c->vcpus) )
            c->maxvcpus = most;
        else
            c->vcpus = most;
    }
    free(text);
    read_cpuset(in, node, &in->l.hard_all);
}

static void read_pin(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_domain_config *c = in->l.c;
    long vcpu;

    if ( !xi_number(in, node, "vcpu", 0, 4095, &vcpu) )
        return;
    while ( c->nr_affinity <= (size_t)vcpu ) {
        c->affinity = cfg_grow(c->affinity, c->nr_affinity, sizeof(*c->affinity));
        c->nr_affinity++;
    }
    read_cpuset(in, node, &c->affinity[vcpu].hard);
    c->numa_placement = 0;
}

struct tune {
    long period, quota;
};

static void read_tune_number(struct xml_in *in, xmlNode *node, void *data)
{
    struct tune *t = data;
    char *text = xi_text(node);
    long n;

    if ( cfg_parse_long(text, &n) || n < -1 || n > 1l << 44 )
        xi_find(in, XN_ERROR, node, "<%s>: '%.40s' is not a number", (const char *)node->name,
                text);
    else if ( !strcmp((const char *)node->name, "shares") )
        in->l.c->sched.weight = n < 1 ? 1 : n > 65535 ? 65535 : n;
    else if ( strstr((const char *)node->name, "period") )
        t->period = n;
    else
        t->quota = n;
    free(text);
}

static void read_cputune(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "shares", read_tune_number }, { "global_period", read_tune_number },
        { "global_quota", read_tune_number }, { "vcpupin", read_pin }, { NULL, NULL }
    };
    struct tune t = { 100000, 0 };

    xi_children(in, node, table, &t);
    if ( t.quota > 0 && t.period >= 1000 && t.quota < 1l << 40 )
        in->l.c->sched.cap = (t.quota * 100 + t.period - 1) / t.period;
    if ( in->l.c->sched.cap > 65535 )
        in->l.c->sched.cap = 65535;
}

static void read_bootloader(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_domain_config *c = in->l.c;
    char *text = xi_text(node);

    if ( strcmp((const char *)node->name, "bootloader") ) {
        for ( char *save, *word = strtok_r(text, " \t\n", &save); word;
             word = strtok_r(NULL, " \t\n", &save) ) {
            c->bootloader_args = cfg_grow(c->bootloader_args, c->nr_bootloader_args,
                                          sizeof(char *));
            c->bootloader_args[c->nr_bootloader_args++] = cfg_strdup(word);
        }
    } else if ( *text ) {
        cfg_replace(&c->bootloader, cfg_strdup(text));
        cfg_add_unserved(c, "bootloader");
    }
    free(text);
}

static void read_type(struct xml_in *in, xmlNode *node, void *data)
{
    char *text = xi_text(node);

    if ( !strcmp(text, "hvm") )
        in->l.c->type = XN_TYPE_HVM;
    else if ( !strcmp(text, "xenpvh") || xi_is(node, "machine", "xenpvh") )
        in->l.c->type = XN_TYPE_PVH;
    else if ( !strcmp(text, "linux") || !strcmp(text, "xen") )
        in->l.c->type = XN_TYPE_PV;
    else
        xi_find(in, XN_ERROR, node, "<type>: '%.40s' is not a guest of Xen: expected linux, "
                "xenpvh or hvm", text);
    free(text);
    if ( !xi_is(node, "arch", "x86_64") && xmlHasProp(node, (const xmlChar *)"arch") )
        xi_find(in, XN_ERROR, node, "only guests of arch='x86_64' are served");
}

static void read_kernel(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_domain_config *c = in->l.c;

    cfg_replace(*node->name == 'k' ? &c->kernel : *node->name == 'i' ? &c->ramdisk : &c->cmdline,
                xi_text(node));
}

static void read_os(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "type", read_type }, { "kernel", read_kernel }, { "initrd", read_kernel },
        { "cmdline", read_kernel }, { "boot", NULL }, { NULL, NULL }
    };

    xi_children(in, node, table, NULL);
}

static void read_xen_feature(struct xml_in *in, xmlNode *node, void *data)
{
    in->l.c->e820_host = xi_is(node, "state", "on");
}

static void read_xen_features(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = { { "e820_host", read_xen_feature },
                                                { NULL, NULL } };

    xi_children(in, node, table, NULL);
}

static void read_feature(struct xml_in *in, xmlNode *node, void *data)
{
    cfg_add_setting(in->l.c, (const char *)node->name,
                    cfg_strdup(xi_is(node, "state", "off") ? "0" : "1"), pos_of(node));
}

static void read_features(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = {
        { "acpi", read_feature }, { "apic", read_feature }, { "pae", read_feature },
        { "hap", read_feature }, { "xen", read_xen_features }, { NULL, NULL }
    };

    xi_children(in, node, table, NULL);
}

static void read_timer(struct xml_in *in, xmlNode *node, void *data)
{
    if ( !xi_is(node, "name", "tsc") ) {
        xi_find(in, XN_WARN, node, "<timer> other than tsc has no meaning here: ignored");
        return;
    }
    if ( xi_is(node, "mode", "native") )
        cfg_replace(&in->l.c->tsc_mode, cfg_strdup("native"));
    else if ( xi_is(node, "mode", "emulate") )
        cfg_replace(&in->l.c->tsc_mode, cfg_strdup("always_emulate"));
    else if ( xi_is(node, "mode", "paravirt") )
        cfg_replace(&in->l.c->tsc_mode, cfg_strdup("native_paravirt"));
}

static void read_clock(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = { { "timer", read_timer }, { NULL, NULL } };
    struct xn_domain_config *c = in->l.c;
    long seconds;

    if ( xi_is(node, "offset", "variable") ) {
        if ( xi_number(in, node, "adjustment", INT32_MIN, INT32_MAX, &seconds) )
            c->rtc_offset = seconds;
        if ( xi_is(node, "basis", "localtime") )
            c->localtime = 1;
    } else if ( xi_is(node, "offset", "localtime") ) {
        c->localtime = 1;
    } else if ( !xi_is(node, "offset", "utc") ) {
        xi_find(in, XN_WARN, node, "<clock> has an offset that is not served: UTC is used");
    }
    xi_children(in, node, table, NULL);
}

static void read_action(struct xml_in *in, xmlNode *node, void *data)
{
    struct xn_domain_config *c = in->l.c;
    const char *name = (const char *)node->name;
    char *text = xi_text(node);

    if ( !xn_action_from_name(text, !strcmp(name, "on_poweroff") ? &c->on_poweroff :
                             !strcmp(name, "on_reboot") ? &c->on_reboot : &c->on_crash) )
        xi_find(in, XN_ERROR, node, "<%s>: unknown action '%.40s'", name, text);
    free(text);
}

static void read_label(struct xml_in *in, xmlNode *node, void *data)
{
    cfg_replace(&in->l.c->seclabel, xi_text(node));
}

static void read_seclabel(struct xml_in *in, xmlNode *node, void *data)
{
    static const struct xml_element table[] = { { "label", read_label }, { NULL, NULL } };

    xi_children(in, node, table, NULL);
}

static void read_domain(struct xml_in *in, xmlNode *root)
{
    static const struct xml_element table[] = {
        { "name", read_name }, { "uuid", read_uuid }, { "memory", read_memory },
        { "currentMemory", read_memory }, { "vcpu", read_vcpu }, { "cputune", read_cputune },
        { "bootloader", read_bootloader }, { "bootloader_args", read_bootloader },
        { "os", read_os }, { "features", read_features }, { "clock", read_clock },
        { "on_poweroff", read_action }, { "on_reboot", read_action }, { "on_crash", read_action },
        { "devices", xml_read_devices }, { "seclabel", read_seclabel }, { NULL, NULL }
    };
    char *type = xi_attr(root, "type");

    if ( strcmp((const char *)root->name, "domain") )
        xi_find(in, XN_ERROR, root, "expected <domain type='xen'>, found <%.60s>",
                (const char *)root->name);
    else if ( !type || strcmp(type, "xen") )
        xi_find(in, XN_ERROR, root, "this domain is of type '%.40s': expected 'xen'",
                type ? type : "");
    else
        xi_children(in, root, table, NULL);
    free(type);
}

/* Both amounts are there in XML; memory= and maxmem= differ only if they do. */
static void finish_memory(struct xn_domain_config *c)
{
    if ( !c->memory_kib )
        c->memory_kib = c->maxmem_kib;
    if ( c->memory_kib == c->maxmem_kib )
        c->maxmem_kib = 0;
}

/* What XML leaves out is off. */
static void finish_features(struct xn_domain_config *c)
{
    static const char *const flags[] = { "acpi", "apic", "pae" };

    for ( size_t i = 0; c->type == XN_TYPE_HVM && i < 3; i++ )
        if ( !xn_config_setting(c, flags[i]) )
            cfg_add_setting(c, flags[i], cfg_strdup("0"), (struct cfg_pos){ 0, 0 });
}

static xmlDoc *parse(struct xml_in *in, const char *xml, size_t length)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                        XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES;
    xmlParserCtxt *ctxt = length <= CFG_TEXT_MAX ? xmlNewParserCtxt() : NULL;
    xmlDoc *doc = ctxt ? xmlCtxtReadMemory(ctxt, xml, length, NULL, NULL, options) : NULL;

    if ( !ctxt ) {
        xi_find(in, XN_ERROR, NULL, "more than %u bytes: this is no domain", CFG_TEXT_MAX);
    } else if ( !doc ) {
        const xmlError *e = xmlCtxtGetLastError(ctxt);
        struct cfg_pos at = { e && e->line > 0 ? e->line : 1, e && e->int2 > 0 ? e->int2 : 1 };
        int n = e && e->message ? strcspn(e->message, "\n") : 0;

        cfg_find(in->l.f, XN_ERROR, at, "this is not XML: %.*s", n < 200 ? n : 200,
                 n ? e->message : "");
    } else if ( doc->intSubset || doc->extSubset ) {
        xi_find(in, XN_ERROR, NULL, "a DOCTYPE has no place in a domain");
        xmlFreeDoc(doc);
        doc = NULL;
    }
    xmlFreeParserCtxt(ctxt);
    return doc;
}

int xn_config_from_xml(struct xn_ctx *ctx, struct xn_domain_config *c, struct xn_findings *f,
                       const char *xml, size_t length)
{
    struct xml_in in = { .l = { .c = c, .f = f } };
    xmlNode *root;
    xmlDoc *doc;

    xn_config_init(c);
    doc = parse(&in, xml, length);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    if ( root ) {
        read_domain(&in, root);
        finish_memory(c);
        finish_features(c);
        if ( !f->errors )
            cfg_finish(&in.l);
    }
    xmlFreeDoc(doc);
    free(in.l.hard_all);
    if ( f->errors )
        return xn_fail(ctx, EINVAL, "libvirt's XML: line %u: %s", f->list[0].line,
                       cfg_first_error(f));
    return 0;
}
