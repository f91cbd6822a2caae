/* SPDX-License-Identifier: MIT */
/* The ring of operations that a process waits on. */
#include "dom0/uring.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <xenabi/types.h>

#define ENTRIES     1024u
#define MAX_MAY     16u
#define MAX_PORTS   64u

struct io_uring uring;
int uring_files[URING_FILES];

struct io_uring_sqe *uring_operation(void)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring);

    if ( !sqe && io_uring_submit(&uring) >= 0 )
        sqe = io_uring_get_sqe(&uring);
    return sqe;
}

/* Events are waited for once and for all, the others once. */
static int wait_readable(enum uring_file file)
{
    struct io_uring_sqe *sqe = uring_operation();

    if ( !sqe )
        return -EBUSY;
    if ( file == URING_EVENTS )
        io_uring_prep_poll_multishot(sqe, uring_files[file], POLLIN);
    else
        io_uring_prep_poll_add(sqe, uring_files[file], POLLIN);
    io_uring_sqe_set_data(sqe, &uring_files[file]);
    return 0;
}

/* Take the events that came, all at once; with what is handed over next they may come again. */
static int take_events(void)
{
    static evtchn_port_t ports[MAX_PORTS];      /* the operation's, which is over when it is handed over */
    const ssize_t bytes = read(uring_files[URING_EVENTS], ports, sizeof(ports));
    struct io_uring_sqe *sqe;

    if ( bytes <= 0 )
        return bytes == 0 ? -EIO : errno == EAGAIN ? 0 : -errno;
    sqe = uring_operation();
    if ( !sqe )
        return -EBUSY;
    io_uring_prep_write(sqe, uring_files[URING_EVENTS], ports, (unsigned int)bytes, 0);
    io_uring_sqe_set_data(sqe, NULL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    return 0;
}

int uring_open(const uint8_t *may, unsigned int nr, unsigned int buffers)
{
    static const uint8_t always[] = { IORING_OP_WRITE, IORING_OP_POLL_ADD };
    struct io_uring_restriction r[MAX_MAY + sizeof(always) + 2];
    unsigned int n = 0;
    int rc = io_uring_queue_init(ENTRIES, &uring, IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER |
                                                  IORING_SETUP_DEFER_TASKRUN);

    if ( rc == -EINVAL )        /* before Linux 6.1 */
        rc = io_uring_queue_init(ENTRIES, &uring, IORING_SETUP_R_DISABLED);
    if ( rc || nr > MAX_MAY )
        return rc ? rc : -E2BIG;
    memset(r, 0, sizeof(r));
    for ( unsigned int i = 0; i < nr + sizeof(always); i++, n++ )
    {
        r[n].opcode = IORING_RESTRICTION_SQE_OP;
        r[n].sqe_op = i < nr ? may[i] : always[i - nr];
    }
    r[n].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    r[n++].sqe_flags = IOSQE_CQE_SKIP_SUCCESS;
    r[n].opcode = IORING_RESTRICTION_REGISTER_OP;
    r[n++].register_op = IORING_REGISTER_BUFFERS_UPDATE;
    io_uring_register_ring_fd(&uring);          /* where that fails the ring is found by its descriptor */
    if ( buffers )
        rc = io_uring_register_buffers_sparse(&uring, buffers);
    return rc ?: io_uring_register_restrictions(&uring, r, n) ?: io_uring_enable_rings(&uring) ?:
        wait_readable(URING_EVENTS) ?: wait_readable(URING_STORE) ?: wait_readable(URING_SIGNALS);
}

static int take_completions(void (*complete)(const struct io_uring_cqe *cqe))
{
    struct io_uring_cqe *cqe;
    bool again = false;
    int came = 0, rc = 0;

    while ( io_uring_peek_cqe(&uring, &cqe) == 0 )
    {
        const int *file = io_uring_cqe_get_data(cqe);

        if ( !file )
            rc = cqe->res;              /* events that cannot come again */
        else if ( file < uring_files || file >= uring_files + URING_FILES )
            complete(cqe);
        else
        {
            came |= 1 << (file - uring_files);
            if ( cqe->res < 0 )
                rc = cqe->res;
            else if ( file == &uring_files[URING_EVENTS] )
                again |= !(cqe->flags & IORING_CQE_F_MORE);
            else if ( file == &uring_files[URING_STORE] )
                rc = wait_readable(URING_STORE);
        }
        io_uring_cqe_seen(&uring, cqe);
        if ( rc )
            return rc;
    }
    if ( came & 1 << URING_EVENTS )
        rc = take_events();
    if ( rc == 0 && again )
        rc = wait_readable(URING_EVENTS);
    return rc ? rc : came;
}

int uring_turn(bool more, void (*complete)(const struct io_uring_cqe *cqe))
{
    int rc = more ? io_uring_submit_and_get_events(&uring) : io_uring_submit_and_wait(&uring, 1);

    return rc < 0 && rc != -EINTR && rc != -EBUSY && rc != -EAGAIN ? rc : take_completions(complete);
}
