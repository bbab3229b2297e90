/* SPDX-License-Identifier: MIT */
#ifndef TX_PATTERN_WORDS_H
#define TX_PATTERN_WORDS_H

/*
 * Many words at once: an automaton of Aho and Corasick that finds all places of all of them in one
 * pass. It knows nothing of what stands around a word. Immutable once it is made.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

/* Of all words together. */
#define TX_WORDS_BYTES (1024u * 1024u)

struct tx_words;

struct tx_words_options {
    bool ignore_case; /* of letters as in patterns; a word with several that are not ASCII is known
                         in small, in capitals, and with the first one large */
    bool joints;      /* a space of a word may be any of space _ - . / or nothing: taxId, tax_id */
};

/* No word is empty: -EINVAL. -E2BIG when they are too many. */
TX_MUST_USE int tx_words_new(const struct tx_text *words, size_t n,
                             const struct tx_words_options *options, struct tx_words **ret);
void tx_words_free(struct tx_words *words);
TX_DEFINE_CLEANUP(struct tx_words *, tx_words_free);

/* Where a search stands; set the first two. */
struct tx_words_search {
    const struct tx_words *words;
    struct tx_text text;
    size_t at;
    uint32_t node, told, out;
};

/* Byte [start, end) of the text is the word with this index. */
struct tx_words_found {
    size_t start, end;
    uint32_t word;
};

/* The next one that ends at `until` or before, by its end; of those with the same end the longest
 * first. False when there is none; a later call may go further. */
bool tx_words_next(struct tx_words_search *search, size_t until, struct tx_words_found *ret);

#endif
