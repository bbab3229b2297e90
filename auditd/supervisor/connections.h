/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_CONNECTIONS_H
#define TX_SUPERVISOR_CONNECTIONS_H

/*
 * The connections that ingest serves: a duplicate of ingest's end of each, and who is at the other,
 * so that a new ingest can be given all of them again. An id is never used twice.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

struct tx_connection {
    uint64_t id; /* 0: the slot is free */
    int fd;      /* owned */
    uid_t uid;
    bool handed; /* the ingest that runs has it */
    size_t n_identity;
    uint8_t *identity; /* rendered; owned */
};

struct tx_connections {
    size_t n_slots;
    struct tx_connection *slots;
    size_t n_open;
    size_t n_unhanded;
    uint64_t n_ever; /* ids given */
};

TX_MUST_USE int tx_connections_init(struct tx_connections *connections, size_t n_slots);
void tx_connections_deinit(struct tx_connections *connections);

/* `fd` is taken when it succeeds; the identity is copied. -ENOSPC when every slot is in use. */
TX_MUST_USE int tx_connections_add(struct tx_connections *connections, int fd, uid_t uid,
                                   struct tx_text identity, struct tx_connection **ret);

/* The same with an id that an earlier process gave. */
TX_MUST_USE int tx_connections_restore(struct tx_connections *connections, uint64_t id, int fd,
                                       uid_t uid, struct tx_text identity);

/* NULL: there is no such connection. */
const struct tx_connection *tx_connections_find(const struct tx_connections *connections,
                                                uint64_t id);

/* Closes its descriptor. False: there is no such connection. */
bool tx_connections_remove(struct tx_connections *connections, uint64_t id);

/* A new ingest has none yet. */
void tx_connections_unhand_all(struct tx_connections *connections);
void tx_connections_mark_handed(struct tx_connections *connections,
                                struct tx_connection *connection);
/* One that ingest does not have, the oldest first; NULL: it has all. */
struct tx_connection *tx_connections_next_unhanded(struct tx_connections *connections);

size_t tx_connections_of(const struct tx_connections *connections, uid_t uid);

#endif
