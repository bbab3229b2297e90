/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_NAMED_H
#define TX_MASK_NAMED_H

/*
 * Detectors by the names that a configuration has for them.
 */

#include "libtx/detect/detect.h"
#include "libtx/mask/policy/masking.h"

/* None or several; TX_DETECT_N is the first of the file's. */
#define TX_NO_DETECTOR ((enum tx_detector)UINT16_MAX)

/* A built-in detector's name, or `pack:` and a pack's. False when there is none; *ret is set anew.
 */
bool tx_mask_detectors_named(const char *name, struct tx_detector_set *ret);

/* Also one of the file's, whose bit is TX_DETECT_N and its place there. */
bool tx_mask_detectors_of(const struct tx_masking *masking, const char *name,
                          struct tx_detector_set *ret);

/* What a detector is called, the file's too. */
const char *tx_mask_detector_name(const struct tx_masking *masking, enum tx_detector detector);

#endif
