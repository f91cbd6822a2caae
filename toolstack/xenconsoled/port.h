/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon needs of the machine: event channels, guests' pages, the list of domains,
 * the hypervisor's log, the store.  port_xen.c is the real one; the tests link another.
 *
 * The store's functions are called by the watcher thread alone, the others by the main one.
 */
#ifndef XENCONSOLED_PORT_H
#define XENCONSOLED_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenabi/io/console.h>

/* 0, or -errno after a message that says what is missing. */
int port_open(void);

/* Event channels.  A port that port_pending gave stays masked until port_unmask. */
int port_event_fd(void);
int port_bind(uint32_t domid, uint32_t remote);     /* local port or -errno */
int port_bind_hv_log(void);                         /* ... of VIRQ_CON_RING */
void port_unbind(int port);
int port_pending(void);                             /* port, or -EAGAIN */
void port_notify(int port);
void port_unmask(int port);

/*
 * Map a console page: by its grant, else (primary only) by the frame that the store names.
 * *how is for port_unmap.  NULL: errno says why.
 */
struct xencons_interface *port_map(uint32_t domid, bool primary, uint64_t ring_ref, int *how);
void port_unmap(struct xencons_interface *ring, int how);

/* The hypervisor's log from *index on, which is moved; bytes or -errno. */
int port_hv_log(char *buf, size_t size, uint32_t *index);

/* The store. */
struct port_domain {
    uint32_t domid;
    bool dying;
    uint8_t handle[16];
};

struct port_store;
struct port_store *port_store_open(void);           /* NULL: not there (now) */
void port_store_close(struct port_store *s);
int port_store_fd(struct port_store *s);
/* Every domain but dom0, malloc'd; the count or -errno. */
int port_store_domains(struct port_store *s, struct port_domain **list);
/* malloc'd text; NULL with errno ENOENT, or another if the store does not answer. */
char *port_store_read(struct port_store *s, const char *path);
/* malloc'd names in one block; NULL: as above. */
char **port_store_list(struct port_store *s, const char *path, unsigned int *count);
bool port_store_write(struct port_store *s, const char *path, const char *value);
bool port_store_watch(struct port_store *s, const char *path, const char *token);
void port_store_unwatch(struct port_store *s, const char *path, const char *token);
/* The next event's path, malloc'd; NULL with errno EAGAIN if there is none. */
char *port_store_event(struct port_store *s);

#endif
