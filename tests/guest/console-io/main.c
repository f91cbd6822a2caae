/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domU: no
 *
 * console_io of the control domain: text goes out, nothing comes in at once;
 * a buffer that is not ours is -EFAULT.
 */
#include "test.h"

static const char text[] = "console_io: a line\n";
static char big[20000];

void test_main(void)
{
    if ( !guest_is_dom0() )
        test_skip("console_io writes are the control domain's");

    EQ(hc_console_io(CONSOLEIO_write, sizeof(text) - 1, HC_PTR(text)), 0);
    EQ(hc_console_io(CONSOLEIO_write, 0, HC_PTR(text)), 0);
    EQ(hc_console_io(CONSOLEIO_write, 0, BAD_PTR), 0);
    EQ(hc_console_io(CONSOLEIO_write, 5, BAD_PTR), -XEN_EFAULT);
    EQ(hc_console_io(CONSOLEIO_write, 5, HOLE_PTR), -XEN_EFAULT);
    EQ(hc_console_io(CONSOLEIO_read, sizeof(big), HC_PTR(big)), 0);
    EQ(hc_console_io(2, 5, HC_PTR(text)), -XEN_ENOSYS);

    /* More than the hypervisor's own buffer takes in one go. */
    memset(big, '.', sizeof(big));
    for ( unsigned int i = 99; i < sizeof(big); i += 100 )
        big[i] = '\n';
    EQ(hc_console_io(CONSOLEIO_write, sizeof(big), HC_PTR(big)), 0);
}
