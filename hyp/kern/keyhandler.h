/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: one character asks for one dump; from the serial line or `xl debug-keys`. */
#pragma once

#include "base/types.h"

struct debug_key {
    char key;
    void (*fn)(void);           /* runs with no lock held */
    const char *help;
    bool in_all;                /* key * runs it too */
};

/* The table, by key; it ends with a row of zeros.  Boot only. */
void keyhandler_init(const struct debug_key *table);
void keyhandler_run(char key);      /* an unknown key says how to get help */
