/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_CLIENTS_H
#define TX_INGEST_CLIENTS_H

/*
 * What number is expected next from each client. The ledger knows the truth; this is a bounded
 * memory of it. Who has most of them loses first: of his the one not heard of for longest whose
 * connection is gone, or speaks for another by now. So nobody makes it forget the others by
 * inventing clients. An unknown client's datagrams are parked until the ledger has said its last
 * number; others go on meanwhile. So are those of one that waits for an outlet.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "auditd/ingest/inbox.h"
#include "libtx/base/error.h"

/* Clients that speak at the same time; more cost a question to the ledger each time. */
#define TX_CLIENTS_MAX 4096

/* A user, while he has any. */
struct tx_client_owner;

struct tx_client {
    uint8_t id[8];
    struct tx_client_owner *owner;
    uint64_t connection; /* by which it spoke last */
    bool known;          /* else a ledger has been asked: */
    uint8_t asked;       /* which: bits */
    bool is_sure;        /* every log that may have its numbers was asked */
    bool forgotten;      /* a ledger does not know it, but may have */
    bool waits;          /* for an outlet that takes nothing now, as what is parked */
    uint64_t expected;
    uint64_t ticket_end[TX_INBOX_OUTLETS]; /* of its last record for each log */
    struct tx_inbox_entry *parked;         /* oldest first, by `next` */
    struct tx_inbox_entry *parked_last;
    bool is_ready;
    TAILQ_ENTRY(tx_client) by_use;
    TAILQ_ENTRY(tx_client) by_ready;
    struct tx_client *next_in_bucket;
};

TAILQ_HEAD(tx_client_list, tx_client);

/* Whether it still has its connection. */
typedef bool (*tx_client_is_open)(void *data, const struct tx_client *client);

struct tx_clients {
    struct tx_client *pool; /* owned: TX_CLIENTS_MAX */
    size_t n_pool;          /* so many have been used */
    struct tx_client **buckets;
    uint64_t seed;                  /* nobody outside can choose ids that share a bucket */
    struct tx_client_owner *owners; /* owned */
    tx_client_is_open is_open;
    void *data;
    struct tx_client_list ready;   /* known, and something is parked */
    struct tx_client_list waiting; /* those that wait for an outlet */
    size_t n_parked;               /* entries */
};

TX_MUST_USE int tx_clients_init(struct tx_clients *clients, uint64_t seed,
                                tx_client_is_open is_open, void *data);
void tx_clients_deinit(struct tx_clients *clients);

/* The client, known or not. *ret_new: the ledger must be asked. NULL when all others are waiting
 * for the ledger, or there is no memory: try again after its next answer. */
struct tx_client *tx_clients_get(struct tx_clients *clients, const uint8_t id[8], uint32_t uid,
                                 bool *ret_new);

/* A ledger's answer. It is known when all that were asked have answered. NULL for a client that was
 * not asked for. */
struct tx_client *tx_clients_learn(struct tx_clients *clients, const uint8_t id[8], unsigned ledger,
                                   uint64_t expected, bool forgotten);

void tx_clients_park(struct tx_clients *clients, struct tx_client *client,
                     struct tx_inbox_entry *entry);
/* The entry is its oldest; it is not known any more, until a ledger has answered. */
void tx_clients_put_back(struct tx_clients *clients, struct tx_client *client,
                         struct tx_inbox_entry *entry);
/* The same of one that waits, with all that comes after. */
void tx_clients_suspend(struct tx_clients *clients, struct tx_client *client,
                        struct tx_inbox_entry *entry);
/* Nobody waits any more. */
void tx_clients_resume(struct tx_clients *clients);
/* The oldest parked entry of some client that is known by now, or NULL. */
struct tx_inbox_entry *tx_clients_unpark(struct tx_clients *clients, struct tx_client **ret);

/* Forgets everything, parked entries too. */
void tx_clients_forget(struct tx_clients *clients);

#endif
