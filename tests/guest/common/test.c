/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting checks, and the line with the outcome that the runner looks for. */
#include "test.h"
#include <guest/store.h>
#include <xenabi/sched.h>

static unsigned int nr_checks, nr_failed;

void test_check(bool ok, const char *what, const char *file, int line)
{
    nr_checks++;
    if ( !ok ) {
        nr_failed++;
        console_printf("FAIL %s:%d: %s\n", file, line, what);
    }
}

void test_equal(long got, long want, const char *what, const char *file, int line)
{
    nr_checks++;
    if ( got != want ) {
        nr_failed++;
        console_printf("FAIL %s:%d: %s: got %ld (%#lx), want %ld (%#lx)\n",
                       file, line, what, got, got, want, want);
    }
}

static void __attribute__((noreturn)) finish(const char *outcome, const char *text)
{
    console_printf("RESULT: %s %s\n", outcome, text);
    /* A reboot ends an emulator that is told not to reboot; power-off may only halt it. */
    guest_shutdown(SHUTDOWN_reboot);
}

void test_skip(const char *why)
{
    finish("skip", why);
}

void test_error(const char *why)
{
    finish("error", why);
}

void test_end(void)
{
    char text[64];

    snprintf(text, sizeof(text), "%u checks, %u failed", nr_checks, nr_failed);
    finish(nr_failed ? "failure" : nr_checks ? "success" : "error", text);
}

uint64_t test_option(const char *name, uint64_t otherwise)
{
    const char *at = strstr((const char *)start_info->cmd_line, name);

    return at && at[strlen(name)] == '=' ? parse_number(at + strlen(name) + 1) : otherwise;
}

uint16_t test_domid(void)
{
    char buf[16];

    if ( guest_is_dom0() )
        return 0;
    if ( store_read(0, "domid", buf, sizeof(buf)) <= 0 )
        test_error("the store does not tell our number");
    return (uint16_t)parse_number(buf);
}

void guest_main(void)
{
    test_main();
    test_end();
}
