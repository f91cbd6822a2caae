/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain as an S-expression, for what still reads xm's form (output_format="sxp" and the xm
 * alias).  The names are those that xl uses there; state, cpu_time and online_vcpus, which the
 * old xm had and its readers need, come with a running domain.  Parentheses always match.
 */
#include <string.h>

#include "show.h"

/* A value: readers end one at a blank or parenthesis, so those are only inside quotes. */
static void value(FILE *out, const char *s)
{
    if ( !s ) {
        fputs("(null)", out);
        return;
    }
    if ( !strpbrk(s, "()'\"\\") ) {
        fputs(s, out);
        return;
    }
    fputc('\'', out);
    for ( ; *s; s++ ) {
        if ( *s == '\'' || *s == '\\' )
            fputc('\\', out);
        fputc(*s, out);
    }
    fputc('\'', out);
}

static void item(FILE *out, const char *indent, const char *key, const char *s)
{
    fprintf(out, "%s(%s ", indent, key);
    value(out, s);
    fputs(")\n", out);
}

static void disk(FILE *out, const struct xn_disk *k, long domid)
{
    fputs("\t(device\n\t\t(tap\n", out);
    item(out, "\t\t\t", "backend_domid", k->backend_domain ? k->backend_domain : "0");
    fprintf(out, "\t\t\t(frontend_domid %ld)\n", domid);
    item(out, "\t\t\t", "physpath", k->target);
    fprintf(out, "\t\t\t(phystype %d)\n", (int)k->backend);
    item(out, "\t\t\t", "virtpath", k->vdev);
    fprintf(out, "\t\t\t(unpluggable %d)\n\t\t\t(readwrite %d)\n\t\t\t(is_cdrom %d)\n",
            k->removable, !k->readonly, k->cdrom);
    fputs("\t\t)\n\t)\n", out);
}

static void nic(FILE *out, const struct xn_nic *n, size_t i, long domid)
{
    fputs("\t(device\n\t\t(vif\n", out);
    item(out, "\t\t\t", "backend_domid", n->backend_domain ? n->backend_domain : "0");
    fprintf(out, "\t\t\t(frontend_domid %ld)\n", domid);
    fprintf(out, "\t\t\t(devid %ld)\n", n->devid == XN_UNSET ? (long)i : n->devid);
    fprintf(out, "\t\t\t(mtu %ld)\n", n->mtu == XN_UNSET ? 0 : n->mtu);
    item(out, "\t\t\t", "model", n->model);
    fprintf(out, "\t\t\t(mac %02x%02x%02x%02x%02x%02x)\n", n->mac[0], n->mac[1], n->mac[2],
            n->mac[3], n->mac[4], n->mac[5]);
    fputs("\t\t)\n\t)\n", out);
}

static void running(FILE *out, const struct xn_domain *d)
{
    char state[7];

    xl_state_letters(d, state);
    fprintf(out, "\t(state %s)\n\t(cpu_time %.3f)\n\t(online_vcpus %u)\n", state,
            (double)d->cpu_time_ns / 1e9, d->online_vcpus);
}

static void image(FILE *out, const struct xn_domain_config *c)
{
    fprintf(out, "\t(image\n\t\t(%s\n", c->type == XN_TYPE_HVM ? "hvm" : "linux");
    item(out, "\t\t\t", "kernel", c->kernel);
    item(out, "\t\t\t", "cmdline", c->cmdline);
    item(out, "\t\t\t", "ramdisk", c->ramdisk);
    item(out, "\t\t\t", "e820_host", c->e820_host == 1 ? "True" : "<default>");
    fputs("\t\t)\n\t)\n", out);
}

void show_sxp(FILE *out, const struct xn_domain_config *c, const struct xn_domain *d)
{
    long domid = d ? (long)d->domid : -1;
    char uuid[37] = "<unknown>";
    uint64_t maxmem = c->maxmem_kib ? c->maxmem_kib : c->memory_kib;

    if ( c->has_uuid || d )
        xl_uuid_text(d ? d->uuid : c->uuid, uuid);
    fprintf(out, "(domain\n\t(domid %ld)\n\t(create_info)\n\t(hvm %d)\n", domid,
            c->type == XN_TYPE_HVM);
    fputs("\t(hap <default>)\n\t(oos <default>)\n\t(ssidref 0)\n", out);
    item(out, "\t", "name", c->name);
    item(out, "\t", "uuid", uuid);
    fputs("\t(xsdata (null))\n\t(platformdata (null))\n\t(build_info)\n", out);
    fprintf(out, "\t(max_vcpus %ld)\n", c->maxvcpus == XN_UNSET ? 0 : c->maxvcpus);
    fprintf(out, "\t(max_grant_frames %ld)\n\t(max_maptrack_frames %ld)\n", c->max_grant_frames,
            c->max_maptrack_frames);
    item(out, "\t", "tsc_mode", c->tsc_mode ? c->tsc_mode : "default");
    fprintf(out, "\t(max_memkb %llu)\n\t(target_memkb %llu)\n", (unsigned long long)maxmem,
            (unsigned long long)c->memory_kib);
    item(out, "\t", "nomigrate", c->nomigrate == 1 ? "True" : "<default>");
    if ( d )
        running(out, d);
    image(out, c);
    for ( size_t i = 0; i < c->nr_disks; i++ )
        disk(out, &c->disks[i], domid);
    for ( size_t i = 0; i < c->nr_nics; i++ )
        nic(out, &c->nics[i], i, domid);
    fputs(")\n", out);
}
