/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_MASK_H
#define TX_MASK_MASK_H

/*
 * The masking engine behind one header: a policy is compiled once and applied to records. Masking
 * is a function of record, policy and keys, but for the nonces of `encrypt`. It knows no socket, no
 * file and no log.
 *
 * Whatever goes wrong with a value (a limit, no memory, no key, invalid JSON), nothing of the value
 * is let through.
 */

#include "libtx/base/bytes.h"
#include "libtx/crypto/hash.h"
#include "libtx/detect/detect.h"
#include "libtx/mask/action/action.h"
#include "libtx/mask/named.h"
#include "libtx/mask/policy/masking.h"
#include "libtx/record/record.h"

/* --- the compiled policy --- */

struct tx_mask; /* holds working memory, so it belongs to one thread */

/* `masking` is borrowed until _free, `subjects` too (NULL where no vault is); keys are borrowed for
 * the call. -EINVAL: too many rules, conditions too deep, a pattern that is empty, too long or
 * malformed, an unknown detector, `replaces` that names no unlocked rule of a preset; -ENOKEY: a
 * rule names a key that is not there. */
TX_MUST_USE int tx_mask_new(const struct tx_masking *masking, const struct tx_mask_key *keys,
                            size_t n_keys, const struct tx_subject_keys *subjects,
                            struct tx_mask **ret);
void tx_mask_free(struct tx_mask *mask);
TX_DEFINE_CLEANUP(struct tx_mask *, tx_mask_free);

/* SHA-256 of what tx_masking_render gives. */
const struct tx_digest *tx_mask_policy(const struct tx_mask *mask);

/* Masks message, correlation_id, comm, exe, unit and every field; sets the marks of struct
 * tx_record and its policy. First replaces what is not UTF-8 by U+FFFD and brings JSON into the
 * log's spelling. Changed values live in the mask's arena until the next tx_mask_wipe. Cannot fail.
 * All of a record's texts are looked at in one pass, then each is changed. */
void tx_mask_record(struct tx_mask *mask, struct tx_record *record);

/* As if every detector's context words stood near each candidate; for trying detectors. */
void tx_mask_assume_context(struct tx_mask *mask, bool assume);

/* As if there were no other detectors; for trying some of them. */
void tx_mask_only(struct tx_mask *mask, const struct tx_detector_set *detectors);

/* Wipes the arena: everything that tx_mask_record gave since the last wipe is gone. */
void tx_mask_wipe(struct tx_mask *mask);

/* Persons' keys that are set up are wiped: the next value asks for its key again. After one was
 * destroyed. */
void tx_mask_forget(struct tx_mask *mask);

/* --- what happened --- */

/* The codes of `error:` in `masked`. */
enum tx_mask_error {
    TX_MASK_ERROR_LIMIT, /* too long, too deep, too much in it, or no room for what became of it */
    TX_MASK_ERROR_JSON,  /* a JSON field that is none */
    TX_MASK_ERROR_KEY,   /* a key was not to be had */
    TX_MASK_ERROR_VAULT, /* nor was the person's, or the record does not say who it is */
    TX_MASK_ERROR_N,
};

struct tx_mask_counters {
    uint64_t records, dropped;
    uint64_t errors[TX_MASK_ERROR_N];
};

const char *tx_mask_error_name(enum tx_mask_error error);
const struct tx_mask_counters *tx_mask_counters(const struct tx_mask *mask);

/* Of the i-th rule: how often it changed something, or would have (shadow). False: there are fewer
 * rules. */
struct tx_mask_rule_count {
    const char *id;
    bool shadow;
    uint64_t n;
};
bool tx_mask_rule_counted(const struct tx_mask *mask, size_t i, struct tx_mask_rule_count *ret);

/* --- why --- */

enum tx_mask_step {
    TX_STEP_CANDIDATE, /* a detector looked: `candidate` says what became of it */
    TX_STEP_ALLOWED,   /* the entry `by` of `allow:` lets through what was found */
    TX_STEP_RULE,      /* the rule `by` holds for it: `standing` says what came of that */
    TX_STEP_SHADOW,    /* the rule `by` would have claimed it */
    TX_STEP_CLAIM,     /* the strictest claim on what one detector found */
    TX_STEP_SPAN,      /* what was done to a stretch of bytes, or to the whole (start == end) */
};

/* What came of a rule that holds for a value, and that asks for what was found in it. */
enum tx_mask_standing {
    TX_STANDING_CLAIMS,
    TX_STANDING_EXEMPTS,  /* it lets through, but for locked rules */
    TX_STANDING_SHADOW,   /* it only would have claimed it */
    TX_STANDING_UNSURE,   /* the detector is less sure than min_confidence */
    TX_STANDING_FEW,      /* there is less of it in the record than min_count */
    TX_STANDING_ALLOWED,  /* the entry `other` of `allow:` lets it through */
    TX_STANDING_EXEMPTED, /* the rule `other` exempts it */
    TX_STANDING_REPLACED, /* the rule `other` stands in its place */
    TX_STANDING_N,
};

/* Where texts stand is told by numbers and by the field's name; no clear text is in it. */
struct tx_mask_event {
    enum tx_mask_step step;
    struct tx_text field;      /* name; "message" and so on for what stands beside the fields */
    uint32_t part;             /* of a JSON field: which of its keys and values, from 1; else 0 */
    uint32_t start, end;       /* in the text */
    enum tx_detector detector; /* TX_NO_DETECTOR: none */
    uint8_t confidence;
    const struct tx_candidate *candidate;
    const char *by; /* a rule's id, or an entry's name; NULL: none */
    enum tx_masking_action_kind action;
    enum tx_mask_standing standing; /* RULE; start == end: it claims the value as a whole */
    const char *other;              /* RULE: see the standing; NULL: none */
    bool locked;                    /* RULE */
    bool failed; /* SPAN: the action could not be done, and the value was redacted */
};

struct tx_mask_trace {
    void (*tell)(void *data, const struct tx_mask_event *event);
    void *data;
};

/* For the records that follow; NULL: no more. Borrowed until then. */
void tx_mask_set_trace(struct tx_mask *mask, const struct tx_mask_trace *trace);

#endif
