/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/users.h"

#include <stdlib.h>

#include "auditd/ingest/connections.h"

void tx_users_init(struct tx_users *users) {
    users->all = NULL;
    TAILQ_INIT(&users->turns);
    TAILQ_INIT(&users->resting);
    TAILQ_INIT(&users->held);
    TAILQ_INIT(&users->working);
    users->n_working = 0;
}

void tx_users_deinit(struct tx_users *users) {
    while (users->all) {
        struct tx_user *user = users->all;
        users->all = user->next;
        free(user);
    }
}

struct tx_user *tx_users_find(struct tx_users *users, uint32_t uid) {
    struct tx_user *user = users->all;
    while (user && user->uid != uid)
        user = user->next;
    return user;
}

static void free_unused(struct tx_users *users) {
    struct tx_user **at = &users->all;

    while (*at) {
        struct tx_user *user = *at;
        if (user->n_connections > 0 || user->n_bytes > 0 || user->work || user->n_sent > 0) {
            at = &user->next;
            continue;
        }
        *at = user->next;
        free(user);
    }
}

struct tx_user *tx_users_get(struct tx_users *users, uint32_t uid) {
    struct tx_user *user = tx_users_find(users, uid);

    if (user)
        return user;
    free_unused(users);
    user = calloc(1, sizeof(*user));
    if (!user)
        return NULL;
    user->uid = uid;
    user->credit = TX_WORK_TURN;
    TAILQ_INIT(&user->waiting);
    user->next = users->all;
    users->all = user;
    return user;
}

/* --- the line --- */

static void stand(struct tx_user *user, struct tx_user_list *list) {
    if (user->standing)
        TAILQ_REMOVE(user->standing, user, by_turn);
    if (list)
        TAILQ_INSERT_TAIL(list, user, by_turn);
    user->standing = list;
}

static void stand_again(struct tx_users *users, struct tx_user_list *list) {
    struct tx_user *user;

    while ((user = TAILQ_FIRST(list))) {
        user->n_quiet = 0;
        stand(user, &users->turns);
    }
}

void tx_user_wait(struct tx_users *users, struct tx_user *user, struct tx_connection *connection) {
    TAILQ_INSERT_TAIL(&user->waiting, connection, by_turn);
    user->n_waiting++;
    user->n_quiet = 0;
    if (user->standing != &users->held && user->standing != &users->turns)
        stand(user, &users->turns);
}

void tx_user_leave(struct tx_user *user, struct tx_connection *connection) {
    TAILQ_REMOVE(&user->waiting, connection, by_turn);
    user->n_waiting--;
    if (user->n_waiting == 0)
        stand(user, NULL);
}

struct tx_connection *tx_users_next(struct tx_users *users) {
    struct tx_user *user = TAILQ_FIRST(&users->turns);

    if (!user)
        return NULL;
    struct tx_connection *connection = TAILQ_FIRST(&user->waiting);
    stand(user, &users->turns);
    TAILQ_REMOVE(&user->waiting, connection, by_turn);
    TAILQ_INSERT_TAIL(&user->waiting, connection, by_turn);
    return connection;
}

void tx_users_rest(struct tx_users *users, struct tx_user *user) {
    stand(user, &users->resting);
}

void tx_users_hold(struct tx_users *users, struct tx_user *user) {
    stand(user, &users->held);
}

void tx_users_wake(struct tx_users *users) {
    stand_again(users, &users->resting);
}

void tx_users_release(struct tx_users *users) {
    stand_again(users, &users->held);
}

/* --- the inbox --- */

void tx_user_take_bytes(struct tx_user *user, size_t n) {
    user->n_bytes += n;
}

void tx_user_give_bytes(struct tx_user *user, size_t n) {
    user->n_bytes -= n < user->n_bytes ? n : user->n_bytes;
}
