/* SPDX-License-Identifier: MIT */
/*
 * The ring of ring.c as a model for spin: a front end sends MSGS requests through SLOTS slots and takes
 * as many responses; a back end answers; each sleeps when it has nothing to do and is woken by a channel
 * that only says "something happened" (a bit).
 *
 * Memory is weaker than x86's: each end has a store buffer from which its writes reach memory in any
 * order (writes of one word stay in order), and a slot may be read before the index that covers it.
 * What order there is comes from
 *      WMB         an index leaves the buffer after the slots it covers
 *      RMB         no early read of a slot
 *      MB_PUSH     the buffer is empty before the peer's event index is read
 *      MB_SLEEP    the buffer is empty before the final check
 *      FINAL       the final check itself
 *      SUPPRESS    (not an order) notify only if the peer's event index says so; else always
 * -DNO_<name> leaves one out.  What is proven: every entry is read as it was written, in order, and
 * both ends never sleep while one has an entry to take (spin: no invalid end state, no assertion).
 * Run by tests/pvdrivers/model.sh, which also shows that each omission but SUPPRESS is found.
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef MSGS
#define MSGS 4
#endif

#define REQ_PROD    0
#define REQ_EVENT   1
#define RSP_PROD    2
#define RSP_EVENT   3
#define SLOT(i)     (4 + (i) % SLOTS)
#define WORDS       (4 + SLOTS)

#define FRONT       0
#define BACK        1
#define REQUEST(i)  (2 * (i) + 1)
#define RESPONSE(i) (2 * (i) + 2)

byte mem[WORDS];
bool channel[2];                        /* a notification waits for this end */

/* Store buffers: one waiting write for each word of each end. */
typedef buffer { bool waits[WORDS]; byte value[WORDS] };
buffer buf[2];

/* The value that @who reads from word @w: its own waiting write, or memory. */
#define SEEN(who, w)    (buf[who].waits[w] -> buf[who].value[w] : mem[w])

inline write(who, w, v)
{
    atomic { !buf[who].waits[w] -> buf[who].waits[w] = true; buf[who].value[w] = v }
}

#define EMPTY(who) (!buf[who].waits[0] && !buf[who].waits[1] && !buf[who].waits[2] && !buf[who].waits[3] && \
                    !SLOTS_WAIT(who))
#if SLOTS == 2
#define SLOTS_WAIT(who) (buf[who].waits[4] || buf[who].waits[5])
#else
#define SLOTS_WAIT(who) (buf[who].waits[4] || buf[who].waits[5] || buf[who].waits[6] || buf[who].waits[7])
#endif

inline fence(who) { EMPTY(who) -> skip }

/* May the waiting write of word @w leave the buffer? */
#ifdef NO_WMB
#define MAY_DRAIN(who, w) (buf[who].waits[w])
#else
#define MAY_DRAIN(who, w) (buf[who].waits[w] && ((w != REQ_PROD && w != RSP_PROD) || !SLOTS_WAIT(who)))
#endif

inline drain(who, w)
{
    d_step { mem[w] = buf[who].value[w]; buf[who].value[w] = 0; buf[who].waits[w] = false }
}

proctype memory(byte who)
{
end:
    do
    :: MAY_DRAIN(who, 0) -> drain(who, 0)
    :: MAY_DRAIN(who, 1) -> drain(who, 1)
    :: MAY_DRAIN(who, 2) -> drain(who, 2)
    :: MAY_DRAIN(who, 3) -> drain(who, 3)
    :: MAY_DRAIN(who, 4) -> drain(who, 4)
    :: MAY_DRAIN(who, 5) -> drain(who, 5)
#if SLOTS > 2
    :: MAY_DRAIN(who, 6) -> drain(who, 6)
    :: MAY_DRAIN(who, 7) -> drain(who, 7)
#endif
    od
}

/* Publish up to @new and notify if the peer asked for an entry in (@old, @new].  Indices do not wrap here. */
inline push(who, prod, event, old, new)
{
    write(who, prod, new);
#ifndef NO_MB_PUSH
    fence(who);
#endif
#ifdef NO_SUPPRESS
    channel[1 - who] = true;
#else
    if
    :: SEEN(who, event) > old && SEEN(who, event) <= new -> channel[1 - who] = true
    :: else
    fi;
#endif
    old = new
}

/* Take entry @i into @got if there is one; otherwise @got is 0. */
inline take(who, prod, i, seen, early, got)
{
    if
    :: seen == i ->
#ifdef NO_RMB
        early = SEEN(who, SLOT(i));
#endif
        seen = SEEN(who, prod)
    :: else
    fi;
    if
    :: seen > i ->
        got = SEEN(who, SLOT(i))
#ifdef NO_RMB
    :: seen > i && early != 0 ->
        got = early
#endif
    :: else ->
        got = 0
    fi;
    early = 0
}

/* Ask for a notification of entry @i and look again; @seen == @i then means: sleep. */
inline prepare_sleep(who, prod, event, i, seen)
{
    write(who, event, i + 1);
#ifndef NO_MB_SLEEP
    fence(who);
#endif
#ifndef NO_FINAL
    seen = SEEN(who, prod)
#else
    skip
#endif
}

proctype front()
{
    byte produced, published, consumed, seen, early, got;

    do
    :: consumed < MSGS ->
        /* Put as many as we like and can, then publish them together. */
        do
        :: produced < MSGS && produced - consumed < SLOTS ->
            write(FRONT, SLOT(produced), REQUEST(produced));
            produced++
        :: produced > published -> break
        :: produced == MSGS || produced - consumed == SLOTS -> break
        od;
        if
        :: produced > published -> push(FRONT, REQ_PROD, REQ_EVENT, published, produced)
        :: else
        fi;
        do
        :: take(FRONT, RSP_PROD, consumed, seen, early, got);
            if
            :: got != 0 || seen > consumed ->
                assert(got == RESPONSE(consumed));
                consumed++
            :: else -> break
            fi
        od;
        if
        :: consumed < MSGS && (produced == MSGS || produced - consumed == SLOTS) ->
            /* Nothing more to send: only a response can help. */
            prepare_sleep(FRONT, RSP_PROD, RSP_EVENT, consumed, seen);
            if
            :: seen == consumed -> atomic { channel[FRONT] -> channel[FRONT] = false }
            :: else
            fi
        :: else
        fi
    :: else -> break
    od
}

proctype back()
{
    byte produced, published, consumed, seen, early, got;

    do
    :: take(BACK, REQ_PROD, consumed, seen, early, got);
        if
        :: got != 0 || seen > consumed ->
            assert(got == REQUEST(consumed));
            consumed++
        :: else ->
            /* Answer what was taken, one at a time or together. */
            do
            :: produced < consumed ->
                write(BACK, SLOT(produced), RESPONSE(produced));
                produced++
            :: produced > published -> push(BACK, RSP_PROD, RSP_EVENT, published, produced)
            :: produced == consumed && published == produced -> break
            od;
            prepare_sleep(BACK, REQ_PROD, REQ_EVENT, consumed, seen);
            if
            :: seen == consumed ->
end:            atomic { channel[BACK] -> channel[BACK] = false }
            :: else
            fi
        fi
    od
}

init
{
    atomic {
        mem[REQ_EVENT] = 1;
        mem[RSP_EVENT] = 1;
        run memory(FRONT);
        run memory(BACK);
        run front();
        run back()
    }
}
