/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_BUILTIN_H
#define TX_MASK_BUILTIN_H

/*
 * The built-in secure set (docs/masking.md): in force unless `masking: {preset: none}`.
 */

#include "libtx/mask/mask.h"

extern const struct tx_mask_rule tx_mask_builtin[];
extern const size_t tx_mask_n_builtin;

/* The rules in force, in their order: the file's, then the built-in ones. */
size_t tx_mask_rules_count(const struct tx_mask_rules *rules);
const struct tx_mask_rule *tx_mask_rules_get(const struct tx_mask_rules *rules, size_t i);

#endif
