/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console: ring and its readers, devices, input switching, log levels. */
#include "cm.h"

#include <xenabi/sysctl.h>
#include <xenabi/xen.h>

#include "base/errno.h"
#include "base/log.h"
#include "cpu/pcpu.h"
#include "kern/cmdline.h"
#include "kern/console.h"
#include "kern/keyhandler.h"
#include "mem/heap.h"
#include "mem/paging.h"
#include "plat/uart.h"

unsigned int nr_cpus = 1;
struct frame *frame_table;
uint8_t *directmap;
static uint8_t memory[0xb9000];
static struct pcpu cpu;

static char out[1 << 20];           /* what com1 got */
static size_t out_len;
static const char *typed = "";      /* what comes in on com1 */
static unsigned int nr_virq[NR_VIRQS];
static bool copy_fails;
static char copied[1 << 17];
static unsigned int keys_run;

struct pcpu *this_pcpu(void) { return &cpu; }
void *heap_alloc_pages(unsigned int order) { return calloc(1, PAGE_SIZE << order); }
void *ioremap(paddr_t pa, size_t size) { return memory + pa; }
bool uart_configure(unsigned int index, const char *setting) { return strcmp(setting, "bad") != 0; }
bool uart_init_early(unsigned int index) { return index == 0; }
void uart_init_irq(unsigned int index) { }
void uart_putc(unsigned int index, char c) { out[out_len++ % sizeof(out)] = c; }
int uart_getc(unsigned int index) { return *typed ? *typed++ : -1; }

static void send_virq(uint32_t virq)
{
    CHECK_EQ(cpu.lock_depth, 0);
    nr_virq[virq]++;
}

static bool copy_out(guest_ptr_t dst, const void *src, size_t len)
{
    CHECK_EQ(cpu.lock_depth, 0);
    if ( copy_fails )
        return false;
    memcpy(copied + dst, src, len);
    return true;
}

static void key_x(void) { keys_run++; }

static uint32_t lines_left = ~0U, lines_dropped;
static bool guest_line(const struct domain *d, uint32_t *nr_dropped)
{
    if ( lines_left == 0 ) {
        lines_dropped++;
        return false;
    }
    lines_left--;
    *nr_dropped = lines_dropped;
    lines_dropped = 0;
    return true;
}

static const struct console_ops ops = { send_virq, copy_out, guest_line };

static void out_clear(void)
{
    memset(out, 0, out_len);
    out_len = 0;
    memset(nr_virq, 0, sizeof(nr_virq));
}

/* Returns the bytes read, as text in `copied`. */
static uint32_t read_ring(bool clear, bool incremental, uint32_t *index, uint32_t room)
{
    struct xen_sysctl_readconsole op = {
        .clear = clear, .incremental = incremental, .index = *index, .count = room,
    };

    memset(copied, 0, sizeof(copied));
    CHECK_EQ(console_read_ring(&op), 0);
    *index = op.index;
    return op.count;
}

static int setup(void **state_)
{
    static bool done;
    static const struct debug_key keys[] = { { 'x', key_x, "test", true }, { 0 } };
    uint32_t index = 0;

    if ( !done ) {
        done = true;
        directmap = memory;
        keyhandler_init(keys);
        console_init_early();
        console_set_ops(&ops);
    }
    read_ring(true, false, &index, sizeof(copied));
    console_input_poll();
    out_clear();
    copy_fails = false;
    keys_run = 0;
    return 0;
}

TEST(log_lines_get_prefix_newline_and_carriage_return)
{
    uint32_t index = 0;

    log_warn("one\n");
    log_warn("two");
    CHECK_STR(out, "(XEN) one\r\n(XEN) two\r\n");
    CHECK_EQ(read_ring(false, false, &index, 1000), 20);
    CHECK_STR(copied, "(XEN) one\n(XEN) two\n");
}

TEST(levels_filter)
{
    const struct domain *guest = (const struct domain *)&cpu;

    console_set_log_levels("error", "none");
    log_warn("no\n");
    log_err("yes\n");
    console_set_log_levels("all", NULL);
    log_at(LOG_DEBUG, "yes\n");
    log_guest(guest, LOG_ERR, "no\n");
    console_set_log_levels("info/warning", "warning");
    CHECK_STR(out, "(XEN) yes\r\n(XEN) yes\r\n");
    out_clear();
    console_set_log_levels("loud", NULL);
    assert_non_null(strstr(out, "no level \"loud\""));
}

TEST(lines_that_a_guest_causes_are_limited)
{
    const struct domain *guest = (const struct domain *)&cpu;

    console_set_log_levels("all", "warning");
    lines_left = 1;
    log_guest(guest, LOG_DEBUG, "below the level: costs nothing\n");
    log_guest(guest, LOG_WARN, "one\n");
    log_guest(guest, LOG_WARN, "two\n");
    log_guest(guest, LOG_WARN, "three\n");
    log_warn("ours\n");
    CHECK_STR(out, "(XEN) one\r\n(XEN) ours\r\n");
    out_clear();
    lines_left = ~0U;
    log_guest(guest, LOG_WARN, "four\n");
    assert_non_null(strstr(out, "2 log lines dropped\r\n(XEN) four\r\n"));
}

TEST(incremental_reader_gets_each_byte_once)
{
    uint32_t index = 0;

    console_write("abc", 3);
    CHECK_EQ(read_ring(false, true, &index, 2), 2);
    CHECK_STR(copied, "ab");
    console_write("de", 2);
    CHECK_EQ(read_ring(false, true, &index, 100), 3);
    CHECK_STR(copied, "cde");
    CHECK_EQ(read_ring(false, true, &index, 100), 0);
    /* Whoever does not ask to go on gets it from the start. */
    CHECK_EQ(read_ring(false, false, &index, 100), 5);
    CHECK_STR(copied, "abcde");
}

