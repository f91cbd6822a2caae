/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In and out of the hypervisor: what boot/ and plat/smp.c need of it. */
#pragma once

#include "base/compiler.h"

/* Leave the hypervisor on this CPU: whatever there is to do, then the current vCPU, or idle. */
void noreturn exit_to_guest(void);
/* The same, once, at the end of start-up: boot/'s pages become free memory first. */
void noreturn exit_discarding_boot(void);
