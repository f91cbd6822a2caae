/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.cfg's syntax: a row is a text, and what is read from it or said about it, with the place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenolith/xenolith.h>

/* What every configuration needs; rows come behind it, at line 4. */
#define BASE    "name='t'\nkernel='/k'\nmemory=64\n"

/* "L:C level text" of each finding, one a line. */
static char *all_findings(const struct xn_findings *f)
{
    static const char *const levels[] = { "E", "W", "I", "D" };
    char *text = strdup("");

    for ( size_t i = 0; i < f->count; i++ ) {
        char *more;

        assert_true(asprintf(&more, "%s%s%u:%u %s %s", text, i ? "\n" : "", f->list[i].line,
                             f->list[i].column, levels[f->list[i].level], f->list[i].text) > 0);
        free(text);
        text = more;
    }
    return text;
}

struct value_row {
    const char *text, *key, *value;     /* elements of lists joined by '|' */
};

static const struct value_row value_rows[] = {
    { "extra=\"a\"", "extra", "a" },
    { "extra='a'", "extra", "a" },
    { "extra=\"it's\"", "extra", "it's" },
    { "extra='a\\'b\\\"c\\\\d'", "extra", "a'b\"c\\d" },
    { "extra=\"\\n\\t\\r\\a\\b\\f\\v\"", "extra", "\n\t\r\a\b\f\v" },
    { "extra=\"\\x41\\102\\0603\"", "extra", "AB03" },
    { "extra=\"\"", "extra", "" },
    { "extra=''''tri\"'''", "extra", "'tri\"" },
    { "extra=\"\"\"two\nlines\"\"\"", "extra", "two\nlines" },
    { "extra=\"a\\\nb\"", "extra", "ab" },
    { "extra=\"# no comment ; no end\"", "extra", "# no comment ; no end" },
    { "extra=3", "extra", "3" },
    { "extra=\"caf\xc3\xa9\"", "extra", "caf\xc3\xa9" },
    { "vcpus=2", "vcpus", "2" },
    { "  vcpus  =\t2  ", "vcpus", "2" },
    { "vcpus=2 # comment", "vcpus", "2" },
    { "# comment\nvcpus=2", "vcpus", "2" },
    { "vcpus=2\r\nmaxvcpus=3\r\n", "maxvcpus", "3" },
    { "vcpus=2\rmaxvcpus=3", "maxvcpus", "3" },
    { "vcpus=2;maxvcpus=3", "maxvcpus", "3" },
    { ";;vcpus=2;;;maxvcpus=3;", "maxvcpus", "3" },
    { "vcpus=\"2\"", "vcpus", "2" },
    { "vcpus = \\\n 2", "vcpus", "2" },
    { "irqs=[]", "irqs", "" },
    { "irqs=[1, '2', 0x3]", "irqs", "1|2|0x3" },
    { "irqs=[\n1\n,\n2,\n]", "irqs", "1|2" },
    { "irqs=[ # one\n1, # two\n2 ]", "irqs", "1|2" },
    { "irqs=['1']\nirqs+=['2', '3']", "irqs", "1|2|3" },
    { "extra='a'\nextra+='b'", "extra", "ab" },
    { "irqs+=['1']", "irqs", "1" },
    { "vnuma=[['pnode=0','size=64'],['pnode=1','size=64']]", "vnuma",
      "pnode=0|size=64|pnode=1|size=64" },
    { "device_model_version='qemu-xen'", "device_model_version", "qemu-xen" },
    { "tsc_mode=2", "tsc_mode", "native" },
    { "tsc_mode='1'", "tsc_mode", "always_emulate" },
    { "bootloader_args=['a b','c']", "bootloader_args", "a b|c" },
};

static void test_values(void **state)
{
    for ( size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++ ) {
        const struct value_row *row = &value_rows[i];
        struct xn_domain_config c;
        struct xn_findings f = { 0 };
        const struct xn_setting *s;
        char *text;

        assert_true(asprintf(&text, BASE "%s", row->text) > 0);
        if ( xn_config_parse(&c, &f, "t", text, strlen(text), NULL) )
            fail_msg("%s: %s", row->text, all_findings(&f));
        s = xn_config_setting(&c, row->key);
        if ( !s )
            fail_msg("%s: no %s", row->text, row->key);
        for ( char *p = s->value; *p; p++ )
            if ( *p == '\x1f' )
                *p = '|';
        if ( strcmp(s->value, row->value) )
            fail_msg("%s: %s is '%s'", row->text, row->key, s->value);
        xn_config_free(&c);
        xn_findings_free(&f);
        free(text);
    }
}

