/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every guest test shares: checks, and the one line with the outcome.
 *
 * A test supplies test_main.  Failed checks print a line each and the test
 * goes on; when test_main returns, RESULT is printed and the domain ends.
 */
#ifndef TESTS_GUEST_TEST_H
#define TESTS_GUEST_TEST_H

#include <guest/clock.h>
#include <guest/console.h>
#include <guest/event.h>
#include <guest/hypercall.h>
#include <guest/lib.h>
#include <guest/mem.h>
#include <guest/smp.h>
#include <guest/start.h>
#include <guest/trap.h>
#include <xenabi/xen.h>

void test_main(void);

void test_check(bool ok, const char *what, const char *file, int line);
void test_equal(long got, long want, const char *what, const char *file, int line);
void __attribute__((noreturn)) test_skip(const char *why);
void __attribute__((noreturn)) test_error(const char *why);     /* the test itself cannot work */
void __attribute__((noreturn)) test_end(void);                  /* as if test_main returned */

/* The argument NAME=value of the guest's command line, else @otherwise. */
uint64_t test_option(const char *name, uint64_t otherwise);

uint16_t test_domid(void);      /* our own number */

#define CHECK(cond)      test_check((cond), #cond, __FILE__, __LINE__)
#define EQ(expr, want)   test_equal((long)(expr), (long)(want), #expr, __FILE__, __LINE__)
/* For rows of tables: @name says which. */
#define EQ_ROW(name, expr, want) test_equal((long)(expr), (long)(want), name, __FILE__, __LINE__)

#define BAD_PTR  0xffff830000000000ul   /* hypervisor's range: every handle here is -EFAULT */
#define HOLE_PTR 0x00000000deadb000ul   /* nothing mapped there */

#endif
