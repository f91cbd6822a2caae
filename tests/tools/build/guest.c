/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest by the builder alone, in dom0: create, build, start, show its console, destroy.  For
 * trying the builder on a hypervisor without the rest of the toolstack.
 *
 *     guest KERNEL RAMDISK|- MIB SECONDS [WORDS OF THE COMMAND LINE...]
 *
 * With DUMP=FILE in the environment its memory is dumped there before it is destroyed.
 *
 * Prints what each step took in milliseconds.  Ends when the guest does, or after SECONDS; its
 * status is 0 if the guest shut down or lived that long, 1 if it crashed or was not built.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xenabi/io/console.h>
#include <xenabi/xen.h>
#include <xenstore.h>

#include "build/build.h"
#include "ctx/domctl.h"
#include "ctx/foreign.h"
#include "ctx/guest.h"
#include "xenolith/xenolith.h"

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void step(const char *what)
{
    static double last;
    const double now = now_ms();

    if ( last )
        printf("guest.c: %-10s %9.2f ms\n", what, now - last);
    last = now_ms();
}

static int make(struct xn_ctx *ctx, uint32_t *domid, struct pv_build *b)
{
    const struct xen_domctl_createdomain c = {
        .max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = 64,
        .max_maptrack_frames = 1024, .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .handle = { 0x42 },
    };
    int rc = hc_createdomain(ctx, domid, &c);

    if ( rc )
        return rc;
    b->domid = *domid;
    rc = hc_max_vcpus(ctx, *domid, 1);
    if ( !rc )
        rc = hc_max_mem(ctx, *domid, b->memory_kib + 1024);
    if ( !rc )
        rc = hc_evtchn_alloc_unbound(ctx, *domid, 0, &b->store_port);
    if ( !rc )
        rc = hc_evtchn_alloc_unbound(ctx, *domid, 0, &b->console_port);
    step("create");
    if ( !rc )
        rc = build_pv(ctx, b);
    step("build");
    return rc;
}

/* Enough of a store for its xenbus to come up. */
static int introduce(struct xn_ctx *ctx, const struct pv_build *b)
{
    char path[64], value[32];
    struct xs_handle *xs;
    int rc = ctx_store(ctx, &xs);

    if ( rc )
        return rc;
    snprintf(path, sizeof(path), "/local/domain/%u/domid", b->domid);
    snprintf(value, sizeof(value), "%u", b->domid);
    if ( !xs_write(xs, XBT_NULL, path, value, (unsigned int)strlen(value)) ||
         !xs_introduce_domain(xs, b->domid, b->store_mfn, b->store_port) )
        return xn_fail(ctx, errno, "introducing it to the store: %s", strerror(errno));
    return 0;
}

static void forget(struct xn_ctx *ctx, uint32_t domid)
{
    char path[64];
    struct xs_handle *xs;

    if ( ctx_store(ctx, &xs) )
        return;
    snprintf(path, sizeof(path), "/local/domain/%u", domid);
    xs_rm(xs, XBT_NULL, path);
    xs_release_domain(xs, domid);
}

static void show_console(volatile struct xencons_interface *c)
{
    uint32_t cons = c->out_cons;
    const uint32_t prod = c->out_prod;

    for ( ; cons != prod && prod - cons <= sizeof(c->out); cons++ )
        putchar(c->out[cons % sizeof(c->out)]);
    c->out_cons = cons;
    fflush(stdout);
}

static int watch(struct xn_ctx *ctx, const struct pv_build *b, int seconds, void *console)
{
    const double end = now_ms() + seconds * 1e3;
    struct xn_domain d = { 0 };

    while ( now_ms() < end && !d.shutdown ) {
        usleep(20000);
        show_console(console);
        if ( xn_domain_info(ctx, b->domid, &d) )
            return 1;
    }
    show_console(console);
    printf("\nguest.c: domain %u %s, reason %u, %llu pages, %.3f s of CPU time\n", d.domid,
           d.shutdown ? "shut down" : d.blocked ? "waits" : "runs", d.shutdown_reason,
           (unsigned long long)d.pages, (double)d.cpu_time_ns / 1e9);
    return d.shutdown && d.shutdown_reason != 0;
}

static int run(struct xn_ctx *ctx, struct pv_build *b, const char *kernel, int seconds)
{
    uint32_t domid = 0;
    void *console = NULL;
    char text[256];
    int rc;

    step("");
    rc = image_open(ctx, kernel, USE_PV, &b->image);
    step("image");
    if ( rc )
        return rc;
    image_describe(b->image, text, sizeof(text));
    printf("guest.c: %s\n", text);
    step("");
    rc = make(ctx, &domid, b);
    if ( !rc )
        rc = hc_map(ctx, domid, PROT_READ | PROT_WRITE, &b->console_mfn, 1, &console, NULL);
    if ( !rc )
        rc = introduce(ctx, b);
    step("store");
    if ( !rc )
        rc = xn_domain_unpause(ctx, domid);
    step("unpause");
    image_close(b->image);
    step("close");
    if ( !rc )
        rc = watch(ctx, b, seconds, console);
    if ( rc >= 0 && getenv("DUMP") && xn_domain_dump_core(ctx, domid, getenv("DUMP")) )
        printf("guest.c: %s\n", xn_why(ctx));
    hc_unmap(ctx, console, console ? 1 : 0);
    if ( domid ) {
        step("");
        hc_destroydomain(ctx, domid);
        step("destroy");
        forget(ctx, domid);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct xn_ctx *ctx = xn_ctx_new();
    struct pv_build b = { .nr_vcpus = 1 };
    char cmdline[1024] = "";
    int rc;

    if ( argc < 5 ) {
        fprintf(stderr, "usage: guest KERNEL RAMDISK|- MIB SECONDS [COMMAND LINE...]\n");
        return 2;
    }
    for ( int i = 5; i < argc; i++ )
        snprintf(cmdline + strlen(cmdline), sizeof(cmdline) - strlen(cmdline), "%s%s",
                 i > 5 ? " " : "", argv[i]);
    b.cmdline = cmdline;
    b.ramdisk_path = strcmp(argv[2], "-") ? argv[2] : NULL;
    b.memory_kib = strtoull(argv[3], NULL, 10) << 10;
    rc = run(ctx, &b, argv[1], atoi(argv[4]));
    if ( rc < 0 )
        printf("guest.c: %s\n", xn_why(ctx));
    xn_ctx_free(ctx);
    return rc ? 1 : 0;
}
