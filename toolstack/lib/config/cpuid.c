/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpuid= of xl.cfg(5), in both its forms: names of features with a letter each, or registers bit
 * by bit.  Letters: 0, 1, x (the guest's default), k and s (the host's).
 */
#include "keys.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names and numbers of the features are Xen's: word * 32 + bit. */
static const struct feature { const char *name; uint16_t number; } features[] = {
#define XEN_CPUFEATURE(name, number) { #name, number },
#include <xen/arch-x86/cpufeatureset.h>
#undef XEN_CPUFEATURE
    /* Older names that Xen's xl takes too. */
    { "sse4.1", 1 * 32 + 19 }, { "sse4.2", 1 * 32 + 20 }, { "aes", 1 * 32 + 25 },
    { "tm", 0 * 32 + 29 }, { "cmpxchg8", 0 * 32 + 8 }, { "cmpxchg16", 1 * 32 + 13 },
    { "cntxid", 1 * 32 + 10 }, { "est", 1 * 32 + 7 }, { "sysenter", 0 * 32 + 11 },
    { "clfsh", 0 * 32 + 19 }, { "psn", 0 * 32 + 18 }, { "ia64", 0 * 32 + 30 },
    { "lahfsahf", 3 * 32 + 0 }, { "cmplegacy", 3 * 32 + 1 }, { "altmovcr8", 3 * 32 + 4 },
    { "nodeid", 3 * 32 + 19 }, { "perfctr_core", 3 * 32 + 23 }, { "perfctr_nb", 3 * 32 + 24 },
    { "invtsc", 7 * 32 + 8 }, { "cmt", 5 * 32 + 12 },
};
#define NR_FEATURES (sizeof(features) / sizeof(features[0]))

#define MSR_ARCH_CAPS   0x10a
#define NONE            XN_CPUID_NO_SUBLEAF
enum { EAX, EBX, ECX, EDX, MSR = CFG_CPUID_MSR };

static const struct { uint32_t leaf, subleaf; int reg; } words[] = {
    { 1, NONE, EDX }, { 1, NONE, ECX }, { 0x80000001, NONE, EDX }, { 0x80000001, NONE, ECX },
    { 0xd, 1, EAX }, { 7, 0, EBX }, { 7, 0, ECX }, { 0x80000007, NONE, EDX },
    { 0x80000008, NONE, EBX }, { 7, 0, EDX }, { 7, 1, EAX }, { 0x80000021, NONE, EAX },
    { 7, 1, EBX }, { 7, 2, EDX }, { 7, 1, ECX }, { 7, 1, EDX }, { MSR_ARCH_CAPS, NONE, MSR },
    { MSR_ARCH_CAPS, NONE, MSR }, { 0x80000021, NONE, ECX },
};

/* Keys with a number: where its bits are.  high: where those above the first four are. */
static const struct number {
    const char *name;
    uint32_t leaf, subleaf;
    int reg;
    unsigned int low, width, high;
} numbers[] = {
    { "maxleaf", 0, NONE, EAX, 0, 32, 0 }, { "family", 1, NONE, EAX, 8, 4, 20 },
    { "model", 1, NONE, EAX, 4, 4, 16 }, { "stepping", 1, NONE, EAX, 0, 4, 0 },
    { "localapicid", 1, NONE, EBX, 24, 8, 0 }, { "proccount", 1, NONE, EBX, 16, 8, 0 },
    { "clflush", 1, NONE, EBX, 8, 8, 0 }, { "brandid", 1, NONE, EBX, 0, 8, 0 },
    { "procpkg", 4, 0, EAX, 26, 6, 0 }, { "apicidsize", 0x80000008, NONE, ECX, 12, 4, 0 },
    { "nc", 0x80000008, NONE, ECX, 0, 8, 0 }, { "maxhvleaf", 0x40000000, NONE, EAX, 0, 8, 0 },
};
#define NR_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static struct xn_cpuid *entry_of(struct xn_domain_config *c, bool is_msr, uint32_t leaf, uint32_t subleaf)
{
    for ( size_t i = 0; i < c->nr_cpuids; i++ )
        if ( c->cpuids[i].is_msr == is_msr && c->cpuids[i].leaf == leaf && c->cpuids[i].subleaf == subleaf )
            return &c->cpuids[i];
    c->cpuids = cfg_grow(c->cpuids, c->nr_cpuids, sizeof(*c->cpuids));
    c->cpuids[c->nr_cpuids] = (struct xn_cpuid){ .is_msr = is_msr, .leaf = leaf, .subleaf = subleaf };
    return &c->cpuids[c->nr_cpuids++];
}

