/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices on the fake host: attaching and detaching, who has a disk already, what a guest may
 * write into the store, hotplug scripts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common.h"
#include "device/backproc.h"
#include "device/hotplug.h"
#include "device/inuse.h"
#include "device/keep.h"
#include "device/link.h"
#include "device/process.h"
#include "device/vdev.h"
#include "domain/dom.h"
#include "fake.h"

static int attach_disk(struct xn_ctx *ctx, uint32_t domid, const char *spec)
{
    struct xn_findings f = { 0 };
    struct xn_disk d;
    int rc;

    xn_disk_init(&d);
    assert_int_equal(xn_config_parse_disk(&d, &f, spec), 0);
    rc = xn_disk_attach(ctx, domid, &d);
    xn_disk_free(&d);
    xn_findings_free(&f);
    return rc;
}

static int attach_nic(struct xn_ctx *ctx, uint32_t domid, const char *spec)
{
    struct xn_findings f = { 0 };
    struct xn_nic n;
    int rc;

    xn_nic_init(&n);
    assert_int_equal(xn_config_parse_nic(&n, &f, spec), 0);
    rc = xn_nic_attach(ctx, domid, &n);
    xn_nic_free(&n);
    xn_findings_free(&f);
    return rc;
}

static void kept_devices(struct xn_ctx *ctx, uint32_t domid, size_t disks, size_t nics)
{
    struct xn_domain_config c;

    assert_int_equal(xn_domain_config(ctx, domid, &c), 0);
    assert_int_equal(c.nr_disks, disks);
    assert_int_equal(c.nr_nics, nics);
    xn_config_free(&c);
}

static void devices_come_and_go(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before, *after;
    uint32_t domid;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    before = fake_dump();
    assert_int_equal(attach_disk(ctx, domid, "/bin/sh,raw,xvdb,r"), 0);
    assert_string_equal(fake_get("/libxl/1/device/vbd/51728/dev"), "xvdb");
    kept_devices(ctx, domid, 1, 0);
    assert_int_equal(attach_disk(ctx, domid, "/bin/sh,raw,xvdb,r"), -EEXIST);
    assert_int_equal(attach_nic(ctx, domid, "bridge=xenbr0,mac=00:16:3e:aa:bb:cc"), 0);
    assert_int_equal(attach_nic(ctx, domid, "bridge=xenbr0"), 0);
    assert_non_null(fake_get("/local/domain/0/backend/vif/1/1/mac"));
    kept_devices(ctx, domid, 1, 2);
    assert_int_equal(xn_nic_detach(ctx, domid, "00:16:3E:AA:BB:CC", false), 0);
    assert_null(fake_get("/libxl/1/device/vif/0/mac"));
    assert_int_equal(attach_nic(ctx, domid, "bridge=xenbr0"), 0);
    assert_non_null(fake_get("/libxl/1/device/vif/0/mac"));     /* the lowest free number */
    assert_int_equal(xn_nic_detach(ctx, domid, "0", false), 0);
    assert_int_equal(xn_nic_detach(ctx, domid, "1", true), 0);
    assert_int_equal(xn_nic_detach(ctx, domid, "1", false), -ENOENT);
    assert_int_equal(xn_disk_detach(ctx, domid, "xvdb", false), 0);
    assert_int_equal(xn_disk_detach(ctx, domid, "nonsense", false), -ENOENT);
    kept_devices(ctx, domid, 0, 0);
    after = fake_dump();
    assert_string_equal(before, after);
    assert_int_equal(fake_host.loops, 0);
    assert_int_equal(count_back_ends(), 0);
    free(after);
    free(before);
}

