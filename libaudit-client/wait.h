/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_WAIT_H
#define TX_CLIENT_WAIT_H

/*
 * Waiting for the daemon without holding the lock. Of the threads that wait for answers one polls
 * the socket and reads for all. Who waits for a receipt sleeps until it is his (waiter.h); the
 * others sleep until the reader rings the bell, and look what has come. While such a reader polls,
 * nobody else reads, or it would sleep on with its answer already taken.
 *
 * Each function is called with the lock held, gives it while waiting, and takes it again; then
 * anything may have changed. Times are of the boot clock, in nanoseconds.
 */

#include "libaudit-client/client.h"

/* What is left until then, but no more than a second: who sleeps looks around now and then. */
struct timespec tx_wait_step(int64_t until);

/* Returns when an answer may have come, the connection was made or lost, at `until`, or for no
 * reason. */
void tx_wait_answer(struct tx_client *client, int64_t until);

/* Returns when the next attempt to connect is due, the client was closed, or at `until`. */
void tx_wait_connection(struct tx_client *client, int64_t until);

/* Returns after a millisecond or so. */
void tx_wait_moment(struct tx_client *client);

/* Returns when the socket may take more, or at `until`. */
void tx_wait_writable(struct tx_client *client, int64_t until);

#endif
