/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start-up's own interfaces. */
#pragma once

#include "base/types.h"

struct boot_info;

/* From head.S, on CPU 0's stack: @magic and @info_addr as the loader left them. */
void noreturn boot_main(uint32_t magic, uint64_t info_addr);

/* Build the control domain from the modules and let it run; panics, saying why, if that cannot be. */
void dom0_start(const struct boot_info *info);