static void a_failing_attach_leaves_nothing(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before, *after;
    uint32_t domid;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    before = fake_dump();
    fake_host.fail = "loop";
    fake_host.fail_with = EMFILE;
    assert_int_equal(attach_disk(ctx, domid, "/bin/sh,raw,xvdb,r"), -EMFILE);
    fake_host.fail = "link";
    fake_host.fail_with = EIO;
    assert_int_equal(attach_nic(ctx, domid, "bridge=xenbr0"), -EIO);
    fake_host.back_ends_refuse = true;
    assert_true(attach_disk(ctx, domid, "/bin/sh,raw,xvdb,r") < 0);
    fake_host.back_ends_refuse = false;
    fake_store.refuse = "physical-device";
    fake_store.refuse_with = ENOSPC;
    assert_int_equal(attach_disk(ctx, domid, "/bin/sh,raw,xvdb,r"), -ENOSPC);
    fake_store.refuse = NULL;
    after = fake_dump();
    assert_string_equal(before, after);
    assert_int_equal(fake_host.loops, 0);
    kept_devices(ctx, domid, 0, 0);
    assert_int_equal(attach_disk(ctx, 0, "/bin/sh,raw,xvdb,r"), -EINVAL);
    assert_int_equal(attach_disk(ctx, 77, "/bin/sh,raw,xvdb,r"), -ESRCH);
    free(after);
    free(before);
}

static void write_program(const char *text)
{
    static char path[100];
    FILE *f;

    snprintf(path, sizeof(path), "%s/program", fake_dir);
    f = fopen(path, "w");
    fprintf(f, "#!/bin/sh\ncd %s\n%s\n", fake_dir, text);
    fclose(f);
    chmod(path, 0755);
    backproc_program = path;
    backproc_logs = fake_dir;
}

#define BY_PROCESS(target) target ",raw,xvdb,r,backendtype=xenolith"

static void a_process_serves_a_disk(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before, *after;
    uint32_t domid;

    write_program("echo $$ >pid\nexec sh -c 'while :; do sleep 1; done' \"$1\"");
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    before = fake_dump();
    for ( int force = 0; force < 2; force++ ) {
        assert_int_equal(attach_disk(ctx, domid, BY_PROCESS("/bin/sh")), 0);
        assert_string_equal(fake_get("/libxl/1/device/vbd/51728/backend"),
                            "/local/domain/0/backend/xenblk/1/51728");
        assert_string_equal(fake_get("/local/domain/1/device/vbd/51728/backend"),
                            "/local/domain/0/backend/xenblk/1/51728");
        assert_null(fake_get("/local/domain/0/backend/xenblk/1/51728/physical-device"));
        kept_devices(ctx, domid, 1, 0);
        assert_int_equal(xn_disk_detach(ctx, domid, "xvdb", force), 0);
    }
    after = fake_dump();
    assert_string_equal(before, after);
    assert_int_equal(fake_host.loops, 0);
    free(after);
    free(before);
}

#define NIC_BY_PROCESS "bridge=xenbr0,backendtype=xenolith"

static void a_process_serves_a_network_interface(void **state)
{
    static const char folder[] = "/local/domain/0/backend/xenvif/1/0";
    struct xn_ctx *ctx = *state;
    struct xn_domain_config c;
    char *before, *after;
    uint32_t domid;

    write_program("echo $$ >pid\nexec sh -c 'while :; do sleep 1; done' \"$1\"");
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    before = fake_dump();
    for ( int force = 0; force < 2; force++ ) {
        assert_int_equal(attach_nic(ctx, domid, NIC_BY_PROCESS), 0);
        assert_string_equal(fake_get("/libxl/1/device/vif/0/backend"), folder);
        assert_string_equal(fake_get("/local/domain/1/device/vif/0/backend"), folder);
        assert_string_equal(fake_get("%s/hotplug-status", folder), "connected");
        assert_string_equal(fake_get("%s/bridge", folder), "xenbr0");
        assert_int_equal(xn_domain_config(ctx, domid, &c), 0);
        assert_true(c.nr_nics == 1 && c.nics[0].by_process);
        xn_config_free(&c);
        assert_int_equal(xn_nic_detach(ctx, domid, "0", force), 0);
        assert_false(link_exists("vif1.0"));
    }
    fake_host.back_ends_dead = true;
    write_program("echo alas\nexit 1");
    assert_true(attach_nic(ctx, domid, NIC_BY_PROCESS) < 0);
    assert_non_null(strstr(xn_why(ctx), "the back end of vif0 ended at once: alas"));
    assert_int_equal(attach_nic(ctx, domid, NIC_BY_PROCESS ",rate=1MB/s"), -ENOTSUP);
    backproc_program = "/nowhere/x";
    assert_int_equal(attach_nic(ctx, domid, NIC_BY_PROCESS), -ENOENT);
    after = fake_dump();
    assert_string_equal(before, after);
    kept_devices(ctx, domid, 0, 0);
    free(after);
    free(before);
}