TEST(clear_drops_what_was_read)
{
    uint32_t index = 0;

    console_write("abcdef", 6);
    CHECK_EQ(read_ring(true, false, &index, 4), 4);
    CHECK_EQ(read_ring(false, false, &index, 100), 2);
    CHECK_STR(copied, "ef");
}

TEST(reader_that_fell_behind_or_lies_gets_the_oldest)
{
    uint32_t index = 0, wild = 0x12345678;

    console_write("start", 5);
    read_ring(false, true, &index, 1);
    for ( int i = 0; i < 20000; i++ )
        console_write(i % 100 ? "x" : "\n", 1);
    CHECK_EQ(read_ring(false, true, &index, sizeof(copied)), 0x4000);
    CHECK_EQ(read_ring(false, true, &wild, sizeof(copied)), 0x4000);
    CHECK_EQ(read_ring(false, true, &wild, sizeof(copied)), 0);
}

TEST(bad_buffer_is_efault_and_drops_nothing)
{
    struct xen_sysctl_readconsole op = { .clear = 1, .count = 100 };
    uint32_t index = 0;

    console_write("keep", 4);
    copy_fails = true;
    CHECK_EQ(console_read_ring(&op), -XEN_EFAULT);
    copy_fails = false;
    CHECK_EQ(read_ring(false, false, &index, 100), 4);
}

TEST(new_lines_tell_dom0_later)
{
    cpu.work = 0;
    console_write("part", 4);
    CHECK_EQ(cpu.work, 0);
    console_write("ial\n", 4);
    CHECK_EQ(nr_virq[VIRQ_CON_RING], 0);
    assert_true(cpu.work & PCPU_WORK_CONSOLE);
    console_input_poll();
    CHECK_EQ(nr_virq[VIRQ_CON_RING], 1);
    console_input_poll();
    CHECK_EQ(nr_virq[VIRQ_CON_RING], 1);
}

TEST(input_goes_to_dom0_until_switched)
{
    char buf[300];

    typed = "ls\r";
    console_input_poll();
    CHECK_EQ(nr_virq[VIRQ_CONSOLE], 1);
    CHECK_EQ(console_read_input(buf, 2), 2);
    CHECK_EQ(console_read_input(buf + 2, 100), 1);
    assert_memory_equal(buf, "ls\r", 3);

    typed = "\1\1\1xx\1\1\1x";
    console_input_poll();
    CHECK_EQ(keys_run, 2);
    CHECK_EQ(console_read_input(buf, 100), 1);
    CHECK_EQ(buf[0], 'x');
    CHECK_EQ(nr_virq[VIRQ_CONSOLE], 2);
}

TEST(fewer_than_three_switch_keys_are_passed_on)
{
    char buf[8];

    typed = "\1\1a\1";
    console_input_poll();
    CHECK_EQ(console_read_input(buf, sizeof(buf)), 3);
    assert_memory_equal(buf, "\1\1a", 3);
    typed = "b";
    console_input_poll();
    CHECK_EQ(console_read_input(buf, sizeof(buf)), 2);
    assert_memory_equal(buf, "\1b", 2);
}

TEST(too_much_input_is_dropped)
{
    char many[1000], buf[1000];

    memset(many, 'q', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    typed = many;
    console_input_poll();
    typed = "";
    CHECK_EQ(console_read_input(buf, sizeof(buf)), 256);
}

TEST(screen_shows_the_last_lines)
{
    const uint16_t *screen = (const uint16_t *)(memory + 0xb8000);

    assert_true(console_uses_vga());
    console_write("\nfirst\nsecond\n", 14);
    CHECK_EQ(screen[22 * 80] & 0xff, 'f');
    CHECK_EQ(screen[23 * 80] & 0xff, 's');
    CHECK_EQ(screen[24 * 80] & 0xff, ' ');
    for ( int i = 0; i < 81; i++ )
        console_write("w", 1);
    CHECK_EQ(screen[23 * 80 + 79] & 0xff, 'w');
    CHECK_EQ(screen[24 * 80] & 0xff, 'w');
    CHECK_EQ(screen[24 * 80 + 1] & 0xff, ' ');
}

/* Last: the ring is the large one from here on, and the screen is gone. */
TEST(full_size_ring_keeps_the_text)
{
    uint32_t index = 0;

    console_write("before", 6);
    read_ring(false, true, &index, 3);
    console_init();
    console_write(" after", 6);
    CHECK_EQ(read_ring(false, true, &index, 100), 9);
    CHECK_STR(copied, "ore after");
    console_end_vga();
    assert_false(console_uses_vga());
    console_write("x", 1);
}

#define T(name) cmocka_unit_test_setup(name, setup)
TESTS(T(log_lines_get_prefix_newline_and_carriage_return),
      T(levels_filter),
      T(lines_that_a_guest_causes_are_limited),
      T(incremental_reader_gets_each_byte_once),
      T(clear_drops_what_was_read),
      T(reader_that_fell_behind_or_lies_gets_the_oldest),
      T(bad_buffer_is_efault_and_drops_nothing),
      T(new_lines_tell_dom0_later),
      T(input_goes_to_dom0_until_switched),
      T(fewer_than_three_switch_keys_are_passed_on),
      T(too_much_input_is_dropped),
      T(screen_shows_the_last_lines),
      T(full_size_ring_keeps_the_text))
