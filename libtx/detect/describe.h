/* SPDX-License-Identifier: MIT */
#ifndef TX_DETECT_DESCRIBE_H
#define TX_DETECT_DESCRIBE_H

/*
 * What the built-in detectors find, in words, for people who ask. Data only; nothing is found by
 * it.
 */

#include "libtx/detect/detector.h"

enum tx_context_need {
    TX_NEEDS_NO_WORD,
    TX_NEEDS_A_WORD_OR_FORM, /* in some forms a word of its context must stand near */
    TX_NEEDS_A_WORD,
    TX_NEEDS_N,
};

struct tx_description {
    const char *what;  /* what is found */
    const char *check; /* what a candidate that looks so must fulfil */
};

/* Of a built-in detector. */
const struct tx_description *tx_detector_describe(enum tx_detector d);
enum tx_context_need tx_detector_needs(enum tx_detector d);

#endif
