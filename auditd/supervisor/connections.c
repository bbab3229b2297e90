/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/connections.h"

#include <string.h>

#include "libtx/base/fd.h"

int tx_connections_init(struct tx_connections *connections, size_t n_slots) {
    struct tx_connection *slots = calloc(n_slots, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    *connections = (struct tx_connections){.n_slots = n_slots, .slots = slots};
    return 0;
}

static void clear(struct tx_connection *connection) {
    tx_fd_closep(&connection->fd);
    free(connection->identity);
    *connection = (struct tx_connection){.fd = -1};
}

void tx_connections_deinit(struct tx_connections *connections) {
    for (size_t i = 0; i < connections->n_slots; i++)
        if (connections->slots[i].id != 0)
            clear(&connections->slots[i]);
    free(connections->slots);
    *connections = (struct tx_connections){0};
}

static struct tx_connection *find(struct tx_connections *connections, uint64_t id) {
    for (size_t i = 0; i < connections->n_slots; i++)
        if (connections->slots[i].id == id)
            return &connections->slots[i];
    return NULL;
}

static int add(struct tx_connections *connections, uint64_t id, int fd, uid_t uid,
               struct tx_text identity, struct tx_connection **ret) {
    struct tx_connection *slot = find(connections, 0);
    if (!slot)
        return -ENOSPC;
    uint8_t *copy = malloc(identity.n ? identity.n : 1);
    if (!copy)
        return -ENOMEM;
    if (identity.n)
        memcpy(copy, identity.p, identity.n);
    *slot = (struct tx_connection){
        .id = id, .fd = fd, .uid = uid, .n_identity = identity.n, .identity = copy};
    connections->n_open++;
    connections->n_unhanded++;
    if (id > connections->n_ever)
        connections->n_ever = id;
    *ret = slot;
    return 0;
}

int tx_connections_add(struct tx_connections *connections, int fd, uid_t uid,
                       struct tx_text identity, struct tx_connection **ret) {
    return add(connections, connections->n_ever + 1, fd, uid, identity, ret);
}

int tx_connections_restore(struct tx_connections *connections, uint64_t id, int fd, uid_t uid,
                           struct tx_text identity) {
    struct tx_connection *ignored;
    if (find(connections, id) || id == 0)
        return -EEXIST;
    return add(connections, id, fd, uid, identity, &ignored);
}

bool tx_connections_remove(struct tx_connections *connections, uint64_t id) {
    struct tx_connection *slot = id == 0 ? NULL : find(connections, id);
    if (!slot)
        return false;
    connections->n_unhanded -= !slot->handed;
    clear(slot);
    connections->n_open--;
    return true;
}

const struct tx_connection *tx_connections_find(const struct tx_connections *connections,
                                                uint64_t id) {
    for (size_t i = 0; id != 0 && i < connections->n_slots; i++)
        if (connections->slots[i].id == id)
            return &connections->slots[i];
    return NULL;
}

void tx_connections_unhand_all(struct tx_connections *connections) {
    for (size_t i = 0; i < connections->n_slots; i++)
        connections->slots[i].handed = false;
    connections->n_unhanded = connections->n_open;
}

void tx_connections_mark_handed(struct tx_connections *connections,
                                struct tx_connection *connection) {
    connections->n_unhanded -= !connection->handed;
    connection->handed = true;
}

struct tx_connection *tx_connections_next_unhanded(struct tx_connections *connections) {
    struct tx_connection *oldest = NULL;
    for (size_t i = 0; connections->n_unhanded > 0 && i < connections->n_slots; i++) {
        struct tx_connection *slot = &connections->slots[i];
        if (slot->id != 0 && !slot->handed && (!oldest || slot->id < oldest->id))
            oldest = slot;
    }
    return oldest;
}

size_t tx_connections_of(const struct tx_connections *connections, uid_t uid) {
    size_t n = 0;
    for (size_t i = 0; i < connections->n_slots; i++)
        n += connections->slots[i].id != 0 && connections->slots[i].uid == uid;
    return n;
}
