/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_ACCEPT_H
#define TX_SUPERVISOR_ACCEPT_H

/*
 * A client connects → who is it (identity.h) → is there room (total, and for its uid) → a socket
 * pair that is sized here → WELCOME with one end, and POLICY, to the client, the other to ingest.
 * Nothing that a client sends is read, and nothing waits for it: the listening connection is closed
 * at once.
 */

#include "auditd/supervisor/connections.h"
#include "auditd/supervisor/identity.h"
#include "auditd/supervisor/keep.h"
#include "libtx/conf/durability.h"

/* How many connections there may be, if the limit on descriptors allows; and how many of one uid,
 * so that no one keeps the others out. */
#define TX_ACCEPT_TOTAL TX_KEEP_SLOTS
#define TX_ACCEPT_PER_UID 2048
/* Descriptors that are not connections. */
#define TX_ACCEPT_OTHER_FDS 128
/* The send buffer of a client's end: some 6,000 unread records. Only the first connections of a uid
 * get it, since it is kernel memory; later ones get the system's own maximum. */
#define TX_ACCEPT_SEND_BUFFER (8 * 1024 * 1024)
#define TX_ACCEPT_LARGE_PER_UID 64

struct tx_accept {
    struct tx_connections connections;
    size_t limit_total;
    size_t limit_per_uid;
    struct tx_keep *keep;   /* borrowed; NULL: nothing is kept */
    struct tx_bytes policy; /* owned: what each client is told of `durability:` */
    int spare_fd;           /* given up for a moment when there are no descriptors left */

    uint64_t n_accepted;
    uint64_t n_refused_total;
    uint64_t n_refused_uid;
    uint64_t n_refused_other; /* no descriptors or memory, or the client was gone */
    int send_buffer;          /* what the last large one really got, as the kernel counts it */
    int64_t told_ns;          /* when the last refusal was told */
};

/* Limits of 0: those above, as far as RLIMIT_NOFILE allows. */
TX_MUST_USE int tx_accept_init(struct tx_accept *accept, const struct tx_durability *durability,
                               size_t limit_total, size_t limit_per_uid);
void tx_accept_deinit(struct tx_accept *accept);

/* Has the service manager keep each connection from now on, and takes those that it has kept.
 * Borrowed until deinit. */
TX_MUST_USE int tx_accept_keep(struct tx_accept *accept, struct tx_keep *keep);

/* Ingest needs it no more. */
void tx_accept_close(struct tx_accept *accept, uint64_t id);

/* Accepts one connection of the listening socket. `*ret_connection` is to be handed to ingest
 * (borrowed until it is removed), NULL when the client was refused. -EAGAIN when nobody waits; < 0
 * otherwise only when the listening socket itself fails. */
TX_MUST_USE int tx_accept_one(struct tx_accept *accept, int listen_fd, int64_t since_ns,
                              struct tx_connection **ret_connection);

#endif
