/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_MASKING_COVER_H
#define TX_MASK_MASKING_COVER_H

/*
 * Whether one match holds wherever another does, as far as can be told from their texts: true is
 * certain, false is not.
 */

#include "libtx/detect/detect.h"
#include "libtx/mask/policy/masking.h"

/* `big` claims all that `small` claims. */
bool tx_masking_covers(const struct tx_masking_match *big, const struct tx_masking_match *small);

/* `none` takes away all that `match` would match. */
bool tx_masking_excludes(const struct tx_masking_match *match);

/* The built-in detectors of a list, packs written out. False when there is one of the file's. */
bool tx_masking_built_in(const struct tx_masking_list *detectors, struct tx_detector_set *ret);

#endif
