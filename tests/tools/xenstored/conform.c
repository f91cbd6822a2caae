/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What does a store daemon answer?  Sends fixed requests to the socket of whichever daemon
 * runs and prints each reply, so that two daemons' outputs can be compared with diff.
 * Works below /conform, on a store without domains 40 and up.
 */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int s;

struct head {
    uint32_t type, req_id, tx_id, len;
};

static void get(void *p, size_t len)
{
    for ( ssize_t n; len; len -= n, p = (char *)p + n )
        if ( (n = read(s, p, len)) <= 0 ) {
            printf("the connection ended\n");
            exit(1);
        }
}

static void print_bytes(const char *p, uint32_t len)
{
    for ( uint32_t i = 0; i < len; i++ )
        printf(p[i] >= ' ' && p[i] <= '~' ? "%c" : "\\%o", (unsigned char)p[i]);
}

/* Print one message; true if it was a reply. */
static int message(char *body)
{
    struct head h;

    get(&h, sizeof(h));
    get(body, h.len);
    printf(" %s(", h.type == 15 ? "event" : h.type == 16 ? "error" : "reply");
    print_bytes(body, h.len);
    printf(")");
    return h.type != 15;
}

/* Send, and print the reply and the events around it.  Returns the number in the reply. */
static uint32_t ask(uint32_t type, uint32_t tx, const char *body, uint32_t len)
{
    const struct head h = { type, 1, tx, len };
    struct pollfd p = { .fd = s, .events = POLLIN };
    char reply[5000] = "", event[5000];
    uint32_t n = 0;

    printf("%2u%s ", type, tx ? " in a transaction" : "");
    print_bytes(body, len < 60 ? len : 60);
    printf(" ->");
    if ( write(s, &h, sizeof(h)) != sizeof(h) || (len && write(s, body, len) != (ssize_t)len) )
        exit(1);
    while ( !message(reply) )
        ;
    n = atoi(reply);
    while ( poll(&p, 1, 30) == 1 )
        message(event);
    printf("\n");
    return n;
}

#define ASK(type, text)         ask(type, 0, text, sizeof(text) - 1)
#define ASK_TX(type, tx, text)  ask(type, tx, text, sizeof(text) - 1)

enum {
    CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TXN_START, TXN_END, INTRODUCE, RELEASE,
    DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, IS_INTRODUCED = 17, RESUME, SET_TARGET,
    RESET_WATCHES = 21, DIRECTORY_PART
};

static void nodes(void)
{
    ASK(WRITE, "/conform/a\0value");
    ASK(READ, "/conform/a\0");
    ASK(READ, "/conform\0");
    ASK(READ, "/conform/none\0");
    ASK(READ, "/conform/none/none\0");
    ASK(READ, "/conform/a");
    ASK(READ, "");
    ASK(READ, "\0");
    ASK(READ, "/conform/\0");
    ASK(READ, "/conform//a\0");
    ASK(READ, "/conf orm\0");
    ASK(READ, "@releaseDomain\0");
    ASK(READ, "conform-relative\0");
    ASK(READ, "/conform/a\0extra\0");
    ASK(WRITE, "/conform/a");
    ASK(WRITE, "/conform/a\0");
    ASK(READ, "/conform/a\0");
    ASK(MKDIR, "/conform/d/e\0");
    ASK(MKDIR, "/conform/d/e\0");
    ASK(MKDIR, "/conform/d/\0");
    ASK(DIRECTORY, "/conform\0");
    ASK(DIRECTORY, "/conform/a\0");
    ASK(DIRECTORY, "/conform/none\0");
    ASK(RM, "/conform/none\0");
    ASK(RM, "/conform/none/none\0");
    ASK(RM, "/\0");
    ASK(RM, "/conform/d\0");
    ASK(DIRECTORY, "/conform\0");
    ASK(20, "");
    ASK(23, "");
    ASK(15, "");
    ASK(16, "");
    ASK(0xffff, "");
}

static void permissions(void)
{
    ASK(GET_PERMS, "/conform/a\0");
    ASK(SET_PERMS, "/conform/a\0n0\0r0\0");
    ASK(GET_PERMS, "/conform/a\0");
    ASK(SET_PERMS, "/conform/a\0b0\0w0\0");
    ASK(GET_PERMS, "/conform/a\0");
    ASK(WRITE, "/conform/a/child\0x");
    ASK(GET_PERMS, "/conform/a/child\0");
    ASK(SET_PERMS, "/conform/a\0x0\0");
    ASK(SET_PERMS, "/conform/a\0n\0");
    ASK(SET_PERMS, "/conform/a\0n0");
    ASK(SET_PERMS, "/conform/a\0");
    ASK(SET_PERMS, "/conform/none\0n0\0");
    ASK(GET_PERMS, "/conform/none\0");
    ASK(GET_PERMS, "@releaseDomain\0");
    ASK(GET_PERMS, "@introduceDomain\0");
    ASK(GET_PERMS, "@none\0");
}

