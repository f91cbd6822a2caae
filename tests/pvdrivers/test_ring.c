/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared ring: both ends against each other, against impossible indices, and in two threads. */
#include "cm.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ring/ring.h"
#include <xenabi/errno.h>

struct entry { uint32_t id, value, more; };

static _Alignas(64) uint8_t mem[4096];

static struct xen_ring_header *const shared = (void *)mem;

static void both(struct ring *f, struct ring *b, size_t bytes)
{
    memset(mem, 0xa5, sizeof(mem));
    ring_front_init(f, mem, bytes, sizeof(struct entry));
    assert_int_equal(ring_back_attach(b, mem, bytes, sizeof(struct entry)), 0);
}

TEST(slots_are_the_power_of_two_that_fits)
{
    static const struct { size_t bytes; uint32_t slot, nr; } t[] = {
        { 4096, 112, 32 }, { 8192, 112, 64 }, { 65536, 112, 512 }, { 4096, 12, 256 }, { 4096, 8, 256 },
        { 64 + 112, 112, 1 }, { 64 + 111, 112, 0 }, { 64, 112, 0 }, { 0, 112, 0 },
    };

    for ( size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++ )
        assert_int_equal(ring_slots(t[i].bytes, t[i].slot), t[i].nr);
}

TEST(entries_go_round_and_indices_wrap)
{
    struct ring f, b;
    struct entry e;

    both(&f, &b, 64 + 4 * sizeof(e));
    f.produced = f.published = f.consumed = f.seen = 0xfffffff0;
    b.produced = b.published = b.consumed = b.seen = 0xfffffff0;
    shared->req_prod = shared->rsp_prod = 0xfffffff0;
    for ( uint32_t i = 0; i < 100; i++ )
    {
        const uint32_t n = 1 + i % 4;

        for ( uint32_t k = 0; k < n; k++ )
            assert_true(ring_front_put(&f, &(struct entry){ i, k, ~i }, sizeof(e)));
        assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 0);      /* not published */
        ring_front_push(&f);
        for ( uint32_t k = 0; k < n; k++ )
        {
            assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 1);
            assert_true(e.id == i && e.value == k && e.more == ~i);
            e.value += 100;
            assert_true(ring_back_put(&b, &e, sizeof(e)));
        }
        ring_back_push(&b);
        for ( uint32_t k = 0; k < n; k++ )
        {
            assert_int_equal(ring_front_get(&f, &e, sizeof(e)), 1);
            assert_true(e.id == i && e.value == k + 100);
        }
        assert_int_equal(ring_front_get(&f, &e, sizeof(e)), 0);
    }
}

TEST(a_full_ring_takes_no_more_until_responses_are_taken)
{
    struct ring f, b;
    struct entry e = { 0 };

    both(&f, &b, 64 + 4 * sizeof(e));
    for ( int i = 0; i < 4; i++ )
        assert_true(ring_front_put(&f, &e, sizeof(e)));
    assert_false(ring_front_put(&f, &e, sizeof(e)));
    ring_front_push(&f);
    assert_false(ring_back_put(&b, &e, sizeof(e)));         /* nothing taken, nothing to answer */
    assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 1);
    assert_true(ring_back_put(&b, &e, sizeof(e)));
    assert_false(ring_back_put(&b, &e, sizeof(e)));
    ring_back_push(&b);
    assert_false(ring_front_put(&f, &e, sizeof(e)));        /* answered but not taken */
    assert_int_equal(ring_front_get(&f, &e, sizeof(e)), 1);
    assert_true(ring_front_put(&f, &e, sizeof(e)));
}

TEST(an_entry_larger_than_a_slot_is_refused)
{
    struct ring f, b;
    uint32_t big[4] = { 0 };

    both(&f, &b, 4096);
    assert_false(ring_front_put(&f, big, sizeof(big)));
    assert_int_equal(f.produced, 0);
}

