/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_DETECT_H
#define TX_DETECT_DETECT_H

/*
 * Finding personal data in a text. One pass over the bytes looks for anchors (a digit, '@', ':'
 * and so on); exact validators run only there. It knows no rule. Invariants: the work is linear in
 * the text, whatever stands in it, and no length hides a match.
 */

#include <stdbool.h>
#include <stdint.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"
#include "libtx/detect/detector.h"

struct tx_detector_set {
    uint64_t word[(TX_DETECT_N + 63) / 64];
};

static inline bool tx_detectors_have(const struct tx_detector_set *set, enum tx_detector d) {
    return set->word[d / 64] >> (d % 64) & 1;
}
static inline void tx_detectors_add(struct tx_detector_set *set, enum tx_detector d) {
    set->word[d / 64] |= UINT64_C(1) << (d % 64);
}
static inline bool tx_detectors_any(const struct tx_detector_set *set) {
    return (set->word[0] | set->word[1]) != 0;
}
static inline void tx_detectors_or(struct tx_detector_set *set,
                                   const struct tx_detector_set *other) {
    set->word[0] |= other->word[0];
    set->word[1] |= other->word[1];
}
static inline void tx_detectors_and(struct tx_detector_set *set,
                                    const struct tx_detector_set *other) {
    set->word[0] &= other->word[0];
    set->word[1] &= other->word[1];
}
/* How many. */
static inline int tx_detectors_count(const struct tx_detector_set *set) {
    return __builtin_popcountll(set->word[0]) + __builtin_popcountll(set->word[1]);
}

extern const struct tx_detector_set tx_detectors_all;
/* Those that an integer can match. */
extern const struct tx_detector_set tx_detectors_of_numbers;

/* The one with that name, or TX_DETECT_N. */
enum tx_detector tx_detector_find(struct tx_text name);

/* Bytes [start, end) of the text. */
struct tx_match {
    uint32_t start, end;
    enum tx_detector detector;
};

/* A text with more than that in it is not worth more detail: it is redacted whole. */
#define TX_DETECT_MATCHES_MAX 2048

struct tx_matches {
    size_t n;
    bool overflow; /* there were more; what is in `match` is not to be used */
    struct tx_match match[TX_DETECT_MATCHES_MAX]; /* by start; they may overlap */
    uint64_t work;                                /* bytes that were looked at again, for tests */
};

struct tx_detect_options {
    struct tx_detector_set wanted;
    struct tx_text name; /* of the field that the text stands in: it counts as context */
    bool assume_context; /* as if every detector's context words were there */
};

/* What is needed in between; for texts of at most `cap` bytes. Wiped after each use. */
struct tx_detect_memory;
TX_MUST_USE int tx_detect_memory_new(size_t cap, struct tx_detect_memory **ret);
void tx_detect_memory_free(struct tx_detect_memory *memory);
TX_DEFINE_CLEANUP(struct tx_detect_memory *, tx_detect_memory_free);

/* *ret is set anew. A text that is longer than the memory is for is an overflow. */
void tx_detect(struct tx_detect_memory *memory, struct tx_text text,
               const struct tx_detect_options *options, struct tx_matches *ret);

/* What is united: no two touch into each other. */
struct tx_span {
    uint32_t start, end;
    struct tx_detector_set detectors;
};

/* Of matches that did not overflow; returns how many. `ret` has room for TX_DETECT_MATCHES_MAX. */
size_t tx_matches_unite(const struct tx_matches *matches, struct tx_span *ret);

#endif