static void a_process_that_is_waited_for(void **state)
{
    const struct dev_id id = { .kind = XN_DEVICE_VBD, .front = 3, .devid = 51728, .process = true };
    char pid[16];
    int fd;

    write_program("exec sh -c 'while :; do sleep 1; done' \"$1\"");
    assert_int_equal(backproc_start(*state, &id, false, &fd), 0);
    assert_false(backproc_runs(*state, &id));           /* it did not say who it is */
    snprintf(pid, sizeof(pid), "%d", getpid());
    fake_set(pid, "/local/domain/0/backend/xenblk/3/51728/pid");
    assert_false(backproc_runs(*state, &id));           /* that is another */
    assert_int_equal(process_kill(fd), 0);
    close(fd);
}

/* What a process says of itself: wait for its file, put it where the real one does; its id. */
static int say_pid(const char *folder)
{
    char path[100], text[16];
    int pid = 0;

    snprintf(path, sizeof(path), "%s/pid", fake_dir);
    for ( int i = 0; i < 500 && pid <= 0; i++ ) {
        FILE *f = fopen(path, "r");

        usleep(10000);
        if ( f && fscanf(f, "%d", &pid) != 1 )
            pid = 0;
        if ( f )
            fclose(f);
    }
    unlink(path);
    assert_true(pid > 0);
    snprintf(text, sizeof(text), "%d", pid);
    fake_set(text, "%s/pid", folder);
    return pid;
}

static void look_until(struct xn_ctx *ctx, struct keep *k, bool runs)
{
    struct pollfd p;
    int limit = 1000;

    for ( int i = 0; i < 500; i++ ) {
        keep_look(ctx, k);
        if ( keep_poll(k, &p, 1, &limit) == runs )
            return;
        usleep(10000);
    }
    fail();
}

static unsigned int count_lines(const char *name)
{
    char path[100];
    unsigned int n = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", fake_dir, name);
    f = fopen(path, "r");
    for ( int c; f && (c = fgetc(f)) != EOF; )
        n += c == '\n';
    if ( f )
        fclose(f);
    return n;
}

/* A domain whose network back end says who it is and then lives on. */
static uint32_t start_kept(struct xn_ctx *ctx)
{
    uint32_t domid;

    write_program("echo x >>starts\necho $$ >pid.new\nmv pid.new pid\n"
                  "exec sh -c 'while :; do sleep 1; done' \"$1\"");
    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    assert_int_equal(attach_nic(ctx, domid, NIC_BY_PROCESS), 0);
    return domid;
}

static void a_process_that_dies_is_started_again(void **state)
{
    static const char folder[] = "/local/domain/0/backend/xenvif/1/0";
    struct xn_ctx *ctx = *state;
    struct keep k = { 0 };
    struct pollfd p;
    int pid, limit = 1000;

    k.domid = start_kept(ctx);
    keep_look(ctx, &k);
    assert_int_equal(keep_poll(&k, &p, 1, &limit), 0);  /* it has not said who it is */
    pid = say_pid(folder);
    look_until(ctx, &k, true);
    keep_poll(&k, &p, 1, &limit);
    for ( int i = 0; i < 3; i++ ) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(poll(&p, 1, 5000), 1);
        look_until(ctx, &k, true);
        pid = say_pid(folder);
        keep_look(ctx, &k);
        keep_poll(&k, &p, 1, &limit);
    }
    assert_int_equal(count_lines("starts"), 4);
    fake_set("0", "%s/online", folder);         /* it is to go */
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(poll(&p, 1, 5000), 1);
    for ( int i = 0; i < 5; i++ )
        keep_look(ctx, &k);
    assert_int_equal(keep_poll(&k, &p, 1, &limit), 0);
    assert_int_equal(count_lines("starts"), 4);
    fake_host.back_ends_dead = true;
    assert_int_equal(xn_nic_detach(ctx, k.domid, "0", true), 0);
    keep_look(ctx, &k);
    assert_int_equal(k.nr, 0);
    keep_free(&k);
}

