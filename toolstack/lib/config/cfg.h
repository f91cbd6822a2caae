/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of config/ share: values with their place in the text, findings, the key
 * table.  Nothing here is for other folders but cpuset.h.
 */
#ifndef CONFIG_CFG_H
#define CONFIG_CFG_H

#include <xenolith/config.h>

#define CFG_TEXT_MAX    (1u << 20)      /* bytes of a configuration */
#define CFG_DEPTH_MAX   8               /* lists in lists */
#define CFG_ITEMS_MAX   4096            /* elements of a list */
#define CFG_FINDINGS_MAX 100            /* then one more that says so */
#define CFG_JOIN        '\x1f'          /* between the elements of a list in a setting */

struct cfg_pos {
    unsigned int line, column;
};

/* Findings. */
void cfg_find(struct xn_findings *f, enum xn_level level, struct cfg_pos at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The text of the first error, "" if there is none. */
const char *cfg_first_error(const struct xn_findings *f);

/* The word of words[] (ended by NULL) that is nearest to what was written, or NULL. */
const char *cfg_nearest(const char *written, const char *const *words);
/* Distance of two words in typing errors (insert, drop, change, swap), at most limit + 1. */
unsigned int cfg_distance(const char *a, const char *b, unsigned int limit);

/* A value as written. */
enum cfg_value_kind { CFG_STRING, CFG_NUMBER, CFG_LIST };

struct cfg_value {
    enum cfg_value_kind kind;
    struct cfg_pos at;
    bool plain;                 /* a string without escapes: byte n of text is column + 1 + n */
    char *text;                 /* string without quotes, or the number's digits */
    size_t count;
    struct cfg_value **items;
};

void cfg_value_free(struct cfg_value *v);
/* Where byte offset of a string value was written. */
struct cfg_pos cfg_value_pos(const struct cfg_value *v, size_t offset);
const char *cfg_value_kind_name(enum cfg_value_kind kind);

/* KEY = VALUE or KEY += VALUE. */
struct cfg_entry {
    char *key;
    struct cfg_pos at;
    bool add;
    struct cfg_value *value;
};

struct cfg_entries {
    struct cfg_entry *list;
    size_t count;
};

/* Read the text into entries, in order; syntax errors go to f.  Free them with cfg_entries_free. */
void cfg_read(struct cfg_entries *e, struct xn_findings *f, const char *text, size_t length);
void cfg_entries_free(struct cfg_entries *e);

/* Tokens, for parser.c. */
enum cfg_token {
    CFG_T_END, CFG_T_NEWLINE, CFG_T_SEMICOLON, CFG_T_WORD, CFG_T_NUMBER, CFG_T_STRING,
    CFG_T_EQUALS, CFG_T_ADD, CFG_T_OPEN, CFG_T_CLOSE, CFG_T_COMMA, CFG_T_BAD,
};

struct cfg_lexer {
    const char *p, *end;
    struct cfg_pos now;
    struct xn_findings *f;
    /* The token read last. */
    enum cfg_token token;
    struct cfg_pos at;
    char *text;                 /* of a word, number or string; taken by whoever needs it */
    bool plain;
    bool in_list;               /* set by the parser: how to go on after an error */
};

void cfg_lexer_init(struct cfg_lexer *l, struct xn_findings *f, const char *text, size_t length);
void cfg_lexer_free(struct cfg_lexer *l);
enum cfg_token cfg_next(struct cfg_lexer *l);
/* What was read, for "expected X, found Y". */
const char *cfg_token_name(const struct cfg_lexer *l, char *buffer, size_t size);
/* After an error: go on at the next line, behind a broken list at the next line KEY =. */
void cfg_skip_line(struct cfg_lexer *l);

/*
 * A comma-separated specification (disk, vif, pci, channel) and where it was written: value
 * NULL if it came from a command line.
 */
struct cfg_spec {
    const char *text;
    const struct cfg_value *value;
    struct xn_findings *f;
    const char *what;           /* "disk" */
    size_t errors;              /* of f when the specification began */
};

struct cfg_spec cfg_spec_of(const char *what, const char *text, const struct cfg_value *value,
                            struct xn_findings *f);
void cfg_spec_find(struct cfg_spec *s, enum xn_level level, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool cfg_spec_failed(const struct cfg_spec *s);

/* One field of a specification: KEY=VALUE or a bare word, blanks around it dropped. */
struct cfg_field {
    const char *start;          /* in the specification's text */
    const char *key;            /* malloc'd; NULL for a bare word */
    char *value;                /* malloc'd */
    const char *value_start;
};

/* Take the field at *p; false at the end.  Free it with cfg_field_free. */
bool cfg_field_next(const char **p, struct cfg_field *field);
void cfg_field_free(struct cfg_field *field);

void cfg_add_setting(struct xn_domain_config *c, const char *key, char *value, struct cfg_pos at);

/* Parsers of the specifications; value may be NULL. */
int cfg_parse_disk(struct xn_disk *d, struct xn_findings *f, const char *text,
                   const struct cfg_value *value);
int cfg_parse_nic(struct xn_nic *n, struct xn_findings *f, const char *text,
                  const struct cfg_value *value);
int cfg_parse_pci(struct xn_pci *p, struct xn_findings *f, const char *text,
                  const struct cfg_value *value);
int cfg_parse_channel(struct xn_channel *ch, struct xn_findings *f, const char *text,
                      const struct cfg_value *value);

/*
 * cpuid=: the letters of one register (0 to 3: EAX to EDX), or with CFG_CPUID_MSR of the MSR @leaf.
 * False if they are not 32, or 64, of "01xks".
 */
#define CFG_CPUID_MSR   4
bool cfg_cpuid_put(struct xn_domain_config *c, uint32_t leaf, uint32_t subleaf, int reg,
                   const char *bits);

/* Numbers as C writes them, blanks around allowed: 0 or -EINVAL, -ERANGE. */
int cfg_parse_long(const char *text, long *number);
/* "0" and "1"; for what takes a boolean in a specification. */
bool cfg_parse_mac(const char *text, uint8_t mac[6]);

/* The whole file with a NUL behind, at most CFG_TEXT_MAX bytes. */
int cfg_read_file(struct xn_ctx *ctx, const char *path, char **text, size_t *length);

/* Memory that must be there: these end the program without it (a few bytes of a text). */
void *cfg_grow(void *list, size_t count, size_t size);
char *cfg_strdup(const char *s);
char *cfg_strndup(const char *s, size_t n);
char *cfg_sprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cfg_replace(char **where, char *text);

#endif
