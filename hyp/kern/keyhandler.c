/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of debug keys; each layer registers what it can show. */
#include "kern/keyhandler.h"

#include "base/log.h"

static const struct debug_key no_keys[1];
static const struct debug_key *keys = no_keys;

void keyhandler_init(const struct debug_key *table) { keys = table; }

static void show_help(void)
{
    log_err("debug keys:\n");
    log_err(" key '*': all dumps\n");
    log_err(" key 'h': this list\n");
    for ( const struct debug_key *k = keys; k->fn; k++ )
        log_err(" key '%c': %s\n", k->key, k->help);
}

void keyhandler_run(char key)
{
    bool known = key == '*';

    if ( key == 'h' ) {
        show_help();
        return;
    }
    for ( const struct debug_key *k = keys; k->fn; k++ ) {
        if ( key == '*' ? k->in_all : k->key == key ) {
            known = true;
            k->fn();
        }
    }
    if ( !known )
        log_err("no debug key %#x: 'h' lists them\n", (uint8_t)key);
}
