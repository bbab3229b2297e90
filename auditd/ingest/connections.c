/* SPDX-License-Identifier: MIT */
#include "auditd/ingest/connections.h"

#include <assert.h>
#include <string.h>

#include "auditd/ipc/control.h"
#include "libtx/base/fd.h"

static size_t bucket_of(uint64_t id) {
    return id % TX_CONNECTION_BUCKETS; /* ids are the supervisor's: it counts */
}

void tx_connections_init(struct tx_connections *connections) {
    *connections = (struct tx_connections){.n = 0};
    tx_users_init(&connections->users);
    TAILQ_INIT(&connections->dirty);
}

static void connection_free(struct tx_connection *connection) {
    if (!connection)
        return;
    tx_fd_closep(&connection->fd);
    tx_replies_deinit(&connection->replies);
    free((char *)(uintptr_t)connection->identity.p);
    explicit_bzero(connection->secret, sizeof(connection->secret));
    free(connection);
}
TX_DEFINE_CLEANUP(struct tx_connection *, connection_free);

static uint32_t uid_of(struct tx_text rendered) {
    struct tx_ipc_identity identity;
    return tx_ipc_identity_parse(rendered, &identity) == 0 ? identity.uid : UINT32_MAX;
}

int tx_connections_add(struct tx_connections *connections, uint64_t id, int fd,
                       struct tx_text identity, struct tx_connection **ret) {
    if (tx_connections_find(connections, id))
        return -EEXIST;
    _cleanup_(connection_freep) struct tx_connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return -ENOMEM;
    connection->fd = -1;
    char *copy = malloc(identity.n + 1);
    if (!copy)
        return -ENOMEM;
    if (identity.n)
        memcpy(copy, identity.p, identity.n);
    connection->identity = (struct tx_text){.p = copy, .n = identity.n};
    connection->user = tx_users_get(&connections->users, uid_of(identity));
    if (!connection->user)
        return -ENOMEM;
    connection->user->n_connections++;
    connection->id = id;
    connection->fd = fd;
    connection->watch = TX_WATCH_ENDED;
    connection->next_in_bucket = connections->buckets[bucket_of(id)];
    connections->buckets[bucket_of(id)] = connection;
    connections->n++;
    *ret = TX_STEAL(connection);
    return 0;
}

struct tx_connection *tx_connections_find(struct tx_connections *connections, uint64_t id) {
    struct tx_connection *connection = connections->buckets[bucket_of(id)];
    while (connection && connection->id != id)
        connection = connection->next_in_bucket;
    return connection;
}

void tx_connections_remove(struct tx_connections *connections, struct tx_loop *loop,
                           struct tx_connection *connection) {
    struct tx_connection **at = &connections->buckets[bucket_of(connection->id)];
    while (*at != connection)
        at = &(*at)->next_in_bucket;
    *at = connection->next_in_bucket;
    connections->n--;
    if (connection->watch == TX_WATCH_TIMER)
        tx_user_leave(connection->user, connection);
    connection->user->n_connections--;
    if (connection->is_dirty)
        TAILQ_REMOVE(&connections->dirty, connection, by_dirty);
    tx_loop_remove(loop, connection->source);
    connection_free(connection);
}

struct tx_connection *tx_connections_next(struct tx_connections *connections,
                                          struct tx_connection *previous) {
    if (previous && previous->next_in_bucket)
        return previous->next_in_bucket;
    for (size_t i = previous ? bucket_of(previous->id) + 1 : 0; i < TX_CONNECTION_BUCKETS; i++)
        if (connections->buckets[i])
            return connections->buckets[i];
    return NULL;
}

void tx_connections_deinit(struct tx_connections *connections, struct tx_loop *loop) {
    struct tx_connection *connection;
    while ((connection = tx_connections_next(connections, NULL)))
        tx_connections_remove(connections, loop, connection);
    tx_users_deinit(&connections->users);
}
