/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before a domain is made: complete its configuration and check everything that can be checked
 * without touching anything.  xl create -n ends after this.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/build.h"
#include "config/cpuset.h"
#include "device/dm.h"
#include "domain/dom.h"
#include "domain/machine.h"
#include "xenolith/host.h"

#define OVERHEAD_KIB        1536        /* the hypervisor's own for a small domain */
#define OVERHEAD_VCPU_KIB   64
#define GRANTS_A_FRAME      512
#define VBD_QUEUE_GRANTS    1072        /* 32 requests of 32 segments, their lists, the ring */
#define VIF_QUEUE_GRANTS    514         /* 256 each way and two rings */
#define DEFAULT_FRAMES      64          /* the hypervisor's own default */
#define SPARE_FRAMES        8           /* store, console, devices attached later */

static int complete_vcpus(struct xn_ctx *ctx, struct xn_domain_config *c)
{
    if ( c->vcpus == XN_UNSET )
        c->vcpus = c->maxvcpus != XN_UNSET ? c->maxvcpus : 1;
    if ( c->maxvcpus == XN_UNSET )
        c->maxvcpus = c->vcpus;
    if ( c->vcpus < 1 )
        return xn_fail(ctx, EINVAL, "vcpus=%ld: a domain needs one at least", c->vcpus);
    if ( c->vcpus > c->maxvcpus )
        return xn_fail(ctx, EINVAL, "vcpus=%ld is more than maxvcpus=%ld", c->vcpus,
                       c->maxvcpus);
    return 0;
}

static int complete_memory(struct xn_ctx *ctx, struct xn_domain_config *c)
{
    if ( !c->memory_kib )
        c->memory_kib = c->maxmem_kib;
    if ( !c->maxmem_kib )
        c->maxmem_kib = c->memory_kib;
    if ( !c->memory_kib ) {
        int rc = xn_fail(ctx, EINVAL, "the domain has no memory");

        xn_remedy(ctx, "give it some: memory=MEBIBYTES");
        return rc;
    }
    if ( c->memory_kib > c->maxmem_kib )
        return xn_fail(ctx, EINVAL, "memory=%llu is more than maxmem=%llu (MiB)",
                       (unsigned long long)c->memory_kib >> 10,
                       (unsigned long long)c->maxmem_kib >> 10);
    return 0;
}

static int check_served(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    int rc;

    if ( c->bootloader )
        return xn_fail(ctx, ENOTSUP, "bootloader=\"%s\" is not served yet: give kernel=",
                       c->bootloader);
    if ( c->nr_pcis )
        return xn_fail(ctx, ENOTSUP, "PCI devices (pci=) are not served yet");
    rc = xn_config_served(ctx, c);
    return rc ? rc : machine_check(ctx, c);
}

static int check_uuid(struct xn_ctx *ctx, struct xn_domain_config *c)
{
    struct xn_domain *list;
    size_t count;
    int rc;

    if ( !c->has_uuid ) {
        uuid_generate_random(c->uuid);
        c->has_uuid = true;
        return 0;
    }
    rc = xn_domain_list(ctx, &list, &count);
    for ( size_t i = 0; !rc && i < count; i++ )
        if ( !memcmp(list[i].uuid, c->uuid, 16) && !list[i].dying )
            rc = xn_fail(ctx, EEXIST, "its UUID (uuid=) is in use by domain %u", list[i].domid);
    if ( !rc || rc == -EEXIST )
        free(list);
    return rc;
}

static int check_one_set(struct xn_ctx *ctx, const char *text, const struct cpuset_host *host,
                         uint8_t *set)
{
    size_t offset;
    char why[160];

    if ( !text )
        return 0;
    if ( cpuset_parse(text, host, set, &offset, why, sizeof(why)) )
        return xn_fail(ctx, EINVAL, "cpus \"%s\": %s", text, why);
    for ( unsigned int i = 0; i < host->nr_cpus; i++ )
        if ( cpuset_has(set, i) )
            return 0;
    return xn_fail(ctx, EINVAL, "cpus \"%s\": no CPU of this host (0 to %u) is left", text,
                   host->nr_cpus - 1);
}

