/* SPDX-License-Identifier: MIT */
/*
 * The table of hypercalls: the only place where number, name and arguments are written down.
 * The hypervisor's dispatch table, the guest's call stubs, the __HYPERVISOR_* constants below and
 * HYPERCALLS.md all come from it.
 *
 * Calling convention (64-bit): number in RAX; arguments in RDI, RSI, RDX, R10, R8; result in RAX.
 * PV enters by SYSCALL (RCX and R11 are lost), hardware guests by VMCALL or VMMCALL.
 *
 * X(number, name, nr_args)  followed by the argument names in a comment, which gen-doc.py reads.
 * Numbers that are missing here were never given out: they answer -XEN_ENOSYS.
 */
#ifndef XENABI_HYPERCALLS_H
#define XENABI_HYPERCALLS_H

#define XENABI_HYPERCALLS(X) \
    X(0,  set_trap_table, 1)                /* traps */ \
    X(1,  mmu_update, 4)                    /* reqs, count, done_out, foreigndom */ \
    X(2,  set_gdt, 2)                       /* frames, entries */ \
    X(3,  stack_switch, 2)                  /* ss, sp */ \
    X(4,  set_callbacks, 3)                 /* event, failsafe, syscall */ \
    X(5,  fpu_taskswitch, 1)                /* set */ \
    X(6,  sched_op_compat, 2)               /* cmd, arg */ \
    X(7,  platform_op, 1)                   /* op */ \
    X(8,  set_debugreg, 2)                  /* reg, value */ \
    X(9,  get_debugreg, 1)                  /* reg */ \
    X(10, update_descriptor, 2)             /* pa, desc */ \
    X(12, memory_op, 2)                     /* cmd, arg */ \
    X(13, multicall, 2)                     /* calls, nr_calls */ \
    X(14, update_va_mapping, 3)             /* va, val, flags */ \
    X(15, set_timer_op, 1)                  /* timeout */ \
    X(16, event_channel_op_compat, 1)       /* op */ \
    X(17, xen_version, 2)                   /* cmd, arg */ \
    X(18, console_io, 3)                    /* cmd, count, buffer */ \
    X(19, physdev_op_compat, 1)             /* op */ \
    X(20, grant_table_op, 3)                /* cmd, args, count */ \
    X(21, vm_assist, 2)                     /* cmd, type */ \
    X(22, update_va_mapping_otherdomain, 4) /* va, val, flags, domid */ \
    X(23, iret, 0)                          /* - */ \
    X(24, vcpu_op, 3)                       /* cmd, vcpuid, arg */ \
    X(25, set_segment_base, 2)              /* which, base */ \
    X(26, mmuext_op, 4)                     /* ops, count, done_out, foreigndom */ \
    X(27, xsm_op, 1)                        /* op */ \
    X(28, nmi_op, 2)                        /* cmd, arg */ \
    X(29, sched_op, 2)                      /* cmd, arg */ \
    X(30, callback_op, 2)                   /* cmd, arg */ \
    X(31, xenoprof_op, 2)                   /* cmd, arg */ \
    X(32, event_channel_op, 2)              /* cmd, arg */ \
    X(33, physdev_op, 2)                    /* cmd, arg */ \
    X(34, hvm_op, 2)                        /* cmd, arg */ \
    X(35, sysctl, 1)                        /* op */ \
    X(36, domctl, 1)                        /* op */ \
    X(37, kexec_op, 2)                      /* cmd, arg */ \
    X(38, tmem_op, 1)                       /* op */ \
    X(39, argo_op, 5)                       /* cmd, arg1, arg2, arg3, arg4 */ \
    X(40, xenpmu_op, 2)                     /* cmd, arg */ \
    X(41, dm_op, 3)                         /* domid, nr_bufs, bufs */ \
    X(42, hypfs_op, 5)                      /* cmd, arg1, arg2, arg3, arg4 */ \
    X(48, mca, 1)                           /* op */ \
    X(49, arch_1, 1)                        /* op */ \
    X(50, arch_2, 1)                        /* op */ \
    X(51, arch_3, 1)                        /* op */ \
    X(52, arch_4, 1)                        /* op */ \
    X(53, arch_5, 1)                        /* op */ \
    X(54, arch_6, 1)                        /* op */ \
    X(55, arch_7, 1)                        /* op */

#define XENABI_HYPERCALL_MAX    56  /* numbers are below this */
#define XENABI_HYPERCALL_ARGS   6   /* a multicall entry carries this many; none uses the last */

#ifndef __ASSEMBLER__
#define XENABI_HYPERCALL_ENUM(number, name, nr_args) __HYPERVISOR_##name = (number),
enum { XENABI_HYPERCALLS(XENABI_HYPERCALL_ENUM) };
#undef XENABI_HYPERCALL_ENUM
#endif

#endif
