/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_CONNECTION_H
#define TX_CLIENT_CONNECTION_H

/*
 * Getting a connection, noticing that it is gone, and handing datagrams to the kernel in the order
 * of their numbers. All with the lock held.
 */

#include "libaudit-client/client.h"

/* There is a connection, or there is one now; what was unacknowledged has been sent again as far as
 * the socket took it. -ENOTCONN when there is none and none is due, or the attempt failed. */
TX_MUST_USE int tx_connection_ensure(struct tx_client *client);

/* It does not work any more. Again at once if it has ever answered, else after a while. */
void tx_connection_lost(struct tx_client *client, int error);

/* -EAGAIN when the socket is full; -EPIPE when the connection is gone (and tx_connection_lost has
 * been told); -EMSGSIZE. */
TX_MUST_USE int tx_connection_send(struct tx_client *client, const void *datagram, size_t n);

/* Sends what is to be sent again. -EAGAIN, -EPIPE. */
TX_MUST_USE int tx_connection_resend(struct tx_client *client);

/* When nothing was heard for a second: sends the oldest unacknowledged datagram once more, which
 * the daemon acknowledges again if it has it. An answer may have died with one of its processes. */
void tx_connection_probe(struct tx_client *client);

/* Closes, at the caller's wish. */
void tx_connection_close(struct tx_client *client);

#endif
