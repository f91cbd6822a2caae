/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of virtual disks back into names (the other way: xn_vdev_number of config/).
 */
#ifndef XENOLITH_VDEV_H
#define XENOLITH_VDEV_H

#include <stddef.h>
#include <stdint.h>

/* The canonical name of a number: "xvda", "xvdb2", "sda", "hdc"; the number itself if it has
 * none. */
void vdev_name(uint32_t number, char *name, size_t size);

#endif
