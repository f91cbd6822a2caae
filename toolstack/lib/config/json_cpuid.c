/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "cpuid" of libxl's JSON: {"cpuid": [{leaf, subleaf, eax ...}], "msr": [{index, policy}]}.
 */
#include "json_member.h"

#include <string.h>

static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };

static void write_leaf(struct json_out *o, const struct xn_cpuid *e)
{
    jo_open(o, NULL, '{');
    jo_number(o, e->is_msr ? "index" : "leaf", e->leaf);
    if ( !e->is_msr && e->subleaf != XN_CPUID_NO_SUBLEAF )
        jo_number(o, "subleaf", e->subleaf);
    for ( int i = 0; i < 4; i++ )
        if ( e->bits[i] )
            jo_text(o, e->is_msr ? "policy" : regs[i], e->bits[i]);
    jo_close(o, '}');
}

void json_write_cpuid(struct writer *w)
{
    if ( !w->c->nr_cpuids )
        return;
    jo_open(w->o, "cpuid", '{');
    for ( int msr = 0; msr < 2; msr++ ) {
        jo_open(w->o, msr ? "msr" : "cpuid", '[');
        for ( size_t i = 0; i < w->c->nr_cpuids; i++ )
            if ( w->c->cpuids[i].is_msr == msr )
                write_leaf(w->o, &w->c->cpuids[i]);
        jo_close(w->o, ']');
    }
    jo_close(w->o, '}');
}

static void read_leaf(struct xn_domain_config *c, struct json_object *o, bool is_msr)
{
    int64_t leaf, subleaf = XN_CPUID_NO_SUBLEAF;
    const char *bits;

    if ( !json_get_number(o, is_msr ? "index" : "leaf", &leaf) || leaf < 0 || leaf > UINT32_MAX )
        return;
    json_get_number(o, "subleaf", &subleaf);
    for ( int i = 0; i < (is_msr ? 1 : 4); i++ )
        if ( json_get_text(o, is_msr ? "policy" : regs[i], &bits) )
            cfg_cpuid_put(c, leaf, subleaf, is_msr ? CFG_CPUID_MSR : i, bits);
}

void json_read_cpuid(struct xn_domain_config *c, struct json_object *b_info)
{
    struct json_object *o = json_get(b_info, "cpuid", json_type_object);

    for ( int msr = 0; o && msr < 2; msr++ ) {
        struct json_object *list = json_get(o, msr ? "msr" : "cpuid", json_type_array);

        for ( size_t i = 0; list && i < json_object_array_length(list); i++ )
            read_leaf(c, json_object_array_get_idx(list, i), msr);
    }
}