struct finding_row {
    const char *text, *findings;
};

static const struct finding_row finding_rows[] = {
    /* Unknown keys. */
    { "memroy=3", "4:1 W unknown key 'memroy' is ignored; did you mean 'memory'?" },
    { "vpcus=3", "4:1 W unknown key 'vpcus' is ignored; did you mean 'vcpus'?" },
    { "Vcpus=3", "4:1 W unknown key 'Vcpus' is ignored; did you mean 'vcpus'?" },
    { "on_rebot='x'", "4:1 W unknown key 'on_rebot' is ignored; did you mean 'on_reboot'?" },
    { "frobnicate=1", "4:1 W unknown key 'frobnicate' is ignored" },
    { "x=1;  memmory=2", "4:1 W unknown key 'x' is ignored\n"
      "4:7 W unknown key 'memmory' is ignored; did you mean 'memory'?" },
    /* Wrong types. */
    { "vcpus=[1]", "4:7 E vcpus is a number: found a list" },
    { "vcpus='two'", "4:7 E vcpus is a number: 'two' is not one" },
    { "localtime='yes'", "4:11 E localtime is a boolean (0 or 1): 'yes' is not one" },
    { "extra=['a']", "4:7 E extra is a string: found a list" },
    { "disk='phy:/x,xvda,w'", "4:6 E disk is a list ([\"...\", ...]): found a string, put it in [ ]" },
    { "vif=1", "4:5 E vif is a list ([\"...\", ...]): found a number, put it in [ ]" },
    { "disk=['phy:/x,xvda,w',\n ['y']]", "5:2 E disk is a list of strings: expected a string, "
      "found a list" },
    { "type='pv2'", "4:6 E type is pv, pvh or hvm: 'pv2' is not; did you mean 'pv'?" },
    { "tsc_mode='natve'", "4:10 E tsc_mode is default, always_emulate, native or "
      "native_paravirt: 'natve' is not; did you mean 'native'?" },
    { "tsc_mode=9", "4:10 E tsc_mode is default, always_emulate, native or native_paravirt: '9' "
      "is not" },
    { "irqs=['1']\nirqs+='2'", "5:7 E irqs += adds to a list, found a string" },
    /* Limits. */
    { "vcpus=0", "4:7 E vcpus is a number from 1 to 4096: 0 is out of range" },
    { "vcpus=-1", "4:7 E vcpus is a number from 1 to 4096: -1 is out of range" },
    { "vcpus=99999", "4:7 E vcpus is a number from 1 to 4096: 99999 is out of range" },
    { "cpu_weight=0", "4:12 E cpu_weight is a number from 1 to 65535: 0 is out of range" },
    { "vcpus=99999999999999999999", "4:7 E '99999999999999999999' is not a number: expected "
      "decimal digits, 0x and hexadecimal or 0 and octal ones, in 64 bits" },
    { "vcpus='99999999999999999999'", "4:7 E vcpus is a number from 1 to 4096: "
      "99999999999999999999 is out of range" },
    { "vcpus=3\nmaxvcpus=2", "5:10 E maxvcpus (2) is less than vcpus (3)" },
    { "maxmem=32", "4:8 E maxmem (32 MiB) is less than memory (64 MiB)" },
    /* Words. */
    { "on_crash='retsart'", "4:10 E unknown action 'retsart' for on_crash; did you mean "
      "'restart'?" },
    { "on_crash='explode'", "4:10 E unknown action 'explode' for on_crash: expected destroy, "
      "restart, rename-restart, preserve, coredump-destroy, coredump-restart or soft-reset" },
    { "uuid='bad'", "4:6 E 'bad' is not a UUID: expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in "
      "hexadecimal" },
    { "cpus='0-1,x'", "4:11 E cpus '0-1,x': expected a number, a range such as 0-3, all, none, "
      "node:N or nodes:N-M" },
    { "cpus=['0',\n'3-2']", "5:2 E cpus '3-2': range 3-2 goes backwards" },
    { "cpus_soft='99999'", "4:12 E cpus_soft '99999': number above 65535" },
    /* What has no effect. */
    { "cpu_cap=50", "4:1 W cpu_cap has no effect: write cap=..." },
    { "device_model='/x'", "4:1 W device_model has no effect: write device_model_override=\"...\" "
      "if it has to be another than the default" },
    { "boot='c'", "4:1 W boot has no effect on a pv guest" },
    { "slice=3", "4:1 W slice is known but not served yet: it has no effect" },
    { "extra='a'\ncmdline='b'", "4:7 W root= and extra= are ignored in favour of cmdline=" },
    { "bootloader_args='a b'", "4:17 W bootloader_args as one string is deprecated: write a list "
      "[\"...\", \"...\"]" },
    { "tsc_mode=1", "4:10 W tsc_mode as a number is deprecated: write tsc_mode=\"always_emulate\"" },
    { "vcpus=1\nvcpus=2", "5:1 W vcpus is given again: its value at line 4 is not used" },
    { "type='pv'\nbuilder='hvm'", "5:1 E type=\"pv\" and builder=\"hvm\" contradict each other: "
      "leave builder out" },
    { "firmware='pvgrub64'", "0:0 E both kernel= and firmware= are given: leave one out" },
    { "cpus=['0','1']", "0:0 W cpus= or cpus_soft= has 2 elements for 1 vCPUs: the rest has no "
      "effect" },
    /* Syntax. */
    { "vcpus", "4:6 E expected '=' after the key vcpus, found the end of the file" },
    { "vcpus\n", "4:6 E expected '=' after the key vcpus, found the end of the line" },
    { "vcpus 3", "4:7 E expected '=' after the key vcpus, found 3" },
    { "vcpus=", "4:7 E expected a value (\"text\", a number or a list in []), found the end of "
      "the file" },
    { "vcpus=True", "4:7 E expected a value, found True: write 1" },
    { "extra=quiet", "4:7 E expected a value, found quiet: text belongs in quotes" },
    { "=3", "4:1 E expected a key, as in memory = 512, found '='" },
    { "'x'=3", "4:1 E expected a key, as in memory = 512, found the string \"x\"" },
    { "vcpus=1 2", "4:9 E expected the end of the line or ';' after the value, found 2" },
    { "extra='a' 'b'", "4:11 E expected the end of the line or ';' after the value, found the "
      "string \"b\"" },
    { "name=\"t\" + 'x'", "4:10 E '+' has no meaning here" },
    { "vcpus=08", "4:7 E '08' is not a number: expected decimal digits, 0x and hexadecimal or 0 "
      "and octal ones, in 64 bits" },
    { "vcpus=2k", "4:7 E '2k' is not a number: expected decimal digits, 0x and hexadecimal or 0 "
      "and octal ones, in 64 bits" },
    { "extra=\"a\nvcpus=1", "4:7 E this string does not end: expected \" before the end of the "
      "line" },
    { "extra='''a\nvcpus=1", "4:7 E this string does not end: expected three ' before the end of "
      "the file" },
    { "extra='a\\qb'", "4:9 E a backslash before this character has no meaning: write \\\\ for a "
      "backslash" },
    { "extra='\\x'", "4:8 E this escape is not a character: expected \\xHH or \\OOO from 1 to 255" },
    { "extra='\\0'", "4:8 E this escape is not a character: expected \\xHH or \\OOO from 1 to 255" },
    { "vcpus=(1)", "4:7 E '(' has no meaning here" },
    { "vcpus=\xc3\xa9", "4:7 E byte 0xc3 has no meaning here: text belongs in quotes" },
    /* Columns count characters, not bytes. */
    { "extra='\xc3\xa9\xc3\xa9'; vcpus='x'", "4:19 E vcpus is a number: 'x' is not one" },
    { "\tvcpus='x'", "4:8 E vcpus is a number: 'x' is not one" },
    /* Lists. */
    { "vif=['a' 'b']", "4:10 E expected ',' or ']' in the list that begins at line 4, found the "
      "string \"b\"" },
    { "vif=[,]", "4:6 E expected a value (\"text\", a number or a list in []), found ','" },
    { "vif=['',\n''\nvcpus='x'", "6:1 E expected ',' or ']' in the list that begins at line 4, "
      "found vcpus" },
    { "irqs=[[[[[[[[[1]]]]]]]]]", "4:14 E lists are nested more than 8 deep" },
    /* All errors of a file, not only the first. */
    { "vif=['a' 'b',\n'c',\n]\nvcpus='x'\nextra=y", "4:10 E expected ',' or ']' in the list that "
      "begins at line 4, found the string \"b\"\n7:7 E vcpus is a number: 'x' is not one\n"
      "8:7 E expected a value, found y: text belongs in quotes" },
};

