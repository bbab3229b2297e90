/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/rings.h"

#include <string.h>

#include "auditd/ipc/control.h"
#include "libtx/base/fd.h"
#include "libtx/ring/file.h"

static void clear(struct tx_ring *ring) {
    tx_fd_closep(&ring->fd);
    free(ring->text);
    *ring = (struct tx_ring){.id = 0};
}

void tx_rings_deinit(struct tx_rings *rings) {
    for (size_t i = 0; i < TX_RINGS_MAX; i++)
        if (rings->slots[i].id != 0)
            clear(&rings->slots[i]);
    rings->n = rings->n_unhanded = 0;
}

static bool may_have(const struct tx_rings *rings, uid_t uid, size_t n_bytes) {
    size_t n = 0;

    if (rings->n == TX_RINGS_MAX)
        return false;
    for (size_t i = 0; i < TX_RINGS_MAX; i++)
        if (rings->slots[i].id != 0 && rings->slots[i].uid == uid) {
            n++;
            n_bytes += rings->slots[i].n_bytes;
        }
    return n < TX_RINGS_PER_UID && n_bytes <= TX_RINGS_BYTES_PER_UID;
}

static int fill(struct tx_rings *rings, uint64_t id, int fd, uid_t uid, struct tx_text text) {
    struct tx_ring *slot = &rings->slots[id % TX_RINGS_MAX];
    size_t capacity;

    int r = tx_ring_file_check(fd, &capacity);
    if (r < 0 || id == 0 || slot->id != 0)
        return -EINVAL;
    uint8_t *copy = malloc(text.n);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, text.p, text.n);
    *slot = (struct tx_ring){
        .id = id, .fd = fd, .uid = uid, .n_bytes = capacity, .n_text = text.n, .text = copy};
    rings->n++;
    rings->n_unhanded++;
    return 0;
}

/* --- kept --- */

static int take_kept(void *data, uint64_t id, int fd, uid_t uid, struct tx_text text) {
    return fill(data, id, fd, uid, text);
}

int tx_rings_keep(struct tx_rings *rings, struct tx_keep *keep) {
    rings->keep = keep;
    int r = tx_keep_restore(keep, TX_KEEP_RING, take_kept, rings);
    rings->n_ever = tx_keep_last_id(keep, TX_KEEP_RING);
    return r;
}

/* --- new ones --- */

/* The next id whose place is free; there is one. */
static uint64_t new_id(struct tx_rings *rings) {
    do
        rings->n_ever++;
    while (rings->slots[rings->n_ever % TX_RINGS_MAX].id != 0);
    return rings->n_ever;
}

int tx_rings_add(struct tx_rings *rings, int fd, const struct tx_connection *connection,
                 const uint8_t client[8]) {
    char memory[TX_IPC_RING_BYTES];
    struct tx_buf b = tx_buf_of(memory, sizeof(memory));
    struct tx_ipc_ring what = {
        .connection = connection->id,
        .identity = {.p = (const char *)connection->identity, .n = connection->n_identity}};
    size_t capacity;

    int r = tx_ring_file_check(fd, &capacity);
    if (r < 0)
        return r;
    if (!may_have(rings, connection->uid, capacity)) {
        rings->n_refused++;
        return TX_RINGS_E_MANY;
    }
    memcpy(what.client, client, sizeof(what.client));
    tx_ipc_ring_render(&what, &b);
    uint64_t id = new_id(rings);
    struct tx_text text = {.p = memory, .n = b.len};
    r = fill(rings, id, fd, connection->uid, text);
    if (r == 0 && rings->keep)
        tx_keep_add(rings->keep, TX_KEEP_RING, id, fd, connection->uid, text);
    return r;
}

void tx_rings_remove(struct tx_rings *rings, uint64_t id) {
    struct tx_ring *slot = &rings->slots[id % TX_RINGS_MAX];

    if (id == 0 || slot->id != id)
        return;
    rings->n_unhanded -= !slot->handed;
    rings->n--;
    clear(slot);
    if (rings->keep)
        tx_keep_drop(rings->keep, TX_KEEP_RING, id);
}

void tx_rings_unhand_all(struct tx_rings *rings) {
    for (size_t i = 0; i < TX_RINGS_MAX; i++)
        rings->slots[i].handed = false;
    rings->n_unhanded = rings->n;
}

void tx_rings_mark_handed(struct tx_rings *rings, struct tx_ring *ring) {
    rings->n_unhanded -= !ring->handed;
    ring->handed = true;
}

struct tx_ring *tx_rings_next_unhanded(struct tx_rings *rings) {
    for (size_t i = 0; rings->n_unhanded > 0 && i < TX_RINGS_MAX; i++)
        if (rings->slots[i].id != 0 && !rings->slots[i].handed)
            return &rings->slots[i];
    return NULL;
}
