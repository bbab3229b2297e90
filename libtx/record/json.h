/* SPDX-License-Identifier: MIT */
#ifndef TX_RECORD_JSON_H
#define TX_RECORD_JSON_H

/*
 * Checking a JSON text (RFC 8259) that a client gave as a field: one value, valid UTF-8, no
 * repeated keys within an object (compared after unescaping), at most TX_LIMIT_JSON_DEPTH deep, no
 * lone surrogate escapes. And writing it in the log's spelling: no white space, shortest escapes;
 * numbers as given. Time is linear in the text but for sorting an object's keys; no recursion.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

/* Appends the text in the log's spelling to *b; it is never longer than it was. -EBADMSG when it is
 * no JSON text; of one that other readers may take, -EEXIST for a repeated key, -EILSEQ for a lone
 * surrogate, -E2BIG when it is too deep. -ENOMEM when it has more keys than memory is left for,
 * -ENOBUFS when *b is full. Then what was appended is not to be used. */
TX_MUST_USE int tx_json_canonical(struct tx_text json, struct tx_buf *b);

#endif
