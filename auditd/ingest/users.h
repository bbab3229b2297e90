/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_USERS_H
#define TX_INGEST_USERS_H

/*
 * Whose turn it is to be read. Connections that send much wait in line: users take turns, and so do
 * the connections of each; so many connections bring a user no more than one does. It knows nothing
 * of sockets. Whose datagrams are processed next is work.h.
 *
 * A user with connections in line stands in one of three lists: in `turns`, the next one first; in
 * `resting`, when this round found nothing more of his; or in `held`, when too much of the inbox is
 * his.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "libtx/base/error.h"

struct tx_connection;
struct tx_inbox_entry;
TAILQ_HEAD(tx_connection_list, tx_connection);
TAILQ_HEAD(tx_user_list, tx_user);

struct tx_user {
    uint32_t uid;
    size_t n_connections;
    size_t n_bytes;                    /* of the inbox */
    struct tx_connection_list waiting; /* those in line, the next one first */
    size_t n_waiting;
    size_t n_quiet;                /* of them in a row had nothing more */
    struct tx_user_list *standing; /* in this list; NULL: in none */
    TAILQ_ENTRY(tx_user) by_turn;
    /* What of him is to be processed (work.h). */
    struct tx_inbox_entry *work; /* by `next`, oldest first */
    struct tx_inbox_entry *work_last;
    int64_t credit;
    TAILQ_ENTRY(tx_user) by_work; /* while he has any */
    size_t n_sent; /* bytes of the inbox: being processed, or with the ledger and not durable */
    struct tx_user *next;
};

struct tx_users {
    struct tx_user *all; /* owned */
    struct tx_user_list turns;
    struct tx_user_list resting;
    struct tx_user_list held;
    struct tx_user_list working; /* whose datagrams wait, the next one first */
    size_t n_working;
};

/* What of the inbox one of several users gets at a time. */
#define TX_WORK_TURN 8192

void tx_users_init(struct tx_users *users);
void tx_users_deinit(struct tx_users *users);

/* The user, made when there is none; those without connections and bytes may go meanwhile. NULL
 * without memory. */
struct tx_user *tx_users_get(struct tx_users *users, uint32_t uid);
/* NULL: there is none. */
struct tx_user *tx_users_find(struct tx_users *users, uint32_t uid);

/* A connection of his gets in line, as the last one; it leaves. */
void tx_user_wait(struct tx_users *users, struct tx_user *user, struct tx_connection *connection);
void tx_user_leave(struct tx_user *user, struct tx_connection *connection);

/* The connection whose turn it is; it and its user go to the ends of their lines. NULL: nobody. */
struct tx_connection *tx_users_next(struct tx_users *users);
/* Nothing more of him in this round; until something of the inbox is freed. */
void tx_users_rest(struct tx_users *users, struct tx_user *user);
void tx_users_hold(struct tx_users *users, struct tx_user *user);
/* Those who rested, who were held, get in line again. */
void tx_users_wake(struct tx_users *users);
void tx_users_release(struct tx_users *users);

/* Bytes of the inbox that became his, and that are so no more. What an earlier process had received
 * was never counted, so that they may be more than is left. */
void tx_user_take_bytes(struct tx_user *user, size_t n);
void tx_user_give_bytes(struct tx_user *user, size_t n);

#endif
