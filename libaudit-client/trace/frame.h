/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACE_FRAME_H
#define TX_TRACE_FRAME_H

/*
 * A trace event as the bytes of a frame (docs/wire.md), checked and written in one pass, right
 * where it is to stand. It knows no ring.
 */

#include <tracex/audit.h>

#include "libtx/base/error.h"

/* `n` is its number, `time` when it was. TX_FRAME_E_ROOM: it does not fit. Errors as tx_trace_emit
 * has them; then what was written is to be forgotten. */
enum { TX_FRAME_E_ROOM = 1 };
TX_MUST_USE int tx_frame_write(const struct tx_event *event, uint64_t n, int64_t time, uint8_t *to,
                               size_t n_to, size_t *ret_n);

#endif
