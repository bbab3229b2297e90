/* SPDX-License-Identifier: MIT */
#ifndef TX_INGEST_RINGS_H
#define TX_INGEST_RINGS_H

/*
 * The rings of trace events (docs/wire.md, "The trace lane"), and how they are looked at. A ring in
 * which something was found lately is active: a timer of a few milliseconds looks at all of those,
 * and there is none while all are quiet. Then its producer is asked for word of the next event.
 *
 * How far a ring is drained stands in memory that the supervisor also holds and no client sees (its
 * place): a position is written there, and told to the producer, when the ledger has stored what is
 * before it. So who takes over after a death of this process begins there, and what the ledger has
 * already it does not store again.
 *
 * Life of a ring: found (a client hands it over) → given by the supervisor, which keeps it →
 * drained → ended, when its client is gone and it is empty, or when what is in it makes no sense.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "auditd/ipc/fds.h"
#include "auditd/ipc/loop.h"
#include "libtx/base/error.h"
#include "libtx/conf/stream.h"
#include "libtx/record/record.h"
#include "libtx/ring/consumer.h"

struct tx_ingest;
struct tx_connection;

/* What outlives this process. */
struct tx_ring_place {
    uint64_t id;
    uint64_t position;
};

struct tx_ring {
    uint64_t id;
    uint64_t connection;
    struct tx_ring_header *header; /* owned: the mapping */
    size_t capacity;
    struct tx_ring_consumer consumer;
    struct tx_source source; /* texts borrow from `identity` */
    char *identity;          /* owned */
    bool is_active;
    bool is_blocked;       /* its log takes nothing just now */
    enum tx_stream_id log; /* to which its last event went */
    bool is_done;          /* nothing more of it is read */
    bool is_last_turn;     /* its producer was told that nothing more will be read */
    unsigned n_quiet;      /* looks in a row that found nothing */
    size_t n_in_flight;    /* batches that the ledger has not stored */
    uint64_t stop_at;      /* when stopping: not read beyond */
    TAILQ_ENTRY(tx_ring) by_turn;
};

TAILQ_HEAD(tx_ring_list, tx_ring);

/* What one turn handed to the ledgers: durable when so many tickets are. */
struct tx_ring_batch {
    uint64_t id;
    uint64_t ticket_end[TX_STREAM_N]; /* of each log */
    uint64_t position;
};

struct tx_rings {
    struct tx_ring *all[TX_RINGS_MAX]; /* owned; by place */
    size_t n;
    struct tx_ring_list active;
    struct tx_ring_place *places;  /* the mapping */
    struct tx_ring_batch *batches; /* owned, a ring in the order of tickets */
    size_t batches_first, n_batches, cap_batches;
    struct tx_source_handle *timer;
    bool timer_is_armed;
    uint8_t *frame; /* owned: what is being looked at */
    uint8_t random[4096];
    size_t n_random;
    uint64_t n_records, n_lost, n_refused;
};

/* -EINVAL: the memory of places has another size. */
TX_MUST_USE int tx_rings_init(struct tx_ingest *ingest);
void tx_rings_deinit(struct tx_ingest *ingest);

/* Whether a datagram is of the trace lane, by its type. */
bool tx_rings_is_datagram(const uint8_t *datagram, size_t n);
/* Takes what a client has sent; `fd` is what came with it, or -1, and is closed. -EBADMSG: it made
 * no sense. */
TX_MUST_USE int tx_rings_on_datagram(struct tx_ingest *ingest, struct tx_connection *connection,
                                     const uint8_t *datagram, size_t n, uint32_t pid, uint32_t uid,
                                     int fd);

/* The supervisor's message; the descriptor is closed by the caller. < 0: nothing can go on. */
TX_MUST_USE int tx_rings_on_given(struct tx_ingest *ingest, uint64_t id, struct tx_text payload,
                                  int fd);

/* A connection is gone: its rings are drained for good. */
TX_MUST_USE int tx_rings_on_closed(struct tx_ingest *ingest, uint64_t connection);

/* Frames to the ledger, as far as it takes them (rings-drain.c). *ret_any: something was found. */
TX_MUST_USE int tx_rings_drain(struct tx_ingest *ingest, struct tx_ring *ring, bool *ret_any);

/* What the ledger has stored by now. */
TX_MUST_USE int tx_rings_settle(struct tx_ingest *ingest);
/* There is a new stream to the ledger: everything that was not stored is read again. */
void tx_rings_restart(struct tx_ingest *ingest);

/* What is in them now is the last that is taken. */
TX_MUST_USE int tx_rings_stop(struct tx_ingest *ingest);
bool tx_rings_are_drained(const struct tx_ingest *ingest);

/* For tx_rings_drain: remembers what a turn has handed over. */
TX_MUST_USE int tx_rings_add_batch(struct tx_ingest *ingest, struct tx_ring *ring);

#endif
