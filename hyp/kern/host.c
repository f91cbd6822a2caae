/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage for what boot/ leaves behind: see the header. */
#include "kern/host.h"

struct host_info host ro_after_init;
