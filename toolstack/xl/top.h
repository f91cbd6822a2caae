/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl top: samples of what each domain uses, the table made of them, and the screen.
 */
#ifndef XL_TOP_H
#define XL_TOP_H

#include "xl.h"

/* Where the kernel shows its back ends; the tests put another tree there. */
extern const char *top_sys;

/* Counters of dom0's end, as xentop prints them: received is what the guest sent. */
struct top_net {
    uint32_t id;
    uint64_t rx_bytes, rx_packets, rx_errors, rx_drops;
    uint64_t tx_bytes, tx_packets, tx_errors, tx_drops;
};

struct top_vbd {
    uint32_t id;
    uint64_t oo, rd, wr, rd_sectors, wr_sectors;
};

struct top_domain {
    struct xn_domain info;
    char *name;
    bool has_cpu;                   /* cpu_percent is known: there was a sample before */
    double cpu_percent;             /* of one CPU */
    struct top_net *nets;
    size_t nr_nets;
    struct top_vbd *vbds;
    size_t nr_vbds;
    struct xn_vcpu *vcpus;
    size_t nr_vcpus;
    uint64_t net_tx, net_rx;        /* sums, bytes */
    struct top_vbd vbd_sum;
};

struct top_sample {
    uint64_t at_ns;
    time_t when;
    struct xn_host host;
    struct top_domain *domains;
    size_t count;
};

/*
 * Take a sample.  before: the last one, for CPU shares, or NULL.  vcpus: also each vCPU's
 * time.  0, or a negative errno value with the reason in the context.
 */
int top_take(struct top_sample *s, const struct top_sample *before, bool vcpus);
void top_free(struct top_sample *s);

enum top_column {
    TOP_NAME, TOP_STATE, TOP_CPU_SEC, TOP_CPU_PCT, TOP_MEM, TOP_MEM_PCT, TOP_MAXMEM,
    TOP_MAXMEM_PCT, TOP_VCPUS, TOP_NETS, TOP_NET_TX, TOP_NET_RX, TOP_VBDS, TOP_VBD_OO,
    TOP_VBD_RD, TOP_VBD_WR, TOP_VBD_RSECT, TOP_VBD_WSECT, TOP_SSID, TOP_COLUMNS,
    TOP_BY_ID = TOP_COLUMNS         /* sorting only: in order of domain id */
};

struct top_options {
    double delay;                   /* seconds */
    long iterations;                /* 0: no end */
    bool batch, json, nets, vbds, vcpus, headers, full_name, dom0_first;
    enum top_column sort;           /* zero is TOP_NAME: set it */
};

/* Most of it first; names and states in their order.  dom0 in front if asked. */
void top_sort(struct top_sample *s, const struct top_options *o);

/* Each line of the table, without its newline. */
typedef void top_line_fn(void *data, const char *line, bool is_header);
void top_lines(const struct top_sample *s, const struct top_options *o, top_line_fn *fn,
               void *data);
const char *top_column_name(enum top_column c);
/* Where a column stands, for marking it; false: nowhere (TOP_BY_ID). */
bool top_column_place(enum top_column c, int *start, int *width);

void top_json(const struct top_sample *s);

/* The full-screen program; xl's exit status. */
int top_screen(struct top_options *o);

#endif
