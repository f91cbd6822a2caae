/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain is made of: the plain structure that xl.cfg, libvirt's XML and libxl's JSON
 * are read into and written from.  No handle, no hypervisor: pure data.
 *
 * Strings are malloc'd or NULL (not given).  Numbers that may be left out have the value
 * XN_UNSET.  Arrays are malloc'd with their count beside them.
 */
#ifndef XENOLITH_CONFIG_H
#define XENOLITH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctx.h"

#define XN_UNSET (-1L)

enum xn_type { XN_TYPE_PV, XN_TYPE_PVH, XN_TYPE_HVM };

/* on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset: xl.cfg(5) "Event Actions". */
enum xn_action {
    XN_ACTION_DESTROY, XN_ACTION_RESTART, XN_ACTION_RENAME_RESTART, XN_ACTION_PRESERVE,
    XN_ACTION_COREDUMP_DESTROY, XN_ACTION_COREDUMP_RESTART, XN_ACTION_SOFT_RESET,
};

enum xn_disk_format { XN_FORMAT_RAW, XN_FORMAT_QCOW, XN_FORMAT_QCOW2, XN_FORMAT_VHD, XN_FORMAT_QED,
                      XN_FORMAT_EMPTY };
enum xn_disk_backend { XN_DISK_ANY, XN_DISK_PHY, XN_DISK_TAP, XN_DISK_QDISK, XN_DISK_STANDALONE,
                       XN_DISK_XENOLITH };

struct xn_disk {            /* xl-disk-configuration(5) */
    char *target;           /* path, or what the script understands; NULL: empty drive */
    char *vdev;             /* "xvda", "hdc", ... */
    enum xn_disk_format format;
    enum xn_disk_backend backend;
    char *backend_domain;   /* name or id; NULL: dom0 */
    char *script;
    bool readonly, cdrom, removable, direct_io_safe, discard_set, discard;
    bool specification_set, is_virtio;      /* specification=xen or virtio */
    long trusted;           /* 1, 0 or XN_UNSET */
    bool hotplugged;        /* attached to a running domain */
    char *colo;             /* colo options are known but refused; NULL when absent */
    unsigned int line, column;      /* where it was written; 0: nowhere */
};

struct xn_nic {             /* xl-network-configuration(5) */
    uint8_t mac[6];
    bool has_mac;
    char *bridge, *gateway, *ip, *script, *ifname, *model, *backend_domain, *type, *vlan;
    uint64_t rate_bytes;    /* bytes in each interval; 0: no limit */
    uint32_t rate_interval_us;
    long mtu, devid;        /* or XN_UNSET */
    long trusted;           /* 1, 0 or XN_UNSET */
    bool by_process;        /* backendtype=xenolith: not by the kernel's back end */
    unsigned int line, column;
};

struct xn_pci {             /* xl-pci-configuration(5) */
    uint16_t domain;
    uint8_t bus, device, function;
    bool has_bdf;           /* else name */
    bool all_functions;     /* function '*' */
    long vslot;             /* or XN_UNSET */
    bool permissive, msitranslate, power_mgmt, seize;
    char *rdm_policy, *name;
    unsigned int line, column;
};

enum xn_channel_type { XN_CHANNEL_PTY, XN_CHANNEL_SOCKET };

struct xn_channel {         /* xen-pv-channel(7) */
    char *name, *path, *backend_domain;
    enum xn_channel_type type;
    unsigned int line, column;
};

/* CPUs of one vCPU's affinity.  A set of host CPUs as ranges in text ("0-3,^2", "all"), resolved
 * when the host is known. */
struct xn_affinity {
    char *hard, *soft;
};

/* cpuid=: what a guest is told of one CPUID leaf, or of an MSR, bit by bit. */
#define XN_CPUID_NO_SUBLEAF 0xffffffffu
struct xn_cpuid {
    bool is_msr;
    uint32_t leaf, subleaf; /* an MSR's number is in leaf */
    char *bits[4];          /* EAX to EDX, 32 letters each, highest bit first; NULL: not given.
                             * An MSR's 64 are in the first. */
};

