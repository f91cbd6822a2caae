/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console: the ring, the devices behind it, and input.
 *
 * Everything written goes to the ring first and then, under the same lock, to each
 * serial port and the screen, so that lines of several CPUs never mix.  Ring indices
 * run freely and are masked on use; a reader that fell behind loses the oldest text.
 * The lock is a leaf that may be taken with any other held, so nothing here calls up
 * while holding it: telling dom0 is left to console_input_poll.
 */
#include "kern/console.h"

#include <xenabi/sysctl.h>
#include <xenabi/xen.h>
#include "base/fmt.h"
#include "base/string.h"
#include "cpu/pcpu.h"
#include "cpu/spinlock.h"
#include "kern/cmdline.h"
#include "kern/keyhandler.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "plat/uart.h"

#define NR_COMS         2
#define EARLY_RING      0x4000      /* bytes */
#define INPUT_RING      256
#define SWITCH_KEY      0x01        /* CTRL-a */
#define SWITCH_COUNT    3

#define VGA_PADDR       0xb8000
#define VGA_COLS        80
#define VGA_ROWS        25
#define VGA_BLANK       0x0720      /* light grey on black, a space */

static struct lock lock = LOCK_INIT(RANK_CONSOLE);
static struct lock input_lock = LOCK_INIT(RANK_INPUT);    /* one CPU at a time takes input, in order */
static bool forced;                 /* panic: the lock's holder may never come back */

/* All below: under the lock. */
static char early_ring[EARLY_RING];
static char *ring = early_ring;
static uint32_t ring_size = EARLY_RING;
static uint32_t ring_first, ring_end;       /* free-running */
static bool com_used[NR_COMS];
static uint16_t *vga;                       /* NULL: not in use */
static unsigned int vga_col;
static bool ring_news;                      /* lines that dom0 was not told of */

static char input[INPUT_RING];
static uint32_t input_first, input_end;
static bool input_to_hyp;                   /* debug keys instead of dom0 */
static unsigned int switch_seen;

static int log_threshold = LOG_INFO, guest_threshold = LOG_WARN;
static const struct console_ops *ops;

static void console_lock(void)
{
    if ( !forced )
        spin_lock(&lock);
}

static void console_unlock(void)
{
    if ( !forced )
        spin_unlock(&lock);
}

void console_force(void)
{
    forced = true;
}

void console_set_ops(const struct console_ops *new_ops) { write_once(ops, new_ops); }

/* ---- devices ---- */

static void vga_newline(void)
{
    vga_col = 0;
    memmove(vga, vga + VGA_COLS, (VGA_ROWS - 1) * VGA_COLS * sizeof(*vga));
    for ( unsigned int i = 0; i < VGA_COLS; i++ )
        vga[(VGA_ROWS - 1) * VGA_COLS + i] = VGA_BLANK;
}

static void vga_putc(char c)
{
    if ( c == '\n' ) {
        vga_newline();
        return;
    }
    if ( c < ' ' )
        return;
    if ( vga_col == VGA_COLS )
        vga_newline();
    vga[(VGA_ROWS - 1) * VGA_COLS + vga_col++] = (VGA_BLANK & 0xff00) | (uint8_t)c;
}

static void devices_write(const char *s, size_t len)
{
    for ( unsigned int i = 0; i < NR_COMS; i++ ) {
        if ( !com_used[i] )
            continue;
        for ( size_t n = 0; n < len; n++ ) {
            if ( s[n] == '\n' )
                uart_putc(i, '\r');
            uart_putc(i, s[n]);
        }
    }
    if ( vga ) {
        for ( size_t n = 0; n < len; n++ )
            vga_putc(s[n]);
    }
}

/* ---- output ---- */

static void ring_write(const char *s, size_t len)
{
    for ( size_t n = 0; n < len; n++ ) {
        ring[ring_end++ & (ring_size - 1)] = s[n];
        ring_news |= s[n] == '\n';
    }
    if ( ring_end - ring_first > ring_size )
        ring_first = ring_end - ring_size;
}

static void write_locked(const char *s, size_t len)
{
    ring_write(s, len);
    devices_write(s, len);
}

/* dom0 hears of new lines on the next way out: its port's lock cannot be taken here. */
static void note_news(void)
{
    if ( ring_news && read_once(ops) && !forced )
        pcpu_work(PCPU_WORK_CONSOLE);
}