static void watches(void)
{
    ASK(WATCH, "/conform/w\0t\0");
    ASK(WATCH, "/conform/w\0t\0");
    ASK(WRITE, "/conform/w\0" "1");
    ASK(WRITE, "/conform/w/x/y\0" "1");
    ASK(WRITE, "/conform/wx\0" "1");
    ASK(MKDIR, "/conform/w/x\0");
    ASK(SET_PERMS, "/conform/w/x\0n0\0");
    ASK(RM, "/conform/w/x/y\0");
    ASK(RM, "/conform/w/none\0");
    ASK(WATCH, "/conform/w/x\0u\0");
    ASK(RM, "/conform/w\0");
    ASK(UNWATCH, "/conform/w\0t\0");
    ASK(UNWATCH, "/conform/w\0t\0");
    ASK(UNWATCH, "/conform/w/x\0");
    ASK(WATCH, "@releaseDomain\0r\0");
    ASK(WATCH, "/conform/w");
    ASK(WATCH, "/conform/w\0");
    ASK(WATCH, "/conform w\0t\0");
    ASK(WATCH, "relative\0t\0");
    ASK(WRITE, "relative/x\0" "1");
    ASK(RM, "relative\0");
    ASK(RESET_WATCHES, "\0");
    ASK(UNWATCH, "relative\0t\0");
}

/* Transactions' numbers differ, so they are asked for quietly. */
static uint32_t begin(void)
{
    const struct head h = { TXN_START, 1, 0, 1 };
    struct head r;
    char body[5000];

    if ( write(s, &h, sizeof(h)) != sizeof(h) || write(s, "", 1) != 1 )
        exit(1);
    get(&r, sizeof(r));
    get(body, r.len);
    return atoi(body);
}

static void transactions(void)
{
    uint32_t t, u;

    ASK(TXN_END, "T\0");
    ASK_TX(READ, 999999, "/conform/a\0");
    t = begin();
    ASK_TX(TXN_START, t, "\0");
    ASK_TX(WRITE, t, "/conform/t\0" "1");
    ASK(READ, "/conform/t\0");
    ASK_TX(READ, t, "/conform/t\0");
    ASK_TX(TXN_END, t, "X\0");
    ASK_TX(TXN_END, t, "T\0");
    ASK_TX(TXN_END, t, "T\0");
    ASK(READ, "/conform/t\0");
    t = begin();
    ASK_TX(RM, t, "/conform/t\0");
    ASK_TX(TXN_END, t, "F\0");
    ASK(READ, "/conform/t\0");
    t = begin();
    u = begin();
    ASK_TX(READ, t, "/conform/t\0");
    ASK_TX(WRITE, t, "/conform/t2\0" "1");
    ASK_TX(WRITE, u, "/conform/t\0" "2");
    ASK_TX(TXN_END, u, "T\0");
    ASK_TX(TXN_END, t, "T\0");
    ASK(WATCH, "/conform/t\0t\0");
    t = begin();
    ASK_TX(WRITE, t, "/conform/t\0" "3");
    ASK_TX(WRITE, t, "/conform/t\0" "4");
    ASK_TX(WRITE, t, "/conform/t/sub\0" "4");
    ASK_TX(TXN_END, t, "T\0");
    ASK(UNWATCH, "/conform/t\0t\0");
}

static void domains(void)
{
    ASK(DOMAIN_PATH, "5\0");
    ASK(DOMAIN_PATH, "x\0");
    ASK(DOMAIN_PATH, "");
    ASK(IS_INTRODUCED, "40\0");
    ASK(IS_INTRODUCED, "0\0");
    ASK(INTRODUCE, "40\0" "1\0" "1\0");
    ASK(INTRODUCE, "40\0");
    ASK(RELEASE, "40\0");
    ASK(RELEASE, "x\0");
    ASK(RESUME, "40\0");
    ASK(SET_TARGET, "40\0" "41\0");
    ASK(SET_TARGET, "40\0");
    ASK(CONTROL, "none\0");
    ASK(CONTROL, "");
    ASK(DIRECTORY_PART, "/conform/none\0" "0\0");
    ASK(DIRECTORY_PART, "/conform\0");
}

int main(void)
{
    const char *path = getenv("XENSTORED_PATH");
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    strncpy(to.sun_path, path ? path : "/run/xenstored/socket", sizeof(to.sun_path) - 1);
    s = socket(AF_UNIX, SOCK_STREAM, 0);
    if ( connect(s, (struct sockaddr *)&to, sizeof(to)) ) {
        perror(to.sun_path);
        return 1;
    }
    nodes();
    permissions();
    watches();
    transactions();
    domains();
    ASK(RM, "/conform\0");
    return 0;
}
