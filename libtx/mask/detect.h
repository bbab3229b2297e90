/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_DETECT_H
#define TX_MASK_DETECT_H

/*
 * Finding personal data in a text. One pass over the bytes looks for anchors (a digit, '@', ':',
 * '=', 'J', 'b'); exact validators run only there. It knows no rule. Invariant: the work is linear
 * in the text, whatever stands in it, and no length hides a match.
 */

#include <stdbool.h>

#include "libtx/base/text.h"

enum tx_detector {
    TX_DETECT_EMAIL,
    TX_DETECT_CARD,
    TX_DETECT_IBAN,
    TX_DETECT_SSN,
    TX_DETECT_IPV4,
    TX_DETECT_IPV6,
    TX_DETECT_JWT,
    TX_DETECT_BEARER,
    TX_DETECT_PRIVATE_KEY,
    TX_DETECT_PASSWORD,
    TX_DETECT_N,
};

#define TX_DETECT_BIT(detector) (1u << (detector))
#define TX_DETECT_ALL ((1u << TX_DETECT_N) - 1)
/* What an integer can hold. */
#define TX_DETECT_NUMBERS (TX_DETECT_BIT(TX_DETECT_CARD) | TX_DETECT_BIT(TX_DETECT_SSN))

/* Bytes [start, end) of the text, and which detectors claim a part of them. */
struct tx_span {
    size_t start, end;
    unsigned detectors;
};

/* A text with more than that in it is not worth more detail: it is redacted whole. */
#define TX_DETECT_SPANS_MAX 2048

struct tx_spans {
    size_t n;
    bool overflow; /* there were more; what is in `span` is not to be used */
    struct tx_span span[TX_DETECT_SPANS_MAX]; /* in the text's order, none touches into another */
    uint64_t work;                            /* bytes that validators looked at, for tests */
};

/* Finds what the `wanted` detectors (bits) find. *ret is set anew. */
void tx_detect(struct tx_text text, unsigned wanted, struct tx_spans *ret);

#endif
