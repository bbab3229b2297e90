/* SPDX-License-Identifier: MIT */
#ifndef TX_MASK_ARENA_H
#define TX_MASK_ARENA_H

/*
 * Memory for values on their way through masking, clear text among them: taken from the front,
 * wiped as a whole. It never grows, so nothing is copied and left behind.
 */

#include "libtx/base/buf.h"
#include "libtx/base/text.h"

struct tx_arena {
    char *p;
    size_t cap;
    size_t used;
};

TX_MUST_USE int tx_arena_init(struct tx_arena *arena, size_t cap);
void tx_arena_deinit(struct tx_arena *arena);

/* A buffer over all that is left; one at a time. */
struct tx_buf tx_arena_open(const struct tx_arena *arena);

/* Takes what was written, also of a buffer that is full: its bytes are wiped with the others. */
struct tx_text tx_arena_close(struct tx_arena *arena, const struct tx_buf *b);

/* Wipes all that was taken since the arena had `used` bytes. */
void tx_arena_wipe(struct tx_arena *arena, size_t used);

#endif
