/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_REPEATED_H
#define TX_RECORD_REPEATED_H

/*
 * Whether a text stands twice in a list: names of fields, keys of a JSON object. It sorts, so no
 * choice of texts makes it quadratic, as it could a hash table.
 */

#include "libtx/base/text.h"

/* The list comes back in another order. */
bool tx_texts_repeated(struct tx_text *texts, size_t n_texts);

#endif
