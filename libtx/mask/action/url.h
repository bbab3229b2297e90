/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_URL_H
#define TX_MASK_URL_H

/*
 * A URL's parts (RFC 3986), and texts without percent signs. It takes what has "://", and
 * references that begin with '/'; bytes past ASCII count as letters (RFC 3987).
 */

#include <stdbool.h>

#include "libtx/base/text.h"

/* A part that is not there has p == NULL. All borrowed from the text. */
struct tx_url {
    struct tx_text scheme;
    struct tx_text userinfo; /* "[redacted]" may stand for it, or for its password */
    struct tx_text host;     /* and port */
    struct tx_text path;     /* "{id}" may be a segment */
    struct tx_text query;
    struct tx_text fragment;
};

/* False when it is malformed, or another kind of URI (mailto:, data:). */
bool tx_url_parse(struct tx_text text, struct tx_url *ret);

/* The text without percent signs before hex digits; it lies in `memory`. p == NULL when it does not
 * fit. */
struct tx_text tx_url_decode_once(struct tx_text text, char *memory, size_t cap);

/* The same however often it was encoded; p == NULL when that is too often, too. */
struct tx_text tx_url_decode(struct tx_text text, char *memory, size_t cap);

#endif
