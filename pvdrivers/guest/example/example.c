/* SPDX-License-Identifier: MIT */
/* A guest that prints the first line of its disk, and answers ping at 10.9.1.60. */
#include <blk/front.h>
#include <guest/console.h>
#include <guest/device.h>
#include <guest/lib.h>
#include <guest/start.h>
#include <net/front.h>

static const uint8_t address[4] = { 10, 9, 1, 60 };

static void print_line(struct blkfront_io *io, int status)
{
    const char *text = io->vec->base;
    size_t n = 0;

    while ( n < io->vec->len && text[n] >= ' ' )
        n++;
    console_printf("disk: status %d, first line: ", status);
    console_write(text, n);
    console_write("\n", 1);
}

static void disk_changed(void *disk)
{
    static char sector[BLK_SECTOR] __attribute__((aligned(BLK_SECTOR)));
    static const struct blk_vec vec = { sector, sizeof(sector) };
    static struct blkfront_io io = { .op = BLK_READ, .vec = &vec, .nr_vec = 1, .done = print_line };

    if ( ((struct blkfront *)disk)->bus.state == XenbusStateConnected )
        blkfront_submit(disk, &io);
}

/* Turns a packet for us into the answer.  False: it is not for us. */
static bool answer(uint8_t *p, uint32_t len, const uint8_t *mac)
{
    if ( len >= 42 && p[12] == 8 && p[13] == 6 && p[21] == 1 && memcmp(p + 38, address, 4) == 0 ) {
        p[21] = 2;                      /* ARP: who has the address?  Sender and target change places */
        memcpy(p + 32, p + 22, 10);
        memcpy(p + 22, mac, 6);
        memcpy(p + 28, address, 4);
    } else if ( len >= 42 && p[12] == 8 && p[13] == 0 && p[14] == 0x45 && ((p[20] & 0x3f) | p[21]) == 0 &&
                p[23] == 1 && p[34] == 8 && memcmp(p + 30, address, 4) == 0 ) {
        const uint32_t sum = (uint32_t)(p[36] << 8 | p[37]) + 0x800;

        p[34] = 0;                      /* ICMP: an echo's answer; the checksum gains what the type lost */
        p[36] = (uint8_t)((sum + (sum >> 16)) >> 8);
        p[37] = (uint8_t)(sum + (sum >> 16));
        memcpy(p + 30, p + 26, 4);
        memcpy(p + 26, address, 4);
    } else
        return false;
    memcpy(p, p + 6, 6);
    memcpy(p + 6, mac, 6);
    return true;
}

static void receive(void *net, const struct net_packet *packet, unsigned int nr)
{
    struct net_packet reply = *packet;

    if ( answer(reply.data, reply.len, ((struct netfront *)net)->mac) )
        netfront_send(net, &reply, 1);
}

void guest_main(void)
{
    static struct blkfront disk = { .config = { .copy = true, .changed = disk_changed, .owner = &disk } };
    static struct netfront net = { .config = { .buffers = 64, .receive = receive, .owner = &net } };

    console_printf("disk: %d\n", device_start(&device_blk, &disk.bus, 0));
    console_printf("network: %d\n", device_start(&device_net, &net.bus, 0));
    for ( ; ; )
        device_wait(0);
}
