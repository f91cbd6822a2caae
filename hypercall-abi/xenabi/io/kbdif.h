/* SPDX-License-Identifier: MIT */
/*
 * Keyboards and pointers: one page with a ring of events each way, indices free-running.
 *
 * Key codes are those of Linux's input layer.  Nothing is defined for the way out.
 */
#ifndef XENABI_IO_KBDIF_H
#define XENABI_IO_KBDIF_H

#include <xenabi/types.h>

/* The first byte of an event */
#define XENKBD_TYPE_MOTION          1
#define XENKBD_TYPE_RESERVED        2
#define XENKBD_TYPE_KEY             3
#define XENKBD_TYPE_POS             4
#define XENKBD_TYPE_MTOUCH          5

struct xenkbd_motion {
    uint8_t  type;
    int32_t  rel_x;
    int32_t  rel_y;
    int32_t  rel_z;                 /* wheel */
};
ABI_SIZE(xenkbd_motion, 16);

struct xenkbd_key {
    uint8_t  type;
    uint8_t  pressed;               /* 1, 0 when it was let go */
    uint32_t keycode;
};
ABI_SIZE(xenkbd_key, 8);

struct xenkbd_position {
    uint8_t  type;
    int32_t  abs_x;                 /* pixels */
    int32_t  abs_y;
    int32_t  rel_z;                 /* wheel */
};
ABI_SIZE(xenkbd_position, 16);

#define XENKBD_IN_EVENT_SIZE        40

union xenkbd_in_event {
    uint8_t                type;
    struct xenkbd_motion   motion;
    struct xenkbd_key      key;
    struct xenkbd_position pos;
    char                   pad[XENKBD_IN_EVENT_SIZE];
};
ABI_USIZE(xenkbd_in_event, 40);

/* To the guest: so many events at this place of the page */
#define XENKBD_IN_RING_SIZE         2048
#define XENKBD_IN_RING_LEN          (XENKBD_IN_RING_SIZE / XENKBD_IN_EVENT_SIZE)
#define XENKBD_IN_RING_OFFS         1024

struct xenkbd_page {
    uint32_t in_cons;
    uint32_t in_prod;
    uint32_t out_cons;
    uint32_t out_prod;
};
ABI_SIZE(xenkbd_page, 16);

#endif
