/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_CONNECTIONS_H
#define TX_INGEST_CONNECTIONS_H

/*
 * Who is connected: a table from the supervisor's connection id to the socket, what the kernel said
 * of the other end, what it is to be told, and how its socket is watched.
 *
 * Life of a connection: added by CONNECTION → read until its end → closed when every datagram of it
 * is durable; or closed at once when it sent rubbish. Its inbox entries do not need it.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "auditd/ingest/replies.h"
#include "auditd/ingest/users.h"
#include "auditd/ipc/loop.h"
#include "libtx/base/error.h"
#include "libtx/base/text.h"
#include "libtx/wire/wire.h"

enum tx_watch {
    TX_WATCH_EVENTS, /* in epoll: every datagram wakes us */
    TX_WATCH_TIMER,  /* not in epoll; it waits for its turn, which a timer gives */
    TX_WATCH_ENDED,  /* nothing more comes */
};

struct tx_connection {
    uint64_t id;
    int fd;                  /* owned */
    struct tx_text identity; /* owned: rendered */
    struct tx_user *user;    /* who connected */
    void *owner;             /* for handlers */
    struct tx_source_handle *source;
    uint32_t events; /* that epoll watches for */
    enum tx_watch watch;
    TAILQ_ENTRY(tx_connection) by_turn;
    struct tx_connection *next_in_bucket;

    size_t n_pending; /* entries in the inbox */
    /* How busy it is. */
    int64_t last_sent; /* boot clock, ns: when something of it was read */
    bool has_sent;     /* in this turn */
    bool is_steady;    /* soon after what was before */
    bool awaits_receipt;
    size_t largest; /* bytes in the inbox, of its datagrams of late */

    /* The hash of the secret that was seen last. */
    bool has_client;
    uint8_t secret[TX_WIRE_SECRET_BYTES];
    uint32_t client_uid;
    uint8_t client[8];

    struct tx_replies replies;
    TAILQ_ENTRY(tx_connection) by_dirty;
    bool is_dirty; /* has an ACK to be sent */
};

#define TX_CONNECTION_BUCKETS 1024

struct tx_connections {
    size_t n;
    struct tx_connection *buckets[TX_CONNECTION_BUCKETS];
    struct tx_users users;
    struct tx_connection_list dirty;
};

void tx_connections_init(struct tx_connections *connections);
/* Closes all sockets. */
void tx_connections_deinit(struct tx_connections *connections, struct tx_loop *loop);

/* Takes the descriptor when it succeeds. -EEXIST. */
TX_MUST_USE int tx_connections_add(struct tx_connections *connections, uint64_t id, int fd,
                                   struct tx_text identity, struct tx_connection **ret);
struct tx_connection *tx_connections_find(struct tx_connections *connections, uint64_t id);
/* Closes the socket and frees. */
void tx_connections_remove(struct tx_connections *connections, struct tx_loop *loop,
                           struct tx_connection *connection);

/* The next one after `previous` (NULL: the first), in no particular order. */
struct tx_connection *tx_connections_next(struct tx_connections *connections,
                                          struct tx_connection *previous);

#endif
