/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_FLUSHER_H
#define TX_CLIENT_FLUSHER_H

/*
 * A thread that sends what is buffered (buffer.h) when nobody calls in time. There is one only in a
 * process that buffers; it takes no signal, and sleeps without waking while nothing is buffered. A
 * fork leaves it in the parent, and wipes what stands here: the child starts one when it needs it.
 */

#include <stdbool.h>

#include "libtx/base/error.h"

struct tx_client;

struct tx_flusher {
    bool is_started;
    bool is_impossible; /* it could not be started, and is not tried again */
    bool is_asleep;     /* until it is woken */
    uint32_t wakes;     /* what it sleeps on */
};

/* There is one, or there is one now. -EAGAIN and such when there can be none. With the lock held.
 */
TX_MUST_USE int tx_flusher_start(struct tx_client *client);

/* Something is buffered. With the lock held. */
void tx_flusher_wake(struct tx_client *client);

#endif
