/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of debug keys; each layer registers what it can show. */
#include "kern/keyhandler.h"

#include "base/assert.h"
#include "base/log.h"

static struct {
    void      (*fn)(void);
    const char *help;
    bool        in_all;
} keys[128];

void keyhandler_register(char key, void (*fn)(void), const char *help, bool in_all)
{
    const uint8_t i = key;

    CHECK(i < ARRAY_SIZE(keys) && !keys[i].fn);
    keys[i].fn = fn;
    keys[i].help = help;
    keys[i].in_all = in_all;
}

static void show_help(void)
{
    log_err("debug keys:\n");
    log_err(" key '*': all dumps\n");
    log_err(" key 'h': this list\n");
    for ( size_t i = 0; i < ARRAY_SIZE(keys); i++ ) {
        if ( keys[i].fn )
            log_err(" key '%c': %s\n", (char)i, keys[i].help);
    }
}

void keyhandler_run(char key)
{
    const uint8_t k = key;

    if ( key == 'h' ) {
        show_help();
        return;
    }
    if ( key == '*' ) {
        for ( size_t i = 0; i < ARRAY_SIZE(keys); i++ ) {
            if ( keys[i].fn && keys[i].in_all )
                keys[i].fn();
        }
        return;
    }
    if ( k >= ARRAY_SIZE(keys) || !keys[k].fn ) {
        log_err("no debug key %#x: 'h' lists them\n", k);
        return;
    }
    keys[k].fn();
}
