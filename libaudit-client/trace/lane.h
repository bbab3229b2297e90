/* SPDX-License-Identifier: MIT */
#ifndef TX_TRACE_LANE_H
#define TX_TRACE_LANE_H

/*
 * The trace lane of a process: a ring for each thread that traces, and a connection of its own over
 * which rings are handed to the daemon. It lies in memory that a fork wipes, so that a child begins
 * anew; a ring's own memory is not there in a child at all.
 *
 * Life of a ring: made at its thread's first event → handed over → left when the thread ends, with
 * what is in it, and taken up by the next thread that begins. When the connection is lost, or the
 * daemon does not want the ring any more, what it has not taken moves into fresh memory.
 *
 * A ring belongs to its thread; the lock is for the connection, and for whoever moves a ring or
 * looks at another thread's. No thread that traces waits for it.
 */

#include "libaudit-client/kept-fd.h"
#include "libaudit-client/lock.h"
#include "libaudit-client/settings.h"
#include "libtx/ring/producer.h"
#include "libtx/wire/wire.h"

/* Threads at the same time; those beyond lose their events, which are counted. */
#define TX_LANE_RINGS 1024

struct tx_lane_ring {
    struct tx_ring_producer producer;
    uint32_t is_live;          /* there is memory; 0 in what a fork has wiped */
    uint32_t bell_seen;        /* what the daemon asked for last, and was done */
    struct tx_kept_fd file;    /* of its memory, until it is handed over */
    uint64_t rung_at;          /* its head when the daemon was told last */
    uint64_t n_logged, n_lost; /* written by its thread alone */

    uint32_t owner;      /* enum tx_lane_owner */
    uint32_t generation; /* of the connection that its memory was made for */
    int64_t due;         /* boot clock, ns: not handed over before */
    int64_t handed;      /* when it was */
    uint8_t secret[TX_WIRE_SECRET_BYTES];
} __attribute__((aligned(64)));

enum tx_lane_owner { TX_LANE_FREE, TX_LANE_OWNED, TX_LANE_LEFT };

struct tx_lane {
    uint32_t pending; /* somebody wants something of who holds the lock */
    uint32_t bell;    /* the daemon is to be told */
    struct tx_lock lock;
    uint32_t is_ready;

    bool is_open;
    int fd_and_one;
    uint32_t generation; /* of the connection; 1 at first */
    int64_t due;         /* boot clock, ns: no attempt before */
    struct tx_settings settings;

    uint64_t n_refused; /* calls that were wrong */
    uint64_t n_lost;    /* events that no ring counts */
    uint32_t n_rings;   /* those from here on were never used */
    struct tx_lane_ring rings[TX_LANE_RINGS];
};

/* NULL: there can be none, for want of memory. */
struct tx_lane *tx_lane_get(void);
struct tx_lane *tx_lane_if_any(void);

/* A ring for this thread, with memory, that nobody else has. -EAGAIN: as many as may be; else as
 * memory has it. It keeps errno. */
TX_MUST_USE int tx_lane_join(struct tx_lane *lane, struct tx_lane_ring **ret);
void tx_lane_leave(struct tx_lane_ring *ring);

/* What is to be done beside writing: rings are handed over, the daemon is told, memory that it does
 * not want any more is replaced. It waits for nobody but, for a bounded time and at most each two
 * seconds, for a connection. `ring` is this thread's; NULL: it has none. */
void tx_lane_attend(struct tx_lane *lane, struct tx_lane_ring *ring);

/* Whether such a thing is to be done after an event. */
static inline bool tx_lane_is_attention_due(const struct tx_lane_ring *ring) {
    const struct tx_ring_producer *p = &ring->producer;
    return tx_ring_bell(p) != ring->bell_seen ||
           __atomic_load_n(&ring->file.fd_and_one, __ATOMIC_RELAXED) != 0 ||
           p->head - ring->rung_at >= p->capacity / 2;
}

/* The daemon has taken everything. With the lock held. */
bool tx_lane_is_drained(struct tx_lane *lane);
/* With the lock held. */
void tx_lane_close(struct tx_lane *lane);

/* Waits until the daemon has stored everything. -ETIMEDOUT; `until`: boot clock, ns. */
TX_MUST_USE int tx_trace_flush(int64_t until);
/* Adds what the trace lane counts. */
void tx_trace_count(struct tx_stats *stats);
void tx_trace_close(void);

#endif
