/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When long work stops, and where its progress is kept meanwhile: see preempt.h. */
#include "core/preempt.h"
#include "core/evtchn.h"
#include "cpu/asm.h"
#include "cpu/pcpu.h"
#include "kern/clock.h"

#define PREEMPT_US          500     /* a call may run this long before it makes way */

void preempt_reset(void) { this_pcpu()->preempt_asked = 0; }

bool preempt_look(void)
{
    struct pcpu *const cpu = this_pcpu();

    /* Interrupts are off, so nobody tells us that time has passed. */
    if ( cpu->preempt_asked == 1 ) {
        cpu->preempt_tsc = rdtsc();
        return false;
    }
    return vcpu_has_upcall(cpu->curr) ||
           rdtsc() - cpu->preempt_tsc > (uint64_t)clock_tsc_khz() * PREEMPT_US / 1000;
}

void cont_set_arg(struct vcpu *v, unsigned int i, uint64_t value)
{
    v->cont_args[i] = value;
    v->cont_args_set |= BIT(i);
}
