/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_ENGINE_H
#define TX_MASK_ENGINE_H

/*
 * Inside the engine: the compiled policy with its working memory, and the steps of masking one
 * value. engine.c coordinates; value.c masks a text, json-field.c the texts within a JSON value.
 */

#include "libtx/mask/arena.h"
#include "libtx/mask/ruleset.h"

/* What changed the value that is being masked. */
struct tx_marks {
    bool error_limit;
    bool error_json;
    bool any[TX_MASK_DROP_RECORD + 1]; /* by kind of action */
    struct tx_set rules[TX_MASK_DROP_RECORD + 1];
};

struct tx_mask {
    struct tx_ruleset rules;
    struct tx_hmac *hmac; /* NULL when no rule hashes */
    struct tx_digest policy;
    struct tx_arena values;  /* what the record gets */
    struct tx_arena scratch; /* what lies in between */
    struct tx_detect_memory *detect_memory;
    struct tx_matches matches;
    size_t n_spans;
    struct tx_span spans[TX_DETECT_MATCHES_MAX];
    bool assume_context;
    struct tx_text name; /* of the field at hand: it is context for what stands in it */
    struct tx_set event; /* of the present record */
    struct tx_marks marks;
    const char *dropped_by;
};

enum tx_outcome {
    TX_KEPT,
    TX_CHANGED, /* a text that stands in place of the value */
    TX_DROPPED, /* the field, or the record too (mask->dropped_by) */
};

/* --- marks (value.c) --- */

void tx_marks_reset(struct tx_marks *marks);

/* The entry for `masked`, or NULL when nothing was done. Lives in the arena `values`. */
const char *tx_marks_render(struct tx_mask *mask);

/* --- values (value.c) --- */

/* Masks a text by the verdict, with those of its detectors that are in `detectors`. *ret is set for
 * TX_CHANGED; it lies in `to`. What does not fit there is redacted. */
enum tx_outcome tx_value_mask(struct tx_mask *mask, const struct tx_verdict *verdict,
                              const struct tx_detector_set *detectors, struct tx_text text,
                              struct tx_arena *to, struct tx_text *ret);

/* The same for what is no text to people (bytes, a JSON object): it is changed as a whole or not at
 * all. */
enum tx_outcome tx_value_mask_opaque(struct tx_mask *mask, const struct tx_verdict *verdict,
                                     struct tx_text text, struct tx_arena *to, struct tx_text *ret);

/* Drops the field, or the record: what else was marked does not matter any more. */
enum tx_outcome tx_value_drop(struct tx_mask *mask, const struct tx_claim *claim);

/* Notes that a claim changed a part of the value. */
void tx_value_mark(struct tx_mask *mask, const struct tx_claim *claim);

/* "[redacted]", and error_limit in the marks. */
struct tx_text tx_value_limit(struct tx_mask *mask);

/* --- JSON (json-field.c) --- */

struct tx_json_field {
    struct tx_text name; /* the field's */
    enum tx_value_label label;
    struct tx_set names; /* what its name matched */
};

/* *ret_text is what stands in place of the JSON text when the outcome is not TX_DROPPED;
 * *ret_is_json whether it is JSON or a plain text. TX_KEPT: it is the same but for its spelling. */
enum tx_outcome tx_json_field_mask(struct tx_mask *mask, const struct tx_json_field *field,
                                   struct tx_text json, struct tx_text *ret_text,
                                   bool *ret_is_json);

#endif
