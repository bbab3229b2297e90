/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_CLIENTS_H
#define TX_LEDGER_CLIENTS_H

/*
 * The last number of each client, so that nothing is stored twice. In memory it is bounded: those
 * that were heard of longest ago go to disk (evicted.h), where they are found again. Should that
 * not be possible, they are forgotten, and the table says so: an unknown client may then be one of
 * them. It is saved with each segment, and completed from the log's own lines by a fixed scan.
 */

#include <stdbool.h>

#include "libtx/base/text.h"

/* More of them go to disk when what the log has of them is durable. */
#define TX_CLIENTS_MAX 65536
/* Room for those of which it is not: what may be undurable is less (TX_LEDGER_TAIL_BYTES). */
#define TX_CLIENTS_ROOM (2 * TX_CLIENTS_MAX)

struct tx_clients;

TX_MUST_USE int tx_clients_new(struct tx_clients **ret);
void tx_clients_free(struct tx_clients *clients);
TX_DEFINE_CLEANUP(struct tx_clients *, tx_clients_free);

/* Also of a client that went to disk, which comes back. */
bool tx_clients_get(struct tx_clients *clients, const uint8_t client[8], uint64_t *ret_last);
/* Never goes back to a smaller number; `seq` is of the record that says so. */
void tx_clients_set(struct tx_clients *clients, const uint8_t client[8], uint64_t last,
                    uint64_t seq);

/* Whether there are more than TX_CLIENTS_MAX. */
bool tx_clients_is_large(const struct tx_clients *clients);
/* Brings half of them to disk, those heard of longest ago, of which the log has only records before
 * `durable`. `oldest`: records before it are not in the log any more. -errno when the disk does not
 * take them. */
TX_MUST_USE int tx_clients_evict(struct tx_clients *clients, uint64_t durable, uint64_t oldest);
size_t tx_clients_n_runs(const struct tx_clients *clients);
size_t tx_clients_count(const struct tx_clients *clients);

/* Whether any client was ever forgotten, or is not known since not all of the log was read. */
bool tx_clients_has_forgotten(const struct tx_clients *clients);
void tx_clients_note_forgotten(struct tx_clients *clients);

/* Client and number that a record's line names: its source, or, in a tracex.lost record, the last
 * that was lost. False when it names none. */
bool tx_clients_scan(struct tx_text line, uint8_t ret_client[8], uint64_t *ret_n);

/* The file `clients` in a directory: the table as it was when the log had `size` records. Load: a
 * file that is missing or damaged leaves the table empty, of size 0. The directory is borrowed from
 * then on, for those that go to disk. */
TX_MUST_USE int tx_clients_save(const struct tx_clients *clients, int dirfd, uint64_t size);
TX_MUST_USE int tx_clients_load(struct tx_clients *clients, int dirfd, uint64_t *ret_size);

#endif