bool cfg_cpuid_put(struct xn_domain_config *c, uint32_t leaf, uint32_t subleaf, int reg, const char *bits)
{
    const bool is_msr = reg == MSR;
    struct xn_cpuid *e;

    if ( strlen(bits) != (is_msr ? 64 : 32) || bits[strspn(bits, "01xks")] )
        return false;
    e = entry_of(c, is_msr, leaf, subleaf);
    cfg_replace(&e->bits[is_msr ? 0 : reg], cfg_strdup(bits));
    return true;
}

/* Bit 0 is the last letter.  Of an MSR libxl writes k for s. */
static void put_letter(struct xn_domain_config *c, uint32_t leaf, uint32_t subleaf, int reg,
                       unsigned int bit, char letter)
{
    static const char untouched[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    struct xn_cpuid *e = entry_of(c, reg == MSR, leaf, subleaf);
    char **bits = &e->bits[reg == MSR ? 0 : reg];

    if ( !*bits )
        *bits = cfg_strdup(&untouched[reg == MSR ? 0 : 32]);
    (*bits)[strlen(*bits) - 1 - bit] = reg == MSR && letter == 's' ? 'k' : letter;
}

static void put_number(struct xn_domain_config *c, const struct number *n, unsigned int low,
                       unsigned int width, uint64_t value)
{
    for ( unsigned int i = 0; i < width; i++ )
        put_letter(c, n->leaf, n->subleaf, n->reg, low + i, '0' + (value >> i & 1));
}

/* A family above 15 is 15 and the rest; a model's upper half stands elsewhere. */
static void set_number(struct xn_domain_config *c, struct cfg_spec *s, const struct number *n,
                       const char *text, const char *where)
{
    const bool is_family = n->high == 20;
    const long max = is_family ? 15 + 255 : n->high ? 255 : (long)((1ULL << n->width) - 1);
    long value, low;

    if ( cfg_parse_long(text, &value) || value < 0 || value > max ) {
        cfg_spec_find(s, XN_ERROR, where, "%s is a number from 0 to %ld", n->name, max);
        return;
    }
    low = is_family && value > 15 ? 15 : value;
    put_number(c, n, n->low, n->width, low);
    if ( n->high )
        put_number(c, n, n->high, is_family ? 8 : 4, is_family ? value - low : value >> 4);
}

/* "lahf-lm" and "lahf_lm" are LAHF_LM. */
static bool same_name(const char *a, const char *b)
{
    for ( ; *a && *b; a++, b++ )
        if ( tolower((unsigned char)*a) != tolower((unsigned char)*b) &&
             !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')) )
            return false;
    return !*a && !*b;
}

static void unknown_name(struct cfg_spec *s, const char *name, const char *where)
{
    const char *words_of[NR_NUMBERS + NR_FEATURES + 1] = { NULL }, *near;
    char lower[NR_FEATURES][24];
    size_t n = 0;

    for ( size_t i = 0; i < NR_FEATURES; i++ ) {
        size_t k = 0;

        for ( const char *p = features[i].name; *p && k < sizeof(lower[i]) - 1; p++ )
            lower[i][k++] = *p == '_' ? '-' : tolower((unsigned char)*p);
        lower[i][k] = 0;
        words_of[n++] = lower[i];
    }
    for ( size_t i = 0; i < NR_NUMBERS; i++ )
        words_of[n++] = numbers[i].name;
    near = cfg_nearest(name, words_of);
    cfg_spec_find(s, XN_ERROR, where, "'%.40s' is no feature of a processor%s%s%s", name,
                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void set_one(struct xn_domain_config *c, struct cfg_spec *s, const char *name,
                    const char *value, const char *where)
{
    for ( size_t i = 0; i < NR_NUMBERS; i++ )
        if ( !strcmp(name, numbers[i].name) ) {
            set_number(c, s, &numbers[i], value, where);
            return;
        }
    for ( size_t i = 0; i < NR_FEATURES; i++ ) {
        const unsigned int word = features[i].number / 32, bit = features[i].number % 32 + (word == 17 ? 32 : 0);

        if ( !same_name(name, features[i].name) )
            continue;
        if ( strlen(value) != 1 || !strchr("01xks", *value) )
            cfg_spec_find(s, XN_ERROR, where, "%s is one of 0, 1, x, k, s: '%.20s' is not", name, value);
        else
            put_letter(c, words[word].leaf, words[word].subleaf, words[word].reg, bit, *value);
        return;
    }
    unknown_name(s, name, where);
}

/* host,NAME=VALUE,... */
static void set_names(struct xn_domain_config *c, struct xn_findings *f, const struct cfg_value *v)
{
    struct cfg_spec s = cfg_spec_of("cpuid", v->text, v, f);
    const char *p = v->text + strspn(v->text, " ");

    if ( !*p )
        return;
    if ( strcspn(p, ", ") != 4 || strncmp(p, "host", 4) ) {
        cfg_spec_find(&s, XN_ERROR, p, "the first word is \"host\", or it is a list of registers");
        return;
    }
    for ( p += strcspn(p, ","); *p; p += strcspn(p, ",") ) {
        size_t length, equals;
        char *name, *value;

        p += 1 + strspn(p + 1, " ");
        length = strcspn(p, ",");
        while ( length && p[length - 1] == ' ' )
            length--;
        if ( !length )
            continue;
        equals = strcspn(p, "=,");
        if ( equals >= length ) {
            cfg_spec_find(&s, XN_ERROR, p, "'%.*s' has no value: write NAME=VALUE", (int)length, p);
            continue;
        }
        name = cfg_strndup(p, equals);
        value = cfg_strndup(p + equals + 1, length - equals - 1);
        set_one(c, &s, name, value, p);
        free(name);
        free(value);
    }
}

/* LEAF[,SUBLEAF]:REGISTER=BITS,... */
static void set_registers(struct xn_domain_config *c, struct xn_findings *f, const struct cfg_value *v)
{
    static const char *const regs[] = { "eax=", "ebx=", "ecx=", "edx=" };
    struct cfg_spec s = cfg_spec_of("cpuid", v->text, v, f);
    unsigned long leaf, subleaf = NONE;
    char *p;

    leaf = strtoul(v->text, &p, 0);
    if ( p != v->text && *p == ',' )
        subleaf = strtoul(p + 1, &p, 0);
    if ( p == v->text || *p != ':' || leaf > UINT32_MAX || subleaf > UINT32_MAX ) {
        cfg_spec_find(&s, XN_ERROR, NULL, "expected LEAF:REGISTER=BITS or LEAF,SUBLEAF:REGISTER=BITS");
        return;
    }
    while ( *p ) {
        const char *const reg = ++p;
        char bits[33] = "";
        int n = 0;

        while ( n < 4 && strncmp(p, regs[n], 4) )
            n++;
        if ( n == 4 ) {
            cfg_spec_find(&s, XN_ERROR, reg, "expected eax=, ebx=, ecx= or edx=");
            return;
        }
        p += 4;
        if ( strcspn(p, ",") == 32 )
            memcpy(bits, p, 32);
        if ( !cfg_cpuid_put(c, leaf, subleaf, n, bits) )
            cfg_spec_find(&s, XN_ERROR, p, "expected 32 letters of 0, 1, x, k, s");
        p += strcspn(p, ",");
    }
}

void cfg_set_cpuid(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v)
{
    if ( v->kind != CFG_LIST )
        set_names(l->c, l->f, v);
    for ( size_t i = 0; v->kind == CFG_LIST && i < v->count; i++ )
        set_registers(l->c, l->f, v->items[i]);
}
