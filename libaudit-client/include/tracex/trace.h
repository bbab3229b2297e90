/* SPDX-License-Identifier: MIT */
#ifndef TRACEX_TRACE_H
#define TRACEX_TRACE_H

/*
 * Tracing: what a program does, rather than what happened in it. Trace events are records like
 * those of <tracex/audit.h>: the same identity from the kernel, masked by the same rules, in a log
 * that is proven in the same way. docs/events.md lists their names and fields. C11 and C++17.
 *
 * Tracing is a weaker promise, for speed: an event may wait in the process for a few milliseconds,
 * and is lost when the process is killed in that time.
 */

#include <tracex/audit.h>
#include <tracex/span.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Records one trace event; under everything else here, for other languages too. As
 * tx_audit_emit(), and -EINVAL for a durability other than TX_QUEUED, or a receipt that is wanted.
 */
TX_PUBLIC_ int tx_trace_emit(const struct tx_event *event);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
