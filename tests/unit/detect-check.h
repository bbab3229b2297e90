/* SPDX-License-Identifier: MIT */
#ifndef TX_TEST_DETECT_CHECK_H
#define TX_TEST_DETECT_CHECK_H

/* Looking for what is in one text, for tests: the matches, and what becomes of those that overlap.
 */

#include <check.h>
#include <string.h>

#include "libtx/detect/detect.h"

static struct tx_detect_memory *memory;
static struct tx_matches matches;
static struct tx_span spans[TX_DETECT_MATCHES_MAX];
static size_t n_spans;

static inline void detect_text(struct tx_text text, const struct tx_detector_set *wanted) {
    const struct tx_detect_options options = {.wanted = *wanted};
    if (!memory)
        ck_assert_int_eq(tx_detect_memory_new(262144, &memory), 0);
    tx_detect(memory, text, &options, &matches);
    n_spans = tx_matches_unite(&matches, spans);
}

static inline void detect_all(const char *text) {
    detect_text((struct tx_text){text, strlen(text)}, &tx_detectors_all);
    ck_assert(!matches.overflow);
}

static inline struct tx_detector_set only(enum tx_detector detector) {
    struct tx_detector_set set = {.word = {0}};
    tx_detectors_add(&set, detector);
    return set;
}

static inline void detect(const char *text, enum tx_detector detector) {
    struct tx_detector_set wanted = only(detector);
    detect_text((struct tx_text){text, strlen(text)}, &wanted);
    ck_assert(!matches.overflow);
}

#endif
