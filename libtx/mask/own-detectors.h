/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_OWN_DETECTORS_H
#define TX_MASK_OWN_DETECTORS_H

/*
 * The section `detectors:` made ready to find: what libtx/detect/custom.h wants to know of each.
 */

#include "libtx/base/bytes.h"
#include "libtx/detect/custom.h"
#include "libtx/mask/policy/masking.h"

/* How a policy wants texts to be read. */
struct tx_reading tx_own_detectors_reading(const struct tx_masking *masking);

/* Number i of the file claims as TX_DETECT_N + i, in texts of at most `cap` bytes. *ret is NULL
 * when there are none. -EINVAL: one is refused. Nothing is borrowed. */
TX_MUST_USE int tx_own_detectors_new(const struct tx_masking *masking, size_t cap,
                                     struct tx_custom **ret);

/* Tries them, and their examples. *ret_holds is false when one is refused or an example does not
 * hold; then *errors says why, with the file's name and line. */
TX_MUST_USE int tx_own_detectors_try(const struct tx_masking *masking, const char *name,
                                     struct tx_bytes *errors, bool *ret_holds);

#endif
