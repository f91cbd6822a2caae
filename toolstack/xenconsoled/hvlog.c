/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor raises VIRQ_CON_RING when its log ring has new text.  The next piece is
 * read when the last one is on disk; until then it waits in the hypervisor's ring.
 */
#include "hvlog.h"

#include <stdio.h>
#include <string.h>

#include "history.h"
#include "logwriter.h"
#include "port.h"
#include "settings.h"
#include "util.h"

static struct logwriter *log;
static int port = -1;
static bool masked;                 /* an event is to be unmasked once all is read */
static uint32_t position;

static void copy_new(void)
{
    char buf[LOGWRITER_BYTES];
    int n;

    if ( !logwriter_idle(log) )
        return;
    n = port_hv_log(buf, sizeof(buf), &position);
    if ( n > 0 ) {
        logwriter_write(log, buf, (size_t)n);
    } else if ( masked ) {
        masked = false;
        port_unmask(port);
    }
}

static void done(void *owner, size_t written, uint64_t file_size)
{
    copy_new();
}

int hvlog_start(void)
{
    char path[384];

    snprintf(path, sizeof(path), "%s/hypervisor.log", settings.log_dir);
    log = logwriter_open(path, settings.stamp_hv, LOG_SIZE_UNKNOWN, done, NULL);
    if ( !log )
        return 0;
    port = port_bind_hv_log();
    if ( port < 0 )
        say(LOG_WARNING, "no event for the hypervisor's log (%s): only what is there now",
            strerror(-port));
    logwriter_write(log, "", 0);
    return 0;
}

bool hvlog_event(int event)
{
    if ( event != port || !log )
        return false;
    masked = true;
    copy_new();
    return true;
}

void hvlog_reopen(void)
{
    if ( log )
        logwriter_reopen(log);
}
