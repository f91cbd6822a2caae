/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CPUID answers a guest: its domain's policy, its vCPU's own state, our own leaves. */
#pragma once

#include "core/vcpu.h"
#include "cpu/asm.h"

struct cpu_policy;

/* What the tools have set, or else the default for this kind of guest. */
const struct cpu_policy *guest_cpu_policy(const struct domain *d);
/* True if the policy and the processor let this be in XCR0. */
bool guest_xcr0_valid(const struct domain *d, uint64_t xcr0);
/* @osxsave: the guest's CR4.OSXSAVE. */
void guest_cpuid(const struct vcpu *v, bool osxsave, uint32_t leaf, uint32_t sub, struct cpuid_regs *out);
