/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbol look-up for backtraces: a linear walk over names, because nobody is in a hurry there. */
#include "kern/symbols.h"

extern char _start[];
extern const uint32_t symbols_count;
extern const uint32_t symbols_offsets[];
extern const char symbols_names[];

static bool is_code(uint64_t addr)
{
    return (addr >= (uintptr_t)_stext && addr < (uintptr_t)_etext) ||
           (addr >= (uintptr_t)_sinit && addr < (uintptr_t)_einittext);
}

const char *symbol_lookup(uint64_t addr, uint64_t *offset)
{
    const uint64_t rel = addr - (uintptr_t)_start;
    const char *name = symbols_names, *found = NULL;

    if ( !is_code(addr) )
        return NULL;
    for ( uint32_t i = 0; i < symbols_count && symbols_offsets[i] <= rel; i++ ) {
        found = name;
        *offset = rel - symbols_offsets[i];
        while ( *name++ )
            ;
    }
    return found;
}
