/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that guests write or cause: whole, clean, and ten a second for each domain. */
#include "cm.h"

#include "base/fmt.h"
#include "base/log.h"
#include "core/evtchn.h"
#include "core/guest_access.h"
#include "core/host_console.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"
#include "kern/console.h"

#define SECOND 1000000000ULL

struct domain *dom0;
static struct domain a = { .id = 1 }, b = { .id = 2 };
static struct pcpu cpu;
static const struct console_ops *ops;
static uint64_t now = 5 * SECOND;
static char out[65536];

struct pcpu *this_pcpu(void) { return &cpu; }
uint64_t clock_now_ns(void) { return now; }
void console_set_ops(const struct console_ops *new_ops) { ops = new_ops; }
void evtchn_send_global_virq(uint32_t virq) { }
bool copy_to_guest(guest_ptr_t dst, const void *src, size_t len) { return false; }
void dump_init(void) { }
void console_write(const char *s, size_t len) { strncat(out, s, len); }
static char past_the_ring[64];
void console_write_devices(const char *s, size_t len) { strncat(past_the_ring, s, len); }

static int setup(void **state_)
{
    now += 100 * SECOND;
    out[0] = 0;
    host_console_init();
    return 0;
}

/* Of @nr attempts at once, how many lines @d may show. */
static unsigned int shown(const struct domain *d, unsigned int nr, uint32_t *dropped)
{
    unsigned int n = 0;

    for ( *dropped = 0; nr; nr-- ) {
        uint32_t more = 0;

        n += ops->guest_line(d, &more);
        *dropped += more;
    }
    return n;
}

TEST(ten_lines_at_once_and_ten_more_each_second)
{
    uint32_t dropped;

    CHECK_EQ(shown(&a, 100, &dropped), 10);
    CHECK_EQ(shown(&b, 100, &dropped), 10);
    CHECK_EQ(shown(&a, 10, &dropped), 0);
    now += SECOND / 10;
    CHECK_EQ(shown(&a, 10, &dropped), 1);
    CHECK_EQ(dropped, 100);
    now += SECOND;
    CHECK_EQ(shown(&a, 1000, &dropped), 10);
    now += 1000 * SECOND;
    CHECK_EQ(shown(&a, 1000, &dropped), 10);
}

TEST(never_more_than_twenty_in_any_second)
{
    unsigned int total = 0;

    for ( unsigned int ms = 0; ms < 10000; ms++, now += SECOND / 1000 ) {
        uint32_t dropped;

        total += shown(&a, 3, &dropped);
    }
    CHECK_EQ(total, 10 + 99);
}

TEST(guests_text_is_limited)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < 50; i++ )
        host_console_write(&a, "flood\n", 6);
    for ( const char *p = out; (p = strstr(p, "flood")); p++ )
        n++;
    CHECK_EQ(n, 10);
    now += SECOND;
    host_console_write(&a, "again\n", 6);
    assert_non_null(strstr(out, "40 lines dropped"));
}

TEST(the_control_domains_text_goes_to_the_devices_as_it_is)
{
    struct domain control = { .is_privileged = true };

    host_console_write(&control, "half a line\033", 12);
    assert_string_equal(past_the_ring, "half a line\033");
    assert_string_equal(out, "");
}

TEST(control_characters_do_not_get_through)
{
    const char text[] = "x\r\033[2K(XEN) forged\n";

    host_console_write(&b, text, sizeof(text) - 1);
    assert_null(strchr(out, '\033'));
    assert_null(strchr(out, '\r'));
    assert_non_null(strstr(out, "(d2) x[2K(XEN) forged\n"));
}

#define T(name) cmocka_unit_test_setup(name, setup)
TESTS(T(ten_lines_at_once_and_ten_more_each_second),
      T(never_more_than_twenty_in_any_second),
      T(guests_text_is_limited),
      T(the_control_domains_text_goes_to_the_devices_as_it_is),
      T(control_characters_do_not_get_through))
