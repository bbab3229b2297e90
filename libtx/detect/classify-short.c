/* SPDX-License-Identifier: MIT */
#include "libtx/detect/bits.h"

/*
 * The places of a text of one word of the bits, in plain registers: what was just written word by
 * word would have to be waited for by vectors over several.
 */

#define TX_ANCHORS_FOR
#define TX_LANES 1

typedef uint64_t tx_lanes;
/* Nothing stands before the text, nor behind it. */
struct tx_around {
    tx_lanes before, at, after;
};

static inline tx_lanes tx_load(const uint64_t *p) {
    return *p;
}
static inline void tx_store(uint64_t *p, tx_lanes v) {
    *p = v;
}
static inline struct tx_around tx_around(const uint64_t *p) {
    return (struct tx_around){.at = *p};
}
static inline tx_lanes tx_before(tx_lanes at, uint64_t *last) {
    (void)at;
    (void)last;
    return 0;
}
static inline tx_lanes tx_carry(tx_lanes alnum, tx_lanes more, uint64_t *carry) {
    (void)carry;
    return (alnum + more) & ~alnum;
}
#define TX_AHEAD(m, k) ((m).at >> (k))
#define TX_BACK(m, k) ((m).at << (k))
#define TX_ANY(v) ((v) != 0)
#include "libtx/detect/anchors.h"
#include "libtx/detect/classify.h"

bool tx_classify_short_anchors(const struct tx_bits *bits, size_t n) {
    return tx_anchors(bits, n) &&
           (bits->anchor[0] | bits->card[0] | bits->word[0] | bits->coded[0]) != 0;
}