TEST(only_who_asked_is_notified)
{
    struct ring f, b;
    struct entry e = { 0 };

    both(&f, &b, 4096);
    ring_front_put(&f, &e, sizeof(e));
    assert_true(ring_front_push(&f));           /* events start at 1: the first one counts */
    assert_false(ring_front_push(&f));          /* nothing new */
    ring_front_put(&f, &e, sizeof(e));
    assert_false(ring_front_push(&f));          /* the back end is awake */
    assert_false(ring_back_sleep(&b));          /* ... and finds work */
    assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 1);
    assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 1);
    assert_true(ring_back_sleep(&b));
    ring_front_put(&f, &e, sizeof(e));
    ring_front_put(&f, &e, sizeof(e));
    assert_true(ring_front_push(&f));           /* asked for the first of the two */
    ring_back_put(&b, &e, sizeof(e));
    assert_true(ring_back_push(&b));
    assert_false(ring_front_sleep(&f));
    assert_int_equal(ring_front_get(&f, &e, sizeof(e)), 1);
    assert_true(ring_front_sleep(&f));
    ring_back_put(&b, &e, sizeof(e));
    assert_true(ring_back_push(&b));
}

/* Every value of the peer's index: what is more than possible breaks the ring, and nothing is read. */
TEST(impossible_indices_break_the_ring)
{
    static const uint32_t wild[] = { 0, 1, 2, 3, 4, 5, 6, 7, 31, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

    for ( size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++ )
    {
        struct ring f, b;
        struct entry e = { 0 };
        uint32_t n = 0;
        int rc;

        both(&f, &b, 64 + 4 * sizeof(e));
        shared->req_prod = wild[i];
        while ( (rc = ring_back_get(&b, &e, sizeof(e))) == 1 )
            n++;
        assert_int_equal(n, wild[i] <= 4 ? wild[i] : 0);
        assert_int_equal(rc, wild[i] <= 4 ? 0 : -XEN_EBADMSG);
        shared->req_prod = 1;                   /* too late for repentance */
        assert_int_equal(ring_back_get(&b, &e, sizeof(e)), wild[i] <= 4 && wild[i] >= 1 ? (wild[i] == 1 ? 0 :
                         -XEN_EBADMSG) : wild[i] == 0 ? 1 : -XEN_EBADMSG);

        both(&f, &b, 64 + 4 * sizeof(e));
        for ( int k = 0; k < 3; k++ )
            ring_front_put(&f, &e, sizeof(e));
        f.published = 0;
        ring_front_push(&f);
        shared->rsp_prod = wild[i];             /* answers to three requests at most */
        for ( n = 0; (rc = ring_front_get(&f, &e, sizeof(e))) == 1; )
            n++;
        assert_int_equal(n, wild[i] <= 3 ? wild[i] : 0);
        assert_int_equal(rc, wild[i] <= 3 ? 0 : -XEN_EBADMSG);
        if ( wild[i] > 3 )
        {
            assert_false(ring_front_put(&f, &e, sizeof(e)));
            assert_true(ring_front_sleep(&f));
            assert_false(ring_front_push(&f));
        }
    }
}

TEST(responses_to_requests_that_were_not_published_break_the_ring)
{
    struct ring f, b;
    struct entry e = { 0 };

    both(&f, &b, 4096);
    ring_front_put(&f, &e, sizeof(e));
    shared->rsp_prod = 1;
    assert_int_equal(ring_front_get(&f, &e, sizeof(e)), -XEN_EBADMSG);
}

TEST(what_the_peer_changes_later_is_not_seen)
{
    struct ring f, b;
    struct entry e = { 7, 8, 9 }, got;

    both(&f, &b, 4096);
    ring_front_put(&f, &e, sizeof(e));
    ring_front_push(&f);
    assert_int_equal(ring_back_get(&b, &got, sizeof(got)), 1);
    memset(mem, 0xff, sizeof(mem));
    assert_memory_equal(&got, &e, sizeof(e));
}

TEST(a_second_back_end_goes_on_where_the_first_one_stopped)
{
    struct ring f, b;
    struct entry e = { 0 };

    both(&f, &b, 4096);
    for ( uint32_t i = 0; i < 10; i++ )
        ring_front_put(&f, &(struct entry){ .id = i }, sizeof(e));
    ring_front_push(&f);
    for ( int i = 0; i < 6; i++ )
        ring_back_get(&b, &e, sizeof(e));
    for ( uint32_t i = 0; i < 3; i++ )
        ring_back_put(&b, &(struct entry){ .id = i }, sizeof(e));
    ring_back_push(&b);
    assert_int_equal(ring_back_attach(&b, mem, sizeof(mem), sizeof(e)), 0);
    for ( uint32_t i = 3; i < 10; i++ )
    {
        assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 1);
        assert_int_equal(e.id, i);
        ring_back_put(&b, &e, sizeof(e));
    }
    ring_back_push(&b);
    for ( uint32_t i = 0; i < 10; i++ )
    {
        assert_int_equal(ring_front_get(&f, &e, sizeof(e)), 1);
        assert_int_equal(e.id, i);
    }
    shared->req_prod = shared->rsp_prod + f.nr + 1;
    assert_int_equal(ring_back_attach(&b, mem, sizeof(mem), sizeof(e)), -XEN_EBADMSG);
}

