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

/* Nobody is 2^31 tickets behind. */
static bool has(const struct tx_outlet *outlet, const struct tx_inbox_entry *entry) {
    return (int32_t)((uint32_t)outlet->link.durable - entry->ticket_end[outlet->id]) >= 0;
}

/* What stands in another log's line waits for the audit log, too. */
static bool is_durable(const struct tx_outlet *line, const struct tx_inbox_entry *entry) {
    return entry && has(&line->ingest->outlets[TX_STREAM_AUDIT], entry) && has(line, entry);
}

static int free_first(struct tx_ingest *ingest, struct tx_outlet *outlet) {
    struct tx_inbox_entry *entry = outlet->sent;
    struct tx_connection *connection = tx_connections_find(&ingest->connections, entry->connection);
    struct tx_user *user = tx_receive_user_of(ingest, entry, connection);

    if (user)
        user->n_sent -= entry->size < user->n_sent ? entry->size : user->n_sent;
    outlet->sent = entry->next;
    tx_receive_give_back(ingest, entry);
    if (!connection)
        return 0;
    connection->n_pending--;
    return tx_receive_close_if_done(ingest, connection);
}

static int settle_outlet(struct tx_ingest *ingest, struct tx_outlet *outlet) {
    if (!is_durable(outlet, outlet->sent))
        return 0;
    /* Told before they are freed: who dies in between tells it again, from the inbox. */
    for (struct tx_inbox_entry *entry = outlet->sent; is_durable(outlet, entry);
         entry = entry->next)
        note_ack(ingest, entry);
    int r = tell_dirty(ingest);
    while (r == 0 && is_durable(outlet, outlet->sent))
        r = free_first(ingest, outlet);
    return r < 0 ? r : tx_receive_room_again(ingest);
}

int tx_settle_entries(struct tx_ingest *ingest) {
    int r = 0;
    for (int i = 0; r == 0 && i < TX_STREAM_N; i++)
        r = settle_outlet(ingest, &ingest->outlets[i]);
    return r;
}

static int on_durable(struct tx_outlet *outlet, const struct tx_bodies_frame *frame) {
    if (frame->first < outlet->link.durable || frame->first > outlet->link.next_ticket ||
        frame->last > outlet->link.bytes)
        return -EBADMSG;
    outlet->link.durable = frame->first;
    outlet->link.bytes_durable = frame->last;
    tx_own_settle(&outlet->own, frame->first);
    int r = tx_rings_settle(outlet->ingest);
    if (r == 0)
        r = tx_supervisor_say_recorded(outlet->ingest);
    return r < 0 ? r : tx_settle_entries(outlet->ingest);
}

static int on_receipt(struct tx_outlet *outlet, const struct tx_bodies_frame *frame) {
    struct tx_ingest *ingest = outlet->ingest;
    struct tx_wire_reply reply = {.type = TX_WIRE_RECEIPT, .seq = frame->last};
    struct tx_awaited_receipt receipt;

    if (frame->payload.n != sizeof(reply.leaf))
        return -EBADMSG;
    if (!tx_link_take_receipt(&outlet->link, frame->first, &receipt))
        return 0;
    struct tx_connection *connection =
        tx_connections_find(&ingest->connections, receipt.connection);
    if (!connection)
        return 0;
    reply.n = receipt.n;
    memcpy(reply.leaf, frame->payload.p, sizeof(reply.leaf));
    return tx_settle_reply(ingest, connection, &reply);
}

static int on_last(struct tx_outlet *outlet, const struct tx_bodies_frame *frame) {
    uint64_t expected = frame->flags & TX_BODIES_FLAG_KNOWN ? frame->last + 1 : 0;
    outlet->n_asked -= outlet->n_asked > 0;
    tx_clients_learn(&outlet->ingest->clients, frame->client, outlet->id, expected,
                     frame->flags & TX_BODIES_FLAG_FORGOTTEN);
    return tx_outlet_declare(outlet, frame->client, expected);
}

static int take_frame(struct tx_outlet *outlet, const struct tx_bodies_frame *frame) {
    switch (frame->type) {
    case TX_BODIES_DURABLE:
        return on_durable(outlet, frame);
    case TX_BODIES_RECEIPT:
        return on_receipt(outlet, frame);
    case TX_BODIES_LAST:
        return on_last(outlet, frame);
    case TX_BODIES_PACE:
        outlet->link.window = frame->first;
        return 0;
    default:
        return -EBADMSG;
    }
}

/* A ledger that has all that it was sent, and answers, takes records again. */
static int on_frame(struct tx_outlet *outlet, const struct tx_bodies_frame *frame) {
    int r = take_frame(outlet, frame);
    if (r == 0 && outlet->is_dropping && outlet->link.durable == outlet->link.next_ticket)
        r = tx_outlet_recover(outlet);
    return r;
}

/* --- the stream --- */

