/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of device descriptions.
 */
#include <errno.h>
#include <string.h>

#include "device/copy.h"

/* Replace the borrowed string at *s by one of our own; *failed is sticky. */
static void own(char **s, bool *failed)
{
    if ( !*s )
        return;
    *s = strdup(*s);
    *failed |= !*s;
}

int dev_copy_disk(struct xn_disk *to, const struct xn_disk *from)
{
    bool failed = false;

    *to = *from;
    own(&to->target, &failed);
    own(&to->vdev, &failed);
    own(&to->backend_domain, &failed);
    own(&to->script, &failed);
    own(&to->colo, &failed);
    if ( failed )
        xn_disk_free(to);
    return failed ? -ENOMEM : 0;
}

int dev_copy_nic(struct xn_nic *to, const struct xn_nic *from)
{
    bool failed = false;

    *to = *from;
    own(&to->bridge, &failed);
    own(&to->gateway, &failed);
    own(&to->ip, &failed);
    own(&to->script, &failed);
    own(&to->ifname, &failed);
    own(&to->model, &failed);
    own(&to->backend_domain, &failed);
    own(&to->type, &failed);
    own(&to->vlan, &failed);
    if ( failed )
        xn_nic_free(to);
    return failed ? -ENOMEM : 0;
}
