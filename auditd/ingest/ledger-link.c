/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/ledger-link.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libtx/base/fd.h"

int tx_link_init(struct tx_link *link) {
    *link = (struct tx_link){.fd = -1};
    link->in = malloc(TX_LINK_IN_BYTES);
    return link->in ? 0 : -ENOMEM;
}

void tx_link_disconnect(struct tx_link *link) {
    tx_fd_closep(&link->fd);
    link->fd = -1;
    link->out.len = link->written = 0;
    link->in_first = link->in_end = 0;
    link->next_ticket = link->durable = 0;
    link->bytes = link->bytes_durable = link->window = 0;
    link->awaited_first = link->n_awaited = 0;
}

void tx_link_deinit(struct tx_link *link) {
    tx_link_disconnect(link);
    tx_bytes_deinit(&link->out);
    free(link->in);
    free(link->awaited);
    *link = (struct tx_link){.fd = -1};
}

int tx_link_connect(struct tx_link *link, int fd) {
    int r = tx_fd_set_nonblocking(fd, 1);
    if (r < 0)
        return r;
    tx_link_disconnect(link);
    link->fd = fd;
    return 0;
}

bool tx_link_has_room(const struct tx_link *link) {
    return link->fd >= 0 && link->out.len - link->written < TX_LINK_OUT_BYTES;
}

bool tx_link_is_ahead(const struct tx_link *link) {
    return link->window > 0 && link->bytes - link->bytes_durable >= link->window;
}

/* What was written makes room for what comes. */
static void compact(struct tx_link *link) {
    if (link->written == 0 || link->written < link->out.len / 2)
        return;
    tx_bytes_consume(&link->out, link->written);
    link->written = 0;
}

int tx_link_body_begin(struct tx_link *link, struct tx_buf *ret) {
    compact(link);
    int r = tx_bytes_reserve(&link->out, TX_BODIES_HEADER_BYTES + TX_LIMIT_BODY_BYTES);
    if (r < 0)
        return r;
    *ret = tx_buf_of(link->out.data + link->out.len + TX_BODIES_HEADER_BYTES, TX_LIMIT_BODY_BYTES);
    return 0;
}

uint64_t tx_link_body_end(struct tx_link *link, const struct tx_bodies_frame *frame,
                          const struct tx_buf *body) {
    struct tx_buf header = tx_buf_of(link->out.data + link->out.len, TX_BODIES_HEADER_BYTES);
    struct tx_bodies_frame whole = *frame;

    assert(!body->full && body->data == header.data + TX_BODIES_HEADER_BYTES);
    whole.type = TX_BODIES_BODY;
    whole.payload = (struct tx_text){.p = (const char *)body->data, .n = body->len};
    tx_bodies_render_header(&whole, &header);
    assert(!header.full && header.len == TX_BODIES_HEADER_BYTES);
    link->out.len += TX_BODIES_HEADER_BYTES + body->len;
    link->bytes += body->len;
    return link->next_ticket++;
}

int tx_link_send(struct tx_link *link, const struct tx_bodies_frame *frame) {
    uint8_t memory[TX_BODIES_HEADER_BYTES];
    struct tx_buf header = tx_buf_of(memory, sizeof(memory));

    compact(link);
    tx_bodies_render_header(frame, &header);
    int r = tx_bytes_reserve(&link->out, header.len + frame->payload.n);
    if (r < 0)
        return r;
    r = tx_bytes_append(&link->out, header.data, header.len);
    return r < 0 ? r : tx_bytes_append(&link->out, frame->payload.p, frame->payload.n);
}

int tx_link_flush(struct tx_link *link) {
    while (link->written < link->out.len) {
        ssize_t n = send(link->fd, link->out.data + link->written, link->out.len - link->written,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? TX_LINK_E_FULL : -errno;
        link->written += (size_t)n;
    }
    link->out.len = link->written = 0;
    return 0;
}

int tx_link_fill(struct tx_link *link) {
    memmove(link->in, link->in + link->in_first, link->in_end - link->in_first);
    link->in_end -= link->in_first;
    link->in_first = 0;
    ssize_t n;
    do
        n = recv(link->fd, link->in + link->in_end, TX_LINK_IN_BYTES - link->in_end, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -EPIPE;
    link->in_end += (size_t)n;
    return 0;
}

int tx_link_next(struct tx_link *link, struct tx_bodies_frame *ret) {
    struct tx_cursor c = tx_cursor_of(link->in + link->in_first, link->in_end - link->in_first);
    size_t need = 0;

    int r = tx_bodies_parse(&c, ret, &need);
    if (r == TX_BODIES_E_MORE)
        return need > TX_LINK_IN_BYTES ? -EBADMSG : TX_BODIES_E_MORE;
    if (r == 0)
        link->in_first = link->in_end - c.n;
    return r;
}

static int grow_awaited(struct tx_link *link) {
    size_t cap = link->cap_awaited ? 2 * link->cap_awaited : 64;
    struct tx_awaited_receipt *more = calloc(cap, sizeof(*more));
    if (!more)
        return -ENOMEM;
    for (size_t i = 0; i < link->n_awaited; i++)
        more[i] = link->awaited[(link->awaited_first + i) % link->cap_awaited];
    free(link->awaited);
    link->awaited = more;
    link->awaited_first = 0;
    link->cap_awaited = cap;
    return 0;
}

int tx_link_await_receipt(struct tx_link *link, const struct tx_awaited_receipt *receipt) {
    /* Bounded by what the inbox holds. */
    if (link->n_awaited == link->cap_awaited) {
        int r = grow_awaited(link);
        if (r < 0)
            return r;
    }
    link->awaited[(link->awaited_first + link->n_awaited++) % link->cap_awaited] = *receipt;
    return 0;
}

bool tx_link_take_receipt(struct tx_link *link, uint64_t ticket, struct tx_awaited_receipt *ret) {
    while (link->n_awaited > 0) {
        struct tx_awaited_receipt *first = &link->awaited[link->awaited_first];
        if (first->ticket > ticket)
            return false;
        *ret = *first;
        link->awaited_first = (link->awaited_first + 1) % link->cap_awaited;
        link->n_awaited--;
        if (ret->ticket == ticket)
            return true;
    }
    return false;
}