/* Everything that was not durable is in the inbox still: wait for the supervisor. */
static int disconnect(struct tx_outlet *outlet) {
    struct tx_ingest *ingest = outlet->ingest;

    tx_loop_remove(ingest->loop, outlet->source);
    outlet->source = NULL;
    tx_link_disconnect(&outlet->link);
    outlet->n_asked = 0;
    if (tx_outlet_may_drop(outlet)) {
        outlet->wanted_ns = 0;
        return outlet->sent || outlet->own.n > 0 || outlet->is_dropping ? tx_outlet_wait(outlet)
                                                                        : 0;
    }
    tx_process_abort(ingest);
    return tx_loop_set_timer(outlet->timer, tx_clock_boot() + NO_LEDGER_NS, 0);
}

int tx_settle_on_no_ledger(void *data, uint32_t events) {
    (void)data, (void)events;
    tx_log(TX_LOG_ERROR, "the ledger ended its stream and there is no other");
    return -EPIPE;
}

static int read_frames(struct tx_outlet *outlet) {
    struct tx_bodies_frame frame;

    for (;;) {
        int r = tx_link_fill(&outlet->link);
        if (r < 0)
            return r;
        while ((r = tx_link_next(&outlet->link, &frame)) == 0) {
            r = on_frame(outlet, &frame);
            if (r < 0)
                return r;
        }
        if (r < 0)
            return r;
    }
}

static int on_link(void *data, uint32_t events) {
    struct tx_outlet *outlet = data;
    struct tx_ingest *ingest = outlet->ingest;

    (void)events;
    int r = read_frames(outlet);
    if (r == -EBADMSG) {
        tx_log(TX_LOG_ERROR, "the ledger says what makes no sense; starting anew");
        return r;
    }
    if (r == -ENOMEM)
        return r;
    if (r != -EAGAIN) {
        r = disconnect(outlet);
        if (r < 0 || !tx_outlet_may_drop(outlet))
            return r;
    }
    r = tx_process_run(ingest);
    return r < 0 ? r : tx_settle_check_stopped(ingest);
}

static int flush_outlet(struct tx_outlet *outlet) {
    if (outlet->link.fd < 0)
        return 0;
    int r = tx_link_flush(&outlet->link);
    if (r < 0) {
        /* What it said last is still to be read; the end of the stream comes after it. */
        outlet->link.out.len = outlet->link.written = 0;
        return TX_LINK_E_FULL;
    }
    bool wants_out = r == TX_LINK_E_FULL;
    if (wants_out != outlet->wants_out) {
        outlet->wants_out = wants_out;
        int r2 = tx_loop_modify(outlet->ingest->loop, outlet->source,
                                wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN);
        if (r2 < 0)
            return r2;
    }
    return r;
}

int tx_settle_flush(struct tx_ingest *ingest) {
    for (int i = TX_STREAM_AUDIT + 1; i < TX_STREAM_N; i++) {
        int r = flush_outlet(&ingest->outlets[i]);
        if (r < 0)
            return r;
    }
    return flush_outlet(&ingest->outlets[TX_STREAM_AUDIT]);
}

void tx_settle_forget(struct tx_ingest *ingest) {
    tx_process_abort(ingest);
    for (int i = 0; i < TX_STREAM_N; i++)
        ingest->outlets[i].sent = ingest->outlets[i].sent_last = NULL;
    tx_clients_forget(&ingest->clients);
    tx_inbox_rewind(&ingest->inbox);
    tx_rings_restart(ingest);
}

int tx_settle_connect(struct tx_outlet *outlet, int fd) {
    struct tx_ingest *ingest = outlet->ingest;

    int r = disconnect(outlet);
    if (r < 0)
        return r;
    tx_settle_forget(ingest);
    tx_own_restart(&outlet->own);
    r = tx_link_connect(&outlet->link, fd);
    if (r == 0 && !tx_outlet_may_drop(outlet))
        r = tx_loop_set_timer(outlet->timer, 0, 0);
    if (r < 0)
        return r;
    outlet->wants_out = false;
    r = tx_loop_add(ingest->loop, fd, EPOLLIN, on_link, outlet, &outlet->source);
    if (r == 0 && tx_outlet_may_drop(outlet))
        r = tx_outlet_recover(outlet);
    if (r == 0)
        r = tx_outlet_tell_policy(outlet);
    return r < 0 ? r : tx_process_run(ingest);
}

int tx_settle_check_stopped(struct tx_ingest *ingest) {
    if (!ingest->stopping || !tx_receive_is_drained(ingest) || ingest->inbox.n_received > 0 ||
        !tx_rings_are_drained(ingest))
        return 0;
    int r = tx_process_say_rejections(ingest, true);
    if (r < 0)
        return r;
    if (ingest->outlets[TX_STREAM_AUDIT].own.n > 0)
        return tx_process_run(ingest);
    for (int i = 0; i < TX_STREAM_N; i++)
        if (!tx_outlet_is_settled(&ingest->outlets[i]))
            return tx_outlet_wait(&ingest->outlets[i]);
    return tx_supervisor_say_stopped(ingest);
}
