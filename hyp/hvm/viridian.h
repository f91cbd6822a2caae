/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Windows (and Linux) use of Microsoft's hypervisor interface, by groups: HVM_PARAM_VIRIDIAN. */
#pragma once

#include "base/types.h"

struct cpuid_regs;
struct domain;
struct vcpu;

#define VIRIDIAN_LEAF       0x40000000U     /* to 0x400000ff; Xen's own leaves are 0x100 higher then */
#define VIRIDIAN_MSR        0x40000000U     /* to 0x400001ff; Xen's hypercall page is MSR 0x40000200 then */
#define VIRIDIAN_HYPERCALL  0x80000000U     /* set in EAX by our page: viridian_hypercall, not Xen's */

/*
 * HVM_PARAM_VIRIDIAN is to be @features, not 0; the caller stores it.  0, -XEN_EINVAL with a line,
 * -XEN_EEXIST, -XEN_ENOMEM.  d->hvm->viridian is freed with the domain by slab_free.
 */
int must_check viridian_enable(struct domain *d, uint64_t features);
void viridian_stop(struct vcpu *v);             /* before it is freed; also where nothing was enabled */

/* On the way into the guest: messages of timers that have expired.  Also where nothing was enabled. */
void viridian_deliver(struct vcpu *v);

/* The rest is for domains that have it. */
void viridian_cpuid(const struct domain *d, uint32_t leaf, struct cpuid_regs *out);
/* 0, or -XEN_EPERM: #GP.  @v is current. */
int must_check viridian_read_msr(struct vcpu *v, uint32_t msr, uint64_t *val);
int must_check viridian_write_msr(struct vcpu *v, uint32_t msr, uint64_t val);
/* By the kernel (CPL 0) of the current vCPU; the caller advances RIP. */
void viridian_hypercall(struct vcpu *v);
