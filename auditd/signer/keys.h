/* SPDX-License-Identifier: MIT */
#ifndef TX_SIGNER_KEYS_H
#define TX_SIGNER_KEYS_H

/*
 * The key directory: identity.key, and epoch-<E>.key of the active epoch and of the one that a
 * pending rotation has made. A secret is on disk before anything is said of it, and is erased when
 * its epoch ends.
 */

#include "libtx/crypto/signing.h"

#define TX_KEYS_IDENTITY "identity.key"
#define TX_KEYS_NAME_BYTES 40

struct tx_keys {
    struct tx_signing_key *identity;
    struct tx_signing_key *active;  /* NULL: lost */
    struct tx_signing_key *pending; /* NULL: no rotation is pending */
};

void tx_keys_deinit(struct tx_keys *keys);

/* "epoch-<E>.key" */
void tx_keys_epoch_name(uint64_t epoch, char ret[TX_KEYS_NAME_BYTES]);

/* Makes and stores the identity key of a log. */
TX_MUST_USE int tx_keys_make_identity(int dirfd, struct tx_hasher *hasher, struct tx_text origin,
                                      struct tx_signing_key **ret);

/* Makes and stores the key of an epoch. */
TX_MUST_USE int tx_keys_make_epoch(int dirfd, struct tx_hasher *hasher, struct tx_text origin,
                                   uint64_t epoch, struct tx_signing_key **ret);

/* Loads a key that must be `expected`. TX_KEYS_E_LOST when it is not there, not whole, or another.
 */
enum { TX_KEYS_E_LOST = 1 };
TX_MUST_USE int tx_keys_load(int dirfd, struct tx_hasher *hasher, const char *name,
                             const struct tx_vkey *expected, struct tx_signing_key **ret);

/* Erases; a key that is not there is fine. */
TX_MUST_USE int tx_keys_erase_epoch(int dirfd, uint64_t epoch);

/* Whether the directory has any key of ours. */
TX_MUST_USE int tx_keys_any(int dirfd, bool *ret);

/* Erases every key; or every epoch's but `epoch` and, with has_next, epoch + 1. What a crash left
 * of a key that was being stored is erased by both. */
TX_MUST_USE int tx_keys_erase_all(int dirfd);
TX_MUST_USE int tx_keys_erase_others(int dirfd, uint64_t epoch, bool has_next);

#endif
