/* SPDX-License-Identifier: MIT */
/*
 * States of a split driver's end, as text in its "state" node.
 */
#ifndef XENABI_IO_XENBUS_H
#define XENABI_IO_XENBUS_H

#define XenbusStateUnknown          0
#define XenbusStateInitialising     1
#define XenbusStateInitWait         2
#define XenbusStateInitialised      3
#define XenbusStateConnected        4
#define XenbusStateClosing          5
#define XenbusStateClosed           6
#define XenbusStateReconfiguring    7
#define XenbusStateReconfigured     8

#endif
