/* SPDX-License-Identifier: MIT */
#include "auditd/ipc/notary.h"

#include <assert.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "libtx/base/buf.h"
#include "libtx/base/cursor.h"
#include "libtx/base/limits.h"

/*
 * Each message: u8 type, then what its type has, in the order of the functions below. A text is
 * u32 length and its bytes; a truth value is one byte, 0 or 1. There is one spelling for each
 * message, so one that was parsed is rendered again as the same bytes.
 */

static void put_text(struct tx_buf *b, struct tx_text text) {
    tx_buf_u32(b, (uint32_t)text.n);
    tx_buf_put(b, text.p, text.n);
}

static void put_range(struct tx_buf *b, const struct tx_range *range) {
    tx_buf_u64(b, range->begin);
    tx_buf_u64(b, range->end);
    tx_buf_u32(b, (uint32_t)range->n_nodes);
    tx_buf_put(b, range->nodes, range->n_nodes * sizeof(range->nodes[0]));
}

static void put_vkey(struct tx_buf *b, const struct tx_vkey *vkey) {
    char memory[TX_VKEY_TEXT_BYTES];
    struct tx_buf text = tx_buf_of(memory, sizeof(memory));
    tx_vkey_render(vkey, &text);
    assert(!text.full);
    put_text(b, (struct tx_text){memory, text.len});
}

static int take_text(struct tx_cursor *c, size_t limit, struct tx_text *ret) {
    uint32_t n;
    const uint8_t *p;
    if (tx_cursor_u32(c, &n) < 0 || n > limit || tx_cursor_bytes(c, n, &p) < 0)
        return -EBADMSG;
    *ret = (struct tx_text){.p = (const char *)p, .n = n};
    return 0;
}

static int take_bool(struct tx_cursor *c, bool *ret) {
    uint8_t v;
    if (tx_cursor_u8(c, &v) < 0 || v > 1)
        return -EBADMSG;
    *ret = v == 1;
    return 0;
}

static int take_digest(struct tx_cursor *c, struct tx_digest *ret) {
    const uint8_t *p;
    if (tx_cursor_bytes(c, sizeof(ret->bytes), &p) < 0)
        return -EBADMSG;
    memcpy(ret->bytes, p, sizeof(ret->bytes));
    return 0;
}

static int take_range(struct tx_cursor *c, struct tx_range *ret) {
    struct tx_digest nodes[TX_RANGE_MAX_NODES];
    uint64_t begin, end;
    uint32_t n_nodes;
    if (tx_cursor_u64(c, &begin) < 0 || tx_cursor_u64(c, &end) < 0 ||
        tx_cursor_u32(c, &n_nodes) < 0 || n_nodes > TX_RANGE_MAX_NODES)
        return -EBADMSG;
    for (uint32_t i = 0; i < n_nodes; i++)
        if (take_digest(c, &nodes[i]) < 0)
            return -EBADMSG;
    return tx_range_set(ret, begin, end, nodes, n_nodes);
}

static int take_vkey(struct tx_cursor *c, struct tx_hasher *hasher, struct tx_vkey *ret) {
    struct tx_text text;
    if (take_text(c, TX_VKEY_TEXT_BYTES, &text) < 0 || tx_vkey_parse(hasher, text, ret) != 0)
        return -EBADMSG;
    return 0;
}

static int check_length(const struct tx_buf *b, size_t start) {
    return b->full || b->len - start > TX_NOTARY_MESSAGE_BYTES ? -EMSGSIZE : 0;
}

int tx_notary_request_render(const struct tx_notary_request *request, struct tx_buf *b) {
    size_t start = b->len;
    tx_buf_u8(b, (uint8_t)request->type);
    if (request->type != TX_NOTARY_HELLO)
        put_range(b, &request->range);
    if (request->type == TX_NOTARY_GROW || request->type == TX_NOTARY_ROTATE)
        put_text(b, request->last);
    if (request->type == TX_NOTARY_GROW || request->type == TX_NOTARY_REPLAY)
        tx_buf_u8(b, request->seal);
    if (request->type == TX_NOTARY_REPLAY)
        put_text(b, request->note);
    return check_length(b, start);
}

int tx_notary_request_parse(struct tx_text message, struct tx_notary_request *ret) {
    struct tx_cursor c = tx_cursor_of(message.p, message.n);
    uint8_t type;

    *ret = (struct tx_notary_request){.seal = false};
    tx_range_init(&ret->range, 0);
    if (tx_cursor_u8(&c, &type) < 0 || type < TX_NOTARY_HELLO || type > TX_NOTARY_REPLAY)
        return -EBADMSG;
    ret->type = type;
    if (type != TX_NOTARY_HELLO && take_range(&c, &ret->range) < 0)
        return -EBADMSG;
    if ((type == TX_NOTARY_GROW || type == TX_NOTARY_ROTATE) &&
        take_text(&c, TX_LIMIT_LINE_BYTES, &ret->last) < 0)
        return -EBADMSG;
    if ((type == TX_NOTARY_GROW || type == TX_NOTARY_REPLAY) && take_bool(&c, &ret->seal) < 0)
        return -EBADMSG;
    if (type == TX_NOTARY_REPLAY && take_text(&c, TX_LIMIT_NOTE_BYTES, &ret->note) < 0)
        return -EBADMSG;
    return c.n == 0 ? 0 : -EBADMSG;
}