static int check_cpus(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    struct xn_cpu_topology *cpus;
    struct cpuset_host host = { 0 };
    uint32_t *nodes;
    uint8_t *set;
    size_t count;
    int rc;

    if ( !c->nr_affinity )
        return 0;
    rc = xn_host_cpus(ctx, &cpus, &count);
    if ( rc )
        return rc;
    nodes = calloc(count + 1, sizeof(*nodes));
    set = calloc(count / 8 + 1, 1);
    if ( !nodes || !set )
        rc = xn_fail(ctx, ENOMEM, "out of memory");
    for ( size_t i = 0; !rc && i < count; i++ )
        nodes[i] = cpus[i].node;
    host.nr_cpus = (unsigned int)count;
    host.node = nodes;
    for ( size_t i = 0; !rc && i < c->nr_affinity; i++ ) {
        rc = check_one_set(ctx, c->affinity[i].hard, &host, set);
        if ( !rc )
            rc = check_one_set(ctx, c->affinity[i].soft, &host, set);
    }
    free(set);
    free(nodes);
    free(cpus);
    return rc;
}

static int check_pool(struct xn_ctx *ctx, struct dom_plan *plan)
{
    struct xn_cpupool *pools;
    size_t count;
    int rc;

    plan->pool = 0;
    if ( !plan->c->pool )
        return 0;
    rc = xn_host_cpupools(ctx, &pools, &count);
    if ( rc )
        return rc;
    rc = -ENOENT;
    for ( size_t i = 0; i < count; i++ ) {
        if ( strcmp(pools[i].name, plan->c->pool) )
            continue;
        plan->pool = pools[i].id;
        rc = 0;
    }
    xn_host_cpupools_free(pools, count);
    return rc ? xn_fail(ctx, ENOENT, "there is no CPU pool %s (pool=)", plan->c->pool) : 0;
}

static int check_image(struct xn_ctx *ctx, struct dom_plan *plan)
{
    const struct xn_domain_config *c = plan->c;
    char args[MACHINE_ARGS];
    struct image *kernel;
    struct hw_build b;
    int rc;

    if ( c->type != XN_TYPE_HVM && !c->kernel ) {
        rc = xn_fail(ctx, EINVAL, "the domain has no kernel");
        xn_remedy(ctx, "name one: kernel=\"/path\"");
        return rc;
    }
    if ( c->ramdisk && access(c->ramdisk, R_OK) )
        return xn_fail(ctx, errno, "ramdisk %s: %s", c->ramdisk, strerror(errno));
    rc = machine_is_shim(c) ? image_open(ctx, c->kernel, USE_PV, &kernel) : 0;
    if ( !rc && machine_is_shim(c) )
        image_close(kernel);                        /* the shim unpacks it itself */
    if ( !rc )
        rc = image_open(ctx, machine_image(c), machine_use(c), &plan->image);
    if ( rc )
        return rc;                                  /* the reason begins with the file's name */
    if ( c->type != XN_TYPE_PV ) {
        machine_fill_build(c, plan->image, &b, args);
        return build_hw_check(ctx, &b);
    }
    return build_pv_check(ctx, plan->image, c->ramdisk, c->memory_kib);
}

static uint64_t memory_needed(const struct xn_domain_config *c)
{
    return (c->type == XN_TYPE_PV ? c->memory_kib : c->maxmem_kib) + machine_overhead_kib(c) +
           OVERHEAD_KIB + (uint64_t)c->maxvcpus * OVERHEAD_VCPU_KIB;
}

/* Enough grants for every queue of every device to be full at once. */
static int32_t count_grant_frames(struct xn_ctx *ctx, const struct xn_domain_config *c)
{
    uint64_t queues = (uint64_t)c->maxvcpus, grants, frames;
    struct xn_domain dom0;

    if ( c->max_grant_frames != XN_UNSET )
        return (int32_t)c->max_grant_frames;
    if ( !xn_domain_info(ctx, 0, &dom0) && dom0.online_vcpus < queues )
        queues = dom0.online_vcpus;
    grants = queues * (c->nr_disks * VBD_QUEUE_GRANTS + c->nr_nics * VIF_QUEUE_GRANTS);
    frames = SPARE_FRAMES + (grants + GRANTS_A_FRAME - 1) / GRANTS_A_FRAME;
    return frames > DEFAULT_FRAMES ? (int32_t)(frames < 4096 ? frames : 4096) : -1;
}

