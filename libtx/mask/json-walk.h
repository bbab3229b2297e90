/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_JSON_WALK_H
#define TX_MASK_JSON_WALK_H

/*
 * A JSON value that no rule takes as a whole, token by token: each key, string and number becomes a
 * slot, and then the value is written anew with what became of them. Rules with fields see a member
 * by its path from the field's name, by that without the field's name, and by its own name; what a
 * container matched holds for all within it. A value that a rule names as a whole becomes a string.
 */

#include "libtx/mask/engine.h"

/* A rule names it; but KEEP_ONLY is for the members. */
static inline bool tx_json_is_taken_whole(const struct tx_verdict *verdict) {
    return verdict->whole.any && verdict->whole.action.kind != TX_ACTION_KEEP_ONLY;
}

/* Puts all texts into slots; false when it is too deep, a name is too long, or memory is too
 * small. */
TX_MUST_USE bool tx_json_walk_collect(struct tx_mask *mask, const struct tx_json_field *field,
                                      struct tx_text json);

/* Writes it to *ret, in the arena `to`: TX_KEPT (it is JSON), TX_CHANGED (it failed, and *ret
 * is a plain text) or TX_DROPPED. */
enum tx_outcome tx_json_walk_mask(struct tx_mask *mask, const struct tx_json_field *field,
                                  struct tx_text json, struct tx_arena *to, struct tx_text *ret);

/* Adds what is found in its texts, each by itself, to the counts of rules that ask for a number. */
void tx_json_walk_count(struct tx_mask *mask, const struct tx_json_field *field,
                        struct tx_text json, uint32_t *counts);

/* What a detector can find in a number of so many characters; NULL: nothing. */
const struct tx_detector_set *tx_json_number_detectors(const struct tx_mask *mask, size_t n);

#endif