static void put_state(struct tx_buf *b, const struct tx_notary_state *state) {
    put_vkey(b, &state->identity);
    put_vkey(b, &state->epoch0);
    put_vkey(b, &state->epoch_vkey);
    tx_buf_u64(b, state->epoch);
    put_range(b, &state->range);
    tx_buf_u64(b, state->n_checkpoints);
    tx_buf_put(b, state->digest.bytes, sizeof(state->digest.bytes));
    tx_buf_u8(b, state->last_was_seal);
    tx_buf_u8(b, state->rotate_due);
    put_text(b, state->note);
    put_text(b, state->pending_line);
}

static int take_state(struct tx_cursor *c, struct tx_hasher *hasher, struct tx_notary_state *ret) {
    if (take_vkey(c, hasher, &ret->identity) < 0 || take_vkey(c, hasher, &ret->epoch0) < 0 ||
        take_vkey(c, hasher, &ret->epoch_vkey) < 0 || tx_cursor_u64(c, &ret->epoch) < 0 ||
        take_range(c, &ret->range) < 0 || tx_cursor_u64(c, &ret->n_checkpoints) < 0 ||
        take_digest(c, &ret->digest) < 0 || take_bool(c, &ret->last_was_seal) < 0 ||
        take_bool(c, &ret->rotate_due) < 0 || take_text(c, TX_LIMIT_NOTE_BYTES, &ret->note) < 0)
        return -EBADMSG;
    return take_text(c, TX_LIMIT_LINE_BYTES, &ret->pending_line);
}

int tx_notary_reply_render(const struct tx_notary_reply *reply, struct tx_buf *b) {
    size_t start = b->len;
    tx_buf_u8(b, (uint8_t)reply->type);
    switch (reply->type) {
    case TX_NOTARY_STATE:
        put_state(b, &reply->state);
        break;
    case TX_NOTARY_NOTE:
        tx_buf_u8(b, reply->rotate_due);
        put_text(b, reply->note);
        break;
    case TX_NOTARY_LINE:
        put_text(b, reply->line);
        break;
    case TX_NOTARY_ERROR:
        tx_buf_u8(b, (uint8_t)reply->error);
        break;
    default:
        assert(reply->type == TX_NOTARY_DONE);
    }
    return check_length(b, start);
}

static int take_error(struct tx_cursor *c, enum tx_notary_error *ret) {
    uint8_t error;
    if (tx_cursor_u8(c, &error) < 0 || error < TX_NOTARY_E_RANGE || error > TX_NOTARY_E_LEAF)
        return -EBADMSG;
    *ret = error;
    return 0;
}

int tx_notary_reply_parse(struct tx_hasher *hasher, struct tx_text message,
                          struct tx_notary_reply *ret) {
    struct tx_cursor c = tx_cursor_of(message.p, message.n);
    uint8_t type;
    int r = 0;

    memset(ret, 0, sizeof(*ret));
    if (tx_cursor_u8(&c, &type) < 0)
        return -EBADMSG;
    ret->type = type;
    switch (type) {
    case TX_NOTARY_STATE:
        r = take_state(&c, hasher, &ret->state);
        break;
    case TX_NOTARY_NOTE:
        r = take_bool(&c, &ret->rotate_due);
        if (r == 0)
            r = take_text(&c, TX_LIMIT_NOTE_BYTES, &ret->note);
        break;
    case TX_NOTARY_LINE:
        r = take_text(&c, TX_LIMIT_LINE_BYTES, &ret->line);
        break;
    case TX_NOTARY_DONE:
        break;
    case TX_NOTARY_ERROR:
        r = take_error(&c, &ret->error);
        break;
    default:
        r = -EBADMSG;
    }
    return r == 0 && c.n > 0 ? -EBADMSG : r;
}

static int gone(int error) {
    return error == EPIPE || error == ECONNRESET || error == ENOTCONN ? -EPIPE : -error;
}

static int send_all(int fd, const struct tx_buf *b) {
    ssize_t n;
    do
        n = send(fd, b->data, b->len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? gone(errno) : 0;
}

static int receive_one(int fd, struct tx_buf *b) {
    struct iovec iov = {.iov_base = b->data, .iov_len = b->cap};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;
    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return gone(errno);
    if (n == 0)
        return -EPIPE;
    if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return -EBADMSG;
    b->len = (size_t)n;
    return 0;
}

int tx_notary_call(int fd, struct tx_hasher *hasher, const struct tx_notary_request *request,
                   struct tx_buf *memory, struct tx_notary_reply *ret) {
    assert(memory->cap >= TX_NOTARY_MESSAGE_BYTES);
    memory->len = 0;
    memory->full = false;
    int r = tx_notary_request_render(request, memory);
    if (r < 0)
        return r;
    r = send_all(fd, memory);
    if (r < 0)
        return r;
    r = receive_one(fd, memory);
    if (r < 0)
        return r;
    return tx_notary_reply_parse(hasher, (struct tx_text){(const char *)memory->data, memory->len},
                                 ret);
}
