/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl create and config-update: from a configuration's text to a running guest.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "show.h"
#include "xl.h"
#include "xlconf.h"
#include "xenolith/console.h"

#define NO_FILE 6               /* exit status without a configuration file, as ever */
#define DETACH 0x1d             /* CTRL-] */

struct request {
    const char *path;
    char *extra;                /* key=value operands as lines */
    bool console, debug, no_monitor, foreground, paused, quiet, ignore_masks, dry_run;
    pid_t viewer;               /* the console's process */
};

/* name=value, as xl.cfg has it? */
static bool is_setting(const char *text)
{
    const char *p = text;

    while ( isalnum((unsigned char)*p) || *p == '_' || *p == '.' )
        p++;
    while ( *p == ' ' )
        p++;
    return p > text && (*p == '=' || (*p == '+' && p[1] == '='));
}

static void add_setting(struct request *r, const char *text)
{
    char *more = xl_format("%s%s\n", r->extra ? r->extra : "", text);

    free(r->extra);
    r->extra = more;
}

static int read_operands(struct request *r, int argc, char **argv, int first)
{
    for ( int i = first; i < argc; i++ ) {
        if ( is_setting(argv[i]) )
            add_setting(r, argv[i]);
        else if ( r->path )
            return xl_error("%s: %s: the configuration is already %s; settings are key=value",
                            xl.command->name, argv[i], r->path);
        else
            r->path = argv[i];
    }
    return XL_OK;
}

static int read_create(struct request *r, int argc, char **argv)
{
    int c;

    r->dry_run = xl.dry_run;
    while ( (c = xl_getopt(argc, argv)) != -1 ) {
        switch ( c ) {
        case 'c': r->console = true; break;
        case 'd': r->debug = true; break;
        case 'e': r->no_monitor = true; break;
        case 'F': r->foreground = true; break;
        case 'f': r->path = optarg; break;
        case 'n': r->dry_run = true; break;
        case 'p': r->paused = true; break;
        case 'q': r->quiet = true; break;
        case 'V':
        case 'A': xl_warn("create: -%c: this guest has no display to show", c); break;
        case OPT_IGNORE_MASKS: r->ignore_masks = true; break;
        }
    }
    if ( read_operands(r, argc, argv, optind) )
        return XL_FAILED;
    if ( r->path )
        return XL_OK;
    xl_error("create: which? give a configuration file, see xl.cfg(5)");
    return NO_FILE;
}

/* Read and complete the configuration: 0, or the exit status after a message. */
static int load(const struct request *r, struct xn_domain_config *c)
{
    struct xn_findings f = { 0 };
    int rc;

    if ( !r->quiet )
        fprintf(stderr, "Parsing config from %s\n", r->path);
    rc = xn_config_load(xl_ctx(), c, &f, r->path, r->extra);
    if ( f.errors || !r->quiet )
        xn_findings_print(&f, r->path, stderr);
    if ( rc )
        xl_failed(NULL, "%s", xl.command->name);
    xn_findings_free(&f);
    if ( rc )
        return rc == -EINVAL ? XL_FAILED : XL_NOT_CREATED;
    return xl_defaults(c, r->ignore_masks);
}

