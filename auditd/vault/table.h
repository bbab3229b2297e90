/* SPDX-License-Identifier: MIT */
#ifndef TX_VAULT_TABLE_H
#define TX_VAULT_TABLE_H

/*
 * The file of persons' wrapped keys (slot.h has its form). It unwraps nothing. Invariant: what a
 * function here has returned 0 for is on disk.
 *
 * A new key takes the slot after the last one; one that was torn there belonged to nobody yet and
 * is overwritten. An erasure is three writes, each synced: an intent → the slot is overwritten →
 * (when the log has its record) the intent is overwritten. A start finishes what had an intent. A
 * slot is never used again: its ref says for ever that there was a key, and when it was destroyed.
 */

#include "auditd/vault/slot.h"

#define TX_TABLE_FILE "subjects"

struct tx_table;

struct tx_table_counts {
    uint64_t live;
    uint64_t erased;
    uint64_t damaged;    /* slots that are not whole: those keys are lost */
    uint64_t unrecorded; /* erasures that are not in the log yet */
};

/* An empty table in place of what is there. `mark` belongs to the key-encryption key. */
TX_MUST_USE int tx_table_create(int dirfd, struct tx_hasher *hasher, const uint8_t mark[16]);

/* Opens it for this process alone and recovers. -ENOENT; -EBUSY: another process has it;
 * TX_TABLE_E_CORRUPT: the header is not one; TX_TABLE_E_OTHER: it belongs to another key-encryption
 * key. `hasher` is borrowed until close. */
enum { TX_TABLE_E_CORRUPT = 1, TX_TABLE_E_OTHER };
TX_MUST_USE int tx_table_open(int dirfd, struct tx_hasher *hasher, const uint8_t mark[16],
                              struct tx_table **ret);
void tx_table_close(struct tx_table *table);
TX_DEFINE_CLEANUP(struct tx_table *, tx_table_close);

/* TX_TABLE_E_ABSENT. By index only what is live; by ref also what is erased. */
enum { TX_TABLE_E_ABSENT = 1 };
TX_MUST_USE int tx_table_find(struct tx_table *table, const uint8_t index[TX_SLOT_INDEX_BYTES],
                              struct tx_slot *ret);
TX_MUST_USE int tx_table_find_ref(struct tx_table *table, const uint8_t ref[TX_VAULT_REF_BYTES],
                                  struct tx_slot *ret);

/* Adds a live slot. -ENOSPC and the like: it is as if it had not been tried. */
TX_MUST_USE int tx_table_add(struct tx_table *table, const struct tx_slot *slot);

/* Destroys the live slot of that index; fills in the erasure's ref. TX_TABLE_E_ABSENT;
 * TX_TABLE_E_BUSY: too many are not recorded. < 0: it may have begun; only a new start knows, so
 * the process ends. */
enum { TX_TABLE_E_BUSY = 2 };
TX_MUST_USE int tx_table_erase(struct tx_table *table, const uint8_t index[TX_SLOT_INDEX_BYTES],
                               struct tx_vault_erasure *erasure);

/* Erasures that are not in the log yet; NULL: this place is free. place < TX_SLOT_N_INTENTS. */
const struct tx_vault_erasure *tx_table_unrecorded(const struct tx_table *table, size_t place);

/* The log has it: 0 also for one that is not known (any more). */
TX_MUST_USE int tx_table_recorded(struct tx_table *table, const uint8_t request[TX_VAULT_ID_BYTES]);

struct tx_table_counts tx_table_counts(const struct tx_table *table);

#endif
