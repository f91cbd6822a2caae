/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of 64 bytes (22 of UDP's data), one way, as many as the path takes without losing any: the receiver tells
 * what it has, and the sender is never more than a window ahead.
 *
 *   netload serve                   receives or sends, as a client asks
 *   netload out|in ADDRESS NUMBER   sends or receives so many; prints how many arrived, and the milliseconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT        7007
#define WINDOW      128u
#define TELL_EVERY  32u
#define PATIENCE_MS 200
#define MAX_SILENCE 25          /* times that */

enum { START_OUT, START_IN, DATA, TELL };       /* in and out are the client's */

struct message {
    uint32_t kind, number, total, arrived;
    uint8_t rest[6];
} __attribute__((packed));

static int fd;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void put(uint32_t kind, uint32_t number, uint32_t total, uint32_t arrived)
{
    const struct message m = { kind, number, total, arrived, "" };

    if ( send(fd, &m, sizeof(m), 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED )
        die("send");
}

/* 0: nothing came in time. */
static int get(struct message *m)
{
    struct pollfd p = { fd, POLLIN, 0 };
    ssize_t n = recv(fd, m, sizeof(*m), MSG_DONTWAIT);

    if ( n < 0 && poll(&p, 1, PATIENCE_MS) > 0 )
        n = recv(fd, m, sizeof(*m), MSG_DONTWAIT);
    return n == (ssize_t)sizeof(*m);
}

/* How many arrived. */
static uint32_t send_all(uint32_t total)
{
    struct message m = { 0 };
    uint32_t sent = 0, told = 0, arrived = 0;

    for ( int silence = 0; told < total && silence < MAX_SILENCE; )
    {
        if ( sent < total && sent - told < WINDOW )
        {
            sent++;
            put(DATA, sent, total, 0);
            continue;
        }
        if ( !get(&m) )
        {
            silence++;                          /* what is on the way is lost */
            if ( told < sent && sent == total )
                put(DATA, total, total, 0);
            told = sent == total ? told : sent;
        }
        else if ( m.kind == TELL )
        {
            silence = 0;
            told = m.number > told ? m.number : told;
            arrived = m.arrived;
        }
    }
    return arrived;
}

/* @asks: what to ask for again as long as nothing comes, or TELL: we were asked. */
static uint32_t receive_all(uint32_t total, uint32_t asks)
{
    uint32_t arrived = 0, last = 0;
    struct message m;

    for ( int silence = 0; last < total && silence < MAX_SILENCE; )
    {
        if ( !get(&m) )
        {
            silence++;
            if ( last == 0 && asks != TELL )
                put(asks, 0, total, 0);
            continue;
        }
        silence = 0;
        if ( m.kind != DATA || m.number <= last )
            continue;
        arrived++;
        last = m.number;
        if ( last % TELL_EVERY == 0 || last == total )
            put(TELL, last, total, arrived);
    }
    return arrived;
}

static int serve(void)
{
    for ( ;; )
    {
        struct sockaddr_in peer;
        struct message m;
        socklen_t len = sizeof(peer);
        const struct sockaddr none = { .sa_family = AF_UNSPEC };

        if ( recvfrom(fd, &m, sizeof(m), 0, (struct sockaddr *)&peer, &len) != sizeof(m) ||
             (m.kind != START_OUT && m.kind != START_IN) )
            continue;
        if ( connect(fd, (struct sockaddr *)&peer, len) )
            die("connect");
        if ( m.kind == START_IN )
            send_all(m.total);
        else
        {
            put(TELL, 0, m.total, 0);
            receive_all(m.total, TELL);
        }
        connect(fd, &none, sizeof(none));
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
    struct timespec start, end;
    struct message m;
    uint32_t total, arrived;

    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if ( argc == 2 && !strcmp(argv[1], "serve") )
    {
        if ( bind(fd, (struct sockaddr *)&a, sizeof(a)) )
            die("bind");
        return serve();
    }
    if ( argc != 4 || !inet_aton(argv[2], &a.sin_addr) )
    {
        fprintf(stderr, "usage: netload serve | netload out|in ADDRESS NUMBER\n");
        return 2;
    }
    total = (uint32_t)strtoul(argv[3], NULL, 0);
    if ( connect(fd, (struct sockaddr *)&a, sizeof(a)) )
        die("connect");
    if ( !strcmp(argv[1], "out") )
        do
            put(START_OUT, 0, total, 0);
        while ( !get(&m) );
    else
        put(START_IN, 0, total, 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    arrived = !strcmp(argv[1], "out") ? send_all(total) : receive_all(total, START_IN);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%u %.3f\n", arrived,
           (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6);
    return arrived ? 0 : 1;
}
