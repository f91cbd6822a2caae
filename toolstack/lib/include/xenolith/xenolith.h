/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenolith: everything that a dom0 program needs to build, list, change and end domains.
 * Programs include this one header and link libxenolith.
 */
#ifndef XENOLITH_H
#define XENOLITH_H

#include "config.h"
#include "ctx.h"
#include "device.h"
#include "domain.h"
#include "host.h"

#endif
