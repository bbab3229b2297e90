/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_REVEAL_PLACE_H
#define TX_CTL_REVEAL_PLACE_H

/*
 * Where in a record somebody wants to read: a field by its name, or a member of the JSON that it
 * holds by its path. It asks nobody.
 */

#include "libtx/base/bytes.h"
#include "libtx/record/read.h"

struct tx_reveal_place {
    struct tx_text field; /* its name, borrowed; values are bound to it */
    struct tx_bytes text; /* what is read */
    bool is_json;         /* clear text is escaped in it */
    uint32_t n_tokens;    /* what looks like one in the field, */
    uint32_t first;       /* and which of them is the text's first, from 1 */
};

void tx_reveal_place_deinit(struct tx_reveal_place *place);

/* `wanted`: `diagnosis`, `order/customer/email`, or `order.customer.email` where no field is called
 * that; in a part, ~1 is '/' and ~0 is '~'. -ENOENT: there is no such field or member. *ret is to
 * be deinitialised in any case; `wanted` and the record are borrowed until then. */
TX_MUST_USE int tx_reveal_place_find(const struct tx_read *record, const char *wanted,
                                     struct tx_reveal_place *ret);

/* Appends where encrypted values stand in the record: `diagnosis, order/customer/email`; nothing
 * when there are none. */
TX_MUST_USE int tx_reveal_place_list(const struct tx_read *record, struct tx_bytes *b);

#endif
