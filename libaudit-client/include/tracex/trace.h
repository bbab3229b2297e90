/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_TRACE_H
#define TRACEX_TRACE_H

/*
 * Tracing: what a program does, rather than what happened in it. Trace events are records like
 * those of <tracex/audit.h>: the same identity from the kernel, masked by the same rules, in a log
 * that is proven in the same way. docs/events.md lists their names and fields. C11 and C++17.
 *
 * An event goes into memory that its thread shares with the daemon: no call waits, and what was
 * taken survives the program. What has no room is dropped, and the loss recorded.
 */

#include <tracex/audit.h>
#include <tracex/function.h>
#include <tracex/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Records one trace event; under everything else here, for other languages too. Errors of a call
 * that was wrong as of tx_audit_emit(), and -EINVAL for a durability other than TX_QUEUED, or a
 * receipt that is wanted. Lost and counted:
 *
 * -EAGAIN     there is no room, or there are 1024 threads that trace
 * -EDEADLK    from a signal handler that interrupted this function
 * -ENOMEM, -EMFILE and such: the thread's memory could not be had
 */
TX_PUBLIC_ int tx_trace_emit(const struct tx_event *event);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
