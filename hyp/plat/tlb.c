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
#include "base/bits.h"
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

void tlb_poll(void)
{
    uint32_t *const mailbox = &this_pcpu()->tlb_request;
    uint32_t request = __atomic_load_n(mailbox, __ATOMIC_ACQUIRE);

    while ( unlikely(request) ) {
        if ( request & REQUEST_GLOBAL )
            tlb_flush_local_global();
        else
            tlb_flush_local();
        /* Changed meanwhile: somebody asked after we had begun. */
        if ( __atomic_compare_exchange_n(mailbox, &request, 0, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE) )
            break;
    }
}

void tlb_interrupt(void)
{
    tlb_poll();
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
        uint64_t left = cpus[word];

        for ( ; left; left &= left - 1 ) {
            const unsigned int cpu = word * 64 + lowest_bit(left);

            if ( cpu == self || cpu >= nr_cpus )
                continue;
            post(cpu, what);
            posted[word] |= BIT(cpu % 64);
        }
    }
    if ( (cpus[self / 64] >> (self % 64)) & 1 ) {
        if ( what & REQUEST_GLOBAL )
            tlb_flush_local_global();
        else
            tlb_flush_local();
    }
    for ( unsigned int word = 0; word < NR_CPUS / 64; word++ ) {
        for ( ; posted[word]; posted[word] &= posted[word] - 1 )
            wait_served(word * 64 + lowest_bit(posted[word]));
    }
}

void tlb_flush_cpus(const cpumask_t *cpus)
{
    flush_mask(cpus->bits, REQUEST_GUEST);
}

void tlb_flush_one_cpus(const cpumask_t *cpus, uint64_t va)
{
    const unsigned int self = this_pcpu()->id;
    cpumask_t others = *cpus;

    others.bits[self / 64] &= ~BIT(self % 64);
    flush_mask(others.bits, REQUEST_GUEST);
    if ( (cpus->bits[self / 64] >> (self % 64)) & 1 )
        invlpg(va);
}

static void fill_all(cpumask_t *all)
{
    *all = (cpumask_t){ { 0 } };
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        all->bits[cpu / 64] |= BIT(cpu % 64);
}

void tlb_flush_all_global(void)
{
    cpumask_t all;

    fill_all(&all);
    flush_mask(all.bits, REQUEST_GLOBAL);
}

void tlb_flush_stale(const uint64_t *cpus, uint32_t stamp)
{
    uint64_t stale[NR_CPUS / 64] = { 0 };
    uint64_t any = 0;

    for ( unsigned int word = 0; word < NR_CPUS / 64; word++ ) {
        for ( uint64_t left = cpus[word]; left; left &= left - 1 ) {
            const unsigned int cpu = word * 64 + lowest_bit(left);

            if ( cpu < nr_cpus &&
                 (int32_t)(read_once(pcpu_get(cpu)->tlb_epoch) - stamp) <= 0 )
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

void tlb_init(void)
{
    spin_poll = tlb_poll;
}
