/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl, sysctl and platform_op look at the interface version on every call:
 * a wrong one is -EACCES on the real Xen, before anything else is looked at.
 * An unprivileged domain gets -EPERM or -EACCES and learns nothing.
 */
#include "test.h"
#include <xenabi/domctl.h>
#include <xenabi/platform.h>
#include <xenabi/sysctl.h>

static struct xen_domctl d;
static struct xen_sysctl s;
static struct xen_platform_op p;

void test_main(void)
{
    d.cmd = XEN_DOMCTL_getdomaininfo;
    d.interface_version = 0x1234;
    s.cmd = XEN_SYSCTL_physinfo;
    s.interface_version = 0x1234;
    p.cmd = XENPF_get_cpuinfo;
    p.interface_version = 0x1234;
    EQ(hc_domctl(HC_PTR(&d)), -XEN_EACCES);
    EQ(hc_sysctl(HC_PTR(&s)), -XEN_EACCES);
    EQ(hc_platform_op(HC_PTR(&p)), -XEN_EACCES);
    EQ(hc_domctl(BAD_PTR), -XEN_EFAULT);
    EQ(hc_sysctl(BAD_PTR), -XEN_EFAULT);
    EQ(hc_platform_op(BAD_PTR), -XEN_EFAULT);

    d.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    s.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    p.interface_version = XENPF_INTERFACE_VERSION;
    if ( !guest_is_dom0() ) {
        EQ(hc_domctl(HC_PTR(&d)) < 0, 1);
        EQ(hc_sysctl(HC_PTR(&s)), -XEN_EPERM);
        EQ(hc_platform_op(HC_PTR(&p)), -XEN_EPERM);
        return;
    }
    d.domain = 0;
    EQ(hc_domctl(HC_PTR(&d)), 0);
    EQ(d.u.getdomaininfo.domain, 0);
    CHECK(d.u.getdomaininfo.tot_pages >= 16000 && d.u.getdomaininfo.tot_pages <= 16384);
    EQ(d.u.getdomaininfo.max_vcpu_id, 0);
    d.domain = 77;
    EQ(hc_domctl(HC_PTR(&d)), -XEN_ESRCH);
    d.cmd = XEN_DOMCTL_pausedomain;
    EQ(hc_domctl(HC_PTR(&d)), -XEN_ESRCH);
    d.domain = DOMID_SELF;
    EQ_ROW("pausing ourselves", hc_domctl(HC_PTR(&d)) < 0, 1);
    d.cmd = XEN_DOMCTL_destroydomain;
    d.domain = 0;
    EQ_ROW("destroying ourselves", hc_domctl(HC_PTR(&d)) < 0, 1);
    d.cmd = 60000;
    EQ_ROW("unknown domctl", hc_domctl(HC_PTR(&d)) < 0, 1);

    EQ(hc_sysctl(HC_PTR(&s)), 0);
    CHECK(s.u.physinfo.nr_cpus >= 1);
    CHECK(s.u.physinfo.total_pages > 32768);
    CHECK(s.u.physinfo.free_pages < s.u.physinfo.total_pages);
    s.cmd = 60000;
    EQ_ROW("unknown sysctl", hc_sysctl(HC_PTR(&s)) < 0, 1);
    EQ(hc_platform_op(HC_PTR(&p)), 0);
    p.cmd = 60000;
    EQ(hc_platform_op(HC_PTR(&p)) < 0, 1);
}
