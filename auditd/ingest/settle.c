/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/settle.h"

#include <string.h>
#include <sys/epoll.h>

#include "auditd/ingest/process.h"
#include "auditd/ingest/receive.h"
#include "auditd/ingest/supervisor-link.h"
#include "auditd/ipc/log.h"
#include "libtx/base/clock.h"

/* A ledger that died is started again within this time, if it can be. */
#define NO_LEDGER_NS (INT64_C(5) * 1000000000)

/* --- telling clients --- */

int tx_settle_reply(struct tx_ingest *ingest, struct tx_connection *connection,
                    const struct tx_wire_reply *reply) {
    if (tx_replies_add(&connection->replies, connection->fd, reply) == TX_REPLIES_E_DROPPED)
        ingest->counters.replies_dropped++;
    return connection->replies.n > 0 ? tx_receive_watch(ingest, connection) : 0;
}

static void note_ack(struct tx_ingest *ingest, const struct tx_inbox_entry *entry) {
    struct tx_connection *connection = tx_connections_find(&ingest->connections, entry->connection);

    if (!connection || entry->ack == 0)
        return;
    tx_replies_ack(&connection->replies, entry->client, entry->ack);
    if (connection->is_dirty)
        return;
    connection->is_dirty = true;
    TAILQ_INSERT_TAIL(&ingest->connections.dirty, connection, by_dirty);
}

/* One acknowledgement for each client, however many records it covers. */
static int tell_dirty(struct tx_ingest *ingest) {
    struct tx_connection *connection;
    int r = 0;

    while (r == 0 && (connection = TAILQ_FIRST(&ingest->connections.dirty))) {
        TAILQ_REMOVE(&ingest->connections.dirty, connection, by_dirty);
        connection->is_dirty = false;
        r = tx_receive_flush(ingest, connection);
    }
    return r;
}

/* --- what the ledger says --- */

static bool is_durable(const struct tx_ingest *ingest, const struct tx_inbox_entry *entry) {
    return entry && entry->ticket_end <= ingest->link.durable;
}

static int free_first(struct tx_ingest *ingest) {
    struct tx_inbox_entry *entry = ingest->sent;
    struct tx_connection *connection = tx_connections_find(&ingest->connections, entry->connection);

    ingest->sent = entry->next;
    tx_receive_give_back(ingest, entry);
    if (!connection)
        return 0;
    connection->n_pending--;
    return tx_receive_close_if_done(ingest, connection);
}

int tx_settle_entries(struct tx_ingest *ingest) {
    if (!is_durable(ingest, ingest->sent))
        return 0;
    /* Told before they are freed: who dies in between tells it again, from the inbox. */
    for (struct tx_inbox_entry *entry = ingest->sent; is_durable(ingest, entry);
         entry = entry->next)
        note_ack(ingest, entry);
    int r = tell_dirty(ingest);
    while (r == 0 && is_durable(ingest, ingest->sent))
        r = free_first(ingest);
    return r < 0 ? r : tx_receive_room_again(ingest);
}

static int on_durable(struct tx_ingest *ingest, const struct tx_bodies_frame *frame) {
    if (frame->first < ingest->link.durable || frame->first > ingest->link.next_ticket)
        return -EBADMSG;
    ingest->link.durable = frame->first;
    tx_own_settle(&ingest->own, frame->first);
    int r = tx_supervisor_say_recorded(ingest);
    return r < 0 ? r : tx_settle_entries(ingest);
}

static int on_receipt(struct tx_ingest *ingest, const struct tx_bodies_frame *frame) {
    struct tx_wire_reply reply = {.type = TX_WIRE_RECEIPT, .seq = frame->last};
    struct tx_awaited_receipt receipt;

    if (frame->payload.n != sizeof(reply.leaf))
        return -EBADMSG;
    if (!tx_link_take_receipt(&ingest->link, frame->first, &receipt))
        return 0;
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, receipt.connection);
    if (!connection)
        return 0;
    reply.n = receipt.n;
    memcpy(reply.leaf, frame->payload.p, sizeof(reply.leaf));
    return tx_settle_reply(ingest, connection, &reply);
}

