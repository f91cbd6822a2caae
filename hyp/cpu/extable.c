/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Look-up of fault fix-ups: a score of entries, so a plain walk. */
#include "cpu/extable.h"

struct extable_entry { uint64_t fault, fixup; };
extern const struct extable_entry extable_start[], extable_end[];

uint64_t extable_search(uint64_t rip)
{
    for ( const struct extable_entry *e = extable_start; e < extable_end; e++ )
        if ( e->fault == rip )
            return e->fixup;
    return 0;
}