void console_write(const char *s, size_t len)
{
    console_lock();
    write_locked(s, len);
    console_unlock();
    note_news();
}

void console_write_devices(const char *s, size_t len)
{
    console_lock();
    devices_write(s, len);
    console_unlock();
}

/* Below loglvl, but what an operator may look for in xl dmesg: the boot log above all. */
static void ring_only(const char *text, size_t len)
{
    console_lock();
    ring_write("(XEN) ", 6);
    ring_write(text, len);
    console_unlock();
}

/* The log's sink.  The prefix is what readers of Xen's log look for. */
static void console_log_line(enum log_level level, const struct domain *guest, const char *text)
{
    const struct console_ops *o = read_once(ops);
    const size_t len = strlen(text);
    uint32_t nr_dropped = 0;

    if ( !forced && (int)level > (guest ? guest_threshold : log_threshold) ) {
        if ( !guest && level <= LOG_INFO )
            ring_only(text, len);
        return;
    }
    if ( guest && !forced && o && !o->guest_line(guest, &nr_dropped) )
        return;

    console_lock();
    if ( nr_dropped ) {
        char note[64];

        write_locked(note, scnprintf(note, sizeof(note), "(XEN) %pd: %u log lines dropped\n", guest,
                                     nr_dropped));
    }
    write_locked("(XEN) ", 6);
    write_locked(text, len);
    if ( len == 0 || text[len - 1] != '\n' )
        write_locked("\n", 1);
    console_unlock();
    note_news();
}

static bool parse_level(const char *s, int *level)
{
    static const struct { const char *name; int level; } names[] = {
        { "none", -1 }, { "error", LOG_ERR }, { "warning", LOG_WARN }, { "info", LOG_INFO },
        { "debug", LOG_DEBUG }, { "all", LOG_DEBUG },
    };
    const char *slash = strchr(s, '/');
    const size_t len = slash ? (size_t)(slash - s) : strlen(s);

    for ( size_t i = 0; i < ARRAY_SIZE(names); i++ ) {
        if ( strlen(names[i].name) == len && strncmp(names[i].name, s, len) == 0 ) {
            *level = names[i].level;
            return true;
        }
    }
    return false;
}

void console_set_log_levels(const char *loglvl, const char *guest_loglvl)
{
    if ( loglvl && !parse_level(loglvl, &log_threshold) )
        log_warn("option loglvl: no level \"%s\" (error, warning, info, debug, all, none)\n",
                 loglvl);
    if ( guest_loglvl && !parse_level(guest_loglvl, &guest_threshold) )
        log_warn("option guest_loglvl: no level \"%s\" (error, warning, info, debug, all, none)\n",
                 guest_loglvl);
}

/* ---- the ring's readers ---- */

int console_read_ring(struct xen_sysctl_readconsole *op)
{
    const uint32_t room = op->count;
    uint32_t pos, done = 0;
    char chunk[256];

    console_lock();
    pos = ring_first;
    if ( op->incremental && op->index - ring_first <= ring_end - ring_first )
        pos = op->index;
    console_unlock();

    /* A piece at a time: the caller's memory is not touched under the lock. */
    while ( done < room ) {
        uint32_t n;

        console_lock();
        if ( ring_end - pos > ring_size )       /* overtaken meanwhile */
            pos = ring_end - ring_size;
        n = min(min(room - done, (uint32_t)sizeof(chunk)), ring_end - pos);
        for ( uint32_t i = 0; i < n; i++ )
            chunk[i] = ring[(pos + i) & (ring_size - 1)];
        console_unlock();

        if ( n == 0 )
            break;
        if ( !ops || !ops->copy_out(op->buffer + done, chunk, n) )
            return -XEN_EFAULT;
        pos += n;
        done += n;
    }

    if ( op->clear ) {
        console_lock();
        if ( pos - ring_first <= ring_end - ring_first )
            ring_first = pos;
        console_unlock();
    }
    op->index = pos;
    op->count = done;
    return 0;
}

/* ---- input ---- */

