/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_ENGINE_H
#define TX_MASK_ENGINE_H

/*
 * Inside the engine: the compiled policy with its working memory, and the steps of masking a
 * record.
 *
 *   collect: names are matched, verdicts found, all texts put into slots (engine.c, json-field.c)
 *   detect:  one pass over those that were not seen before (slots.c, seen.c)
 *   claim:   what was found → stretches of bytes, each with its strictest claim (claims.c)
 *   apply:   in the order of the slots, each text is replaced (value.c, json-field.c)
 *
 * Where a record does not fit into the slots it is gone through once, text by text; what must be
 * counted over the whole record is then taken as counted.
 */

#include "libtx/mask/arena.h"
#include "libtx/mask/mask.h"
#include "libtx/mask/own-detectors.h"
#include "libtx/mask/persons.h"
#include "libtx/mask/ruleset.h"
#include "libtx/mask/seen.h"

#define TX_SLOTS_MAX (2 * TX_DETECT_VALUES_MAX)
#define TX_NO_VALUE UINT16_MAX

/* What stands beside the fields. */
enum tx_beside {
    TX_BESIDE_MESSAGE,
    TX_BESIDE_CORRELATION_ID,
    TX_BESIDE_COMM,
    TX_BESIDE_EXE,
    TX_BESIDE_UNIT,
    TX_BESIDE_N
};

/* More entries than that help nobody, and a line has an end. */
#define TX_MARKS_MAX 16

/* What changed the value that is being masked. */
struct tx_marks {
    unsigned errors; /* bits of enum tx_mask_error */
    size_t n;
    struct tx_mark {
        enum tx_masking_action_kind action;
        uint16_t rule;
    } mark[TX_MARKS_MAX]; /* strict ones first, then in the order of rules */
};

/* A text on its way: what holds for it, and what was found in it. */
struct tx_slot {
    const struct tx_verdict *verdict;
    struct tx_text text;
    uint16_t value; /* of those that are looked at; TX_NO_VALUE: this one is not, or need not be */
    bool overflow;  /* more was found than is worth more detail */
    bool is_key;    /* only what is found in it counts */
    bool is_string; /* a field's whole text, which may hold JSON; `field`, `label` are its */
    size_t behind;  /* of a JSON field's first one: the slot behind those of its parts */
    struct tx_text field;
    enum tx_value_label label;
    struct tx_text name; /* the context, and what was looked for, of one that is looked at */
    struct tx_detector_set wanted;
    size_t n_matches;
    const struct tx_match *matches;
};

/* What a field's value is before masking. */
struct tx_plan {
    bool failed;
    enum tx_mask_error error;
    struct tx_text text; /* valid UTF-8, canonical JSON, or a number's digits */
};

/* Bytes that are replaced by one text: what touches is united. */
struct tx_stretch {
    uint32_t start, end;
    uint32_t out_start, out_end; /* what stands there in the text that came out */
    struct tx_detector_set detectors;
    struct tx_claim claim;
};

struct tx_mask {
    const struct tx_masking *masking;
    struct tx_ruleset rules;
    struct tx_persons persons;
    struct tx_action_tools *tools;
    struct tx_digest policy;
    struct tx_arena values;  /* what the record gets */
    struct tx_arena scratch; /* what lies in between */
    struct tx_arena inner;   /* JSON that a string holds */
    struct tx_detect_memory *detect_memory;
    struct tx_seen *seen;
    struct tx_reading reading;
    struct tx_detector_set all, of_numbers; /* the file's detectors too */
    struct tx_json_walker *walker;
    struct tx_custom *custom; /* NULL: none */
    bool has_custom, assume_context;
    struct tx_set beside_names[TX_BESIDE_N]; /* what their names match */
    const struct tx_mask_trace *trace;
    struct tx_mask_counters counters;
    uint64_t *rule_counts;

    /* Of the present record. */
    const struct tx_record *record;
    uint64_t number;
    struct tx_set holding; /* conditions on the record */
    bool dropped;          /* by a rule, or by an error */
    bool dropped_by_error;
    enum tx_mask_error dropped_error;
    uint16_t dropped_rule;
    uint32_t n_replaced;
    bool one_by_one;
    bool nested;   /* within a string that holds JSON, texts are taken one by one */
    bool again;    /* and it has been masked once */
    bool overflow; /* it does not fit into the slots */
    size_t n_slots, next_slot, n_values;
    uint32_t *counts;        /* of matches, for each rule */
    uint32_t *member_counts; /* likewise, of the JSON that one string holds */
    struct tx_plan plans[TX_LIMIT_FIELDS];
    struct tx_plan beside[TX_BESIDE_N];

