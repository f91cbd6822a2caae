/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xl.conf adds: completes guests' configurations, bounds their CPUs, chooses SXP.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/cpuset.h"
#include "xlconf.h"

const struct xn_defaults *xl_conf(void)
{
    static struct xn_defaults conf;
    static bool was_read;
    struct xn_findings f = { 0 };

    if ( was_read )
        return &conf;
    was_read = true;
    if ( access(XL_CONF_PATH, F_OK) && errno == ENOENT ) {
        xn_defaults_init(&conf);
        return &conf;
    }
    if ( xn_defaults_load(xl_ctx(), &conf, &f, XL_CONF_PATH) )
        xl_warn("%s; the defaults hold", xn_why(xl_ctx()));
    xn_findings_print(&f, XL_CONF_PATH, stderr);
    xn_findings_free(&f);
    xn_clear_error(xl_ctx());
    return &conf;
}

bool xl_wants_sxp(void)
{
    return xl.xm || !strcmp(xl_conf()->output_format, "sxp");
}

void xl_default_nic(struct xn_nic *n)
{
    struct xn_domain_config c = { .nics = n, .nr_nics = 1 };

    xn_defaults_apply(xl_conf(), &c);
    free(c.blkdev_start);
}

/* CPU masks. */

static const char *own_mask(enum xn_type type)
{
    return type == XN_TYPE_PV ? xl_conf()->cpumask_pv : xl_conf()->cpumask_hvm;
}

bool xl_has_cpumask(enum xn_type type)
{
    return xl_conf()->cpumask || own_mask(type);
}

/* Keep in set what is also in text (NULL: all). */
static bool narrow(uint8_t *set, const char *text, const struct cpuset_host *host)
{
    uint8_t *other = xl_alloc(CPUSET_BYTES(host->nr_cpus));
    char why[200];
    size_t at;
    bool good = true;

    if ( text && cpuset_parse(text, host, other, &at, why, sizeof(why)) ) {
        xl_error("CPUs %s: %s", text, why);
        good = false;
    }
    for ( size_t i = 0; text && good && i < CPUSET_BYTES(host->nr_cpus); i++ )
        set[i] &= other[i];
    free(other);
    return good;
}

char *xl_masked_cpus(const char *set, enum xn_type type)
{
    struct cpuset_host host = { 0 };
    struct xn_cpu_topology *cpus;
    uint32_t *nodes;
    uint8_t *bits;
    char *text = NULL;
    size_t n;

    if ( xn_host_cpus(xl_ctx(), &cpus, &n) ) {
        xl_failed(NULL, "%s", xl.command->name);
        return NULL;
    }
    nodes = xl_alloc(n * sizeof(*nodes));
    for ( size_t i = 0; i < n; i++ )
        nodes[i] = cpus[i].node;
    free(cpus);
    host.nr_cpus = (unsigned int)n;
    host.node = nodes;
    bits = xl_alloc(CPUSET_BYTES(n));
    memset(bits, 0xff, CPUSET_BYTES(n));
    if ( narrow(bits, set, &host) && narrow(bits, xl_conf()->cpumask, &host) &&
        narrow(bits, own_mask(type), &host) ) {
        if ( cpuset_count(bits, host.nr_cpus) )
            text = cpuset_text(bits, host.nr_cpus);
        else
            xl_error("CPUs %s: none of them is in the mask that %s sets; "
                     "--ignore-global-affinity-masks leaves that out", set ? set : "all",
                     XL_CONF_PATH);
    }
    free(bits);
    free(nodes);
    return text;
}

/* Every vCPU's hard affinity within the mask for guests of this type. */
static int apply_cpumask(struct xn_domain_config *c)
{
    if ( !xl_has_cpumask(c->type) )
        return XL_OK;
    if ( !c->nr_affinity ) {
        c->affinity = xl_alloc(sizeof(*c->affinity));
        c->nr_affinity = 1;
        c->affinity_for_all = true;
    }
    for ( size_t i = 0; i < c->nr_affinity; i++ ) {
        char *both = xl_masked_cpus(c->affinity[i].hard, c->type);

        if ( !both )
            return XL_FAILED;
        free(c->affinity[i].hard);
        c->affinity[i].hard = both;
    }
    return XL_OK;
}

static void warn_unserved(void)
{
    const struct xn_defaults *d = xl_conf();

    if ( !strcmp(d->autoballoon, "on") )
        xl_warn("%s: autoballoon=\"on\": domain 0 is never made smaller for a guest; give it its "
                "share with dom0_mem= on the hypervisor's command line", XL_CONF_PATH);
    if ( strcmp(d->domid_policy, "xen") )
        xl_warn("%s: domid_policy=\"%s\" is not served; ids go up one by one", XL_CONF_PATH,
                d->domid_policy);
    if ( !d->run_hotplug_scripts )
        xl_warn("%s: run_hotplug_scripts=0 is not served; xl sets devices up itself",
                XL_CONF_PATH);
}

int xl_defaults(struct xn_domain_config *c, bool ignore_masks)
{
    xn_defaults_apply(xl_conf(), c);
    warn_unserved();
    return ignore_masks ? XL_OK : apply_cpumask(c);
}
