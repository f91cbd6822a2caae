/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small objects of the hypervisor's own.  Sizes above half a page are whole pages. */
#pragma once

#include "base/types.h"

/* Zeroed, 16-byte aligned; NULL if memory is short.  Any context but the heap's. */
void *slab_alloc(size_t size);
void slab_free(void *p);        /* NULL is allowed */

#define slab_new(type)              ((type *)slab_alloc(sizeof(type)))
#define slab_new_array(type, nr)    ((type *)slab_alloc(sizeof(type) * (nr)))
