/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_CONDITIONS_H
#define TX_MASK_CONDITIONS_H

/*
 * Which matches hold: each struct tx_masking_match, those within others too, is a condition with a
 * number, and one question answers all of them at once. What depends on the record alone is asked
 * once a record, what depends on a name once for each name: answers for names of events and of
 * fields, which are an application's vocabulary, are kept in caches of fixed size. Keys within JSON
 * are content and are never kept. It sees no value and knows no action.
 */

#include "libtx/mask/glob-index.h"
#include "libtx/mask/policy/masking.h"
#include "libtx/mask/policy/pointer.h"
#include "libtx/mask/set.h"
#include "libtx/record/record.h"

#define TX_CACHED_NAMES 256
#define TX_CACHED_EVENTS 64

/* Nesting of conditions, and of places in JSON that are walked. */
#define TX_CONDITIONS_DEPTH 16
#define TX_PLACES_DEPTH (TX_LIMIT_JSON_DEPTH + 2)

/* TX_TYPE_…'s bits by their number, and null. */
#define TX_CONDITION_TYPES 7
#define TX_CONDITION_NULL 6

struct tx_cached_set {
    size_t n; /* 0: empty slot */
    char name[TX_LIMIT_NAME_BYTES];
    struct tx_set set;
};

struct tx_condition; /* see conditions.c */

struct tx_conditions {
    size_t n, n_words;
    size_t n_roots; /* the first so many are asked for; the others are parts of them */
    struct tx_condition *condition;
    struct tx_set roots;
    struct tx_set with_events, with_names, with_keys, with_sender, with_expiry;
    struct tx_set of_value; /* depend on more than the record */
    struct tx_set labelled[TX_LABEL_N], typed[TX_CONDITION_TYPES];
    size_t n_composite;
    uint16_t *composite; /* those that have parts, parts before what they are parts of */
    size_t n_names, n_keys, n_pointers;
    struct tx_named_glob *names, *keys;
    struct tx_glob_index *name_index, *key_index;
    struct tx_named_pointer *pointers;
    uint64_t *places; /* of each pointer, for each depth */
    struct tx_cached_set *cached_names, *cached_events;
    struct tx_name folded; /* of what was asked last */
    size_t n_folded;       /* bytes of the longest path that stood there since it was wiped */
};

/* A value's, to be asked with. */
struct tx_condition_value {
    const struct tx_set *record; /* what tx_conditions_match_record gave */
    const struct tx_set *names;  /* what the names of the value and of what is around it gave */
    const struct tx_set *keys;   /* likewise of keys; NULL: none */
    enum tx_value_label label;
    unsigned type; /* 0 to TX_CONDITION_NULL */
};

struct tx_condition_options {
    int64_t expires; /* from then on it holds no more; 0: never */
    bool exempts; /* where it holds, less is masked: its names are taken as they are written, those
                     of what is taken away from it loosely (glob.h) */
};

/* An empty set; then one call of _add for each of n_roots, which get the numbers from 0, then
 * _finish. Nothing is borrowed. -EINVAL: too many or too deep, or a pattern that is empty, too long
 * or malformed. */
TX_MUST_USE int tx_conditions_init(struct tx_conditions *c, size_t n_roots);
TX_MUST_USE int tx_conditions_add(struct tx_conditions *c, const struct tx_masking_match *match,
                                  const struct tx_condition_options *options);
TX_MUST_USE int tx_conditions_finish(struct tx_conditions *c);
void tx_conditions_deinit(struct tx_conditions *c);

/* Forgets the key that was asked last. */
void tx_conditions_wipe(struct tx_conditions *c);

/* Which may hold for a record, and do hold when they ask for nothing but the record. */
void tx_conditions_match_record(struct tx_conditions *c, const struct tx_record *record,
                                struct tx_set *ret);

/* The roots that hold for a record and ask for nothing else. */
void tx_conditions_of_record(const struct tx_conditions *c, const struct tx_set *record,
                             struct tx_set *ret);

/* Adds to *names those of which a pattern fits the field's name. False when it is longer than
 * TX_GLOB_NAME_BYTES and there are patterns. */
TX_MUST_USE bool tx_conditions_match_field(struct tx_conditions *c, struct tx_text name,
                                           struct tx_set *names);

/* A member of JSON: its path from the field's name with dots, of which the last n_inner bytes are
 * the path without the field's name and the last n_key the key; `depth` of it is 1 directly in the
 * field's value. Adds to *names and *keys. Likewise. */
TX_MUST_USE bool tx_conditions_match_member(struct tx_conditions *c, struct tx_text path,
                                            size_t n_inner, size_t n_key, size_t depth,
                                            struct tx_set *names, struct tx_set *keys);

/* Where pointers stand: before the members of a field, of an item of an array. */
void tx_conditions_enter_field(struct tx_conditions *c, struct tx_text name);
void tx_conditions_match_item(struct tx_conditions *c, uint32_t index, size_t depth,
                              struct tx_set *names);

/* The roots that hold for a value. */
void tx_conditions_match_value(const struct tx_conditions *c,
                               const struct tx_condition_value *value, struct tx_set *ret);

#endif
