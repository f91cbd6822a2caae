/* SPDX-License-Identifier: MIT */
/* The part of a program's life that has nothing to do with its kind of device. */
#include "dom0/process.h"
#include "dom0/broker.h"
#include "dom0/confine.h"
#include "xenbus/xenbus.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int process_die(const char *what, int error)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(error < 0 ? -error : error));
    return 1;
}

int process_begin(int argc, char **argv)
{
    sigset_t set;
    int fd;

    if ( argc == 2 && strcmp(argv[0], BROKER_NAME) == 0 )
        exit(broker_main(argv[1]));
    if ( argc != 2 || strlen(argv[1]) >= XENBUS_PATH_MAX )
    {
        fprintf(stderr, "usage: %s BACKEND-FOLDER\n", program_invocation_short_name);
        return -1;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC);
    if ( fd < 0 )
        process_die("signals", errno);
    return fd;
}

char *process_node(struct linux_host *h, const char *folder, const char *key)
{
    char path[XENBUS_PATH_MAX + 32], text[XENSTORE_PAYLOAD_MAX + 1];
    int rc;

    snprintf(path, sizeof(path), "%s/%s", folder, key);
    rc = linux_ops.store_read(h, 0, path, text, sizeof(text));
    errno = -rc;
    return rc < 0 ? NULL : strdup(text);
}

int process_say_id(struct linux_host *h, const char *folder)
{
    char online[XENBUS_PATH_MAX + 16], pid[XENBUS_PATH_MAX + 16], text[16];
    int rc;

    snprintf(online, sizeof(online), "%s/online", folder);
    snprintf(pid, sizeof(pid), "%s/pid", folder);
    do {
        uint32_t txn;

        rc = linux_ops.store_begin(h, &txn);
        if ( rc )
            return rc;
        rc = linux_ops.store_read(h, txn, online, text, sizeof(text));
        snprintf(text, sizeof(text), "%d", getpid());
        if ( rc >= 0 )
            rc = linux_ops.store_write(h, txn, pid, text);
        if ( linux_ops.store_end(h, txn, rc == 0) == -XEN_EAGAIN )
            rc = -XEN_EAGAIN;
    } while ( rc == -XEN_EAGAIN );
    return rc;
}

int process_confine(void)
{
    const int rc = confine_back_end();

    return rc ? process_die("confinement", rc) : 0;
}

bool process_watches(struct linux_host *h)
{
    const int rc = store_fired(&h->store);

    if ( rc < 0 )
        exit(process_die("the store's broker", EPIPE));
    return rc > 0;
}

bool process_is_over(struct linux_host *h, const char *folder, uint8_t state)
{
    char path[XENBUS_PATH_MAX + 16], text[16];
    int rc;

    snprintf(path, sizeof(path), "%s/online", folder);
    rc = linux_ops.store_read(h, 0, path, text, sizeof(text));
    return rc == -XEN_ENOENT || (rc >= 0 && text[0] == '0' && state == XenbusStateClosed);
}
