/* SPDX-License-Identifier: MIT */
#ifndef TX_CONF_RULES_H
#define TX_CONF_RULES_H

/*
 * The section `masking:`: a preset and rules.
 */

#include "libtx/conf/tree.h"
#include "libtx/mask/mask.h"

/* Reads the section into *ret, which was zero; what is wrong goes into errors. */
void tx_conf_rules_read(const struct tx_conf_node *masking, struct tx_conf_errors *errors,
                        struct tx_mask_rules *ret);

#endif
