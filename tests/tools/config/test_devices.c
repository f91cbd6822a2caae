/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The specifications of devices, names of virtual disks and sets of CPUs: a row is a text
 * and what it means, or "!COLUMN TEXT" of the first finding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <config/cpuset.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenolith/xenolith.h>

struct row {
    const char *text, *means;
};

static char result[512];

/* The finding, without "WHAT 'TEXT': " in front. */
static void finding(struct xn_findings *f)
{
    const char *text = f->list[0].text, *behind = strstr(text, "': ");

    assert_int_equal(f->list[0].line, 1);
    snprintf(result, sizeof(result), "%s%u %s", f->list[0].level == XN_ERROR ? "!" : "~",
             f->list[0].column, behind ? behind + 3 : text);
}

static void compare(const struct row *row)
{
    if ( strcmp(result, row->means) )
        fail_msg("'%s' is '%s', expected '%s'", row->text, result, row->means);
}

static const char *or_dash(const char *s)
{
    return s ? s : "-";
}

/* TARGET VDEV FORMAT, then what differs from a plain disk. */
static const struct row disk_rows[] = {
    { "phy:/dev/vg/x,xvda,w", "/dev/vg/x xvda raw" },
    { "file:/x,xvda,r", "/x xvda raw ro" },
    { "tap:aio:/x,xvda,w", "/x xvda raw" },
    { "tap2:tapdisk:aio:/x,xvda,w", "/x xvda raw" },
    { "tap:qcow2:/x,xvda,w", "/x xvda qcow2" },
    { "vhd:/x,xvda,w", "/x xvda vhd" },
    { "file:/x.iso,hdc:cdrom,r", "/x.iso hdc raw ro cdrom" },
    { "phy:/x,hda:disk,w", "/x hda raw" },
    { "phy:/x,ioemu:hda,w", "/x hda raw" },
    { "phy:/x:y,xvda,w", "/x:y xvda raw" },
    { "phy:/x,xvda,w,cdrom", "/x xvda raw ro cdrom" },
    { "phy:/x,xvda,w,format=qcow2", "/x xvda qcow2" },
    { "drbd:res,xvda,w", "res xvda raw script=block-drbd" },
    { "iscsi:iqn,xvda,w", "iqn xvda raw script=block-iscsi" },
    { ",hdc:cdrom,r", " hdc empty ro cdrom" },
    { "vdev=hdc,devtype=cdrom", "- hdc empty ro cdrom" },
    { "vdev=hdc,access=ro,cdrom,target=", " hdc empty ro cdrom" },
    { "/x,,hda", "/x hda raw" },
    { "/x,raw,xvda,rw", "/x xvda raw" },
    { "  /x , raw , xvda , r ", "/x xvda raw ro" },
    { "/x.iso,,hdc,cdrom", "/x.iso hdc raw ro cdrom" },
    { "/x.iso,,hdc,,cdrom", "/x.iso hdc raw ro cdrom" },
    { "/x.iso,raw,hdc,w,cdrom", "/x.iso hdc raw ro cdrom" },
    { "format=raw, vdev = hda, access=rw, target=/dev/vg/x", "/dev/vg/x hda raw" },
    { "vdev=xvda,target=/a,b:c=d ", "/a,b:c=d  xvda raw" },
    { "vdev=xvda,/x", "/x xvda raw" },
    { "rbd:pool/img,,xvda", "rbd:pool/img xvda raw" },
    { "script=block-foo,vdev=xvda,target=a,b:c", "a,b:c xvda raw script=block-foo" },
    { "/x,raw,xvda,rw,backend=dd,backendtype=qdisk", "/x xvda raw backend=dd type=qdisk" },
    { "/x,raw,xvda,rw,backendtype=xenolith", "/x xvda raw type=xenolith" },
    { "/x,raw,xvda,rw,discard,untrusted,direct-io-safe", "/x xvda raw discard=1 trusted=0 direct" },
    { "/x,raw,xvda,rw,no-discard,specification=virtio", "/x xvda raw discard=0 virtio" },
    { "/x,raw,d1p2,rw", "/x d1p2 raw" },
    { "/x,raw,51712,rw,,,", "/x 51712 raw" },

    { "foo", "!1 no device name: expected vdev=xvda or TARGET,raw,xvda,rw" },
    { "", "!1 no device name: expected vdev=xvda or TARGET,raw,xvda,rw" },
    { "/x,xvda,w", "!4 expected a format (raw, qcow2, vhd ...), found the device name 'xvda': "
      "write TARGET,raw,xvda or give TARGET a prefix such as phy: or file:" },
    { "/x,rwa,xvda", "!4 'rwa' is not a format: expected raw, qcow, qcow2, vhd or qed" },
    { "/x,raw,xvda,x", "!13 'x' is not an access: expected r, ro, w or rw" },
    { "phy:/x,xvda,w!", "!13 access 'w!' (shared writing) is not served: expected r or w" },
    { "/x,raw,bogus", "!8 'bogus' is not a device name: expected xvda, hda, sda or the like" },
    { "/x,raw,hde", "!8 device name 'hde' is out of range: hd has disks a to d, sd a to p, with "
      "at most 15 partitions; use xvd" },
    { "phy:/x,hda:tape,w", "!8 'tape' is not a device type: expected cdrom or disk" },
    { "/x,raw,xvda,rw,devtype=tape", "!24 'tape' is not a device type: expected cdrom or disk" },
    { "/x,raw,xvda,rw,backendtype=zz", "!28 'zz' is not a backend type: expected phy, qdisk, tap, "
      "standalone or xenolith" },
    { "vdev=xvda,vdev=xvdb,target=/x", "!16 vdev is given twice" },
    { "/x,raw,xvda,rw,bakend=dd", "!16 unknown parameter 'bakend'; did you mean 'backend'?" },
    { "/x,raw,xvda,rw,cdrm", "!16 'cdrm' is one parameter too many: expected "
      "TARGET,FORMAT,VDEV,ACCESS; did you mean 'cdrom'?" },
    { "phy:/x,xvda,w,y", "!15 'y' is one parameter too many: expected TARGET,VDEV,ACCESS" },
    { "file:,xvda,w", "!1 no target: only a cdrom can be empty" },
    { "/x,raw,xvda,rw,specification=scsi", "!30 'scsi' is not a specification: expected xen or "
      "virtio" },
};

