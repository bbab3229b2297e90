/* SPDX-License-Identifier: MIT */
/*
 * The stream from ingest: frames in, DURABLE, RECEIPT and LAST out. A frame that is not what
 * auditd/ipc/bodies.h says ends the stream, never the ledger; the supervisor brings a new one.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auditd/ipc/log.h"
#include "auditd/ledger/ledger.h"
#include "libtx/base/clock.h"
#include "libtx/base/fd.h"

#define EVICT_AGAIN_NS (INT64_C(10) * 1000000000)
/* Who asked for a receipt so long ago may ask again: what is on its way is kept small. */
#define WAITED_NS (INT64_C(60) * 1000000000)
#define READ_BYTES (256u * 1024u)
#define OUT_BYTES (4u * 1024u * 1024u) /* replies that ingest does not fetch */

static void end_stream(struct tx_ledger *ledger) {
    tx_loop_remove(ledger->loop, ledger->ingest_source);
    ledger->ingest_source = NULL;
    tx_fd_closep(&ledger->ingest_fd);
    ledger->in.len = ledger->out.len = ledger->receipts.len = 0;
    ledger->tickets = ledger->tickets_told = 0;
    ledger->tickets_durable = ledger->tickets_writing = 0;
    ledger->taken = ledger->taken_durable = ledger->taken_writing = ledger->taken_begun = 0;
    ledger->pace_told = 0;
}

static int refuse(struct tx_ledger *ledger, const char *why) {
    tx_log(TX_LOG_ERROR, "ingest sent %s: its stream is ended", why);
    ledger->status.n_refused++;
    end_stream(ledger);
    return 0;
}