    /* Of the present value. */
    struct tx_text field; /* its name, for actions and traces */
    uint32_t n_sealed;    /* ciphertexts in the field so far */
    uint32_t part;
    struct tx_marks marks;
    struct tx_slot single; /* when texts are taken one by one */
    bool claims_overflow;
    struct tx_claim strictest;
    size_t n_stretches;

    struct tx_matches matches;
    struct tx_matches few; /* of a value that is looked at once more */
    struct tx_stretch stretches[TX_DETECT_MATCHES_MAX];
    struct tx_slot slots[TX_SLOTS_MAX];
    struct tx_detect_value detect_values[TX_DETECT_VALUES_MAX];
    struct tx_seen_digest digests[TX_DETECT_VALUES_MAX]; /* of those */
};

enum tx_outcome {
    TX_KEPT,
    TX_CHANGED, /* a text that stands in place of the value */
    TX_NULLED,  /* a number that becomes null */
    TX_DROPPED, /* the field, or the record too (mask->dropped) */
};

/* What it is called; see docs/masking.md. */
struct tx_text tx_beside_name(enum tx_beside which);

/* --- marks (marks.c) --- */

void tx_marks_reset(struct tx_marks *marks);
void tx_marks_add(struct tx_mask *mask, enum tx_masking_action_kind action, size_t rule);

/* The entry for `masked`, or NULL when nothing was done. Lives in the arena `values`. */
const char *tx_marks_render(struct tx_mask *mask);

/* Of a record that was dropped: "drop:" and the rule, or "error:" and the code. */
const char *tx_marks_render_drop(struct tx_mask *mask);

/* --- slots (slots.c) --- */

/* What is asked of a text. */
struct tx_asked {
    const struct tx_detector_set *detectors; /* that may be in it; NULL: none */
    struct tx_text text;
    struct tx_text name; /* context; lives as long as the record */
    bool is_key;
};

void tx_slots_reset(struct tx_mask *mask);

/* Of the slot that was added last, when it is for a string: whose it is, for who counts what is in
 * it. */
void tx_slots_is_string(struct tx_mask *mask, const struct tx_slot *slot, struct tx_text field,
                        enum tx_value_label label);

/* What holds for a value; NULL: there is no room (mask->overflow is set). `spent`: rules that have
 * done their part, or NULL. */
const struct tx_verdict *tx_slots_decide(struct tx_mask *mask,
                                         const struct tx_condition_value *value,
                                         const struct tx_set *spent);

/* A slot for the text: while collecting, the next one; one by one, with what was found in it,
 * borrowed until the next call. NULL: there is no room. */
const struct tx_slot *tx_slots_add(struct tx_mask *mask, const struct tx_verdict *verdict,
                                   const struct tx_asked *asked);

/* Looks at all texts that were collected; then slots are taken in their order. */
void tx_slots_detect(struct tx_mask *mask);
const struct tx_slot *tx_slots_next(struct tx_mask *mask);

/* What detectors find in a text, into mask->few. */
void tx_slots_look(struct tx_mask *mask, const struct tx_detector_set *wanted, struct tx_text text,
                   struct tx_text name);

/* --- claims (claims.c) --- */

/* Fills mask->stretches, ->strictest and ->claims_overflow. */
void tx_claims_make(struct tx_mask *mask, const struct tx_slot *slot);

/* What is claimed of one match in a slot's text. */
struct tx_claim tx_claims_of(struct tx_mask *mask, const struct tx_slot *slot,
                             const struct tx_match *match);

/* Counts matches for rules that ask for a number of them. */
void tx_claims_count(struct tx_mask *mask);

/* Adds those in one text. */
void tx_claims_count_in(struct tx_mask *mask, const struct tx_slot *slot, uint32_t *counts);

/* --- what replacements leave (settle.c) --- */

enum tx_settled {
    TX_SETTLED,
    TX_SETTLED_NOT_YET, /* there are more, or longer, stretches: it is to be done anew */
    TX_SETTLED_NEVER,   /* there is no room for them */
};