static void a_process_that_always_dies_is_left(void **state)
{
    static const char folder[] = "/local/domain/0/backend/xenvif/1/0";
    struct xn_ctx *ctx = *state;
    struct keep k = { 0 };
    struct pollfd p;
    int pid, limit = 1000;

    k.domid = start_kept(ctx);
    pid = say_pid(folder);
    look_until(ctx, &k, true);
    write_program("echo x >>starts\nexit 1");
    assert_int_equal(kill(pid, SIGKILL), 0);
    keep_pause_ms = 1;
    for ( int i = 0; i < 200; i++ ) {
        keep_look(ctx, &k);
        usleep(5000);
    }
    assert_int_equal(count_lines("starts"), 9);         /* the first, and eight more */
    write_program("echo $$ >pid.new\nmv pid.new pid\nexec sh -c 'while :; do sleep 1; done' \"$1\"");
    keep_look(ctx, &k);
    assert_int_equal(keep_poll(&k, &p, 1, &limit), 0);
    {
        const struct dev_id id = { .kind = XN_DEVICE_VIF, .front = 1, .process = true };
        int fd;

        assert_int_equal(backproc_start(ctx, &id, true, &fd), 0);       /* somebody's hand */
        close(fd);
    }
    kill(say_pid(folder), 0);
    look_until(ctx, &k, true);
    keep_pause_ms = 1000;
    fake_host.back_ends_dead = true;
    fake_set("0", "%s/online", folder);
    backproc_kill(ctx, &(struct dev_id){ .kind = XN_DEVICE_VIF, .front = 1, .process = true });
    keep_free(&k);
}

static void a_process_that_is_missing_or_ends(void **state)
{
    struct xn_ctx *ctx = *state;
    char *before, *after;
    uint32_t domid;
    int fd;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    before = fake_dump();
    write_program("echo hello\necho no luck today\nexit 1");
    fake_host.back_ends_dead = true;
    assert_true(attach_disk(ctx, domid, BY_PROCESS("/bin/sh")) < 0);
    assert_non_null(strstr(xn_why(ctx), "the back end of xvdb ended at once: no luck today"));
    backproc_program = "/nowhere/x";
    assert_int_equal(attach_disk(ctx, domid, BY_PROCESS("/bin/sh")), -ENOENT);
    assert_non_null(strstr(xn_why(ctx), "backendtype=xenolith needs /nowhere/x: No such file"));
    assert_int_equal(attach_disk(ctx, domid, BY_PROCESS("/bin/sh") ",script=block-x"), -ENOTSUP);
    backproc_program = "/bin/true";
    fd = open("/bin/sh", O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(attach_disk(ctx, domid, BY_PROCESS("/bin/sh")), -EBUSY);
    assert_int_equal(attach_disk(ctx, domid, "/bin/sh,raw,xvdb,r"), -EBUSY);
    close(fd);
    after = fake_dump();
    assert_string_equal(before, after);
    kept_devices(ctx, domid, 0, 0);
    free(after);
    free(before);
}

static void what_a_guest_writes_is_only_shown(void **state)
{
    static const char *const values[] = { "-1", "99999999999999999999", "4x", "", "0x4", " 4" };
    struct xn_ctx *ctx = *state;
    struct xn_device *list;
    uint32_t domid;
    size_t count;

    assert_int_equal(create(ctx, FULL_CONFIG, NULL, &domid), 0);
    fake_set("/local/domain/0/backend/vbd/9/1", "/local/domain/1/device/vbd/51712/backend");
    for ( size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++ ) {
        fake_set(values[i], "/local/domain/1/device/vbd/51712/state");
        fake_set(values[i], "/local/domain/1/device/vbd/51712/ring-ref");
        assert_int_equal(xn_device_list(ctx, domid, XN_DEVICE_VBD, &list, &count), 0);
        assert_int_equal(count, 2);
        assert_int_equal(list[0].state, -1);
        assert_int_equal(list[0].ring_ref, -1);
        assert_string_equal(list[0].backend_path, "/local/domain/0/backend/vbd/1/51712");
        assert_string_equal(list[0].name, "xvda");
        free(list);
    }
    fake_set("4", "/local/domain/1/device/vbd/51712/state");
    fake_store.nul_in = "/local/domain/1/device/vbd/51712/state";
    assert_int_equal(xn_device_list(ctx, domid, XN_DEVICE_VBD, &list, &count), 0);
    assert_int_equal(list[0].state, -1);
    free(list);
}

static void entries_that_are_no_devices_are_passed_over(void **state)
{
    struct xn_ctx *ctx = *state;
    struct xn_device *list;
    uint32_t domid;
    size_t count;

    assert_int_equal(create(ctx, TINY_CONFIG, NULL, &domid), 0);
    fake_set("/local/domain/0/backend/vbd/2/51712", "/libxl/1/device/vbd/51712/backend");
    fake_set("/local/domain/0/backend/vbd/1/7", "/libxl/1/device/vbd/abc/backend");
    fake_set("nothing", "/libxl/1/device/vbd/51744/backend");
    assert_int_equal(xn_device_list(ctx, domid, XN_DEVICE_VBD, &list, &count), 0);
    assert_int_equal(count, 0);
    free(list);
    assert_int_equal(xn_domain_destroy(ctx, domid), 0);
}

static void terminals_are_terminals(void **state)
{
    static const char *const bad[] = {
        "/dev/pts/", "/dev/pts/3x", "/dev/sda", "/dev/pts/../sda", "", "/dev/pts/-1",
    };
    struct xn_ctx *ctx = *state;
    char *tty;

    fake_add_domain(5, 1024);
    fake_set("/dev/pts/12", "/local/domain/5/console/tty");
    assert_int_equal(xn_console_tty(ctx, 5, 0, &tty), 0);
    assert_string_equal(tty, "/dev/pts/12");
    free(tty);
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ ) {
        fake_set(bad[i], "/local/domain/5/device/console/1/tty");
        assert_int_equal(xn_console_tty(ctx, 5, 1, &tty), -ENOENT);
        assert_null(tty);
    }
}

