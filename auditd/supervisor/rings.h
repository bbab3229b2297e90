/* SPDX-License-Identifier: MIT */
#ifndef TX_SUPERVISOR_RINGS_H
#define TX_SUPERVISOR_RINGS_H

/*
 * The rings of trace events that clients have handed over: a duplicate of each, and who its client
 * is, so that a new ingest can be given all of them again. Ingest finds them and says when they
 * end; here they are counted, since each is memory and a descriptor that somebody makes others
 * hold. What is in them is never looked at. An id is never used twice.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "auditd/ipc/fds.h"
#include "auditd/supervisor/connections.h"
#include "auditd/supervisor/keep.h"

/* Of one uid: threads that trace, and their memory. */
#define TX_RINGS_PER_UID (TX_RINGS_MAX / 2)
#define TX_RINGS_BYTES_PER_UID ((size_t)512 * 1024 * 1024)

struct tx_ring {
    uint64_t id; /* 0: the slot is free; else id % TX_RINGS_MAX is its place */
    int fd;      /* owned */
    uid_t uid;
    size_t n_bytes;
    bool handed; /* the ingest that runs has it */
    size_t n_text;
    uint8_t *text; /* a rendered tx_ipc_ring; owned */
};

struct tx_rings {
    struct tx_keep *keep; /* borrowed; NULL: nothing is kept */
    struct tx_ring slots[TX_RINGS_MAX];
    size_t n;
    size_t n_unhanded;
    uint64_t n_ever; /* ids given */
    uint64_t n_refused;
};

void tx_rings_deinit(struct tx_rings *rings);

/* Has the service manager keep each ring from now on, and takes those that it has kept. Borrowed
 * until deinit. */
TX_MUST_USE int tx_rings_keep(struct tx_rings *rings, struct tx_keep *keep);

/* `fd` is taken when it succeeds. TX_RINGS_E_MANY: it may not have so many, or so much. -EINVAL: it
 * is no ring. */
enum { TX_RINGS_E_MANY = 1 };
TX_MUST_USE int tx_rings_add(struct tx_rings *rings, int fd, const struct tx_connection *connection,
                             const uint8_t client[8]);
void tx_rings_remove(struct tx_rings *rings, uint64_t id);

/* A new ingest has none yet. */
void tx_rings_unhand_all(struct tx_rings *rings);
void tx_rings_mark_handed(struct tx_rings *rings, struct tx_ring *ring);
/* One that ingest does not have; NULL: it has all. */
struct tx_ring *tx_rings_next_unhanded(struct tx_rings *rings);

#endif
