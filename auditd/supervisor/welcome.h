/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_WELCOME_H
#define TX_SUPERVISOR_WELCOME_H

/*
 * What a client is told when it connects (docs/wire.md): WELCOME, and POLICY, which is
 * `durability:` of the configuration. This process knows nothing else of that format; tests hold
 * these bytes against libtx/wire.
 */

#include "libtx/base/buf.h"
#include "libtx/conf/durability.h"

#define TX_WELCOME_BYTES 12

void tx_welcome_render(struct tx_buf *b);

/* A whole datagram, added to *b. -ENOMEM. */
TX_MUST_USE int tx_welcome_render_policy(const struct tx_durability *durability,
                                         struct tx_bytes *b);

#endif
