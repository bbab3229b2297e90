/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_LEDGER_LINK_H
#define TX_INGEST_LEDGER_LINK_H

/*
 * Our end of the stream to the ledger (auditd/ipc/bodies.h): frames to be written, tickets, and who
 * waits for which receipt. Bodies are encoded right into the output buffer. It does not know what a
 * body says nor who is told of an answer. A link is down from an error or the end of the stream
 * until the supervisor gives another one; then tickets begin anew.
 */

#include <stdbool.h>

#include "auditd/ipc/bodies.h"
#include "libtx/base/bytes.h"

/* Once so much waits to be written, nothing more is encoded. */
#define TX_LINK_OUT_BYTES (256u * 1024u)
#define TX_LINK_IN_BYTES (64u * 1024u)

struct tx_awaited_receipt {
    uint64_t ticket;
    uint64_t connection;
    uint64_t n; /* the client's number */
};

struct tx_link {
    int fd; /* owned; -1: down */
    struct tx_bytes out;
    size_t written; /* of out */
    uint8_t *in;    /* owned, TX_LINK_IN_BYTES */
    size_t in_first, in_end;
    uint64_t next_ticket;
    uint64_t durable;                   /* tickets below it are */
    uint64_t bytes, bytes_durable;      /* of bodies: sent, and durable */
    uint64_t window;                    /* so many may be sent and not durable; 0: any number */
    struct tx_awaited_receipt *awaited; /* owned, a ring in the order of tickets */
    size_t awaited_first, n_awaited, cap_awaited;
};

TX_MUST_USE int tx_link_init(struct tx_link *link);
void tx_link_deinit(struct tx_link *link);

/* Takes the descriptor of a new stream and forgets everything of the one before. */
TX_MUST_USE int tx_link_connect(struct tx_link *link, int fd);
void tx_link_disconnect(struct tx_link *link);

/* True when a record may be encoded: the link is up, and not too much waits. */
bool tx_link_has_room(const struct tx_link *link);

/* So much is on its way to the disk that what can wait is to wait here. */
bool tx_link_is_ahead(const struct tx_link *link);

/* Room for one body of TX_LIMIT_BODY_BYTES; not sent before the end. -ENOMEM. */
TX_MUST_USE int tx_link_body_begin(struct tx_link *link, struct tx_buf *ret);
/* The body that was written into *body goes out; `frame` has flags, client, first and last. Returns
 * its ticket. */
uint64_t tx_link_body_end(struct tx_link *link, const struct tx_bodies_frame *frame,
                          const struct tx_buf *body);

/* A frame that has no ticket. */
TX_MUST_USE int tx_link_send(struct tx_link *link, const struct tx_bodies_frame *frame);

/* Writes what waits. TX_LINK_E_FULL when the ledger does not take it all now; -EPIPE and the like:
 * the link is to be disconnected. */
enum { TX_LINK_E_FULL = 1 };
TX_MUST_USE int tx_link_flush(struct tx_link *link);

/* Reads what is there. -EPIPE at the end of the stream; -EAGAIN. */
TX_MUST_USE int tx_link_fill(struct tx_link *link);
/* The next whole frame that was read; its payload is borrowed until the next fill.
 * TX_BODIES_E_MORE; -EBADMSG. */
TX_MUST_USE int tx_link_next(struct tx_link *link, struct tx_bodies_frame *ret);

TX_MUST_USE int tx_link_await_receipt(struct tx_link *link,
                                      const struct tx_awaited_receipt *receipt);
/* Who waits for this ticket's receipt. False: nobody. */
bool tx_link_take_receipt(struct tx_link *link, uint64_t ticket, struct tx_awaited_receipt *ret);

#endif