static void add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void add(const char *fmt, ...)
{
    size_t n = strlen(result);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(result + n, sizeof(result) - n, fmt, ap);
    va_end(ap);
}

static void describe_disk(const struct xn_disk *d)
{
    snprintf(result, sizeof(result), "%s %s %s%s%s", or_dash(d->target), d->vdev,
             xn_disk_format_name(d->format), d->readonly ? " ro" : "", d->cdrom ? " cdrom" : "");
    if ( d->script )
        add(" script=%s", d->script);
    if ( d->backend_domain )
        add(" backend=%s", d->backend_domain);
    if ( d->backend != XN_DISK_ANY )
        add(" type=%s", xn_disk_backend_name(d->backend));
    if ( d->discard_set )
        add(" discard=%d", d->discard);
    if ( d->trusted != XN_UNSET )
        add(" trusted=%ld", d->trusted);
    add("%s%s", d->direct_io_safe ? " direct" : "", d->is_virtio ? " virtio" : "");
}

static void test_disks(void **state)
{
    for ( size_t i = 0; i < sizeof(disk_rows) / sizeof(disk_rows[0]); i++ ) {
        struct xn_findings f = { 0 };
        struct xn_disk d;
        int rc = xn_config_parse_disk(&d, &f, disk_rows[i].text);

        if ( f.count )
            finding(&f);
        else
            describe_disk(&d);
        assert_int_equal(rc, f.errors ? -22 : 0);
        compare(&disk_rows[i]);
        xn_disk_free(&d);
        xn_findings_free(&f);
    }
}

