/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake hypervisor, kernel and builder: what device/ and domain/ call of ctx/, host/ and
 * build/, and of the kernel.  Any call can be told to fail (fake_host.fail).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "build/build.h"
#include "ctx/hvm.h"
#include "ctx/domctl.h"
#include "ctx/sysctl.h"
#include "ctx/guest.h"
#include "ctx/memory.h"
#include "device/link.h"
#include "device/loop.h"
#include "domain/dom.h"
#include "fake.h"
#include "xenolith/host.h"

#define MAX_DOMAINS 64

struct fake_host fake_host;

static struct fake_domain {
    bool used, paused, shutdown;
    unsigned int reason;
    uint32_t id, max_vcpus;
    uint8_t uuid[16];
    uint64_t pages;
} table[MAX_DOMAINS];
static uint32_t next_id;
static char root[200];

static bool fails(struct xn_ctx *ctx, const char *call, int *rc)
{
    if ( !fake_host.fail || strcmp(fake_host.fail, call) || fake_host.fail_skip-- > 0 )
        return false;
    fake_host.fail = NULL;
    *rc = xn_fail(ctx, fake_host.fail_with, "%s fails", call);
    return true;
}

static struct fake_domain *by_id(uint32_t id)
{
    for ( int i = 0; i < MAX_DOMAINS; i++ )
        if ( table[i].used && table[i].id == id )
            return &table[i];
    return NULL;
}

static int missing(struct xn_ctx *ctx, uint32_t domid)
{
    return xn_fail(ctx, ESRCH, "there is no domain %u", domid);
}

/* Hypervisor. */

int hc_createdomain(struct xn_ctx *ctx, uint32_t *domid, const struct xen_domctl_createdomain *c)
{
    int rc, i = 0;

    if ( fails(ctx, "createdomain", &rc) )
        return rc;
    while ( table[i].used )
        i++;
    table[i] = (struct fake_domain){ .used = true, .paused = true, .id = next_id++,
                                     .max_vcpus = c->max_vcpus };
    memcpy(table[i].uuid, c->handle, 16);
    *domid = table[i].id;
    fake_host.domains++;
    return 0;
}

int hc_destroydomain(struct xn_ctx *ctx, uint32_t domid)
{
    struct fake_domain *d = by_id(domid);

    if ( !d )
        return missing(ctx, domid);
    fake_host.free_kib += d->pages * 4;
    d->used = false;
    fake_host.domains--;
    return 0;
}

int hc_pausedomain(struct xn_ctx *ctx, uint32_t domid)
{
    return by_id(domid) ? 0 : missing(ctx, domid);
}

