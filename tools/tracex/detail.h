/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACEX_DETAIL_H
#define TX_TRACEX_DETAIL_H

/*
 * A few words that tell one record from another of the same name: its fields, as NAME=VALUE, as far
 * as there is room, without those that are told otherwise.
 */

#include "tools/tracex/item.h"

#define TX_DETAIL_BYTES 240u

/* How many bytes of `ret` it wrote; valid UTF-8. */
size_t tx_detail_render(const struct tx_item *item, char ret[TX_DETAIL_BYTES]);

#endif
