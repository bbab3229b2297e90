/* SPDX-License-Identifier: MIT */
#ifndef TX_CONTEXT_TRACESTATE_H
#define TX_CONTEXT_TRACESTATE_H

/*
 * `tracestate` of W3C Trace Context level 2: what each tracing system on the way keeps there for
 * itself, the latest first. It reads a key and a value of none. Invariant: what is rendered has at
 * most 32 members, each key once, at most 512 bytes, and nothing but what the grammar allows, so no
 * line's end.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

#define TX_TRACESTATE_BYTES 512 /* what has to be passed on, and all that we do */
#define TX_TRACESTATE_MEMBERS 32

struct tx_tracestate {
    size_t n;
    struct tx_text members[TX_TRACESTATE_MEMBERS]; /* key=value; borrowed */
};

enum {
    TX_TRACESTATE_E_MEMBER = 1, /* a key or value that is none: all of it is to be dropped */
    TX_TRACESTATE_E_MANY,       /* more than 32: likewise */
};

/* Appends what one header field says; several are one list, in their order. Of a key that stands
 * twice the first is kept, which is the latest. *state is not to be used after TX_TRACESTATE_E_*.
 */
TX_MUST_USE int tx_tracestate_read(struct tx_tracestate *state, struct tx_text header);

/* Puts a member in front, in place of the one with its key. `member` is key=value, borrowed.
 * TX_TRACESTATE_E_MEMBER. The last is dropped for it when there are 32. */
TX_MUST_USE int tx_tracestate_put(struct tx_tracestate *state, struct tx_text member);

/* Drops members until 512 bytes hold them: from the end those above 128 bytes, then from the end
 * the others. Returns how many. */
size_t tx_tracestate_cut(struct tx_tracestate *state);

void tx_tracestate_render(const struct tx_tracestate *state, struct tx_buf *b);

#endif
