/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor raises VIRQ_CON_RING when its log ring has new text.
 */
#include "hvlog.h"

#include <stdio.h>
#include <string.h>

#include "logfile.h"
#include "port.h"
#include "settings.h"
#include "util.h"

#define BATCH       2048
#define BATCHES     32              /* of one event; the ring may be refilled meanwhile */

static struct logfile file = { .fd = -1 };
static int port = -1;
static uint32_t position;

static void copy_new(void)
{
    char buf[BATCH];

    for ( int i = 0; i < BATCHES; i++ ) {
        const int n = port_hv_log(buf, sizeof(buf), &position);

        if ( n <= 0 || !logfile_write(&file, buf, (size_t)n) )
            return;
    }
}

int hvlog_start(void)
{
    char path[sizeof(file.path)];

    snprintf(path, sizeof(path), "%s/hypervisor.log", settings.log_dir);
    if ( logfile_open(&file, path, settings.stamp_hv) )
        return 0;                   /* told; consoles are worth more than this log */
    port = port_bind_hv_log();
    if ( port < 0 )
        say(LOG_WARNING, "no event for the hypervisor's log (%s): only what is there now",
            strerror(-port));
    copy_new();
    return 0;
}

bool hvlog_event(int event)
{
    if ( event != port )
        return false;
    copy_new();
    port_unmask(port);
    return true;
}

void hvlog_reopen(void)
{
    if ( file.fd >= 0 )
        logfile_reopen(&file);
}
