/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_EVICTED_H
#define TX_LEDGER_EVICTED_H

/*
 * The last numbers of the clients that there is no room for in memory (clients.h), on disk: runs,
 * each a file of entries sorted by name that is written once, synced and named, and never changed.
 * When there are several of one level they are merged into one of the next, so that there are few.
 * A client may stand in several: the largest number counts. All entries are of durable records.
 *
 * Its size is 24 bytes for each client that the log has; one whose last record was removed from the
 * log is left out when runs are merged. A run that is damaged is not believed, and says so.
 */

#include <stdbool.h>

#include "libtx/base/error.h"
#include "libtx/base/text.h"

struct tx_evicted_client {
    uint8_t name[8];
    uint64_t last;
    uint64_t seq; /* of its last record */
};

#define TX_EVICTED_ENTRY_BYTES 24
/* Of one level, until they are merged. */
#define TX_EVICTED_FANOUT 8

struct tx_evicted;

/* Opens what is in the directory, which is borrowed. *ret_damaged: some of it is not to be
 * believed. */
TX_MUST_USE int tx_evicted_open(int dirfd, struct tx_evicted **ret, bool *ret_damaged);
void tx_evicted_free(struct tx_evicted *evicted);
TX_DEFINE_CLEANUP(struct tx_evicted *, tx_evicted_free);

/* -ENOENT: it is not there. */
TX_MUST_USE int tx_evicted_find(const struct tx_evicted *evicted, const uint8_t name[8],
                                struct tx_evicted_client *ret);

/* Adds these, which get sorted; none stands twice among them. They are on disk when it returns 0.
 * `oldest`: records before it are not in the log any more; *ret_dropped when a client was left out
 * because of that. */
TX_MUST_USE int tx_evicted_add(struct tx_evicted *evicted, struct tx_evicted_client *clients,
                               size_t n, uint64_t oldest, bool *ret_dropped);

size_t tx_evicted_n_runs(const struct tx_evicted *evicted);

#endif
