/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake host of these tests: a store, a hypervisor with its domains, kernel back ends, loop
 * devices, interfaces.  All in this process, all countable afterwards.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenabi/arch-x86.h>

struct fake_store {
    int handles, introduced, conflicts;     /* conflicts: so many commits fail with EAGAIN */
    const char *refuse, *nul_in;            /* refuse: writes below such paths fail */
    int refuse_with;
    bool console;                           /* the console daemon runs */
};
extern struct fake_store fake_store;

struct fake_host {
    int domains, loops, links, ports, builds;       /* how many there are */
    const char *fail;                       /* this call fails ... */
    int fail_with, fail_skip;               /* ... after so many that go well */
    bool back_ends_dead, back_ends_refuse;
    uint64_t free_kib;
    int end_after_builds;                   /* the first so many domains end when they start */
    unsigned int end_reason;
};
extern struct fake_host fake_host;

/* The CPU policy of every domain, by the tools' calls: leaves 0, 1 and 7. */
#define FAKE_LEAVES 3
extern struct xen_cpuid_leaf fake_policy[FAKE_LEAVES];

void fake_set(const char *value, const char *path, ...) __attribute__((format(printf, 2, 3)));
const char *fake_get(const char *path, ...) __attribute__((format(printf, 1, 2)));
char *fake_dump(void);
void fake_each(void (*fn)(const char *path, const char *value));
void fake_store_reset(void);
void fake_host_reset(const char *directory);
/* Called after each change of the store: back ends come and go. */
void fake_kernel(void);
/* A domain's end as the hypervisor reports it. */
void fake_shutdown(uint32_t domid, unsigned int reason);
/* A domain that nobody made here. */
void fake_add_domain(uint32_t domid, uint64_t kib);
bool fake_is_running(uint32_t domid);
void fake_next_domid(uint32_t domid);

#endif
