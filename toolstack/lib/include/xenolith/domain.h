/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains that exist: looking them up, what they are doing, and their life from creation to
 * the last page returned.
 */
#ifndef XENOLITH_DOMAIN_H
#define XENOLITH_DOMAIN_H

#include <sys/types.h>

#include "config.h"
#include "ctx.h"

/* XEN_DOMINF_* of getdomaininfo, unpacked. */
struct xn_domain {
    uint32_t domid;
    uint8_t uuid[16];
    bool running, blocked, paused, shutdown, dying, hvm;
    unsigned int shutdown_reason;       /* SHUTDOWN_*; only if shutdown */
    uint64_t pages, max_pages, outstanding_pages, shared_pages, paged_pages;
    uint64_t cpu_time_ns;
    uint32_t online_vcpus, max_vcpu_id, cpupool, ssidref;
    uint64_t shared_info_frame;
};

struct xn_vcpu {
    uint32_t id;
    bool online, blocked, running;
    uint64_t cpu_time_ns;
    uint32_t cpu;
    uint8_t *hard, *soft;               /* bitmaps of nr_cpus bits */
    uint32_t nr_cpus;
};

/* Every domain in order of id, malloc'd. */
int xn_domain_list(struct xn_ctx *ctx, struct xn_domain **list, size_t *count);
/* -ESRCH if there is none with exactly this id. */
int xn_domain_info(struct xn_ctx *ctx, uint32_t domid, struct xn_domain *d);
/* By name or decimal id.  -ESRCH names what was looked for. */
int xn_domain_find(struct xn_ctx *ctx, const char *name_or_id, uint32_t *domid);
/* malloc'd name; NULL if the store has none. */
char *xn_domain_name(struct xn_ctx *ctx, uint32_t domid);
/* Names of many at once, in few exchanges with the store: names[i], malloc'd or NULL, is
 * list[i]'s. */
int xn_domain_names(struct xn_ctx *ctx, const struct xn_domain *list, size_t count,
                    char **names);
int xn_domain_rename(struct xn_ctx *ctx, uint32_t domid, const char *name);
int xn_domain_vcpus(struct xn_ctx *ctx, uint32_t domid, struct xn_vcpu **list, size_t *count);
void xn_domain_vcpus_free(struct xn_vcpu *list, size_t count);

/* NUMA nodes that its memory is taken from: a malloc'd bitmap of *nr bits. */
int xn_domain_nodes(struct xn_ctx *ctx, uint32_t domid, uint8_t **nodes, uint32_t *nr);
/* How long it has been running, in seconds, as the store says; domain 0: the host's uptime.
 * -ENOENT where the store knows no start. */
int xn_domain_uptime(struct xn_ctx *ctx, uint32_t domid, uint64_t *seconds);
/* The memory it was last told to balloon to, in KiB.  -ENOENT where the store has none. */
int xn_domain_target(struct xn_ctx *ctx, uint32_t domid, uint64_t *kib);
/* The most it may have, in KiB, likewise. */
int xn_domain_static_max(struct xn_ctx *ctx, uint32_t domid, uint64_t *kib);

/* What is kept of a domain's configuration (userdata "libxl-json"); -ENOENT without one. */
int xn_domain_config(struct xn_ctx *ctx, uint32_t domid, struct xn_domain_config *c);

/* Keep c as what the domain is restarted with (xl config-update).  Nothing running changes. */
int xn_domain_config_update(struct xn_ctx *ctx, uint32_t domid,
                            const struct xn_domain_config *c);

/* Life. */
struct xn_create_options {
    bool paused;                /* leave it paused */
    bool dry_run;               /* check and tell (by the log, XN_INFO), change nothing */
    /* Called when the console exists, before the first instruction; may be NULL. */
    int (*console_ready)(struct xn_ctx *ctx, uint32_t domid, void *data);
    void *data;
};

/*
 * Create a domain with its devices.  On failure nothing of it is left.  The configuration is
 * completed in place (uuid, defaults, MAC addresses).
 */
int xn_domain_create(struct xn_ctx *ctx, struct xn_domain_config *c,
                     const struct xn_create_options *options, uint32_t *domid);

/* End a domain and everything of it: devices, store, files.  Waits until it is gone. */
int xn_domain_destroy(struct xn_ctx *ctx, uint32_t domid);

int xn_domain_pause(struct xn_ctx *ctx, uint32_t domid);
int xn_domain_unpause(struct xn_ctx *ctx, uint32_t domid);

/* Ask the guest ("poweroff", "reboot", "suspend", ... in control/shutdown). */
int xn_domain_ask(struct xn_ctx *ctx, uint32_t domid, const char *what);
int xn_domain_sysrq(struct xn_ctx *ctx, uint32_t domid, char key);
/* "nmi", "reset", "init", "power", "sleep", "s3resume"; vcpu -1: the default one. */
int xn_domain_trigger(struct xn_ctx *ctx, uint32_t domid, const char *what, int vcpu);

/* Memory in KiB. */
int xn_domain_set_target(struct xn_ctx *ctx, uint32_t domid, uint64_t kib);
int xn_domain_set_maxmem(struct xn_ctx *ctx, uint32_t domid, uint64_t kib);

/* vCPUs. hard, soft: CPU sets as text ("0-3,^2", "all"), or NULL for unchanged; vcpu -1: all. */
int xn_domain_pin(struct xn_ctx *ctx, uint32_t domid, int vcpu, const char *hard,
                  const char *soft);
int xn_domain_set_vcpus(struct xn_ctx *ctx, uint32_t domid, unsigned int count);
/* Credit2's weight and cap (percent of one CPU; 0: none). */
int xn_domain_get_sched(struct xn_ctx *ctx, uint32_t domid, struct xn_timing *t);
int xn_domain_set_sched(struct xn_ctx *ctx, uint32_t domid, const struct xn_timing *t);

int xn_domain_dump_core(struct xn_ctx *ctx, uint32_t domid, const char *path);

/*
 * Wait for a domain's end (its shutdown, crash or disappearance): poll() fd, then read it.
 */
#define XN_WATCH_MS 5000        /* poll no longer: a store daemon that died wakes nobody */
struct xn_watch;
struct xn_watch *xn_domain_watch(struct xn_ctx *ctx, uint32_t domid);
int xn_watch_fd(const struct xn_watch *w);
enum xn_end { XN_END_NONE, XN_END_SHUTDOWN, XN_END_GONE };
/* XN_END_SHUTDOWN leaves the SHUTDOWN_* reason in *reason. */
int xn_watch_read(struct xn_watch *w, enum xn_end *end, unsigned int *reason);
void xn_watch_free(struct xn_watch *w);

/*
 * Stay with a domain and do at its end what on_poweroff=, on_reboot=, on_crash= ... of its kept
 * configuration say; c is what it was created from, for where nothing is kept.  Returns when
 * nothing is left to watch: 0, or why it could not go on.  Says what it does by the log
 * (XN_INFO).  The caller made the process what it should be (a daemon, or not).
 */
int xn_domain_monitor(struct xn_ctx *ctx, uint32_t domid, const struct xn_domain_config *c);

#endif
