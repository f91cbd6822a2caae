/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every command of xl shares: the table row that describes it, its options, the one
 * context, and how it says what went wrong.
 *
 * A command is `int cmd_NAME(int argc, char **argv)` with argv[0] its own name; it returns
 * xl's exit status.  Nothing of the library runs before a command asks for it.
 */
#ifndef XL_H
#define XL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "xenolith/xenolith.h"

/* Exit status, as scripts know them. */
enum { XL_OK = 0, XL_FAILED = 1, XL_USAGE = 2, XL_NOT_CREATED = 3 };

/* Letters of options that have only a long name. */
enum {
    OPT_JSON = 0x100, OPT_HELP, OPT_IGNORE_MASKS, OPT_FORMAT, OPT_LONG_HELP, OPT_AUTOPASS,
};

struct xl_option {
    int letter;             /* 'c', or OPT_*; 0 ends the list */
    const char *name;       /* without "--", or NULL */
    const char *value;      /* what its value is called, or NULL: takes none */
    const char *help;
};

/* What an operand is, for completion. */
enum xl_operand { XL_NOTHING, XL_DOMAIN, XL_DOMAINS, XL_FILE, XL_DOMAIN_FILE, XL_POOL, XL_COMMAND };

enum {
    XL_HIDDEN = 1,          /* not in help, man page or completion */
    XL_UNSERVED = 2,        /* known by name only: says so and fails */
    XL_DRY_RUN = 4,         /* knows the global -N */
    XL_CHANGES = 8,         /* changes something */
    XL_NO_PREFIX = 16,      /* only by its whole name, so that prefixes stay what they were */
};

/* Headings of help and the manual. */
enum xl_group { XL_LIFE, XL_QUERY, XL_TUNE, XL_DEVICE, XL_OTHER };

struct xl_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *operands;   /* as its usage line shows them */
    const char *summary;    /* one line, no full stop */
    const char *details;    /* further lines of its help, or NULL */
    const struct xl_option *options;
    int min, max;           /* operands; max -1: any number */
    enum xl_operand completes;
    unsigned int flags;
    enum xl_group group;
};

extern const struct xl_command xl_commands[];
extern const unsigned int xl_nr_commands;

/* The row with this name, or the only one that begins with it; NULL: none, or (*several) many. */
const struct xl_command *xl_lookup(const char *name, bool *several);

/* Global options. */
struct xl_globals {
    const char *program;    /* "xl", "xm", ... */
    int verbose;            /* number of -v */
    bool dry_run, force, progress, timestamps;
    bool xm;                /* called as xm: SXP output */
    const struct xl_command *command;
};
extern struct xl_globals xl;

/*
 * The next option of argv by the command's row: its letter, with its value in optarg; -1 at
 * the end, with the operands from optind on and their number checked.  A wrong option or
 * number of operands ends the program with status 2, -h and --help with 0.
 */
int xl_getopt(int argc, char **argv);
/* For commands without options of their own: just the checks. */
void xl_no_options(int argc, char **argv);
void xl_usage(const struct xl_command *c, FILE *out);
void xl_help_all(FILE *out);

/* The context, made at first use; its messages go to stderr as -v and -T ask. */
struct xn_ctx *xl_ctx(void);
void xl_end(void);
/* Messages up to this level are shown from now on. */
void xl_set_level(enum xn_level level);

/* "xl: WHAT" on stderr; returns XL_FAILED. */
int xl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "xl: NAME: ACT: the context's chain" on stderr; returns XL_FAILED.  name may be NULL. */
int xl_failed(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void xl_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Domain of a name or id: 0, or XL_FAILED after a message. */
int xl_find(const char *name_or_id, uint32_t *domid);
/* The domains named, or all without names: 0 with a malloc'd list, or XL_FAILED. */
int xl_domains(char **names, int count, struct xn_domain **list, size_t *n);
/* malloc'd, or NULL if the store knows none. */
char *xl_name(uint32_t domid);
void xl_forget_names(void);
void xl_state_letters(const struct xn_domain *d, char letters[7]);
void xl_uuid_text(const uint8_t uuid[16], char text[37]);
/* A domain's name for tables: "(null)" without one; blanks in it become '_', so that a line
 * splits into its columns.  The result is malloc'd. */
char *xl_shown_name(uint32_t domid);

/* Whole decimal number within [min, max]. */
bool xl_number(const char *text, long min, long max, long *value);
/* A size of memory as xl takes it ("512", "512m", "1g"), in KiB; plain numbers are MiB. */
bool xl_size_kib(const char *text, uint64_t *kib);
void *xl_alloc(size_t size);
char *xl_strdup(const char *s);
char *xl_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Complete a guest's configuration from xl.conf: 0, or XL_FAILED after a message. */
int xl_defaults(struct xn_domain_config *c, bool ignore_masks);
void xl_default_nic(struct xn_nic *n);
/* Watch over a domain until its end, in a process of its own unless foreground. */
int xl_monitor(uint32_t domid, const struct xn_domain_config *c, bool foreground);

/* True if the user wants SXP where a form for machines is printed. */
bool xl_wants_sxp(void);

/* The commands (cmd_*.c). */
int cmd_block_attach(int argc, char **argv);
int cmd_block_detach(int argc, char **argv);
int cmd_block_list(int argc, char **argv);
int cmd_button_press(int argc, char **argv);
int cmd_channel_list(int argc, char **argv);
int cmd_claims(int argc, char **argv);
int cmd_config_update(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_cpupool_list(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_debug_keys(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_dmesg(int argc, char **argv);
int cmd_domain_to_xml(int argc, char **argv);
int cmd_domid(int argc, char **argv);
int cmd_domname(int argc, char **argv);
int cmd_dump_core(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_init_dom0(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_mem_max(int argc, char **argv);
int cmd_mem_set(int argc, char **argv);
int cmd_network_attach(int argc, char **argv);
int cmd_network_detach(int argc, char **argv);
int cmd_cd_insert(int argc, char **argv);
int cmd_cd_eject(int argc, char **argv);
int cmd_vncviewer(int argc, char **argv);
int cmd_network_list(int argc, char **argv);
int cmd_pause(int argc, char **argv);
int cmd_reboot(int argc, char **argv);
int cmd_rename(int argc, char **argv);
int cmd_sched_credit(int argc, char **argv);
int cmd_sched_credit2(int argc, char **argv);
int cmd_set_parameters(int argc, char **argv);
int cmd_sharing(int argc, char **argv);
int cmd_shutdown(int argc, char **argv);
int cmd_sysrq(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_trigger(int argc, char **argv);
int cmd_unpause(int argc, char **argv);
int cmd_unserved(int argc, char **argv);
int cmd_uptime(int argc, char **argv);
int cmd_vcpu_list(int argc, char **argv);
int cmd_vcpu_pin(int argc, char **argv);
int cmd_vcpu_set(int argc, char **argv);
int cmd_vm_list(int argc, char **argv);

#endif