static const struct row nic_rows[] = {
    { "", "-" },
    { "mac=00:16:3E:74:3d:76,bridge=br0", "br0 mac=00:16:3e:74:3d:76" },
    { " mac = 0:1:2:3:4:5 , bridge = br0 ,", "br0 mac=00:01:02:03:04:05" },
    { "bridge=br0.5:6", "br0.5:6" },
    { "bridge=a,bridge=b", "b" },
    { "rate=10Mb/s", "- 62500/50000" },
    { "rate=10Mb/s@50ms", "- 62500/50000" },
    { "rate=250KB/s", "- 12500/50000" },
    { "rate=1MB/s@20ms", "- 20000/20000" },
    { "rate=10MB/s@5", "- 50000000/5000000" },
    { "rate=1GB/s@1s", "- 1000000000/1000000" },
    { "mtu=9000,devid=3,untrusted", "- mtu=9000 devid=3 trusted=0" },
    { "ip=10.0.0.1 10.0.0.2", "- ip=10.0.0.1 10.0.0.2" },
    { "type=ioemu,model=e1000", "- type=ioemu model=e1000" },
    { "bridge=br0,backendtype=xenolith", "br0 by process" },

    { "mac=bad", "!5 'bad' is not a MAC address: expected six pairs of hexadecimal digits as in "
      "00:16:3e:12:34:56" },
    { "mac=00:16:3e:01:02", "!5 '00:16:3e:01:02' is not a MAC address: expected six pairs of "
      "hexadecimal digits as in 00:16:3e:12:34:56" },
    { "mac=01:16:3e:01:02:03", "!5 MAC address 01:16:3e:01:02:03 is a multicast address: the "
      "first byte must be even" },
    { "backendtype=vhost", "!13 'vhost' is not a network's back end: expected xenolith, or no "
      "backendtype= for the kernel's" },
    { "rate=10", "!6 '10' is not a rate: expected for example 10Mb/s, 250KB/s or 1MB/s@20ms" },
    { "rate=10mb/s", "!6 '10mb/s' is not a rate: expected for example 10Mb/s, 250KB/s or "
      "1MB/s@20ms" },
    { "rate=0MB/s", "!6 rate '0MB/s' is out of range: the rate is above zero, the interval from "
      "1us to 4294s" },
    { "rate=1MB/s@4295s", "!6 rate '1MB/s@4295s' is out of range: the rate is above zero, the "
      "interval from 1us to 4294s" },
    { "rate=100B/s@10us", "~6 rate '100B/s@10us' is less than a byte in each interval: there is "
      "no limit" },
    { "mtu=67", "!5 mtu '67' is not a number from 68 to 65535" },
    { "devid=x", "!7 devid 'x' is not a number from 0 to 65535" },
    { "type=bogus", "!6 'bogus' is not a type: expected vif or ioemu" },
    { "bridge=a/b", "!8 'a/b' is not a bridge's name" },
    { "vifname=abcdefghijklmnop", "!9 'abcdefghijklmnop' is not a network interface's name: at "
      "most 15 characters, none of them '/', ':' or a blank" },
    { "ip=1.2.3.4,brdge=x", "~12 unknown parameter 'brdge' is ignored; did you mean 'bridge'?" },
    { "foobar", "~1 unknown parameter 'foobar' is ignored" },
};

static void describe_nic(const struct xn_nic *n)
{
    snprintf(result, sizeof(result), "%s%s", or_dash(n->bridge), n->by_process ? " by process" : "");
    if ( n->has_mac )
        add(" mac=%02x:%02x:%02x:%02x:%02x:%02x", n->mac[0], n->mac[1], n->mac[2], n->mac[3],
            n->mac[4], n->mac[5]);
    if ( n->rate_interval_us )
        add(" %lu/%u", n->rate_bytes, n->rate_interval_us);
    if ( n->mtu != XN_UNSET )
        add(" mtu=%ld", n->mtu);
    if ( n->devid != XN_UNSET )
        add(" devid=%ld", n->devid);
    if ( n->trusted != XN_UNSET )
        add(" trusted=%ld", n->trusted);
    if ( n->ip )
        add(" ip=%s", n->ip);
    if ( n->type )
        add(" type=%s", n->type);
    if ( n->model )
        add(" model=%s", n->model);
}

static void test_nics(void **state)
{
    for ( size_t i = 0; i < sizeof(nic_rows) / sizeof(nic_rows[0]); i++ ) {
        struct xn_findings f = { 0 };
        struct xn_nic n;
        int rc = xn_config_parse_nic(&n, &f, nic_rows[i].text);

        if ( f.count )
            finding(&f);
        else
            describe_nic(&n);
        assert_int_equal(rc, f.errors ? -22 : 0);
        compare(&nic_rows[i]);
        xn_nic_free(&n);
        xn_findings_free(&f);
    }
}

