/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_MASKING_LINT_H
#define TX_CONF_MASKING_LINT_H

/*
 * What is valid in `masking:` and still looks wrong: rules that others leave nothing to, allows
 * that expire, keys that nobody uses. Warnings only; nothing depends on them.
 */

#include "libtx/base/bytes.h"
#include "libtx/mask/policy/masking.h"

/* Appends a line for each, "NAME:LINE: warning: …"; `now` is in ns since 1970. *ret_n is how many.
 */
TX_MUST_USE int tx_conf_masking_lint(const struct tx_masking *masking, const char *name,
                                     int64_t now, struct tx_bytes *text, size_t *ret_n);

#endif