struct xn_timing {          /* sched-credit2 and friends */
    long weight, cap;
};

struct xn_domain_config {
    char *source;           /* file name for messages */
    enum xn_type type;
    char *name;
    uint8_t uuid[16];
    bool has_uuid;
    char *pool, *seclabel, *init_seclabel;

    uint64_t memory_kib, maxmem_kib;        /* 0: not given */
    long vcpus, maxvcpus;
    struct xn_affinity *affinity;           /* [nr_affinity]; one entry alone: for all vCPUs */
    size_t nr_affinity;
    bool affinity_for_all;
    long numa_placement;                    /* 0: do not look for a node; or XN_UNSET */
    char *nodes;                            /* NUMA nodes wanted ("nodes=" as text), or NULL */
    struct xn_cpuid *cpuids;
    size_t nr_cpuids;
    struct xn_timing sched;                 /* XN_UNSET: the scheduler's default */
    char *scheduler;                        /* its name, where a running domain's is shown */

    char *kernel, *ramdisk, *cmdline;       /* cmdline: root, extra and cmdline joined */
    char *bootloader;
    char **bootloader_args;
    size_t nr_bootloader_args;

    enum xn_action on_poweroff, on_reboot, on_crash, on_watchdog, on_soft_reset;

    struct xn_disk *disks;
    size_t nr_disks;
    struct xn_nic *nics;
    size_t nr_nics;
    struct xn_pci *pcis;
    size_t nr_pcis;
    struct xn_channel *channels;
    size_t nr_channels;

    long max_grant_frames, max_maptrack_frames, max_grant_version, max_event_channels;
    long claim;             /* 1, 0 or XN_UNSET */
    long run_hotplug_scripts;   /* 1, 0 or XN_UNSET */
    char *blkdev_start;
    char *json_rest;        /* of libxl's JSON what is not known here, to be written again */
    bool completed;         /* of a domain that exists: its JSON has the defaults filled in */
    char *tsc_mode;
    long localtime;         /* 1, 0 or XN_UNSET */
    long rtc_offset;        /* seconds, or XN_UNSET */
    char *device_model_args;                /* kept for HVM */
    long e820_host, nomigrate, driver_domain;   /* 1, 0 or XN_UNSET */

    /* Keys that were understood and without which the guest would not be what was asked for,
     * but that are not served yet: xn_config_served refuses them. */
    char **unserved;
    size_t nr_unserved;

    /* Every key as it was written, for what only some later part reads (HVM). */
    struct xn_setting *settings;
    size_t nr_settings;
};

/* A key with its value as text; lists are joined by '\x1f'. */
struct xn_setting {
    char *key, *value;
    bool list;
    unsigned int line, column;
};

/* A finding in a configuration.  line 0: about the whole. */
struct xn_finding {
    enum xn_level level;
    unsigned int line, column;
    char *text;
};

struct xn_findings {
    struct xn_finding *list;
    size_t count, errors;
};

void xn_config_init(struct xn_domain_config *c);
void xn_config_free(struct xn_domain_config *c);
void xn_findings_free(struct xn_findings *f);

/* Print as "FILE:LINE:COLUMN: error: TEXT". */
void xn_findings_print(const struct xn_findings *f, const char *file, FILE *out);

/*
 * Read xl.cfg text (need not end in NUL).  extra: further lines as given on xl's command
 * line, or NULL; they win over the file's.  All findings are gathered, not only the first.
 * 0, or -EINVAL with f->errors > 0; c holds what could be read and must be freed either way.
 */
int xn_config_parse(struct xn_domain_config *c, struct xn_findings *f, const char *source,
                    const char *text, size_t length, const char *extra);

/* Read a file: xl.cfg, or libvirt's XML when it starts with '<', or libxl's JSON with '{'. */
int xn_config_load(struct xn_ctx *ctx, struct xn_domain_config *c, struct xn_findings *f,
                   const char *path, const char *extra);

