/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles of domains: the protocol between the console daemon (xenconsoled) and its viewers,
 * and the viewer that `xl console` and `xl create -c` run.
 *
 * The daemon listens on a SOCK_SEQPACKET socket, so that every message arrives whole.  The
 * first byte is the type; numbers are in host order.  A viewer sends one XN_CONSOLE_ATTACH,
 * gets XN_CONSOLE_ATTACHED, the recent output, XN_CONSOLE_REPLAYED and then what the guest
 * writes, until XN_CONSOLE_END or until it hangs up.  Any number of viewers may watch one
 * console; each may write to it.  XN_CONSOLE_LIST is answered with one XN_CONSOLE_ENTRY a
 * console and XN_CONSOLE_LISTED.
 *
 * Output has positions: byte 0 is the first that the console ever wrote.  They survive a
 * restart of the daemon, so a viewer that was cut off resumes exactly where it was.
 */
#ifndef XENOLITH_CONSOLE_H
#define XENOLITH_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#define XN_CONSOLE_SOCKET   "/run/xenconsoled/socket"
#define XN_CONSOLE_VERSION  1
#define XN_CONSOLE_MESSAGE  4096        /* the longest message, type byte included */
#define XN_CONSOLE_NAME     64          /* bytes of a domain's name, NUL included */

/* From the viewer. */
#define XN_CONSOLE_ATTACH   'A'         /* struct xn_console_attach */
#define XN_CONSOLE_INPUT    'I'         /* bytes for the guest */
#define XN_CONSOLE_RESIZE   'W'         /* struct xn_console_size */
#define XN_CONSOLE_LIST     'L'

/* From the daemon. */
#define XN_CONSOLE_ATTACHED 'a'         /* struct xn_console_attached */
#define XN_CONSOLE_OUTPUT   'o'         /* bytes of the guest */
#define XN_CONSOLE_REPLAYED 'r'         /* from here on output is new */
#define XN_CONSOLE_LOST     'x'         /* struct xn_console_lost: the viewer was too slow */
#define XN_CONSOLE_RESIZED  'w'         /* struct xn_console_size: another viewer's doing */
#define XN_CONSOLE_END      'e'         /* text: why there is no more output */
#define XN_CONSOLE_ERROR    'E'         /* text: why the request was refused */
#define XN_CONSOLE_ENTRY    'l'         /* struct xn_console_attached */
#define XN_CONSOLE_LISTED   'L'

#define XN_CONSOLE_WAIT     1           /* attach: wait until the console exists */
#define XN_CONSOLE_BY_NAME  2           /* attach: name instead of domid */
#define XN_CONSOLE_RESUME   4           /* attach: start at position from */
#define XN_CONSOLE_NO_REPLAY 8          /* attach: only what is written from now on */

struct xn_console_attach {
    uint8_t  type, version, flags, pad;
    uint32_t domid, number;
    uint32_t pad2;
    uint64_t from;
    char     name[XN_CONSOLE_NAME];
};
_Static_assert(sizeof(struct xn_console_attach) == 88, "a message's layout");

struct xn_console_attached {
    uint8_t  type, version, ended, pad;
    uint32_t domid, number, pad2;
    uint64_t from;                      /* position of the first byte that follows */
    uint64_t head;                      /* ... and of the next that the guest writes */
    char     name[XN_CONSOLE_NAME];
};
_Static_assert(sizeof(struct xn_console_attached) == 96, "a message's layout");

struct xn_console_size {
    uint8_t  type, pad;
    uint16_t rows, cols;
};

struct xn_console_lost {
    uint8_t  type, pad[7];
    uint64_t bytes;
};

/* Which console to view, and how. */
struct xn_console_view {
    const char *name;                   /* or NULL: */
    uint32_t domid;
    uint32_t number;                    /* 0: the primary */
    bool serial;                        /* an emulated serial port, not the PV console */
    bool wait;                          /* until the console exists */
    int escape;                         /* character that ends the view; -1: none */
    const char *socket;                 /* NULL: XN_CONSOLE_SOCKET */
    int notify_fd;                      /* gets one byte when the view begins; 0: nobody waits */
};

/*
 * Connect the terminal (or whatever fds 0 and 1 are) with a console until the escape
 * character, the end of the input or of the domain, or a signal; the terminal's mode is restored in each case.
 * Without our daemon it uses the terminal that the store names.  Returns 0, or 1 after saying
 * on fd 2 what is wrong.
 */
int xn_console_run(const struct xn_console_view *view);

#endif