static void test_findings(void **state)
{
    for ( size_t i = 0; i < sizeof(finding_rows) / sizeof(finding_rows[0]); i++ ) {
        const struct finding_row *row = &finding_rows[i];
        struct xn_domain_config c;
        struct xn_findings f = { 0 };
        char *text, *found;
        bool error = strstr(row->findings, " E ") != NULL;
        int rc;

        assert_true(asprintf(&text, BASE "%s", row->text) > 0);
        rc = xn_config_parse(&c, &f, "t", text, strlen(text), NULL);
        found = all_findings(&f);
        if ( strcmp(found, row->findings) )
            fail_msg("%s\n found: %s\n expected: %s", row->text, found, row->findings);
        if ( (rc != 0) != error )
            fail_msg("%s: rc %d", row->text, rc);
        xn_config_free(&c);
        xn_findings_free(&f);
        free(found);
        free(text);
    }
}

/* Rows that are the whole file. */
static const struct finding_row whole_rows[] = {
    { "", "0:0 E the domain has no name: write name = \"...\"" },
    { "kernel='/k'\nmemory=64", "0:0 E the domain has no name: write name = \"...\"" },
    { "name='t'\nmemory=64", "0:0 E there is nothing to boot: write kernel = \"/PATH\" or "
      "bootloader = \"...\"" },
    { "name='t'\nkernel='/k'", "0:0 E memory is not given: write memory = MIB" },
    { "name='t'\nkernel='/k'\nmemory=0", "3:8 E memory is a number from 1 to 16777216: 0 is out of "
      "range" },
    { "name='t'\nkernel='/k'\nmaxmem=64", "" },
    { "\xef\xbb\xbfname='t'\nkernel='/k'\nmemory=64", "" },
    { "name='a b'\nkernel='/k'\nmemory=64", "1:6 E the name 'a b' has a blank or control "
      "character: what reads xl list could not tell it apart" },
    { "name='a/b'\nkernel='/k'\nmemory=64", "1:6 E the name 'a/b' has a '/', which is not allowed: "
      "it is part of file names" },
    { "name='12'\nkernel='/k'\nmemory=64", "1:6 E the name '12' is a number, which stands for a "
      "domain's id" },
    { "name=''\nkernel='/k'\nmemory=64", "1:6 E the name '' is empty" },
    { "name='..'\nkernel='/k'\nmemory=64", "1:6 E the name '..' is a directory's" },
    { "type='hvm'\nname='t'\nmemory=64", "" },
    { "type='hvm'\nname='t'\nmemory=64\nkernel='/usr/lib/xen/boot/hvmloader'", "0:0 W kernel= with "
      "hvmloader is ignored: it is the firmware of HVM guests already" },
    { "type='pvh'\nname='t'\nmemory=64\nbootloader='pygrub'", "" },
};