#define SIMPLE(name, call, ...) \
    int name(struct xn_ctx *ctx, uint32_t domid, ##__VA_ARGS__) \
    { \
        int rc; \
        if ( fails(ctx, call, &rc) ) \
            return rc; \
        return by_id(domid) ? 0 : missing(ctx, domid); \
    }

SIMPLE(hc_max_vcpus, "max_vcpus", uint32_t max)
SIMPLE(hc_max_mem, "max_mem", uint64_t kib)
SIMPLE(hc_claim_pages, "claim_pages", uint64_t pages)
SIMPLE(hc_settscinfo, "settscinfo", const struct xen_domctl_tsc_info *info)
SIMPLE(hc_settimeoffset, "settimeoffset", int64_t seconds)
SIMPLE(xn_domain_pin, "pin", int vcpu, const char *hard, const char *soft)
SIMPLE(xn_domain_set_sched, "sched", const struct xn_timing *t)
SIMPLE(xn_domain_dump_core, "dump_core", const char *path)

int hc_setdomainhandle(struct xn_ctx *ctx, uint32_t domid, const uint8_t uuid[16])
{
    memcpy(by_id(domid)->uuid, uuid, 16);
    return 0;
}

int hc_evtchn_alloc_unbound(struct xn_ctx *ctx, uint32_t domid, uint32_t remote, uint32_t *port)
{
    int rc;

    if ( fails(ctx, "alloc_unbound", &rc) )
        return rc;
    *port = (uint32_t)++fake_host.ports;
    return 0;
}

int xn_domain_unpause(struct xn_ctx *ctx, uint32_t domid)
{
    struct fake_domain *d = by_id(domid);
    int rc;

    if ( fails(ctx, "unpause", &rc) )
        return rc;
    d->paused = false;
    if ( fake_host.end_after_builds >= fake_host.builds )
        fake_shutdown(domid, fake_host.end_reason);
    return 0;
}

static void fill(struct xn_domain *to, const struct fake_domain *d)
{
    memset(to, 0, sizeof(*to));
    to->domid = d->id;
    memcpy(to->uuid, d->uuid, 16);
    to->paused = d->paused;
    to->shutdown = d->shutdown;
    to->shutdown_reason = d->reason;
    to->pages = d->pages;
    to->max_pages = d->pages;
    to->online_vcpus = 1;
    to->max_vcpu_id = d->max_vcpus ? d->max_vcpus - 1 : 0;
}

int xn_domain_list(struct xn_ctx *ctx, struct xn_domain **list, size_t *count)
{
    *list = calloc(MAX_DOMAINS, sizeof(**list));
    *count = 0;
    for ( int i = 0; i < MAX_DOMAINS; i++ )
        if ( table[i].used )
            fill(&(*list)[(*count)++], &table[i]);
    return 0;
}

int xn_domain_info(struct xn_ctx *ctx, uint32_t domid, struct xn_domain *d)
{
    const struct fake_domain *f = by_id(domid);

    if ( !f )
        return missing(ctx, domid);
    fill(d, f);
    return 0;
}

int xn_host_info(struct xn_ctx *ctx, struct xn_host *host)
{
    memset(host, 0, sizeof(*host));
    host->free_pages = fake_host.free_kib / 4;
    host->nr_cpus = 4;
    host->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap;
    return 0;
}

int hc_physinfo(struct xn_ctx *ctx, struct xen_sysctl_physinfo *info)
{
    memset(info, 0, sizeof(*info));
    info->free_pages = fake_host.free_kib / 4;
    return 0;
}

int xn_host_cpus(struct xn_ctx *ctx, struct xn_cpu_topology **cpus, size_t *count)
{
    *cpus = calloc(4, sizeof(**cpus));
    *count = 4;
    return 0;
}

int xn_host_cpupools(struct xn_ctx *ctx, struct xn_cpupool **pools, size_t *count)
{
    *pools = calloc(1, sizeof(**pools));
    strcpy((*pools)->name, "Pool-0");
    *count = 1;
    return 0;
}

void xn_host_cpupools_free(struct xn_cpupool *pools, size_t count)
{
    free(pools);
}

/* Builder. */

struct image {
    int unused;
};

int image_open(struct xn_ctx *ctx, const char *path, enum desc_use use, struct image **image)
{
    int rc;

    if ( fails(ctx, "image", &rc) )
        return rc;
    *image = calloc(1, sizeof(**image));
    return 0;
}

void image_close(struct image *image)
{
    free(image);
}

int build_pv_check(struct xn_ctx *ctx, const struct image *image, const char *ramdisk_path,
                   uint64_t memory_kib)
{
    return 0;
}

int build_pv(struct xn_ctx *ctx, struct pv_build *b)
{
    struct fake_domain *d = by_id(b->domid);
    int rc;

    if ( fails(ctx, "build_pv", &rc) )
        return rc;
    d->pages = b->memory_kib / 4;
    fake_host.free_kib -= b->memory_kib;
    b->store_mfn = 0x1000;
    b->console_mfn = 0x1001;
    fake_host.builds++;
    return 0;
}

int build_hw_check(struct xn_ctx *ctx, const struct hw_build *b)
{
    return 0;
}

uint64_t build_hw_paging_kib(uint64_t memory_kib, uint32_t nr_vcpus)
{
    return 1024;
}

int build_hw(struct xn_ctx *ctx, struct hw_build *b)
{
    struct pv_build same = { .domid = b->domid, .memory_kib = b->memory_kib };
    int rc = build_pv(ctx, &same);

    b->store_gfn = same.store_mfn;
    b->console_gfn = same.console_mfn;
    return rc;
}

int hc_remote_shutdown(struct xn_ctx *ctx, uint32_t domid, uint32_t reason)
{
    return 0;
}

int hc_set_hvm_param(struct xn_ctx *ctx, uint32_t domid, uint32_t index, uint64_t value)
{
    int rc;

    return fails(ctx, "hvm_param", &rc) ? rc : 0;
}

/*
 * One policy for all domains: leaf 0, the features of leaf 1, and of 7; the host has all bits.  Of
 * leaf 1's ECX a guest never gets bit 31, and it always has bit 30.
 */
struct xen_cpuid_leaf fake_policy[FAKE_LEAVES];
static const uint32_t fake_leaves[FAKE_LEAVES][2] = {
    { 0, XEN_CPUID_NO_SUBLEAF }, { 1, XEN_CPUID_NO_SUBLEAF }, { 7, 0 }
};

static int all_bits(struct xen_cpuid_leaf *leaves, uint32_t *nr_leaves, uint32_t *nr_msrs, uint32_t bits)
{
    for ( int i = 0; i < FAKE_LEAVES; i++ )
        leaves[i] = (struct xen_cpuid_leaf){ fake_leaves[i][0], fake_leaves[i][1], bits, bits, bits, bits };
    *nr_leaves = FAKE_LEAVES;
    *nr_msrs = 0;
    return 0;
}

int hc_host_cpu_policy(struct xn_ctx *ctx, struct xen_cpuid_leaf *leaves, uint32_t *nr_leaves,
                       struct xen_msr_entry *msrs, uint32_t *nr_msrs)
{
    return all_bits(leaves, nr_leaves, nr_msrs, ~0U);
}

int hc_get_cpu_policy(struct xn_ctx *ctx, uint32_t domid, struct xen_cpuid_leaf *leaves,
                      uint32_t *nr_leaves, struct xen_msr_entry *msrs, uint32_t *nr_msrs)
{
    if ( fake_policy[1].leaf != 1 )
        all_bits(fake_policy, nr_leaves, nr_msrs, 0xffff0000);
    memcpy(leaves, fake_policy, sizeof(fake_policy));
    *nr_leaves = FAKE_LEAVES;
    *nr_msrs = 0;
    return 0;
}

int hc_set_cpu_policy(struct xn_ctx *ctx, uint32_t domid, const struct xen_cpuid_leaf *leaves,
                      uint32_t nr_leaves, const struct xen_msr_entry *msrs, uint32_t nr_msrs)
{
    int rc;

    if ( fails(ctx, "set_cpu_policy", &rc) )
        return rc;
    for ( uint32_t i = 0; i < nr_leaves; i++ )
        for ( int k = 0; k < FAKE_LEAVES; k++ )
            if ( leaves[i].leaf == fake_policy[k].leaf && leaves[i].subleaf == fake_policy[k].subleaf )
                fake_policy[k] = leaves[i];
    fake_policy[1].c = (fake_policy[1].c & ~(1U << 31)) | 1U << 30;
    return 0;
}

/* Kernel: loop devices and interfaces. */

int loop_attach(struct xn_ctx *ctx, const char *file, bool readonly, bool direct,
                struct loop *loop)
{
    int rc;

    if ( fails(ctx, "loop", &rc) )
        return rc;
    loop->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    loop->rdev = makedev(7, 3);
    strcpy(loop->path, "/dev/loop3");
    fake_host.loops++;
    return 0;
}

void loop_release(struct loop *loop)
{
    if ( loop->fd < 0 )
        return;
    close(loop->fd);
    loop->fd = -1;
    fake_host.loops--;
}

void loop_detach(const char *device, const char *file)
{
}

bool link_name_good(const char *name)
{
    return !strchr(name, '/');
}

static void dir_of(char *path, const char *type, unsigned int domid, unsigned int devid)
{
    snprintf(path, 300, "%s/bus/xen-backend/devices/%s-%u-%u", root, type, domid, devid);
}

bool link_exists(const char *name)
{
    unsigned int domid, devid;
    char path[300];

    if ( sscanf(name, "vif%u.%u", &domid, &devid) != 2 )
        return false;
    dir_of(path, "vif", domid, devid);
    return !access(path, F_OK);
}

void link_remove(struct xn_ctx *ctx, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/bus/xen-backend/devices/vif-%s", root, name + 3);
    *strrchr(path, '.') = '-';
    rmdir(path);
}

int link_check_bridge(struct xn_ctx *ctx, const char *bridge)
{
    return strcmp(bridge, "xenbr0") ? xn_fail(ctx, ENODEV, "there is no bridge %s", bridge) : 0;
}

unsigned int link_mtu(const char *name)
{
    return 1500;
}

int link_set_up(struct xn_ctx *ctx, const char *name, const char *new_name, const char *bridge,
                unsigned int mtu)
{
    int rc;

    return fails(ctx, "link", &rc) ? rc : 0;
}

/* A back end that is a process leaves its id in a file; it is told to end by a signal here. */
static void end_process(void)
{
    char file[300];
    int pid = 0;

    snprintf(file, sizeof(file), "%s/pid", root);
    for ( int i = 0; i < 500 && pid <= 0; i++ ) {
        FILE *f = fopen(file, "r");

        usleep(10000);
        if ( f && fscanf(f, "%d", &pid) != 1 )
            pid = 0;
        if ( f )
            fclose(f);
    }
    if ( pid > 0 )
        kill(pid, SIGKILL);
    unlink(file);
}

/* Back ends: one node of the store at a time. */
static void back_end(const char *path, const char *value)
{
    unsigned int domid, devid;
    char type[16], dir[300], file[320];
    int n = 0;

    if ( sscanf(path, "/local/domain/0/backend/%15[a-z]/%u/%u/state%n", type, &domid, &devid,
                &n) != 3 || !n || path[n] || !strcmp(type, "console") )
        return;
    dir_of(dir, strcmp(type, "xenvif") ? type : "vif", domid, devid);
    if ( !strcmp(value, "1") && !fake_host.back_ends_dead ) {
        mkdir(dir, 0755);
        snprintf(file, sizeof(file), "%s/physical_device", dir);
        close(open(file, O_WRONLY | O_CREAT, 0644));
        fake_set(fake_host.back_ends_refuse ? "6" : "2", "%s", path);
    } else if ( !strcmp(value, "5") && !strcmp(fake_get("/local/domain/0/backend/%s/%u/%u/online",
                                                       type, domid, devid), "0") ) {
        if ( !strncmp(type, "xen", 3) && !fake_host.back_ends_dead )
            end_process();
        snprintf(file, sizeof(file), "%s/physical_device", dir);
        unlink(file);
        rmdir(dir);
        fake_set("6", "%s", path);
    }
}

void fake_kernel(void)
{
    fake_each(back_end);
}

/* For tests. */

void fake_shutdown(uint32_t domid, unsigned int reason)
{
    by_id(domid)->shutdown = true;
    by_id(domid)->reason = reason;
}

bool fake_is_running(uint32_t domid)
{
    return by_id(domid) && !by_id(domid)->paused;
}

void fake_add_domain(uint32_t domid, uint64_t kib)
{
    int i = 0;

    while ( table[i].used )
        i++;
    table[i] = (struct fake_domain){ .used = true, .id = domid, .pages = kib / 4,
                                     .max_vcpus = 1 };
    fake_host.domains++;
}

void fake_next_domid(uint32_t domid)
{
    next_id = domid;
}

void fake_host_reset(const char *directory)
{
    memset(&fake_host, 0, sizeof(fake_host));
    memset(table, 0, sizeof(table));
    memset(fake_policy, 0, sizeof(fake_policy));
    snprintf(root, sizeof(root), "%s", directory);
    fake_host.free_kib = 1u << 20;
    next_id = 1;
    fake_add_domain(0, 512 << 10);
}
