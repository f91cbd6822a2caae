/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLB shootdown by one mailbox word for each CPU: flags of what to flush, and above them a
 * count, so that the word changes with every request.  The target flushes and then clears
 * the word if it is unchanged; a requester has been served when it reads zero.
 *
 * Every CPU that waits, for a lock or here, serves its own mailbox meanwhile, so two
 * that flush each other do not wait for ever.
 */
#include "plat/tlb.h"

#include "base/atomic.h"
#include "base/string.h"
#include "cpu/asm.h"
#include "cpu/regs.h"
#include "cpu/spinlock.h"
#include "plat/apic.h"
#include "plat/irq.h"

#define REQUEST_GUEST   0x1     /* all but global entries */
#define REQUEST_GLOBAL  0x2
#define REQUEST_COUNT   0x4     /* the count's unit */

uint32_t tlb_epoch = 1;

void tlb_flush_local(void)
{
    this_pcpu()->hvm_flush = true;
    tlb_note_flush();
    write_cr3(read_cr3());
}

void tlb_flush_local_global(void)
{
    const uint64_t cr4 = read_cr4();

    this_pcpu()->hvm_flush = true;
    tlb_note_flush();
    if ( cr4 & CR4_PGE ) {
        write_cr4(cr4 & ~(uint64_t)CR4_PGE);
        write_cr4(cr4);
    } else {
        write_cr3(read_cr3());
    }
}

static void flush_here(uint32_t what)
{
    if ( what & REQUEST_GLOBAL )
        tlb_flush_local_global();
    else
        tlb_flush_local();
}

void tlb_poll(void)
{
    uint32_t *const mailbox = &this_pcpu()->tlb_request;
    uint32_t request = __atomic_load_n(mailbox, __ATOMIC_ACQUIRE);

    while ( unlikely(request) ) {
        flush_here(request);
        /* Changed meanwhile: somebody asked after we had begun. */
        if ( __atomic_compare_exchange_n(mailbox, &request, 0, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE) )
            break;
    }
}

static void post(unsigned int cpu, uint32_t what)
{
    uint32_t *const mailbox = &pcpu_get(cpu)->tlb_request;
    uint32_t old = __atomic_load_n(mailbox, __ATOMIC_RELAXED);

    while ( !__atomic_compare_exchange_n(mailbox, &old, (old + REQUEST_COUNT) | what, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
        ;
    /* One IPI is on its way already if the mailbox was not empty. */
    if ( !old )
        apic_send_ipi(pcpu_get(cpu)->apic_id, VEC_TLB);
}

static void wait_served(unsigned int cpu)
{
    const uint32_t *const mailbox = &pcpu_get(cpu)->tlb_request;

    while ( __atomic_load_n(mailbox, __ATOMIC_ACQUIRE) ) {
        tlb_poll();
        cpu_relax();
    }
}

static void flush_mask(const uint64_t *cpus, uint32_t what)
{
    const unsigned int self = this_pcpu()->id;
    uint64_t posted[NR_CPUS / 64] = { 0 };

    for ( unsigned int word = 0; word < NR_CPUS / 64; word++ ) {
        for ( uint64_t left = read_once(cpus[word]); left; left &= left - 1 ) {
            const unsigned int cpu = word * 64 + lowest_bit(left);

            if ( cpu == self || cpu >= nr_cpus )
                continue;
            post(cpu, what);
            posted[word] |= BIT(cpu % 64);
        }
    }
    if ( test_bit(self, cpus) )
        flush_here(what);
    for ( unsigned int word = 0; word < NR_CPUS / 64; word++ )
        for ( ; posted[word]; posted[word] &= posted[word] - 1 )
            wait_served(word * 64 + lowest_bit(posted[word]));
}

void tlb_flush_cpus(const uint64_t *cpus) { flush_mask(cpus, REQUEST_GUEST); }

void tlb_flush_one_cpus(const uint64_t *cpus, uint64_t va)
{
    const unsigned int self = this_pcpu()->id;
    uint64_t others[NR_CPUS / 64];

    memcpy(others, cpus, sizeof(others));
    clear_bit(self, others);
    flush_mask(others, REQUEST_GUEST);
    if ( test_bit(self, cpus) )
        invlpg(va);
}

void tlb_flush_all_global(void)
{
    uint64_t all[NR_CPUS / 64];

    memset(all, 0xff, sizeof(all));             /* those that are not there are passed over */
    flush_mask(all, REQUEST_GLOBAL);
}

void tlb_flush_stale(const uint64_t *cpus, uint32_t stamp)
{
    uint64_t stale[NR_CPUS / 64] = { 0 };
    uint64_t any = 0;

    for ( unsigned int word = 0; word < NR_CPUS / 64; word++ ) {
        for ( uint64_t left = cpus[word]; left; left &= left - 1 ) {
            const unsigned int cpu = word * 64 + lowest_bit(left);

            if ( cpu < nr_cpus && (int32_t)(read_once(pcpu_get(cpu)->tlb_epoch) - stamp) <= 0 )
                stale[word] |= BIT(cpu % 64);
        }
        any |= stale[word];
    }
    if ( any )
        flush_mask(stale, REQUEST_GUEST);
}

/* No waiting: they flush long before the next lap. */
void tlb_epoch_lap(void)
{
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        post(cpu, REQUEST_GUEST);
}

void tlb_init(void) { spin_poll = tlb_poll; }
