/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LZMA2 chunk stream inside an xz block. */
#pragma once

#include "boot/unpack/unpack_job.h"

#define LZMA_STATES       12
#define LZMA_POS_STATES   16
#define LZMA_LITERAL_SIZE 0x300
#define LZMA_LC_LP_MAX    4             /* LZMA2's own limit on lc + lp */

typedef uint16_t lzma_prob;             /* chance of a 0 bit, in 1/2048 */

struct lzma_len {
    lzma_prob choice, choice2;
    lzma_prob low[LZMA_POS_STATES][8], mid[LZMA_POS_STATES][8], high[256];
};

/* Only probabilities in here: a state reset sets every one to a half. */
struct lzma_probs {
    lzma_prob is_match[LZMA_STATES][LZMA_POS_STATES];
    lzma_prob is_rep[LZMA_STATES], is_rep0[LZMA_STATES];
    lzma_prob is_rep1[LZMA_STATES], is_rep2[LZMA_STATES];
    lzma_prob is_rep0_long[LZMA_STATES][LZMA_POS_STATES];
    lzma_prob dist_slot[4][64], dist_special[128], dist_align[16];
    struct lzma_len match_len, rep_len;
    lzma_prob literal[1 << LZMA_LC_LP_MAX][LZMA_LITERAL_SIZE];
};

struct lzma2 {
    struct lzma_probs probs;
    uint32_t rep[4];                    /* latest distances minus 1, newest first */
    unsigned int state;                 /* kinds of the latest symbols, < LZMA_STATES */
    unsigned int lc, lp_mask, pos_mask;
    bool need_dict_reset, need_props, need_state_reset;
    uint8_t *dict;                      /* output position of the last dictionary reset */
};

/* Decode chunks up to and with the end marker.  0 or an error with j->why set. */
int must_check lzma2_decode(struct lzma2 *s, struct unpack_job *j);
