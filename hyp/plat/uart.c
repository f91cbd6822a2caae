/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550 serial ports at I/O addresses.  Output is polled, a FIFO's worth at a time; input is
 * polled, or announced by an interrupt that stays off until all that arrived was read.
 * Lines, prefixes and who gets the input are kern/console.c's; its lock guards each port.
 */
#include "plat/uart.h"

#include "base/parse.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "plat/irq.h"

#define UART_DATA       0       /* DLAB: divisor, low byte */
#define UART_IER        1       /* DLAB: divisor, high byte */
#define   IER_RX          0x01
#define UART_FCR        2       /* write; read: IIR */
#define   FCR_ENABLE      0x07    /* on, both cleared, interrupt at the first byte */
#define   IIR_FIFO        0xc0    /* both set: working FIFOs */
#define UART_LCR        3
#define   LCR_DLAB        0x80
#define UART_MCR        4
#define   MCR_ON          0x0b    /* DTR, RTS, and OUT2, which lets the interrupt through */
#define UART_LSR        5
#define   LSR_RX          0x01
#define   LSR_TX_EMPTY    0x20
#define UART_SCRATCH    7

#define UART_CLOCK      115200  /* divisor 1 */
#define FIFO_BYTES      16
#define TX_POLLS        200000  /* each at least half a microsecond on the bus */

struct uart {
    uint16_t port;
    uint8_t  irq;               /* ISA irq; 0: none, input is polled */
    uint8_t  lcr;
    uint32_t baud;              /* 0: leave what the firmware set */
    bool     present;
    bool     rx_irq_armed;      /* the interrupt handler took it over */
    bool     uses_irq;
    bool     stuck;             /* nobody drains it: do not wait again until it moves */
    uint8_t  fifo;              /* bytes that fit once the transmitter is empty */
    uint8_t  tx_room;
};

static struct uart uarts[2] = {
    { .port = 0x3f8, .irq = 4, .lcr = 0x03, .baud = 115200 },
    { .port = 0x2f8, .irq = 3, .lcr = 0x03, .baud = 115200 },
};

static uint8_t uart_in(const struct uart *u, unsigned int reg) { return inb(u->port + reg); }

static void uart_out(const struct uart *u, unsigned int reg, uint8_t v) { outb(u->port + reg, v); }

/* "8n1": data bits, parity, stop bits.  Returns what follows, NULL if it is wrong. */
static const char *parse_format(const char *s, uint8_t *lcr)
{
    static const struct { char name; uint8_t bits; } parities[] = {
        { 'n', 0x00 }, { 'o', 0x08 }, { 'e', 0x18 }, { 'm', 0x28 }, { 's', 0x38 },
    };

    if ( s[0] < '5' || s[0] > '8' )
        return NULL;
    for ( size_t i = 0; i < ARRAY_SIZE(parities); i++ ) {
        if ( s[1] != parities[i].name )
            continue;
        if ( s[2] != '1' && s[2] != '2' )
            return NULL;
        *lcr = (s[0] - '5') | (s[2] == '2' ? 0x04 : 0) | parities[i].bits;
        return s + 3;
    }
    return NULL;
}

static bool parse_number(const char **s, uint64_t max, uint64_t *out)
{
    return parse_u64(*s, 0, s, out) == 0 && *out <= max;
}

bool uart_configure(unsigned int index, const char *s)
{
    struct uart u = uarts[index];
    uint64_t n;

    if ( !strncmp(s, "auto", 4) ) {
        u.baud = 0;
        s += 4;
    } else {
        if ( !parse_number(&s, UART_CLOCK, &n) || !n || UART_CLOCK % n )
            return false;
        u.baud = n;
    }
    if ( *s == ',' ) {
        s++;
        if ( *s != ',' && *s ) {
            s = parse_format(s, &u.lcr);
            if ( !s )
                return false;
        }
    }
    if ( *s == ',' ) {
        s++;
        if ( !parse_number(&s, 0xfff8, &n) || !n )
            return false;
        u.port = n;
    }
    if ( *s == ',' ) {
        s++;
        if ( !parse_number(&s, 15, &n) )
            return false;
        u.irq = n;
    }
    if ( *s )
        return false;

    uarts[index] = u;
    return true;
}

/* A port that is not there reads as ones and keeps nothing. */
static bool uart_answers(const struct uart *u)
{
    uart_out(u, UART_SCRATCH, 0x5a);
    if ( uart_in(u, UART_SCRATCH) != 0x5a )
        return false;
    uart_out(u, UART_SCRATCH, 0xa5);
    return uart_in(u, UART_SCRATCH) == 0xa5;
}

bool uart_init_early(unsigned int index)
{
    struct uart *const u = &uarts[index];

    if ( !uart_answers(u) )
        return false;

    uart_out(u, UART_IER, 0);
    if ( u->baud ) {
        const unsigned int divisor = UART_CLOCK / u->baud;

        uart_out(u, UART_LCR, LCR_DLAB);
        uart_out(u, UART_DATA, divisor);
        uart_out(u, UART_IER, divisor >> 8);
    }
    uart_out(u, UART_LCR, u->lcr);
    uart_out(u, UART_FCR, FCR_ENABLE);
    u->fifo = (uart_in(u, UART_FCR) & IIR_FIFO) == IIR_FIFO ? FIFO_BYTES : 1;
    uart_out(u, UART_MCR, MCR_ON);
    u->present = true;
    return true;
}

void uart_putc(unsigned int index, char c)
{
    struct uart *u = &uarts[index];

    if ( !u->tx_room ) {
        unsigned int polls = u->stuck ? 1 : TX_POLLS;

        while ( !(uart_in(u, UART_LSR) & LSR_TX_EMPTY) ) {
            if ( --polls == 0 ) {
                u->stuck = true;
                return;
            }
        }
        u->stuck = false;
        u->tx_room = u->fifo;
    }
    u->tx_room--;
    uart_out(u, UART_DATA, c);
}

int uart_getc(unsigned int index)
{
    struct uart *u = &uarts[index];
    uint8_t lsr;

    if ( !u->present )
        return -1;
    lsr = uart_in(u, UART_LSR);
    if ( (lsr & LSR_RX) && lsr != 0xff )
        return uart_in(u, UART_DATA);

    /* All read: announce the next byte.  One that arrived just now raises the line at once. */
    if ( u->uses_irq && !read_once(u->rx_irq_armed) ) {
        write_once(u->rx_irq_armed, true);
        uart_out(u, UART_IER, IER_RX);
    }
    return -1;
}

static bool uart_interrupt(void *arg)
{
    struct uart *u = arg;

    /* Off until uart_getc has emptied it, so that edge and level lines are alike. */
    uart_out(u, UART_IER, 0);
    write_once(u->rx_irq_armed, false);
    pcpu_work(PCPU_WORK_CONSOLE);
    return false;
}

void uart_init_irq(unsigned int index)
{
    struct uart *const u = &uarts[index];
    unsigned int gsi;
    bool level, active_low;

    if ( !u->present || !u->irq )
        return;
    gsi = irq_isa_to_gsi(u->irq);
    irq_gsi_mode(gsi, &level, &active_low);
    if ( irq_request_gsi(gsi, level, active_low, uart_interrupt, u, 0) )
        return;
    u->uses_irq = true;
    u->rx_irq_armed = true;
    uart_out(u, UART_IER, IER_RX);
}

bool uart_resources(unsigned int index, uint16_t *port, unsigned int *irq)
{
    if ( !uarts[index].present )
        return false;
    *port = uarts[index].port;
    *irq = uarts[index].irq;
    return true;
}