static const struct row pci_rows[] = {
    { "01:00.0", "0000:01:00.0" },
    { "0001:0a:1f.7", "0001:0a:1f.7" },
    { "a:b.1", "0000:0a:0b.1" },
    { "01:00.*", "0000:01:00.*" },
    { "01:00.0@1f", "0000:01:00.0 @31" },
    { "vslot=8,bdf=01:00.0", "0000:01:00.0 @8" },
    { "bdf=01:00.0,vslot=0x8", "0000:01:00.0 @8" },
    { " 01:00.0 , seize=1, permissive=2", "0000:01:00.0 seize permissive" },
    { "01:00.0,seize=,msitranslate=0", "0000:01:00.0" },
    { "name=nic,rdm_policy=relaxed", "nic relaxed" },

    { "01:00.8", "!1 '01:00.8' is not a PCI address: expected [DDDD:]BB:SS.F in hexadecimal, with "
      "at most @1f behind" },
    { "01:00", "!1 '01:00' is not a PCI address: expected [DDDD:]BB:SS.F in hexadecimal, with at "
      "most @1f behind" },
    { "01:00.0@20", "!1 '01:00.0@20' is not a PCI address: expected [DDDD:]BB:SS.F in "
      "hexadecimal, with at most @1f behind" },
    { "10000:01:00.0", "!1 '10000:01:00.0' is not a PCI address: expected [DDDD:]BB:SS.F in "
      "hexadecimal, with at most @1f behind" },
    { "", "!1 expected either a device's address or name=" },
    { "01:00.0,name=x", "!1 expected either a device's address or name=" },
    { "01:00.0,02:00.0", "!9 the device's address is given twice" },
    { "01:00.0@8,vslot=9", "!11 the slot is given twice" },
    { "01:00.0,vslot=20", "!15 '20' is not a slot: expected 0 to 1f in hexadecimal" },
    { "01:00.0,seize=yes", "!15 seize 'yes' is not 0 or 1" },
    { "01:00.0,rdm_policy=x", "!20 'x' is not a policy: expected strict or relaxed" },
    { "01:00.0,sieze=1", "!9 unknown parameter 'sieze'; did you mean 'seize'?" },
};

static void test_pcis(void **state)
{
    for ( size_t i = 0; i < sizeof(pci_rows) / sizeof(pci_rows[0]); i++ ) {
        struct xn_findings f = { 0 };
        struct xn_pci p;
        int rc = xn_config_parse_pci(&p, &f, pci_rows[i].text);

        result[0] = '\0';
        if ( f.count ) {
            finding(&f);
        } else {
            if ( p.name )
                add("%s", p.name);
            else if ( p.all_functions )
                add("%04x:%02x:%02x.*", p.domain, p.bus, p.device);
            else
                add("%04x:%02x:%02x.%x", p.domain, p.bus, p.device, p.function);
            if ( p.vslot != XN_UNSET )
                add(" @%ld", p.vslot);
            add("%s%s%s%s", p.seize ? " seize" : "", p.permissive ? " permissive" : "",
                p.rdm_policy ? " " : "", p.rdm_policy ? p.rdm_policy : "");
        }
        assert_int_equal(rc, f.errors ? -22 : 0);
        compare(&pci_rows[i]);
        xn_pci_free(&p);
        xn_findings_free(&f);
    }
}

static const struct row channel_rows[] = {
    { "connection=pty,name=org.a", "pty org.a - -" },
    { "connection=socket,name=b, path = /tmp/x,backend=0", "socket b /tmp/x 0" },
    { "connection=pty", "pty - - -" },
    { "name=a", "!1 expected connection=pty or connection=socket" },
    { "connection=tty,name=a", "!12 'tty' is not a connection: expected pty or socket" },
    { "connection=socket,name=a", "!1 connection=socket needs path=/AN/ABSOLUTE/PATH" },
    { "connection=socket,path=x", "!1 connection=socket needs path=/AN/ABSOLUTE/PATH" },
    { "connection=pty,nmae=a", "~16 unknown parameter 'nmae' is ignored; did you mean 'name'?" },
};

static void test_channels(void **state)
{
    for ( size_t i = 0; i < sizeof(channel_rows) / sizeof(channel_rows[0]); i++ ) {
        struct xn_findings f = { 0 };
        struct xn_channel ch;

        xn_config_parse_channel(&ch, &f, channel_rows[i].text);
        if ( f.count )
            finding(&f);
        else
            snprintf(result, sizeof(result), "%s %s %s %s",
                     ch.type == XN_CHANNEL_PTY ? "pty" : "socket", or_dash(ch.name),
                     or_dash(ch.path), or_dash(ch.backend_domain));
        compare(&channel_rows[i]);
        xn_channel_free(&ch);
        xn_findings_free(&f);
    }
}

