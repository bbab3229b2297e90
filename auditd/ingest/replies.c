/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/replies.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

void tx_replies_deinit(struct tx_replies *replies) {
    free(replies->queue);
    *replies = (struct tx_replies){.queue = NULL};
}

static void give_up(struct tx_replies *replies) {
    replies->is_gone = true;
    replies->n = 0;
    replies->has_ack = false;
}

/* False when the socket is full. A client that is gone takes everything. */
static bool send_one(struct tx_replies *replies, int fd, const struct tx_wire_reply *reply) {
    uint8_t memory[TX_WIRE_REPLY_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    ssize_t n;

    tx_wire_reply_render(reply, &b);
    assert(!b.full);
    do
        n = send(fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return true;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
        return false;
    give_up(replies);
    return true;
}

static int keep(struct tx_replies *replies, const struct tx_wire_reply *reply) {
    if (!replies->queue)
        replies->queue = calloc(TX_REPLIES_MAX, sizeof(*replies->queue));
    if (!replies->queue || replies->n == TX_REPLIES_MAX)
        return TX_REPLIES_E_DROPPED;
    replies->queue[(replies->first + replies->n++) % TX_REPLIES_MAX] = *reply;
    return 0;
}

int tx_replies_add(struct tx_replies *replies, int fd, const struct tx_wire_reply *reply) {
    if (replies->is_gone)
        return 0;
    if (replies->n == 0 && send_one(replies, fd, reply))
        return 0;
    return keep(replies, reply);
}

void tx_replies_ack(struct tx_replies *replies, const uint8_t client[8], uint64_t next) {
    if (replies->is_gone)
        return;
    bool same = memcmp(replies->ack_client, client, sizeof(replies->ack_client)) == 0;
    if (same && next <= replies->ack)
        return;
    memcpy(replies->ack_client, client, sizeof(replies->ack_client));
    replies->ack = next;
    replies->has_ack = true;
}

bool tx_replies_flush(struct tx_replies *replies, int fd) {
    while (replies->n > 0) {
        if (!send_one(replies, fd, &replies->queue[replies->first]))
            return false;
        if (replies->is_gone)
            return true;
        replies->first = (replies->first + 1) % TX_REPLIES_MAX;
        replies->n--;
    }
    if (!replies->has_ack)
        return true;
    struct tx_wire_reply ack = {.type = TX_WIRE_ACK, .n = replies->ack};
    if (!send_one(replies, fd, &ack))
        return false;
    replies->has_ack = false;
    return true;
}
