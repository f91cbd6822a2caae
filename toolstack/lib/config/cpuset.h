/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of CPUs as text: "0-3,^2", "all", "node:0", "nodes:0-1,^node:1".  Pure functions.
 */
#ifndef CONFIG_CPUSET_H
#define CONFIG_CPUSET_H

#include <stddef.h>
#include <stdint.h>

/* The machine that the text is about. */
struct cpuset_host {
    unsigned int nr_cpus;
    const uint32_t *node;       /* [nr_cpus], the CPU's node, ~0: not there; NULL: no nodes known */
};

/* Bytes of a bitmap for so many CPUs. */
#define CPUSET_BYTES(cpus)  (((size_t)(cpus) + 7) / 8)

/*
 * Read text into set (CPUSET_BYTES(nr_cpus) bytes, bit n of byte n / 8: CPU n).  Ranges add
 * in the order written, those with ^ in front take away; only "none" may leave it empty.
 * Ranges end at the host's last CPU.  0, or -EINVAL with what is wrong in why (size bytes) and
 * *offset, where in the text; offset may be NULL.
 */
int cpuset_parse(const char *text, const struct cpuset_host *host, uint8_t *set,
                 size_t *offset, char *why, size_t size);

/* Only the syntax, for what is checked before a host is known. */
int cpuset_check(const char *text, size_t *offset, char *why, size_t size);

/* The shortest text of a set: "all", "none", "0-3,5"; malloc'd. */
char *cpuset_text(const uint8_t *set, unsigned int nr_cpus);

/* An inline test and count. */
static inline int cpuset_has(const uint8_t *set, unsigned int cpu)
{
    return set[cpu / 8] >> (cpu % 8) & 1;
}

unsigned int cpuset_count(const uint8_t *set, unsigned int nr_cpus);

#endif
