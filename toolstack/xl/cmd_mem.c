/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a running domain: its balloon's target, its limit.
 */
#include "xl.h"

static int change(int argc, char **argv, const char *what,
                  int (*set)(struct xn_ctx *ctx, uint32_t domid, uint64_t kib))
{
    const char *act = xl.command->name;
    uint32_t domid;
    uint64_t kib;

    xl_no_options(argc, argv);
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( !xl_size_kib(argv[optind + 1], &kib) || !kib )
        return xl_error("%s: %s: %s: not a size like 512 (MiB), 512m, 2g", argv[optind], act,
                        argv[optind + 1]);
    if ( xl.dry_run ) {
        printf("domain %u: %s would be %llu KiB\n", domid, what, (unsigned long long)kib);
        return XL_OK;
    }
    if ( set(xl_ctx(), domid, kib) )
        return xl_failed(argv[optind], "%s", act);
    return XL_OK;
}

int cmd_mem_set(int argc, char **argv)
{
    return change(argc, argv, "the memory it balloons to", xn_domain_set_target);
}

int cmd_mem_max(int argc, char **argv)
{
    return change(argc, argv, "the most memory it may have", xn_domain_set_maxmem);
}
