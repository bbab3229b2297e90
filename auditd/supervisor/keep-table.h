/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_KEEP_TABLE_H
#define TX_SUPERVISOR_KEEP_TABLE_H

/*
 * Who each connection or ring is that is kept beyond this process: a table in memory that is kept
 * as well (keep.h). It knows no descriptors but its own.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "libtx/base/text.h"

/* As many as there may be connections (auditd/supervisor/accept.h). */
#define TX_KEEP_SLOTS 8192
/* A rendered identity, or a ring's with it (auditd/ipc/control.h). */
#define TX_KEEP_IDENTITY_BYTES 1552

enum tx_keep_state {
    TX_KEEP_FREE,
    TX_KEEP_KEPT,
    TX_KEEP_ENDED, /* the service manager is still to be told to close it */
};

struct tx_keep_slot {
    uint64_t id;
    uint32_t state;
    uint32_t uid;
    uint32_t n_identity;
    uint8_t identity[TX_KEEP_IDENTITY_BYTES];
};

struct tx_keep_memory;

struct tx_keep_table {
    int fd;                        /* owned; -1: none */
    struct tx_keep_memory *memory; /* the mapping */
};

#define TX_KEEP_TABLE_INIT ((struct tx_keep_table){.fd = -1})

/* A new one. */
TX_MUST_USE int tx_keep_table_new(struct tx_keep_table *ret);
/* An earlier process's; fd is taken when it succeeds. -EINVAL: it is none. */
TX_MUST_USE int tx_keep_table_open(int fd, struct tx_keep_table *ret);
void tx_keep_table_close(struct tx_keep_table *table);

/* NULL when it is full, or the identity is too long. */
struct tx_keep_slot *tx_keep_table_add(struct tx_keep_table *table, uint64_t id, uid_t uid,
                                       struct tx_text identity);
struct tx_keep_slot *tx_keep_table_find(struct tx_keep_table *table, uint64_t id);
/* Of an id that is there: what tx_keep_table_next has moved *at to, less one. */
size_t tx_keep_table_index(struct tx_keep_table *table, uint64_t id);
void tx_keep_table_free(struct tx_keep_slot *slot);
/* The next one in that state from *at on, which moves behind it; NULL: none. */
struct tx_keep_slot *tx_keep_table_next(struct tx_keep_table *table, enum tx_keep_state state,
                                        size_t *at);
/* The largest id that was ever added. */
uint64_t tx_keep_table_last(const struct tx_keep_table *table);

#endif
