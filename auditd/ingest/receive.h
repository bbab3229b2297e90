/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_RECEIVE_H
#define TX_INGEST_RECEIVE_H

/*
 * From the sockets into the inbox, and how each socket is watched. An idle connection is in epoll,
 * so a lone record is taken at once. One that sends steadily is taken out of it and read by a timer
 * of a millisecond, because waking us is the most expensive thing that a sender can do; but not
 * while it waits for receipts. Those are read in turns (users.h), so that nobody keeps others
 * waiting by how much he sends or by how many connections he has; and half of the inbox is all that
 * one user gets while others are connected, or, while somebody waits for the disk, twice what may
 * be on its way there: what he sends then fills his sockets and nothing else. When the inbox is
 * full nothing is read, and the sockets fill up.
 */

#include "auditd/ingest/ingest.h"

/* Takes the descriptor when it succeeds, and begins to read. -EEXIST. */
TX_MUST_USE int tx_receive_add(struct tx_ingest *ingest, uint64_t id, int fd,
                               struct tx_text identity);

/* Ends a connection at once; what of it is in the inbox stays there. */
TX_MUST_USE int tx_receive_close(struct tx_ingest *ingest, struct tx_connection *connection);

/* Ends it when nothing more comes of it and nothing of it is in the inbox. */
TX_MUST_USE int tx_receive_close_if_done(struct tx_ingest *ingest,
                                         struct tx_connection *connection);

/* Sends what the client is to be told, as far as it reads. */
TX_MUST_USE int tx_receive_flush(struct tx_ingest *ingest, struct tx_connection *connection);

/* Makes epoll watch for what the connection's state asks for. < 0: nothing can go on, since nobody
 * would hear of this connection again. */
TX_MUST_USE int tx_receive_watch(struct tx_ingest *ingest, struct tx_connection *connection);

/* What an earlier process received belongs to its connections and users, too. Once, when those are
 * there and before anything was freed; all entries of the inbox are to be rewound afterwards. */
void tx_receive_inherit(struct tx_ingest *ingest);

/* Whose entry it is; `connection` is that of the entry, or NULL when it is gone. NULL: he has
 * nothing else here, and is not known. */
struct tx_user *tx_receive_user_of(struct tx_ingest *ingest, struct tx_inbox_entry *entry,
                                   const struct tx_connection *connection);

/* Frees an entry of the inbox, of which its user then has less. */
void tx_receive_give_back(struct tx_ingest *ingest, struct tx_inbox_entry *entry);

/* Something was freed in the inbox. */
TX_MUST_USE int tx_receive_room_again(struct tx_ingest *ingest);

/* Takes nothing new from now on: reads what the sockets hold, up to their ends. */
TX_MUST_USE int tx_receive_stop(struct tx_ingest *ingest);
bool tx_receive_is_drained(struct tx_ingest *ingest);

/* The timer's handler. */
int tx_receive_on_timer(void *data, uint32_t events);

#endif
