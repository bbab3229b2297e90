/* SPDX-License-Identifier: MIT */
#ifndef TX_LEDGER_CLIENTS_H
#define TX_LEDGER_CLIENTS_H

/*
 * The last number of each client, so that nothing is stored twice. Bounded: the client that was
 * heard of longest ago is forgotten first, whose ever it is (the ledger knows no users). Whoever
 * forgets says so: an unknown client may then be one that was forgotten. It is saved with each
 * segment, and completed from the log's own lines by a fixed scan.
 */

#include <stdbool.h>

#include "libtx/base/text.h"

#define TX_CLIENTS_MAX 65536

struct tx_clients;

TX_MUST_USE int tx_clients_new(struct tx_clients **ret);
void tx_clients_free(struct tx_clients *clients);
TX_DEFINE_CLEANUP(struct tx_clients *, tx_clients_free);

bool tx_clients_get(const struct tx_clients *clients, const uint8_t client[8], uint64_t *ret_last);
/* Never goes back to a smaller number. */
void tx_clients_set(struct tx_clients *clients, const uint8_t client[8], uint64_t last);
size_t tx_clients_count(const struct tx_clients *clients);

/* Whether any client was ever forgotten, or is not known since not all of the log was read. */
bool tx_clients_has_forgotten(const struct tx_clients *clients);
void tx_clients_note_forgotten(struct tx_clients *clients);

/* Client and number that a record's line names: its source, or, in a tracex.lost record, the last
 * that was lost. False when it names none. */
bool tx_clients_scan(struct tx_text line, uint8_t ret_client[8], uint64_t *ret_n);

/* The file `clients` in a directory: the table as it was when the log had `size` records. Load: a
 * file that is missing or damaged leaves the table empty, of size 0. */
TX_MUST_USE int tx_clients_save(const struct tx_clients *clients, int dirfd, uint64_t size);
TX_MUST_USE int tx_clients_load(struct tx_clients *clients, int dirfd, uint64_t *ret_size);

#endif
