/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that a guest gets, by its type: what is asked of the hypervisor for it, and of the
 * builder.
 */
#ifndef XENOLITH_MACHINE_H
#define XENOLITH_MACHINE_H

#include <xenabi/domctl.h>

#include "build/build.h"
#include "xenolith/config.h"

#define MACHINE_BOOT "/usr/lib/xen-4.17/boot/"        /* Xen's own guest-side programs */
#define MACHINE_HVMLOADER MACHINE_BOOT "hvmloader"
#define MACHINE_ARGS 2048

/* A key's number or truth; otherwise, where it is not given. */
long machine_number(const struct xn_domain_config *c, const char *key, long otherwise);
/* A key's text, or NULL. */
const char *machine_text(const struct xn_domain_config *c, const char *key);

/* What no guest of this type can have here, or not on this host: -ENOTSUP names it. */
int machine_check(struct xn_ctx *ctx, const struct xn_domain_config *c);

/* Of an HVM guest's memory, its screen's. */
uint64_t machine_video_kib(const struct xn_domain_config *c);
/* What it has as RAM at its start: a hardware guest gets all that it may have, and gives back. */
uint64_t machine_ram_kib(const struct xn_domain_config *c);
/* What the hypervisor and the device model need besides. */
uint64_t machine_overhead_kib(const struct xn_domain_config *c);
/* Above what it may have, for pages that are not its RAM. */
uint64_t machine_slack_kib(const struct xn_domain_config *c);

/* A PV kernel in a PVH guest, run by the shim. */
bool machine_is_shim(const struct xn_domain_config *c);
/* The image to open, how it is used, and the firmware or ramdisk that comes with it. */
enum desc_use machine_use(const struct xn_domain_config *c);
const char *machine_image(const struct xn_domain_config *c);
const char *machine_module(const struct xn_domain_config *c);
/* HVM: "seabios" or "ovmf". */
const char *machine_bios(const struct xn_domain_config *c);

/* createdomain's flags. */
void machine_fill_create(const struct xn_domain_config *c, struct xen_domctl_createdomain *d);
/* After createdomain and max_vcpus, before the building: parameters, CPUID. */
int machine_configure(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c);
int cpuid_apply(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c);  /* cpuid.c */
/* All but domid, ports and nodes.  args: room for a command line, as long as b is used. */
void machine_fill_build(const struct xn_domain_config *c, struct image *image,
                        struct hw_build *b, char args[MACHINE_ARGS]);

#endif
