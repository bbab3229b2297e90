/* SPDX-License-Identifier: MIT */
#ifndef TX_CLIENT_COMBINE_H
#define TX_CLIENT_COMBINE_H

/*
 * Threads that log at the same moment: whoever finds the client locked puts his job into a slot and
 * waits; whoever holds the lock sends the jobs of all in one datagram. A slot lies in the client's
 * memory, so a fork empties it.
 *
 * Invariants: a job that was taken out of its slot is sent, done, or given back to its thread,
 * before the lock is given; who gives the lock (tx_combine_unlock, nothing else does) looks
 * afterwards for jobs that came too late for that, and wakes one thread, which takes the lock for
 * all of them; and before, whether receipts are awaited that nobody reads, and wakes one for that.
 */

#include <stdbool.h>

#include "libaudit-client/lock.h"
#include "libtx/base/error.h"

/* More threads than that wait for the lock itself. */
#define TX_COMBINE_SLOTS 64

struct tx_client;
struct tx_job;

struct tx_slot {
    uint32_t word; /* waiter.h */
    struct tx_job *job;
};

struct tx_combine {
    uint64_t used;    /* a bit for each slot that a thread has */
    uint64_t pending; /* a bit for each whose job nobody has taken yet */
    struct tx_slot slots[TX_COMBINE_SLOTS];
};

/* Takes the client's lock; or, while another thread has it, waits until that one has sent or
 * refused the job: then TX_COMBINE_E_DONE, without the lock. */
enum { TX_COMBINE_E_DONE = 1 };
TX_MUST_USE int tx_combine_lock(struct tx_client *client, struct tx_job *job);
/* Gives back the job's slot, if it has one: after its receipt, since its thread sleeps there. */
void tx_combine_leave(struct tx_client *client, const struct tx_job *job);

/* With the lock held: sends the jobs of those who wait together with `job`. TX_COMBINE_E_DONE when
 * that is sent; 0: it is still to be done, in the way of a job that is alone. */
TX_MUST_USE int tx_combine_lead(struct tx_client *client, struct tx_job *job);

/* Gives the client's lock. */
void tx_combine_unlock(struct tx_client *client);

static inline bool tx_combine_is_wanted(const struct tx_combine *combine) {
    return __atomic_load_n(&combine->pending, __ATOMIC_RELAXED) != 0;
}

#endif
