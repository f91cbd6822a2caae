/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration store from an unprivileged domain: our own name and
 * number, a value of ours there and back, and no way into others' nodes.
 */
#include "test.h"
#include <guest/store.h>

void test_main(void)
{
    char buf[64], big[600];

    if ( guest_is_dom0() )
        test_skip("the store's server is not there yet for a lone control domain");
    EQ(store_init(), 0);
    CHECK(store_read("domid", buf, sizeof(buf)) > 0);
    CHECK(parse_number(buf) > 0);
    CHECK(store_read("name", buf, sizeof(buf)) > 0);
    EQ(store_read("no-such-node", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_write("data/test", "value"), 0);
    EQ(store_read("data/test", buf, sizeof(buf)), 5);
    EQ(strcmp(buf, "value"), 0);
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    EQ_ROW("longer than our buffer", store_write("data/test", big), 0);
    EQ(store_read("data/test", buf, sizeof(buf)), 63);
    for ( unsigned int i = 0; i < 50; i++ )
        EQ(store_read("data/test", big, sizeof(big)), 599);
    EQ(store_remove("data/test"), 0);
    EQ(store_read("data/test", buf, sizeof(buf)), -XEN_ENOENT);
    EQ(store_read("/local/domain/0/name", buf, sizeof(buf)) < 0, 1);
    EQ(store_write("/local/domain/0/name", "x") < 0, 1);
    EQ(store_write("/tool/x", "x") < 0, 1);
}
