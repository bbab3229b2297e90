/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_CUSTOM_CHECK_H
#define TX_DETECT_CUSTOM_CHECK_H

/*
 * What makes a match of a configuration's detector believable: its check digits, its entropy, the
 * words near it.
 */

#include "libtx/detect/custom.h"
#include "libtx/detect/scan.h"
#include "libtx/pattern/words.h"

/* As it was made for. */
const struct tx_reading *tx_custom_reading(const struct tx_custom *custom);

/* Whether [start, end) passes the validator and has the entropy that the spec wants. */
bool tx_custom_is_valid(const struct tx_custom_spec *spec, const struct tx_scan *s, size_t start,
                        size_t end);

/* Words near what is found. They are looked for once over the whole text, as far as the matches
 * have come, which are asked about in the order of their ends. */
struct tx_near {
    struct tx_words_search search;
    size_t before, after;
    bool any;
    size_t start, end; /* of those that were met, the one that ends last */
};

/* `words` NULL: there are none. */
void tx_near_init(struct tx_near *near, const struct tx_words *words, const struct tx_scan *s,
                  const struct tx_custom_spec *spec);

/* Whether one ends at most `before` bytes in front of [start, end), in it, or at most `after` bytes
 * behind it; its place is near->start and end then. */
bool tx_near_has(struct tx_near *near, const struct tx_scan *s, size_t start, size_t end);

/* Whether one stands in a field's name. */
bool tx_near_in_name(const struct tx_words *words, struct tx_text name);

#endif
