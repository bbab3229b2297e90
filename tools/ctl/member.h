/* SPDX-License-Identifier: MIT */
#ifndef TX_CTL_MEMBER_H
#define TX_CTL_MEMBER_H

/*
 * The values within a JSON text, each with its place as a JSON pointer (RFC 6901). It knows no
 * record.
 */

#include <stdbool.h>

#include "libtx/base/bytes.h"
#include "libtx/base/text.h"

/* `raw` is the value as it stands in the text, containers before what is in them; the pointer of
 * the outermost is empty. False: enough. */
typedef bool tx_member_found(void *data, struct tx_text pointer, struct tx_text raw);

/* `json` is in the spelling of libtx/record/json.h. -E2BIG when a pointer is too long to be told.
 */
TX_MUST_USE int tx_members_each(struct tx_text json, tx_member_found *found, void *data);

/* Appends what a string says; of any other value, how it stands there. */
TX_MUST_USE int tx_member_say(struct tx_text raw, struct tx_bytes *b);

#endif
