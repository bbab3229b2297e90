/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_JSON_TEXT_H
#define TX_MASK_JSON_TEXT_H

/*
 * Walking over a JSON text that is valid and in the log's spelling (libtx/record/json.h made it):
 * no white space, shortest escapes. Nothing is checked again but the text's end.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"
#include "libtx/mask/arena.h"

struct tx_json_text {
    struct tx_text in;
    size_t at;
};

/* The byte at hand, or 0 at the end. */
static inline char tx_json_peek(const struct tx_json_text *j) {
    return j->at < j->in.n ? j->in.p[j->at] : '\0';
}

/* The string at hand without its quotes, escapes as they are. */
struct tx_text tx_json_take_string(struct tx_json_text *j, bool *ret_escaped);

/* The number or word at hand. */
struct tx_text tx_json_take_plain(struct tx_json_text *j);

/* The value at hand, whatever it is; of a string with its quotes. */
struct tx_text tx_json_take_value(struct tx_json_text *j);

/* What a string says; never longer than it is written. */
void tx_json_unescape(struct tx_text raw, struct tx_buf *b);

/* A value's type by its first characters: TX_TYPE_…'s bit by its number, or TX_CONDITION_NULL. */
unsigned tx_json_type_of(struct tx_text raw);

/* 4.111111111111111E15 is a card's number as some languages write a double: as digits, where it is
 * as large as one. `raw`, or lies in the arena. */
struct tx_text tx_json_as_digits(struct tx_text raw, struct tx_arena *arena);

#endif