/* Looks at the text that came out, which mask->stretches say how it was made. */
enum tx_settled tx_settle(struct tx_mask *mask, const struct tx_slot *slot, struct tx_text out);

/* --- values (value.c) --- */

/* Nothing was found, and no rule wants anything: most values are kept without another look. */
static inline bool tx_slot_is_clean(const struct tx_mask *mask, const struct tx_slot *slot) {
    const struct tx_verdict *verdict = slot->verdict;
    return slot->n_matches == 0 && !slot->overflow && (!verdict->whole.any || slot->is_key) &&
           !verdict->shadows && slot->text.n <= mask->masking->limits.field_bytes;
}

/* How a value may be changed. */
enum tx_form {
    TX_FORM_TEXT,
    TX_FORM_NUMBER, /* a text, or null */
    TX_FORM_OPAQUE, /* as a whole or not at all: bytes, a JSON object */
};

/* Masks a text; *ret is set for TX_CHANGED and lies in `to`. */
enum tx_outcome tx_value_mask(struct tx_mask *mask, const struct tx_slot *slot, enum tx_form form,
                              struct tx_arena *to, struct tx_text *ret);

/* Drops the field, or the record: what else was marked does not matter any more. */
enum tx_outcome tx_value_drop(struct tx_mask *mask, const struct tx_claim *claim);
bool tx_claim_drops(const struct tx_claim *claim);

/* By `on_error`; *ret is "[redacted]" for TX_CHANGED. */
enum tx_outcome tx_value_fail(struct tx_mask *mask, enum tx_mask_error error, struct tx_text *ret);

/* Tells the trace; fields that are the same for all steps of a value are filled in. */
void tx_value_tell(const struct tx_mask *mask, const struct tx_mask_event *event);

#define TX_REDACTED TX_TEXT("[redacted]")

/* --- why (why.c) --- */

/* Tells the trace of each rule that holds for the value, and of what was found in it. */
void tx_why_tell(struct tx_mask *mask, const struct tx_slot *slot);

/* --- JSON (json-field.c) --- */

/* No integer of fewer digits is found by a built-in detector. */
#define TX_NUMBER_DIGITS_MIN 8

struct tx_json_field {
    struct tx_text name; /* the field's */
    enum tx_value_label label;
    const struct tx_set *names; /* what its name matched; not looked at when slots are taken */
};

/* What tx_json_canonical says. */
static inline enum tx_mask_error tx_json_error_of(int r) {
    bool is_limit = r == -E2BIG || r == -ENOMEM || r == -ENOBUFS;
    return is_limit ? TX_MASK_ERROR_LIMIT : TX_MASK_ERROR_JSON;
}

struct tx_json_walker; /* see json-walk.h */
TX_MUST_USE int tx_json_walker_new(struct tx_json_walker **ret);
void tx_json_walker_free(struct tx_json_walker *walker);

/* Puts the texts of a canonical JSON text into slots; false when it cannot be masked by its parts
 * (too deep, names too long), and nothing was put. */
TX_MUST_USE bool tx_json_field_collect(struct tx_mask *mask, const struct tx_json_field *field,
                                       struct tx_text json);

/* *ret_text is what stands in place of the JSON text when the outcome is TX_KEPT or TX_CHANGED;
 * *ret_is_json whether it is JSON or a plain text. */
enum tx_outcome tx_json_field_mask(struct tx_mask *mask, const struct tx_json_field *field,
                                   struct tx_text json, struct tx_text *ret_text,
                                   bool *ret_is_json);

/* --- JSON in a string (json-string.c) --- */

struct tx_json_string {
    struct tx_json_field field; /* names are looked at */
    struct tx_text context;     /* the name that counts as context; n == 0: none */
};

/* Whether a string may hold JSON of which a rule could name something. */
bool tx_json_string_is(const struct tx_mask *mask, struct tx_text text);

/* Adds what is found in the members of the JSON that it holds; nothing when it holds none. */
void tx_json_string_count(struct tx_mask *mask, const struct tx_slot *slot, uint32_t *counts);

/* As tx_value_mask of a text, for one that may hold JSON. */
enum tx_outcome tx_json_string_mask(struct tx_mask *mask, const struct tx_json_string *string,
                                    const struct tx_slot *slot, struct tx_text *ret);

/* --- lockdown (lockdown.c) --- */

void tx_lockdown_record(struct tx_record *record);

#endif