static int on_last(struct tx_ingest *ingest, const struct tx_bodies_frame *frame) {
    uint64_t expected = frame->flags & TX_BODIES_FLAG_KNOWN ? frame->last + 1 : 0;
    tx_clients_learn(&ingest->clients, frame->client, expected,
                     frame->flags & TX_BODIES_FLAG_FORGOTTEN);
    return 0;
}

static int on_frame(struct tx_ingest *ingest, const struct tx_bodies_frame *frame) {
    switch (frame->type) {
    case TX_BODIES_DURABLE:
        return on_durable(ingest, frame);
    case TX_BODIES_RECEIPT:
        return on_receipt(ingest, frame);
    case TX_BODIES_LAST:
        return on_last(ingest, frame);
    default:
        return -EBADMSG;
    }
}

/* --- the stream --- */

/* Everything that was not durable is in the inbox still: wait for the supervisor. */
static int disconnect(struct tx_ingest *ingest) {
    tx_loop_remove(ingest->loop, ingest->link_source);
    ingest->link_source = NULL;
    tx_link_disconnect(&ingest->link);
    tx_process_abort(ingest);
    return tx_loop_set_timer(ingest->link_timer, tx_clock_boot() + NO_LEDGER_NS, 0);
}

int tx_settle_on_no_ledger(void *data, uint32_t events) {
    (void)data, (void)events;
    tx_log(TX_LOG_ERROR, "the ledger ended its stream and there is no other");
    return -EPIPE;
}

static int read_frames(struct tx_ingest *ingest) {
    struct tx_bodies_frame frame;

    for (;;) {
        int r = tx_link_fill(&ingest->link);
        if (r < 0)
            return r;
        while ((r = tx_link_next(&ingest->link, &frame)) == 0) {
            r = on_frame(ingest, &frame);
            if (r < 0)
                return r;
        }
        if (r < 0)
            return r;
    }
}

static int on_link(void *data, uint32_t events) {
    struct tx_ingest *ingest = data;

    (void)events;
    int r = read_frames(ingest);
    if (r == -EBADMSG) {
        tx_log(TX_LOG_ERROR, "the ledger says what makes no sense; starting anew");
        return r;
    }
    if (r == -ENOMEM)
        return r;
    if (r != -EAGAIN)
        return disconnect(ingest);
    r = tx_process_run(ingest);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

int tx_settle_flush(struct tx_ingest *ingest) {
    if (ingest->link.fd < 0)
        return 0;
    int r = tx_link_flush(&ingest->link);
    if (r < 0) {
        /* What it said last is still to be read; the end of the stream comes after it. */
        ingest->link.out.len = ingest->link.written = 0;
        return TX_LINK_E_FULL;
    }
    bool wants_out = r == TX_LINK_E_FULL;
    if (wants_out != ingest->link_wants_out) {
        ingest->link_wants_out = wants_out;
        int r2 = tx_loop_modify(ingest->loop, ingest->link_source,
                                wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN);
        if (r2 < 0)
            return r2;
    }
    return r;
}

int tx_settle_connect(struct tx_ingest *ingest, int fd) {
    int r = disconnect(ingest);
    if (r < 0)
        return r;
    ingest->sent = ingest->sent_last = NULL;
    tx_clients_forget(&ingest->clients);
    tx_inbox_rewind(&ingest->inbox);
    tx_own_restart(&ingest->own);
    r = tx_link_connect(&ingest->link, fd);
    if (r == 0)
        r = tx_loop_set_timer(ingest->link_timer, 0, 0);
    if (r < 0)
        return r;
    ingest->link_wants_out = false;
    r = tx_loop_add(ingest->loop, fd, EPOLLIN, on_link, ingest, &ingest->link_source);
    return r < 0 ? r : tx_process_run(ingest);
}

int tx_settle_check_stopped(struct tx_ingest *ingest) {
    if (!ingest->stopping || !tx_receive_is_drained(ingest) || ingest->inbox.n_received > 0)
        return 0;
    int r = tx_process_say_rejections(ingest, true);
    if (r < 0)
        return r;
    if (ingest->own.n > 0)
        return tx_process_run(ingest);
    return tx_supervisor_say_stopped(ingest);
}