static void test_whole(void **state)
{
    for ( size_t i = 0; i < sizeof(whole_rows) / sizeof(whole_rows[0]); i++ ) {
        struct xn_domain_config c;
        struct xn_findings f = { 0 };
        char *found;

        xn_config_parse(&c, &f, "t", whole_rows[i].text, strlen(whole_rows[i].text), NULL);
        found = all_findings(&f);
        if ( strcmp(found, whole_rows[i].findings) )
            fail_msg("%s\n found: %s", whole_rows[i].text, found);
        free(found);
        xn_config_free(&c);
        xn_findings_free(&f);
    }
}

/* Settings of the command line win, and are called by their place there. */
static void test_extra(void **state)
{
    const char *text = BASE "vcpus=1\nvif=['bridge=a']\n";
    struct xn_domain_config c;
    struct xn_findings f = { 0 };

    assert_int_equal(xn_config_parse(&c, &f, "t", text, strlen(text),
                                     "memory=128;name='z'\nvif+=['bridge=b']"), 0);
    assert_int_equal(f.count, 0);
    assert_string_equal(c.name, "z");
    assert_int_equal(c.memory_kib, 128 << 10);
    assert_int_equal(c.nr_nics, 2);
    assert_string_equal(c.nics[1].bridge, "b");
    xn_config_free(&c);
    assert_int_equal(xn_config_parse(&c, &f, "t", text, strlen(text), "memory=128\nname="), -22);
    assert_int_equal(f.list[0].line, 0);
    assert_string_equal(f.list[0].text, "on the command line, line 2 column 6: expected a value "
                        "(\"text\", a number or a list in []), found the end of the file");
    xn_config_free(&c);
    xn_findings_free(&f);
}

