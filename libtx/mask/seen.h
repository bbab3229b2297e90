/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_SEEN_H
#define TX_MASK_SEEN_H

/*
 * Which questions to the detectors were asked before and had no answer: most values of a log (a
 * region, a role, a program's path, a reason) come again and again, with nothing in them. No text
 * is kept, only a digest of what was asked, under a random key of this object. It knows no rule.
 * Invariant: what was not put is not said to have been seen, but for two questions with the same
 * digest, which is less likely than 2^-128 for any two, whoever made them up (seen.c).
 */

#include "libtx/detect/detect.h"

/* Of longer texts nothing is kept: they seldom come again, and are looked at all the same. */
#define TX_SEEN_TEXT_BYTES 256u
/* So many questions are kept: those that came again last. */
#define TX_SEEN_SETS 1024u
#define TX_SEEN_WAYS 4u

struct tx_seen; /* in secret memory */

/* All on which the answer rests. */
struct tx_seen_question {
    struct tx_text text, name;
    const struct tx_detector_set *wanted;
    bool assume_context;
};

struct tx_seen_digest {
    bool is_set; /* false: it is not to be kept */
    uint64_t word[4];
};

TX_MUST_USE int tx_seen_new(struct tx_seen **ret);
void tx_seen_free(struct tx_seen *seen);
TX_DEFINE_CLEANUP(struct tx_seen *, tx_seen_free);

/* True: it was put before. Otherwise *ret is for tx_seen_put, when nothing is found. It may also be
 * false of what was put: of values that are never the same, few are asked for. */
bool tx_seen_has(struct tx_seen *seen, const struct tx_seen_question *question,
                 struct tx_seen_digest *ret);
void tx_seen_put(struct tx_seen *seen, const struct tx_seen_digest *digest);

#endif
