/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_RULESET_H
#define TX_MASK_RULESET_H

/*
 * Rules, compiled: which of them hold for an event, a name and a label, and what they then demand
 * of a value. It sees no value. The same few names and combinations come again and again, so their
 * answers are kept in caches of fixed size.
 */

#include "libtx/detect/detect.h"
#include "libtx/mask/set.h"

#define TX_CACHED_NAMES 256
#define TX_CACHED_EVENTS 64
#define TX_CACHED_VERDICTS 32

/* What is to be done, and which rules say so: the strictest of those that matched. */
struct tx_claim {
    bool any;
    struct tx_mask_action action;
    struct tx_set rules;
};

/* What the rules that matched demand. */
struct tx_verdict {
    bool used;
    struct tx_set matched;
    struct tx_claim whole;         /* of the value as a whole */
    struct tx_detector_set wanted; /* detectors that have a claim */
    int strictest;                 /* of their claims, by tx_mask_strictness; -1: none */
    struct tx_claim found[TX_DETECT_N];
};

struct tx_cached_set {
    size_t n; /* 0: empty slot */
    char name[TX_LIMIT_NAME_BYTES];
    struct tx_set set;
};

struct tx_compiled_rule; /* see ruleset.c */

struct tx_ruleset {
    size_t n_rules, n_words;
    struct tx_compiled_rule *rule;
    struct tx_set all;
    struct tx_set file;   /* not built in */
    struct tx_set whole;  /* without detectors */
    struct tx_set naming; /* with fields or labels */
    struct tx_set with_events;
    struct tx_set with_fields;
    struct tx_set labelled[TX_LABEL_N]; /* hold for that label */
    struct tx_set detecting[TX_DETECT_N];
    struct tx_set event_drops; /* drop_record by nothing but the event */
    bool has_fields;
    bool has_hash;
    struct tx_cached_set *names;
    struct tx_cached_set *events;
    struct tx_verdict *verdicts;
};

/* -EINVAL for what mask.h says of tx_mask_new. */
TX_MUST_USE int tx_ruleset_init(struct tx_ruleset *set, const struct tx_mask_rules *rules);
void tx_ruleset_deinit(struct tx_ruleset *set);

const char *tx_ruleset_id(const struct tx_ruleset *set, size_t rule);

/* Greater is stricter. */
int tx_mask_strictness(enum tx_mask_action_kind kind);

/* The rules whose condition on the event holds (or that have none). */
void tx_ruleset_match_event(struct tx_ruleset *set, struct tx_text event, struct tx_set *ret);

/* Adds to *names the rules of which a field pattern fits. False when the name is longer than
 * TX_GLOB_NAME_BYTES and some rule has patterns. */
TX_MUST_USE bool tx_ruleset_match_name(struct tx_ruleset *set, struct tx_text name,
                                       struct tx_set *names);

/* What holds for a value whose event gave `event` and whose names gave `names`. Borrowed until the
 * next call. */
const struct tx_verdict *tx_ruleset_decide(struct tx_ruleset *set, const struct tx_set *event,
                                           const struct tx_set *names, enum tx_value_label label);

/* Adds what `other` demands: the stricter one stands; of two masks, what both show. */
void tx_claim_add(const struct tx_ruleset *set, struct tx_claim *claim,
                  const struct tx_claim *other);

#endif