/* Who has a disk. */

static void put_file(const char *text, const char *fmt, ...)
{
    char path[300];
    va_list args;
    FILE *f;

    va_start(args, fmt);
    vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void make_dir(const char *fmt, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s%s", fake_dir, fmt, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void disks_have_one_writer(void **state)
{
    static const struct { const char *mode; bool readonly; int rc; } cases[] = {
        { "w", false, -EBUSY }, { "w", true, -EBUSY }, { "r", false, -EBUSY }, { "r", true, 0 },
    };
    struct xn_ctx *ctx = *state;
    char disk[100], other[100];
    struct stat st, st2;

    snprintf(disk, sizeof(disk), "%s/disk", fake_dir);
    snprintf(other, sizeof(other), "%s/other", fake_dir);
    put_file("x", "%s", disk);
    put_file("x", "%s", other);
    make_dir("bus/xen-backend/devices/", "vbd-5-51728");
    make_dir("dev/block/", "7:9");
    make_dir("dev/block/7:9/", "loop");
    put_file("7:9\n", "%s/bus/xen-backend/devices/vbd-5-51728/physical_device", fake_dir);
    put_file(disk, "%s/dev/block/7:9/loop/backing_file", fake_dir);
    fake_add_domain(5, 1024);
    fake_set("web", "/local/domain/5/name");
    assert_int_equal(stat(disk, &st), 0);
    assert_int_equal(stat(other, &st2), 0);
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ ) {
        put_file(cases[i].mode, "%s/bus/xen-backend/devices/vbd-5-51728/mode", fake_dir);
        assert_int_equal(inuse_check(ctx, disk, &st, cases[i].readonly), cases[i].rc);
        if ( cases[i].rc ) {
            assert_non_null(strstr(xn_why(ctx), "web"));
            assert_non_null(strstr(xn_why(ctx), "xvdb"));
        }
        assert_int_equal(inuse_check(ctx, other, &st2, cases[i].readonly), 0);
    }
    assert_int_equal(stat("/proc", &st), 0);
}

static void names_of_numbers(void **state)
{
    static const char *const names[] = {
        "xvda", "xvdp15", "xvdq", "xvda16", "xvdz", "xvdaa", "xvdtq37", "xvdbdvdz255", "sda",
        "sdp15", "hda", "hdb63", "hdc2", "hdd",
    };
    char name[24];

    for ( size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++ ) {
        uint32_t number;

        assert_int_equal(xn_vdev_number(names[i], &number), 0);
        vdev_name(number, name, sizeof(name));
        assert_string_equal(name, names[i]);
    }
    vdev_name(UINT32_MAX, name, sizeof(name));
    assert_string_equal(name, "4294967295");
}

/* Scripts. */

static int run_script_for(struct xn_ctx *ctx, const struct dev_id *id, const char *text)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/script", fake_dir);
    put_file(text, "%s", path);
    assert_int_equal(chmod(path, 0755), 0);
    return hotplug_run(ctx, path, id, "online");
}

