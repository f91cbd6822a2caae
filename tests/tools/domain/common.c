/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of this folder share: a fresh fake host for each, counting what is there.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common.h"
#include "domain/create.h"
#include "domain/dom.h"
#include "fake.h"

char fake_dir[64];
static char lib_dir[96], run_dir[96];

static void ignore(void *data, enum xn_level level, const char *line)
{
}

static void make_dir(const char *name)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s", fake_dir, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

int setup(void **state)
{
    static const char *const dirs[] = {
        "lib", "run", "bus", "bus/xen-backend", "bus/xen-backend/devices",
        "bus/xen-backend/drivers", "bus/xen-backend/drivers/vbd", "bus/xen-backend/drivers/vif",
        "dev", "dev/block",
    };
    struct xn_ctx *ctx = xn_ctx_new();

    strcpy(fake_dir, "/tmp/domain-test-XXXXXX");
    assert_non_null(mkdtemp(fake_dir));
    for ( size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++ )
        make_dir(dirs[i]);
    snprintf(lib_dir, sizeof(lib_dir), "%s/lib", fake_dir);
    snprintf(run_dir, sizeof(run_dir), "%s/run", fake_dir);
    dom_lib_dir = lib_dir;
    dom_run_dir = run_dir;
    dev_sysfs = fake_dir;
    dom_fault = NULL;
    setenv("XENSTORED_PATH", "/nowhere", 1);
    fake_store_reset();
    fake_host_reset(fake_dir);
    fake_set("Domain-0", "/local/domain/0/name");
    fake_set("", "/vm");
    fake_set("", "/libxl");
    fake_set("", "/local/domain/0/error");
    xn_set_log(ctx, XN_DEBUG, ignore, NULL);
    *state = ctx;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

int teardown(void **state)
{
    xn_ctx_free(*state);
    fake_store_reset();
    nftw(fake_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

int create(struct xn_ctx *ctx, const char *text, const struct xn_create_options *options,
           uint32_t *domid)
{
    struct xn_findings f = { 0 };
    struct xn_domain_config c;
    int rc;

    xn_config_init(&c);
    rc = xn_config_parse(&c, &f, "test", text, strlen(text), NULL);
    if ( rc )
        xn_fail(ctx, -rc, "%s", f.list[0].text);
    else
        rc = xn_domain_create(ctx, &c, options, domid);
    xn_findings_free(&f);
    xn_config_free(&c);
    return rc;
}

static size_t count(const char *dir, const char *prefix)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    size_t n = 0;

    while ( d && (e = readdir(d)) )
        n += e->d_name[0] != '.' && !strncmp(e->d_name, prefix, strlen(prefix));
    closedir(d);
    return n;
}

size_t count_files(const char *dir)
{
    return count(dir, "");
}

size_t count_claims(void)
{
    return count(run_dir, "creating-");
}

size_t count_back_ends(void)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/bus/xen-backend/devices", fake_dir);
    return count(path, "");
}

void close_locks(void)
{
    for ( int fd = 3; fd < 64; fd++ ) {
        char link[40], target[300];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = 0;
        if ( strstr(target, "/creating-") || strstr(target, "names.lock") )
            close(fd);
    }
}

void unlink_history(void)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/domid-history", run_dir);
    unlink(path);
}

void assert_matches_file(const char *name)
{
    char *dump = fake_dump(), *at = dump, *line, want[512], path[300];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", TEST_DIR, name);
    f = fopen(path, "r");
    assert_non_null(f);
    while ( fgets(want, sizeof(want), f) ) {
        want[strcspn(want, "\n")] = 0;
        line = strsep(&at, "\n");
        if ( !line || fnmatch(want, line, 0) )
            fail_msg("the store has %s, expected is %s", line ? line : "(nothing)", want);
    }
    if ( at && *at )
        fail_msg("the store also has %s", at);
    fclose(f);
    free(dump);
}

static void add_warning(void *data, enum xn_level level, const char *line)
{
    struct warnings *w = data;

    if ( level <= XN_WARN && strlen(w->text) + strlen(line) + 2 < sizeof(w->text) )
        strcat(strcat(w->text, line), "\n");
}

void collect_warnings(struct xn_ctx *ctx, struct warnings *w)
{
    memset(w, 0, sizeof(*w));
    xn_set_log(ctx, XN_DEBUG, add_warning, w);
}