/* xen-vbd-interface(7). */
static void test_vdevs(void **state)
{
    static const struct { const char *name; int rc; uint32_t number; } rows[] = {
        { "xvda", 0, 51712 }, { "xvda1", 0, 51713 }, { "xvdb", 0, 51728 }, { "xvdp15", 0, 51967 },
        { "xvdq", 0, 1 << 28 | 16 << 8 }, { "xvda16", 0, 1 << 28 | 16 },
        { "xvdaa", 0, 1 << 28 | 26 << 8 }, { "xvdtq37", 0, 1 << 28 | 536 << 8 | 37 },
        { "d0", 0, 51712 }, { "d0p0", 0, 51712 }, { "d1p2", 0, 51730 },
        { "d536p37", 0, 1 << 28 | 536 << 8 | 37 }, { "hda", 0, 768 }, { "hdb", 0, 832 },
        { "hdc", 0, 5632 }, { "hdd63", 0, 5759 }, { "sda", 0, 2048 }, { "sdp15", 0, 2303 },
        { "51712", 0, 51712 }, { "0xca00", 0, 51712 },
        { "hde", -34, 0 }, { "sdq", -34, 0 }, { "hda64", -34, 0 }, { "xvda256", -34, 0 },
        { "d1048576", -34, 0 }, { "999999999", -34, 0 },
        { "", -22, 0 }, { "xvd", -22, 0 }, { "xvda01", -22, 0 }, { "xvd1", -22, 0 },
        { "xvda1x", -22, 0 }, { "XVDA", -22, 0 }, { "vda", -22, 0 }, { "dp1", -22, 0 },
        { "d1p", -22, 0 }, { "51712x", -22, 0 }, { "xvdaaaaaaaaaaaaaaaaaaaaaaaaa", -22, 0 },
    };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ ) {
        uint32_t number = 0;
        int rc = xn_vdev_number(rows[i].name, &number);

        if ( rc != rows[i].rc || (!rc && number != rows[i].number) )
            fail_msg("%s: %d, %u", rows[i].name, rc, number);
    }
}

/* Four CPUs, two on each of nodes 0 and 1: the CPUs as digits, or "!OFFSET TEXT". */
static const struct row cpu_rows[] = {
    { "0", "0" }, { "0-2", "012" }, { "all", "0123" }, { "none", "" }, { "0-3,^2", "013" },
    { "all,^1", "023" }, { "node:1", "23" }, { "nodes:0-1,^node:1", "01" }, { "1,node:1,^3", "12" },
    { " 0 , 2 ", "02" }, { "0,", "0" }, { "^0,0", "0" }, { "0-300", "0123" }, { "all,^all,3", "3" },
    { "3-3", "3" },
    { "", "!0 expected a number, a range such as 0-3, all, none, node:N or nodes:N-M" },
    { "x", "!0 expected a number, a range such as 0-3, all, none, node:N or nodes:N-M" },
    { "0,,1", "!2 expected a number, a range such as 0-3, all, none, node:N or nodes:N-M" },
    { "0-", "!2 expected a number, a range such as 0-3, all, none, node:N or nodes:N-M" },
    { "2-1", "!0 range 2-1 goes backwards" }, { "0 1", "!2 expected ',' before the next CPU" },
    { "0,4", "!2 this host has no CPU 4: it has 4" },
    { "node:2", "!0 this host has no CPUs on node 2" }, { "^0", "!2 no CPU is left" },
    { "all,^0-3", "!8 no CPU is left" }, { "70000", "!0 number above 65535" },
};

static void test_cpusets(void **state)
{
    static const uint32_t nodes[] = { 0, 0, 1, 1 };
    const struct cpuset_host host = { 4, nodes };

    for ( size_t i = 0; i < sizeof(cpu_rows) / sizeof(cpu_rows[0]); i++ ) {
        uint8_t set[CPUSET_BYTES(4)];
        char why[120];
        size_t offset;

        result[0] = '\0';
        if ( cpuset_parse(cpu_rows[i].text, &host, set, &offset, why, sizeof(why)) )
            add("!%zu %s", offset, why);
        else
            for ( unsigned int cpu = 0; cpu < 4; cpu++ )
                if ( cpuset_has(set, cpu) )
                    add("%u", cpu);
        compare(&cpu_rows[i]);
    }
}

/* Every set of ten CPUs has a text that means it. */
static void test_cpuset_text(void **state)
{
    const struct cpuset_host host = { 10, NULL };

    for ( unsigned int bits = 0; bits < 1024; bits++ ) {
        uint8_t set[2] = { bits, bits >> 8 }, again[2];
        char *text = cpuset_text(set, 10), why[120];

        assert_int_equal(cpuset_parse(text, &host, again, NULL, why, sizeof(why)), 0);
        assert_memory_equal(set, again, 2);
        assert_int_equal(cpuset_count(set, 10), __builtin_popcount(bits));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disks), cmocka_unit_test(test_nics), cmocka_unit_test(test_pcis),
        cmocka_unit_test(test_channels), cmocka_unit_test(test_vdevs),
        cmocka_unit_test(test_cpusets), cmocka_unit_test(test_cpuset_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
