/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold for a configuration as a whole, once every key is set.
 */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

static const struct cfg_pos nowhere;

/* root=, extra= and cmdline= as one command line. */
static void join_cmdline(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;

    if ( l->cmdline ) {
        if ( l->root || l->extra )
            cfg_find(l->f, XN_WARN, l->ignored_at, "root= and extra= are ignored in favour of "
                     "cmdline=");
        cfg_replace(&c->cmdline, cfg_strdup(l->cmdline));
    } else if ( l->root && l->extra ) {
        cfg_replace(&c->cmdline, cfg_sprintf("root=%s %s", l->root, l->extra));
    } else if ( l->root ) {
        cfg_replace(&c->cmdline, cfg_sprintf("root=%s", l->root));
    } else if ( l->extra ) {
        cfg_replace(&c->cmdline, cfg_strdup(l->extra));
    }
}

static void check_memory(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;

    if ( l->f->errors && !c->memory_kib && !c->maxmem_kib )
        return;
    if ( !c->memory_kib && !c->maxmem_kib )
        cfg_find(l->f, XN_ERROR, nowhere, "memory is not given: write memory = MIB");
    else if ( c->memory_kib && c->maxmem_kib && c->maxmem_kib < c->memory_kib )
        cfg_find(l->f, XN_ERROR, l->maxmem_at, "maxmem (%lu MiB) is less than memory (%lu MiB)",
                 c->maxmem_kib >> 10, c->memory_kib >> 10);
}

static void check_vcpus(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;

    if ( c->vcpus != XN_UNSET && c->maxvcpus != XN_UNSET && c->maxvcpus < c->vcpus )
        cfg_find(l->f, XN_ERROR, l->vcpus_at, "maxvcpus (%ld) is less than vcpus (%ld)",
                 c->maxvcpus, c->vcpus);
}

static long vcpu_count(const struct xn_domain_config *c)
{
    return c->maxvcpus != XN_UNSET ? c->maxvcpus : c->vcpus != XN_UNSET ? c->vcpus : 1;
}

/* Texts for all vCPUs become one entry for all, or one for each beside those of a list. */
static void join_affinity(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;
    size_t vcpus = vcpu_count(c);

    if ( c->nr_affinity > vcpus )
        cfg_find(l->f, XN_WARN, nowhere, "cpus= or cpus_soft= has %zu elements for %zu vCPUs: the "
                 "rest has no effect", c->nr_affinity, vcpus);
    for ( ; c->nr_affinity > vcpus; c->nr_affinity-- ) {
        free(c->affinity[c->nr_affinity - 1].hard);
        free(c->affinity[c->nr_affinity - 1].soft);
    }
    if ( !l->hard_all && !l->soft_all )
        return;
    c->affinity_for_all = c->nr_affinity == 0;
    if ( c->affinity_for_all )
        vcpus = 1;
    for ( size_t i = 0; i < vcpus; i++ ) {
        if ( i == c->nr_affinity ) {
            c->affinity = cfg_grow(c->affinity, i, sizeof(*c->affinity));
            c->nr_affinity++;
        }
        if ( l->hard_all && !c->affinity[i].hard )
            c->affinity[i].hard = cfg_strdup(l->hard_all);
        if ( l->soft_all && !c->affinity[i].soft )
            c->affinity[i].soft = cfg_strdup(l->soft_all);
    }
}

static void check_disks(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;

    for ( size_t i = 0; i < c->nr_disks; i++ )
        for ( size_t j = 0; j < i; j++ ) {
            struct xn_disk *a = &c->disks[j], *b = &c->disks[i];
            uint32_t na, nb;

            if ( !a->vdev || !b->vdev || xn_vdev_number(a->vdev, &na) ||
                xn_vdev_number(b->vdev, &nb) || na != nb )
                continue;
            cfg_find(l->f, XN_ERROR, (struct cfg_pos){ b->line, b->column }, "two disks are '%s'",
                     b->vdev);
            break;
        }
}

static void check_nics(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;

    for ( size_t i = 0; i < c->nr_nics; i++ )
        for ( size_t j = 0; j < i; j++ ) {
            struct xn_nic *a = &c->nics[j], *b = &c->nics[i];
            struct cfg_pos at = { b->line, b->column };

            if ( a->devid == b->devid )
                cfg_find(l->f, XN_ERROR, at, "two vifs have the number %ld: leave devid= out or "
                         "choose another", b->devid);
            else if ( a->has_mac && b->has_mac && !memcmp(a->mac, b->mac, 6) )
                cfg_find(l->f, XN_WARN, at, "two vifs have the same MAC address");
        }
}

static void check_boot(struct cfg_load *l)
{
    struct xn_domain_config *c = l->c;
    const char *slash = c->kernel ? strrchr(c->kernel, '/') : NULL;

    if ( c->type == XN_TYPE_HVM ) {
        if ( !c->kernel || strcmp(slash ? slash + 1 : c->kernel, "hvmloader") )
            return;
        cfg_find(l->f, XN_WARN, nowhere, "kernel= with hvmloader is ignored: it is the firmware "
                 "of HVM guests already");
        cfg_replace(&c->kernel, NULL);
        return;
    }
    if ( c->kernel && !*c->kernel )
        cfg_replace(&c->kernel, NULL);
    if ( c->kernel && xn_config_setting(c, "firmware") )
        cfg_find(l->f, XN_ERROR, nowhere, "both kernel= and firmware= are given: leave one out");
    else if ( !c->kernel && !c->bootloader && !xn_config_setting(c, "firmware") && !l->f->errors )
        cfg_find(l->f, XN_ERROR, nowhere, "there is nothing to boot: write kernel = \"/PATH\" or "
                 "bootloader = \"...\"");
}

void cfg_finish(struct cfg_load *l)
{
    join_cmdline(l);
    join_affinity(l);
    if ( !l->c->name && !l->f->errors )
        cfg_find(l->f, XN_ERROR, nowhere, "the domain has no name: write name = \"...\"");
    check_memory(l);
    check_vcpus(l);
    check_disks(l);
    check_nics(l);
    check_boot(l);
}
