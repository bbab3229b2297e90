/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_SINKS_H
#define TX_LEDGER_SINKS_H

/*
 * How far the sinks have come, from the cursors that auditd/forward keeps: what a sink has not
 * confirmed is not removed. Nothing is known of a sink but its cursor's file; one that is missing,
 * damaged or of another log has confirmed nothing.
 */

#include "libtx/base/text.h"
#include "libtx/conf/stream.h"
#include "libtx/crypto/hash.h"

/* The line of a sink's cursor (auditd/forward/sink-cursor.c): the first record that it has not
 * confirmed of the log whose log.json hashes to `log`. 0 when it says nothing of that log. */
uint64_t tx_sinks_parse_cursor(struct tx_text line, const struct tx_digest *log);

/* The first record that not every enabled sink has confirmed, and the sink that is furthest behind;
 * UINT64_MAX and NULL without one. < 0 only for want of memory. */
TX_MUST_USE int tx_sinks_passed(const struct tx_stream *stream, struct tx_hasher *hasher,
                                uint64_t *ret_next, const char **ret_name);

#endif
