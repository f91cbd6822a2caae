/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xl.conf adds to a guest's configuration where that is silent.
 */
#include <stdlib.h>
#include <string.h>

#include "xlconf.h"

static void default_text(char **field, const char *key)
{
    const char *v = *field ? NULL : xl_conf(key);

    if (v)
        *field = xl_strdup(v);
}

static void default_number(long *field, const char *key)
{
    const char *v = *field == XN_UNSET ? xl_conf(key) : NULL;

    if (v)
        *field = strtol(v, NULL, 0);
}

void xl_default_nic(struct xn_nic *n)
{
    default_text(&n->script, "vif.default.script");
    default_text(&n->script, "vifscript");
    default_text(&n->bridge, "vif.default.bridge");
    default_text(&n->bridge, "defaultbridge");
    default_text(&n->backend_domain, "vif.default.backend");
}

/* Every vCPU's hard affinity within the mask for guests of this type. */
static int apply_cpumask(struct xn_domain_config *c)
{
    const char *mask = xl_conf_cpumask(c->type);

    if (!mask)
        return XL_OK;
    if (!c->nr_affinity) {
        c->affinity = xl_alloc(sizeof(*c->affinity));
        c->nr_affinity = 1;
        c->affinity_for_all = true;
    }
    for (size_t i = 0; i < c->nr_affinity; i++) {
        struct xn_affinity *a = &c->affinity[i];
        char *both = a->hard ? xl_intersect_cpus(a->hard, mask) : xl_strdup(mask);

        if (!both)
            return XL_FAILED;
        free(a->hard);
        a->hard = both;
    }
    return XL_OK;
}

static void warn_unserved(void)
{
    const char *v = xl_conf("autoballoon");

    if (v && strcmp(v, "off") && strcmp(v, "0") && strcmp(v, "auto"))
        xl_warn("%s: autoballoon=\"%s\": domain 0 is never made smaller for a guest; give it its "
                "share with dom0_mem= on the hypervisor's command line", XL_CONF_PATH, v);
    v = xl_conf("domid_policy");
    if (v && strcmp(v, "xen"))
        xl_warn("%s: domid_policy=\"%s\" is not served; ids go up one by one", XL_CONF_PATH, v);
    if (!xl_conf_true("run_hotplug_scripts", true))
        xl_warn("%s: run_hotplug_scripts=0 is not served; xl sets devices up itself",
                XL_CONF_PATH);
}

int xl_defaults(struct xn_domain_config *c, bool ignore_masks)
{
    for (size_t i = 0; i < c->nr_nics; i++)
        xl_default_nic(&c->nics[i]);
    default_number(&c->max_grant_frames, "max_grant_frames");
    default_number(&c->max_maptrack_frames, "max_maptrack_frames");
    default_number(&c->max_grant_version, "max_grant_version");
    if (c->claim == XN_UNSET)
        c->claim = xl_conf_true("claim_mode", true);
    warn_unserved();
    return ignore_masks ? XL_OK : apply_cpumask(c);
}
