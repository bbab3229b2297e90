/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_RULESET_H
#define TX_MASK_RULESET_H

/*
 * Rules, compiled: which of them hold for a value, what they demand of it as a whole, and what they
 * demand of a match of a detector in it. It sees no value. The order of rules decides nothing but
 * which of two equally strict ones is named.
 */

#include "libtx/detect/detect.h"
#include "libtx/mask/allow.h"
#include "libtx/mask/conditions.h"

/* Of the file, presets and packs together. */
#define TX_RULES_MAX 2048

/* Verdicts that are kept; at most as many different ones can be in use within one record. */
#define TX_CACHED_VERDICTS 64
#define TX_VERDICT_PROBES 8

/* What is to be done, and which rule says so: the strictest of those that claim, of equally strict
 * ones the first. Strings of the action are borrowed from the ruleset. */
struct tx_claim {
    bool any;
    uint16_t rule;
    struct tx_masking_action action;
};

/* What the rules that hold for a value demand. */
struct tx_verdict {
    bool used;
    uint64_t pinned;               /* the record that uses it */
    uint64_t made;                 /* the how manieth it is */
    struct tx_set matched;         /* rules, and entries of `allow:` behind them */
    struct tx_claim whole;         /* of the value as a whole */
    struct tx_detector_set wanted; /* detectors that some rule asks for */
    int strictest;                 /* action of those rules; -1: none */
    bool must_scan;                /* something is counted, whatever is claimed of the whole */
    bool shadows;                  /* a shadow rule without detectors is among `matched` */
    size_t n_seeking;
    uint16_t seeking[TX_RULES_MAX]; /* the rules with detectors, in order */
};

/* What was asked last of values of one type, and the answer: most ask the same. */
struct tx_last_asked {
    const struct tx_verdict *verdict; /* NULL: nothing was */
    uint64_t made;                    /* see tx_verdict */
    enum tx_value_label label;
    uint64_t words[4 * TX_SET_WORDS]; /* of the record, names, keys and what is spent, in a row */
};

struct tx_rule {
    const char *id;
    enum tx_masking_source source;
    struct tx_masking_action action; /* borrowed from the copy */
    bool has_detectors, locked, shadow, type_to_null;
    struct tx_detector_set detectors;
    uint8_t min_confidence;
    uint32_t min_count;
    size_t n_replaces;
    uint16_t *replaces;
};

struct tx_ruleset {
    size_t n_rules, n_words;
    struct tx_rule *rule;
    struct tx_conditions conditions; /* rules, then entries of `allow:` */
    struct tx_allows allows;
    struct tx_set rules, whole, shadow, allowing, locked, counted, replacing;
    struct tx_set drop_records; /* of a record as a whole, by what asks for no value */
    struct tx_verdict *verdicts;
    uint64_t n_made;
    struct tx_last_asked last[TX_CONDITION_TYPES];
};

/* A match of one value, as rules see it. */
struct tx_found {
    enum tx_detector detector;
    uint8_t confidence;
    bool allowed;           /* by an entry of `allow:` */
    const uint32_t *counts; /* of each rule in this record; NULL: as if all had enough */
};

/* `masking` is borrowed until _deinit. -EINVAL: see tx_mask_new. */
TX_MUST_USE int tx_ruleset_init(struct tx_ruleset *set, const struct tx_masking *masking);
void tx_ruleset_deinit(struct tx_ruleset *set);

/* What holds for a value. `spent`: rules that have done their part; NULL: none. Borrowed as long as
 * no other record asks. NULL when too many different ones are in use by `record`; with record == 0
 * it is borrowed until the next call only, and never NULL. */
const struct tx_verdict *tx_ruleset_decide(struct tx_ruleset *set,
                                           const struct tx_condition_value *value,
                                           const struct tx_set *spent, uint64_t record);

/* Whether an entry of `allow:` that holds for the value lets through what a detector found. */
bool tx_ruleset_allows(struct tx_ruleset *set, const struct tx_verdict *verdict,
                       enum tx_detector detector, struct tx_text text, size_t *ret_entry);

/* What the rules demand of a match; *ret has any == false when nothing. `shadowed` is told of each
 * shadow rule that would have claimed it, and may be NULL. */
void tx_ruleset_claim(const struct tx_ruleset *set, const struct tx_verdict *verdict,
                      const struct tx_found *found, void (*shadowed)(void *data, size_t rule),
                      void *data, struct tx_claim *ret);

/* Whether a rule, taken alone, claims what was found, but for its count. */
bool tx_rule_seeks(const struct tx_rule *rule, const struct tx_found *found);

/* Adds what `other` demands: the stricter one stands; of two masks, what both show. */
void tx_claim_add(struct tx_claim *claim, const struct tx_claim *other);

#endif
