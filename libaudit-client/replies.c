/* SPDX-License-Identifier: MIT */
#include "libaudit-client/replies.h"

#include <string.h>
#include <sys/socket.h>

#include "libaudit-client/connection.h"
#include "libaudit-client/fork.h"
#include "libtx/base/clock.h"

/* So many at once, and then the caller goes on with what he came for. */
#define DRAIN_MAX 4096

static void on_receipt(struct tx_client *client, const struct tx_wire_reply *reply) {
    struct tx_waiter *waiter = tx_waiters_find(&client->waiters, reply->n);

    if (!waiter)
        return; /* he has given up */
    waiter->seq = reply->seq;
    memcpy(waiter->leaf, reply->leaf, sizeof(waiter->leaf));
    tx_waiters_end(&client->waiters, waiter, 0);
}

static void on_reject(struct tx_client *client, const struct tx_wire_reply *reply) {
    struct tx_waiter *waiter = tx_waiters_find(&client->waiters, reply->n);
    bool is_errno = reply->error >= 1 && reply->error < 4096;

    client->stats.rejected++;
    if (waiter)
        tx_waiters_end(&client->waiters, waiter, is_errno ? -(int)reply->error : -EINVAL);
}

/* -EPROTO for what cannot be the answer to what we sent. */
static int on_reply(struct tx_client *client, const struct tx_wire_reply *reply) {
    if (reply->n > client->next_n)
        return -EPROTO;
    switch (reply->type) {
    case TX_WIRE_ACK:
        tx_resend_acknowledge(&client->resend, reply->n);
        return 0;
    case TX_WIRE_RECEIPT:
        on_receipt(client, reply);
        return 0;
    case TX_WIRE_REJECT:
        on_reject(client, reply);
        return 0;
    case TX_WIRE_RECORDS:
    case TX_WIRE_RING:
    case TX_WIRE_BELL:
    case TX_WIRE_WELCOME:
    case TX_WIRE_POLICY:
        break;
    }
    return -EPROTO;
}

/* -EAGAIN when there is nothing more. */
static int receive_one(struct tx_client *client) {
    uint8_t datagram[TX_WIRE_REPLY_BYTES];
    struct tx_wire_reply reply;
    int fd = tx_connection_fd(&client->connection);

    if (!tx_fork_is_kept(fd))
        return -ECONNRESET;
    ssize_t n = recv(fd, datagram, sizeof(datagram), MSG_DONTWAIT);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    if (n == 0)
        return -ECONNRESET;
    if (tx_wire_reply_parse(datagram, (size_t)n, &reply) < 0)
        return -EPROTO;
    return on_reply(client, &reply);
}

void tx_replies_drain(struct tx_client *client) {
    bool any = false;
    int r = 0;

    client->connection.calls = 0;
    if (!client->connection.is_open)
        return;
    for (size_t i = 0; r == 0 && i < DRAIN_MAX; i++) {
        r = receive_one(client);
        any |= r == 0;
    }
    if (any) {
        client->connection.is_proven = true;
        client->connection.delay = 0;
        client->connection.heard = tx_clock_boot();
    }
    if (r < 0 && r != -EAGAIN)
        tx_connection_lost(client, r);
}
