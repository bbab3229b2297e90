/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_ALLOW_H
#define TX_MASK_ALLOW_H

/*
 * The section `allow:`, compiled: what was found and is to be let through. An entry is about what a
 * detector found and nothing around it; it never speaks for a whole field. Where and until when an
 * entry holds is the ruleset's business.
 */

#include "libtx/crypto/hash.h"
#include "libtx/detect/detect.h"
#include "libtx/mask/policy/masking.h"

struct tx_allowed; /* an entry, see allow.c */

struct tx_allows {
    size_t n;
    struct tx_allowed *entry;
    struct tx_hasher *hasher;
};

/* `masking` is borrowed until _deinit. -EINVAL: an entry has an unknown detector, a digest that is
 * none, or a regex that is none. */
TX_MUST_USE int tx_allows_init(struct tx_allows *allows, const struct tx_masking *masking);
void tx_allows_deinit(struct tx_allows *allows);

/* Whether that entry lets through what the detector found. */
bool tx_allows_have(struct tx_allows *allows, size_t entry, enum tx_detector detector,
                    struct tx_text found);

#endif