/*
 * A back end's process may die after each of its instructions: whatever the ring is like then, the front end has one
 * answer for each request in the end, by it or by its successor.
 */
#define FIRST       0xfffffffeu
#define ANSWERED(e) ((struct entry){ (e).id, ~(e).value, 7 })

/* Stopped before it begins; answers two of @e. */
static pid_t back_end(struct ring *b, const struct entry *e)
{
    const pid_t pid = fork();

    if ( pid == 0 )
    {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        ring_back_answer(b, &ANSWERED(e[0]), sizeof(*e));
        ring_back_answer(b, &ANSWERED(e[1]), sizeof(*e));
        _exit(0);
    }
    return pid;
}

/* A successor on the ring in mem; how many had been answered. */
static uint32_t follow_and_check(struct ring f, const struct entry *e)
{
    struct entry got;
    struct ring b;
    uint32_t answered;

    f.shared = shared;
    assert_int_equal(ring_back_attach(&b, mem, sizeof(mem), sizeof(got)), 0);
    ring_back_follow(&b, true);
    answered = b.produced - FIRST;
    while ( ring_back_get(&b, &got, sizeof(got)) == 1 )
    {
        assert_memory_equal(&got, &e[b.consumed - 1 - FIRST], sizeof(got));
        ring_back_answer(&b, &ANSWERED(got), sizeof(got));
    }
    ring_back_push(&b);
    for ( uint32_t i = 0; i < 4; i++ )
    {
        assert_int_equal(ring_front_get(&f, &got, sizeof(got)), 1);
        assert_memory_equal(&got, &ANSWERED(e[i]), sizeof(got));
    }
    return answered;
}

TEST(a_back_end_may_die_at_any_instruction)
{
    static uint8_t last[sizeof(mem)];
    uint8_t *page = mmap(NULL, sizeof(mem), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct xen_ring_header *h = (void *)page;
    unsigned int seen[3] = { 0 };
    struct ring f, b;
    struct entry e[4];
    int status;
    pid_t pid;

    ring_front_init(&f, page, sizeof(mem), sizeof(e[0]));
    f.produced = f.published = f.consumed = f.seen = h->req_prod = h->rsp_prod = FIRST;
    assert_int_equal(ring_back_attach(&b, page, sizeof(mem), sizeof(e[0])), 0);
    ring_back_follow(&b, false);
    for ( uint32_t i = 0; i < 4; i++ )
        ring_front_put(&f, &(struct entry){ i, 100 * i, i }, sizeof(e[0]));
    ring_front_push(&f);
    for ( uint32_t i = 0; i < 4; i++ )
        assert_int_equal(ring_back_get(&b, &e[i], sizeof(e[0])), 1);

    pid = back_end(&b, e);
    while ( waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) )
    {
        if ( memcmp(last, page, sizeof(mem)) )
        {
            memcpy(last, page, sizeof(mem));
            memcpy(mem, page, sizeof(mem));
            seen[follow_and_check(f, e)]++;
        }
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    }
    assert_int_equal(status, 0);
    print_message("%u, %u and %u states of the ring\n", seen[0], seen[1], seen[2]);
    assert_true(seen[0] >= 3 && seen[1] >= 6 && seen[2] >= 3);
    munmap(page, sizeof(mem));
}

