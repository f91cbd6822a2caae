/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for code addresses, from the table that gen-symbols.sh builds at link time. */
#pragma once

#include "base/types.h"

extern char _stext[], _etext[], _sinit[], _einittext[];

/* The function that @addr lies in and the offset into it; NULL if it is not code of ours. */
const char *symbol_lookup(uint64_t addr, uint64_t *offset);
