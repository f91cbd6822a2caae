/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CD-ROM drives and screens of HVM guests.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl.h"

static int change(const char *name, const char *vdev, const char *path)
{
    uint32_t domid;

    if ( xl_find(name, &domid) )
        return XL_FAILED;
    if ( xl.dry_run ) {
        printf("domain %u would get %s into drive %s\n", domid, path ? path : "nothing", vdev);
        return XL_OK;
    }
    return xn_disk_change(xl_ctx(), domid, vdev, path) ?
           xl_failed(name, "%s", xl.command->name) : XL_OK;
}

int cmd_cd_insert(int argc, char **argv)
{
    const char *path;

    xl_no_options(argc, argv);
    path = argv[optind + 2];
    if ( !strncmp(path, "phy:", 4) || !strncmp(path, "raw:", 4) )
        path += 4;
    else if ( !strncmp(path, "file:", 5) )
        path += 5;
    return change(argv[optind], argv[optind + 1], path);
}

int cmd_cd_eject(int argc, char **argv)
{
    xl_no_options(argc, argv);
    return change(argv[optind], argv[optind + 1], NULL);
}

/* A viewer if there is one; else how to connect. */
int cmd_vncviewer(int argc, char **argv)
{
    char *host, target[96];
    uint64_t port;
    uint32_t domid;

    while ( xl_getopt(argc, argv) != -1 )
        ;
    if ( xl_find(argv[optind], &domid) )
        return XL_FAILED;
    if ( xn_domain_screen(xl_ctx(), domid, &host, &port) )
        return xl_failed(argv[optind], "vncviewer");
    snprintf(target, sizeof(target), "%.64s::%u", host, (unsigned int)port);
    free(host);
    if ( getenv("DISPLAY") )
        execlp("vncviewer", "vncviewer", target, NULL);
    printf("%s: its screen is at %s (VNC); for example: vncviewer %s\n", argv[optind], target,
           target);
    return XL_OK;
}
