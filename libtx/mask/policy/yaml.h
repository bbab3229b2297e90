/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_YAML_H
#define TX_MASK_YAML_H

/*
 * A text as YAML and JSON both read it: in double quotes, with those escapes that they share for
 * every character that a reader of YAML would refuse or fold.
 */

#include "libtx/base/bytes.h"

/* `text` is valid UTF-8. */
TX_MUST_USE int tx_yaml_put_string(struct tx_bytes *b, const char *text);

#endif
