/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_ESCAPE_H
#define TX_RECORD_ESCAPE_H

/*
 * Any bytes as the inside of a JSON string in the log's spelling: shortest escapes, and U+FFFD for
 * each byte that is not part of valid UTF-8. Also how long that gets, and how much of it fits.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

/* Without quotes; 6 bytes for each one at most. */
void tx_escape_put(struct tx_buf *b, struct tx_text text);
/* The same with quotes. */
void tx_escape_put_quoted(struct tx_buf *b, struct tx_text text);

/* How many bytes tx_escape_put writes. */
size_t tx_escape_size(struct tx_text text);

/* How many bytes at the beginning of the text, on a character's boundary, take `room` bytes or
 * fewer. */
size_t tx_escape_fitting(struct tx_text text, size_t room);

#endif
