/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm_op's numbered parameters: who may read and set which, and what setting does. */
#include "base/log.h"
#include "core/shared_info.h"
#include "cpu/pcpu.h"
#include "hvm/hvm_vcpu.h"
#include "hvm/viridian.h"

#define GET     1       /* the guest itself may read it, */
#define SET     2       /* and set it */
#define ONCE    4       /* not to be changed once it is not zero */
#define ZERO    8       /* what it asks for is not to be had: only 0 */

static const uint8_t rules[HVM_NR_PARAMS] = {
    [HVM_PARAM_CALLBACK_IRQ] = GET | SET,       [HVM_PARAM_STORE_PFN] = GET,
    [HVM_PARAM_STORE_EVTCHN] = GET | SET,       [HVM_PARAM_CONSOLE_PFN] = GET,
    [HVM_PARAM_CONSOLE_EVTCHN] = GET | SET,     [HVM_PARAM_VM86_TSS] = GET | SET,
    [HVM_PARAM_VM86_TSS_SIZED] = GET | SET,     [HVM_PARAM_X87_FIP_WIDTH] = GET | SET,
    [HVM_PARAM_ACPI_IOPORTS_LOCATION] = GET | SET,
    [HVM_PARAM_VM_GENERATION_ID_ADDR] = GET | SET,
    [HVM_PARAM_VIRIDIAN] = ONCE,                [HVM_PARAM_IOREQ_SERVER_PFN] = ONCE,
    [HVM_PARAM_NR_IOREQ_SERVER_PAGES] = ONCE,   [HVM_PARAM_NESTEDHVM] = ZERO,
    [HVM_PARAM_ALTP2M] = ZERO,                  [HVM_PARAM_MCA_CAP] = ZERO,
    [HVM_PARAM_ACPI_S_STATE] = ZERO,
};

int hvm_get_param(struct domain *d, uint32_t index, uint64_t *value, bool by_self)
{
    if ( index >= HVM_NR_PARAMS || (by_self && !(rules[index] & GET)) )
        return index >= HVM_NR_PARAMS ? -XEN_EINVAL : -XEN_EPERM;
    *value = read_once(d->hvm->params[index]);
    return 0;
}

int hvm_set_param(struct domain *d, uint32_t index, uint64_t value, bool by_self)
{
    uint64_t *p;

    if ( index >= HVM_NR_PARAMS )
        return -XEN_EINVAL;
    p = &d->hvm->params[index];
    if ( by_self && !(rules[index] & SET) )
        return -XEN_EPERM;
    if ( (rules[index] & ONCE) && *p && *p != value )
        return -XEN_EEXIST;
    if ( (rules[index] & ZERO) && value ) {
        log_guest(d, LOG_WARN, "%pd: HVM parameter %u can only be 0 (nested HVM, altp2m, "
                  "machine-check capabilities and ACPI sleep are not supported)\n", d, index);
        return -XEN_EOPNOTSUPP;
    }
    if ( index == HVM_PARAM_TIMER_MODE && value > HVMPTM_one_missed_tick_pending )
        return -XEN_EINVAL;
    if ( index == HVM_PARAM_VIRIDIAN && value && !*p ) {
        const int rc = viridian_enable(d, value);

        if ( rc )
            return rc;
    }
    write_once(*p, value);
    if ( index == HVM_PARAM_CALLBACK_IRQ && by_self )
        shared_info_set_form(d, !hvm_is_64bit(current));
    if ( index == HVM_PARAM_CALLBACK_IRQ && d->vcpu[0] )
        hvm_callback_line(d->vcpu[0]);
    return 0;
}

int hvm_set_upcall_vector(struct vcpu *v, uint8_t vector)
{
    if ( vector < 16 )
        return -XEN_EINVAL;
    write_once(v->hvm->upcall_vector, vector);
    /* One that came before is not lost. */
    if ( read_once(v->vcpu_info->evtchn_upcall_pending) )
        vcpu_work(v, VCPU_WORK_UPCALL);
    return 0;
}