static int reply(struct tx_ledger *ledger, const struct tx_bodies_frame *frame) {
    uint8_t memory[TX_BODIES_HEADER_BYTES + TX_HASH_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    tx_bodies_render_header(frame, &b);
    tx_buf_put(&b, frame->payload.p, frame->payload.n);
    return tx_bytes_append(&ledger->out, b.data, b.len);
}

static int flush_replies(struct tx_ledger *ledger) {
    while (ledger->ingest_fd >= 0 && ledger->out.len > 0) {
        ssize_t n =
            send(ledger->ingest_fd, ledger->out.data, ledger->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            end_stream(ledger); /* ingest is gone: its end is told by EOF as well */
            return 0;
        }
        if (n < 0)
            break;
        tx_bytes_consume(&ledger->out, (size_t)n);
    }
    return tx_ledger_watch_ingest(ledger);
}

/* Reading stops while memory is full or the disk takes nothing. */
int tx_ledger_watch_ingest(struct tx_ledger *ledger) {
    bool read = tx_ledger_may_append(ledger) && ledger->tail.len < 2 * TX_LEDGER_TAIL_BYTES &&
                ledger->out.len < OUT_BYTES;
    uint32_t events = (read ? (uint32_t)EPOLLIN : 0) | (ledger->out.len ? (uint32_t)EPOLLOUT : 0);

    if (ledger->ingest_fd < 0 || events == ledger->ingest_events)
        return 0;
    ledger->ingest_events = events;
    return tx_loop_modify(ledger->loop, ledger->ingest_source, events);
}

bool tx_ledger_is_waited_for(const struct tx_ledger *ledger) {
    return ledger->waited_for > 0 && tx_clock_boot() - ledger->waited_for < WAITED_NS;
}

static bool is_near(uint64_t a, uint64_t b) {
    return a > 0 && b > 0 && a <= b + b / 4 && b <= a + a / 4;
}

int tx_ledger_tell_pace(struct tx_ledger *ledger) {
    uint64_t window = tx_ledger_is_waited_for(ledger) ? tx_pace_window(&ledger->pace) : 0;
    struct tx_bodies_frame pace = {.type = TX_BODIES_PACE, .first = window};

    if (ledger->ingest_fd < 0 || window == ledger->pace_told || is_near(window, ledger->pace_told))
        return 0;
    ledger->pace_told = window;
    return reply(ledger, &pace);
}

/* Those of which the log has only what is durable can go to disk. */
void tx_ledger_evict_clients(struct tx_ledger *ledger) {
    int64_t now = tx_clock_boot();

    if (!tx_clients_is_large(ledger->clients) || now < ledger->evict_after)
        return;
    int r = tx_clients_evict(ledger->clients, ledger->anchor.tree.end, ledger->retain.first);
    if (r == 0)
        return;
    ledger->evict_after = now + EVICT_AGAIN_NS;
    tx_log(TX_LOG_ERROR, "clients cannot be moved to disk, and may have to be forgotten: %s",
           strerror(-r));
}

/* Those of durable tickets, which come first. */
static int tell_receipts(struct tx_ledger *ledger) {
    struct tx_ledger_receipt receipt;
    size_t at = 0;
    int r = 0;

    for (; r == 0 && at < ledger->receipts.len; at += sizeof(receipt)) {
        memcpy(&receipt, ledger->receipts.data + at, sizeof(receipt));
        if (receipt.ticket >= ledger->tickets_durable)
            break;
        struct tx_bodies_frame frame = {
            .type = TX_BODIES_RECEIPT,
            .first = receipt.ticket,
            .last = receipt.seq,
            .payload = {.p = (const char *)receipt.leaf.bytes, .n = TX_HASH_BYTES},
        };
        r = reply(ledger, &frame);
    }
    tx_bytes_consume(&ledger->receipts, at);
    return r;
}

int tx_ledger_tell_durable(struct tx_ledger *ledger) {
    struct tx_bodies_frame durable = {.type = TX_BODIES_DURABLE};

    if (ledger->durable == ledger->tail.len) /* also of those that stood there before */
        ledger->tickets_durable = ledger->tickets, ledger->taken_durable = ledger->taken;
    if (ledger->ingest_fd < 0 || ledger->tickets_durable == ledger->tickets_told)
        return 0;
    int r = tell_receipts(ledger);
    durable.first = ledger->tickets_durable;
    durable.last = ledger->taken_durable;
    if (r == 0)
        r = tx_ledger_tell_pace(ledger);
    if (r == 0)
        r = reply(ledger, &durable);
    if (r < 0)
        return r;
    ledger->tickets_told = ledger->tickets_durable;
    tx_ledger_evict_clients(ledger);
    return flush_replies(ledger);
}

static int want_receipt(struct tx_ledger *ledger, uint64_t ticket, uint64_t seq,
                        const struct tx_digest *leaf) {
    struct tx_ledger_receipt receipt = {.ticket = ticket, .seq = seq, .leaf = *leaf};
    ledger->receipt_wanted = true;
    ledger->waited_for = tx_clock_boot();
    return tx_bytes_append(&ledger->receipts, &receipt, sizeof(receipt));
}

static bool is_stored(const struct tx_ledger *ledger, const struct tx_bodies_frame *frame) {
    uint64_t last;
    return frame->flags & TX_BODIES_FLAG_CLIENT &&
           tx_clients_get(ledger->clients, frame->client, &last) && frame->last <= last;
}

static int take_stored(struct tx_ledger *ledger, const struct tx_bodies_frame *frame,
                       uint64_t ticket) {
    struct tx_digest leaf;
    uint64_t seq;

    ledger->status.n_duplicates++;
    if (!(frame->flags & TX_BODIES_FLAG_RECEIPT))
        return 0;
    int r = tx_ledger_find(ledger, frame->client, frame->last, &seq, &leaf);
    if (r < 0) /* not found, or a file that cannot be read: it is durable without a receipt */
        return r == -ENOMEM ? r : 0;
    return want_receipt(ledger, ticket, seq, &leaf);
}

static int take_body(struct tx_ledger *ledger, const struct tx_bodies_frame *frame) {
    struct tx_digest leaf;
    uint64_t ticket = ledger->tickets, seq = tx_ledger_size(ledger);

    if (!tx_bodies_body_valid(frame->payload))
        return refuse(ledger, "a body that is not a record");
    ledger->tickets++;
    ledger->taken += frame->payload.n;
    if (is_stored(ledger, frame))
        return take_stored(ledger, frame, ticket);
    int r = tx_ledger_append_body(ledger, frame->payload, &leaf);
    if (r == -EBADMSG) {
        ledger->tickets--;
        ledger->taken -= frame->payload.n;
        return refuse(ledger, "a body that is not a record");
    }
    if (r < 0)
        return r;
    if (frame->flags & TX_BODIES_FLAG_CLIENT)
        tx_clients_set(ledger->clients, frame->client, frame->last, seq);
    if (!(frame->flags & TX_BODIES_FLAG_RECEIPT))
        return 0;
    if (frame->flags & TX_BODIES_FLAG_CLIENT)
        tx_recent_put(ledger->recent, frame->client, frame->last, seq, &leaf);
    return want_receipt(ledger, ticket, seq, &leaf);
}

static int take_query(struct tx_ledger *ledger, const struct tx_bodies_frame *frame) {
    struct tx_bodies_frame answer = {.type = TX_BODIES_LAST};
    memcpy(answer.client, frame->client, sizeof(answer.client));
    if (tx_clients_get(ledger->clients, frame->client, &answer.last))
        answer.flags = TX_BODIES_FLAG_KNOWN;
    else if (tx_clients_has_forgotten(ledger->clients))
        answer.flags = TX_BODIES_FLAG_FORGOTTEN;
    return reply(ledger, &answer);
}

static int take_frame(struct tx_ledger *ledger, const struct tx_bodies_frame *frame) {
    switch (frame->type) {
    case TX_BODIES_BODY:
        return take_body(ledger, frame);
    case TX_BODIES_QUERY:
        return take_query(ledger, frame);
    case TX_BODIES_POLICY:
        return tx_ledger_keep_policy(ledger, frame->payload);
    default:
        return refuse(ledger, "a frame that only the ledger sends");
    }
}

static int take_frames(struct tx_ledger *ledger) {
    struct tx_cursor c = tx_cursor_of(ledger->in.data, ledger->in.len);
    struct tx_bodies_frame frame;
    size_t need = 0;
    int r = 0;

    while (tx_ledger_may_append(ledger) && (r = tx_bodies_parse(&c, &frame, &need)) == 0) {
        r = take_frame(ledger, &frame);
        if (r < 0)
            return r;
        if (ledger->ingest_fd < 0)
            return 0; /* the stream was ended, and its memory with it */
        if (ledger->tail.len >= TX_LEDGER_TAIL_BYTES) {
            r = tx_ledger_pump(ledger);
            if (r < 0)
                return r;
            if (ledger->ingest_fd < 0)
                return 0;
        }
    }
    if (r < 0)
        return refuse(ledger, "a malformed frame");
    tx_bytes_consume(&ledger->in, ledger->in.len - c.n);
    return need > ledger->in.len ? tx_bytes_reserve(&ledger->in, need - ledger->in.len) : 0;
}

/* One round: so much as one read gives, then what it asks for. */
static int read_round(struct tx_ledger *ledger) {
    int r = tx_bytes_reserve(&ledger->in, READ_BYTES);
    if (r < 0)
        return r;
    ssize_t n = recv(ledger->ingest_fd, ledger->in.data + ledger->in.len,
                     ledger->in.cap - ledger->in.len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        end_stream(ledger);
        return 0;
    }
    ledger->in.len += (size_t)n;
    return take_frames(ledger);
}

static int on_ingest(void *data, uint32_t events) {
    struct tx_ledger *ledger = data;
    int r = 0;

    if (events & EPOLLOUT)
        r = flush_replies(ledger);
    if (r == 0 && ledger->ingest_fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        r = read_round(ledger);
    if (r == 0)
        r = tx_ledger_schedule(ledger);
    if (r == 0)
        r = tx_ledger_tell_pace(ledger);
    if (r == 0)
        r = flush_replies(ledger);
    return r == 0 && ledger->orphaned && ledger->ingest_fd < 0 ? tx_ledger_stop(ledger) : r;
}

int tx_ledger_resume_intake(struct tx_ledger *ledger) {
    if (ledger->ingest_fd < 0 || ledger->in.len == 0 || !tx_ledger_may_append(ledger))
        return 0;
    int r = take_frames(ledger);
    return r < 0 ? r : tx_ledger_schedule(ledger);
}

int tx_ledger_take_ingest(struct tx_ledger *ledger, int fd) {
    if (ledger->ingest_fd >= 0)
        end_stream(ledger);
    ledger->ingest_fd = fd;
    ledger->ingest_events = EPOLLIN;
    int r = tx_fd_set_nonblocking(fd, 1);
    if (r == 0)
        r = tx_loop_add(ledger->loop, fd, EPOLLIN, on_ingest, ledger, &ledger->ingest_source);
    return r < 0 ? r : tx_ledger_watch_ingest(ledger);
}
