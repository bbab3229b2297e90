/* SPDX-License-Identifier: MIT */
#ifndef TX_CONTEXT_BAGGAGE_H
#define TX_CONTEXT_BAGGAGE_H

/*
 * W3C Baggage: what an application sends along with a request, as a list of keys, values and their
 * properties. It gives no key a meaning. Invariant: what is rendered has at most 64 members and
 * 8192 bytes, whole members only, and nothing but what the grammar allows, so no line's end.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

#define TX_BAGGAGE_BYTES 8192
#define TX_BAGGAGE_MEMBERS 64

/* Texts are borrowed and as they were written: percent-encoded. */
struct tx_baggage_member {
    struct tx_text key;
    struct tx_text value;
    struct tx_text properties; /* behind the first semicolon, blanks included; may be empty */
};

struct tx_baggage {
    size_t n;
    struct tx_baggage_member members[TX_BAGGAGE_MEMBERS];
    size_t n_bytes;   /* of all, rendered, each with a comma */
    size_t n_dropped; /* members that are malformed or had no room */
};

/* Appends what one header field says; several are one list, in their order. A member that is
 * malformed or has no room is dropped and counted, the others stay. Keys may stand twice. */
void tx_baggage_read(struct tx_baggage *baggage, struct tx_text header);

/* Without blanks around separators. */
void tx_baggage_render(const struct tx_baggage *baggage, struct tx_buf *b);

/* The first member with that key, or NULL. */
const struct tx_baggage_member *tx_baggage_find(const struct tx_baggage *baggage,
                                                struct tx_text key);
/* All with that key. */
void tx_baggage_remove(struct tx_baggage *baggage, struct tx_text key);
/* Behind the others. The value is an encoded one; properties stay away. -EINVAL: no key; -ENOSPC.
 */
TX_MUST_USE int tx_baggage_add(struct tx_baggage *baggage, struct tx_text key,
                               struct tx_text value);

/* A text as a value: what a value must not hold is percent-encoded, byte for byte. */
void tx_baggage_encode(struct tx_text text, struct tx_buf *b);
/* The other way. What is not UTF-8 becomes U+FFFD; a % that begins no encoded byte stays. */
void tx_baggage_decode(struct tx_text value, struct tx_buf *b);

/* A key: a token of RFC 9110. A value, or a property's. */
bool tx_baggage_is_key(struct tx_text key);
bool tx_baggage_is_value(struct tx_text value);

#endif