/* One disk, nic, pci or channel specification, as xl block-attach and friends take them. */
int xn_config_parse_disk(struct xn_disk *d, struct xn_findings *f, const char *text);
int xn_config_parse_nic(struct xn_nic *n, struct xn_findings *f, const char *text);
int xn_config_parse_pci(struct xn_pci *p, struct xn_findings *f, const char *text);
int xn_config_parse_channel(struct xn_channel *ch, struct xn_findings *f, const char *text);
void xn_disk_init(struct xn_disk *d);       /* nothing given: for who fills one in */
void xn_nic_init(struct xn_nic *n);
void xn_pci_init(struct xn_pci *p);
void xn_disk_free(struct xn_disk *d);
void xn_nic_free(struct xn_nic *n);
void xn_pci_free(struct xn_pci *p);
void xn_channel_free(struct xn_channel *ch);

/*
 * libxl's JSON form of a domain's configuration (what xl list -l shows and the userdata file
 * holds).  The caller frees *json with free().
 */
int xn_config_to_json(struct xn_ctx *ctx, const struct xn_domain_config *c, char **json);
int xn_config_from_json(struct xn_ctx *ctx, struct xn_domain_config *c, const char *json);

/*
 * xl.conf: what holds for every domain unless its own configuration says otherwise.  Strings
 * are malloc'd or NULL (not given).
 */
struct xn_defaults {
    char *vif_bridge, *vif_script, *vif_backend, *vif_gateway;
    char *lockfile, *blkdev_start;
    char *output_format;            /* "json" or "sxp" */
    char *autoballoon;              /* "on", "off" or "auto" */
    char *domid_policy;             /* "xen" or "random" */
    char *cpumask, *cpumask_pv, *cpumask_hvm;
    long run_hotplug_scripts, claim_mode;
    long max_grant_frames, max_maptrack_frames, max_grant_version;  /* or XN_UNSET */
};

#define XN_DEFAULTS_PATH "/etc/xen/xl.conf"

void xn_defaults_init(struct xn_defaults *d);
void xn_defaults_free(struct xn_defaults *d);
void xn_defaults_parse(struct xn_defaults *d, struct xn_findings *f, const char *text,
                       size_t length);
/* path NULL: XN_DEFAULTS_PATH, which need not exist.  d is to be freed either way. */
int xn_defaults_load(struct xn_ctx *ctx, struct xn_defaults *d, struct xn_findings *f,
                     const char *path);
/* Fill in what c leaves open. */
void xn_defaults_apply(const struct xn_defaults *d, struct xn_domain_config *c);

/* 0, or -EOPNOTSUPP and the chain names what is not served yet: a type, keys, devices. */
int xn_config_served(struct xn_ctx *ctx, const struct xn_domain_config *c);

/* A key as it was written, or NULL. */
const struct xn_setting *xn_config_setting(const struct xn_domain_config *c, const char *key);

/* libvirt domain XML.  Both directions keep everything that both languages can say. */
int xn_config_to_xml(struct xn_ctx *ctx, const struct xn_domain_config *c, char **xml);
int xn_config_from_xml(struct xn_ctx *ctx, struct xn_domain_config *c, struct xn_findings *f,
                       const char *xml, size_t length);

/* The words of xl.cfg for these values. */
const char *xn_action_name(enum xn_action a);
bool xn_action_from_name(const char *name, enum xn_action *a);
const char *xn_type_name(enum xn_type t);
const char *xn_disk_format_name(enum xn_disk_format f);
const char *xn_disk_backend_name(enum xn_disk_backend b);      /* "" for any */

/*
 * The number that the store has for a virtual disk's name ("xvda" is 51712): 0, -EINVAL if it
 * is no such name, -ERANGE if it has no number.
 */
int xn_vdev_number(const char *vdev, uint32_t *number);

#endif