static void input_switch(void)
{
    static const char *const note[] = {
        "*** Serial input goes to dom0 (CTRL-a three times switches)\n",
        "*** Serial input goes to Xenolith (h for help, CTRL-a three times switches)\n",
    };

    input_to_hyp = !input_to_hyp;
    console_write(note[input_to_hyp], strlen(note[input_to_hyp]));
}

/* One character for whoever has the input; true if it went to dom0's ring. */
static bool input_deliver(char c)
{
    bool stored = false;

    if ( input_to_hyp ) {
        keyhandler_run(c);
        return false;
    }

    console_lock();
    if ( input_end - input_first < INPUT_RING ) {
        input[input_end++ % INPUT_RING] = c;
        stored = true;
    }
    console_unlock();
    return stored;
}

/* CTRL-a counts towards a switch; short of three of them, they were meant as typed. */
static bool input_char(char c)
{
    bool stored = false;

    if ( c == SWITCH_KEY ) {
        if ( ++switch_seen == SWITCH_COUNT ) {
            switch_seen = 0;
            input_switch();
        }
        return false;
    }
    for ( ; switch_seen; switch_seen-- )
        stored |= input_deliver(SWITCH_KEY);
    return input_deliver(c) || stored;
}

void console_input_poll(void)
{
    const struct console_ops *up = read_once(ops);
    bool stored = false, news;

    spin_lock(&input_lock);
    for ( unsigned int i = 0; i < NR_COMS; i++ ) {
        int c;

        while ( com_used[i] && (c = uart_getc(i)) >= 0 )
            stored |= input_char(c);
    }
    spin_unlock(&input_lock);

    console_lock();
    news = ring_news;
    ring_news = false;
    console_unlock();

    if ( up && stored )
        up->send_virq(VIRQ_CONSOLE);
    if ( up && news )
        up->send_virq(VIRQ_CON_RING);
}

size_t console_read_input(char *buf, size_t len)
{
    size_t n;

    console_lock();
    for ( n = 0; n < len && input_first != input_end; n++ )
        buf[n] = input[input_first++ % INPUT_RING];
    console_unlock();
    return n;
}

/* ---- start ---- */

/* True if the comma-separated @list contains @name. */
static bool list_has(const char *list, const char *name)
{
    const size_t len = strlen(name);

    while ( *list ) {
        if ( strncmp(list, name, len) == 0 && (list[len] == '\0' || list[len] == ',') )
            return true;
        list = strchr(list, ',');
        if ( !list )
            return false;
        list++;
    }
    return false;
}

static void console_init_com(unsigned int i, const char *name)
{
    if ( !list_has(opt.console, name) )
        return;
    if ( opt.com[i][0] && !uart_configure(i, opt.com[i]) )
        log_warn("option %s: bad value \"%s\" is ignored\n", name, opt.com[i]);
    com_used[i] = uart_init_early(i);
}

void console_init_early(void)
{
    /* The boot page tables map the first 4 GiB where the direct map will be. */
    if ( list_has(opt.console, "vga") )
        vga = mfn_to_virt(paddr_to_mfn(VGA_PADDR));
    log_set_sink(console_log_line);
    console_init_com(0, "com1");
    console_init_com(1, "com2");
    console_set_log_levels(opt.loglvl, opt.guest_loglvl);
}

static void ring_grow(uint32_t size)
{
    char *bigger = heap_alloc_pages(order_of(size >> PAGE_SHIFT));

    if ( !bigger ) {
        log_warn("no memory for a log ring of %u bytes: it stays at %u\n", size, ring_size);
        return;
    }

    console_lock();
    for ( uint32_t i = ring_first; i != ring_end; i++ )
        bigger[i & (size - 1)] = ring[i & (ring_size - 1)];
    ring = bigger;
    ring_size = size;
    console_unlock();
}

void console_init(void)
{
    if ( opt.conring_size > EARLY_RING )
        ring_grow(opt.conring_size);

    if ( vga ) {
        uint16_t *mapped = ioremap(VGA_PADDR, VGA_COLS * VGA_ROWS * sizeof(*vga));

        console_lock();
        vga = mapped;
        console_unlock();
    }
    for ( unsigned int i = 0; i < NR_COMS; i++ )
        if ( com_used[i] )
            uart_init_irq(i);
}

bool console_uses_vga(void) { return read_once(vga) != NULL; }

void console_end_vga(void)
{
    console_lock();
    vga = NULL;
    console_unlock();
}
