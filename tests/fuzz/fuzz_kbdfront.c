/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard front end against a back end made of the input: events, indices, nodes, states, a page that is kept. */
#include "device.h"
#include "kbd/kbd.h"

#define FRONT "/local/domain/5/device/vkbd/0"
#define BACK  "/local/domain/0/backend/vkbd/5/0"

static struct kbdfront kbd;

static void front_event(void *user) { kbdfront_run(user); }
static void front_watch(void *user) { kbdfront_watch(user); }

static void look(void *owner, const struct kbd_event *e)
{
    MUST(e->kind <= KBD_POSITION && e->code <= KBD_MAX_CODE);
    if ( e->kind == KBD_POSITION )
        MUST(kbd.absolute && e->x >= 0 && e->y >= 0 && e->x < (int)kbd.width && e->y < (int)kbd.height);
}

static void command(uint8_t c)
{
    static const char *const names[] = { "width", "height", "feature-abs-pointer", "state" };
    uint8_t *page = ring_page(FRONT "/page-gref");
    struct xenkbd_page *head = (void *)page;
    char path[128];

    switch ( c % 8 )
    {
    case 0: case 1: case 2:
        if ( page )
        {
            uint8_t *e = page + XENKBD_IN_RING_OFFS + head->in_prod++ % XENKBD_IN_RING_LEN * XENKBD_IN_EVENT_SIZE;

            for ( int i = 0; i < 16; i++ )
                e[i] = i == 0 ? byte() % 7 : byte() & 1 ? byte() : 0;
        }
        break;
    case 3: case 4:
        kbdfront_run(&kbd);
        break;
    case 5:
        if ( page && byte() % 4 == 0 )
            page[byte() % 16] = byte();
        break;
    case 6:
        sprintf(path, BACK "/%s", names[byte() % 4]);
        fake_set_number(path, byte() % 8 ? byte() % 9 : word());
        fake_deliver();
        break;
    case 7:
        if ( byte() % 4 == 0 )
            keep_page((grant_ref_t)atoi(fake_get(FRONT "/page-gref")));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    stream_begin(data, len);
    fake_reset();
    memset(&kbd, 0, sizeof(kbd));
    kbd.bus.ops = &fake_ops;
    kbd.bus.ctx = &fake_front;
    kbd.config = (struct kbdfront_config){ .absolute = byte() & 1, .event = look };
    fake_back.event = fake_back.watch = nothing;
    fake_front.event = front_event;
    fake_front.watch = front_watch;
    fake_set(FRONT "/backend", BACK);
    fake_set(FRONT "/backend-id", "0");
    fake_set(FRONT "/state", "1");
    fake_set(BACK "/feature-abs-pointer", "1");
    fake_set(BACK "/state", "2");
    MUST(kbdfront_start(&kbd, FRONT) == 0);
    fake_deliver();
    fake_set(BACK "/state", "4");
    fake_deliver();
    while ( in < end )
        command(byte());
    fake_kill(&fake_back);
    kbdfront_stop(&kbd);
    MUST(kbd.lost_pages || fake_is_empty(&fake_front));
    return 0;
}
