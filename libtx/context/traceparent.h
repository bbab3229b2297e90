/* SPDX-License-Identifier: MIT */
#ifndef TX_CONTEXT_TRACEPARENT_H
#define TX_CONTEXT_TRACEPARENT_H

/*
 * `traceparent` of W3C Trace Context level 2: which trace a request belongs to, and which span of
 * it asks. It knows no header's name and no thread. Invariant: what was read has ids that are not
 * all zero, and no flags but those of level 2.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

#define TX_TRACEPARENT_BYTES 55

enum tx_trace_flags {
    TX_TRACE_SAMPLED = 1,
    TX_TRACE_RANDOM = 2, /* the last 7 bytes of the trace id are random */
};

struct tx_traceparent {
    uint8_t trace_id[16];
    uint8_t span_id[8]; /* the specification calls it parent-id */
    uint8_t flags;
};

enum {
    TX_TRACEPARENT_E_VERSION = 1, /* none can be read, or ff */
    TX_TRACEPARENT_E_LENGTH,
    TX_TRACEPARENT_E_TRACE_ID,
    TX_TRACEPARENT_E_SPAN_ID,
    TX_TRACEPARENT_E_FLAGS,
};

/* White space around it is passed over. Of a version above 00 the fields of 00 are read, and what
 * stands behind another dash is not looked at. TX_TRACEPARENT_E_*: whoever reads it begins a new
 * trace. */
TX_MUST_USE int tx_traceparent_parse(struct tx_text text, struct tx_traceparent *ret);

/* Always as version 00. */
void tx_traceparent_render(const struct tx_traceparent *parent, struct tx_buf *b);

/* Not all zero. */
bool tx_trace_id_valid(const uint8_t *id, size_t n);

/* Without the spaces and tabs at both ends. */
struct tx_text tx_text_trimmed(struct tx_text text);

#endif