TEST(what_others_left_in_the_padding_is_no_answer)
{
    struct ring f, b;
    struct entry e;

    both(&f, &b, 4096);
    *(uint32_t *)shared->pad = 1;
    ring_front_put(&f, &(struct entry){ .id = 5 }, sizeof(e));
    ring_front_push(&f);
    ring_back_follow(&b, false);
    assert_int_equal(ring_back_attach(&b, mem, 4096, sizeof(e)), 0);
    ring_back_follow(&b, true);
    assert_int_equal(ring_back_get(&b, &e, sizeof(e)), 1);
    assert_int_equal(e.id, 5);

    both(&f, &b, 4096);                         /* nor to a request that there is not */
    *(uint32_t *)shared->pad = 1;
    ring_back_follow(&b, true);
    assert_int_equal(shared->rsp_prod, 0);
}

/* Two threads that sleep whenever they may.  A lost wake-up hangs; the alarm ends the program. */
#define MESSAGES 200000u

static sem_t channel[2];

static void *back_thread(void *arg)
{
    struct ring *b = arg;
    struct entry e;

    for ( uint32_t done = 0; done < MESSAGES; )
    {
        const int rc = ring_back_get(b, &e, sizeof(e));

        assert_true(rc >= 0);
        if ( rc == 1 )
        {
            assert_true(e.id == done && e.value == ~done);
            e.more = done++;
            assert_true(ring_back_put(b, &e, sizeof(e)));
            if ( done % 3 == 0 || done == MESSAGES )
                continue;
        }
        if ( ring_back_push(b) )
            sem_post(&channel[0]);
        if ( rc == 0 && ring_back_sleep(b) )
            sem_wait(&channel[1]);
    }
    if ( ring_back_push(b) )
        sem_post(&channel[0]);
    return NULL;
}

TEST(two_threads_lose_nothing)
{
    struct ring f, b;
    struct entry e;
    uint32_t sent = 0, got = 0;
    pthread_t t;

    both(&f, &b, 64 + 8 * sizeof(e));
    sem_init(&channel[0], 0, 0);
    sem_init(&channel[1], 0, 0);
    alarm(120);
    pthread_create(&t, NULL, back_thread, &b);
    while ( got < MESSAGES )
    {
        int rc;

        while ( sent < MESSAGES && ring_front_put(&f, &(struct entry){ sent, ~sent, 0 }, sizeof(e)) )
            sent++;
        if ( ring_front_push(&f) )
            sem_post(&channel[1]);
        while ( (rc = ring_front_get(&f, &e, sizeof(e))) == 1 )
        {
            assert_true(e.id == got && e.more == got);
            got++;
        }
        assert_int_equal(rc, 0);
        if ( got < MESSAGES && (ring_front_room(&f) == 0 || sent == MESSAGES) && ring_front_sleep(&f) )
            sem_wait(&channel[0]);
    }
    pthread_join(t, NULL);
    alarm(0);
}

TESTS(
    RUN(slots_are_the_power_of_two_that_fits),
    RUN(entries_go_round_and_indices_wrap),
    RUN(a_full_ring_takes_no_more_until_responses_are_taken),
    RUN(an_entry_larger_than_a_slot_is_refused),
    RUN(only_who_asked_is_notified),
    RUN(impossible_indices_break_the_ring),
    RUN(responses_to_requests_that_were_not_published_break_the_ring),
    RUN(what_the_peer_changes_later_is_not_seen),
    RUN(a_second_back_end_goes_on_where_the_first_one_stopped),
    RUN(a_back_end_may_die_at_any_instruction),
    RUN(what_others_left_in_the_padding_is_no_answer),
    RUN(two_threads_lose_nothing),
)