/* One creation at a time, as it has always been: they compete for memory and names. */
static int lock(void)
{
    const char *path = xl_conf()->lockfile;
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd;

    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if ( fd < 0 ) {
        xl_error("create: %s: %s; lockfile= in %s names another", path, strerror(errno),
                 XL_CONF_PATH);
        return -1;
    }
    if ( fcntl(fd, F_SETLK, &l) == 0 )
        return fd;
    if ( xl.verbose && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK )
        fprintf(stderr, "waiting for process %d, which is creating a domain\n", (int)l.l_pid);
    l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
    while ( fcntl(fd, F_SETLKW, &l) ) {
        if ( errno == EINTR )
            continue;
        xl_error("create: %s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* The console's process, up before the guest's first instruction. */
static int start_console(struct xn_ctx *ctx, uint32_t domid, void *data)
{
    struct request *r = data;
    char ready;
    int fds[2];

    if ( pipe2(fds, O_CLOEXEC) )
        return xn_fail(ctx, errno, "a pipe for the console: %s", strerror(errno));
    fflush(NULL);
    r->viewer = fork();
    if ( r->viewer < 0 ) {
        close(fds[0]);
        close(fds[1]);
        return xn_fail(ctx, errno, "a process for the console: %s", strerror(errno));
    }
    if ( !r->viewer ) {
        struct xn_console_view view = { .domid = domid, .wait = true, .escape = DETACH,
                                        .notify_fd = fds[1] };

        close(fds[0]);
        _exit(xn_console_run(&view) ? XL_FAILED : XL_OK);
    }
    close(fds[1]);
    while ( read(fds[0], &ready, 1) < 0 && errno == EINTR )
        ;
    close(fds[0]);
    return 0;
}

static int end_console(pid_t viewer)
{
    int status = 0;

    while ( waitpid(viewer, &status, 0) < 0 && errno == EINTR )
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : XL_FAILED;
}

/* What it would be and what would be done.  The configuration goes to stdout for programs. */
static int dry_run(const struct request *r, struct xn_domain_config *c)
{
    struct xn_create_options o = { .paused = r->paused, .dry_run = true };
    uint32_t domid;
    int rc = XL_OK;

    if ( !c->has_uuid )
        uuid_generate(c->uuid);
    c->has_uuid = true;
    if ( r->debug || !isatty(STDOUT_FILENO) )
        rc = show_config(c, xl_wants_sxp());
    fflush(stdout);
    if ( !r->quiet )
        xl_set_level(xl.verbose > 1 ? XN_DEBUG : XN_INFO);
    if ( xn_domain_create(xl_ctx(), c, &o, &domid) ) {
        xl_failed(c->name, "create");
        return XL_NOT_CREATED;
    }
    return rc;
}

static int create(struct request *r, struct xn_domain_config *c, uint32_t *domid)
{
    struct xn_create_options o = { .paused = r->paused };
    int fd = lock(), rc;

    if ( fd < 0 )
        return XL_FAILED;
    if ( r->console ) {
        o.console_ready = start_console;
        o.data = r;
    }
    rc = xn_domain_create(xl_ctx(), c, &o, domid);
    close(fd);
    if ( rc ) {
        xl_failed(c->name, "create");
        return XL_NOT_CREATED;
    }
    return XL_OK;
}

static int run(struct request *r, struct xn_domain_config *c)
{
    uint32_t domid = 0;
    int rc;

    if ( r->dry_run )
        return dry_run(r, c);
    if ( r->debug )
        show_config_on(stderr, c);
    rc = create(r, c, &domid);
    if ( !rc && !r->no_monitor )
        rc = xl_monitor(domid, c, r->foreground && !r->viewer);
    if ( r->viewer > 0 ) {
        int seen = end_console(r->viewer);

        rc = rc ? rc : seen;
    }
    return rc;
}

int cmd_create(int argc, char **argv)
{
    struct request r = { 0 };
    struct xn_domain_config c;
    int rc = read_create(&r, argc, argv);

    if ( rc )
        return rc;
    rc = load(&r, &c);
    if ( !rc )
        rc = run(&r, &c);
    xn_config_free(&c);
    free(r.extra);
    return rc;
}

int cmd_config_update(int argc, char **argv)
{
    struct request r = { 0 };
    struct xn_domain_config c;
    const char *name;
    uint32_t domid;
    int o, rc;

    while ( (o = xl_getopt(argc, argv)) != -1 ) {
        r.debug |= o == 'd';
        r.path = o == 'f' ? optarg : r.path;
    }
    name = argv[optind];
    if ( read_operands(&r, argc, argv, optind + 1) || xl_find(name, &domid) )
        return XL_FAILED;
    if ( !r.path )
        return xl_error("%s: config-update: with which configuration file?", name);
    r.quiet = true;
    rc = load(&r, &c);
    if ( !rc && r.debug )
        show_config_on(stderr, &c);
    if ( !rc && xl.dry_run )
        printf("domain %u would restart with %s\n", domid, r.path);
    else if ( !rc && xn_domain_config_update(xl_ctx(), domid, &c) )
        rc = xl_failed(name, "config-update");
    xn_config_free(&c);
    free(r.extra);
    return rc;
}

/* A configuration file, or a domain that there is. */
int cmd_domain_to_xml(int argc, char **argv)
{
    struct request r = { .quiet = true, .ignore_masks = true };
    struct xn_domain_config c;
    uint32_t domid;
    char *xml;
    int rc;

    xl_no_options(argc, argv);
    if ( read_operands(&r, argc, argv, optind) )
        return XL_FAILED;
    if ( !r.path )
        return xl_error("domain-to-xml: of what? give a configuration file or a domain");
    if ( access(r.path, F_OK) == 0 || strchr(r.path, '/') ) {
        rc = load(&r, &c);
        if ( rc ) {
            xn_config_free(&c);
            return rc;
        }
    } else {
        if ( xl_find(r.path, &domid) )
            return XL_FAILED;
        if ( xn_domain_config(xl_ctx(), domid, &c) )
            return xl_failed(r.path, "domain-to-xml");
    }
    rc = XL_OK;
    if ( xn_config_to_xml(xl_ctx(), &c, &xml) ) {
        rc = xl_failed(r.path, "domain-to-xml");
    } else {
        printf("%s%s", xml, *xml && xml[strlen(xml) - 1] == '\n' ? "" : "\n");
        free(xml);
    }
    xn_config_free(&c);
    free(r.extra);
    return rc;
}