/* CD-ROM drives of HVM guests are the device model's alone: put them last.  Others: how many. */
static size_t disks_for_back_ends(struct xn_domain_config *c)
{
    size_t nr = 0;

    for ( size_t i = 0; i < c->nr_disks; i++ ) {
        const struct xn_disk d = c->disks[i];

        if ( c->type == XN_TYPE_HVM && d.cdrom )
            continue;
        memmove(&c->disks[nr + 1], &c->disks[nr], (i - nr) * sizeof(d));
        c->disks[nr++] = d;
    }
    return nr;
}

static int check_devices(struct xn_ctx *ctx, struct dom_plan *plan)
{
    struct xn_domain_config *c = plan->c;
    int rc = c->type == XN_TYPE_HVM ? dm_check(ctx, c) : 0;

    if ( !rc )
        rc = set_plan(ctx, &plan->devices, c->disks, disks_for_back_ends(c), c->nics,
                      c->nr_nics);
    if ( rc )
        return rc;

    plan->devices.channels = c->channels;
    plan->devices.nr_channels = c->nr_channels;
    for ( size_t i = 0; !rc && i < c->nr_channels; i++ )
        rc = channel_plan(ctx, &c->channels[i]);
    return rc;
}

static int check_all(struct xn_ctx *ctx, struct dom_plan *plan)
{
    struct xn_domain_config *c = plan->c;
    int rc = check_served(ctx, c);

    if ( !rc )
        rc = complete_vcpus(ctx, c);
    if ( !rc )
        rc = complete_memory(ctx, c);
    if ( !rc )
        rc = dom_check_name(ctx, c->name, NULL);
    if ( !rc )
        rc = check_uuid(ctx, c);
    if ( !rc )
        rc = check_pool(ctx, plan);
    if ( !rc )
        rc = check_cpus(ctx, c);
    if ( !rc )
        rc = build_check_memory(ctx, memory_needed(c));
    if ( !rc )
        rc = check_devices(ctx, plan);
    if ( !rc )
        rc = check_image(ctx, plan);
    return rc;
}

int dom_plan(struct xn_ctx *ctx, struct dom_plan *plan, struct xn_domain_config *c)
{
    int rc;

    memset(plan, 0, sizeof(*plan));
    plan->c = c;
    rc = check_all(ctx, plan);
    if ( rc )
        dom_plan_free(plan);
    else
        plan->grant_frames = count_grant_frames(ctx, c);
    return rc;
}

void dom_plan_free(struct dom_plan *plan)
{
    if ( plan->image )
        image_close(plan->image);
    plan->image = NULL;
    set_free(&plan->devices);
}

void dom_plan_describe(struct xn_ctx *ctx, const struct dom_plan *plan)
{
    const struct xn_domain_config *c = plan->c;
    char uuid[37];

    dom_uuid_text(c->uuid, uuid);
    xn_log(ctx, XN_INFO, "would create domain %s (%s)", c->name, uuid);
    xn_log(ctx, XN_INFO, "would give it %llu MiB (up to %llu MiB), %ld vCPU%s of %ld",
           (unsigned long long)c->memory_kib >> 10, (unsigned long long)c->maxmem_kib >> 10,
           c->vcpus, c->vcpus == 1 ? "" : "s", c->maxvcpus);
    for ( size_t i = 0; i < c->nr_affinity; i++ )
        if ( c->affinity[i].hard )
            xn_log(ctx, XN_INFO, "would run %s%.0zu on CPUs %s",
                   c->affinity_for_all ? "all its vCPUs" : "vCPU ", c->affinity_for_all ? 0 : i,
                   c->affinity[i].hard);
    if ( c->kernel )
        xn_log(ctx, XN_INFO, "would boot %s%s%s with \"%s\"", c->kernel,
               c->ramdisk ? " and ramdisk " : "", c->ramdisk ? c->ramdisk : "",
               c->cmdline ? c->cmdline : "");
    else
        xn_log(ctx, XN_INFO, "would start it with firmware %s", machine_module(c));
    if ( machine_is_shim(c) )
        xn_log(ctx, XN_INFO, "would run it as PV guest in %s", machine_image(c));
    if ( plan->grant_frames >= 0 )
        xn_log(ctx, XN_INFO, "would allow it %d frames of grants", plan->grant_frames);
    set_describe(ctx, &plan->devices);
}
