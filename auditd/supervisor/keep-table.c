/* SPDX-License-Identifier: MIT */
#include "auditd/supervisor/keep-table.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "auditd/supervisor/memfd.h"
#include "libtx/base/fd.h"

#define MAGIC UINT64_C(0x31307065656b7874) /* "txkeep01" */

struct tx_keep_memory {
    uint64_t magic;
    uint64_t last;
    struct tx_keep_slot slots[TX_KEEP_SLOTS];
};

static int map(int fd, struct tx_keep_table *ret) {
    void *p = mmap(NULL, sizeof(*ret->memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return -errno;
    *ret = (struct tx_keep_table){.fd = fd, .memory = p};
    return 0;
}

int tx_keep_table_new(struct tx_keep_table *ret) {
    _cleanup_(tx_fd_closep) int fd = -1;
    int r = tx_memfd_fixed("tracex-connections", sizeof(struct tx_keep_memory), &fd);
    if (r == 0)
        r = map(fd, ret);
    if (r < 0)
        return r;
    ret->memory->magic = MAGIC;
    tx_fd_steal(&fd);
    return 0;
}

int tx_keep_table_open(int fd, struct tx_keep_table *ret) {
    struct tx_keep_table table = TX_KEEP_TABLE_INIT;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size != (off_t)sizeof(struct tx_keep_memory))
        return -EINVAL;
    int r = map(fd, &table);
    if (r < 0)
        return r;
    if (table.memory->magic != MAGIC) {
        munmap(table.memory, sizeof(*table.memory));
        return -EINVAL;
    }
    *ret = table;
    return 0;
}

void tx_keep_table_close(struct tx_keep_table *table) {
    if (table->memory)
        munmap(table->memory, sizeof(*table->memory));
    table->memory = NULL;
    tx_fd_closep(&table->fd);
}

/* Ids are counted, so that they fill the table in turn. A free slot has the id 0. */
static struct tx_keep_slot *find(struct tx_keep_table *table, uint64_t wanted, uint64_t from) {
    for (size_t i = 0; i < TX_KEEP_SLOTS; i++) {
        struct tx_keep_slot *slot = &table->memory->slots[(from + i) % TX_KEEP_SLOTS];
        if (slot->id == wanted)
            return slot;
    }
    return NULL;
}

struct tx_keep_slot *tx_keep_table_find(struct tx_keep_table *table, uint64_t id) {
    return id == 0 ? NULL : find(table, id, id);
}

size_t tx_keep_table_index(struct tx_keep_table *table, uint64_t id) {
    return (size_t)(find(table, id, id) - table->memory->slots);
}

struct tx_keep_slot *tx_keep_table_add(struct tx_keep_table *table, uint64_t id, uid_t uid,
                                       struct tx_text identity) {
    struct tx_keep_slot *slot = find(table, 0, id);

    if (!slot || identity.n > sizeof(slot->identity))
        return NULL;
    slot->uid = uid;
    slot->n_identity = (uint32_t)identity.n;
    if (identity.n)
        memcpy(slot->identity, identity.p, identity.n);
    slot->state = TX_KEEP_KEPT;
    /* Last, so that a slot is whole or free, whenever we die. */
    __atomic_store_n(&slot->id, id, __ATOMIC_RELEASE);
    if (id > table->memory->last)
        table->memory->last = id;
    return slot;
}

void tx_keep_table_free(struct tx_keep_slot *slot) {
    __atomic_store_n(&slot->id, 0, __ATOMIC_RELEASE);
    explicit_bzero(slot, sizeof(*slot));
}

struct tx_keep_slot *tx_keep_table_next(struct tx_keep_table *table, enum tx_keep_state state,
                                        size_t *at) {
    while (*at < TX_KEEP_SLOTS) {
        struct tx_keep_slot *slot = &table->memory->slots[(*at)++];
        if (slot->id != 0 && slot->state == state)
            return slot;
    }
    return NULL;
}

uint64_t tx_keep_table_last(const struct tx_keep_table *table) {
    return table->memory->last;
}
