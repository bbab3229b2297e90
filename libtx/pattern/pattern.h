/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_PATTERN_H
#define TX_PATTERN_PATTERN_H

/*
 * Users' regular expressions (docs/patterns.md), compiled once into two tables. Invariants: finding
 * all matches takes time linear in the text, whatever pattern and text are; while it runs nothing
 * is allocated and nothing can fail; no match contains NUL or a part of a character. It knows no
 * detector.
 *
 * A text is UTF-8; a byte that is no part of a valid character is one that nothing matches. NUL
 * ends a value: several values with NULs between them are searched like each by itself.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

#define TX_PATTERN_BYTES 4096 /* a longer one is refused */
#define TX_PATTERN_STATES_DEFAULT 10000
#define TX_PATTERN_STATES_MAX 65000 /* of each of the two tables */

/* The pattern cannot be compiled: its text is wrong, or it could not be run in linear time, or it
 * is too large. */
#define TX_PATTERN_E_REFUSED 1

struct tx_pattern_error {
    size_t at; /* byte of the pattern */
    char reason[256];
};

struct tx_pattern_options {
    uint32_t states;  /* of each table at most; 0: the default */
    bool ignore_case; /* flag i, as (?i) */
    bool whole_words; /* flag w: no match begins or ends within a word */
    bool whole_value; /* as ^(?:…)$; such a pattern may match the empty text */
    bool capture;     /* what is found are the bytes of the first group */
};

struct tx_pattern; /* immutable */

TX_MUST_USE int tx_pattern_new(struct tx_text text, const struct tx_pattern_options *options,
                               struct tx_pattern_error *ret_error, struct tx_pattern **ret);
void tx_pattern_free(struct tx_pattern *pattern);
TX_DEFINE_CLEANUP(struct tx_pattern *, tx_pattern_free);

/* What each match contains, in lower case when *ret_ignore_case; empty when there is no such text.
 * Borrowed. */
struct tx_text tx_pattern_literal(const struct tx_pattern *pattern, bool *ret_ignore_case);

/* Characters that are read at most for each byte of a text: 2, or more for a pattern that is tried
 * at each place. */
uint32_t tx_pattern_steps_max(const struct tx_pattern *pattern);

/* Memory for one search at a time, of texts of at most `cap` bytes; wiped after each. */
struct tx_pattern_memory;
TX_MUST_USE int tx_pattern_memory_new(size_t cap, struct tx_pattern_memory **ret);
void tx_pattern_memory_free(struct tx_pattern_memory *memory);
TX_DEFINE_CLEANUP(struct tx_pattern_memory *, tx_pattern_memory_free);

/* How many steps all searches in this memory took, for tests: characters read, and positions
 * looked at. */
uint64_t tx_pattern_memory_steps(const struct tx_pattern_memory *memory);

/* False: enough. */
typedef bool tx_pattern_found(void *userdata, size_t start, size_t end);

/* Calls `found` for each match from left to right: of those that begin leftmost the longest, then
 * on from its end. With `capture`, instead, for each stretch of bytes that the first group covers
 * in any way of matching this match. -E2BIG when the text is longer than the memory is for. */
TX_MUST_USE int tx_pattern_find_all(const struct tx_pattern *pattern,
                                    struct tx_pattern_memory *memory, struct tx_text text,
                                    tx_pattern_found *found, void *userdata);

/* Whether the whole text matches. For patterns with `whole_value`; needs no memory. */
bool tx_pattern_is_whole(const struct tx_pattern *pattern, struct tx_text text);

#endif
