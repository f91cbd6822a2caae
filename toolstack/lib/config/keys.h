/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of xl.cfg's keys, and what setting one of them works on.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "cfg.h"

/* Guest types that a key is for. */
enum { CFG_PV = 1, CFG_PVH = 2, CFG_HVM = 4, CFG_ANY = 7, CFG_ARM = 0 };

enum cfg_kind {
    CFG_K_TEXT,                 /* string or number */
    CFG_K_LONG,                 /* number from min to max, also in quotes */
    CFG_K_BOOL,                 /* number: 0 is false */
    CFG_K_WORD,                 /* one of words */
    CFG_K_WORD_OR_LONG,         /* one of words, or (deprecated) its index */
    CFG_K_LIST,                 /* list of strings */
    CFG_K_TEXT_OR_LIST,
    CFG_K_NESTED,               /* list of lists of strings */
};

enum cfg_service {
    CFG_SERVED,                 /* has its place in struct xn_domain_config */
    CFG_KEPT,                   /* only a setting: for the types it is for, used when they are */
    CFG_HARMLESS,               /* not served yet: a warning, the guest runs without */
    CFG_REFUSED,                /* not served yet, and the guest is not what was asked without */
    CFG_OLD,                    /* ignored also by Xen's xl: note says what to write */
};

struct cfg_load;

struct cfg_key {
    const char *name;
    enum cfg_kind kind;
    unsigned int types;
    enum cfg_service service;
    unsigned int served;        /* guest types for which a CFG_REFUSED key is CFG_KEPT */
    /* Where the value goes: offset into struct xn_domain_config unless set is there. */
    size_t offset;
    long min, max;
    const char *const *words;
    void (*set)(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
    const char *note;
};

/* The whole table; the last has no name. */
extern const struct cfg_key cfg_keys[];

/* Is the value of the key's kind?  A word given as a number is replaced. */
bool cfg_good_value(struct xn_findings *f, const struct cfg_key *key, struct cfg_value *v);
/* Put a checked value to the key's offset: a long, else a string. */
void cfg_store(void *base, const struct cfg_key *key, const struct cfg_value *v);
/* Leave one entry for each key: later ones replace or extend. */
void cfg_merge(struct cfg_entries *e, struct xn_findings *f);

const struct cfg_key *cfg_key_find(const char *name);
/* The nearest name to a misspelt one, or NULL. */
const char *cfg_key_nearest(const char *name);

/* A configuration while it is read. */
struct cfg_load {
    struct xn_domain_config *c;
    struct xn_findings *f;
    const struct cfg_entries *entries;
    char *root, *extra, *cmdline;
    char *hard_all, *soft_all;          /* cpus= and cpus_soft= as one text */
    struct cfg_pos ignored_at, maxmem_at, vcpus_at;
    struct xn_pci pci_defaults;
};

/* Note a key without which the guest is not what was asked for (once). */
void cfg_add_unserved(struct xn_domain_config *c, const char *key);

/* Setters, set.c. */
void cfg_set_type(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_name(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_uuid(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_memory(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_maxmem(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_vcpus(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_cpus(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_action(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_cmdline(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_args(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_disk(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_vif(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_pci(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_pci_default(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_cpuid(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);
void cfg_set_channel(struct cfg_load *l, const struct cfg_key *key, struct cfg_value *v);

/* What must hold for the whole, check.c. */
void cfg_finish(struct cfg_load *l);
/* Is this a name that a domain can have?  NULL if so, else why not. */
const char *cfg_bad_name(const char *name);

#endif