/* A NUL byte, and a text that does not end where a NUL would be. */
static void test_bytes(void **state)
{
    static const char nul[] = "name='t\0u'\nkernel='/k'\nmemory=64";
    char *exact = malloc(sizeof(BASE) - 1);
    struct xn_domain_config c;
    struct xn_findings f = { 0 };

    assert_int_equal(xn_config_parse(&c, &f, "t", nul, sizeof(nul) - 1, NULL), -22);
    assert_string_equal(f.list[0].text, "NUL byte in a string");
    assert_int_equal(f.list[0].column, 8);
    xn_config_free(&c);
    xn_findings_free(&f);
    memcpy(exact, BASE, sizeof(BASE) - 1);
    assert_int_equal(xn_config_parse(&c, &f, "t", exact, sizeof(BASE) - 1, NULL), 0);
    xn_config_free(&c);
    free(exact);
}

/* A thousand errors are not a thousand lines, and too much text is not read. */
static void test_bounds(void **state)
{
    size_t size = (1u << 20) + 1;
    char *text = malloc(size);
    struct xn_domain_config c;
    struct xn_findings f = { 0 };

    memset(text, '=', size);
    for ( size_t i = 0; i < 2000; i += 2 )
        text[i] = '\n';
    assert_int_equal(xn_config_parse(&c, &f, "t", text, 2000, NULL), -22);
    assert_int_equal(f.count, 101);
    assert_true(f.errors >= 1000);
    xn_config_free(&c);
    xn_findings_free(&f);
    assert_int_equal(xn_config_parse(&c, &f, "t", text, size, NULL), -22);
    assert_string_equal(f.list[0].text, "a configuration has at most 1048576 bytes, this one has "
                        "1048577");
    xn_config_free(&c);
    xn_findings_free(&f);
    free(text);
}

/* What is known but not served is refused by name when a domain is made of it. */
static void test_served(void **state)
{
    static const struct { const char *text, *why; } rows[] = {
        { BASE, NULL },
        { BASE "disk=[]\npci=[]\nvtpm=[]", NULL },
        { BASE "vtpm=['backend=0']", "known but not served yet: vtpm; take it out of the "
          "configuration" },
        { BASE "pci=['01:00.0']\np9=['tag=a']", "known but not served yet: pci, p9; take them out "
          "of the configuration" },
        { BASE "type='hvm'", NULL },
        { BASE "type='hvm'\nfirmware='uefi'", NULL },
        { "name='a'\nmemory=1\nfirmware='pvgrub64'", "known but not served yet: firmware; take it "
          "out of the configuration" },
    };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ ) {
        struct xn_ctx *ctx = xn_ctx_new();
        struct xn_domain_config c;
        struct xn_findings f = { 0 };

        assert_int_equal(xn_config_parse(&c, &f, "t", rows[i].text, strlen(rows[i].text), NULL),
                         0);
        assert_int_equal(xn_config_served(ctx, &c), rows[i].why ? -95 : 0);
        assert_string_equal(xn_why(ctx), rows[i].why ? rows[i].why : "");
        xn_config_free(&c);
        xn_findings_free(&f);
        xn_ctx_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_findings),
        cmocka_unit_test(test_whole), cmocka_unit_test(test_extra), cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