static int run_script(struct xn_ctx *ctx, const char *text)
{
    const struct dev_id id = { .kind = XN_DEVICE_VIF, .front = 3, .devid = 1 };

    return run_script_for(ctx, &id, text);
}

static void scripts_get_what_stock_gives_them(void **state)
{
    struct xn_ctx *ctx = *state;

    fake_set("eth7", "/libxl/3/device/vif/1/gatewaydev");
    assert_int_equal(run_script(ctx, "#!/bin/sh\n"
        "[ \"$*\" = 'online type_if=vif' ] || exit 2\n"
        "[ $XENBUS_TYPE = vif ] && [ $XENBUS_PATH = backend/vif/3/1 ] || exit 3\n"
        "[ $XENBUS_BASE_PATH = backend ] && [ $vif = vif3.1 ] && [ $netdev = eth7 ] || exit 4\n"
        "[ $script = $0 ] || exit 5\nread x && exit 6\nexit 0\n"), 0);
}

static void scripts_are_told_of_an_interface_of_a_process(void **state)
{
    const struct dev_id id = { .kind = XN_DEVICE_VIF, .front = 3, .devid = 1, .process = true };
    struct xn_ctx *ctx = *state;

    assert_int_equal(run_script_for(ctx, &id, "#!/bin/sh\n"
        "[ $XENBUS_TYPE = vif ] && [ $XENBUS_PATH = backend/xenvif/3/1 ] && [ $vif = vif3.1 ]"), 0);
    fake_set("web", "/libxl/3/device/vif/1/vifname");   /* it is made with that name */
    assert_int_equal(run_script_for(ctx, &id, "#!/bin/sh\n[ $vif = web ]"), 0);
}

static void a_failing_script_is_quoted(void **state)
{
    struct xn_ctx *ctx = *state;

    assert_int_equal(run_script(ctx, "#!/bin/sh\necho no such; echo switch >&2; exit 9\n"),
                     -EIO);
    assert_non_null(strstr(xn_why(ctx), "exit status 9"));
    assert_non_null(strstr(xn_why(ctx), "no such switch"));
    assert_int_equal(run_script(ctx, "#!/bin/sh\nkill -9 $$\n"), -EIO);
    assert_non_null(strstr(xn_why(ctx), "signal 9"));
    assert_int_equal(run_script(ctx, "no interpreter\n"), -EIO);
    fake_set("does not like it", "/local/domain/0/backend/vif/3/1/hotplug-error");
    assert_int_equal(run_script(ctx, "#!/bin/sh\nexit 0\n"), -EIO);
    assert_non_null(strstr(xn_why(ctx), "does not like it"));
}

static void a_script_may_leave_a_child_and_much_output(void **state)
{
    struct xn_ctx *ctx = *state;

    assert_int_equal(run_script(ctx, "#!/bin/sh\nsleep 3 &\nexit 0\n"), 0);
    assert_int_equal(run_script(ctx, "#!/bin/sh\nyes | head -c 300000\nexit 0\n"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(devices_come_and_go), T(a_failing_attach_leaves_nothing),
        T(a_process_serves_a_disk), T(a_process_serves_a_network_interface),
        T(a_process_that_is_waited_for),
        T(a_process_that_dies_is_started_again), T(a_process_that_always_dies_is_left),
        T(a_process_that_is_missing_or_ends),
        T(what_a_guest_writes_is_only_shown), T(entries_that_are_no_devices_are_passed_over),
        T(terminals_are_terminals), T(disks_have_one_writer), T(names_of_numbers),
        T(scripts_get_what_stock_gives_them), T(scripts_are_told_of_an_interface_of_a_process),
        T(a_failing_script_is_quoted),
        T(a_script_may_leave_a_child_and_much_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
