/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl top with a machine that a test writes into files: $FAKE_TOP/domains, read anew for each
 * sample, and $FAKE_TOP/sys in place of /sys.  A line of the first is
 *
 *   host TOTAL-PAGES FREE-PAGES CPUS KHZ
 *   domain ID FLAGS CPU-NS PAGES MAX-PAGES VCPUS SSID NAME      FLAGS: letters of dsbcpr
 *   fail                                                        the hypervisor does not answer
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "top.h"

#define MAX 128

static struct xn_domain domains[MAX];
static char names[MAX][256];
static struct xn_host host;
static size_t count;
static bool fails;

static void read_domain(const char *line)
{
    struct xn_domain *d = &domains[count];
    unsigned long long cpu, pages, max;
    char flags[16];

    memset(d, 0, sizeof(*d));
    if ( sscanf(line, "domain %u %15s %llu %llu %llu %u %u %255[^\n]", &d->domid, flags, &cpu,
                &pages, &max, &d->online_vcpus, &d->ssidref, names[count]) != 8 )
        abort();
    d->cpu_time_ns = cpu;
    d->pages = pages;
    d->max_pages = max;
    d->uuid[0] = (uint8_t)d->domid;
    d->dying = strchr(flags, 'd');
    d->shutdown = strpbrk(flags, "sc");
    d->shutdown_reason = strchr(flags, 'c') ? 3 : 0;
    d->blocked = strchr(flags, 'b');
    d->paused = strchr(flags, 'p');
    d->running = strchr(flags, 'r');
    count++;
}

static void read_file(void)
{
    char path[256], line[512];
    unsigned long long total, free_pages;
    FILE *f;

    snprintf(path, sizeof(path), "%s/domains", getenv("FAKE_TOP"));
    f = fopen(path, "r");
    count = 0;
    fails = !f;
    while ( f && fgets(line, sizeof(line), f) && count < MAX ) {
        if ( !strncmp(line, "domain", 6) )
            read_domain(line);
        else if ( sscanf(line, "host %llu %llu %u %u", &total, &free_pages, &host.nr_cpus,
                         &host.cpu_khz) == 4 ) {
            host.total_pages = total;
            host.free_pages = free_pages;
        } else if ( !strncmp(line, "fail", 4) )
            fails = true;
    }
    if ( f )
        fclose(f);
}

int xn_host_info(struct xn_ctx *ctx, struct xn_host *h)
{
    read_file();
    *h = host;
    return fails ? -EIO : 0;
}

int xn_domain_list(struct xn_ctx *ctx, struct xn_domain **list, size_t *n)
{
    *list = malloc(sizeof(domains));
    memcpy(*list, domains, sizeof(domains));
    *n = count;
    return 0;
}

int xn_domain_vcpus(struct xn_ctx *ctx, uint32_t domid, struct xn_vcpu **list, size_t *n)
{
    for ( size_t i = 0; i < count; i++ )
        if ( domains[i].domid == domid ) {
            *n = domains[i].online_vcpus;
            *list = calloc(*n + 1, sizeof(**list));
            for ( size_t v = 0; v < *n; v++ ) {
                (*list)[v].id = (uint32_t)v;
                (*list)[v].online = true;
                (*list)[v].cpu_time_ns = domains[i].cpu_time_ns / *n;
            }
            return 0;
        }
    return -ESRCH;
}

void xn_domain_vcpus_free(struct xn_vcpu *list, size_t n)
{
    free(list);
}

char *xl_shown_name(uint32_t domid)
{
    for ( size_t i = 0; i < count; i++ )
        if ( domains[i].domid == domid )
            return strdup(names[i]);
    return strdup("(null)");
}

struct xn_ctx *xl_ctx(void)
{
    return NULL;
}

void *xl_alloc(size_t size)
{
    return malloc(size);
}

bool xl_number(const char *text, long min, long max, long *value)
{
    char *end;

    *value = strtol(text, &end, 10);
    return end != text && !*end && *value >= min && *value <= max;
}

int xl_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    return XL_FAILED;
}

int xl_failed(const char *name, const char *fmt, ...)
{
    fprintf(stderr, "%s: the hypervisor does not answer\n", fmt);
    return XL_FAILED;
}

int xl_getopt(int argc, char **argv)
{
    static const struct option longs[] = { { "json", no_argument, NULL, OPT_JSON },
                                           { NULL, 0, NULL, 0 } };

    return getopt_long(argc, argv, "d:nxrvfbi:zV", longs, NULL);
}

int main(int argc, char **argv)
{
    static char sys[256];

    snprintf(sys, sizeof(sys), "%s/sys", getenv("FAKE_TOP"));
    top_sys = sys;
    return cmd_top(argc, argv);
}
