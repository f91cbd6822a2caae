/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: a file below /run from which the store comes back after its process was killed.
 *
 * There are two files of the same size, reserved in full (fallocate) and mapped.  The current
 * one holds a batch with the whole state, then a batch for each round of the main loop:
 *
 *   header | batch | batch | ... | zeros or an older epoch's bytes
 *   batch:  { length, checksum }  records
 *
 * A batch counts if its checksum, seeded with the file's epoch and the batch's place, is
 * right: half-written ones and leftovers are not seen.  When the file is full, the state is
 * written into the other file, whose header with the next epoch then makes it the current
 * one.  As both are reserved, this needs no more room: a full /run stops changes that would
 * make the store larger, and nothing else.
 *
 * Stores into the mapping are in the file at once as far as other processes can see, killed or
 * not: no system call is needed before a reply goes out.
 */
#ifndef XENSTORED_JOURNAL_H
#define XENSTORED_JOURNAL_H

#include "util.h"

enum rec_type {
    REC_NODE = 1,   /* a: depth; path: name; data: struct rec_node */
    REC_WRITE,      /* domid: creator; data: value */
    REC_MKDIR,      /* domid: creator */
    REC_RM,
    REC_PERMS,      /* data: struct perm[] */
    REC_FORGET,     /* domid: its nodes go; a: unless 1 */
    REC_DOMAIN,     /* data: struct rec_domain */
    REC_RELEASE,    /* domid: no connection any more */
    REC_WATCH,      /* domid; a: depth; path; data: token */
    REC_UNWATCH,    /* domid; path; data: token */
    REC_RESET,      /* domid: no watches and transactions any more */
    REC_TXN,        /* domid; a: id */
    REC_TXN_END,    /* domid; a: id */
    REC_RING,       /* domid; data: struct rec_ring */
    REC_CONN,       /* domid: key of a socket's connection; a: read-only */
    REC_CONN_END,
};

/* Connections are named by a domain's id, or by the file of a socket. */
#define KEY_SOCKET 0x8000u

/* Followed by path (path_len bytes with its NUL, or none) and data; padded to 4 bytes. */
struct rec {
    uint32_t len;       /* without the padding */
    uint16_t type;
    uint16_t domid;
    uint32_t a;
    uint32_t path_len;
};

static inline const char *rec_path(const struct rec *r) { return (const char *)(r + 1); }
static inline const char *rec_data(const struct rec *r) { return rec_path(r) + r->path_len; }
static inline uint32_t rec_data_len(const struct rec *r)
{
    return r->len - sizeof(*r) - r->path_len;
}
static inline uint32_t rec_size(uint32_t len) { return (len + 3) & ~3u; }

/* Make a record at @to, which has room for REC_SPACE(path length, data length). */
#define REC_SPACE(path_len, len) (sizeof(struct rec) + (path_len) + 1 + (len) + 3)
uint32_t rec_make(void *to, enum rec_type type, uint16_t domid, uint32_t a, const char *path,
                  const void *data, uint32_t len);
/* The first record of a run of them, or NULL: the end, or not a record. */
const struct rec *rec_first(const void *p, size_t len);

/*
 * Open or create the files in @dir and hand every record found to @apply.  @dump is called
 * to put the whole state.  Returns 1 if there was a state, 0 if not, or -errno, having said why.
 */
int must_check journal_open(const char *dir, void (*apply)(const struct rec *r),
                            void (*dump)(void));
void journal_close(void);

/*
 * Is there room for @n bytes of records?  Call it before changing anything.
 * @grows: the state will grow by them.  0, or -ENOSPC: nothing may be put.
 */
int must_check journal_admit(uint32_t n, bool grows);
/* Add a record to the batch; room for it has been admitted. */
void journal_put(enum rec_type type, uint16_t domid, uint32_t a, const char *path,
                 const void *data, uint32_t len);
void journal_put_rec(const struct rec *r);
/* Make the batch count. */
void journal_seal(void);
/* Start the other file with the state as it is now; the end of recovery.  0 or -ENOSPC. */
int must_check journal_compact(void);
bool journal_is_open(void);
bool journal_overflowed(void);        /* for @dump: it did not fit */

struct journal_stats {
    uint32_t capacity, used;
    uint64_t epoch, batches, refused;
};
struct journal_stats journal_stats(void);

/* Parse a file's image; the fuzzer's way in.  Returns the number of batches. */
uint32_t journal_parse(const void *image, size_t size, void (*apply)(const struct rec *r));

#endif
