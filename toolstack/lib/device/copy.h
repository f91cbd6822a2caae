/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of device descriptions with everything they point to.
 */
#ifndef XENOLITH_COPY_H
#define XENOLITH_COPY_H

#include "xenolith/config.h"

/* 0, or -ENOMEM with nothing to free. */
int dev_copy_disk(struct xn_disk *to, const struct xn_disk *from);
int dev_copy_nic(struct xn_nic *to, const struct xn_nic *from);

#endif
