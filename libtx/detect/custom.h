/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_CUSTOM_H
#define TX_DETECT_CUSTOM_H

/*
 * Detectors of a configuration: patterns and lists of words, with what makes a match believable. It
 * knows no rule and no file. Invariant: the work is linear in the text.
 */

#include "libtx/detect/detect.h"

enum tx_custom_validator {
    TX_CUSTOM_ANY,
    TX_CUSTOM_LUHN,
    TX_CUSTOM_VERHOEFF,
    TX_CUSTOM_MOD97,
    TX_CUSTOM_MOD11_10,
    TX_CUSTOM_CRC32_BASE62,
};

struct tx_custom_list {
    size_t n;
    char *const *item;
};

/* All is borrowed for the call that it is given to. */
struct tx_custom_spec {
    const char *regex; /* or the literals */
    struct tx_custom_list literals;
    const char *required_literal; /* beside a regex; or NULL */
    bool ignore_case, whole_words;
    bool capture; /* the first group of the regex is what is found */
    enum tx_custom_validator validator;
    uint32_t over_from, over_to, check_from, check_to; /* CRC32_BASE62: bytes of what is found */
    double entropy;                                    /* bits for each character, at least; or 0 */
    struct tx_custom_list context, exclude;
    uint32_t before, after; /* a word is near that ends so many bytes in front or behind at most */
    bool field_names;       /* context words count in the field's name too */
    uint8_t confidence;
    struct tx_custom_list examples_true, examples_false;
};

struct tx_custom_options {
    uint32_t regex_states;            /* as tx_pattern_options.states */
    size_t cap;                       /* texts are at most so long */
    const struct tx_reading *reading; /* how texts will be read; NULL: the default */
};

#define TX_CUSTOM_E_REFUSED 1

struct tx_custom_error {
    size_t detector;   /* index of the spec */
    const char *where; /* "regex", "literal", "context", "exclude", "examples: true" … */
    size_t at;         /* byte of the regex, or index of the word or example */
    char reason[320];
};

/* Ready to look into texts; in one thread at a time. */
struct tx_custom;

/* TX_CUSTOM_E_REFUSED with *ret_error set. n is at most TX_DETECT_CUSTOM_MAX. */
TX_MUST_USE int tx_custom_new(const struct tx_custom_spec *specs, size_t n,
                              const struct tx_custom_options *options,
                              struct tx_custom_error *ret_error, struct tx_custom **ret);
void tx_custom_free(struct tx_custom *custom);
TX_DEFINE_CLEANUP(struct tx_custom *, tx_custom_free);

/* For tx_detect_options.custom; number i claims as TX_DETECT_N + i. */
const struct tx_custom_detectors *tx_custom_hook(const struct tx_custom *custom);

/* Of number i, which a pattern is: characters that are read at most for each byte of a text, and
 * whether it is run only where a text stands that all its matches contain. For words 1 and true. */
struct tx_custom_cost {
    uint32_t steps_max;
    bool has_literal;
};
struct tx_custom_cost tx_custom_cost_of(const struct tx_custom *custom, size_t i);

/* Whether each true example is found, as if words of its context were there (they may stand in a
 * field's name), and no false one, as it stands. The specs are those that *custom was made of. */
TX_MUST_USE int tx_custom_check_examples(const struct tx_custom *custom,
                                         const struct tx_custom_spec *specs, size_t n,
                                         struct tx_custom_error *ret_error);

#endif
